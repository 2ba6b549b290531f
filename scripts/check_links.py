#!/usr/bin/env python3
"""Checks every relative link of all Markdown files of the project: the file is there, and the heading that an anchor names.

Usage: python3 scripts/check_links.py      Asks nothing of a network: addresses elsewhere are not looked at. `cargo doc` checks links to items.
"""

import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

ROOT = Path(__file__).resolve().parent.parent
LINK = re.compile(r"!?\[(?:[^\]\[]|\[[^\]]*\])*\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)")


def without_code(text):
    """The text without fenced blocks and code spans."""
    kept, fence = [], None
    for line in text.splitlines():
        mark = re.match(r"\s*(```+|~~~+)", line)
        if mark and (fence is None or line.strip().startswith(fence)):
            fence = None if fence else mark.group(1)
            continue
        if fence is None:
            kept.append(re.sub(r"`[^`]*`", "``", line))
    return "\n".join(kept)


def anchors(path):
    """The names of a file's headings, as GitHub and mdBook make them."""
    found, fence = set(), False
    for line in path.read_text(encoding="utf-8").splitlines():
        fence ^= line.lstrip().startswith("```")
        heading = None if fence else re.match(r"#{1,6}\s+(.*?)\s*#*$", line)
        if heading:
            words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading.group(1)).lower()
            name = "".join("-" if c == " " else c for c in words if c.isalnum() or c in " -_")
            number = 0
            while (unique := name if number == 0 else f"{name}-{number}") in found:
                number += 1
            found.add(unique)
    return found


files = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"], cwd=ROOT, check=True, text=True, stdout=subprocess.PIPE).stdout.split("\n")
broken, seen = [], 0
# A template has its links where its page will stand.
for name in [name for name in files if name and not name.endswith(".template.md")]:
    file = ROOT / name
    for target in LINK.findall(without_code(file.read_text(encoding="utf-8"))):
        # Items of a crate, which rustdoc resolves, and addresses.
        if re.match(r"[a-z]+:", target) or "::" in target:
            continue
        seen += 1
        path, _, anchor = unquote(target).partition("#")
        there = (file.parent / path).resolve() if path else file
        if not there.exists():
            broken.append(f"{name}: {target}")
        elif anchor and there.suffix == ".md" and anchor not in anchors(there):
            broken.append(f"{name}: {target} (no such heading)")
for line in broken:
    print(line)
print(f"{len(files) - 1} files, {seen} links, {len(broken)} broken")
sys.exit(1 if broken else 0)
