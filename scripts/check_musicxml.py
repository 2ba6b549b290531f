"""Checks written MusicXML with programs that are not ours: music21 reads it, and the MusicXML 4.0 schema validates it.

The notes that music21 finds are compared with those that mido finds in the MIDI file: pitch, onset and duration, in quarters. Nothing of
our quantising is used, so that "equal" says that a note is on paper where it was in the file, to a tick; "moved" notes are those whose
times were on no grid of notation, and lie within a quarter; the others are missing or additional.

Usage: python check_musicxml.py [--composer PROGRAM] [--sample N] [--schema musicxml.xsd] FOLDER_OR_FILE …
Needs the packages music21 and mido, and for --schema xmlschema.
"""

import argparse
import collections
import pathlib
import random
import subprocess
import sys
import tempfile
import warnings

import mido
import music21

warnings.filterwarnings("ignore")


def midi_notes(path):
    """(onset, duration, pitch) in quarters, by first on, first off on each channel of a track; hits of drums without duration."""
    file = mido.MidiFile(path, clip=True)
    notes = []
    for track in file.tracks:
        now, open_notes = 0, collections.defaultdict(list)
        for message in track:
            now += message.time
            if message.type == "note_on" and message.velocity > 0:
                open_notes[message.channel, message.note].append(now)
            elif message.type in ("note_off", "note_on") and open_notes[message.channel, message.note]:
                start = open_notes[message.channel, message.note].pop(0)
                if message.channel != 9:
                    notes.append((start / file.ticks_per_beat, (now - start) / file.ticks_per_beat, message.note))
    return notes, 1 / file.ticks_per_beat


def xml_notes(path):
    """The same of a MusicXML file, with ties joined; percussion left out."""
    score = music21.converter.parse(path, forceSource=True)
    notes = []
    for part in score.parts:
        tied = {}
        found = [(float(note.getOffsetInHierarchy(part)), index, note) for index, note in enumerate(part.recurse().notes)]
        for start, _, note in sorted(found, key=lambda item: item[:2]):
            if isinstance(note, (music21.note.Unpitched, music21.percussion.PercussionChord, music21.harmony.Harmony)):
                continue
            for single in getattr(note, "notes", None) or [note]:
                pitch, end = single.pitch.midi, start + float(note.quarterLength)
                tie = single.tie.type if single.tie else None
                if tie in ("stop", "continue"):
                    key = next((key for key in tied if key[0] == pitch and abs(key[1] - start) < 1e-6), None)
                    if key is not None:
                        index = tied.pop(key)
                        notes[index][1] = end
                        if tie == "continue":
                            tied[pitch, end, index] = index
                        continue
                notes.append([start, end, pitch])
                if tie in ("start", "continue"):
                    tied[pitch, end, len(notes) - 1] = len(notes) - 1
    return [(start, end - start, pitch) for start, end, pitch in notes]


def compare(expected, found, tick):
    """Counts of equal, only in length different, moved, missing and additional notes."""
    counts = collections.Counter()
    by_pitch = collections.defaultdict(list)
    for note in found:
        by_pitch[note[2]].append(note)
    for start, length, pitch in sorted(expected):
        near = [other for other in by_pitch[pitch] if abs(other[0] - start) <= 1]
        if not near:
            counts["missing"] += 1
            continue
        best = min(near, key=lambda other: (abs(other[0] - start), abs(other[1] - length)))
        by_pitch[pitch].remove(best)
        onset, duration = abs(best[0] - start) <= tick * 1.01, abs(best[1] - length) <= tick * 2.01
        counts["equal" if onset and duration else "other length" if onset else "moved"] += 1
    counts["additional"] = sum(map(len, by_pitch.values()))
    return counts


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", nargs="+", type=pathlib.Path)
    parser.add_argument("--composer", default="target/release/composer")
    parser.add_argument("--sample", type=int, default=0, help="files of each folder, chosen by a fixed seed; 0: all")
    parser.add_argument("--schema", help="musicxml.xsd of version 4.0")
    arguments = parser.parse_args()
    schema = None
    if arguments.schema:
        import xmlschema

        schema = xmlschema.XMLSchema(arguments.schema)
    failed = False
    for path in arguments.paths:
        files = sorted(path.rglob("*.mid")) if path.is_dir() else [path]
        if arguments.sample and len(files) > arguments.sample:
            files = sorted(random.Random(1).sample(files, arguments.sample))
        total, bad = collections.Counter(), []
        with tempfile.TemporaryDirectory() as folder:
            for index, file in enumerate(files):
                result = pathlib.Path(folder) / f"{index}.musicxml"
                done = subprocess.run([arguments.composer, "convert", file, result], capture_output=True, text=True)
                if done.returncode:
                    bad.append(f"{file.name}: {done.stderr.strip()}")
                    continue
                if schema is not None and (error := next(schema.iter_errors(result), None)) is not None:
                    bad.append(f"{file.name}: {error.reason}")
                try:
                    expected, tick = midi_notes(file)
                    counts = compare(expected, xml_notes(result), tick)
                except Exception as error:  # one file that another program cannot read is a figure, not an end
                    bad.append(f"{file.name}: {type(error).__name__}: {error}")
                    continue
                total.update(counts)
                if counts["missing"] or counts["additional"]:
                    print(f"  {file.name}: {dict(counts)}")
        print(f"{path}: {len(files)} files, {dict(total)}, {len(bad)} refused")
        for text in bad:
            print(f"  {text}")
        failed |= bool(bad)
    sys.exit(failed)


if __name__ == "__main__":
    main()
