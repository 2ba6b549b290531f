#!/usr/bin/env bash
# Times the networks that write frames note by note, or pitch by pitch, against the same written in PyTorch, and prints tables.
#
#   scripts/compare_networks.sh [--rounds N] [--steps N] [--threads N] [--only WORD] [--part training|generation]
#   scripts/compare_networks.sh --learn FILE [--nll NATS] [--runs N]     seconds until a validation loss is reached
#
# PyTorch comes from PyPI into target/pytorch-env, unless PYTHON names an interpreter that has it.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/pytorch_env.sh
[[ -n "${SKIP_BUILD:-}" ]] || cargo build --release --quiet -p composer-benches --bin networks
program=compare_networks.py
for argument in "$@"; do [[ "$argument" == --learn ]] && program=time_to_loss.py; done
exec "$PYTHON" "scripts/$program" --networks "$target/release/networks" "$@"
