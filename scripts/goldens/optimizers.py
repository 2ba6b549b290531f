#!/usr/bin/env python3
"""Writes crates/training/tests/golden/{optimizers,schedules}.json, computed by PyTorch.

Run from anywhere, with PyTorch installed:  python scripts/goldens/optimizers.py

Optimisers: the values of six weights after each of twenty updates with given gradients, in f32. Schedules: the learning
rate at each update; for the plateau, at each epoch, given the validation losses.
"""

import json
import random
from pathlib import Path

import torch

SEED = 20240301
TARGET = Path(__file__).resolve().parent.parent.parent / "crates/training/tests/golden"
RATE = 0.02
OPTIMIZERS = {
    "sgd": (torch.optim.SGD, {}),
    "sgd, momentum": (torch.optim.SGD, {"momentum": 0.9}),
    "sgd, nesterov, decay": (torch.optim.SGD, {"momentum": 0.8, "nesterov": True, "weight_decay": 0.1}),
    "rmsprop": (torch.optim.RMSprop, {}),
    "rmsprop, momentum, decay": (torch.optim.RMSprop, {"alpha": 0.9, "momentum": 0.9, "weight_decay": 0.05}),
    "adam": (torch.optim.Adam, {}),
    "adam, decay": (torch.optim.Adam, {"betas": (0.8, 0.99), "eps": 1e-6, "weight_decay": 0.1}),
    "adamw": (torch.optim.AdamW, {"weight_decay": 0.1}),
}


def tensor(rows, shape):
    return {"shape": shape, "values": [float(str(x)) for x in rows]}


def optimizer_case(name, kind, options):
    weights = torch.nn.Parameter(torch.empty(6).uniform_(-1, 1))
    first = weights.detach().numpy().copy()
    optimizer = kind([weights], lr=RATE, **options)
    gradients, values = [], []
    for _ in range(20):
        # One gradient is constant, one is zero, the others are random.
        gradient = torch.empty(6).uniform_(-1, 1)
        gradient[0], gradient[1] = 0.5, 0.0
        weights.grad = gradient
        gradients.extend(gradient.numpy())
        optimizer.step()
        values.extend(weights.detach().numpy().copy())
    options = {"kind": kind.__name__.lower(), "rate": RATE, **options}
    tensors = {"first": tensor(first, [6]), "gradients": tensor(gradients, [20, 6]), "values": tensor(values, [20, 6])}
    return {"name": name, "config": options, "tensors": tensors}


def schedule_cases():
    def fresh():
        return torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)

    for total, rise in ((50, 0.3), (37, 0.25)):
        optimizer = fresh()
        cycle = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=1.0, total_steps=total, pct_start=rise, cycle_momentum=False)
        values = []
        for update in range(total):
            values.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            if update + 1 < total:
                cycle.step()
        yield {"name": f"one-cycle of {total}", "config": {"total": total, "rise": rise}, "tensors": {"factors": tensor(values, [total])}}
    random.seed(SEED)
    losses = [3.0 * 0.9**i + 0.02 * random.random() if i < 12 else 0.9 + 0.1 * random.random() for i in range(40)]
    for factor, patience in ((0.5, 2), (0.1, 4)):
        optimizer = fresh()
        plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=factor, patience=patience)
        values = []
        for loss in losses:
            optimizer.step()
            plateau.step(loss)
            values.append(optimizer.param_groups[0]["lr"])
        tensors = {"losses": tensor(losses, [40]), "factors": tensor(values, [40])}
        yield {"name": f"plateau × {factor}, patience {patience}", "config": {"factor": factor, "patience": patience}, "tensors": tensors}


def write(file, dtype, cases):
    golden = {"generator": "scripts/goldens/optimizers.py", "version": f"torch {torch.__version__}", "seed": SEED, "dtype": dtype, "cases": cases}
    TARGET.mkdir(parents=True, exist_ok=True)
    (TARGET / file).write_text(json.dumps(golden, indent=1) + "\n")


def main():
    torch.manual_seed(SEED)
    write("optimizers.json", "f32", [optimizer_case(name, *value) for name, value in OPTIMIZERS.items()])
    write("schedules.json", "f64", list(schedule_cases()))


if __name__ == "__main__":
    main()
