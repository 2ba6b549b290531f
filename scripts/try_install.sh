#!/usr/bin/env bash
# Installs the command from its packages alone, as `cargo install composer` will from the registry, in an empty home, and uses it there: what a
# package has not got, such as a file beside its crate, is not there either.
#
# The packages of this workspace (scripts/check_package.sh) and of all its dependencies (cargo vendor) become one folder that stands in the place
# of the registry; nothing else is reachable, and no network is asked.
#
# Usage: scripts/try_install.sh [--allow-dirty]      minutes: it compiles everything. CARGO_PROFILE_RELEASE_OPT_LEVEL=0 is quicker.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/check_package.sh --no-verify "$@"
packages="${CARGO_TARGET_DIR:-target}/package/tmp-registry"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
mkdir "$work/home" "$work/elsewhere"
cargo vendor --locked --quiet --versioned-dirs "$work/crates" >/dev/null
for package in "$packages"/*.crate; do
  tar -xzf "$package" -C "$work/crates"
  printf '{"files":{},"package":"%s"}' "$(sha256sum "$package" | cut -d' ' -f1)" >"$work/crates/$(basename "$package" .crate)/.cargo-checksum.json"
done
mkdir "$work/home/.cargo"
cat >"$work/home/.cargo/config.toml" <<CONFIG
[source.crates-io]
replace-with = "packages"
[source.packages]
directory = "$work/crates"
CONFIG

rust="$(dirname "$(rustup which cargo 2>/dev/null || command -v cargo)")"
level="${CARGO_PROFILE_RELEASE_OPT_LEVEL:-3}"
cd "$work/elsewhere"
env -i HOME="$work/home" PATH="$rust:/usr/bin:/bin" CARGO_PROFILE_RELEASE_OPT_LEVEL="$level" CARGO_INCREMENTAL=0 \
  cargo install composer --locked --offline --root "$work/installed"
inside() { env -i HOME="$work/home" PATH="$work/installed/bin:/usr/bin:/bin" "$@"; }
inside composer --version
inside composer compose --num-outputs 1 --length 4bars --seed 1
inside composer models >/dev/null
inside composer course >/dev/null
inside composer train --epochs 1 --length 2bars --output-dir run --quiet
ls run compositions* 2>/dev/null || ls
echo "installed from packages alone, and used"
