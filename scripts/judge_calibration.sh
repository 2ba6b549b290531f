#!/bin/sh
# Measures how often real music is accused by the judgement against the reference, and how it scores, in some minutes.
#
# Usage: scripts/judge_calibration.sh [FOLDER ...]. Each folder is a set of MIDI files to judge by the built-in corpus, such as
# compositions of the built-in model (composer compose --num-outputs 24 --length 16bars --output-dir FOLDER).
# Needs jsb16, nottingham-midi, mutopia-keyboard and freedoom in $COMPOSER_DATASETS (default: ../shared/datasets beside the
# project); what is not there is skipped, with a printed reason. ONLY="game music" measures one style, VERBOSE=1 prints findings.
set -eu
cd "$(dirname "$0")/.."
cargo build --release --quiet -p composer-evaluation --example calibration
"${CARGO_TARGET_DIR:-target}"/release/examples/calibration "$@"
