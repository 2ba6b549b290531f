#!/usr/bin/env python3
"""Writes the numbers of the course's programs into its text.

A number that a program made stands before a comment with its name: `0.589<!--= rnn.rate -->` in `docs/course/lesson_4.md` is `rnn.rate` of
`docs/figures/lesson_4.json`, with as many decimal places as are written there. `10⁻⁵<!--=e name -->` is a power of ten whose exponent is the
name's number, rounded. A test compares them (`docs/tests/suite/numbers.rs`).

Usage: python3 scripts/course_numbers.py
"""

import json
import pathlib
import re

DOCS = pathlib.Path(__file__).parent.parent / "docs"
SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")

for page in sorted((DOCS / "course").glob("lesson_*.md")):
    figures = DOCS / "figures" / f"{page.stem}.json"
    if not figures.exists():
        print(f"{figures} is missing: run its program")
        continue
    numbers = json.loads(figures.read_text())

    def decimal(match):
        value, places = numbers[match[2]], len(match[1].partition(".")[2])
        # No sign before a zero.
        text = f"{round(value, places) + 0.0:,.{places}f}".replace("-", "−")
        return f"{text}<!--= {match[2]} -->"

    def power(match):
        return f"10{str(round(numbers[match[1]])).translate(SUPERSCRIPT)}<!--=e {match[1]} -->"

    text = page.read_text()
    text = re.sub(r"(−?[\d,]+(?:\.\d+)?)<!--= (\S+) -->", decimal, text)
    text = re.sub(r"10[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+<!--=e (\S+) -->", power, text)
    page.write_text(text)
