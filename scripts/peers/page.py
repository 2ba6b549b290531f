"""Writes benches/PEERS.md and benches/ROOFLINE.md from the results of compare_peers.py."""

import math
import statistics
from pathlib import Path

from network import GATES

# Values that a step of a unit saves for the backward pass: gates, states, and for the GRU the product with the reset gate.
SAVED = {"rnn": 1, "lstm": 6, "gru": 5}
NAMES = {"pytorch": "PyTorch", "jax": "JAX", "onnxruntime": "ONNX Runtime", "openvino": "OpenVINO", "candle": "candle", "burn": "burn",
         "rust-lstm": "rust-lstm", "tract": "tract", "rten": "rten"}
PEERS = {"train": ("pytorch", "jax", "candle", "burn", "rust-lstm"),
         "step": ("onnxruntime", "openvino", "pytorch", "jax", "tract", "rten", "candle", "burn")}
PEERS |= {"sequence": PEERS["step"], "notes": ("pytorch",)}
GOALS = {"train": 1.5, "step": 2.0, "sequence": 1.0, "notes": 1.5}
TITLES = {"train": "One training step", "step": "One generated step", "sequence": "Sequences side by side",
          "notes": "One training step of the network that writes notes"}
UNITS = {"train": (1e3, "ms"), "step": (1e6, "µs"), "sequence": (1e3, "ms"), "notes": (1e3, "ms")}


def label(case):
    keys = ("hidden", "features", "batch") if case["mode"] == "notes" else ("features", "hidden", "layers", "batch")
    sizes = "/".join(str(case[key]) for key in keys)
    return f"{case['cell']} {sizes}" + ("" if case["mode"] == "step" else f"/{case['steps']}")


def weights(cell, features, hidden, layers):
    """Weights of the products, without biases."""
    each = sum(GATES[cell] * hidden * ((features if layer == 0 else hidden) + hidden) for layer in range(layers))
    return each + hidden * features


def weight_bytes(case):
    biases = 2 * case["layers"] * GATES[case["cell"]] * case["hidden"] + case["features"]
    return 4 * (weights(case["cell"], case["features"], case["hidden"], case["layers"]) + biases)


def fastest(result):
    """Name and seconds of the fastest other library."""
    theirs = {name: value for name, value in result["seconds"].items() if name in NAMES}
    return min(theirs.items(), key=lambda item: item[1]) if theirs else (None, math.nan)


def ratio(result, ours="ours"):
    return fastest(result)[1] / result["seconds"][ours]


def line(result):
    scale, unit = UNITS[result["case"]["mode"]]
    times = ", ".join(f"{name} {value * scale:.4g}" for name, value in result["seconds"].items())
    reasons = "; ".join(f"{name}: {why}" for name, why in result["reasons"].items())
    return f"{result['case']['mode']} {label(result['case'])}: {times} {unit}" + (f" ({reasons})" if reasons else "")


def mean(values):
    return math.exp(statistics.mean(map(math.log, values))) if values else math.nan


def number(value):
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def table(results, mode):
    rows = [result for result in results["cases"] if result["case"]["mode"] == mode]
    peers = [name for name in PEERS[mode] if any(name in row["seconds"] for row in rows)]
    scale, unit = UNITS[mode]
    head = ["shape", f"ours {unit}", "gathered", *(NAMES[name] for name in peers), "fastest peer", "ratio", "rounds", "gathered ratio"]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for row in rows:
        seconds = row["seconds"]
        name, _ = fastest(row)
        cells = [label(row["case"]), number(seconds["ours"] * scale), number(seconds["gathered"] * scale) if "gathered" in seconds else "–"]
        cells += [number(seconds[peer] * scale) if peer in seconds else "–" for peer in peers]
        if name:
            turns = [a / b for a, b in zip(row["rounds"][name], row["rounds"]["ours"])]
            cells += [NAMES[name], f"**{ratio(row):.2f}**", f"{min(turns):.2f}–{max(turns):.2f}", f"{ratio(row, 'gathered'):.2f}" if "gathered" in seconds else "–"]
        else:
            cells += ["–"] * 4
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def times(value):
    return f"{value:.2f}×"


