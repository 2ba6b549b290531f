#!/usr/bin/env bash
# The study of cells and of scheduled sampling with five seeds: teacher forcing, three schedules, and the controls, on frames and on events; to a floor of 0.75,
# where seven of eight inputs are true on average, and to 0. 390 trainings, on one idle core about an hour. Goes on where it was stopped.
#
# Usage: scripts/study_cells.sh [FOLDER]      studies/five-seeds; then prints the tables of crates/studies/docs/cells.md as Markdown
set -euo pipefail
cd "$(dirname "$0")/.."
out="${1:-studies/five-seeds}"
export CARGO_INCREMENTAL=0
cargo build --release --locked -p composer
composer="${CARGO_TARGET_DIR:-target}/release/composer"
study() {
  "$composer" study cells --seeds 5 --resume --arm "$2" --representation "$3" --floor "$4" --output-dir "$out/$1" >"$out/$1.txt"
}
mkdir -p "$out"
gentle=teacher-forcing,linear,exponential,inverse-sigmoid,noise,dropout
study gentle-events "$gentle" events 0.75
study gentle-frames "$gentle" frames 0.75
study events "$gentle,always" events 0
study frames "$gentle,always" frames 0
python3 scripts/cells_tables.py "$out"/*/cells.csv
