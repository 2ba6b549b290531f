#!/usr/bin/env python3
"""Times training steps, generated steps and sequences of other libraries and of this project alternately; see compare_peers.sh.

Every library is a process of its own that computes what it is told when it is told (scripts/peers, benches/src/bin/ours.rs), and is
stopped while another one is timed, so that threads that wait actively do not disturb. All have the same weights and inputs; a library whose results
differ from ours by more than 1e-4 is not timed. A round takes the median of several calls of each; the figures are medians of rounds.
"""

import argparse
import collections
import datetime
import json
import os
import platform
import select
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "peers"))
import page  # noqa: E402
from network import Network, write_onnx  # noqa: E402

Case = collections.namedtuple("Case", "mode cell features hidden layers batch steps")
CELLS = ("lstm", "gru", "rnn")
PYTHON_PEERS = ("pytorch", "jax", "onnxruntime", "openvino", "tract")
RUST_PEERS = ("candle", "burn", "rust-lstm", "rten")
OURS = {"ours": "dense", "gathered": "gathered", "avx2": "dense"}
TOLERANCE = 1e-4
PATIENCE = 90.0


def grid(quick):
    train = [(64, 1, 16, 100), (256, 1, 32, 128), (512, 2, 32, 64), (1024, 1, 64, 32)]
    more = [("lstm", 256, 1, 1, 128), ("lstm", 256, 1, 64, 128), ("gru", 256, 1, 64, 128)]
    step = [(64, 1, 1), (128, 1, 1), (256, 1, 1), (512, 1, 1), (512, 2, 1), (1024, 1, 1), (1024, 2, 1), (256, 1, 16)]
    sequence = [(64, 1), (256, 1), (512, 2), (1024, 1)]
    notes = [(96, 128, 16), (192, 256, 32), (256, 512, 16)]
    if quick:
        notes = notes[:1]
        train, more, step, sequence = train[1:2], [], [(256, 1, 1), (512, 2, 1)], sequence[1:2]
    cases = [Case("train", cell, 88, *shape) for cell in CELLS for shape in train]
    cases += [Case("train", cell, 88, *shape) for cell, *shape in more]
    cases += [Case("step", cell, 88, hidden, layers, batch, 32) for cell in CELLS for hidden, layers, batch in step]
    cases += [Case("sequence", cell, 88, hidden, layers, 64, 64) for cell in CELLS for hidden, layers in sequence]
    return cases + [Case("notes", "note-wise", over_notes, hidden, 1, batch, 64) for over_notes, hidden, batch in notes]


class Worker:
    """A process that answers lines; it is stopped except while it answers."""

    def __init__(self, command, environment, log):
        self.process = subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log)

    def answer(self, patience=PATIENCE):
        if not select.select([self.process.stdout], [], [], patience)[0]:
            self.process.kill()
            raise RuntimeError(f"it did not answer within {patience:.0f} s")
        line = self.process.stdout.readline().decode().strip()
        if not line:
            raise RuntimeError("it ended without an answer")
        word, _, rest = line.partition(" ")
        if word != "ok":
            raise RuntimeError(rest)
        return rest

    def ask(self, *words):
        self.process.send_signal(signal.SIGCONT)
        self.process.stdin.write((" ".join(map(str, words)) + "\n").encode())
        self.process.stdin.flush()
        try:
            return self.answer()
        finally:
            self.stop()

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGSTOP)

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


class Runner:
    """All libraries that are there, restarted when they fail."""

    def __init__(self, options):
        self.options, self.versions, self.missing = options, {}, {}
        self.log = open("target/peers/log", "w")
        self.workers = {}
        for name in (*OURS, *PYTHON_PEERS, *RUST_PEERS):
            if options.only and name not in (*OURS, *options.only):
                continue
            try:
                self.start(name)
            except (OSError, RuntimeError) as error:
                self.missing[name] = self.reason(name) or str(error)
        print("versions:", self.versions, "missing:", self.missing, flush=True)

    @staticmethod
    def reason(name):
        """The first line of an error that its installation left."""
        file = Path("target/peers/reasons") / {"pytorch": "torch"}.get(name, name)
        lines = file.read_text().splitlines() if file.exists() else []
        return next((line for line in lines if "error" in line.lower() or "left out" in line), None)

    def start(self, name):
        threads = str(self.options.threads)
        limits = {key: threads for key in ("RAYON_NUM_THREADS", "OMP_NUM_THREADS", "RTEN_NUM_THREADS", "MKL_NUM_THREADS")}
        environment = os.environ | limits
        if name in OURS:
            command = [self.options.ours]
            environment |= {"COMPOSER_SIMD": "avx2"} if name == "avx2" else {}
        elif name in PYTHON_PEERS:
            command = [sys.executable, str(Path(__file__).parent / "peers/worker.py"), name, threads]
        else:
            command = [self.options.peers, name, threads]
        worker = Worker(command, environment, self.log)
        if name not in OURS:
            try:
                self.versions[name] = worker.answer()
            except RuntimeError:
                worker.close()
                raise
            worker.stop()
        self.workers[name] = worker

    def ask(self, name, *words):
        try:
            return self.workers[name].ask(*words)
        except (RuntimeError, OSError):
            if self.workers[name].process.poll() is not None or words[0] == "time":
                self.workers[name].close()
                self.start(name)
            raise

    def close(self):
        for worker in self.workers.values():
            worker.close()


def read_floats(path):
    import numpy

    return numpy.fromfile(path, numpy.float32)


