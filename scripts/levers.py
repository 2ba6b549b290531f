#!/usr/bin/env python3
"""What each choice of network, training and drawing does to compositions: one table for chorales, folk tunes and the built-in corpus.

    pip install mido
    cargo build --release --examples -p composer && cargo build --release
    scripts/levers.py WORK [--seeds 3] [--music chorales,tunes,built-in] [LEVER ...]      does what is missing in WORK, then prints the table
    scripts/levers.py WORK --table                                                       prints the table of what is there

A training takes two minutes, a row with three seeds of training about half an hour. Each network composes 24 pieces of 16 bars by the defaults of `compose`, if its
row does not say otherwise; seeds of composing are those of training. `evaluate` compares them with music that no network here has learnt from:
the 77 test chorales of jsb16, and 96 tunes of nottingham-midi; for the built-in corpus, all of it. Needs jsb16 and nottingham-midi in $COMPOSER_DATASETS (default:
../shared/datasets beside the project). Results are kept in WORK as JSON, so that a run that was stopped goes on.
"""

import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys

from model_card import inside, without_findings

ROOT = pathlib.Path(__file__).resolve().parent.parent
DATASETS = pathlib.Path(os.environ.get("COMPOSER_DATASETS", ROOT / "../shared/datasets"))
PIECES, BARS = 24, 16


class Lever:
    """A row: what is different from the defaults of `train`, how many updates of minimum risk training follow on them, what is different from the defaults
    of `compose`, what is done with the compositions, and the only music that it is for. One that neither trains nor goes on has the network of the defaults."""

    def __init__(self, text, train=None, updates=0, compose=(), rewrite=(), only=None):
        self.text, self.train, self.updates, self.compose, self.rewrite, self.only = text, train, updates, compose, rewrite, only


def settings(**values):
    return [word for name, value in values.items() for word in ("--set", f"{name.replace('__', '.')}={value}")]


LEVERS = {
    "real": Lever("real music that was not compared with"),
    "defaults": Lever("the defaults of `train` and `compose`", train=[]),
    # What is decided.
    "coupled": Lever("frames from one output, `coupled`", settings(model__network="coupled")),
    "biaxial": Lever("pitch by pitch, `biaxial`", settings(model__network="biaxial")),
    "lengths": Lever("a length per note", settings(music__note_lengths=64)),
    "remi": Lever("tokens with durations, `remi`", ["--representation", "remi"]),
    "voices": Lever("tokens of `voices`", ["--representation", "voices"], only="chorales"),
    "no-relative": Lever("no relative logits", settings(model__relative_logits="false")),
    # What is told.
    "no-conditions": Lever("no conditions, form or rhythm", ["--conditions", "none"]),
    "no-rhythm": Lever("no rhythm", ["--conditions", "metre,density,polyphony,register,key,bars_left,form,harmony"]),
    "no-look-back": Lever("no look back", settings(music__look_back=0)),
    "longest-match": Lever("longest match", settings(music__longest_match="true")),
    # How it is trained.
    "no-excerpts": Lever("whole pieces from their beginning", settings(training__excerpts=0)),
    "no-transposition": Lever("not transposed", settings(training__transpose=0)),
    "large": Lever("LSTM 256, note GRU 192", ["--hidden", "256", *settings(model__note_hidden=192)]),
    "sampling": Lever("scheduled sampling down to 0.9", settings(training__sampling__curve="linear-to-end", training__sampling__floor=0.9)),
    "smoothing": Lever("label smoothing 0.05", settings(training__label_smoothing=0.05)),
    "no-average": Lever("no weight averaging", settings(training__ema_decay=0)),
    "risk": Lever("minimum risk, 200 updates more", updates=200),
    # How it is drawn.
    "temperature-0.9": Lever("temperature 0.9", compose=["--temperature", "0.9", "--top-p", "0.95"]),
    "top-p-1": Lever("top-p 1", compose=["--top-p", "1"]),
    "top-p-0.9": Lever("top-p 0.9", compose=["--top-p", "0.9"]),
    "min-p-0": Lever("min-p 0", compose=["--min-p", "0"]),
    "min-p-0.1": Lever("min-p 0.1", compose=["--min-p", "0.1"]),
    "whether-0.8": Lever("whether 0.8", compose=["--whether-temperature", "0.8"]),
    "whether-1.2": Lever("whether 1.2", compose=["--whether-temperature", "1.2"]),
    # How it is chosen.
    "pick": Lever("the best 24 of 96 by the judge", compose=["--pick", str(PIECES), "--from", str(4 * PIECES)]),
    "gibbs": Lever("three tenths of the beats drawn again (Gibbs)", rewrite=["vary", "--amount", "0.3"]),
    "particles": Lever("bars 5 to 12 written again by 16 particles (sequential Monte Carlo)", rewrite=["infill", "--bars", "5-12", "--sweeps", "0"]),
}


