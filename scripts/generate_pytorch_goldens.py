#!/usr/bin/env python3
"""Writes crates/bptt/tests/golden/pytorch-*.json: what PyTorch computes for small recurrent stacks.

Run from anywhere, with PyTorch and numpy installed:  python scripts/generate_pytorch_goldens.py [CELL ...]

For each cell and precision: outputs, final states, and the gradients of all parameters, the input and the initial state,
for a random gradient of the outputs and final states. And loss curves: ten steps of gradient descent on a recurrent layer with a
linear layer and sigmoid cross-entropy.

Cells that PyTorch has no module for are written here step by step in PyTorch; autograd gives their gradients.
"""

import json
import sys
from pathlib import Path

import numpy
import torch

SEED = 20240229
TARGET = Path(__file__).resolve().parent.parent / "crates/bptt/tests/golden"

class Stepwise(torch.nn.Module):
    """A stack of a cell that PyTorch has no module for, with the parameters, states and results of PyTorch's modules."""

    gates, has_c, diagonals = 0, False, ()

    def __init__(self, features, hidden, layers=1, bias=True, bidirectional=False):
        super().__init__()
        self.hidden, self.layers, self.bias, self.directions = hidden, layers, bias, 2 if bidirectional else 1
        bound = hidden ** -0.5
        parameter = lambda *shape: torch.nn.Parameter(torch.empty(*shape).uniform_(-bound, bound))
        for layer in range(layers):
            for suffix in ("", "_reverse")[: self.directions]:
                width = features if layer == 0 else hidden * self.directions
                shapes = {"weight_ih": (self.gates * hidden, width), "weight_hh": (self.gates * hidden, hidden)}
                if bias:
                    shapes |= {"bias_ih": (self.gates * hidden,), "bias_hh": (self.gates * hidden,)}
                shapes |= {name: (hidden,) for name in self.diagonals}
                for name, shape in shapes.items():
                    self.register_parameter(f"{name}_l{layer}{suffix}", parameter(*shape))

    def step(self, own, input, recurrent, h, c):
        """The new h and c from the sums of both products, each cut into gates; own(name) is a parameter."""
        raise NotImplementedError

    def forward(self, x, state=None, lengths=None):
        steps, batch = x.shape[:2]
        zeros = x.new_zeros(self.layers * self.directions, batch, self.hidden)
        h_0, c_0 = (state if self.has_c else (state, zeros)) if state is not None else (zeros, zeros)
        lengths = torch.tensor(lengths if lengths is not None else [steps] * batch)
        h_n, c_n = [], []
        for layer in range(self.layers):
            both = []
            for direction, suffix in enumerate(("", "_reverse")[: self.directions]):
                own = lambda name: getattr(self, f"{name}_l{layer}{suffix}")
                bias = lambda name: own(name) if self.bias else None
                h, c = h_0[len(h_n)], c_0[len(h_n)]
                outputs = [None] * steps
                for t in range(steps) if direction == 0 else reversed(range(steps)):
                    input = torch.nn.functional.linear(x[t], own("weight_ih"), bias("bias_ih")).chunk(self.gates, -1)
                    recurrent = torch.nn.functional.linear(h, own("weight_hh"), bias("bias_hh")).chunk(self.gates, -1)
                    new_h, new_c = self.step(own, input, recurrent, h, c)
                    # At padding the state stays, and the output is zero.
                    valid = (t < lengths).unsqueeze(-1)
                    h, c = torch.where(valid, new_h, h), torch.where(valid, new_c, c)
                    outputs[t] = torch.where(valid, new_h, torch.zeros_like(new_h))
                both.append(torch.stack(outputs))
                h_n.append(h)
                c_n.append(c)
            x = torch.cat(both, -1)
        h_n, c_n = torch.stack(h_n), torch.stack(c_n)
        return x, (h_n, c_n) if self.has_c else h_n


