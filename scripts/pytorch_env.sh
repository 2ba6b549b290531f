# For scripts that compare with PyTorch, to be sourced in the root of the project: sets PYTHON, which has PyTorch from PyPI in
# target/pytorch-env unless PYTHON names an interpreter that has it, and target, where cargo builds.
target="${CARGO_TARGET_DIR:-target}"
if [[ -z "${PYTHON:-}" ]]; then
    [[ -x target/pytorch-env/bin/python ]] || {
        python3 -m venv target/pytorch-env
        target/pytorch-env/bin/pip install --quiet torch numpy
    }
    PYTHON=target/pytorch-env/bin/python
fi
