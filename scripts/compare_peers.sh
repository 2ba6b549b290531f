#!/usr/bin/env bash
# Times this project against other libraries on the CPU, alternating, and writes benches/PEERS.md and benches/ROOFLINE.md.
#
#   scripts/compare_peers.sh [--quick] [--rounds N] [--threads N] [--realtime] [--only PEER …]
#
# The libraries are installed into target/peers (peers_env.sh). --realtime gives all sides real-time priority (Linux, root), for a
# machine with other load. SKIP_BUILD=1 takes what was built before.
set -euo pipefail
cd "$(dirname "$0")/.."
if [[ -n "${SKIP_BUILD:-}" ]]; then
    target="${CARGO_TARGET_DIR:-target}" PYTHON=target/peers/env/bin/python PEERS=target/peers/rust/release/peers
else
    source scripts/peers_env.sh
    cargo build --release --quiet -p composer-benches --bin ours
fi
exec "$PYTHON" scripts/compare_peers.py --ours "$target/release/ours" --peers "$PEERS" "$@"
