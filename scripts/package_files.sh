#!/usr/bin/env bash
# Writes what a package has beside the command, made by the command itself: completions for bash, zsh and fish, a manual page for each command,
# the course as pages. Used by scripts/release.sh and scripts/deb.sh.
#
# Usage: scripts/package_files.sh COMPOSER FOLDER
set -euo pipefail

composer="$1" folder="$2"
mkdir -p "$folder/completions"
for shell in bash zsh fish; do
  "$composer" completions "$shell" >"$folder/completions/composer.$shell"
done
"$composer" man --output-dir "$folder/man"
"$composer" course --output-dir "$folder/course" >/dev/null
