#!/usr/bin/env python3
"""Writes crates/bptt/tests/golden/pytorch-*.json: what PyTorch computes for small recurrent stacks.

Run from anywhere, with PyTorch and numpy installed:  python scripts/generate_pytorch_goldens.py

For each cell and precision: outputs, final states, and the gradients of all parameters, the input and the initial state,
for a random gradient of the outputs and final states. And a loss curve: ten steps of gradient descent on an LSTM with a
linear layer and sigmoid cross-entropy.
"""

import json
from pathlib import Path

import numpy
import torch

SEED = 20240229
TARGET = Path(__file__).resolve().parent.parent / "crates/bptt/tests/golden"
MODULES = {
    "rnn": lambda *a, **k: torch.nn.RNN(*a, nonlinearity="tanh", **k),
    "rnn-relu": lambda *a, **k: torch.nn.RNN(*a, nonlinearity="relu", **k),
    "lstm": torch.nn.LSTM,
    "gru": torch.nn.GRU,
}
# name: input, hidden, layers, bias, bidirectional, steps, batch, lengths (None: no padding)
CASES = {
    "one layer": (3, 5, 1, True, False, 4, 2, None),
    "two layers, no bias": (2, 4, 2, False, False, 3, 3, None),
    "two layers, both directions": (3, 3, 2, True, True, 4, 2, None),
    "both directions, padded": (2, 4, 1, True, True, 5, 3, [5, 3, 1]),
}


def tensor(t):
    a = t.detach().numpy()
    # Through the shortest text that is read back as the same number of the type.
    return {"shape": list(a.shape), "values": [float(str(x)) for x in a.flatten()]}


def run(cell, dtype, name):
    features, hidden, layers, bias, bidirectional, steps, batch, lengths = CASES[name]
    module = MODULES[cell](features, hidden, layers, bias=bias, bidirectional=bidirectional).to(dtype)
    directions = 2 if bidirectional else 1
    with torch.no_grad():
        for p in module.parameters():
            p.uniform_(-0.8, 0.8)
    draw = lambda *shape: torch.empty(*shape, dtype=dtype).uniform_(-1, 1)
    x = draw(steps, batch, features).requires_grad_()
    h_0 = draw(layers * directions, batch, hidden).requires_grad_()
    c_0 = draw(layers * directions, batch, hidden).requires_grad_()
    state = (h_0, c_0) if cell == "lstm" else h_0
    if lengths is None:
        y, final = module(x, state)
    else:
        packed = torch.nn.utils.rnn.pack_padded_sequence(x, lengths)
        y, final = module(packed, state)
        y, _ = torch.nn.utils.rnn.pad_packed_sequence(y, total_length=steps)
    h_n, c_n = final if cell == "lstm" else (final, None)
    d_y, d_h_n, d_c_n = draw(*y.shape), draw(*h_n.shape), draw(*h_n.shape)
    loss = (y * d_y).sum() + (h_n * d_h_n).sum()
    if cell == "lstm":
        loss = loss + (c_n * d_c_n).sum()
    loss.backward()
    tensors = {"x": x, "h_0": h_0, "y": y, "h_n": h_n, "d_y": d_y, "d_h_n": d_h_n, "d_x": x.grad, "d_h_0": h_0.grad}
    if cell == "lstm":
        tensors |= {"c_0": c_0, "c_n": c_n, "d_c_n": d_c_n, "d_c_0": c_0.grad}
    for key, p in module.named_parameters():
        tensors |= {key: p, "d_" + key: p.grad}
    config = dict(input=features, hidden=hidden, layers=layers, bias=bias, bidirectional=bidirectional, steps=steps,
                  batch=batch, lengths=lengths)
    return {"name": name, "config": config, "tensors": {key: tensor(t) for key, t in tensors.items()}}


def loss_curve(dtype):
    steps, batch, features, hidden = 12, 3, 6, 8
    lstm, linear = torch.nn.LSTM(features, hidden).to(dtype), torch.nn.Linear(hidden, features).to(dtype)
    parameters = dict(lstm.named_parameters()) | {"linear." + k: p for k, p in linear.named_parameters()}
    x = (torch.rand(steps + 1, batch, features) < 0.3).to(dtype)
    tensors = {"x": tensor(x)} | {key: tensor(p) for key, p in parameters.items()}
    losses = []
    for _ in range(10):
        logits = linear(lstm(x[:-1])[0])
        loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, x[1:])
        losses.append(loss.detach())
        for p in parameters.values():
            p.grad = None
        loss.backward()
        with torch.no_grad():
            for p in parameters.values():
                p -= 2.0 * p.grad
    tensors["losses"] = tensor(torch.stack(losses))
    config = dict(input=features, hidden=hidden, steps=steps, batch=batch)
    return {"name": "ten steps of gradient descent, rate 2", "config": config, "tensors": tensors}


def write(name, dtype, cases):
    head = {"generator": "scripts/generate_pytorch_goldens.py", "version": "torch " + torch.__version__, "seed": SEED,
            "dtype": {torch.float32: "f32", torch.float64: "f64"}[dtype], "cases": cases}
    path = TARGET / f"pytorch-{name}-{head['dtype']}.json"
    path.write_text(json.dumps(head, separators=(",", ":")).replace('{"name"', '\n{"name"') + "\n")
    print(path.name, path.stat().st_size, "bytes")


TARGET.mkdir(parents=True, exist_ok=True)
torch.set_num_threads(1)
for dtype in (torch.float32, torch.float64):
    for cell in MODULES:
        torch.manual_seed(SEED)
        write(cell, dtype, [run(cell, dtype, name) for name in CASES])
    torch.manual_seed(SEED)
    write("loss-curve", dtype, [loss_curve(dtype)])
