#!/bin/sh
# How well a model plays quantised drums as drummers do: errors and nats of velocity and offset against three baselines, spread and quantiles of
# sampled performances. The tables are in docs/rewriting.md. Run from the root of the project.
# Usage: scripts/measure_humanise.sh [SET [MODEL]]: validation or test [test], and a model file or the name of a built-in model [humanise].
# Needs the Groove MIDI Dataset in $COMPOSER_DATASETS/groove (default: ../shared/datasets beside the project), whose info.csv says the split.
set -eu
set=${1:-test}
model=${2:-humanise}
groove=${COMPOSER_DATASETS:-../shared/datasets}/groove
[ -d "$groove" ] || { echo "$groove is missing" >&2; exit 2; }
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
python3 scripts/split_groove.py "$groove" "$work/groove"
cargo build --release --quiet -p composer --example measure_humanise
"${CARGO_TARGET_DIR:-target}/release/examples/measure_humanise" "$model" "$work/groove" "$set"
