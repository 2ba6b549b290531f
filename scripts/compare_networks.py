#!/usr/bin/env python3
"""Times the networks that write frames note by note, or pitch by pitch, against the same in PyTorch; see compare_networks.sh.

Both sides have the same weights' shapes, the same batch (`crates/studies/src/speed/frames.rs` computes its frames as `batch` here does),
dropout of 0.5 after both recurrences, clipping at 1 and Adam. PyTorch reads features as `nn.LSTM` and `nn.GRU` take them: dense, and made
before the clock starts. A round times several steps of each side, one after the other; the table has the median of the rounds, and the
ratio of each round as median and range.
"""

import argparse
import datetime
import os
import statistics
import subprocess
import time

import torch
from torch import nn
from torch.nn import functional as F

from compare_pytorch import machine, torch_peak

PITCHES, LOWEST, INTERVALS, AROUND, COUNTED = 88, 21, 24, 12, 8
VOICES, DROPOUT, BELOW = 4, 0.5, 12
TRAINING = [("note-wise", h, n, b, 64) for h, n in ((128, 96), (256, 192), (512, 256)) for b in (16, 32)] + [
    ("biaxial", h, n, 16, 64) for h, n in ((64, 32), (128, 64))]
GENERATION = [("note-wise", 128, 96), ("note-wise", 256, 192), ("note-wise", 512, 256), ("biaxial", 64, 32), ("biaxial", 128, 64)]
FRAMES_PER_SECOND = 8


class NoteWise(nn.Module):
    """An LSTM over frames; a GRU over the notes of each frame, from the lowest up to a stop."""

    inputs = PITCHES + 1
    features = PITCHES + INTERVALS + 1 + 2 * AROUND + 1 + COUNTED + 1

    def __init__(self, hidden, notes):
        super().__init__()
        self.time = nn.LSTM(self.inputs, hidden)
        self.notes = nn.GRU(self.features, notes)
        self.bridge = nn.Linear(hidden, notes)
        self.context = nn.Linear(hidden, PITCHES + 1, bias=False)
        self.output = nn.Linear(notes, PITCHES + 1 + INTERVALS)
        self.dropout = nn.Dropout(DROPOUT)

    def logits(self, y, context, first, begins):
        """Of classes, from the outputs `y`: only pitches from `first` on, each with what its interval adds, and the stop."""
        to = first[..., None] + torch.arange(INTERVALS)
        add = y[..., PITCHES + 1:] * ((to < PITCHES) & ~begins[..., None])
        logits = (y[..., :PITCHES + 1] + context).scatter_add(-1, to.clamp(max=PITCHES - 1), add)
        low = torch.arange(PITCHES + 1) < first[..., None]
        return logits.masked_fill(low, -torch.inf)

    def forward(self, x, features, first, state=None):
        """Logits `[K, T·B, C]` from `x` `[T, B, F]` and what is decided before each note, `features` `[K, T·B, ·]` and `first` `[K, T·B]`."""
        h, state = self.time(x, state)
        context = self.dropout(h).reshape(-1, h.shape[-1])
        g, _ = self.notes(features, torch.tanh(self.bridge(context))[None])
        begins = torch.zeros_like(first, dtype=torch.bool)
        begins[0] = True
        return self.logits(self.output(self.dropout(g)), self.context(context), first, begins), state


class Biaxial(nn.Module):
    """An LSTM over time with the same weights for all pitches; an LSTM over the pitches of each frame."""

    features = 2 * AROUND + 1 + 36 + 1 + PITCHES

    def __init__(self, hidden, notes):
        super().__init__()
        self.time = nn.LSTM(self.features, hidden)
        self.notes = nn.LSTM(hidden + BELOW, notes)
        self.output = nn.Linear(notes, 1)
        self.dropout = nn.Dropout(DROPOUT)

    def forward(self, x, below):
        """Logits `[P, T·B]` from `x` `[T, B·P, F]` and the decisions below each pitch, `below` `[P, T·B, D]`."""
        h, _ = self.time(x)
        h = self.dropout(h).reshape(-1, PITCHES, h.shape[-1]).transpose(0, 1)
        g, _ = self.notes(torch.cat([h, below], -1))
        return self.output(self.dropout(g))[..., 0]


