#!/usr/bin/env python3
"""Accompaniments of a model for the melodies of songs that it has not seen, beside the songs themselves.

    pip install mido
    scripts/measure_accompaniments.py MODEL SONGS OUT [--number N] [--composer FILE] [options of composer accompany]

MODEL is a model file or the name of a built-in model, SONGS a folder of MusicXML or MIDI files whose first part that is no piano is the melody. The first N songs
in the order of their names are taken, each with its number as seed. Prints how many of the 33 statistics of `composer evaluate` are no further from the songs than
these are from each other, and those that are further. The music stays in OUT: `songs`, `melodies`, `accompanied`.
"""

import argparse
import json
import subprocess
from pathlib import Path

import mido


def melody_of(song, path):
    """Writes the song with nothing but its first part that is no piano; whether there is one."""
    midi = mido.MidiFile(song)
    notes = [sum(event.type == "note_on" and event.velocity > 0 for event in track) for track in midi.tracks]
    piano = ["piano" in track.name.lower() or "hand" in track.name.lower() for track in midi.tracks]
    melodies = [i for i, count in enumerate(notes) if count > 20 and not piano[i]]
    if melodies:
        midi.tracks = [track for i, track in enumerate(midi.tracks) if notes[i] == 0 or i == melodies[0]]
        midi.save(path)
    return bool(melodies)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("songs", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--number", type=int, default=32)
    parser.add_argument("--composer", default="target/release/composer")
    args, options = parser.parse_known_args()
    songs, melodies, accompanied = (args.out / name for name in ("songs", "melodies", "accompanied"))
    for folder in (songs, melodies, accompanied):
        folder.mkdir(parents=True, exist_ok=True)
    files = sorted(file for file in args.songs.iterdir() if file.suffix in (".mxl", ".musicxml", ".mid"))[: args.number]
    for seed, file in enumerate(files, start=1):
        name = file.stem + ".mid"
        subprocess.run([args.composer, "convert", file, songs / name, "--quiet"], check=True, stdout=subprocess.DEVNULL)
        if melody_of(songs / name, melodies / name):
            command = [args.composer, "accompany", melodies / name, "--model", args.model, "--seed", str(seed), *options]
            subprocess.run([*command, "--output", accompanied / name, "--quiet"], check=True, stdout=subprocess.DEVNULL)
    command = [args.composer, "evaluate", accompanied, "--reference", songs, "--json", "--quiet"]
    found = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)["sets"][0]["assessment"]
    rows = [(row["name"], row["distance"], row["human"]["high"]) for row in found["comparisons"]]
    rows += [(row["name"], row["divergence"], row["human_divergence"]["high"]) for row in found["distributions"]]
    outside = [name for name, distance, high in rows if distance is None or distance > high]
    sound = sum(not piece["diagnosis"]["findings"] for piece in found["pieces"])
    print(f"{len(found['pieces'])} accompaniments: {len(rows) - len(outside)} of {len(rows)} statistics inside, {sound} without a finding")
    print("outside: " + ", ".join(outside))


main()
