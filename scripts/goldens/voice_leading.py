"""Writes crates/evaluation/tests/goldens/voice_leading.json: voice-leading faults counted by music21, on seeded voices
and, counts only, on the JSB Chorales ($COMPOSER_DATASETS/jsb16, default ../shared/datasets beside the project).

    pip install music21 && python scripts/goldens/voice_leading.py

music21 determines the motion and the intervals of two voices. Which pairs of voices and moments are compared follows the definition
in `statistics::voice_leading`. music21's own `parallelFifth` also counts contrary motion, and its `hiddenFifth` needs no leap.
"""

import functools
import importlib.metadata
import json
import os
import pathlib
import random

from music21 import interval, note, pitch, voiceLeading

ROOT = pathlib.Path(__file__).resolve().parents[2]
NAMES = ["parallel_fifths", "parallel_octaves", "hidden_fifths", "hidden_octaves", "crossings", "overlaps", "wide_spacings"]


def spelled(high, low):
    """Two notes, spelled so that seven semitones are a fifth and twelve an octave."""
    upper, lower = pitch.Pitch(midi=high), pitch.Pitch(midi=low)
    name = {0: "P1", 7: "P5" if high > low else "-P5"}.get(abs(high - low) % 12)
    if name is not None:
        lower.spellingIsInferred = False
        upper = lower.transpose(interval.Interval(name))
        upper.octave += round((high - upper.midi) / 12)
        assert upper.midi == high
    return note.Note(upper), note.Note(lower)


@functools.cache
def motion(high, low, new_high, new_low):
    """(parallel fifths, parallel octaves, similar motion into a fifth, into an octave, overlaps)."""
    (a, b), (c, d) = spelled(high, low), spelled(new_high, new_low)
    quartet = voiceLeading.VoiceLeadingQuartet(a, c, b, d)
    fifths = quartet.parallelMotion(requiredInterval="P5", allowOctaveDisplacement=True)
    octaves = any(quartet.parallelMotion(requiredInterval=name, allowOctaveDisplacement=True) for name in ("P8", "P1"))
    same_way = quartet.similarMotion() or quartet.parallelMotion(allowOctaveDisplacement=True)
    into = quartet.vIntervals[1].semiSimpleName
    overlaps = (d.pitch > a.pitch) + (c.pitch < b.pitch)
    assert quartet.voiceOverlap() == (overlaps > 0)
    return fifths, octaves, same_way and into == "P5" and not fifths, same_way and into in ("P8", "P1") and not octaves, overlaps


def count(voices):
    """`voices`: from high to low, each a list of (onset, pitch, duration)."""
    counts = dict.fromkeys(NAMES, 0)
    counts["notes"] = sum(map(len, voices))
    onsets = sorted({onset for voice in voices for onset, _, _ in voice})
    sounding = lambda voice, t: next((p for onset, p, length in reversed(voice) if onset <= t < onset + length), None)
    moments = [[sounding(voice, t) for voice in voices] for t in onsets]
    for moment in moments:
        for i, (high, low) in enumerate(zip(moment, moment[1:])):
            if high is None or low is None:
                continue
            counts["crossings"] += pitch.Pitch(midi=high) < pitch.Pitch(midi=low)
            wide = i + 2 < len(voices) and interval.Interval(pitch.Pitch(midi=low), pitch.Pitch(midi=high)).semitones > 12
            counts["wide_spacings"] += wide
    for before, now in zip(moments, moments[1:]):
        for i in range(len(voices)):
            for j in range(i + 1, len(voices)):
                four = before[i], before[j], now[i], now[j]
                if None in four:
                    continue
                fifths, octaves, into_fifth, into_octave, overlaps = motion(*four)
                counts["parallel_fifths"] += fifths
                counts["parallel_octaves"] += octaves
                outer = i == 0 and j == len(voices) - 1 and abs(now[i] - before[i]) > 2
                counts["hidden_fifths"] += outer and into_fifth
                counts["hidden_octaves"] += outer and into_octave
                counts["overlaps"] += overlaps if j == i + 1 else 0
    return {name: int(value) for name, value in counts.items()}


def random_voices(rng, voices, notes):
    """Voices that move by steps and leaps in one scale, with rests and crossings."""
    scale = [p for p in range(36, 84) if p % 12 in (0, 2, 4, 5, 7, 9, 11)]
    result = []
    for voice in range(voices):
        at, t, line = len(scale) * (voices - voice) // (voices + 1), 0, []
        for _ in range(notes):
            at = max(0, min(len(scale) - 1, at + rng.choice([-4, -2, -1, -1, 0, 1, 1, 2, 4])))
            length = rng.choice([6, 12, 12, 24])
            if rng.random() < 0.95:
                line.append((t, scale[at], length))
            t += length
        result.append(line)
    return result


def chorale(frames):
    """Voices of sixteenths with held notes joined, as lists of notes."""
    voices = []
    for voice in range(4):
        line, last = [], -1
        for t, frame in enumerate(frames):
            p = int(frame[voice])
            if p >= 0 and p == last:
                line[-1] = (line[-1][0], p, line[-1][2] + 3)
            elif p >= 0:
                line.append((3 * t, p, 3))
            last = p
        voices.append(line)
    return voices


rng = random.Random(21)
cases = [random_voices(rng, voices, 40) for voices in (2, 3, 4, 4)]
golden = {
    "generator": "scripts/goldens/voice_leading.py",
    "versions": {"music21": importlib.metadata.version("music21")},
    "cases": [{"voices": voices, "counts": count(voices)} for voices in cases],
}
sets = pathlib.Path(os.environ.get("COMPOSER_DATASETS", ROOT / "../shared/datasets")) / "jsb16/Jsb16thSeparated.json"
pieces = [piece for split in json.loads(sets.read_text()).values() for piece in split]
totals = dict.fromkeys(NAMES + ["notes"], 0)
for piece in pieces:
    for name, value in count(chorale(piece)).items():
        totals[name] += value
golden["jsb_chorales"] = {"pieces": len(pieces), "counts": totals}
path = ROOT / "crates/evaluation/tests/goldens/voice_leading.json"
path.write_text(json.dumps(golden, separators=(",", ":")) + "\n")
print(golden["jsb_chorales"])