def window(planes, first, length):
    """`planes` `[R, P]` from `first` `[...]`, which may be outside, on: `[..., length]`."""
    padded = F.pad(planes, (AROUND, length))
    at = (first + AROUND).clamp(min=0)[..., None] + torch.arange(length)
    return padded.expand(*first.shape[:-1], *padded.shape).gather(-1, at)


def note_features(notes, previous):
    """Features `[K, R, ·]`, the lowest open pitch and the target of every note: from `notes` `[R, K − 1]`, pitches from the lowest up, −1
    where there are none, and `previous` `[R, P]`, the frame before."""
    notes = notes.t()
    steps, rows = notes.shape[0] + 1, notes.shape[1]
    sounds = notes >= 0
    last = F.pad(notes, (0, 0, 1, 0), value=-1)
    decided = last >= 0
    features = torch.zeros(steps, rows, NoteWise.features)
    on = lambda at, where: features.scatter_add_(-1, at.clamp(min=0)[..., None], where[..., None].float())
    on(last, decided)
    interval = F.pad(notes[1:] - notes[:-1], (0, 0, 2, 0)).clamp(0, INTERVALS + 1)
    interval[2:][~sounds[1:]] = 0
    on(PITCHES + interval - 1, interval > 0)
    around = PITCHES + INTERVALS + 1
    features[..., around:around + 2 * AROUND + 1] = window(previous, last - AROUND, 2 * AROUND + 1) * decided[..., None]
    count = torch.arange(steps)[:, None].expand(steps, rows).clamp(max=COUNTED)
    on(around + 2 * AROUND + 1 + torch.where(decided, count - 1, COUNTED), decided | (count == 0))
    targets = F.pad(notes, (0, 0, 0, 1), value=-1)
    targets = torch.where(targets >= 0, targets, torch.where(decided | (count == 0), PITCHES, -100))
    return features, last + 1, targets


def note_feature(last, before, count, padded):
    """Features `[1, 1, ·]` of one note after another, or of the start; `padded` is the frame before with an octave on either side."""
    features, around = torch.zeros(1, 1, NoteWise.features), PITCHES + INTERVALS + 1
    if last is None:
        features[0, 0, -1] = 1
        return features
    features[0, 0, last] = 1
    if before is not None:
        features[0, 0, PITCHES + min(last - before, INTERVALS + 1) - 1] = 1
    features[0, 0, around:around + 2 * AROUND + 1] = padded[last:last + 2 * AROUND + 1]
    features[0, 0, around + 2 * AROUND + min(count, COUNTED)] = 1
    return features


def inputs(planes, starts):
    """What the network over time reads: the frame before `[T, B, P]`, and whether a piece begins."""
    previous = F.pad(planes[:-1], (0, 0, 0, 0, 1, 0))
    return torch.cat([previous, starts[..., None]], -1)


