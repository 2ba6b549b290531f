#!/usr/bin/env bash
# Installs the Debian package into an empty root, and uses it there as a new user would: version, manual page, completions, compose, a small
# training, the studio answering. The root has no Rust, no project and, but for the studio's own address, no use for a network.
#
# Usage: scripts/try_package.sh [ROOT]
#   ROOT   a root that debootstrap made before [default: one is made, and removed afterwards]
# COMPOSER_DEB names a package that is there already.
# Needs root, cargo-deb and debootstrap; skips, with a printed reason, where one is missing.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ "$(id -u)" != 0 ]; then echo "skipped: only root can make and enter another root"; exit 0; fi
for program in debootstrap curl; do
  if ! command -v "$program" >/dev/null; then echo "skipped: $program is not installed"; exit 0; fi
done
if ! cargo deb --version >/dev/null 2>&1; then echo "skipped: cargo-deb is not installed"; exit 0; fi
deb="${COMPOSER_DEB:-$(scripts/deb.sh | tail -n 1)}"
root="${1:-}" studio=""
tidy() {
  if [ -n "$studio" ]; then kill "$studio" 2>/dev/null || true; fi
  if [ -z "${1:-}" ]; then rm -rf "$made"; fi
}
if [ -z "$root" ]; then
  made="$(mktemp -d)" root="$made/root"
  trap tidy EXIT
  debootstrap --variant=minbase "$(. /etc/os-release && echo "$VERSION_CODENAME")" "$root" >"$made/log" || { tail "$made/log"; exit 1; }
else
  trap 'tidy keep' EXIT
fi
cp "$deb" "$root/tmp/composer.deb"
inside() { chroot "$root" env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"; }

step() { printf '\n== %s\n' "$*"; }
step "installed"
inside dpkg -i /tmp/composer.deb
inside composer --version
inside dpkg -L composer-music | grep -c . | sed 's/$/ files/'

step "manual pages and completions"
for page in composer composer-train composer-study-cells; do
  gzip -t "$root/usr/share/man/man1/$page.1.gz" && echo "$page(1)"
done
inside bash -c 'source /usr/share/bash-completion/completions/composer && complete -p composer'
test -s "$root/usr/share/zsh/vendor-completions/_composer" && test -s "$root/usr/share/fish/vendor_completions.d/composer.fish"
test -s "$root/usr/share/doc/composer-music/course/course/lesson_1.html"
inside composer course --output-dir /tmp/course

step "compose"
rm -rf "$root/tmp/music" "$root/tmp/run"
inside composer compose --num-outputs 1 --length 8bars --seed 1 --output-dir /tmp/music
test -s "$root/tmp/music/composition-1.mid" && test -s "$root/tmp/music/composition-1.wav"

step "a training, the quick start with two epochs"
inside composer train --epochs 2 --length 4bars --output-dir /tmp/run
test -s "$root/tmp/run/report.html" && test -s "$root/tmp/run/model.safetensors"

step "the studio answers"
inside composer studio /tmp/project --port 0 --no-browser >"$root/tmp/studio.log" 2>&1 &
studio=$!
address=""
for _ in $(seq 60); do
  address="$(grep -oE 'http://[^ ]+' "$root/tmp/studio.log" | head -n 1 || true)"
  if [ -n "$address" ]; then break; fi
  sleep 1
done
curl --silent --show-error --fail --location --cookie-jar "$root/tmp/cookies" "$address" | grep -o '<title>.*</title>'

step "removed"
kill "$studio"; wait "$studio" || true
studio=""
inside dpkg -r composer-music
if [ -e "$root/usr/bin/composer" ]; then echo "the command is still there" >&2; exit 1; fi
echo "all well"
