#!/usr/bin/env python3
"""Seconds until a note-wise network reaches a validation loss on a dataset of frames: this project's and PyTorch's, one after the other.

    scripts/compare_networks.sh --learn FILE [--nll 5.2] [--runs 2]

The recipe of both: LSTM 256 over time, GRU 192 over notes, dropout 0.5 after both, each piece twice in an epoch, transposed by up to five
semitones, 32 rows of 64 steps whose state is carried on, Adam at 3e-3, clipping at 1. Clocks start when the file is read; every epoch ends
with the validation set. PyTorch's weights and order are its own, so seconds vary with the seed: see also seconds per epoch.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

from compare_networks import LOWEST, PITCHES, NoteWise, inputs, note_features

ROWS, STEPS, TRANSPOSE, COPIES = 32, 64, 5, 2


def read(file):
    """Pieces as notes `[T, K]`, −1 where there are none."""
    def piece(frames):
        frames = [sorted({pitch - LOWEST for pitch in frame if pitch >= 0}) for frame in frames]
        return nn.utils.rnn.pad_sequence([torch.tensor(frame, dtype=torch.long) for frame in frames], True, -1)
    return {name: [piece(frames) for frames in pieces] for name, pieces in json.load(open(file)).items()}


def batch(slices, steps):
    """Notes `[steps, rows, K]`, what the network over time reads, and which steps are there, from (notes of a piece, begin, semitones) of
    each row or `None`."""
    voices = max(piece.shape[1] for piece, _, _ in filter(None, slices))
    notes = torch.full((steps + 1, len(slices), voices), -1)
    starts, there = torch.zeros(steps, len(slices)), torch.zeros(steps, len(slices), dtype=torch.bool)
    for row, slice in enumerate(slices):
        if slice is None:
            continue
        piece, begin, semitones = slice
        part = piece[max(begin - 1, 0):begin + steps]
        part = torch.where(part >= 0, part + semitones, -1)
        at = 0 if begin else 1
        notes[at:at + len(part), row, :part.shape[1]] = part
        starts[0, row] = begin == 0
        there[:len(piece) - begin, row] = True
    planes = torch.zeros(steps + 1, len(slices), PITCHES + 1).scatter_(-1, notes.where(notes >= 0, PITCHES), 1.0)[..., :PITCHES]
    return notes[1:], torch.cat([planes[:-1], starts[..., None]], -1), there


def nats(model, slices, steps, state):
    """The loss in nats, the state and the steps that are there."""
    notes, x, there = batch(slices, steps)
    features, first, targets = note_features(notes.flatten(0, 1), x[..., :PITCHES].flatten(0, 1))
    targets = targets.masked_fill(~there.flatten(), -100)
    logits, state = model(x, features, first, state)
    return F.cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="sum"), state, int(there.sum())


def plan(pieces):
    """Rows of chunks of pieces: each as (notes, begin, semitones); the longest first, each to the emptiest row."""
    visits = []
    for piece in pieces * COPIES:
        sounds = piece[piece >= 0]
        low, high = -min(TRANSPOSE, int(sounds.min())), min(TRANSPOSE, PITCHES - 1 - int(sounds.max()))
        visits.append((piece, random.randint(low, high)))
    random.shuffle(visits)
    visits.sort(key=lambda visit: -len(visit[0]) // STEPS)
    rows = [[] for _ in range(ROWS)]
    for piece, semitones in visits:
        min(rows, key=lambda row: sum(map(len, row))).append([(piece, begin, semitones) for begin in range(0, len(piece), STEPS)])
    for row in rows:
        random.shuffle(row)
    rows = [sum(row, []) for row in rows]
    return [[row[i] if i < len(row) else None for row in rows] for i in range(max(map(len, rows)))]


def epoch(model, optimiser, pieces):
    model.train()
    state = (torch.zeros(1, ROWS, 256), torch.zeros(1, ROWS, 256))
    for slices in plan(pieces):
        keep = torch.tensor([slice is not None and slice[1] > 0 for slice in slices])[None, :, None]
        loss, state, steps = nats(model, slices, STEPS, tuple(part.detach() * keep for part in state))
        optimiser.zero_grad()
        (loss / steps).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()


@torch.no_grad()
def validate(model, pieces):
    model.eval()
    pieces = sorted(pieces, key=len)
    found = [nats(model, [(piece, 0, 0) for piece in pieces[i:i + ROWS]], max(map(len, pieces[i:i + ROWS])), None) for i in range(0, len(pieces), ROWS)]
    return float(sum(loss for loss, _, _ in found)) / sum(steps for _, _, steps in found)


def torch_learns(file, target, epochs, seed):
    """Seconds and validation loss after every epoch."""
    torch.manual_seed(seed)
    random.seed(seed)
    sets, model = read(file), NoteWise(256, 192)
    with torch.no_grad():
        # As ours begins: with how often each class is the next note.
        notes = torch.cat([piece.flatten() for piece in sets["train"]])
        counts = torch.bincount(notes[notes >= 0], minlength=PITCHES + 1) + 0.5
        counts[PITCHES] += sum(map(len, sets["train"]))
        model.output.bias[:PITCHES + 1] = (counts / counts.sum()).log()
    optimiser, curve, start = torch.optim.Adam(model.parameters(), lr=3e-3), [], time.perf_counter()
    while len(curve) < epochs and (not curve or curve[-1][1] > target):
        epoch(model, optimiser, sets["train"])
        loss = validate(model, sets["valid"])
        curve.append((time.perf_counter() - start, loss))
        print(f"PyTorch, epoch {len(curve)}: {curve[-1][0]:.1f} s, {loss:.3f}", file=sys.stderr, flush=True)
    return curve


def ours_learns(networks, file, target, epochs, threads):
    command, environment = [networks, "learn", file, str(target), str(epochs)], os.environ | {"RAYON_NUM_THREADS": str(threads)}
    lines = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout.splitlines()
    return [tuple(map(float, line.split()[:2])) for line in lines]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--networks", required=True)
    parser.add_argument("--learn", required=True, metavar="FILE")
    parser.add_argument("--nll", type=float, default=5.2, help="nats per frame of the validation pieces")
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    print(f"Load before: {os.getloadavg()[0]:.1f}.\n\n| | seconds to {options.nll} | epochs | seconds per epoch | reached |\n" + "|---" * 5 + "|")
    for run in range(options.runs):
        for name, learn in (("ours", lambda: ours_learns(options.networks, options.learn, options.nll, options.epochs, options.threads)),
                            ("PyTorch", lambda: torch_learns(options.learn, options.nll, options.epochs, run + 1))):
            curve = learn()
            print(f"| {name} | {curve[-1][0]:.1f} | {len(curve)} | {curve[-1][0] / len(curve):.2f} | {curve[-1][1]:.3f} |", flush=True)
    print(f"\nLoad after: {os.getloadavg()[0]:.1f}.")


if __name__ == "__main__":
    main()
