#!/bin/sh
# Writes every piece of every corpus as MusicXML and as ABC, reads it back, and prints a table of what is equal and what differs.
#
# Usage: scripts/round_trips.sh [--list] [FOLDER ...]. --list names each piece that differs, and says in what. Without folders, all
# sets of MIDI, MusicXML and ABC files in $COMPOSER_DATASETS (default: ../shared/datasets beside the project). Ends with 1 if a
# piece differs.
set -eu
cd "$(dirname "$0")/.."
list=
[ "${1:-}" != --list ] || { list=--list && shift; }
if [ $# = 0 ]; then
  for folder in "${COMPOSER_DATASETS:-../shared/datasets}"/*/; do
    if find "$folder" -type f \( -name '*.mid' -o -name '*.mxl' -o -name '*.musicxml' -o -name '*.abc' \) | grep -q .; then
      set -- "$@" "${folder%/}"
    fi
  done
fi
[ $# -gt 0 ] || { echo "there is no set in ${COMPOSER_DATASETS:-../shared/datasets}; name a folder" >&2 && exit 2; }
cargo build --release --quiet -p composer-music --example round_trip_notation
"${CARGO_TARGET_DIR:-target}"/release/examples/round_trip_notation $list "$@"
