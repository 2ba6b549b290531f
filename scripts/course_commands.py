#!/usr/bin/env python3
"""Types every command of the course as it is written, in the order of the lessons, and puts the times into the page for lecturers.

Usage: python3 scripts/course_commands.py [--print]      --print only prints the table

Everything is compiled first, which is not counted. `composer` is the release build of this folder; the place of `my-tune.mid` takes a piece of the built-in corpus.
The tests of the exercises must fail, since nobody has solved them here; all else must succeed, but for the one command that shows a check fail.
Processor seconds are those of all threads: on an idle machine with two cores a command takes between half of them and all of them.
"""

import os
import re
import resource
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "course" / "lecturer.md"
OPEN, CLOSE = "<!-- times: scripts/course_commands.py -->", "<!-- end of times -->"


def commands():
    for lesson in range(1, 9):
        text = (ROOT / "docs" / "course" / f"lesson_{lesson}.md").read_text()
        for block in re.findall(r"```sh\n(.*?)```", text, re.S):
            for line in block.splitlines():
                if line.strip() and not line.startswith("#"):
                    yield lesson, line.strip()


def run(line):
    """The times of a command and its exit code."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    words = shlex.split(line.replace("my-tune.mid", "datasets/mutopia-pd/maple-leaf-rag.mid"))
    path = f"{ROOT / 'target' / 'release'}:{os.environ['PATH']}"
    done = subprocess.run(words, cwd=ROOT, env=os.environ | {"PATH": path}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.monotonic() - began, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, done


def main():
    build = ["cargo", "build", "--release", "--locked", "--quiet"]
    subprocess.run([*build, "-p", "composer"], cwd=ROOT, check=True)
    subprocess.run([*build, "-p", "composer-examples", "--examples"], cwd=ROOT, check=True)
    subprocess.run(["cargo", "test", "--locked", "--quiet", "-p", "composer-exercises", "--no-run"], cwd=ROOT, check=True)
    shutil.rmtree(ROOT / "runs" / "course" / "mine", ignore_errors=True)
    rows, wrong = [], []
    for lesson, line in commands():
        wall, cpu, done = run(line)
        fails = "--falsify" in line or "-- --ignored" in line
        if (done.returncode != 0) != fails:
            wrong.append(f"{line}: exit code {done.returncode}\n{done.stdout[-2000:]}")
        rows.append((lesson, line, cpu, wall))
        print(f"{lesson}  {cpu:6.1f} s of processor, {wall:6.1f} s  {line}", flush=True)
    table = ["| lesson | command | processor seconds |", "|---|---|--:|"]
    table += [f"| {lesson} | `{line}` | {cpu:.1f} |" for lesson, line, cpu, _ in rows]
    if "--print" not in sys.argv:
        text = PAGE.read_text()
        before, rest = text.split(OPEN)
        _, after = rest.split(CLOSE)
        PAGE.write_text(before + OPEN + "\n" + "\n".join(table) + "\n" + CLOSE + after)
    if wrong:
        sys.exit("\n".join(wrong))


if __name__ == "__main__":
    main()
