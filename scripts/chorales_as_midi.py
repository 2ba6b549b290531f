#!/usr/bin/env python3
"""Writes the chorales of jsb16 as MIDI files: a track for each of the four voices, equal pitches one after the other as one note.

    pip install mido
    scripts/chorales_as_midi.py [DATASETS] OUT

DATASETS is the folder that has jsb16 (default: $COMPOSER_DATASETS, or ../shared/datasets beside the project). OUT gets the folders train, valid and test
of the published sets, and learn: the first two together. The sets have neither metre nor tempo; 4/4 and 100 quarters a minute are written.
"""

import json
import os
import pathlib
import shutil
import sys

import mido

TICKS, TEMPO = 480, 600_000
ROOT = pathlib.Path(__file__).parent.parent


def voice(pitches, channel):
    """A track of one pitch for each sixteenth, below 0 where nothing sounds."""
    track, now = mido.MidiTrack(), 0
    if channel == 0:
        track.append(mido.MetaMessage("time_signature", numerator=4, denominator=4))
        track.append(mido.MetaMessage("set_tempo", tempo=TEMPO))
    last, step = -1, TICKS // 4
    for time, pitch in enumerate([*pitches, -1]):
        if pitch == last:
            continue
        for name, note, velocity in (("note_off", last, 0), ("note_on", pitch, 80)):
            if note >= 0:
                track.append(mido.Message(name, note=note, velocity=velocity, channel=channel, time=time * step - now))
                now = time * step
        last = pitch
    return track


def write(datasets, out):
    sets = json.loads((datasets / "jsb16/Jsb16thSeparated.json").read_text())
    for name, pieces in sets.items():
        folders = [out / name] + ([out / "learn"] if name != "test" else [])
        for folder in folders:
            folder.mkdir(parents=True, exist_ok=True)
        for number, piece in enumerate(pieces):
            file = folders[0] / f"{name}-{number:03}.mid"
            voices = [voice([int(column[channel]) for column in piece], channel) for channel in range(4)]
            mido.MidiFile(ticks_per_beat=TICKS, tracks=voices).save(file)
            for folder in folders[1:]:
                shutil.copy(file, folder)


if __name__ == "__main__":
    *datasets, out = sys.argv[1:] or sys.exit(__doc__)
    usual = os.environ.get("COMPOSER_DATASETS", ROOT / "../shared/datasets")
    write(pathlib.Path(*datasets or [usual]), pathlib.Path(out))
