#!/usr/bin/env python3
"""What each dependency costs in a cold release build of the command, in seconds of processor time.

  scripts/build_cost.py [TARGET]     builds in target/build-cost, which must not exist yet, and writes the table to target/build-cost.md; TARGET is
                                     one of rustc's, such as x86_64-unknown-linux-musl (CARGO_TARGET_DIR=target/build-cost scripts/release.sh
                                     then makes the archive of what was built)
  scripts/build_cost.py --table      makes the table again from the last measurement, target/build-cost.jsonl

Cargo calls this script in the place of rustc (RUSTC_WRAPPER), and it adds up the processor time of rustc and of the linker: that hardly depends
on what else the machine does, as seconds do. A dependency's *own* seconds are those of its crate. *Without it* are the seconds that would
be saved if nothing of this workspace named it: its own, and those of all crates that come in through it alone.
"""

import collections
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOG = ROOT / "target" / "build-cost.jsonl"
PAGE = ROOT / "target" / "build-cost.md"

# What each is for, and why it is not written here: read this before another one is added.
PURPOSE = {
    "anyhow": "errors of the command with their causes",
    "axum": "routes of the studio, on hyper",
    "clap": "arguments, help and their errors",
    "clap_complete": "completions for shells",
    "clap_mangen": "manual pages",
    "crc32c": "check sums of TensorBoard files and of music",
    "csv": "answers of listening tests, with quotes as spreadsheets write them",
    "ctrlc": "Ctrl-C saves a training",
    "bytemuck": "f32 as bytes without unsafe code of our own",
    "divsufsort": "suffix arrays: what a composition has copied",
    "flate2": "compressed MusicXML and stored models",
    "fundsp": "the built-in synthesiser",
    "futures-util": "events of the studio as a stream",
    "getrandom": "the secret of the studio's address",
    "half": "f16 and bf16 weights",
    "hound": "WAV",
    "hyper": "HTTP/1.1 of the studio",
    "hyper-util": "the studio's connections, and their end",
    "include_dir": "the corpus and the models in the program",
    "indicatif": "progress bars",
    "matrixmultiply": "matrix products, with kernels for each processor",
    "maud": "HTML that is escaped where it must be",
    "midly": "MIDI",
    "ndarray": "views of matrices",
    "num-traits": "f32 and f64 by one code",
    "plotters": "charts as SVG",
    "pulldown-cmark": "the course as pages",
    "quick-xml": "MusicXML written",
    "rand": "random numbers",
    "rand_chacha": "the generator, with streams",
    "rayon": "the thread pool",
    "roxmltree": "MusicXML read",
    "rustysynth": "SoundFonts",
    "safetensors": "model files",
    "serde": "settings and results as data",
    "serde_json": "JSON",
    "sha2": "check sums of pieces and files",
    "statrs": "Student's t, beta, binomial, chi-squared",
    "strsim": "did you mean …?",
    "tempfile": "files that are replaced whole",
    "thiserror": "errors of the libraries",
    "tokio": "the studio's sockets and timers",
    "toml": "configuration files",
    "tower-http": "the studio survives a panic and a slow client",
    "zip": ".mxl",
}


# What comes and goes together.
TOGETHER = {
    "the studio's server: axum, futures-util, hyper, hyper-util, tokio, tower-http": ["axum", "futures-util", "hyper", "hyper-util", "tokio", "tower-http"],
    "the command line: clap, clap_complete, clap_mangen": ["clap", "clap_complete", "clap_mangen"],
    "serde, serde_json, toml": ["serde", "serde_json", "toml"],
    "charts and pages: maud, plotters, pulldown-cmark": ["maud", "plotters", "pulldown-cmark"],
    "MusicXML: quick-xml, roxmltree, zip": ["quick-xml", "roxmltree", "zip"],
}


def wrap(arguments):
    """Runs rustc, and notes its processor time."""
    began = time.monotonic()
    status = subprocess.run(arguments).returncode
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    name = next((value for key, value in zip(arguments, arguments[1:]) if key == "--crate-name"), None)
    if name and name != "___":
        record = {"crate": name, "cpu": used.ru_utime + used.ru_stime, "wall": time.monotonic() - began, "package": os.environ.get("CARGO_PKG_NAME"), "version": os.environ.get("CARGO_PKG_VERSION")}
        with open(os.environ["BUILD_COST_LOG"], "a") as log:
            log.write(json.dumps(record) + "\n")
    sys.exit(status)


