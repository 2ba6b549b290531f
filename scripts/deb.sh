#!/usr/bin/env bash
# Makes the Debian package into target/debian with cargo-deb: the command, completions, manual pages, the course, licences. What is in it stands in
# [package.metadata.deb] of crates/composer/Cargo.toml. scripts/try_package.sh installs it into an empty root, and uses it there.
#
# The package is named composer-music: Debian has a package composer, the one for PHP, with a command of the same name.
#
# Usage: scripts/deb.sh        Skips, with a printed reason, without cargo-deb (cargo install cargo-deb --locked).
set -euo pipefail
cd "$(dirname "$0")/.."

if ! cargo deb --version >/dev/null 2>&1; then
  echo "skipped: cargo-deb is not installed"
  exit 0
fi
export CARGO_INCREMENTAL=0
cargo build --release --locked -p composer
files=target/package-files
rm -rf "$files"
scripts/package_files.sh "${CARGO_TARGET_DIR:-target}/release/composer" "$files"
python3 scripts/sbom.py >"$files/composer.cdx.json"
# The same sources and Rust give the same bytes: the time of every file is that of the commit.
SOURCE_DATE_EPOCH="$(git log -1 --format=%ct)" cargo deb --no-build --locked -p composer
