#!/usr/bin/env python3
"""Reads the event files of a run with TensorBoard's own reader and compares them with metrics.jsonl.

With tensorboard installed:  python scripts/check_tensorboard.py runs/001
"""

import json
import sys
from pathlib import Path

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator


def main(run):
    events = EventAccumulator(str(run), size_guidance={"scalars": 0})
    events.Reload()
    tags = events.Tags()["scalars"]
    epochs = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    read = {event.step: event.value for event in events.Scalars("epoch/held-out nll")}
    for epoch in epochs:
        value = read[epoch["updates"]]
        assert abs(value - epoch["valid_nll"]) <= 1e-6 * abs(value), epoch["epoch"]
    updates = [event.step for event in events.Scalars("train/nll")]
    assert updates == sorted(set(updates)), "every update appears once"
    print(f"{len(tags)} curves, {len(epochs)} epochs, {len(updates)} updates agree with metrics.jsonl")
    print(", ".join(tags))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
