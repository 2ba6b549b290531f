#!/usr/bin/env python3
"""Compares what composer-music reads of ABC tune books with music21, with abc2midi and with MIDI files of the same tunes.

    pip install music21 mido        (and Debian's package abcmidi)
    cargo build --release -p composer-music --example dump_notation
    python scripts/compare_abc_readers.py FOLDER [MIDI_FOLDER]

music21 is compared in the written order, abc2midi with the repeats. MIDI_FOLDER has files that are named by book and number, as
`jigs12.mid`; of those the first track with notes counts, and silence before the first note is allowed for.

Prints for each reader the tunes with equal notes (onset, duration, pitch), the equal notes, and a table of causes of differences:

    length      the same pitches in the same order, and other durations
    repeats     the same notes, more or less often: another order of playing
    pitches     as many notes, at the same times, with other pitches: accidentals
    ends        durations alone differ: where a note is cut off by the next of its pitch
    other
"""

import collections
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import warnings
from fractions import Fraction

warnings.filterwarnings("ignore")


def dump(folder, *flags):
    target = os.environ.get("CARGO_TARGET_DIR", "target")
    program = os.environ.get("DUMP_NOTATION", f"{target}/release/examples/dump_notation")
    output = subprocess.run([program, *flags, folder], capture_output=True, check=True).stdout.decode()
    return {(line["file"], line.get("tune")): line for line in map(json.loads, output.splitlines())}


def ours(line):
    ticks = line["ticks_per_quarter"]
    return sorted((Fraction(n[0], ticks), Fraction(n[1], ticks), n[2]) for n in line["notes"])


def tunes(path):
    """The text of each tune by its number."""
    text = open(path, encoding="utf-8", errors="replace").read()
    for part in re.split(r"(?m)^(?=X:)", text)[1:]:
        yield int(re.match(r"X:\s*(\d+)", part)[1]), part.split("\n\n")[0] + "\n"


def by_music21(text):
    import music21

    score = music21.converter.parse(text, format="abc")
    tied, notes = collections.defaultdict(list), []
    for part in score.parts:
        for element in part.flatten().notes:
            if isinstance(element, music21.harmony.Harmony) or element.duration.isGrace:
                continue
            onset = Fraction(element.offset).limit_denominator(30240)
            length = Fraction(element.duration.quarterLength).limit_denominator(30240)
            for note in element.notes if element.isChord else [element]:
                tie = note.tie.type if note.tie else None
                found = next((n for n in tied[note.pitch.midi] if n[0] + n[1] == onset), None)
                if found and tie in ("stop", "continue"):
                    found[1] += length
                else:
                    found = [onset, length, note.pitch.midi]
                    notes.append(found)
                if tie in ("start", "continue"):
                    tied[note.pitch.midi].append(found)
    return sorted(map(tuple, notes))


def midi_notes(path, first_track_only):
    import mido

    file = mido.MidiFile(path)
    notes = []
    for track in file.tracks:
        tick, sounding, found = 0, collections.defaultdict(list), []
        for message in track:
            tick += message.time
            if message.type == "note_on" and message.velocity > 0:
                sounding[message.note].append(tick)
            elif message.type in ("note_on", "note_off") and sounding[message.note]:
                onset = sounding[message.note].pop(0)
                found.append((Fraction(onset, file.ticks_per_beat), Fraction(tick - onset, file.ticks_per_beat), message.note))
        notes += found
        if found and first_track_only:
            break
    return sorted(notes)


def by_abc2midi(text):
    # Without the accompaniment by chord symbols, which is no part of the tune.
    text = re.sub(r"(?m)^(K:.*)$", r"\1\n%%MIDI gchordoff\n%%MIDI chordattack 0", text, count=1)
    with tempfile.TemporaryDirectory() as folder:
        source, result = f"{folder}/tune.abc", f"{folder}/tune.mid"
        open(source, "w").write(text)
        subprocess.run(["abc2midi", source, "-o", result, "-silent"], capture_output=True)
        # It begins every note a tick late and ends it early, so that equal pitches do not touch: nearest 48ths of a quarter.
        near = lambda time: Fraction(round(time * 48), 48)
        return sorted((near(onset), near(onset + length) - near(onset), pitch) for onset, length, pitch in midi_notes(result, False))


def cause(a, b):
    shift = b[0][0] - a[0][0] if a and b else 0
    b = [(onset - shift, length, pitch) for onset, length, pitch in b]
    if a == b:
        return "equal" if shift == 0 else "equal, later by a silence"
    if [n[2] for n in a] == [n[2] for n in b]:
        return "ends" if [n[0] for n in a] == [n[0] for n in b] else "length"
    if [n[:2] for n in a] == [n[:2] for n in b]:
        return "pitches"
    if len(a) != len(b) and set((n[1], n[2]) for n in a) == set((n[1], n[2]) for n in b):
        return "repeats"
    return "other"


def main():
    folder, midi_folder = sys.argv[1], (sys.argv[2:] + [None])[0]
    began = time.time()
    written = dump(folder, "--written")
    seconds = {"composer": time.time() - began}
    played = dump(folder)
    readers = {"music21": lambda text, name: by_music21(text), "abc2midi": lambda text, name: by_abc2midi(text)}
    if midi_folder:
        readers["MIDI files"] = lambda text, name: midi_notes(f"{midi_folder}/{name}.mid", True)
    counts = {reader: collections.Counter() for reader in readers}
    notes = {reader: [0, 0] for reader in readers}
    examples = collections.defaultdict(list)
    for path in sorted({file for file, _ in written}):
        book = os.path.basename(path).removesuffix(".abc")
        for number, text in tunes(path):
            for reader, read in readers.items():
                line = (written if reader == "music21" else played).get((path, number), {"error": "no tune"})
                if "error" in line:
                    counts[reader]["composer cannot read it"] += 1
                    examples[reader, "composer"].append(f"{book}#{number}: {line['error']}")
                    continue
                began = time.process_time()
                try:
                    theirs = read(text, f"{book}{number}")
                except Exception as error:  # an error of another reader is a result, not a failure
                    counts[reader]["cannot be read"] += 1
                    examples[reader, "cannot be read"].append(f"{book}#{number}: {error!r}"[:150])
                    continue
                seconds[reader] = seconds.get(reader, 0) + time.process_time() - began
                own = ours(line)
                if reader != "music21":
                    near = lambda time: Fraction(round(time * 48), 48)
                    own = sorted((near(n[0]), near(n[0] + n[1]) - near(n[0]), n[2]) for n in own)
                found = cause(own, theirs)
                counts[reader][found] += 1
                notes[reader][0] += len(own)
                notes[reader][1] += (collections.Counter(own) & collections.Counter(theirs)).total()
                if not found.startswith("equal"):
                    examples[reader, found].append(f"{book}#{number}")
    print(f"{len(written)} tunes; seconds: { {name: round(value, 2) for name, value in seconds.items()} }")
    for reader in readers:
        print(f"{reader}: {dict(counts[reader].most_common())}; {notes[reader][1]} of {notes[reader][0]} notes equal")
        for (other, found), names in examples.items():
            if other == reader:
                print(f"  {found}: {', '.join(names[:12])}")


if __name__ == "__main__":
    main()
