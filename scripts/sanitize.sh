#!/usr/bin/env bash
# The `unsafe` code of composer-tensor under the tools that this machine has: AddressSanitizer and LeakSanitizer (a nightly
# toolchain), ThreadSanitizer (a nightly toolchain with rust-src, because the standard library must be built with it), Miri (the
# component miri of a nightly toolchain), Valgrind. Says what it skipped and why; ends with an error if a tool found something.
set -euo pipefail
cd "$(dirname "$0")/.."

target="$(rustc -vV | sed -n 's/^host: //p')"
directory="${CARGO_TARGET_DIR:-target}/sanitize"
ran=() skipped=() failed=()

run() { # name, command…
  local name="$1"
  shift
  printf '\n== %s\n' "$name"
  if "$@"; then ran+=("$name"); else failed+=("$name"); fi
}
skip() {
  printf '\n== %s: skipped, %s\n' "$1" "$2"
  skipped+=("$1: $2")
}

# The library, its tests and the test that counts allocations; documentation is compiled by another program.
tests=(-p composer-tensor --lib --tests)

sanitizer() { # name, more arguments of cargo…
  local name="$1"
  shift
  env RUSTFLAGS="-Zsanitizer=$name" CARGO_TARGET_DIR="$directory/$name" RUST_TEST_THREADS=2 RAYON_NUM_THREADS=3 \
    cargo +nightly test "${tests[@]}" --target "$target" "$@"
}

nightly=""
if rustc +nightly -vV >/dev/null 2>&1; then nightly="$(rustc +nightly --print sysroot)"; fi

if [ -z "$nightly" ]; then
  for name in AddressSanitizer LeakSanitizer ThreadSanitizer Miri; do skip "$name" "there is no nightly toolchain"; done
else
  run AddressSanitizer sanitizer address
  run LeakSanitizer sanitizer leak
  if [ -d "$nightly/lib/rustlib/src/rust/library" ]; then
    run ThreadSanitizer sanitizer thread -Zbuild-std
  else
    skip ThreadSanitizer "it needs the standard library built with it (-Zbuild-std), and the nightly toolchain lacks rust-src"
  fi
  if cargo +nightly miri --version >/dev/null 2>&1; then
    # Miri interprets and knows few intrinsics: the portable path, and what needs no large matrices.
    run Miri env COMPOSER_SIMD=portable CARGO_TARGET_DIR="$directory/miri" MIRIFLAGS=-Zmiri-disable-isolation \
      cargo +nightly miri test -p composer-tensor --lib
  else
    skip Miri "the nightly toolchain lacks the component miri"
  fi
fi

# Valgrind shows programs AVX2 but not AVX-512, and the tests go through all paths that they see. It takes minutes.
if command -v valgrind >/dev/null; then
  mapfile -t programs < <(CARGO_TARGET_DIR="$directory/valgrind" cargo test "${tests[@]}" --no-run --message-format=json \
    2>/dev/null | sed -n 's/.*"executable":"\([^"]*\)".*/\1/p')
  for program in "${programs[@]}"; do
    run "Valgrind, $(basename "$program")" env COMPOSER_SIMD=portable RUST_BACKTRACE=0 RUST_TEST_THREADS=1 \
      RAYON_NUM_THREADS=2 valgrind --quiet --error-exitcode=9 --fair-sched=yes "$program"
  done
else
  skip Valgrind "it is not installed"
fi

printf '\nran: %s\n' "${#ran[@]}" && printf '  %s\n' "${ran[@]-}"
printf 'skipped: %s\n' "${#skipped[@]}" && printf '  %s\n' "${skipped[@]-}"
printf 'failed: %s\n' "${#failed[@]}" && printf '  %s\n' "${failed[@]-}"
[ "${#failed[@]}" = 0 ]
