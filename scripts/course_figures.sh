#!/usr/bin/env bash
# Makes all figures and numbers of the course anew: runs the program of each lesson, writes its pictures and numbers into docs/figures,
# the numbers into the text, and what the chapters include from the sources into docs/excerpts.txt.
#
# Usage: scripts/course_figures.sh [lesson ...]     such as 4; without any, all eight
#        scripts/course_figures.sh --check          fails if a number of a program is no longer the one in docs/figures
set -euo pipefail
cd "$(dirname "$0")/.."

check=""
if [ "${1:-}" = --check ]; then
  check=yes
  shift
fi
lessons="${*:-1 2 3 4 5 6 7 8}"
export COURSE_FIGURES=docs/figures
if [ -n "$check" ]; then
  COURSE_FIGURES="$(mktemp -d)"
  trap 'rm -rf "$COURSE_FIGURES"' EXIT
fi
for lesson in $lessons; do
  began=$SECONDS
  cargo run --quiet --release --locked -p composer-examples --example "lesson_$lesson" >/dev/null
  echo "lesson $lesson: $((SECONDS - began)) s"
done
if [ -n "$check" ]; then
  for lesson in $lessons; do
    cmp "docs/figures/lesson_$lesson.json" "$COURSE_FIGURES/lesson_$lesson.json"
  done
  echo "the numbers are those of docs/figures"
else
  python3 scripts/course_numbers.py
  cargo run --quiet --locked -p composer-course --example excerpts
fi
