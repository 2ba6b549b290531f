#!/usr/bin/env python3
"""Copies the performances of the Groove MIDI Dataset into folders train, validation and test, as its info.csv divides them.

Usage: scripts/split_groove.py GROOVE OUT [--beats FOLDER]

With --beats, the beats of 8 seconds or more of train and validation are also in FOLDER, in folders named by their styles; those of test in FOLDER-held-out.
"""

import csv
import pathlib
import shutil
import sys

groove, out = map(pathlib.Path, sys.argv[1:3])
beats = pathlib.Path(sys.argv[4]) if sys.argv[3:4] == ["--beats"] else None
STYLES = {"rock", "funk", "jazz", "latin", "hiphop"}
with open(groove / "info.csv", encoding="utf-8") as index:
    for row in csv.DictReader(index):
        folder = out / row["split"]
        folder.mkdir(parents=True, exist_ok=True)
        name = row["midi_filename"].replace("/", "-")
        shutil.copy(groove / row["midi_filename"], folder / name)
        if beats and row["beat_type"] == "beat" and float(row["duration"]) >= 8:
            style = row["style"].split("/")[0].split("-")[0]
            of_split = beats.with_name(beats.name + "-held-out") if row["split"] == "test" else beats
            of_style = of_split / (style if style in STYLES else "other")
            of_style.mkdir(parents=True, exist_ok=True)
            shutil.copy(groove / row["midi_filename"], of_style / name)