def pitch(row, step, voice):
    return 40 + 10 * voice + (step * (voice + 3) + step // 4 * (row + 1) + 7 * row) % 10


def batch(rows, steps):
    """Pitches from the lowest `[T, B, voices]` and planes `[T, B, P]`."""
    notes = torch.tensor([[[pitch(b, t, v) - LOWEST for v in range(VOICES)] for b in range(rows)] for t in range(steps)])
    return notes, torch.zeros(steps, rows, PITCHES).scatter_(-1, notes, 1.0)


def biaxial_features(planes, starts):
    """Features of every pitch `[T, B·P, F]` of the frames before, of which `starts` `[T, B]` have none."""
    steps, rows, _ = planes.shape
    previous = F.pad(planes[:-1], (0, 0, 0, 0, 1, 0)).reshape(-1, PITCHES)
    around = F.pad(previous, (AROUND, AROUND)).unfold(-1, 2 * AROUND + 1, 1)
    counts = F.pad(previous, (0, -PITCHES % 12)).reshape(len(previous), -1, 12).sum(1).long().clamp(max=3)
    turned = counts[:, (torch.arange(PITCHES)[:, None] + torch.arange(12)) % 12]
    classes = F.one_hot(turned, 4)[..., 1:].reshape(len(previous), PITCHES, 36)
    start = starts.reshape(-1, 1, 1).expand(-1, PITCHES, 1)
    own = torch.eye(PITCHES).expand(len(previous), -1, -1)
    return torch.cat([around, classes, start, own], -1).reshape(steps, rows * PITCHES, -1)


def prepared(shape):
    """A model, and what its loss is computed from."""
    network, hidden, notes, rows, steps = shape
    pitches, planes = batch(rows, steps)
    starts = torch.zeros(steps, rows)
    starts[0] = 1
    torch.manual_seed(1)
    if network == "biaxial":
        model, target = Biaxial(hidden, notes), planes.reshape(-1, PITCHES).t().contiguous()
        x, flat = biaxial_features(planes, starts), planes.reshape(-1, PITCHES)
        below = F.pad(flat, (BELOW, 0)).unfold(-1, BELOW, 1)[:, :PITCHES].flip(-1).transpose(0, 1).contiguous()
        return model, lambda: F.binary_cross_entropy_with_logits(model(x, below), target, reduction="sum") / (rows * steps)
    model = NoteWise(hidden, notes)
    x = inputs(planes, starts)
    features, first, targets = note_features(pitches.reshape(-1, VOICES), x[..., :PITCHES].reshape(-1, PITCHES))
    loss = lambda logits: F.cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="sum") / (rows * steps)
    return model, lambda: loss(model(x, features, first)[0])


def torch_training(shape, count, loss_and_model={}):
    """Seconds of each of `count` steps."""
    if shape not in loss_and_model:
        loss_and_model.clear()
        model, loss = prepared(shape)
        loss_and_model[shape] = model, loss, torch.optim.Adam(model.parameters(), lr=1e-3)
    model, loss, optimiser = loss_and_model[shape]
    times = []
    for _ in range(count + 1):
        start = time.perf_counter()
        optimiser.zero_grad()
        loss().backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        times.append(time.perf_counter() - start)
    return times[1:]


@torch.no_grad()
def torch_generation(network, hidden, notes, frames=24):
    """Seconds per frame of four notes at batch 1."""
    torch.set_num_threads(1)
    model = Biaxial(hidden, notes) if network == "biaxial" else NoteWise(hidden, notes)
    model.eval()
    plane, state, times = torch.zeros(1, PITCHES), None, []
    for frame in range(frames):
        start = time.perf_counter()
        if network == "biaxial":
            x = biaxial_features(torch.stack([plane, plane]), torch.zeros(2, 1))[1:]
            h, state = model.time(x, state)
            plane, inner = torch.zeros(1, PITCHES), None
            for p in range(PITCHES):
                below = F.pad(plane, (BELOW, 0))[:, p:p + BELOW].flip(-1)
                g, inner = model.notes(torch.cat([h[:, p], below], -1)[None], inner)
                plane[0, p] = torch.rand(()) < torch.sigmoid(model.output(g)[0, 0, 0]) * 0.1
        else:
            h, state = model.time(torch.cat([plane, torch.zeros(1, 1)], -1)[None], state)
            context, padded = model.context(h[0]), F.pad(plane[0], (AROUND, AROUND))
            inner, plane, last, before = torch.tanh(model.bridge(h)), torch.zeros(1, PITCHES), None, None
            for count in range(VOICES + 1):
                features = note_feature(last, before, count, padded)
                g, inner = model.notes(features, inner)
                first = torch.tensor([0 if last is None else last + 1])
                logits = model.logits(model.output(g[0]), context, first, torch.tensor([last is None]))
                # As long as a frame of four notes takes, whatever the untrained network says of the stop.
                logits[0, 18 * (count + 1):] = -torch.inf
                choice = int(torch.multinomial(torch.softmax(logits, -1), 1))
                if count < VOICES:
                    last, before = choice, last
                    plane[0, choice] = 1
        times.append(time.perf_counter() - start)
    return statistics.median(times[4:])


