#!/bin/sh
# Makes the pages of docs/gallery: what the built-in models compose by their defaults, with piano roll, player and the command.
# Run from the root of the project. Usage: scripts/gallery.sh [FOLDER]: where the pages go [docs/gallery]. With MuseScore (mscore3 or
# musescore3) the first composition of each model also becomes a picture of its score.
set -eu
out=${1:-docs/gallery}
cargo build --release --quiet -p composer --example gallery
"${CARGO_TARGET_DIR:-target}/release/examples/gallery" "$out"
musescore=$(command -v mscore3 || command -v musescore3 || true)
if [ -z "$musescore" ]; then
    echo "no MuseScore: no pictures of scores"
    exit 0
fi
for file in "$out"/*-1.musicxml; do
    name=$(basename "$file" -1.musicxml)
    QT_QPA_PLATFORM=offscreen "$musescore" -T 10 -r 80 -o "$out/$name-score.png" "$file" >/dev/null 2>&1 || echo "MuseScore could not draw $file"
done
