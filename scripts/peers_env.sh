# For compare_peers.sh, to be sourced in the root of the project: installs the other libraries into target/peers, and sets PYTHON, which has
# those from PyPI, and PEERS, the program of those from crates.io. What does not install is left out; compare_peers.py says why.
#
# PYTORCH_SITE names a folder site-packages that has PyTorch already.
target="${CARGO_TARGET_DIR:-target}"
env=target/peers/env
PYTHON="$env/bin/python"
mkdir -p target/peers/reasons
[[ -x "$PYTHON" ]] || python3 -m venv "$env"
[[ -z "${PYTORCH_SITE:-}" ]] || echo "$PYTORCH_SITE" > "$("$PYTHON" -c 'import site; print(site.getsitepackages()[0])')/pytorch.pth"
for package in torch numpy onnx onnxruntime openvino jax tract; do
    "$PYTHON" -c "import importlib.util, sys; sys.exit(importlib.util.find_spec('$package') is None)" && continue
    name="$package"
    [[ "$package" != jax ]] || name="jax[cpu]"
    "$env/bin/pip" install --quiet "$name" 2> "target/peers/reasons/$package" || echo "$package does not install" >&2
done

# One feature after the other, the cheapest to compile first, so that one that does not build does not stop the rest.
PEERS=target/peers/rust/release/peers
features=""
for feature in rten rust-lstm candle burn; do
    [[ " ${SKIP_PEERS:-} " != *" $feature "* ]] || { echo "left out by SKIP_PEERS" > "target/peers/reasons/$feature"; continue; }
    if CARGO_TARGET_DIR=target/peers/rust cargo build --release --quiet --locked --manifest-path scripts/peers/rust/Cargo.toml \
        --features "$features$feature" 2> "target/peers/reasons/$feature"; then
        features+="$feature,"
        rm "target/peers/reasons/$feature"
    else
        echo "$feature does not build" >&2
    fi
done
# The last build may be one that failed.
CARGO_TARGET_DIR=target/peers/rust cargo build --release --quiet --locked --manifest-path scripts/peers/rust/Cargo.toml --features "$features"
