#!/usr/bin/env bash
# Runs the fuzz targets of fuzz/ under libFuzzer: any bytes must be read or refused, without a panic, an endless loop or a huge
# allocation, and what is read must keep its promises. Ends with 1 if an input broke one, with 2 if it cannot run.
#
#   scripts/fuzz.sh MINUTES [PROCESSES] [TARGET...]   every target (or those named) for an equal share of MINUTES; PROCESSES at a
#                                                     time, 1 if not said
#   scripts/fuzz.sh --list                            the targets and what they promise
#   scripts/fuzz.sh --replay TARGET FILE              one input again, with the message and the place of the panic
#   scripts/fuzz.sh --minimise TARGET FILE            a shorter input that breaks the same promise, searched for a minute
#
# In COMPOSER_FUZZ_DIR (runs/fuzz if not set): corpus/TARGET, inputs that reach code which no smaller one reaches; the next run
# begins with them. findings/TARGET, one file for each input that broke a promise. logs/TARGET.log, what libFuzzer said.
# table.txt, one table for each run.
#
# Stable Rust and a C++ compiler are enough: the compiler pass that counts coverage is part of every rustc. SKIP_BUILD=1 takes the
# program as the last run built it.
set -euo pipefail
cd "$(dirname "$0")/.."

input_seconds=60 # for one input, by the clock: the machine may be busy
input_mb=2048    # resident; what an input asks for beyond twice that is refused, and aborts
most_findings=5  # of one target in one run: then it is time to mend, not to go on

fail() { echo "$1" >&2; exit 2; }

build() {
  local host flags
  host=$(rustc -vV | sed -n 's/^host: //p')
  if [ -z "${SKIP_BUILD:-}" ]; then
    command -v c++ >/dev/null || fail "there is no C++ compiler (c++), which libFuzzer is compiled with"
    # The versions of the project, and of libFuzzer the newest that is known.
    [ fuzz/libfuzzer/Cargo.lock -nt Cargo.lock ] || cp Cargo.lock fuzz/libfuzzer/Cargo.lock
    flags="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4"
    flags+=" -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table"
    flags+=" -Cllvm-args=-sanitizer-coverage-trace-compares"
    # With a target named, build scripts and macros are compiled without coverage.
    RUSTFLAGS="${RUSTFLAGS:-} $flags" cargo build --quiet --release --target "$host" \
      --manifest-path fuzz/libfuzzer/Cargo.toml --target-dir "${CARGO_TARGET_DIR:-target}/fuzz"
  fi
  # A copy, so that a run in progress survives the next build.
  binary=$work/fuzz
  cp "${CARGO_TARGET_DIR:-target}/fuzz/$host/release/fuzz" "$binary"
  # libFuzzer warns of functions that only sanitizers have.
  COMPOSER_FUZZ_SEEDS=$work "$binary" 2>"$work/errors" || fail "$(grep -v '^WARNING' "$work/errors")"
  mapfile -t all <"$work/targets"
}

libfuzzer() { # target, arguments: within the limits of memory and time
  local name=$1
  shift
  (
    ulimit -v $((2 * input_mb * 1024))
    COMPOSER_FUZZ_TARGET=$name exec "$binary" -timeout=$input_seconds -rss_limit_mb=$input_mb -max_len="$(cat "$work/$name.max_len")" \
      -print_final_stats=1 "$@"
  )
}

findings_of() { find "$dir/findings/$1" -type f ! -name 'slow-unit-*' | wc -l; }

# One target until its share of time is over, again after each finding; writes its row of the table.
fuzz_target() { # target, seconds
  local name=$1 until=$((SECONDS + $2)) began=$SECONDS log=$dir/logs/$1.log corpus=$dir/corpus/$1
  local known found file sessions=0 broken=0 status child="" inputs=()
  trap 'kill "$child" 2>/dev/null; exit 2' TERM
  mkdir -p "$corpus" "$dir/findings/$name" "$dir/logs"
  [ ! -d "fuzz/regressions/$name" ] || inputs+=("fuzz/regressions/$name")
  known=$(findings_of "$name")
  : >"$log"
  while [ $SECONDS -lt $until ] && [ $broken -lt $most_findings ]; do
    status=0
    touch "$work/began-$name"
    libfuzzer "$name" -max_total_time=$((until - SECONDS)) -dict="$work/$name.dict" -artifact_prefix="$dir/findings/$name/" \
      "$corpus" "$work/seeds/$name" "${inputs[@]}" >>"$log" 2>&1 &
    # Waited for, so that the trap can end it: bash would let a program in the foreground finish first.
    child=$!
    wait "$child" || status=$?
    sessions=$((sessions + 1))
    if [ $status != 0 ]; then
      broken=$((broken + 1))
      found=$(find "$dir/findings/$name" -type f ! -name 'slow-unit-*' -newer "$work/began-$name")
      if [ -n "$found" ]; then
        # Files are named by their content. One that was in the corpus would break every session at its beginning.
        while read -r file; do rm -f "$corpus/${file##*-}"; done <<<"$found"
      else
        # Ended without leaving a file, as by the system: the log is all there is.
        cp "$log" "$dir/findings/$name/log-$sessions-status-$status"
      fi
    fi
  done
  local seconds=$((SECONDS - began))
  shrink "$name"
  row "$name" "$seconds" $(($(findings_of "$name") - known)) >>"$work/rows"
  tail -n 1 "$work/rows"
}

