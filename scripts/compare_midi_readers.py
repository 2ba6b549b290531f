#!/usr/bin/env python3
"""Compares the notes that composer-music reads with those of mido, pretty_midi and symusic, file by file.

    pip install mido pretty_midi symusic
    cargo build --release -p composer-music --example dump_notes
    python scripts/compare_midi_readers.py FOLDER...

A note is (onset tick, duration, pitch, velocity). mido only returns events. They are paired here, first on with first off, by a
second implementation of the rule in crates/music/src/midi/pending.rs. pretty_midi and symusic have other rules, so each of
their differences is attributed to the rule that causes it:

    hanging      a note without a note-off: they drop it, composer ends it
    zero length  a note-off at the tick of its note-on: pretty_midi and symusic drop it or stretch it
    overlap      a second note-on of a pitch that sounds: pretty_midi ends all its notes at the first note-off
    rounding     pretty_midi counts in seconds and converts back

Prints a table per folder and every difference that no rule explains. Exits with 1 if there is one.
"""

import collections
import json
import os
import subprocess
import sys
import warnings
from concurrent.futures import ProcessPoolExecutor

warnings.filterwarnings("ignore")
Notes = collections.Counter


def mido_notes(path):
    """Notes from mido's events, and the pitches with overlapping, hanging or zero-length notes."""
    import mido

    notes, odd = [], collections.defaultdict(set)
    for track in mido.MidiFile(path, clip=True).tracks:
        tick, last_off = 0, {}
        sounding = collections.defaultdict(collections.deque)
        for message in track:
            tick += message.time
            if message.type not in ("note_on", "note_off"):
                continue
            key = (message.channel, message.note)
            if message.type == "note_on" and message.velocity > 0:
                if sounding[key]:
                    odd["overlap"].add(key[1])
                else:
                    last_off.pop(key, None)
                sounding[key].append((tick, message.velocity))
            elif sounding[key]:
                onset, velocity = sounding[key].popleft()
                last_off[key] = tick
                if tick == onset:
                    odd["zero length"].add(key[1])
                notes.append((onset, tick - onset, key[1], velocity))
        for key, queue in sounding.items():
            for onset, velocity in queue:
                odd["hanging"].add(key[1])
                end = last_off.get(key, -1)
                notes.append((onset, (end if end >= onset else tick) - onset, key[1], velocity))
    return Notes(notes), odd


def pretty_midi_notes(path):
    import pretty_midi

    midi = pretty_midi.PrettyMIDI(path)
    notes = []
    for note in (note for instrument in midi.instruments for note in instrument.notes):
        onset = midi.time_to_tick(note.start)
        notes.append((onset, midi.time_to_tick(note.end) - onset, note.pitch, note.velocity))
    return Notes(notes)


def symusic_notes(path):
    import symusic

    score = symusic.Score(path)
    return Notes((n.start, n.duration, n.pitch, n.velocity) for track in score.tracks for n in track.notes)


def explain(ours, theirs, odd, tolerance):
    """Counts the differing notes by the rule that explains them."""
    causes = collections.Counter()
    missing, extra = list((ours - theirs).elements()), list((theirs - ours).elements())
    for note in list(missing):
        near = [n for n in extra if n[2:] == note[2:] and all(abs(a - b) <= tolerance for a, b in zip(n[:2], note[:2]))]
        if near:
            missing.remove(note)
            extra.remove(near[0])
            causes["rounding"] += 1
    for note in missing + extra:
        rules = [rule for rule in ("hanging", "overlap", "zero length") if note[2] in odd[rule]]
        causes[rules[0] if rules else "UNEXPLAINED"] += 1
    return causes


def compare(line):
    ours = json.loads(line)
    path, result = ours["file"], {}
    if "error" in ours:
        return path, 0, {"composer": ours["error"]}, {}
    our_notes = Notes(map(tuple, ours["notes"]))
    try:
        reference, odd = mido_notes(path)
    except Exception as error:  # an error of another reader is a result, not a failure
        return path, our_notes.total(), {"mido": repr(error)}, {}
    readers = {
        "mido": (lambda _: reference, 0),
        "pretty_midi": (pretty_midi_notes, 1),
        "symusic": (symusic_notes, 0),
    }
    refused = {}
    for name, (read, tolerance) in readers.items():
        try:
            result[name] = explain(our_notes, read(path), odd, tolerance)
        except Exception as error:
            refused[name] = repr(error)
    return path, our_notes.total(), refused, result


def main():
    target = os.environ.get("CARGO_TARGET_DIR", "target")
    unexplained = 0
    for folder in sys.argv[1:]:
        dump = subprocess.run([f"{target}/release/examples/dump_notes", folder], capture_output=True, check=True)
        lines = dump.stdout.decode().splitlines()
        totals, same = collections.defaultdict(collections.Counter), collections.Counter()
        notes = 0
        with ProcessPoolExecutor() as pool:
            for path, count, refused, result in pool.map(compare, lines, chunksize=8):
                notes += count
                for reader, reason in refused.items():
                    print(f"  {path}: {reader} cannot read it: {reason}")
                for reader, causes in result.items():
                    totals[reader] += causes
                    same[reader] += not causes
                    if reader == "mido" and causes or causes["UNEXPLAINED"]:
                        unexplained += 1
                        print(f"  {path}: {reader}: {dict(causes)}")
        print(f"{folder}: {len(lines)} files, {notes} notes")
        for reader in ("mido", "pretty_midi", "symusic"):
            print(f"  {reader:12} {same[reader]:5} files equal; differing notes: {dict(totals[reader]) or 'none'}")
    sys.exit(1 if unexplained else 0)


if __name__ == "__main__":
    main()
