#!/usr/bin/env bash
# Listening tests as participants take them, in a browser without a window: crates/studio/e2e/listen.mjs. Skips, and says why, where Node
# or Chromium is missing.
#
# Usage: scripts/listen_e2e.sh [words in the names of tests]
#   COMPOSER   the program [default: target/release/composer, which is built if it is not there]
#   CHROMIUM   the browser [default: the one in PATH]
#   SHOTS      a folder for screenshots of every page [default: none]
set -euo pipefail
cd "$(dirname "$0")/.."

skip() { echo "listen_e2e skipped: $1"; exit 0; }
command -v node >/dev/null && command -v npm >/dev/null || skip "there is no Node"
[ "$(node -p 'process.versions.node.split(".")[0]')" -ge 20 ] || skip "Node is older than 20"
CHROMIUM="${CHROMIUM:-$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)}"
[ -n "$CHROMIUM" ] || skip "there is no Chromium"
export CHROMIUM

composer="${COMPOSER:-${CARGO_TARGET_DIR:-target}/release/composer}"
[ -x "$composer" ] || cargo build --release --locked
COMPOSER="$(realpath "$composer")"
export COMPOSER
if [ -n "${SHOTS:-}" ]; then
  mkdir -p "$SHOTS"
  SHOTS="$(realpath "$SHOTS")"
  export SHOTS
fi

cd crates/studio/e2e
if [ ! -d node_modules/playwright-core ] || [ ! -d node_modules/axe-core ] || [ ! -d node_modules/ws ]; then
  npm ci --ignore-scripts --no-audit --no-fund --silent || skip "playwright-core, axe-core and ws could not be installed"
fi
exec node listen.mjs "$@"
