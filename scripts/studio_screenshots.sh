#!/usr/bin/env bash
# The pictures of docs/studio.md. Needs Node, Chromium, and what scripts/studio_e2e.sh installs.
#
# Usage: scripts/studio_screenshots.sh [FOLDER for pictures of every state]
#   COMPOSER   the program [default: target/release/composer]
set -euo pipefail
cd "$(dirname "$0")/.."
COMPOSER="$(realpath "${COMPOSER:-${CARGO_TARGET_DIR:-target}/release/composer}")"
export COMPOSER
out="$(realpath -m "${1:-$(mktemp -d)}")"
(cd crates/studio/e2e && node screenshots.mjs "$out")
cp "$out/docs-compose.png" docs/figures/studio-compose.png
cp "$out/docs-inside.png" docs/figures/studio-inside.png
ls -l docs/figures/studio-*.png
