#!/usr/bin/env python3
"""Measures how fast composer-music and music21 read the same files of notation, file by file in turns.

    pip install music21
    cargo build --release -p composer-music --example time_notation
    python scripts/compare_notation_speed.py FILES [--commands N] FOLDER...

FILES files of each format (mxl, musicxml, abc) are drawn from the folders with a fixed seed: songs and movements as they are (mxl) and
unpacked (musicxml), and the single tunes of tune books (abc). Reading begins with the bytes on disk and ends with the notes.

    in a running process  both programs are started once and have read a file before; of composer-music the fastest of twenty
                          readings by the clock counts, of music21 the fastest of two by its own processor time, which a busy machine
                          does not change. music21 does not use the copies that it keeps of parsed files (forceSource).
    as a whole command    a new process for every file, by the clock: N files of each format [5]; python -c 'import music21; …'

Prints for each format the medians and the median of the ratios of single files.
"""

import argparse
import os
import pathlib
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
import zipfile

warnings.filterwarnings("ignore")
SEED = 15


def drawn(folders, number, work):
    """The files of each format."""
    rng = random.Random(SEED)
    archives = sorted(str(path) for folder in folders for path in pathlib.Path(folder).rglob("*.mxl"))
    archives = rng.sample(archives, min(number, len(archives)))
    scores = []
    for path in archives:
        with zipfile.ZipFile(path) as archive:
            name = max(archive.infolist(), key=lambda entry: entry.file_size)
            scores.append(f"{work}/{pathlib.Path(path).stem}.musicxml")
            pathlib.Path(scores[-1]).write_bytes(archive.read(name))
    books = sorted(path for folder in folders for path in pathlib.Path(folder).rglob("*.abc"))
    tunes = [part.split("\n\n")[0] for book in books for part in re.split(r"(?m)^(?=X:)", book.read_text(errors="replace"))[1:]]
    files = []
    for index, text in enumerate(rng.sample(tunes, min(number, len(tunes)))):
        files.append(f"{work}/{index}.abc")
        pathlib.Path(files[-1]).write_text(text + "\n")
    return {"mxl": archives, "musicxml": scores, "abc": files}


class Ours:
    """composer-music in a process of its own, which answers file by file."""

    def __init__(self, program):
        self.process = subprocess.Popen([program, "20"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def seconds(self, path):
        self.process.stdin.write(path + "\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline().split()[0])


def by_music21(path):
    import music21

    fastest = float("inf")
    for _ in range(2):
        began = time.process_time()
        music21.converter.parse(path, forceSource=True)
        fastest = min(fastest, time.process_time() - began)
    return fastest


def by_clock(command, **options):
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options)
    return time.perf_counter() - began


def row(what, form, pairs):
    ours, theirs = (statistics.median(pair[side] for pair in pairs) for side in (0, 1))
    ratio = statistics.median(theirs / ours for ours, theirs in pairs)
    slowest = min(theirs / ours for ours, theirs in pairs)
    print(f"| {form} | {what} | {len(pairs)} | {1000 * ours:.2f} | {1000 * theirs:.1f} | {ratio:.0f} | {slowest:.0f} |", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("files", type=int)
    parser.add_argument("folders", nargs="+")
    parser.add_argument("--commands", type=int, default=5)
    given = parser.parse_args()
    target = os.environ.get("CARGO_TARGET_DIR", "target")
    program = os.environ.get("TIME_NOTATION", f"{target}/release/examples/time_notation")
    print("| format | how | files | composer, ms | music21, ms | median ratio | least ratio |\n|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as work:
        ours = Ours(program)
        for form, files in drawn(given.folders, given.files, work).items():
            if not files:
                continue
            # Both have read one before.
            ours.seconds(files[0]), by_music21(files[0])
            pairs = []
            for index, path in enumerate(files):
                if index % 2:
                    pairs.append((ours.seconds(path), by_music21(path)))
                else:
                    second = by_music21(path)
                    pairs.append((ours.seconds(path), second))
            row("in a running process", form, pairs)
            code = "import sys, music21; music21.converter.parse(sys.argv[1], forceSource=True)"
            pairs = []
            for path in files[: given.commands]:
                own = min(by_clock([program, "1"], input=path.encode()) for _ in range(3))
                pairs.append((own, by_clock([sys.executable, "-c", code, path])))
            if pairs:
                row("as a whole command", form, pairs)


if __name__ == "__main__":
    main()
