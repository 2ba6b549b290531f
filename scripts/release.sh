#!/usr/bin/env bash
# Makes an archive for Linux into target/release-archives: the command, completions, manual pages, licences, a bill of materials, checksums.
#
# Static, with musl, where that target is installed (rustup target add x86_64-unknown-linux-musl); otherwise for the C library of this
# machine, which the name of the archive says. The same sources, Rust and folder give the same bytes.
#
# Usage: scripts/release.sh
set -euo pipefail
cd "$(dirname "$0")/.."

machine="$(rustc -vV | sed -n 's/^host: //p')"
musl="${machine/-gnu/-musl}"
target="$machine"
if rustup target list --installed 2>/dev/null | grep -qx "$musl"; then
  target="$musl"
fi
export CARGO_INCREMENTAL=0
folder="${CARGO_TARGET_DIR:-target}/release"
if [ "$target" = "$machine" ]; then
  cargo build --release --locked -p composer
else
  cargo build --release --locked -p composer --target "$target"
  folder="${CARGO_TARGET_DIR:-target}/$target/release"
fi

composer="$folder/composer"
version="$("$composer" --version | cut -d' ' -f2)"
name="composer-$version-$target"
out=target/release-archives
rm -rf "${out:?}/$name"
mkdir -p "$out/$name"
cp "$composer" README.md CHANGELOG.md LICENSE-MIT LICENSE-APACHE CITATION.cff "$out/$name/"
scripts/package_files.sh "$composer" "$out/$name"
python3 scripts/sbom.py >"$out/$name/composer.cdx.json"
# Nothing that differs from day to day: names in order, no times, no owners.
when="$(git log -1 --format=%ct 2>/dev/null || echo 0)"
tar --sort=name --mtime="@$when" --owner=0 --group=0 --numeric-owner -C "$out" -cf - "$name" | gzip -n -9 >"$out/$name.tar.gz"
rm -rf "${out:?}/$name"
(cd "$out" && sha256sum "$name.tar.gz" >"$name.tar.gz.sha256" && cat "$name.tar.gz.sha256")
