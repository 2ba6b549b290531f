#!/usr/bin/env python3
"""Whether the styles that a `reharmonise` model writes can be told apart, by a classifier that has seen real music only.

    pip install mido numpy
    scripts/recognise_styles.py REAL COMPOSED        each with a folder of MIDI files for each style, of the same names

Features of a piece as a whole (melody included): density, polyphony, places in the beat, lengths, range, register, intervals, repetition. The classifier is
multinomial logistic regression on standardised features. Printed: its accuracy on real pieces by 5-fold cross-validation, the share of composed pieces that it
assigns to the style that was asked for, and what it takes the others for. Where all composed pieces have melodies of one style, that is the harder test.
"""

import collections
import math
import random
import sys
from pathlib import Path

import mido
import numpy as np


def notes_of(path):
    """(onset, duration, pitch) in quarters, drums left out."""
    midi, notes = mido.MidiFile(path), []
    for track in midi.tracks:
        now, open_notes = 0, {}
        for event in track:
            now += event.time
            if event.type not in ("note_on", "note_off") or event.channel == 9:
                continue
            key = (event.channel, event.note)
            if key in open_notes:
                start = open_notes.pop(key)
                notes.append((start / midi.ticks_per_beat, (now - start) / midi.ticks_per_beat, event.note))
            if event.type == "note_on" and event.velocity > 0:
                open_notes[key] = now
    return sorted(notes)[:4000]


def entropy(counts):
    total = sum(counts)
    return -sum(c / total * math.log2(c / total) for c in counts if c)


def features(path):
    notes = notes_of(path)
    if len(notes) < 32:
        return None
    onsets, lengths, pitches = (np.array(column, float) for column in zip(*notes))
    end = (onsets + lengths).max()
    sixteenth = np.round(onsets * 4).astype(int)
    places = np.bincount(sixteenth % 4, minlength=4) / len(notes)
    chords = collections.Counter(sixteenth)
    bars = collections.defaultdict(set)
    for start, pitch in zip(sixteenth, pitches):
        bars[start // 16].add((start % 16, int(pitch)))
    rhythms = [frozenset(start for start, _ in bar) for bar in bars.values()]
    low = [p for p in pitches if p <= np.quantile(pitches, 0.3)]
    classes = np.bincount(pitches.astype(int) % 12, minlength=12)
    return [
        len(notes) / end, len(chords) / end, lengths.sum() / end, *places, np.log(lengths.mean()), np.median(lengths), np.std(lengths),
        pitches.mean(), pitches.std(), np.ptp(pitches), np.mean(low), np.std(low), entropy(classes),
        len(set(rhythms)) / len(rhythms), len(set(map(frozenset, bars.values()))) / len(bars),
        np.mean([count == 1 for count in chords.values()]), np.mean([count >= 4 for count in chords.values()]),
        np.abs(np.diff(pitches)).mean(),
    ]


def fit(x, y, classes, steps=1500, decay=0.01):
    mean, spread = x.mean(0), x.std(0) + 1e-9
    x = np.c_[(x - mean) / spread, np.ones(len(x))]
    target, weights = np.eye(classes)[y], np.zeros((x.shape[1], classes))
    balance = (1 / np.bincount(y, minlength=classes))[y][:, None] * len(y) / classes
    for _ in range(steps):
        logits = x @ weights
        p = np.exp(logits - logits.max(1, keepdims=True))
        p /= p.sum(1, keepdims=True)
        weights -= 0.5 * (x.T @ (balance * (p - target)) / len(x) + decay * weights)
    return lambda new: (np.c_[(new - mean) / spread, np.ones(len(new))] @ weights).argmax(1)


def load(folder, styles):
    rows = [(features(file), i) for i, style in enumerate(styles) for file in sorted((folder / style).glob("*.mid"))]
    rows = [row for row in rows if row[0] is not None]
    return np.array([row[0] for row in rows]), np.array([row[1] for row in rows])


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    real, composed = map(Path, sys.argv[1:])
    styles = sorted(folder.name for folder in composed.iterdir() if folder.is_dir())
    x, y = load(real, styles)
    order = list(range(len(y)))
    random.Random(1).shuffle(order)
    folds, right = [np.array(order[i::5]) for i in range(5)], 0
    for held in folds:
        rest = np.setdiff1d(np.arange(len(y)), held)
        right += (fit(x[rest], y[rest], len(styles))(x[held]) == y[held]).sum()
    print(f"real pieces: {len(y)}, {100 * right / len(y):.0f} % recognised (5-fold cross-validation)")
    new, asked = load(composed, styles)
    found = fit(x, y, len(styles))(new)
    print(f"composed pieces: {len(asked)}, {100 * (found == asked).mean():.0f} % are taken for the style that was asked for")
    for i, style in enumerate(styles):
        taken = collections.Counter(styles[j] for j in found[asked == i])
        print(f"  {style}: " + ", ".join(f"{count} {name}" for name, count in taken.most_common()))


main()
