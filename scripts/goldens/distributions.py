"""Writes crates/evaluation/tests/goldens/distributions.json: histograms of seeded melodies and chords by pretty_midi and, for
note lengths, by numpy after mgeval (Yang and Lerch 2020); distances between sets of them by scipy.

    pip install numpy scipy pretty_midi && python scripts/goldens/distributions.py

mgeval is not a package and needs Python 2; it takes its pitch-class figures from pretty_midi. At 60 quarters per minute a grid step
is 83 ms, more than the 50 ms within which pretty_midi calls two notes consecutive. mgeval's densities are scipy's gaussian_kde, and
its overlapped area is integrated numerically; here both densities use the same grid.
"""

import importlib.metadata
import json
import pathlib

import numpy as np
import pretty_midi
from scipy import integrate, spatial, stats

RNG = np.random.default_rng(30)
STEPS = 12  # per quarter
UNITS = np.array([96, 48, 24, 12, 6, 72, 36, 18, 9, 32, 16, 8]) / 96 * 4 * STEPS  # of a bar of four quarters


def piece(scale, lengths):
    """[[onset, pitch, duration]] in steps, by onset then pitch: a melody over chords, with rests."""
    notes, t = [], 0
    for _ in range(40):
        length = int(RNG.choice(lengths))
        if RNG.random() < 0.9:
            notes.append([t, int(72 + RNG.choice(scale)), length])
        if RNG.random() < 0.3:
            notes += [[t, int(48 + p), int(RNG.choice([12, 24]))] for p in RNG.choice(scale, 2, replace=False)]
        t += length
    return sorted(notes)


def classes(lengths):
    return [int(np.abs(UNITS - length).argmin()) for length in lengths]


def histograms(notes):
    music = pretty_midi.PrettyMIDI(initial_tempo=60)
    piano = pretty_midi.Instrument(0)
    piano.notes = [pretty_midi.Note(64, p, t / STEPS, (t + d) / STEPS) for t, p, d in notes]
    music.instruments.append(piano)
    lengths = classes(d for _, _, d in notes)
    transitions = np.zeros((12, 12))
    np.add.at(transitions, (lengths[:-1], lengths[1:]), 1)
    onsets = np.unique([t for t, _, _ in notes])
    return {
        "pitch_classes": music.get_pitch_class_histogram(use_duration=True, normalize=True).tolist(),
        "pitch_class_transitions": music.get_pitch_class_transition_matrix().ravel().tolist(),
        "note_lengths": np.bincount(lengths, minlength=12).tolist(),
        "note_length_transitions": transitions.ravel().tolist(),
        "inter_onset_intervals": np.bincount(classes(np.diff(onsets)), minlength=12).tolist(),
    }


def overlapped_area(a, b):
    f, g = stats.gaussian_kde(a), stats.gaussian_kde(b)
    grid = np.linspace(min(a.min(), b.min()) - 1, max(a.max(), b.max()) + 1, 100_001)
    return integrate.trapezoid(np.minimum(f(grid), g(grid)), grid)


def distances(ours, real):
    """For every histogram: Jensen–Shannon divergence of the mean shares, and the overlapped area of the distances between
    the sets and within the second one."""
    result = {}
    for name in ours[0]:
        share = lambda set: np.array([np.array(h[name]) / np.sum(h[name]) for h in set])
        a, b = share(ours), share(real)
        result[name] = {
            "divergence": spatial.distance.jensenshannon(a.mean(0), b.mean(0), base=2) ** 2,
            "overlap": overlapped_area(spatial.distance.cdist(a, b).ravel(), spatial.distance.pdist(b)),
        }
    return result


sets = [
    [piece([0, 2, 4, 5, 7, 9, 11], [6, 12]) for _ in range(12)],
    [piece([0, 1, 4, 6, 7, 10], [3, 8, 12, 20]) for _ in range(15)],
]
golden = {
    "generator": "scripts/goldens/distributions.py",
    "versions": {name: importlib.metadata.version(name) for name in ["numpy", "scipy", "pretty_midi"]},
    "sets": [[{"notes": notes, "histograms": histograms(notes)} for notes in pieces] for pieces in sets],
    "distances": distances(*[[histograms(notes) for notes in pieces] for pieces in sets]),
}
path = pathlib.Path(__file__).resolve().parents[2] / "crates/evaluation/tests/goldens/distributions.json"
path.write_text(json.dumps(golden, separators=(",", ":")) + "\n")
