#!/usr/bin/env python3
"""Measures a model and writes the figures of its card.

Composes at the model's default settings, compares the compositions with real music of its style that it did not learn from, and measures the
likelihood of that music. Prints the figures as JSON; with --card, writes them as the section [figures] of a card.toml, which must be its last.

Usage, from the root of the project, after `cargo build --release`:

    scripts/model_card.py MODEL HELD_OUT [options]

    MODEL             name of a built-in model, or a model file
    HELD_OUT          folder of real music of the style, none of which was learnt from; `built-in`: the built-in corpus, of whose test pieces
                      the likelihood is then measured
    --name TEXT       what HELD_OUT is, for the card [default: the folder]
    --learnt FOLDER   the music that the model learnt from: counts compositions copied from it (of the built-in corpus: always)
    --real FOLDER     further real music of the style: in how many of its pieces the judge finds nothing
    --part FILE       of a model of parts: what `composer train --task … --json` printed; nothing is composed
    --number N        compositions [default: 48]
    --seed N          seed of the compositions [default: 1]
    --card FILE       the card.toml to write into
    --keep FOLDER     keep the compositions there
    --composer FILE   the program [default: target/release/composer]
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path


def run(composer, *args):
    """What a command printed as JSON."""
    done = subprocess.run([composer, *map(str, args), "--json", "--quiet"], stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


def figure(interval):
    """An interval of the program as an entry of a card."""
    return {"value": round(interval["estimate"], 4), "low": round(interval["low"], 4), "high": round(interval["high"], 4)}


def inside(assessment):
    """Statistics whose distance from real music is no larger than that of real music from itself, and statistics in all."""
    rows = [(row["distance"], row["human"]) for row in assessment["comparisons"]]
    rows += [(row["divergence"], row["human_divergence"]) for row in assessment["distributions"]]
    return sum(distance is not None and distance <= human["high"] for distance, human in rows), len(rows)


def without_findings(assessment):
    """Pieces that the judge could judge, and found nothing in."""
    diagnoses = [piece["diagnosis"] for piece in assessment["pieces"]]
    return sum(not diagnosis["findings"] and not diagnosis["unjudged"] for diagnosis in diagnoses)


def of_compositions(args, work):
    """Figures of compositions beside real music."""
    folder = args.keep or work / "compositions"
    run(args.composer, "compose", "--model", args.model, "--num-outputs", args.number, "--seed", args.seed, "--output-dir", folder)
    built_in = args.held_out == "built-in"
    reference = [] if built_in else ["--reference", args.held_out]
    assess = lambda *more: run(args.composer, "evaluate", *more)["sets"][0]["assessment"]
    found = assess(folder, *reference)
    scores = [piece["diagnosis"]["likeness"]["score"] for piece in found["pieces"] if piece["diagnosis"]["likeness"]]
    figures = {"compositions": len(found["pieces"])}
    figures["inside"], figures["statistics"] = inside(found)
    figures["without_findings"] = without_findings(found)
    if args.real:
        real = assess(args.real, *reference)
        figures["real_without_findings"] = round(100 * without_findings(real) / len(real["pieces"]), 1)
    if scores:
        figures["median_score"] = round(statistics.median(scores), 1)
    learnt = found if built_in else assess(folder, "--reference", args.learnt) if args.learnt else None
    if learnt:
        figures["copied"] = sum(piece["originality"]["copied"] for piece in learnt["pieces"])
    return figures


def of_likelihood(args):
    """The likelihood of the held-out music."""
    held_out = [] if args.held_out == "built-in" else ["--reference", args.held_out, "--held-out"]
    figures = run(args.composer, "evaluate", "--model", args.model, *held_out)["likelihood"][-1]["figures"]
    return {"held_out_pieces": figures["pieces"], "nats_per_step": figure(figures["nats_per_frame"])}


def of_part(path):
    """The figures that the training of a model of parts printed."""
    said = json.loads(Path(path).read_text())
    by_name = {row["name"]: row["nats_per_step"] for row in said["figures"]}
    return {
        "held_out_pieces": said["held_out_pieces"],
        "nats_per_step": figure(by_name["with the source"]),
        "shuffled_source": figure(by_name["more with a shuffled source"]),
    }


def as_toml(figures):
    """The section of a card."""
    inline = lambda pairs: "{ " + ", ".join(f"{key} = {value}" for key, value in pairs.items()) + " }"
    value = lambda entry: inline(entry) if isinstance(entry, dict) else json.dumps(entry, ensure_ascii=False)
    return "[figures]\n" + "".join(f"{key} = {value(entry)}\n" for key, entry in figures.items())


def write_card(path, figures):
    """Puts the section at the end of a card, in the place of the one that is there."""
    text = path.read_text()
    before, found, after = text.partition("[figures]\n")
    if found and "\n[" in after:
        sys.exit(f"{path}: [figures] must be the last section")
    path.write_text(before.rstrip("\n") + "\n\n" + as_toml(figures))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("held_out")
    for name in ("name", "learnt", "real", "part"):
        parser.add_argument(f"--{name}")
    parser.add_argument("--number", type=int, default=48)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--card", type=Path)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--composer", default="target/release/composer")
    args = parser.parse_args()
    usual = "the built-in corpus" if args.held_out == "built-in" else Path(args.held_out).name
    figures = {"reference": args.name or usual}
    if args.part:
        figures |= of_part(args.part)
    else:
        figures |= of_likelihood(args)
        with tempfile.TemporaryDirectory() as work:
            figures |= of_compositions(args, Path(work))
    print(json.dumps(figures, indent=2, ensure_ascii=False))
    if args.card:
        write_card(args.card, figures)


if __name__ == "__main__":
    main()
