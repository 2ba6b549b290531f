#!/bin/sh
# The quick start's model beside a deliberately bad one: one page that names what is wrong with each, in about four minutes.
# The bad one is trained for seconds; it composes at temperature 0, where it should freeze, and at 3, where it should lose
# the key.
set -eu
cd "$(dirname "$0")/.."
cargo build --release --quiet
composer=${CARGO_TARGET_DIR:-target}/release/composer
out=${1:-runs/good-and-bad}
[ ! -e "$out" ] || { echo "$out exists already: name another folder" >&2; exit 2; }
"$composer" train --output-dir "$out/trained"
"$composer" train --epochs 1 --num-outputs 1 --length 4bars --output-dir "$out/hasty"
compose() { # model, what its music is called, temperature
    "$composer" compose --model "$out/$1/model.safetensors" --temperature "$3" --num-outputs 12 --output-dir "$out/$2"
}
compose trained quick-start 0.6
compose hasty frozen 0
compose hasty wild 3
"$composer" evaluate "$out/quick-start" "$out/frozen" "$out/wild" --page "$out/evaluation.html"