def conclusion(results):
    """Which rows are lost and by how much, and which are short of the goals."""
    parts = []
    for mode in TITLES:
        rows = [row for row in results["cases"] if row["case"]["mode"] == mode and fastest(row)[0]]
        if not rows:
            continue
        lost = sorted((row for row in rows if ratio(row) < 1), key=ratio)
        text = f"*{TITLES[mode]}*, {len(rows)} rows: the fastest other library takes {times(mean([ratio(row) for row in rows]))} our time in the "
        text += f"geometric mean, {times(min(ratio(row) for row in rows))} at worst. "
        if lost:
            named = "; ".join(f"{label(row['case'])} to {NAMES[fastest(row)[0]]} ({times(ratio(row))})" for row in lost)
            text += f"We lose {len(lost)}: {named}. "
        else:
            text += "We lose none. "
        goal = GOALS[mode]
        short = sorted((row for row in rows if 1 <= ratio(row) < goal), key=ratio)
        if goal > 1 and short:
            named = "; ".join(f"{label(row['case'])} ({NAMES[fastest(row)[0]]}, {times(ratio(row))})" for row in short)
            text += f"Ahead, but by less than {goal:g}×: {named}."
        parts.append(text.strip())
    return "\n\n".join(parts)


def left_out(results):
    """One sentence for every library, or every library and task, that has no figure."""
    lines = [f"- {NAMES[name]}: {clean(why)}." for name, why in results["missing"].items()]
    seen = {}
    for row in results["cases"]:
        for name, why in row["reasons"].items():
            if name in NAMES and not ("train" in why and row["case"]["mode"] == "train"):
                seen.setdefault((name, clean(why)), []).append(f"{row['case']['mode']} {label(row['case'])}")
    for (name, why), rows in seen.items():
        lines.append(f"- {NAMES[name]}, {len(rows)} rows ({rows[0]}{', …' if len(rows) > 1 else ''}): {why}.")
    return "\n".join(lines) or "Nothing."


def clean(why):
    return why.replace("|", "/").rstrip(". ")[:300]


def paths(results):
    """What 512-bit instructions bring us, from the same rounds."""
    lines = []
    for mode in TITLES:
        rows = [row["seconds"] for row in results["cases"] if row["case"]["mode"] == mode and "avx2" in row["seconds"]]
        if rows:
            gains = [row["avx2"] / row["ours"] for row in rows]
            lines.append(f"| {TITLES[mode].lower()} | {mean(gains):.2f} | {min(gains):.2f}–{max(gains):.2f} |")
    return "\n".join(lines)


def how_run(results):
    machine, others = results["machine"], results["others"]
    what = ", ".join(f"`{name}` {share:.1f}" for name, share in others)
    load = f"The load of the last five minutes before it was {results['load']:.1f}"
    load += f"; what used most of the processors then: {what} (in processors). " if what else ". "
    priority = "All sides ran at real-time priority, because the machine was shared" if results["realtime"] else "All sides ran at normal priority"
    versions = ", ".join(f"{NAMES[name]} {version}" for name, version in results["versions"].items())
    wide = "has AVX-512, which our side and most of the others use" if machine["avx512"] else "has no AVX-512, so that path is not timed"
    bf16 = "; its bf16 instructions are not used, as all sides compute in f32" if machine["avx512_bf16"] else ""
    energy = "" if machine["energy"] else " Energy cannot be measured: the machine has no counter of it that can be read."
    return (f"{results['date']}, {machine['name']}, {machine['system']}; the machine {wide}{bf16}. {results['threads']} threads on all sides, "
            f"{results['rounds']} alternating rounds, {results['minutes']:.1f} minutes in all{' (the grid of `--quick`)' if results['quick'] else ''}. {load}{priority}.{energy}\n\nVersions: {versions}.")


