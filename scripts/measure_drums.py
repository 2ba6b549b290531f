#!/usr/bin/env python3
"""Compares composed drums with real ones: hits in a bar, places in the bar, bars that return, which drums, velocities and timing.

    pip install mido
    scripts/measure_drums.py REAL COMPOSED      folders of MIDI files; those of REAL may be performances

The statistics of `composer evaluate` are about pitches. Here each statistic is the mean over the pieces of a folder, with the interval in which that of
as many real pieces lies (95 %, bootstrap over the pieces of REAL, seed 1), and whether the composed pieces are inside it. Hits are moved to the nearest
point of the grid of sixteenths and triplet eighths; only the first 16 bars of a piece count, and bars without hits do not.
"""

import argparse
import collections
import pathlib
import random
import statistics

import mido

GRID = (0, 3, 4, 6, 8, 9)  # of twelve in a quarter
CLASSES = {"bass drum": {35, 36}, "snare": {37, 38, 39, 40}, "hi-hat": {22, 26, 42, 44, 46}, "toms": {41, 43, 45, 47, 48, 50, 58},
           "cymbals": {49, 51, 52, 53, 55, 57, 59}}


def hits(file):
    """(Twelfths of a quarter on the grid, exact quarters, pitch, velocity) of each drum, and the quarters in a bar."""
    midi = mido.MidiFile(file)
    found, quarters = [], 4.0
    for track in midi.tracks:
        now = 0
        for message in track:
            now += message.time
            if message.type == "time_signature":
                quarters = 4 * message.numerator / message.denominator
            if message.type == "note_on" and message.velocity > 0 and message.channel == 9:
                exact = now / midi.ticks_per_beat
                whole = int(exact)
                place = min((abs(12 * (exact - whole) - point), 12 * whole + point) for point in (*GRID, 12))[1]
                found.append((place, exact, message.note, message.velocity))
    return sorted(found), quarters


def of_piece(file):
    """Statistics of a piece; none where it has no drums."""
    played, quarters = hits(file)
    length = round(12 * quarters)
    played = [hit for hit in played if hit[0] < 16 * length]
    if not played:
        return None
    bars = collections.defaultdict(set)
    for place, _, pitch, _ in played:
        bars[place // length].add((place % length, pitch))
    seen, returned = set(), 0
    for _, bar in sorted(bars.items()):
        returned += frozenset(bar) in seen
        seen.add(frozenset(bar))
    inside = [place % 12 for place, *_ in played]
    velocities = [velocity for *_, velocity in played]
    late = [1000 * (exact - place / 12) for place, exact, *_ in played]
    result = {
        "hits in a bar": len(played) / len(bars),
        "share on quarters": sum(place == 0 for place in inside) / len(inside),
        "share on eighths between": sum(place == 6 for place in inside) / len(inside),
        "share on odd sixteenths": sum(place in (3, 9) for place in inside) / len(inside),
        "share on triplets": sum(place in (4, 8) for place in inside) / len(inside),
        "bars that return": returned / len(bars),
        "different places in a bar": statistics.mean(len({place for place, _ in bar}) for bar in bars.values()),
        "velocity, mean": statistics.mean(velocities),
        "velocity, spread": statistics.pstdev(velocities),
        "offset, spread (thousandths of a quarter)": statistics.pstdev(late),
    }
    for name, pitches in CLASSES.items():
        result[f"share of {name}"] = sum(pitch in pitches for _, _, pitch, _ in played) / len(played)
    return result


def of_folder(folder):
    pieces = [of_piece(file) for file in sorted(pathlib.Path(folder).rglob("*.mid"))]
    return [piece for piece in pieces if piece]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("real")
    parser.add_argument("composed")
    args = parser.parse_args()
    real, composed = of_folder(args.real), of_folder(args.composed)
    rng, within = random.Random(1), 0
    print(f"| {len(real)} real and {len(composed)} composed pieces | real | interval | composed | inside |\n|---|---|---|---|---|")
    for name in real[0]:
        values = [piece[name] for piece in real]
        means = sorted(statistics.mean(rng.choices(values, k=len(composed))) for _ in range(2000))
        low, high = means[50], means[1949]
        value = statistics.mean(piece[name] for piece in composed)
        within += low <= value <= high
        print(f"| {name} | {statistics.mean(values):.2f} | {low:.2f} to {high:.2f} | {value:.2f} | {'yes' if low <= value <= high else 'no'} |")
    print(f"\n{within} of {len(real[0])} inside")


if __name__ == "__main__":
    main()
