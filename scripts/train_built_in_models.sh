#!/bin/sh
# Trains the built-in models on the built-in corpora: those of `compose` without --model, `accompany`, `drum` and `reharmonise`. Run from
# the root of the project; a few minutes each. The same seed gives the same files, byte for byte. With arguments, only those models: scripts/train_built_in_models.sh drum
set -e
root=$PWD
models=$root/crates/composer/models
cargo build --release
composer=$root/target/release/composer
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
# The style "rag" is trained on rags only. The folder keeps its name, because the model file records it.
mkdir -p "$work/datasets/mutopia-pd"
cp -r datasets/freedoom "$work/datasets/freedoom"
cp datasets/mutopia-pd/*rag*.mid datasets/mutopia-pd/bethena.mid datasets/mutopia-pd/elite-syncopations.mid \
   datasets/mutopia-pd/solace.mid datasets/mutopia-pd/the-*.mid "$work/datasets/mutopia-pd"

for model in ${*:-compose accompany drum reharmonise}; do
    output=$models/$model/model.safetensors
    case $model in
    compose)
        "$composer" train --preset good --output-dir "$work/run" --num-outputs 1 --set run.tensorboard=false
        cp "$work/run/model.safetensors" "$output" ;;
    accompany)
        "$composer" train --task accompany datasets/mutopia-pd datasets/freedoom --output "$output" ;;
    drum)
        "$composer" train --task drum datasets/freedoom --output "$output" ;;
    reharmonise)
        (cd "$work" && "$composer" train --task reharmonise rag=datasets/mutopia-pd game=datasets/freedoom --output "$output") ;;
    *)
        echo "no model is called $model" >&2; exit 2 ;;
    esac
done
