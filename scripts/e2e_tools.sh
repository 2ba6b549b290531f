# What the end-to-end tests need: Node, a browser, the program, and the packages of crates/studio/e2e. Sourced by scripts/studio_e2e.sh and
# scripts/listen_e2e.sh in the root of the project, with `name`; ends their script, and says why, where something is missing.

skip() { echo "$name skipped: $1"; exit 0; }
command -v node >/dev/null && command -v npm >/dev/null || skip "there is no Node"
[ "$(node -p 'process.versions.node.split(".")[0]')" -ge 20 ] || skip "Node is older than 20"
if [ "${BROWSER:-}" = firefox ]; then
  FIREFOX="${FIREFOX:-$(command -v firefox-esr || command -v firefox || true)}"
  [ -n "$FIREFOX" ] || skip "there is no Firefox"
  # Without a sound device, the audio clock of Firefox stands still: the tests start a sound server without one.
  command -v pulseaudio >/dev/null || skip "there is no pulseaudio, and Firefox plays nothing without a sound device"
  export BROWSER FIREFOX
else
  CHROMIUM="${CHROMIUM:-$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)}"
  [ -n "$CHROMIUM" ] || skip "there is no Chromium"
  export CHROMIUM
fi

composer="${COMPOSER:-${CARGO_TARGET_DIR:-target}/release/composer}"
[ -x "$composer" ] || cargo build --release --locked
COMPOSER="$(realpath "$composer")"
export COMPOSER

if [ ! -d crates/studio/e2e/node_modules/playwright-core ] || [ ! -d crates/studio/e2e/node_modules/axe-core ] || [ ! -d crates/studio/e2e/node_modules/ws ]; then
  (cd crates/studio/e2e && npm ci --ignore-scripts --no-audit --no-fund --silent) || skip "playwright-core, axe-core and ws could not be installed"
fi
