#!/usr/bin/env python3
"""Times training steps and generated steps of PyTorch and of this project alternately; see compare_pytorch.sh.

A training step is forward, sigmoid cross-entropy, backward, clipping and Adam on random piano rolls, in which each pitch sounds with
probability 0.05. A generated step is a step at batch 1 with the sampling of its notes. A round takes the median of several
steps on each side; the table gives the median of the rounds, and the ratio of the medians.
"""

import argparse
import datetime
import math
import os
import platform
import statistics
import subprocess
import time

import torch

CELLS = {"rnn": torch.nn.RNN, "lstm": torch.nn.LSTM, "gru": torch.nn.GRU}
GATES = {"rnn": 1, "lstm": 4, "gru": 3}
GRID = [
    (cell, 88, hidden, layers, batch, steps)
    for cell in CELLS
    for hidden in (128, 256, 512)
    for layers in (1, 2)
    for batch, steps in ((16, 100), (32, 128), (64, 512))
] + [("lstm", 388, 512, 3, 64, 128)]
GENERATION = [(cell, 88, hidden, layers, 1, 1) for cell in CELLS for hidden, layers in ((256, 1), (512, 2))]


class Model(torch.nn.Module):
    def __init__(self, cell, features, hidden, layers):
        super().__init__()
        self.recurrent = CELLS[cell](features, hidden, layers)
        self.output = torch.nn.Linear(hidden, features)

    def forward(self, x, state=None):
        y, state = self.recurrent(x, state)
        return self.output(y), state


def flops(cell, features, hidden, layers, batch, steps):
    each = sum(GATES[cell] * hidden * ((features if layer == 0 else hidden) + hidden) for layer in range(layers))
    return 3 * 2 * batch * steps * (each + hidden * features)


def repetitions(shape, budget):
    return max(1, min(25, int(budget * 100e9 / flops(*shape))))


def torch_training(shape, count):
    cell, features, hidden, layers, batch, steps = shape
    torch.manual_seed(1)
    model = Model(cell, features, hidden, layers)
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-3)
    x = (torch.rand(steps, batch, features) < 0.05).float()
    y = (torch.rand(steps, batch, features) < 0.05).float()
    criterion, times = torch.nn.BCEWithLogitsLoss(), []
    for _ in range(count + 1):
        start = time.perf_counter()
        optimiser.zero_grad()
        criterion(model(x)[0], y).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        times.append(time.perf_counter() - start)
    return statistics.median(times[1:])


@torch.no_grad()
def torch_generation(shape):
    cell, features, hidden, layers, _, _ = shape
    model, state, x, times = Model(cell, features, hidden, layers).eval(), None, torch.zeros(1, 1, features), []
    for _ in range(250):
        start = time.perf_counter()
        logits, state = model(x, state)
        x = (torch.rand(1, 1, features) < torch.sigmoid(logits)).float()
        times.append(time.perf_counter() - start)
    return statistics.median(times[50:])


def ours(options, mode, shape, count, *more):
    command = [options.speed, mode, *map(str, shape), str(count), *more]
    environment = os.environ | {"RAYON_NUM_THREADS": str(options.threads)}
    return float(subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout.split()[0])


def torch_peak():
    a, b = torch.randn(2048, 2048), torch.randn(2048, 2048)
    times = []
    for _ in range(6):
        start = time.perf_counter()
        a @ b
        times.append(time.perf_counter() - start)
    return 2 * 2048**3 / min(times)


def read_rate(size):
    """Bytes per second when `size` bytes are read repeatedly, from the cache level that holds them."""
    values, times = torch.ones(size // 4), []
    for _ in range(200):
        start = time.perf_counter()
        values.sum()
        times.append(time.perf_counter() - start)
    return size / min(times)


def weight_bytes(cell, features, hidden, layers):
    rows = GATES[cell] * hidden
    each = sum(rows * ((features if layer == 0 else hidden) + hidden + 2) for layer in range(layers))
    return 4 * (each + (hidden + 1) * features)


def span(shares):
    return f"{100 * min(shares):.0f}–{100 * max(shares):.0f} %"


def machine():
    try:
        names = [line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")]
        return f"{names[0]}, {os.cpu_count()} processors"
    except (OSError, IndexError):
        return platform.processor()


def name(shape):
    cell, features, hidden, layers, batch, steps = shape
    return f"{cell} {features}/{hidden}/{layers}/{batch}/{steps}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--speed", required=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--budget", type=float, default=1.0, help="seconds per side, round and shape, about")
    parser.add_argument("--realtime", action="store_true")
    parser.add_argument("--output", default="benches/RESULTS.md")
    options = parser.parse_args()
    if options.realtime:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(5))
    torch.set_num_threads(options.threads)

    peak = torch_peak()
    lines, ratios, shares = [], [], {}
    for shape in GRID:
        count = repetitions(shape, options.budget)
        theirs, own, dense = [], [], []
        for _ in range(options.rounds if flops(*shape) < 2e11 else 1):
            theirs.append(torch_training(shape, count))
            own.append(ours(options, "train", shape, count))
            dense.append(ours(options, "train", shape, count, "dense"))
        a, b, c = map(statistics.median, (theirs, own, dense))
        ratios.append((a / b, a / c))
        gflops = flops(*shape) / 1e9
        shares.setdefault("rnn" if shape[0] == "rnn" else shape[2], []).append(gflops * 1e9 / c / peak)
        lines.append(f"| {name(shape)} | {a * 1e3:.1f} | {b * 1e3:.1f} | {c * 1e3:.1f} | **{a / b:.2f}** | {a / c:.2f} "
                     f"| {gflops / a:.0f} | {gflops / c:.0f} |")
        print(lines[-1], flush=True)
    peak = max(peak, torch_peak())
    generation_lines = []
    for shape in GENERATION:
        theirs, own = [], []
        for _ in range(options.rounds):
            theirs.append(torch_generation(shape))
            own.append(ours(options, "generate", shape, 5))
        a, b = statistics.median(theirs), statistics.median(own)
        cell, features, hidden, layers, _, _ = shape
        size = weight_bytes(*shape[:4])
        reading = size / read_rate(size)
        generation_lines.append(f"| {cell} {features}/{hidden}/{layers} | {a * 1e6:.0f} | {b * 1e6:.0f} | **{a / b:.1f}** "
                                f"| {size / 1e6:.1f} | {reading * 1e6:.0f} | {b / reading:.1f} |")
        print(generation_lines[-1], flush=True)
    mean = lambda values: math.exp(statistics.mean(map(math.log, values)))
    text = open(os.path.join(os.path.dirname(__file__), "compare_pytorch.template.md")).read()
    text = text.format(
        date=datetime.date.today().isoformat(), machine=machine(), system=f"{platform.system()} {platform.machine()}",
        torch=torch.__version__, threads=options.threads, rounds=options.rounds,
        priority=", both sides at real-time priority because the machine was shared" if options.realtime else "",
        peak=f"{peak / 1e9:.0f}", share_512=span(shares[512]), share_256=span(shares[256]), share_128=span(shares[128]),
        share_rnn=span(shares["rnn"]), mean=f"{mean([r[0] for r in ratios]):.2f}", worst=f"{min(r[0] for r in ratios):.2f}",
        dense_mean=f"{mean([r[1] for r in ratios]):.2f}", dense_worst=f"{min(r[1] for r in ratios):.2f}",
        below=sum(r[0] < 1 for r in ratios), count=len(ratios), training="\n".join(lines),
        generation="\n".join(generation_lines))
    with open(options.output, "w") as file:
        file.write(text)
    print("wrote", options.output)


if __name__ == "__main__":
    main()
