#!/bin/sh
# Publishes how well the failure detectors do: crates/evaluation/DETECTORS.md, in about a minute.
#
# Needs the corpora jsb16 and nottingham-midi in $COMPOSER_DATASETS (default: ../shared/datasets beside the project).
set -eu
cd "$(dirname "$0")/.."
cargo build --release --quiet -p composer-evaluation --example detector_matrix
out=crates/evaluation/DETECTORS.md
{
    cat <<'TEXT'
# How well the failure detectors do

By `scripts/detector_matrix.sh`. Detectors are calibrated on training pieces; real test pieces are compared with
corruptions of themselves. Every cell: the area under the ROC curve (the chance that a spoilt piece scores worse than a
real one) with its 95 % bootstrap interval over pieces, and the share of spoilt pieces above the threshold. The column of a
corruption's own mode should be near 1, the other columns near 0.5 or below; where they are not, a detector fires on another
mode's corruption, which is why the modes are tested in the order of the columns, and a later finding is marked as one that
may follow from an earlier one. The main corruption of each mode is in bold, with milder and stronger ones as severity
curves.

The four scores: bits of a note's length and gap; longest repetition of at most four bars (three times or more);
divergence of two-bar windows or notes outside the scale; log-odds of being stitched together. The single measurements:
A bars that return, B melody that returns, E longest repetition, F compressibility, G repeated chords, H divergence, I notes
outside the scale, J foreign keys, K position and length, M length after length, N onsets off the eighths.
TEXT
    "${CARGO_TARGET_DIR:-target}"/release/examples/detector_matrix
} > "$out.new"
mv "$out.new" "$out"
echo "wrote $out"
