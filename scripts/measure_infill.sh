#!/bin/sh
# How well gaps of four bars are filled: likelihood of the bars after, odd seams, seconds; and how much each amount of `vary` changes. The tables are
# in docs/rewriting.md. Run from the root of the project. Usage: scripts/measure_infill.sh [SET [PIECES]]: valid or test [test], and pieces at most
# [41]. Needs mutopia-keyboard in $COMPOSER_DATASETS (default: ../shared/datasets beside the project). EPOCHS=N trains a network to fill gaps, too,
# on all pieces but those of the test set, and measures it.
set -eu
set=${1:-test}
pieces=${2:-41}
music=${COMPOSER_DATASETS:-../shared/datasets}/mutopia-keyboard
[ -d "$music" ] || { echo "$music is missing" >&2; exit 2; }
cargo build --release --quiet -p composer --bins --example measure_infill
bin=${CARGO_TARGET_DIR:-target}/release
measure=$bin/examples/measure_infill
echo "## mutopia-keyboard"
"$measure" "$music" "$set" 2 "$pieces" 1x0 16x0 16x4 16x12
echo "## the built-in corpus"
"$measure" built-in "$set" 2 "$pieces" 1x0 16x0 16x4 16x12
echo "## vary"
"$measure" vary "$music" "$set" 10
[ -n "${EPOCHS:-}" ] || exit 0
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
mkdir "$work/learn"
cp "$music"/*.mid "$work/learn"
"$measure" list "$music" test | while read -r name; do rm "$work/learn/$name"; done
"$bin/composer" train --task infill "$work/learn" --output "$work/gap.safetensors" --hidden 128 --encoder 64 --epochs "$EPOCHS" >&2
echo "## a network trained to fill"
"$measure" "$music" "$set" 2 "$pieces" 1x0 "$work/gap.safetensors"
