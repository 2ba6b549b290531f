#!/usr/bin/env python3
"""Copies the performances of the Groove MIDI Dataset into folders train, validation and test, as its info.csv divides them.

Usage: scripts/split_groove.py GROOVE OUT
"""

import csv
import pathlib
import shutil
import sys

groove, out = map(pathlib.Path, sys.argv[1:])
with open(groove / "info.csv", encoding="utf-8") as index:
    for row in csv.DictReader(index):
        folder = out / row["split"]
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(groove / row["midi_filename"], folder / row["midi_filename"].replace("/", "-"))
