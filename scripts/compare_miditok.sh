#!/usr/bin/env bash
# Files per second for reading and encoding to note events on one thread: composer-music and symusic + MidiTok, alternating in five
# rounds, because the speed of a machine varies. Prints every round and the ratio of the medians.
#
#   pip install symusic miditok
#   scripts/compare_miditok.sh FOLDER...
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cargo build --quiet --release --manifest-path "$here/../Cargo.toml" -p composer-music --example encode_events
ours="${CARGO_TARGET_DIR:-$here/../target}/release/examples/encode_events"
results=$(for round in 1 2 3 4 5; do
  echo "composer $("$ours" "$@")"
  echo "miditok $("${PYTHON:-python3}" "$here/compare_miditok.py" "$@")"
done)
echo "$results" | awk '
  { printf "%-9s %6d files %10d tokens %8.3f s %9.0f files/s\n", $1, $2, $3, $4, $2 / $4; rate[$1, ++rounds[$1]] = $2 / $4 }
  function median(who,  i, j, t, v) {
    for (i = 1; i <= rounds[who]; i++) v[i] = rate[who, i]
    for (i = 1; i <= rounds[who]; i++) for (j = i + 1; j <= rounds[who]; j++) if (v[j] < v[i]) { t = v[i]; v[i] = v[j]; v[j] = t }
    return v[int((rounds[who] + 1) / 2)]
  }
  END { printf "composer is %.1f times as fast (median of %d rounds)\n", median("composer") / median("miditok"), rounds["composer"] }'
