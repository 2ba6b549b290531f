#!/bin/sh
# Makes the pages of docs/gallery: what the built-in models compose by their defaults, with piano roll, player and the command; the first one of each
# model also as a picture of its piano roll.
# Run from the root of the project. Usage: scripts/gallery.sh [FOLDER]: where the pages go [docs/gallery]. With MuseScore (mscore3 or
# musescore3) the first composition of each model also becomes a picture of its score.
set -eu
out=${1:-docs/gallery}
cargo build --release --quiet -p composer --bins --example gallery
bin=${CARGO_TARGET_DIR:-target}/release
"$bin/examples/gallery" "$out"
for file in "$out"/*-1.mid; do
    "$bin/composer" inspect "$file" --quiet --svg "${file%.mid}.svg" >/dev/null
done
musescore=$(command -v mscore3 || command -v musescore3 || true)
if [ -z "$musescore" ]; then
    echo "no MuseScore: no pictures of scores"
    exit 0
fi
for file in "$out"/*-1.mxl; do
    name=$(basename "$file" -1.mxl)
    QT_QPA_PLATFORM=offscreen "$musescore" -T 10 -r 80 -o "$out/$name-score.png" "$file" >/dev/null 2>&1 || echo "MuseScore could not draw $file"
done