# Keeps of the corpus what reaches code that nothing smaller reaches.
shrink() {
  local corpus=$dir/corpus/$1
  mkdir -p "$work/small/$1"
  if libfuzzer "$1" -set_cover_merge=1 "$work/small/$1" "$corpus" >>"$dir/logs/$1.log" 2>&1; then
    rm -r "$corpus" && mv "$work/small/$1" "$corpus"
  fi
}

row() { # target, seconds, findings
  local log=$dir/logs/$1.log runs first last size
  runs=$(awk '/^stat::number_of_executed_units/ { sum += $2 } END { print sum + 0 }' "$log")
  first=$(grep -m 1 -oP '\bINITED cov: \K\d+' "$log" || echo 0)
  # The last of fuzzing: the lines of the merge have another form.
  last=$(grep -oP '^#\d+\s+(?!INITED)\S+\s+cov: \K\d+' "$log" | sort -n | tail -n 1 || echo 0)
  size=$(find "$dir/corpus/$1" -type f -printf '%s\n' | awk '{ sum += $1 } END { printf "%d files, %.0f kB", NR, sum / 1024 }')
  printf "$columns" "$1" "$runs" $((runs / ($2 > 0 ? $2 : 1))) "$size" "$((last > first ? last - first : 0)) of $last" "$3"
}

run() { # minutes, processes, targets…
  local minutes=$1 processes=$2 share pids=()
  shift 2
  build
  [ $# -gt 0 ] || set -- "${all[@]}"
  for name in "$@"; do
    [[ " ${all[*]} " == *" $name "* ]] || fail "there is no fuzz target $name; there are: ${all[*]}"
  done
  share=$((minutes * 60 * processes / $#))
  printf -v header "$columns" target executions "per second" corpus "new coverage" findings
  printf %s "$header"
  : >"$work/rows"
  for name in "$@"; do
    while [ "$(jobs -rp | wc -l)" -ge "$processes" ]; do wait -n || true; done
    fuzz_target "$name" "$share" &
  done
  wait
  {
    echo "$(date -u '+%F %H:%M'), $minutes minutes, $processes at a time, $(git rev-parse --short HEAD 2>/dev/null || true)"
    printf %s "$header"
    cat "$work/rows"
    echo
  } >>"$dir/table.txt"
  if awk '$NF > 0 { found = 1 } END { exit !found }' "$work/rows"; then
    echo "Findings are in $dir/findings; see one with scripts/fuzz.sh --replay TARGET FILE." >&2
    exit 1
  fi
  exit 0 # and read no further: this file may have been edited while it ran for hours
}

columns='%-23s %12s %11s %20s %20s %9s\n'
dir=$(realpath -m "${COMPOSER_FUZZ_DIR:-runs/fuzz}")
mkdir -p "$dir"
work=$(mktemp -d)
trap 'jobs -p | xargs -r kill 2>/dev/null || true; wait || true; rm -rf "$work"' EXIT
trap 'exit 2' INT TERM
# Targets of formats that are read from a path write a file for each input.
if [ -w /dev/shm ]; then export TMPDIR=/dev/shm; fi

case "${1:-}" in
  --list)
    build
    cat "$work/promises"
    ;;
  --replay | --minimise)
    [ $# = 3 ] && [ -f "$3" ] || fail "usage: scripts/fuzz.sh $1 TARGET FILE"
    build
    if [ "$1" = --replay ]; then
      RUST_BACKTRACE=1 libfuzzer "$2" "$3"
    else
      libfuzzer "$2" -minimize_crash=1 -max_total_time=60 -exact_artifact_path="$3.minimised" "$3"
    fi
    ;;
  '' | *[!0-9]*) fail "usage: scripts/fuzz.sh MINUTES [PROCESSES] [TARGET...], or --list, --replay, --minimise" ;;
  *)
    minutes=$1 processes=${2:-1}
    case "$processes" in '' | 0 | *[!0-9]*) fail "PROCESSES must be a number of at least 1, not $processes" ;; esac
    run "$minutes" "$processes" "${@:3}"
    ;;
esac