class Work:
    def __init__(self, folder, composer, threads):
        self.folder, self.composer, self.threads = folder, composer, threads

    def run(self, *words):
        words = [str(word) for word in words]
        done = subprocess.run([self.composer, *words, "--threads", str(self.threads)], capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"composer {' '.join(words)}\n{done.stderr[-2000:]}")
        return done.stdout

    def music(self, name):
        """(Options of `train`, reference, other real music.) Made when it is first asked for."""
        music = self.folder / "music" / name
        if name == "built-in":
            return [], [ROOT / "datasets/mutopia-pd", ROOT / "datasets/freedoom"], None
        if not music.exists():
            part = music.with_name(name + ".part")
            shutil.rmtree(part, ignore_errors=True)
            if name == "chorales":
                subprocess.run([sys.executable, ROOT / "scripts/chorales_as_midi.py", DATASETS, part], check=True)
            else:
                tunes = sorted((DATASETS / "nottingham-midi/MIDI").glob("*.mid"))
                for at, (folder, places) in enumerate({"learn": (0,), "test": (2,), "valid": (6,)}.items()):
                    (part / folder).mkdir(parents=True)
                    chosen = [tune for place in places for tune in tunes[place::8]]
                    for tune in chosen[: None if at == 0 else 96]:
                        shutil.copy(tune, part / folder)
            part.rename(music)
        return [music / "learn"], [music / "test"], music / "valid"

    def reference(self, name):
        _, folders, _ = self.music(name)
        if len(folders) == 1:
            return folders[0]
        joined = self.folder / "music" / name
        if not joined.exists():
            for folder in folders:
                shutil.copytree(folder, joined / folder.name)
        return joined

    def model(self, lever, name, seed):
        """A network that was trained as a row says, and its validation loss."""
        row = LEVERS[lever]
        if row.train is None and not row.updates:
            return self.model("defaults", name, seed)
        run = self.folder / "runs" / f"{name}-{lever}-{seed}"
        # A training writes its model after every epoch.
        finished = run / "finished"
        if not finished.exists():
            shutil.rmtree(run, ignore_errors=True)
            run.parent.mkdir(parents=True, exist_ok=True)
            folder, _, _ = self.music(name)
            if row.updates:
                run.mkdir()
                source = self.model("defaults", name, seed)
                program = pathlib.Path(self.composer).parent / "examples/minimum_risk"
                words = [program, source, folder[0] if folder else "built-in", run / "model.safetensors", row.updates, seed]
                subprocess.run([str(word) for word in words], check=True, stdout=open(run / "log", "w"))
            else:
                self.run("train", *folder, "--output-dir", run, "--seed", seed, "--quiet", *settings(run__samples="false", run__tensorboard="false"), *row.train)
            finished.touch()
        return run / "model.safetensors"

    def compositions(self, lever, name, seed):
        row, out = LEVERS[lever], self.folder / "pieces" / f"{name}-{lever}-{seed}"
        shutil.rmtree(out, ignore_errors=True)
        out.parent.mkdir(exist_ok=True)
        if lever == "real":
            _, _, other = self.music(name)
            shutil.copytree(other, out)
            chosen = sorted(out.glob("*.mid"))[seed - 1::3][:PIECES]
            for file in set(out.glob("*.mid")) - set(chosen):
                file.unlink()
            return out
        model = self.model(lever, name, seed)
        number = [] if "--pick" in row.compose else ["--num-outputs", PIECES]
        self.run("compose", "--model", model, "--output-dir", out, "--seed", seed, "--length", f"{BARS}bars", "--quiet", *number, *row.compose)
        for sound in out.glob("*.wav"):
            sound.unlink()
        if row.rewrite:
            for tune in sorted(out.glob("*.mid")):
                self.run(row.rewrite[0], tune, "--model", model, "--output", out / "again.mid", "--seed", seed, "--quiet", *row.rewrite[1:])
                (out / "again.mid").replace(tune)
            for other in set(out.iterdir()) - set(out.glob("*.mid")):
                other.unlink()
        return out

    def result(self, lever, name, seed):
        file = self.folder / "results" / f"{name}-{lever}-{seed}.json"
        if not file.exists():
            pieces = self.compositions(lever, name, seed)
            result = summary(json.loads(self.run("evaluate", pieces, "--reference", self.reference(name), "--json", "--quiet")))
            file.parent.mkdir(exist_ok=True)
            file.write_text(json.dumps(result))
            shutil.rmtree(pieces)
            print(name, lever, seed, result, file=sys.stderr, flush=True)
        return json.loads(file.read_text())


def summary(report):
    """What the table has of the JSON of `evaluate`."""
    assessment = report["sets"][0]["assessment"]
    (within, of), pieces = inside(assessment), assessment["pieces"]
    scores = [piece["diagnosis"]["likeness"]["score"] for piece in pieces if piece["diagnosis"].get("likeness")]
    return {"inside": within, "of": of, "passes": without_findings(assessment) / len(pieces), "score": statistics.median(scores or [0])}


def table(folder, music):
    head = " | ".join(f"{name}: inside of 33 | pass, % | score" for name in music)
    print(f"| | {head} |\n|---{'|---' * 3 * len(music)}|")
    for lever, row in LEVERS.items():
        cells = []
        for name in music:
            files = sorted((folder / "results").glob(f"{name}-{lever}-[0-9].json"))
            found = [json.loads(file.read_text()) for file in files]
            if not found:
                cells.append("| |")
                continue
            within = ", ".join(str(one["inside"]) for one in found)
            mean = [statistics.mean(one[key] for one in found) for key in ("passes", "score")]
            cells.append(f"{within} | {100 * mean[0]:.0f} | {mean[1]:.0f}")
        if any(cell != "| |" for cell in cells):
            print(f"| {row.text} | {' | '.join(cells)} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=pathlib.Path)
    parser.add_argument("levers", nargs="*", default=list(LEVERS), metavar="LEVER")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--music", default="chorales,tunes,built-in")
    parser.add_argument("--composer", default=str(ROOT / "target/release/composer"))
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--table", action="store_true")
    args = parser.parse_intermixed_args()
    work, music = Work(args.work.resolve(), args.composer, args.threads), args.music.split(",")
    for lever in [] if args.table else args.levers:
        for seed in range(1, args.seeds + 1):
            for name in music:
                skipped = LEVERS[lever].only not in (None, name) or (lever == "real" and name == "built-in")
                if not skipped:
                    work.result(lever, name, seed)
    table(args.work, music)


if __name__ == "__main__":
    main()
