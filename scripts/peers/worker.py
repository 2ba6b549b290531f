#!/usr/bin/env python3
"""One Python library beside ours, for compare_peers.py: worker.py pytorch|jax|onnxruntime|openvino|tract THREADS.

Reads lines and answers each with one line, as benches/src/bin/ours.rs does; its folder holds the weights and the input that ours wrote.
"""

import os
import statistics
import sys
import time
from pathlib import Path

import numpy as np

from network import Network, states_of

STEPS_TO_CHECK = 3


class PyTorch:
    """As its users write it: nn.LSTM, nn.GRU or nn.RNN and nn.Linear; Adam in its fused form."""

    def __init__(self, threads):
        import torch

        self.torch, self.version = torch, torch.__version__
        torch.set_num_threads(threads)

    def make(self, net):
        torch = self.torch
        kind = {"rnn": torch.nn.RNN, "lstm": torch.nn.LSTM, "gru": torch.nn.GRU}[net.cell]
        model = torch.nn.ModuleList([kind(net.features, net.hidden, net.count), torch.nn.Linear(net.hidden, net.features)])
        with torch.no_grad():
            values = [value for layer in net.layers for value in layer] + net.output
            for parameter, value in zip(model.parameters(), values, strict=True):
                parameter.copy_(torch.from_numpy(value))
        return model

    def train(self, net):
        torch, (recurrent, output) = self.torch, (model := self.make(net))
        x, y = torch.from_numpy(net.x), torch.from_numpy(net.y)
        optimiser = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)
        criterion = torch.nn.BCEWithLogitsLoss()

        def run():
            optimiser.zero_grad()
            loss = criterion(output(recurrent(x)[0]), y)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            return loss.item()

        return run

    def step(self, net):
        torch, (recurrent, output) = self.torch, self.make(net).eval()
        rows, state, at = [torch.from_numpy(row[None]) for row in net.x], None, 0

        def run():
            nonlocal state, at
            with torch.inference_mode():
                h, state = recurrent(rows[at], state)
                at = (at + 1) % len(rows)
                return output(h)

        return run

    def sequence(self, net):
        torch, (recurrent, output) = self.torch, self.make(net).eval()
        x = torch.from_numpy(net.x)

        def run():
            with torch.inference_mode():
                return output(recurrent(x)[0])

        return run

    def notes(self, words):
        """A training step of a network that writes frames note by note, as scripts/compare_networks.py has it."""
        sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
        import compare_networks

        network, notes, hidden, _, batch, steps = words[:6]
        model, loss = compare_networks.prepared((network, int(hidden), int(notes), int(batch), int(steps)))
        optimiser = self.torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)

        def run():
            optimiser.zero_grad()
            loss().backward()
            self.torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()

        return run

    def peak(self):
        a, b = self.torch.randn(2048, 2048), self.torch.randn(2048, 2048)
        return 2 * 2048**3 / min(timed(lambda: a @ b) for _ in range(6))

    def read(self, size):
        """Bytes per second when each thread reads `size` bytes repeatedly, from the cache that holds them."""
        count = max(4, int(2e8) // size)
        values = self.torch.ones(size // 4).expand(count, size // 4)
        return count * size / min(timed(lambda: values.sum(1)) for _ in range(8))


class Jax:
    """Written out, as there is no recurrent layer in JAX: one product for the inputs of all steps, then lax.scan; compiled by jax.jit."""

    def __init__(self, threads):
        os.environ.setdefault("JAX_PLATFORMS", "cpu")
        import jax

        self.jax, self.version = jax, jax.__version__

    def weights(self, net):
        as_jax = self.jax.numpy.asarray
        return [[as_jax(value) for value in layer] for layer in net.layers], [as_jax(value) for value in net.output]

    def advance(self, cell):
        jax, jnp = self.jax, self.jax.numpy

        def lstm(state, inputs, w, b):
            h, c = state
            i, f, g, o = jnp.split(inputs + h @ w.T + b, 4, axis=-1)
            c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
            return jax.nn.sigmoid(o) * jnp.tanh(c), c

        def gru(state, inputs, w, b):
            (h,) = state
            (ri, zi, ni), (rh, zh, nh) = jnp.split(inputs, 3, axis=-1), jnp.split(h @ w.T + b, 3, axis=-1)
            r, z = jax.nn.sigmoid(ri + rh), jax.nn.sigmoid(zi + zh)
            return ((1 - z) * jnp.tanh(ni + r * nh) + z * h,)

        return {"lstm": lstm, "gru": gru, "rnn": lambda state, inputs, w, b: (jnp.tanh(inputs + state[0] @ w.T + b),)}[cell]

    def forward(self, net):
        advance = self.advance(net.cell)

        def forward(weights, x):
            layers, (w_out, b_out) = weights
            for w_ih, w_hh, b_ih, b_hh in layers:
                def body(state, inputs, w=w_hh, b=b_hh):
                    state = advance(state, inputs, w, b)
                    return state, state[0]

                _, x = self.jax.lax.scan(body, self.zeros(net)[0], x @ w_ih.T + b_ih)
            return x @ w_out.T + b_out

        return forward

    def zeros(self, net):
        jnp = self.jax.numpy
        each = 2 if net.cell == "lstm" else 1
        return [tuple(jnp.zeros((net.batch, net.hidden)) for _ in range(each)) for _ in range(net.count)]

    def train(self, net):
        jax, jnp, forward = self.jax, self.jax.numpy, self.forward(net)
        x, y, tree = jnp.asarray(net.x), jnp.asarray(net.y), jax.tree_util.tree_map

        def loss(weights):
            z = forward(weights, x)
            return jnp.mean(jnp.maximum(z, 0) - z * y + jnp.log1p(jnp.exp(-jnp.abs(z))))

        def update(weights, m, v, t):
            value, g = jax.value_and_grad(loss)(weights)
            norm = jnp.sqrt(sum(jnp.sum(leaf * leaf) for leaf in jax.tree_util.tree_leaves(g)))
            g = tree(lambda leaf: leaf * jnp.minimum(1.0, 1.0 / (norm + 1e-6)), g)
            m = tree(lambda m, g: 0.9 * m + 0.1 * g, m, g)
            v = tree(lambda v, g: 0.999 * v + 0.001 * g * g, v, g)
            c1, c2 = 1 - 0.9**t, 1 - 0.999**t
            weights = tree(lambda w, m, v: w - 1e-3 * (m / c1) / (jnp.sqrt(v / c2) + 1e-8), weights, m, v)
            return value, weights, m, v

        step = jax.jit(update, donate_argnums=(0, 1, 2))
        weights = self.weights(net)
        m, v, t = tree(jnp.zeros_like, weights), tree(jnp.zeros_like, weights), 0

        def run():
            nonlocal weights, m, v, t
            t += 1
            value, weights, m, v = step(weights, m, v, float(t))
            jax.block_until_ready(weights)
            return float(value)

        return run

    def step(self, net):
        jax, jnp, advance = self.jax, self.jax.numpy, self.advance(net.cell)

        def once(weights, states, x):
            layers, (w_out, b_out) = weights
            new = []
            for (w_ih, w_hh, b_ih, b_hh), state in zip(layers, states):
                new.append(advance(state, x @ w_ih.T + b_ih, w_hh, b_hh))
                x = new[-1][0]
            return x @ w_out.T + b_out, new

        compiled = jax.jit(once, donate_argnums=1)
        weights, states, rows, at = self.weights(net), self.zeros(net), [jnp.asarray(row) for row in net.x], 0

        def run():
            nonlocal states, at
            logits, states = compiled(weights, states, rows[at])
            at = (at + 1) % len(rows)
            return jax.block_until_ready(logits)

        return run

    def sequence(self, net):
        compiled, weights, x = self.jax.jit(self.forward(net)), self.weights(net), self.jax.numpy.asarray(net.x)
        return lambda: self.jax.block_until_ready(compiled(weights, x))


class OnnxRuntime:
    """Inputs and outputs are bound once, so that a step copies nothing but its input."""

    def __init__(self, threads):
        import onnxruntime

        self.library, self.version, self.threads = onnxruntime, onnxruntime.__version__, threads

    def session(self, net):
        options = self.library.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = self.threads, 1
        return self.library.InferenceSession(f"{net.folder}/model.onnx", options, providers=["CPUExecutionProvider"])

    def step(self, net):
        session, states, value = self.session(net), states_of(net), self.library.OrtValue.ortvalue_from_numpy
        x, logits = value(net.x[:1].copy()), value(np.zeros_like(net.x[:1]))
        sides = [{name: value(np.zeros((1, net.batch, net.hidden), np.float32)) for name, _ in states} for _ in range(2)]
        bindings = []
        for read, write in (sides, sides[::-1]):
            binding = session.io_binding()
            binding.bind_ortvalue_input("x", x)
            binding.bind_ortvalue_output("logits", logits)
            for before, after in states:
                binding.bind_ortvalue_input(before, read[before])
                binding.bind_ortvalue_output(after, write[before])
            bindings.append(binding)
        at = 0

        def run():
            nonlocal at
            x.update_inplace(net.x[at % net.steps][None])
            session.run_with_iobinding(bindings[at % 2])
            at += 1
            return logits.numpy()

        return run

    def sequence(self, net):
        session = self.session(net)
        return lambda: session.run(None, {"x": net.x})[0]


class OpenVino:
    """Compiled for latency in f32 (its default on processors with bf16 instructions is bf16); two requests hand the state to each other."""

    def __init__(self, threads):
        import openvino

        self.library, self.version, self.threads = openvino, openvino.__version__.split("-")[0], threads

    def compiled(self, net):
        settings = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": self.threads}
        return self.library.Core().compile_model(f"{net.folder}/model.onnx", "CPU", settings)

    def step(self, net):
        compiled, states, tensor = self.compiled(net), states_of(net), self.library.Tensor
        x = np.ascontiguousarray(net.x[:1])
        logits = np.zeros_like(x)
        sides = [{name: np.zeros((1, net.batch, net.hidden), np.float32) for name, _ in states} for _ in range(2)]
        requests = []
        for read, write in (sides, sides[::-1]):
            request = compiled.create_infer_request()
            request.set_tensor("x", tensor(x, shared_memory=True))
            request.set_tensor("logits", tensor(logits, shared_memory=True))
            for before, after in states:
                request.set_tensor(before, tensor(read[before], shared_memory=True))
                request.set_tensor(after, tensor(write[before], shared_memory=True))
            requests.append(request)
        at = 0

        def run():
            nonlocal at
            assert sides  # kept, as a request does not keep the memory that it shares
            x[0] = net.x[at % net.steps]
            requests[at % 2].infer()
            at += 1
            return logits

        return run

    def sequence(self, net):
        request = self.compiled(net).create_infer_request()
        x = net.x
        request.set_tensor("x", self.library.Tensor(x, shared_memory=True))

        def run():
            assert x is not None  # kept, as a request does not keep the memory that it shares
            request.infer()
            return request.get_tensor("logits").data

        return run


class Tract:
    """Optimised for its shapes, on one thread, as it computes; through its Python binding, which adds some microseconds to a step."""

    def __init__(self, threads):
        import importlib.metadata

        import tract

        self.library, self.version = tract, importlib.metadata.version("tract")

    def runnable(self, net):
        return self.library.onnx().load(f"{net.folder}/model.onnx").into_model().into_runnable()

    def step(self, net):
        runnable, tensor = self.runnable(net), self.library.Tensor.from_numpy
        rows, at = [tensor(np.ascontiguousarray(row[None])) for row in net.x], 0
        zeros = np.zeros((1, net.batch, net.hidden), np.float32)
        states = [tensor(zeros) for _ in states_of(net)]

        def run():
            nonlocal states, at
            logits, *states = runnable.run([rows[at], *states])
            at = (at + 1) % len(rows)
            return logits.to_numpy()

        return run

    def sequence(self, net):
        runnable, x = self.runnable(net), self.library.Tensor.from_numpy(net.x)
        return lambda: runnable.run([x])[0].to_numpy()


PEERS = {"pytorch": PyTorch, "jax": Jax, "onnxruntime": OnnxRuntime, "openvino": OpenVino, "tract": Tract}


def timed(run):
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def load(peer, name, words):
    mode, net = words[0], None if words[0] == "notes" else Network(words[1:])
    make = getattr(peer, mode, None)
    if make is None:
        raise NotImplementedError("it does not train" if mode == "train" else "it is not compared")
    if mode == "notes":
        run = make(words[1:])
        run()
        return run
    run = make(net)
    if mode == "train":
        results = np.array([run() for _ in range(STEPS_TO_CHECK)], np.float32)
    else:
        calls = net.steps if mode == "step" else 1
        results = np.concatenate([np.asarray(run()).flatten() for _ in range(calls)])
    results.astype(np.float32).tofile(f"{net.folder}/{name}.f32")
    return run


def measure(run, seconds):
    started, times = time.perf_counter(), []
    while len(times) < 3 or time.perf_counter() - started < seconds:
        times.append(timed(run))
    return f"{statistics.median(times):.9f} {min(times):.9f} {len(times)}"


def main():
    answers, sys.stdout = os.fdopen(os.dup(1), "w"), sys.stderr
    os.dup2(2, 1)
    name, threads = sys.argv[1], int(sys.argv[2])
    try:
        peer = PEERS[name](threads)
    except Exception as error:
        print("no", " ".join(str(error).split()), file=answers, flush=True)
        return
    print("ok", peer.version, file=answers, flush=True)
    run = None
    for line in sys.stdin:
        try:
            match line.split():
                case ["load", *words]:
                    run, answer = load(peer, name, words), ""
                case ["time", seconds]:
                    answer = measure(run, float(seconds))
                case ["peak"]:
                    answer = peer.peak()
                case ["read", size]:
                    answer = peer.read(int(size))
                case _:
                    raise ValueError(f"unknown line {line!r}")
            print("ok", answer, file=answers, flush=True)
        except Exception as error:
            print("no", type(error).__name__ + ":", " ".join(str(error).split())[:200], file=answers, flush=True)


if __name__ == "__main__":
    main()
