#!/bin/sh
# Measures the accuracy of the failure detectors and writes crates/evaluation/DETECTORS.md, in some minutes.
#
# Needs the corpora jsb16 and nottingham-midi in $COMPOSER_DATASETS (default: ../shared/datasets beside the project).
set -eu
cd "$(dirname "$0")/.."
cargo build --release --quiet -p composer-evaluation --example detector_matrix
out=crates/evaluation/DETECTORS.md
{
    cat <<'TEXT'
# Accuracy of the failure detectors

By `scripts/detector_matrix.sh`. Detectors are calibrated on training pieces; real test pieces are compared with
corruptions of themselves. Every cell: the area under the ROC curve (the probability that a corrupted piece scores worse than
a real one) with its 95 % bootstrap interval over pieces, and the share of corrupted pieces in which the fault is named. The column of the
corruption's own mode should be near 1, the other columns near 0.5 or below. Where they are not, a detector responds to the
corruption of another mode. Therefore the modes are tested in the order of the columns, and a later finding is marked as a
possible consequence of an earlier one. The main corruption of each mode is in bold; weaker and stronger ones
show the effect of severity.

The four scores: bits of a note's length and gap; longest repetition of at most four bars (three times or more);
divergence of two-bar windows or notes outside the scale; log-odds of being assembled from excerpts. The single measurements:
A bars that return, B melody that returns, E longest repetition, F compressibility, G repeated chords, H divergence, I notes
outside the scale, J foreign keys, K position and length, M length after length, N onsets off the eighths.

The corruptions of texture (thin out, sustain, clutter, flatten range) are not the business of these four: a second table shows the
judgement against the reference, in figures that lie outside it and in the distance of the whole. Bold rows are found by the
figure that is meant for them: too sparse, held notes, too many pitch classes, too narrow.
TEXT
    "${CARGO_TARGET_DIR:-target}"/release/examples/detector_matrix
} > "$out.new"
mv "$out.new" "$out"
echo "wrote $out"
