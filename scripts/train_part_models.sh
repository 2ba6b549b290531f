#!/bin/sh
# Trains the models that ship for `composer accompany`, `drum` and `reharmonise`, from the corpora that ship.
# Run from the root of the project; each takes a few minutes. The same seed gives the same files, byte for byte.
set -e
models=crates/composer/models
rags=$(mktemp -d)
trap 'rm -r "$rags"' EXIT
cp datasets/mutopia-pd/*rag*.mid datasets/mutopia-pd/bethena.mid datasets/mutopia-pd/elite-syncopations.mid \
   datasets/mutopia-pd/solace.mid datasets/mutopia-pd/the-*.mid "$rags"
cargo build --release
composer=target/release/composer
$composer learn-part accompany datasets/mutopia-pd datasets/freedoom --epochs "${EPOCHS:-30}" --compare \
    --output $models/accompany.safetensors
$composer learn-part drum datasets/freedoom --epochs "${EPOCHS:-30}" --compare --output $models/drum.safetensors
$composer learn-part reharmonise "rag=$rags" game=datasets/freedoom --epochs "${EPOCHS:-30}" --compare \
    --output $models/reharmonise.safetensors
