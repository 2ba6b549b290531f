#!/bin/sh
# Whether the models of `accompany`, `drum` and `reharmonise` use their source: NLL on test pieces with their own source, with a shuffled
# source, and of an unconditional model, for every way of conditioning. The tables are in docs/parts.md.
# Run from the root of the project. Usage: scripts/measure_part_models.sh [FOLDS], 1 to 6 folds for each kind of model.
set -e
folds=${1:-6}
cargo build --release
composer=$PWD/target/release/composer
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
mkdir "$work/rags"
cp datasets/mutopia-pd/*rag*.mid datasets/mutopia-pd/bethena.mid datasets/mutopia-pd/elite-syncopations.mid \
   datasets/mutopia-pd/solace.mid datasets/mutopia-pd/the-*.mid "$work/rags"
for conditioning in aligned aligned,attention attention bridge; do
    echo "== conditioning: $conditioning"
    for task in "accompany datasets/mutopia-pd datasets/freedoom" "drum datasets/freedoom" \
                "reharmonise rag=$work/rags game=datasets/freedoom"; do
        echo "== $task" | sed "s|$work/||"
        # shellcheck disable=SC2086 # the task is several words
        "$composer" train --task $task --conditioning $conditioning --compare "$folds" --output "$work/part.safetensors" 2>/dev/null |
            grep -v safetensors
    done
done