class PeepholeLstm(Stepwise):
    """Gers and Schmidhuber 2000; Graves 2013: i and f see c before the step, o after it."""

    gates, has_c, diagonals = 4, True, ("weight_ci", "weight_cf", "weight_co")

    def step(self, own, input, recurrent, h, c_prev):
        a_i, a_f, a_g, a_o = (a + b for a, b in zip(input, recurrent))
        i = torch.sigmoid(a_i + own("weight_ci") * c_prev)
        f = torch.sigmoid(a_f + own("weight_cf") * c_prev)
        c = f * c_prev + i * torch.tanh(a_g)
        o = torch.sigmoid(a_o + own("weight_co") * c)
        return o * torch.tanh(c), c


class MinimalGatedUnit(Stepwise):
    """Zhou et al. 2016, the gate applied after the product instead of before it."""

    gates = 2

    def step(self, own, input, recurrent, h_prev, c):
        f = torch.sigmoid(input[0] + recurrent[0])
        n = torch.tanh(input[1] + f * recurrent[1])
        return (1 - f) * h_prev + f * n, c


STEPWISE = {"peephole-lstm": PeepholeLstm, "minimal-gated-unit": MinimalGatedUnit}
MODULES = {
    "rnn": lambda *a, **k: torch.nn.RNN(*a, nonlinearity="tanh", **k),
    "rnn-relu": lambda *a, **k: torch.nn.RNN(*a, nonlinearity="relu", **k),
    "lstm": torch.nn.LSTM,
    "gru": torch.nn.GRU,
    **STEPWISE,
}
HAS_C = {"lstm", *(name for name, cell in STEPWISE.items() if cell.has_c)}
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
    state = (h_0, c_0) if cell in HAS_C else h_0
    if cell in STEPWISE:
        y, final = module(x, state, lengths)
    elif lengths is None:
        y, final = module(x, state)
    else:
        packed = torch.nn.utils.rnn.pack_padded_sequence(x, lengths)
        y, final = module(packed, state)
        y, _ = torch.nn.utils.rnn.pad_packed_sequence(y, total_length=steps)
    h_n, c_n = final if cell in HAS_C else (final, None)
    d_y, d_h_n, d_c_n = draw(*y.shape), draw(*h_n.shape), draw(*h_n.shape)
    loss = (y * d_y).sum() + (h_n * d_h_n).sum()
    if cell in HAS_C:
        loss = loss + (c_n * d_c_n).sum()
    loss.backward()
    tensors = {"x": x, "h_0": h_0, "y": y, "h_n": h_n, "d_y": d_y, "d_h_n": d_h_n, "d_x": x.grad, "d_h_0": h_0.grad}
    if cell in HAS_C:
        tensors |= {"c_0": c_0, "c_n": c_n, "d_c_n": d_c_n, "d_c_0": c_0.grad}
    for key, p in module.named_parameters():
        tensors |= {key: p, "d_" + key: p.grad}
    config = dict(input=features, hidden=hidden, layers=layers, bias=bias, bidirectional=bidirectional, steps=steps,
                  batch=batch, lengths=lengths)
    return {"name": name, "config": config, "tensors": {key: tensor(t) for key, t in tensors.items()}}


def loss_curve(cell, dtype):
    steps, batch, features, hidden = 12, 3, 6, 8
    stack, linear = MODULES[cell](features, hidden).to(dtype), torch.nn.Linear(hidden, features).to(dtype)
    parameters = dict(stack.named_parameters()) | {"linear." + k: p for k, p in linear.named_parameters()}
    x = (torch.rand(steps + 1, batch, features) < 0.3).to(dtype)
    tensors = {"x": tensor(x)} | {key: tensor(p) for key, p in parameters.items()}
    losses = []
    for _ in range(10):
        logits = linear(stack(x[:-1])[0])
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
chosen = sys.argv[1:] or list(MODULES)
for dtype in (torch.float32, torch.float64):
    for cell in chosen:
        torch.manual_seed(SEED)
        write(cell, dtype, [run(cell, dtype, name) for name in CASES])
    for cell in chosen:
        if cell == "lstm" or cell in STEPWISE:
            torch.manual_seed(SEED)
            write("loss-curve" + ("" if cell == "lstm" else "-" + cell), dtype, [loss_curve(cell, dtype)])
