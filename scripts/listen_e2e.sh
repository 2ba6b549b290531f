#!/usr/bin/env bash
# Listening tests as participants take them, in a browser without a window: crates/studio/e2e/listen.mjs. Skips, and says why, where Node
# or the browser is missing.
#
# Usage: scripts/listen_e2e.sh [words in the names of tests]
#   COMPOSER   the program [default: target/release/composer, which is built if it is not there]
#   BROWSER    firefox: 20 answers in Firefox, by WebDriver BiDi; anything else, or nothing: all of it in Chromium
#   CHROMIUM   Chromium [default: the one in PATH]
#   FIREFOX    Firefox [default: the one in PATH]
#   SHOTS      a folder for screenshots of every page [default: none]
set -euo pipefail
cd "$(dirname "$0")/.."
name=listen_e2e
source scripts/e2e_tools.sh
if [ -n "${SHOTS:-}" ]; then
  mkdir -p "$SHOTS"
  SHOTS="$(realpath "$SHOTS")"
  export SHOTS
fi
cd crates/studio/e2e
exec node listen.mjs "$@"