def difference(folder, name):
    """The largest difference from our results, relative to the largest of them where that is above 1."""
    import numpy

    ours, theirs = read_floats(f"{folder}/ours-dense.f32"), read_floats(f"{folder}/{name}.f32")
    if ours.shape != theirs.shape:
        raise RuntimeError(f"{theirs.size} results in place of {ours.size}")
    value = float(numpy.abs(ours - theirs).max() / max(1.0, float(numpy.abs(ours).max())))
    return value if value == value else float("inf")


def measure(runner, case, rounds, seconds):
    """Medians of rounds of all libraries that can do the case and agree with us, and reasons of the others."""
    result = {"case": case._asdict(), "seconds": {}, "best": {}, "rounds": {}, "reasons": {}, "difference": {}}
    with tempfile.TemporaryDirectory(dir="/dev/shm" if os.path.isdir("/dev/shm") else None) as folder:
        names = []
        for name in runner.workers:
            try:
                how = [OURS[name]] if name in OURS else []
                if case.mode == "notes" and name not in ("ours", "avx2", "pytorch"):
                    continue
                answer = runner.ask(name, "load", *case, folder, *how)
                if case.mode == "notes":
                    if name == "ours":
                        result["work"] = [float(word) for word in answer.split()]
                    names.append(name)
                    continue
                if name == "ours" and case.mode != "train":
                    write_onnx(Network([*case[1:], folder]), case.mode == "step")
                if name not in OURS:
                    found = result["difference"][name] = difference(folder, name)
                    if found > TOLERANCE:
                        raise RuntimeError(f"its results differ from ours by {found:.1e}")
                names.append(name)
            except (RuntimeError, OSError) as error:
                result["reasons"][name] = str(error)
                if name in OURS:
                    raise
        times = collections.defaultdict(list)
        for turn in range(rounds):
            for name in names if turn % 2 == 0 else reversed(names):
                if name in result["reasons"]:
                    continue
                try:
                    times[name].append([float(word) for word in runner.ask(name, "time", seconds).split()])
                except (RuntimeError, OSError) as error:
                    result["reasons"][name] = str(error)
    for name, rows in times.items():
        if name not in result["reasons"]:
            result["seconds"][name] = statistics.median(row[0] for row in rows)
            result["best"][name] = min(row[1] for row in rows)
            result["rounds"][name] = [row[0] for row in rows]
    return result


def busiest():
    """What else uses the processors: names and shares of a processor."""
    if not os.path.isdir("/proc/self"):
        return []
    first = processor_times()
    time.sleep(2)
    second = processor_times()
    used = collections.Counter()
    for key, ticks in second.items():
        used[key[1]] += ticks - first.get(key, ticks)
    return [(name, ticks / (2 * os.sysconf("SC_CLK_TCK"))) for name, ticks in used.most_common(4) if ticks > 0]


def processor_times():
    times = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and int(folder.name) != os.getpid():
            try:
                name, fields = (folder / "stat").read_text().split("(", 1)[1].rsplit(")", 1)
            except OSError:
                continue
            fields = fields.split()
            times[int(folder.name), name] = int(fields[11]) + int(fields[12])
    return times


def machine():
    lines = open("/proc/cpuinfo").read().splitlines() if os.path.exists("/proc/cpuinfo") else []
    find = lambda key: next((line.split(":")[1].strip() for line in lines if line.startswith(key)), "")
    flags = find("flags").split()
    return {
        "name": f"{find('model name') or platform.processor()}, {os.cpu_count()} processors",
        "system": f"{platform.system()} {platform.machine()}",
        "avx512": "avx512f" in flags,
        "avx512_bf16": "avx512_bf16" in flags,
        "energy": os.path.isdir("/sys/class/powercap/intel-rapl"),
    }


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--ours", required=True)
    parser.add_argument("--peers", required=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--budget", type=float, default=0.3, help="seconds per library, round and shape, at least")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--realtime", action="store_true")
    parser.add_argument("--only", nargs="+", help="these libraries, and ours")
    parser.add_argument("--page", metavar="RESULTS", help="writes the pages again from the results of a run")
    parser.add_argument("--output", default="benches", help="the folder of the pages")
    options = parser.parse_args()
    if options.page:
        page.write(json.load(open(options.page)), options.output)
        return
    load, others = os.getloadavg()[1], busiest()
    started = datetime.datetime.now()
    if options.realtime:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(5))
    runner = Runner(options)
    peaks = lambda: [float(runner.ask(name, "peak")) for name in ("ours", "pytorch") if name in runner.workers]
    results = {
        "date": datetime.date.today().isoformat(), "machine": machine(), "threads": options.threads, "rounds": options.rounds,
        "realtime": options.realtime, "quick": options.quick, "load": load, "others": others, "versions": runner.versions,
        "missing": runner.missing, "peaks": peaks(), "cases": [], "read": {},
    }
    for case in grid(options.quick):
        result = measure(runner, case, options.rounds, options.budget)
        results["cases"].append(result)
        print(page.line(result), flush=True)
        if case.mode == "notes":
            continue
        size = str(page.weight_bytes(case._asdict()) // options.threads)
        if "pytorch" in runner.workers and size not in results["read"]:
            results["read"][size] = float(runner.ask("pytorch", "read", size))
    results["peaks"] += peaks()
    results["minutes"] = (datetime.datetime.now() - started).total_seconds() / 60
    runner.close()
    Path("target/peers/results.json").write_text(json.dumps(results, indent=1))
    page.write(results, options.output)


if __name__ == "__main__":
    main()
