#!/usr/bin/env bash
# Makes the book of docs/ with mdBook, into target/book; formulas are set by the KaTeX of the repository, without a network. `composer
# course` makes the same pages without mdBook; this is for those who like its search and its themes.
#
# Usage: scripts/book.sh          Skips, with a printed reason, without mdBook (cargo install mdbook --no-default-features --features search).
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v mdbook >/dev/null; then
  echo "skipped: mdbook is not installed"
  exit 0
fi
# KaTeX with its loader as one script: mdBook copies files, and the repository has it once.
mkdir -p docs/theme
cargo run --quiet --locked -p composer-course --example pages -- target/pages/book >/dev/null
cp target/pages/book/maths.js docs/src/mdbook.js docs/src/mdbook.css docs/theme/
mdbook build docs
# mdBook copies the first chapter to the top, where its links lead nowhere, and all files of the folder that are not Markdown.
cat >target/book/index.html <<'PAGE'
<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>composer: a course, guides, reference</title>
<meta http-equiv="refresh" content="0; url=course/index.html"></head>
<body><main><a href="course/index.html">The first page</a></main></body></html>
PAGE
rm -rf target/book/{src,tests,examples,Cargo.toml,book.toml,excerpts.txt,LICENSE-APACHE,LICENSE-MIT,theme/*.md}
echo "target/book/index.html"
