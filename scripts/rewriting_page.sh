#!/bin/sh
# Makes a page with one tune in eight versions: bars written anew, varied at four amounts, two other accompaniments, drums performed.
# Run from the root of the project. Usage: scripts/rewriting_page.sh [TUNE [BARS [OUT]]]: a file with a melody and drums
# [datasets/freedoom/freedoom2-d_dead2.mid], how many bars of it [16], and where the page goes [rewriting.html].
set -eu
cargo build --release --quiet -p composer --example rewriting_page
"${CARGO_TARGET_DIR:-target}/release/examples/rewriting_page" "${1:-datasets/freedoom/freedoom2-d_dead2.mid}" "${2:-16}" "${3:-rewriting.html}"
