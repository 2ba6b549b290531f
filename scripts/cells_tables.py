#!/usr/bin/env python3
"""Tables of `composer study cells` as Markdown: differences from teacher forcing with the same cell and seed, mean ± half of the 95 % interval by
Student's t over cells and seeds; bold where the interval excludes 0.

Usage: python3 scripts/cells_tables.py cells.csv …
"""

import csv
import math
import sys

MEASURES = [("nll", "held-out NLL", 2), ("divergence", "divergence", 3), ("reference_nll", "reference NLL", 1), ("reference_slope", "its change over 16 bars", 1), ("perturbation_first", "wrong notes", 2)]
TITLES = {"linear": "scheduled sampling", "exponential": "exponential", "inverse-sigmoid": "inverse sigmoid", "always": "always sampling", "noise": "random noise", "dropout": "dropout"}


def quantile(freedom):
    """The 97.5 % quantile of Student's t, by bisection over the integral of its density (Simpson, 2,000 steps)."""
    scale = math.exp(math.lgamma((freedom + 1) / 2) - math.lgamma(freedom / 2)) / math.sqrt(freedom * math.pi)
    density = lambda t: scale * (1 + t * t / freedom) ** (-(freedom + 1) / 2)

    def mass(t, steps=2000):
        h = t / steps
        return h / 3 * sum((1 if i in (0, steps) else 4 if i % 2 else 2) * density(i * h) for i in range(steps + 1))

    low, high = 0.0, 100.0
    while high - low > 1e-6:
        middle = (low + high) / 2
        low, high = (middle, high) if mass(middle) < 0.475 else (low, middle)
    return low


def number(value, digits, signed):
    text = f"{abs(value):.{digits}f}"
    sign = "" if float(text) == 0 and not signed else "−" if value < 0 else "+" if signed else ""
    return sign + text


def cell(differences, digits):
    n = len(differences)
    mean = sum(differences) / n
    if n < 2:
        return number(mean, digits, True)
    deviation = math.sqrt(sum((d - mean) ** 2 for d in differences) / (n - 1))
    half = quantile(n - 1) * deviation / math.sqrt(n)
    text = f"{number(mean, digits, True)} ± {half:.{digits}f}"
    return f"**{text}**" if abs(mean) > half else text


def main():
    for path in sys.argv[1:]:
        rows = list(csv.DictReader(open(path)))
        arms = [arm for arm in TITLES if any(row["arm"] == arm for row in rows)]
        for form in sorted({row["representation"] for row in rows}):
            of = {(row["cell"], row["arm"], row["seed"]): row for row in rows if row["representation"] == form}
            cells, seeds = {key[0] for key in of}, {key[2] for key in of}
            print(f"\n{path}: {len(cells)} cells, {len(seeds)} seeds\n\n| {form} | teacher forcing | {' | '.join(TITLES[arm] for arm in arms)} |\n|---|{'--:|' * (len(arms) + 1)}")
            for key, title, digits in MEASURES:
                forced = [float(row[key]) for (_, arm, _), row in of.items() if arm == "teacher-forcing"]
                line = [number(sum(forced) / len(forced), digits, False)]
                for arm in arms:
                    line.append(cell([float(row[key]) - float(of[c, "teacher-forcing", s][key]) for (c, a, s), row in of.items() if a == arm], digits))
                print(f"| {title} | {' | '.join(line)} |")


if __name__ == "__main__":
    main()
