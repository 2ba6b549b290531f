#!/usr/bin/env python3
"""Compares what composer-music reads of MusicXML with music21 and partitura, file by file: onsets, durations and pitches of all notes,
and where measures begin.

    pip install music21 partitura
    cargo build --release -p composer-music --example dump_notation
    python scripts/compare_notation_readers.py READER RESULTS.jsonl FOLDER...      READER is music21 or partitura
    python scripts/compare_notation_readers.py table RESULTS.jsonl...

One line a file is appended to RESULTS.jsonl, and files that it has already are left out, so that a run can be cut off and continued.
Files come in a random order with a fixed seed. Both sides read the written order, without grace notes; grace notes are counted.
Notes are (onset, duration, pitch) in quarters, as fractions; tied notes are joined here by the ties that music21 reports.

A difference is attributed to what causes it:

    cue          a cue note: MusicXML says that it is silent; the other reader keeps it
    measures     the other reader gives a measure another length, in some parts only, and the parts drift apart (metres that differ by part, or
                 divisions too coarse for a tuplet, where composer fills the bar); the notes are then compared within the measures of their
                 parts, with partitura to less than a 24th of a quarter
    tie          both have the same notes, joined differently: a tie whose other end is missing, or is in another voice
    unison       partitura keeps one of the notes of one pitch that two voices begin together
    UNEXPLAINED  all others
"""

import bisect
import collections
import json
import os
import random
import subprocess
import sys
import time
import warnings
from fractions import Fraction

warnings.filterwarnings("ignore")
# Whole durations of tuplets in floating point are within this of a fraction with a small denominator.
DENOMINATOR = 30240
# Two times that differ by less, in quarters, were meant to be the same.
TOLERANCE = Fraction(1, 24)


def fraction(value):
    return Fraction(value).limit_denominator(DENOMINATOR)


def ours(line):
    ticks = line["ticks_per_quarter"]
    notes = collections.Counter((Fraction(n[0], ticks), Fraction(n[1], ticks), n[2]) for n in line["notes"])
    return notes, [Fraction(bar, ticks) for bar in line["bars"]]


def joined(notes):
    """Ties joined: notes are [onset, duration, pitch, tied from, tied to], of one part, sorted by onset."""
    waiting, result = collections.defaultdict(list), []
    for onset, duration, pitch, start, stop in notes:
        found = next((n for n in waiting[pitch] if n[0] + n[1] == onset), None) if stop else None
        if found:
            waiting[pitch].remove(found)
            found[1] += duration
            note = found
        else:
            note = [onset, duration, pitch]
            result.append(note)
        if start:
            waiting[pitch].append(note)
    return [tuple(note) for note in result]


def read_music21(path):
    """Notes of each part as (measure, onset in it, duration, pitch, tied from, tied to), where its measures begin, grace notes."""
    import music21

    score = music21.converter.parse(path, forceSource=True)
    if any(i.transposition is not None for i in score.recurse().getElementsByClass("Instrument")):
        score = score.toSoundingPitch()
    parts, graces = [], 0
    for part in score.parts:
        notes, starts = [], []
        for index, measure in enumerate(part.getElementsByClass("Measure")):
            starts.append(fraction(measure.offset))
            for element in measure.recurse().notes:
                if isinstance(element, music21.harmony.Harmony):
                    continue
                onset = fraction(element.getOffsetInHierarchy(measure))
                if element.duration.isGrace:
                    graces += len(element.pitches)
                    continue
                for note in element.notes if element.isChord else [element]:
                    if hasattr(note, "pitch"):
                        tie = note.tie.type if note.tie else None
                        length = fraction(element.duration.quarterLength)
                        tied = (tie in ("start", "continue"), tie in ("stop", "continue"))
                        notes.append((index, onset, length, note.pitch.midi, *tied))
        parts.append((notes, starts))
    return parts, graces


