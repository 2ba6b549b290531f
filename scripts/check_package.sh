#!/usr/bin/env bash
# Packages every crate that is published, in the order of their dependencies, as `cargo publish` would, without uploading anything.
# Crates of the workspace are resolved from the packages just made, not from the registry.
#
# Usage: scripts/check_package.sh [options of cargo publish]
#   --no-verify    only makes the packages and checks their metadata: seconds; CI does this
#   (nothing)      also compiles every crate from its package: minutes; do this before a release
#   --allow-dirty  with uncommitted changes
set -euo pipefail
cd "$(dirname "$0")/.."

cargo publish --workspace --dry-run --locked "$@"

# What a package must not exceed, in kB: crates.io refuses more than 10 MB, and nothing here needs half of that.
limit=9000
for package in target/package/tmp-registry/*.crate; do
  size=$(($(stat -c %s "$package") / 1024))
  printf '%6d kB  %s\n' "$size" "$(basename "$package")"
  if [ "$size" -gt "$limit" ]; then
    echo "$package is larger than $limit kB: which file should not be in it? (cargo package -p CRATE --list)" >&2
    exit 1
  fi
done
