#!/usr/bin/env bash
# The studio as a person uses it, in a browser without a window: crates/studio/e2e. Skips, and says why, where Node or the browser is missing.
#
# Usage: scripts/studio_e2e.sh [words in the names of tests]
#   COMPOSER   the program [default: target/release/composer, which is built if it is not there]
#   BROWSER    chromium, or firefox: the way through the studio in Firefox, by WebDriver BiDi [default: chromium]
#   CHROMIUM   Chromium [default: the one in PATH]
#   FIREFOX    Firefox [default: the one in PATH]
set -euo pipefail
cd "$(dirname "$0")/.."

skip() { echo "studio_e2e skipped: $1"; exit 0; }
command -v node >/dev/null && command -v npm >/dev/null || skip "there is no Node"
[ "$(node -p 'process.versions.node.split(".")[0]')" -ge 20 ] || skip "Node is older than 20"
export BROWSER="${BROWSER:-chromium}"
case "$BROWSER" in
  chromium)
    export CHROMIUM="${CHROMIUM:-$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)}"
    [ -n "$CHROMIUM" ] || skip "there is no Chromium"
    ;;
  firefox)
    export FIREFOX="${FIREFOX:-$(command -v firefox-esr || command -v firefox || true)}"
    [ -n "$FIREFOX" ] || skip "there is no Firefox"
    # Without a sound device, the audio clock of Firefox stands still: the tests start a sound server without one.
    command -v pulseaudio >/dev/null || skip "there is no pulseaudio, and Firefox plays nothing without a sound device"
    ;;
  *)
    echo "BROWSER is chromium or firefox, not $BROWSER" >&2
    exit 2
    ;;
esac

composer="${COMPOSER:-${CARGO_TARGET_DIR:-target}/release/composer}"
[ -x "$composer" ] || cargo build --release --locked
COMPOSER="$(realpath "$composer")"
export COMPOSER

cd crates/studio/e2e
if [ ! -d node_modules/playwright-core ] || [ ! -d node_modules/axe-core ] || [ ! -d node_modules/ws ]; then
  npm ci --ignore-scripts --no-audit --no-fund --silent || skip "playwright-core, axe-core and ws could not be installed"
fi
exec node run.mjs "$@"