def assembled(parts, bars=None):
    """All notes, ties joined; measures begin where the part says, or else at `bars`."""
    result = collections.Counter()
    for notes, starts in parts:
        starts = starts if bars is None else bars
        placed = [(starts[n[0]] + n[1], *n[2:]) for n in notes if n[0] < len(starts)]
        result.update(joined(sorted(placed, key=lambda note: note[0])))
    return result


def read_partitura(path):
    import partitura

    score = partitura.load_musicxml(path)
    notes, placed, graces = [], [], 0
    for part in score.parts:
        quarter = part.quarter_map
        start = float(quarter(part.first_point.t))
        measures = [measure.start.t for measure in part.measures]
        for note in part.notes_tied:
            if isinstance(note, partitura.score.GraceNote):
                graces += 1
                # A note that is tied to its grace note sounds from its own beginning.
                note = note.tie_next
                if note is None or isinstance(note, partitura.score.GraceNote):
                    continue
            onset = float(quarter(note.start.t)) - start
            end = float(quarter(note.start.t + note.duration_tied)) - start
            notes.append((fraction(onset), fraction(end - onset), note.midi_pitch))
            measure = max(bisect.bisect_right(measures, note.start.t) - 1, 0)
            inside = float(quarter(note.start.t)) - float(quarter(measures[measure]))
            placed.append((measure, inside, end - onset, note.midi_pitch))
    part = score.parts[0]
    first = float(part.quarter_map(part.first_point.t))
    bars = [fraction(float(part.quarter_map(m.start.t)) - first) for m in part.measures]
    whole = [(0, onset, length, pitch, False, False) for onset, length, pitch in notes]
    return [(whole, [Fraction(0)])], graces, bars, placed


READERS = {"music21": read_music21, "partitura": read_partitura}


def compare(line, reader):
    """Counts of equal and differing notes, by cause."""
    notes, bars = ours(line)
    began = time.process_time()
    parts, graces, *their_bars = READERS[reader](line["file"])
    theirs = assembled(parts)
    seconds = time.process_time() - began
    their_bars, placed = their_bars or (parts[0][1], [])
    result = {"notes": notes.total(), "graces": [line["report"]["notation"]["grace_notes"], graces]}
    result["seconds"] = [line["seconds"], seconds]
    result["bars"] = [len(bars), sum(a == b for a, b in zip(bars, their_bars))]
    causes = collections.Counter()
    if reader == "music21" and any(starts[: len(bars)] != bars[: len(starts)] for _, starts in parts):
        # Whether the notes are the same within their measures.
        causes["measures"] = (theirs - notes).total()
        theirs = assembled(parts, bars)
    missing, extra = theirs - notes, notes - theirs
    if reader == "partitura" and (missing or extra):
        begun = {(note[0], note[2]) for note in theirs}
        same = collections.Counter({n: count for n, count in extra.items() if (n[0], n[2]) in begun and n not in missing})
        if not missing and same == extra:
            causes["unison"] = extra.total()
            extra = collections.Counter()
    result["equal"] = (notes & theirs).total()
    # The other readers do not say which notes are cue notes.
    silent = line["report"]["not_kept"].get("cue note", 0)
    if placed and (missing or extra) and same_in_measures(notes, bars, placed, silent):
        causes["measures"] = max(missing.total(), extra.total())
        missing, extra = collections.Counter(), collections.Counter()
    if 0 < missing.total() - extra.total() <= silent:
        causes["cue"] = missing.total() - extra.total()
        if not extra:
            missing = extra
    if missing or extra:
        same = covered(extra) <= covered(missing) and len(covered(missing) - covered(extra)) <= silent
        causes["tie" if same else "UNEXPLAINED"] = max(missing.total(), extra.total())
        shown = lambda notes: [[str(n[0]), str(n[1]), n[2]] for n in sorted(notes.elements())[:6]]
        result["examples"] = {"missing": shown(missing), "extra": shown(extra)}
    result["causes"] = {cause: number for cause, number in causes.items() if number}
    return result


