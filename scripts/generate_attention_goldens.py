#!/usr/bin/env python3
"""Writes crates/bptt/tests/golden/pytorch-attention-f64.json: outputs and gradients of the three attention scores by
PyTorch.

Run from anywhere, with PyTorch installed:  python scripts/generate_attention_goldens.py

The formulas are written out below; the gradients are PyTorch's own, by automatic differentiation.
"""

import json
from pathlib import Path

import torch

SEED = 20240301
TARGET = Path(__file__).resolve().parent.parent / "crates/bptt/tests/golden"
STEPS, SOURCE, LENGTHS, HIDDEN = 4, 6, [6, 3, 1], 5


def draw(*shape):
    return torch.empty(*shape, dtype=torch.float64).uniform_(-1, 1).requires_grad_()


def run(score):
    batch, query, key = len(LENGTHS), 4, 4 if score == "dot" else 6
    q, k = draw(STEPS, batch, query), draw(SOURCE, batch, key)
    parameters = {
        "dot": {},
        "general": {"key.weight": draw(query, key)},
        "additive": {"query.weight": draw(HIDDEN, query), "query.bias": draw(HIDDEN), "key.weight": draw(HIDDEN, key),
                     "v": draw(HIDDEN)},
    }[score]
    if score == "additive":
        u = torch.nn.functional.linear(q, parameters["query.weight"], parameters["query.bias"])
        p = torch.nn.functional.linear(k, parameters["key.weight"])
        e = (torch.tanh(u[:, None] + p[None]) * parameters["v"]).sum(-1)  # [T, S, B]
    else:
        p = k @ parameters["key.weight"].T if score == "general" else k
        e = torch.einsum("tbh,sbh->tsb", q, p)
    padding = torch.arange(SOURCE)[:, None] >= torch.tensor(LENGTHS)[None]
    a = torch.softmax(e.masked_fill(padding[None], float("-inf")), dim=1)
    context = torch.einsum("tsb,sbk->tbk", a, k)
    d_context = draw(*context.shape).detach()
    context.backward(d_context)
    tensors = {"queries": q, "keys": k, "context": context, "d_context": d_context, "d_queries": q.grad, "d_keys": k.grad}
    for name, p in parameters.items():
        tensors |= {name: p, "d_" + name: p.grad}
    as_list = lambda t: {"shape": list(t.shape), "values": t.detach().flatten().tolist()}
    return {"name": score, "config": {"steps": STEPS, "source": SOURCE, "lengths": LENGTHS},
            "tensors": {name: as_list(t) for name, t in tensors.items()}}


torch.manual_seed(SEED)
head = {"generator": "scripts/generate_attention_goldens.py", "version": "torch " + torch.__version__, "seed": SEED,
        "dtype": "f64", "cases": [run(score) for score in ("dot", "general", "additive")]}
path = TARGET / "pytorch-attention-f64.json"
path.write_text(json.dumps(head, separators=(",", ":")).replace('{"name"', '\n{"name"') + "\n")
print(path.name, path.stat().st_size, "bytes")
