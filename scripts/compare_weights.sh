#!/bin/sh
# What is lost when weights are stored as f16 or bf16: the NLL of held-out pieces under the same model, stored as each; how far the NLL of single
# pieces is from that with f32 (mean of the absolute differences; of all pieces, learnt from or not, because it is about the rounding); and how many weights were
# rounded. The table is in docs/models.md. Run from the root of the project.
# Usage: scripts/compare_weights.sh [MODEL [HELD_OUT]]: a built-in model of frames or a file [compose], and a folder of music that it did not learn
# from [the built-in corpus: its test pieces, and all of its pieces one by one].
set -e
model=${1:-compose}
composer=$PWD/target/release/composer
[ -x "$composer" ] || cargo build --release
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
for weights in f32 f16 bf16; do
    "$composer" models pack "$model" "$work/$weights.safetensors" --weights $weights --json --quiet >"$work/$weights.pack"
    if [ -n "$2" ]; then
        "$composer" evaluate --model "$work/$weights.safetensors" --reference "$2" --held-out --json --quiet >"$work/$weights.json"
    else
        "$composer" evaluate --model "$work/$weights.safetensors" --json --quiet >"$work/$weights.json"
    fi
    find "${2:-datasets}" -name '*.mid' | sort | while read -r piece; do
        "$composer" score "$piece" --model "$work/$weights.safetensors" --top 0 --json --quiet
    done >"$work/$weights.pieces"
done
python3 - "$work" <<'END'
import json, sys


def each(text):
    """The JSON documents of a text, one after another."""
    decoder, place = json.JSONDecoder(), 0
    while text[place:].strip():
        place += len(text[place:]) - len(text[place:].lstrip())
        document, place = decoder.raw_decode(text, place)
        yield document


print(f"{'weights':<8}{'bytes':>10}{'rounded by at most':>20}{'nats per step':>15}{'more than f32':>15}{'per piece, absolute':>21}")
first = pieces_first = None
for weights in ("f32", "f16", "bf16"):
    packed = json.load(open(f"{sys.argv[1]}/{weights}.pack"))
    nats = json.load(open(f"{sys.argv[1]}/{weights}.json"))["likelihood"][-1]["figures"]["nats_per_frame"]["estimate"]
    pieces = [piece["nats_per_step"] for piece in each(open(f"{sys.argv[1]}/{weights}.pieces").read())]
    first, pieces_first = (nats, pieces) if first is None else (first, pieces_first)
    apart = sum(abs(a - b) for a, b in zip(pieces, pieces_first)) / len(pieces)
    print(f"{weights:<8}{packed['bytes']:>10}{packed['largest_change']:>20.1e}{nats:>15.5f}{nats - first:>+15.1e}{apart:>15.1e} of {len(pieces)}")
END