def measure(target):
    folder = ROOT / "target" / "build-cost"
    if folder.exists():
        sys.exit(f"{folder} exists: delete it; the build must be cold")
    LOG.parent.mkdir(parents=True, exist_ok=True)
    LOG.unlink(missing_ok=True)
    environment = os.environ | {"RUSTC_WRAPPER": str(Path(__file__).resolve()), "BUILD_COST_LOG": str(LOG), "CARGO_TARGET_DIR": str(folder), "CARGO_INCREMENTAL": "0"}
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run(["cargo", "build", "--release", "--locked", "-p", "composer", *(["--target", target] if target else [])], cwd=ROOT, env=environment, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    with open(LOG, "a") as log:
        log.write(json.dumps({"total": seconds, "wall": time.monotonic() - began, "cores": os.cpu_count()}) + "\n")


def graph():
    """The packages that the command needs: name by id, dependencies by id, ids of the workspace."""
    host = next(line.split()[1] for line in subprocess.check_output(["rustc", "-vV"], text=True).splitlines() if line.startswith("host:"))
    metadata = json.loads(subprocess.check_output(["cargo", "metadata", "--format-version", "1", "--locked", "--filter-platform", host], cwd=ROOT))
    nodes = {node["id"]: [dep["pkg"] for dep in node["deps"] if any(kind["kind"] != "dev" for kind in dep["dep_kinds"])] for node in metadata["resolve"]["nodes"]}
    packages = {package["id"]: (package["name"], package["version"]) for package in metadata["packages"]}
    return nodes, packages, set(metadata["workspace_members"])


def reachable(nodes, root, without=frozenset(), workspace=frozenset()):
    """All packages below `root`, when no member of the workspace names those in `without`."""
    seen, waiting = set(), [root]
    while waiting:
        here = waiting.pop()
        if here in seen:
            continue
        seen.add(here)
        waiting.extend(dep for dep in nodes[here] if not (dep in without and here in workspace))
    return seen


def table():
    records = [json.loads(line) for line in LOG.read_text().splitlines()]
    whole = next(record for record in records if "total" in record)
    cost = collections.Counter()
    for record in records:
        if "crate" in record:
            cost[(record["package"], record["version"])] += record["cpu"]
    nodes, packages, members = graph()
    root = next(member for member in members if packages[member][0] == "composer")
    # A package of the graph that was not compiled is behind a feature that is off.
    everything = {package for package in reachable(nodes, root) if packages[package] in cost}
    of = lambda group: sum(cost[packages[package]] for package in group)
    direct = {dep for member in members & everything for dep in nodes[member] if dep not in members and dep in everything}
    rows = []
    for dep in direct:
        left = reachable(nodes, root, {dep}, members)
        rows.append((of(everything - left), cost[packages[dep]], len(everything - left), packages[dep][0]))
    groups = []
    for name, names in TOGETHER.items():
        group = {dep for dep in direct if packages[dep][0] in names}
        gone = everything - reachable(nodes, root, group, members)
        groups.append((of(gone), len(gone), name))
    own = of(members & everything)
    lines = [
        "# What the build costs",
        "",
        "A cold release build of the command, by `scripts/build_cost.py`: seconds of processor time, of rustc and of the linker. *Own*: of its crate. *Without it*: what a build",
        "would save if nothing here named it, its own and the crates that come in through it alone; shared ones count nowhere. So the column does not add up.",
        "",
        f"In all {whole['total']:.0f} s of processor time on {whole['cores']} cores, so at best {whole['total'] / whole['cores']:.0f} s; it took {whole['wall']:.0f} s beside other programs. "
        f"{own:.0f} s are the crates of this workspace, {of(everything) - own:.0f} s the {len(everything - members)} others.",
        "",
        "| dependency | what for | own | without it | crates |",
        "|---|---|--:|--:|--:|",
    ]
    lines += [f"| {name} | {PURPOSE.get(name, '?')} | {mine:.1f} | {saved:.1f} | {count} |" for saved, mine, count, name in sorted(rows, reverse=True)]
    lines += ["", "| together | without them | crates |", "|---|--:|--:|"]
    lines += [f"| {name} | {saved:.1f} | {count} |" for saved, count, name in sorted(groups, reverse=True)]
    lines += ["", "| crate of the workspace | seconds |", "|---|--:|"]
    lines += [f"| {packages[member][0]} | {cost[packages[member]]:.1f} |" for member in sorted(members & everything, key=lambda member: -cost[packages[member]])]
    PAGE.write_text("\n".join(lines) + "\n")
    print(PAGE.read_text())
    missing = [name for *_, name in rows if name not in PURPOSE]
    if missing:
        sys.exit(f"what is it for: {', '.join(missing)}? Say so in {Path(__file__).name}")


if __name__ == "__main__":
    if "BUILD_COST_LOG" in os.environ:
        wrap(sys.argv[1:])
    if sys.argv[1:] != ["--table"]:
        measure(sys.argv[1] if len(sys.argv) > 1 else None)
    table()
