#!/bin/sh
# Trains the built-in models on the built-in corpora: those of `compose` without --model, `accompany`, `drum` and `reharmonise`. Run from
# the root of the project; a few minutes each, `piano` half an hour. The same seed gives the same files, byte for byte. With arguments, only those models:
# scripts/train_built_in_models.sh drum. `piano` and `hymn` learn from mutopia-keyboard (public domain; its index.tsv names kind and composer of each file),
# `accompany` from openscore-lieder (CC0), `reharmonise` from both, `humanise` from the Groove MIDI Dataset (CC BY 4.0); these must be in the folder that the variable
# DATASETS names. `song` and `tune` learn from openscore-lieder, `drums` from the Groove MIDI Dataset.
set -e
root=$PWD
models=$root/crates/application/models
cargo build --release
composer=$root/target/release/composer
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
# The pieces of mutopia-keyboard in folders that are named by their styles, and the rags and French pieces of the built-in corpus with them.
sort_keyboard() {
    python3 - "${DATASETS:?name the folder that has mutopia-keyboard}/mutopia-keyboard" datasets/mutopia-pd "$1" <<'PYTHON'
import csv, pathlib, re, shutil, sys

source, own, out = map(pathlib.Path, sys.argv[1:])
STYLES = {"BachJS": "baroque", "HandelGF": "baroque", "ScarlattiD": "baroque", "J. Kuhnau": "baroque", "MozartWA": "classical",
          "BeethovenLv": "classical", "HaydnFJ": "classical", "ClementiM": "classical", "JoplinS": "rag"}


def copy(file, folder):
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(file, folder)


with open(source / "index.tsv", encoding="utf-8") as index:
    for row in csv.DictReader(index, delimiter="\t"):
        composer = re.sub(r" *\(.*", "", row["composer"]).split(",")[0].strip()
        style = out / "hymns" if row["kind"] == "voices" else out / "keyboard" / STYLES.get(composer, "romantic")
        copy(source / row["file"], style)
for file in own.glob("*.mid"):
    copy(file, out / "keyboard" / ("romantic" if file.name.startswith(("debussy", "satie")) else "rag"))
PYTHON
}

# Scores of the set $1 whose names have a hash whose first byte is at least $3 and below $4, $5 of them at most, in the folder $2; the others are there to be tried.
sort_scores() {
    python3 - "${DATASETS:?name the folder that has $1}/$1" "$2" "$3" "$4" "${5:-1000000}" <<'PYTHON'
import hashlib, pathlib, shutil, sys

source, out = map(pathlib.Path, sys.argv[1:3])
first, below, most = map(int, sys.argv[3:])
out.mkdir(parents=True)
chosen = [file for file in sorted(source.glob("*.mxl")) if first <= hashlib.sha256(file.name.encode()).digest()[0] < below]
for file in chosen[:most]:
    shutil.copy(file, out)
PYTHON
}

# What all models of note-wise frames on the grid of sixteenths and triplets have in common; further words: their sizes, and what they are told beside the rest.
train_frames() {
    "$composer" train "$1" --preset good --threads 1 --set music.steps_per_quarter=6 --tbptt-len 96 --num-outputs 1 --set run.tensorboard=false --output-dir "$work/run-$model" \
        --conditions "$2" $3
    trained=$work/run-$model/model.safetensors
}
told=metre,density,polyphony,key,bars_left,form,harmony,rhythm

for model in ${*:-compose drum}; do
    cd "$root" # a model file says the folder that it learnt from, as it was named
    trained=$work/$model.safetensors
    case $model in
    compose)
        mkdir -p "$work/own/piano" "$work/own/game"
        cp datasets/mutopia-pd/*.mid "$work/own/piano"
        cp datasets/freedoom/*.mid "$work/own/game"
        cd "$work"; "$composer" train own --preset good --epochs 24 --hidden 128 --set model.note_hidden=80 --threads 1 \
            --conditions style,metre,density,polyphony,register,key,bars_left,form,harmony,rhythm --output-dir "$work/run" --num-outputs 1 --set run.tensorboard=false
        trained=$work/run/model.safetensors ;;
    piano)
        sort_keyboard "$work"
        cd "$work"; train_frames keyboard "style,register,$told" "--epochs 20 --hidden 208 --set model.note_hidden=140 --set model.embedding=64" ;;
    song)
        sort_scores openscore-lieder "$work/songs" 0 170
        cd "$work"; train_frames songs "$told" "--set music.parts=melody --epochs 8 --hidden 160 --set model.note_hidden=104 --set model.embedding=64" ;;
    tune)
        sort_scores openscore-lieder "$work/songs" 0 170
        cd "$work"; train_frames songs "$told" "--set music.parts=lead-sheet --epochs 8 --hidden 112 --set model.note_hidden=72 --set model.embedding=48" ;;
    drums)
        python3 scripts/split_groove.py "${DATASETS:?name the folder that has groove}/groove" "$work/parts" --beats "$work/groove"
        cd "$work"; train_frames groove style,metre,density,bars_left,form,rhythm \
            "--set music.parts=drums --epochs 10 --hidden 96 --set model.note_hidden=56 --set model.embedding=32 --set training.transpose=0" ;;
    hymn)
        sort_keyboard "$work"
        cd "$work"; train_frames hymns "register,$told" \
            "--set music.parts=choir --epochs 14 --hidden 96 --set model.note_hidden=64 --set model.embedding=40 --set training.copies=4" ;;
    accompany)
        sort_scores openscore-lieder "$work/lieder" 0 90
        cd "$work"; "$composer" train --task accompany lieder --hidden 128 --encoder 64 --output "$trained" ;;
    drum)
        "$composer" train --task drum datasets/freedoom --output "$trained" ;;
    reharmonise)
        sort_scores openscore-lieder "$work/lieder" 0 90 160
        sort_keyboard "$work"
        (cd "$work" && mv lieder lied && mv hymns hymn && mv keyboard/rag rag && cp -r "$root/datasets/freedoom" game &&
            "$composer" train --task reharmonise lied=lied hymn=hymn rag=rag game=game --hidden 80 --encoder 48 --note-hidden 64 --epochs 12 --output "$trained") ;;
    humanise)
        python3 scripts/split_groove.py "${DATASETS:?name the folder that has groove}/groove" "$work/groove"
        (cd "$work" && "$composer" train --task humanise groove --output "$trained") ;;
    *)
        echo "no model is called $model" >&2; exit 2 ;;
    esac
    "$composer" models pack "$trained" "$models/$model/model.safetensors" --weights f16
done