def write(results, folder):
    here, folder = Path(__file__).parent, Path(folder)
    tables = {mode: table(results, mode) for mode in TITLES}
    text = (here / "PEERS.template.md").read_text().format(
        how_run=how_run(results), left_out=left_out(results), conclusion=conclusion(results), paths=paths(results), **tables)
    (folder / "PEERS.md").write_text(text)
    text = (here / "ROOFLINE.template.md").read_text().format(
        how_run=how_run(results), peak=f"{max(results['peaks']) / 1e9:.0f}", step=step_roof(results), train=train_roof(results))
    (folder / "ROOFLINE.md").write_text(text)
    print("wrote", folder / "PEERS.md", "and", folder / "ROOFLINE.md")


def of_mode(results, *modes):
    for row in results["cases"]:
        if row["case"]["mode"] in modes:
            case = row["case"]
            yield row, case, weights(case["cell"], case["features"], case["hidden"], case["layers"])


def step_roof(results):
    peak, lines = max(results["peaks"]), []
    for row, case, count in of_mode(results, "step"):
        size = weight_bytes(case)
        rate = results["read"].get(str(size // results["threads"]))
        if rate is None:
            continue
        flops, seconds = 2 * case["batch"] * count, row["best"]["ours"]
        reading, computing = size / rate, flops / peak
        bound = "reading" if reading > computing else "arithmetic"
        lines.append(f"| {label(case)} | {flops / 1e6:.2f} | {size / 1e6:.2f} | {flops / size:.1f} | {rate / 1e9:.0f} | {max(reading, computing) * 1e6:.1f} ({bound}) "
                     f"| {seconds * 1e6:.1f} | {flops / seconds / 1e9:.0f} | {size / seconds / 1e9:.0f} | {100 * max(reading, computing) / seconds:.0f} % |")
    return "\n".join(lines)


def train_bytes(case):
    """Bytes that a training step must move at least: activations and gate gradients are written and read, recurrent weights are read at every
    time step forward and backward, and the optimiser reads weights, gradients and two moments and writes weights and moments."""
    rows, hidden, gates = case["batch"] * case["steps"] * case["layers"], case["hidden"], GATES[case["cell"]]
    activations = 2 * rows * hidden * (SAVED[case["cell"]] + gates) + 4 * case["batch"] * case["steps"] * case["features"]
    recurrent = 2 * case["steps"] * case["layers"] * gates * hidden * hidden
    return 4 * (activations + recurrent) + 9 * weight_bytes(case)


def train_roof(results):
    peak, lines = max(results["peaks"]), []
    slowest = min(results["read"].values(), default=math.nan)
    for row, case, count in of_mode(results, "train", "sequence"):
        train = case["mode"] == "train"
        flops = (6 if train else 2) * case["batch"] * case["steps"] * count
        moved = train_bytes(case) if train else 4 * case["steps"] * count
        rate = results["read"].get(str(weight_bytes(case) // results["threads"]), slowest)
        reading, computing, seconds = moved / rate, flops / peak, row["best"]["ours"]
        bound = "reading" if reading > computing else "arithmetic"
        lines.append(f"| {'training' if train else 'sequence'} {label(case)} | {flops / 1e9:.2f} | {moved / 1e6:.0f} | {flops / moved:.0f} "
                     f"| {max(reading, computing) * 1e3:.2f} ({bound}) | {seconds * 1e3:.2f} | {flops / seconds / 1e9:.0f} | {100 * max(reading, computing) / seconds:.0f} % |")
    for row in results["cases"]:
        if "work" in row:
            flops, activations = row["work"]
            moved, seconds = 2 * activations, row["best"]["ours"]
            reading, computing = moved / slowest, flops / peak
            bound = "reading" if reading > computing else "arithmetic"
            lines.append(f"| training {label(row['case'])} | {flops / 1e9:.2f} | {moved / 1e6:.0f} | {flops / moved:.0f} | {max(reading, computing) * 1e3:.2f} ({bound}) "
                         f"| {seconds * 1e3:.2f} | {flops / seconds / 1e9:.0f} | {100 * max(reading, computing) / seconds:.0f} % |")
    return "\n".join(lines)