def same_in_measures(notes, bars, placed, silent):
    """Whether both have the same notes within the measures of their parts, but for less than a 24th of a quarter and `silent` cue notes.

    Lengths are compared of notes that end in their measure: a tie over the line of a measure of another length has another length too.
    """
    own, others = collections.defaultdict(list), collections.defaultdict(list)
    lengths = [b - a for a, b in zip(bars, bars[1:])] + [Fraction(10**6)]
    for onset, duration, pitch in notes.elements():
        measure = max(bisect.bisect_right(bars, onset + TOLERANCE) - 1, 0)
        own[measure, pitch].append((float(onset - bars[measure]), float(duration)))
    for measure, onset, duration, pitch in placed:
        others[measure, pitch].append((onset, duration))
    unmatched = 0
    for key in own.keys() | others.keys():
        left = others[key]
        for onset, duration in own[key]:
            crosses = onset + duration > lengths[key[0]]
            near = lambda n: abs(n[0] - onset) < TOLERANCE and (crosses or abs(n[1] - duration) < TOLERANCE)
            found = next((n for n in left if near(n)), None)
            if found is None:
                return False
            left.remove(found)
        unmatched += len(left)
    return unmatched <= silent


def covered(notes):
    """When each pitch sounds, whatever the number of notes: the same for one note and for its tied pieces."""
    intervals = collections.defaultdict(list)
    for onset, duration, pitch in sorted(notes):
        last = intervals[pitch][-1] if intervals[pitch] else None
        if last and last[1] >= onset:
            last[1] = max(last[1], onset + duration)
        else:
            intervals[pitch].append([onset, onset + duration])
    return {(pitch, *span) for pitch, spans in intervals.items() for span in spans}


def dump(folders):
    target = os.environ.get("CARGO_TARGET_DIR", "target")
    program = os.environ.get("DUMP_NOTATION", f"{target}/release/examples/dump_notation")
    lines = subprocess.run([program, "--written", *folders], capture_output=True, check=True).stdout.decode().splitlines()
    return [json.loads(line) for line in lines]


def table(paths):
    for path in paths:
        rows = [json.loads(line) for line in open(path)]
        for folder in sorted({os.path.dirname(row["file"]) for row in rows}):
            here = [row for row in rows if os.path.dirname(row["file"]) == folder]
            read = [row for row in here if "error" not in row]
            causes = collections.Counter()
            for row in read:
                causes.update(row["causes"])
            print(f"{os.path.basename(path)}, {os.path.basename(folder)}: {len(here)} files")
            for row in here:
                if "error" in row:
                    print(f"  {os.path.basename(row['file'])}: {row['error'][:150]}")
            total, equal = sum(row["notes"] for row in read), sum(row["equal"] for row in read)
            same = sum(row["equal"] == row["notes"] and not set(row["causes"]) - {"measures"} for row in read)
            bars, same_bars = (sum(row["bars"][i] for row in read) for i in (0, 1))
            print(f"  {same} of {len(read)} files equal (measure by measure); {equal} of {total} notes; {same_bars} of {bars} measures")
            print(f"  differing notes by cause: {dict(causes)}")
            print(f"  grace notes (composer, other): {[sum(row['graces'][i] for row in read) for i in (0, 1)]}")
            own, other = (sum(row["seconds"][i] for row in read) for i in (0, 1))
            print(f"  seconds: composer {own:.2f}, other {other:.1f}: {other / max(own, 1e-9):.0f} times")


def main():
    if sys.argv[1] == "table":
        return table(sys.argv[2:])
    reader, results, folders = sys.argv[1], sys.argv[2], sys.argv[3:]
    done = {json.loads(line)["file"] for line in open(results)} if os.path.exists(results) else set()
    lines = [line for line in dump(folders) if line["file"] not in done]
    random.Random(15).shuffle(lines)
    with open(results, "a") as out:
        for line in lines:
            try:
                result = {"error": "composer: " + line["error"]} if "error" in line else compare(line, reader)
            except Exception as error:  # an error of another reader is a result, not a failure
                result = {"error": f"{reader}: {error!r}"}
            out.write(json.dumps({"file": line["file"], **result}) + "\n")
            out.flush()
    table([results])


if __name__ == "__main__":
    main()
