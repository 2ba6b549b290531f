#!/bin/sh
# Compares the quick start's model with a deliberately bad one, in about four minutes: one page with the failures that are found in
# each. The bad model is trained for one epoch. It composes at temperature 0, where it should get stuck in repetition, and at 3,
# where it should leave the key.
set -eu
cd "$(dirname "$0")/.."
cargo build --release --quiet
composer=${CARGO_TARGET_DIR:-target}/release/composer
out=${1:-runs/good-and-bad}
[ ! -e "$out" ] || { echo "$out exists already: name another folder" >&2; exit 2; }
"$composer" train --output-dir "$out/trained"
"$composer" train --epochs 1 --num-outputs 1 --length 4bars --output-dir "$out/one-epoch"
compose() { # model, name of its compositions, temperature
    "$composer" compose --model "$out/$1/model.safetensors" --temperature "$3" --num-outputs 12 --output-dir "$out/$2"
}
compose trained quick-start 0.6
compose one-epoch temperature-0 0
compose one-epoch temperature-3 3
"$composer" evaluate "$out/quick-start" "$out/temperature-0" "$out/temperature-3" --page "$out/evaluation.html"
