"""Writes crates/evaluation/tests/goldens/muspy.json: metrics of seeded scores by MusPy.

    pip install muspy==0.5.0 && python scripts/goldens/muspy_metrics.py
"""

import json
import math
import pathlib
import random

import muspy


def score(rng, resolution, tracks, notes, empty=0.0):
    """A random score: (is_drum, [[time, pitch, duration]]) per track."""
    length = resolution * rng.choice([4, 8, 16, 17])
    result = []
    for is_drum in tracks:
        track = []
        for _ in range(notes):
            if rng.random() < empty:
                continue
            step = rng.choice([1, resolution // 4, resolution // 3, resolution])
            time = rng.randrange(0, length, max(step, 1))
            track.append([time, rng.randrange(30, 90), rng.choice([1, 2, resolution // 2, resolution, 3 * resolution])])
        result.append([is_drum, track])
    return {"resolution": resolution, "tracks": result}


def cases():
    rng = random.Random(50)
    yield {"resolution": 24, "tracks": []}
    yield {"resolution": 24, "tracks": [[False, []]]}
    yield {"resolution": 24, "tracks": [[True, [[0, 36, 12], [24, 38, 12], [31, 42, 1]]]]}
    yield {"resolution": 24, "tracks": [[False, [[0, 60, 24]]]]}
    yield {"resolution": 24, "tracks": [[False, [[0, 60, 96], [0, 64, 96]]]]}
    yield {"resolution": 24, "tracks": [[False, [[0, 60, 96], [0, 64, 96], [48, 67, 48], [60, 60, 200]]], [True, [[8, 36, 4]]]]}
    for resolution in (24, 480, 7, 6, 4):
        for tracks in ([False], [False, True], [False, False, True], [True]):
            for notes in (1, 5, 60):
                yield score(rng, resolution, tracks, notes, empty=0.1)


def number(value):
    """JSON has neither NaN nor −0."""
    if math.isnan(value):
        return "nan"
    return repr(float(value))


def attempt(function, *arguments):
    try:
        return number(function(*arguments))
    except ValueError:
        return "error"


def metrics(case):
    music = muspy.Music(resolution=case["resolution"])
    for is_drum, notes in case["tracks"]:
        track = muspy.Track(is_drum=is_drum)
        track.notes = [muspy.Note(time=t, pitch=p, duration=d, velocity=64) for t, p, d in notes]
        music.tracks.append(track)
    measure = 4 * music.resolution
    return {
        "pitch_range": attempt(muspy.pitch_range, music),
        "n_pitches_used": attempt(muspy.n_pitches_used, music),
        "n_pitch_classes_used": attempt(muspy.n_pitch_classes_used, music),
        "polyphony": attempt(muspy.polyphony, music),
        "polyphony_rate": attempt(muspy.polyphony_rate, music),
        "polyphony_rate_1": attempt(muspy.polyphony_rate, music, 1),
        "pitch_in_scale_rate_g_major": attempt(muspy.pitch_in_scale_rate, music, 7, "major"),
        "pitch_in_scale_rate_b_flat_minor": attempt(muspy.pitch_in_scale_rate, music, 10, "minor"),
        "scale_consistency": attempt(muspy.scale_consistency, music),
        "pitch_entropy": attempt(muspy.pitch_entropy, music),
        "pitch_class_entropy": attempt(muspy.pitch_class_entropy, music),
        "empty_beat_rate": attempt(muspy.empty_beat_rate, music),
        "empty_measure_rate": attempt(muspy.empty_measure_rate, music, measure),
        "drum_in_pattern_rate_duple": attempt(muspy.drum_in_pattern_rate, music, "duple"),
        "drum_in_pattern_rate_triple": attempt(muspy.drum_in_pattern_rate, music, "triple"),
        "drum_pattern_consistency": attempt(muspy.drum_pattern_consistency, music),
        "groove_consistency": attempt(muspy.groove_consistency, music, measure),
    }


path = pathlib.Path(__file__).resolve().parents[2] / "crates/evaluation/tests/goldens/muspy.json"
golden = {
    "generator": "scripts/goldens/muspy_metrics.py",
    "versions": {"muspy": muspy.__version__},
    "cases": [dict(case, metrics=metrics(case)) for case in cases()],
}
path.write_text(json.dumps(golden, separators=(",", ":")) + "\n")
