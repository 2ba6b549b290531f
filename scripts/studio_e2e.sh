#!/usr/bin/env bash
# The studio as a person uses it, in a browser without a window: crates/studio/e2e. Skips, and says why, where Node or the browser is missing.
#
# Usage: scripts/studio_e2e.sh [words in the names of tests]
#   COMPOSER   the program [default: target/release/composer, which is built if it is not there]
#   BROWSER    firefox: the way through the studio in Firefox, by WebDriver BiDi; anything else, or nothing: all of it in Chromium
#   CHROMIUM   Chromium [default: the one in PATH]
#   FIREFOX    Firefox [default: the one in PATH]
set -euo pipefail
cd "$(dirname "$0")/.."
name=studio_e2e
source scripts/e2e_tools.sh
cd crates/studio/e2e
exec node run.mjs "$@"
