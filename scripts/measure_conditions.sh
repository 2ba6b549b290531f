#!/bin/sh
# What conditions do and cost: a note-wise network trained with them and one without, on the same pieces for as many epochs; likelihoods of the
# test pieces, and asked against got. The tables are in docs/conditions.md.
# Run from the root of the project. Usage: scripts/measure_conditions.sh [EPOCHS [PIECES]]: of each of the two trainings [18], and pieces of 16
# bars that are composed for each value [8]. Needs mutopia-keyboard in $COMPOSER_DATASETS (default: ../shared/datasets beside the project).
# KEEP=FOLDER keeps the music and the runs there, and does not train again what is there.
set -eu
epochs=${1:-18}
pieces=${2:-8}
music=${COMPOSER_DATASETS:-../shared/datasets}/mutopia-keyboard
[ -d "$music" ] || { echo "$music is missing" >&2; exit 2; }
cargo build --release --quiet -p composer --bins --example measure_conditions
bin=${CARGO_TARGET_DIR:-target}/release
if [ -n "${KEEP:-}" ]; then
    work=$KEEP
    mkdir -p "$work"
else
    work=$(mktemp -d)
    trap 'rm -r "$work"' EXIT
fi
# The five composers with most pieces are styles; other pieces have none.
if [ ! -d "$work/music" ]; then
    mkdir "$work/music"
    cp "$music"/*.mid "$work/music"
    for style in BachJS SchubertF BeethovenLv MozartWA HandelGF; do
        mkdir "$work/music/$style"
        mv "$work/music/$style"_*.mid "$work/music/$style"
    done
fi
train() {
    run=$1
    shift
    [ -f "$work/$run/model.safetensors" ] || "$bin/composer" train "$work/music" --output-dir "$work/$run" --epochs "$epochs" \
        --set training.patience=0 --set run.samples=false --set run.tensorboard=false --num-outputs 1 "$@" >&2
}
train without
train with --conditions style,metre,density,polyphony,register
"$bin/examples/measure_conditions" "$work/music" "$work/with/model.safetensors" "$work/without/model.safetensors" "$pieces"
