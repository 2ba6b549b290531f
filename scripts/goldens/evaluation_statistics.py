"""Writes crates/evaluation/tests/goldens/statistics.json: figures by scipy, scikit-learn, mir_eval, music21, choix and
statsmodels on seeded inputs.

    pip install scipy scikit-learn mir_eval music21 choix statsmodels
    python scripts/goldens/evaluation_statistics.py
"""

import importlib.metadata
import json
import pathlib

import choix
import mir_eval
import music21
import numpy as np
from scipy import integrate, optimize, spatial, stats
from sklearn import metrics
from statsmodels.stats import multitest, proportion

RNG = np.random.default_rng(8)


def samples():
    yield RNG.normal(0, 1, 40), RNG.normal(0.5, 2, 25)
    yield RNG.integers(0, 6, 30).astype(float), RNG.integers(2, 9, 50).astype(float)
    yield RNG.exponential(3, 12), RNG.exponential(1, 200)


def overlap(a, b):
    f, g = stats.gaussian_kde(a), stats.gaussian_kde(b)
    low, high = min(a.min(), b.min()) - 20, max(a.max(), b.max()) + 20
    grid = np.linspace(low, high, 200_001)
    return integrate.trapezoid(np.minimum(f(grid), g(grid)), grid)


def sample_cases():
    for a, b in samples():
        yield {
            "a": a.tolist(),
            "b": b.tolist(),
            "wasserstein": stats.wasserstein_distance(a, b),
            "overlapped_area": overlap(a, b),
            "auc": metrics.roc_auc_score([1] * len(a) + [0] * len(b), np.concatenate([a, b])),
            "quantile_95": np.quantile(a, 0.95),
        }


def histogram_cases():
    for _ in range(4):
        a, b = RNG.integers(0, 5, 12), RNG.integers(0, 5, 12)
        yield {"a": a.tolist(), "b": b.tolist(), "jensen_shannon": spatial.distance.jensenshannon(a, b, base=2) ** 2}


def key_cases():
    for _ in range(12):
        notes = [(int(p), int(d)) for p, d in zip(RNG.integers(40, 80, 14), RNG.integers(1, 9, 14))]
        stream = music21.stream.Stream()
        for pitch, quarters in notes:
            stream.append(music21.note.Note(pitch, quarterLength=quarters))
        key = stream.analyze("key.krumhanslkessler")
        tonic = music21.pitch.Pitch(key.tonic.name).pitchClass
        yield {"notes": notes, "tonic": tonic, "minor": key.mode == "minor", "correlation": key.correlationCoefficient}


def frame_cases():
    for _ in range(3):
        reference = [np.unique(RNG.integers(50, 70, RNG.integers(0, 5))) for _ in range(20)]
        predicted = [np.unique(np.append(r[: RNG.integers(0, len(r) + 1)], RNG.integers(50, 70, RNG.integers(0, 3)))) for r in reference]
        hertz = lambda frames: [mir_eval.util.midi_to_hz(f.astype(float)) for f in frames]
        times = np.arange(20) / 10
        result = mir_eval.multipitch.metrics(times, hertz(reference), times, hertz(predicted))
        yield {
            "reference": [f.astype(int).tolist() for f in reference],
            "predicted": [f.astype(int).tolist() for f in predicted],
            "precision": result[0],
            "recall": result[1],
            "accuracy": result[2],
        }


def binomial_cases():
    for k, n, p in [(0, 5, 0.5), (3, 10, 0.5), (60, 100, 0.5), (100, 100, 0.5), (7, 20, 0.3), (523, 1000, 0.5)]:
        low, high = proportion.proportion_confint(k, n, method="beta")
        yield {
            "successes": k, "trials": n, "probability": p, "p_value": stats.binomtest(k, n, p).pvalue,
            "low": low, "high": high,
            "p_equivalent_10": max(stats.binom.sf(k - 1, n, 0.4), stats.binom.cdf(k, n, 0.6)),
        }


def friedman_cases():
    for shape, levels in [((8, 3), 100), ((20, 4), 5), ((5, 6), 3)]:
        ratings = RNG.integers(1, levels, shape).astype(float)
        ratings[:, 0] += 1
        result = stats.friedmanchisquare(*ratings.T)
        yield {"blocks": ratings.tolist(), "statistic": result.statistic, "p_value": result.pvalue}


def wilcoxon_cases():
    for n, whole in [(6, False), (30, False), (49, False), (80, False), (25, True), (60, True)]:
        a, b = RNG.normal(0.3, 1, n), RNG.normal(0, 1, n)
        if whole:
            a, b = np.round(2 * a), np.round(2 * b)
        method = "approx" if whole or n > 50 else "exact"
        result = stats.wilcoxon(a, b, zero_method="wilcox", correction=False, method=method)
        yield {"a": a.tolist(), "b": b.tolist(), "statistic": result.statistic, "p_value": result.pvalue}


def holm_case():
    p = RNG.random(7) ** 3
    return {"p_values": p.tolist(), "adjusted": multitest.multipletests(p, method="holm")[1].tolist()}


def bradley_terry_cases():
    strengths = np.array([0.8, 0.1, -0.3, -0.6])
    wins = []
    for _ in range(300):
        i, j = RNG.choice(4, 2, replace=False)
        wins.append((i, j) if RNG.random() < 1 / (1 + np.exp(strengths[j] - strengths[i])) else (j, i))
    found = choix.ilsr_pairwise(4, wins)
    yield {"outcomes": [[int(i), int(j), 1.0] for i, j in wins], "log_strengths": (found - found.mean()).tolist(), "tie": 0.0}

    # No well-known package has Davidson's model, so scipy maximises its likelihood.
    outcomes = []
    for i, j in wins:
        outcomes.append([int(i), int(j), 0.5 if RNG.random() < 0.3 else 1.0])

    def negative(x):
        total = 0.0
        for i, j, score in outcomes:
            terms = np.array([x[i], x[j], x[4] + 0.5 * (x[i] + x[j])])
            total -= terms[0 if score == 1.0 else 2] - np.logaddexp.reduce(terms)
        return total + 1e-9 * np.sum(np.square(x))

    best = optimize.minimize(negative, np.zeros(5), method="BFGS", options={"gtol": 1e-8}).x
    yield {"outcomes": outcomes, "log_strengths": (best[:4] - best[:4].mean()).tolist(), "tie": float(np.exp(best[4]))}


path = pathlib.Path(__file__).resolve().parents[2] / "crates/evaluation/tests/goldens/statistics.json"
packages = ["numpy", "scipy", "scikit-learn", "mir_eval", "music21", "choix", "statsmodels"]
golden = {
    "generator": "scripts/goldens/evaluation_statistics.py",
    "versions": {package: importlib.metadata.version(package) for package in packages},
    "samples": list(sample_cases()),
    "histograms": list(histogram_cases()),
    "keys": list(key_cases()),
    "frames": list(frame_cases()),
    "binomial": list(binomial_cases()),
    "friedman": list(friedman_cases()),
    "wilcoxon": list(wilcoxon_cases()),
    "holm": holm_case(),
    "bradley_terry": list(bradley_terry_cases()),
}
path.write_text(json.dumps(golden, separators=(",", ":")) + "\n")
