#!/usr/bin/env bash
# Times this project against PyTorch on the CPU, alternating, and writes benches/RESULTS.md.
#
#   scripts/compare_pytorch.sh [--rounds N] [--threads N] [--realtime]
#
# PyTorch comes from PyPI into target/pytorch-env, unless PYTHON names an interpreter that has it. --realtime gives both
# sides real-time priority (Linux, root), for a machine with other load.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/pytorch_env.sh
[[ -n "${SKIP_BUILD:-}" ]] || cargo build --release --quiet -p composer-benches --bin speed
exec "$PYTHON" scripts/compare_pytorch.py --speed "$target/release/speed" "$@"
