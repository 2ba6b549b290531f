#!/usr/bin/env python3
"""Model files and PyTorch: our recurrent stack in nn.LSTM, nn.GRU and nn.RNN, and back.

  load FOLDER    for each cell, loads the stack of FOLDER/CELL.safetensors into PyTorch, runs it on the input of CELL.json,
                 and compares with the output and final state that CELL.json has from this library
  logits FOLDER  for each MODEL.safetensors of FOLDER, runs the program of crates/bptt/docs/pytorch.md, the very text, on the pieces
                 of MODEL.json, and compares with the logits and the loss that MODEL.json has from this library
  save FOLDER    for each cell, saves a state of a seeded PyTorch module for this library to read, with what it computes;
                 crates/models/tests/golden/pytorch-state was made so

CELL.json: {"cell": "lstm", "features": F, "hidden": H, "layers": L, "steps": T, "batch": B, "input": [T*B*F],
"output": [T*B*H], "h_n": [L*B*H], "c_n": [L*B*H]}, all row-major, time first.

MODEL.json: {"frames": [[[pitches that sound], [pitches that are struck]], ...]} or {"tokens": [...]}, with frames
also {"bars": [[step, numerator, denominator], ...]} where they are known, and
{"logits": [T*V], "counts": [T*V] of 0 and 1, "nats": N}: logits are compared where "counts" is 1.
"""

import json
import pathlib
import sys

import torch
from safetensors.torch import load_file, save_file

PAGE = pathlib.Path(__file__).parent.parent / "crates/bptt/docs/pytorch.md"

MODULES = {
    "rnn": lambda *sizes: torch.nn.RNN(*sizes),
    "rnn-relu": lambda *sizes: torch.nn.RNN(*sizes, nonlinearity="relu"),
    "lstm": lambda *sizes: torch.nn.LSTM(*sizes),
    "gru": lambda *sizes: torch.nn.GRU(*sizes),
}
SEED = 7
# Sums of single precision are added in another order there.
TOLERANCE = 1e-5


def run(module, case):
    shape = case["steps"], case["batch"], case["features"]
    with torch.no_grad():
        output, state = module(torch.tensor(case["input"]).reshape(shape))
    h_n, c_n = state if isinstance(state, tuple) else (state, None)
    found = {"output": output, "h_n": h_n}
    return found if c_n is None else found | {"c_n": c_n}


def load(cell, path):
    case = json.load(open(path + ".json"))
    module = MODULES[case["cell"]](case["features"], case["hidden"], case["layers"])
    weights = load_file(path + ".safetensors")
    stack = {name.removeprefix("recurrent."): value for name, value in weights.items() if name.startswith("recurrent.")}
    module.load_state_dict(stack)
    for name, found in run(module, case).items():
        worst = (found.flatten() - torch.tensor(case[name])).abs().max().item()
        print(f"{case['cell']} {name}: largest difference {worst:.1e}")
        if not worst <= TOLERANCE:
            sys.exit(f"{name} differs by {worst}")


def check_logits(path):
    case = json.load(open(path.with_suffix(".json")))
    page = {}
    exec(PAGE.read_text().split("```python\n")[1].split("\n```")[0], page)
    config, stack, weights = page["load_model"](path)
    functional = torch.nn.functional
    with torch.no_grad():
        if "tokens" in case:
            features = page["token_features"](config, case["tokens"])
            found = page["logits"](config, stack, weights, features)
            nats = functional.cross_entropy(found[:, 0], torch.tensor(case["tokens"]), reduction="sum")
        else:
            features, bits, loss_mask = page["frame_features"](config, case["frames"], case.get("bars"))
            found = page["logits"](config, stack, weights, features, bits, loss_mask)
            nats = functional.binary_cross_entropy_with_logits(found, bits, weight=loss_mask, reduction="sum")
    expected, counts = torch.tensor(case["logits"]), torch.tensor(case["counts"])
    # Logits of large models are sums of many numbers.
    worst = ((found.flatten() - expected) * counts).abs().max().item() / max(1.0, (expected * counts).abs().max().item())
    of_loss = abs(nats.item() - case["nats"]) / case["nats"]
    print(f"{path.stem} logits: largest difference {worst:.1e}, of the loss {of_loss:.1e}")
    if not (worst <= TOLERANCE and of_loss <= TOLERANCE):
        sys.exit(f"{path.stem} differs by {worst}, its loss by {of_loss}")


def save(cell, out):
    torch.manual_seed(SEED)
    case = {"generator": "scripts/check_pytorch_interchange.py", "version": f"torch {torch.__version__}", "seed": SEED,
            "cell": cell, "features": 5, "hidden": 4, "layers": 2, "steps": 6, "batch": 3}
    module = MODULES[cell](case["features"], case["hidden"], case["layers"])
    case["input"] = torch.randn(case["steps"] * case["batch"] * case["features"]).tolist()
    case |= {name: value.flatten().tolist() for name, value in run(module, case).items()}
    save_file(module.state_dict(), out + ".safetensors")
    with open(out + ".json", "w") as file:
        print(json.dumps(case), file=file)


if __name__ == "__main__":
    action, folder = sys.argv[1], sys.argv[2]
    if action == "logits":
        for path in sorted(pathlib.Path(folder).glob("*.safetensors")):
            check_logits(path)
    else:
        for cell in MODULES:
            {"load": load, "save": save}[action](cell, f"{folder}/{cell}")