def run(options, threads, *words):
    environment = os.environ | {"RAYON_NUM_THREADS": str(threads)}
    command = [options.networks, *map(str, words)]
    return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout.split("\n")[0].split(";")[0].split()


def spread(values):
    return f"**{statistics.median(values):.2f}** ({min(values):.2f}–{max(values):.2f})"


def training_rows(options):
    for shape in options.training:
        theirs, own, peaks, figures = [], [], [], None
        for _ in range(options.rounds):
            count = options.steps
            torch.set_num_threads(options.threads)
            peaks.append(torch_peak())
            peaks.append(float(run(options, options.threads, "peak")[0]))
            theirs.append(torch_training(shape, count))
            figures = run(options, options.threads, "train", *shape, count)
            own.append((float(figures[0]), float(figures[1])))
        a, b = statistics.median(map(statistics.median, theirs)), statistics.median(x[0] for x in own)
        ratios = [statistics.median(x) / y[0] for x, y in zip(theirs, own)]
        least = min(map(min, theirs)), min(y[1] for y in own)
        flops, memory, activations, allocations, weights = map(float, [*figures[2:6], figures[7]])
        name = f"{shape[0]} {'/'.join(map(str, shape[1:]))}"
        yield (f"| {name} | {a * 1e3:.1f} | {b * 1e3:.1f} | {spread(ratios)} | {least[0] * 1e3:.1f} | {least[1] * 1e3:.1f} "
               f"| {least[0] / least[1]:.2f} | {flops / least[1] / 1e9:.0f} | {100 * flops / least[1] / max(peaks):.0f} % "
               f"| {memory / 1e6:.0f} | {memory / activations:.2f} | {weights / 1e6:.0f} | {(memory - weights) / activations:.2f} "
               f"| {allocations:.0f} |")


def generation_rows(options):
    for network, hidden, notes in options.generation:
        theirs, own, figures = [], [], None
        for _ in range(options.rounds):
            theirs.append(torch_generation(network, hidden, notes))
            figures = run(options, 1, "generate", network, hidden, notes, 4, 64, 3)
            own.append((float(figures[0]), float(figures[1])))
        a, b = statistics.median(theirs), statistics.median(x[0] for x in own)
        ratios = [x / y[0] for x, y in zip(theirs, own)]
        yield (f"| {network} {hidden}/{notes} | {a * 1e6:.0f} | {b * 1e6:.0f} | {spread(ratios)} | {figures[2]} "
               f"| {1 / (FRAMES_PER_SECOND * b):.0f} | {1 / (FRAMES_PER_SECOND * a):.0f} |")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--networks", required=True, help="the program of that name in benches")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=5, help="training steps of each side in a round")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--only", default="", help="only shapes whose name has this word")
    parser.add_argument("--part", choices=["training", "generation"], help="only this table")
    options = parser.parse_args()
    options.training, options.generation = ([shape for shape in shapes if options.only in f"{shape[0]} {shape[1]}/"] for shapes in (TRAINING, GENERATION))
    print(f"{datetime.date.today().isoformat()}, {machine()}, PyTorch {torch.__version__}, {options.threads} threads for training and 1 for "
          f"generation on both sides, {options.rounds} alternating rounds of {options.steps} steps. Load before: {os.getloadavg()[0]:.1f}.")
    if options.part != "generation":
        print("\n| network, time/notes/batch/steps | PyTorch ms | ours ms | ratio (rounds) | PyTorch best ms | ours best ms | ratio of the best "
              "| GFLOP/s | share of the peak | peak MB | of the activations | weights MB | without them, of the activations | allocations |\n"
              + "|---" * 14 + "|")
        for row in training_rows(options):
            print(row, flush=True)
    if options.part != "training":
        print("\n| network, time/notes | PyTorch µs | ours µs | ratio (rounds) | our notes per frame | times real time | PyTorch, times real "
              "time |\n" + "|---" * 7 + "|")
        for row in generation_rows(options):
            print(row, flush=True)
    print(f"\nLoad after: {os.getloadavg()[0]:.1f}.")


if __name__ == "__main__":
    main()
