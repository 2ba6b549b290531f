#!/usr/bin/env bash
# Training on several processes: the same model files, byte for byte, on 1, 2 and 4 processes and without MPI; and runs of which a
# process was killed at a random moment, resumed on another number of processes.
#
# usage: scripts/test_mpi.sh [KILLS]    KILLS: how many runs are killed [default: 5]
# COMPOSER: a binary that was compiled with --features mpi [default: it is compiled here, without optimisation of the command].
set -euo pipefail
cd "$(dirname "$0")/.."
kills="${1:-5}"
for program in mpirun mpicc; do
  command -v "$program" >/dev/null || { echo "skipped: there is no $program (Debian: libopenmpi-dev openmpi-bin libclang-dev)"; exit 0; }
done
composer="${COMPOSER:-}"
if [ -z "$composer" ]; then
  cargo build -q --locked -p composer --features mpi
  composer="${CARGO_TARGET_DIR:-target}/debug/composer"
fi
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
RANDOM="${SEED:-1}"
export OMPI_MCA_btl_vader_single_copy_mechanism=none # containers often forbid it

settings=(--hidden 16 --layers 1 --batch-size 16 --tbptt-len 16 --epochs 2 --threads 1 --quiet
  --set training.micro_shards=8 --set training.updates=24 --set run.checkpoint_updates=1 --set run.samples=false
  --num-outputs 1 --length 1bars)

# Runs `composer train` with the remaining arguments on the first number of processes; 0: without MPI.
train() {
  local processes="$1"
  shift
  if [ "$processes" = 0 ]; then
    "$composer" train "$@"
  else
    mpirun --quiet --allow-run-as-root --oversubscribe -n "$processes" "$composer" train "$@"
  fi
}

hash_of() { sha256sum <"$1/model.safetensors" | cut -c1-16; }

for processes in 0 1 2 4; do
  began=$SECONDS
  train "$processes" "${settings[@]}" --output-dir "$folder/on-$processes" >/dev/null
  echo "$processes processes: $(hash_of "$folder/on-$processes")  $((SECONDS - began)) s"
  [ "$(hash_of "$folder/on-$processes")" = "$(hash_of "$folder/on-0")" ] ||
    { echo "error: the model differs from that of one process without MPI"; exit 1; }
done

for ((kill = 1; kill <= kills; kill++)); do
  run="$folder/killed"
  rm -rf "$run"
  processes=$((kill % 3 + 2))
  train "$processes" "${settings[@]}" --output-dir "$run" >/dev/null 2>"$folder/said" &
  job=$!
  # A random moment from the start to the end.
  sleep "$((RANDOM % 4)).$((RANDOM % 10))"
  # The processes that mpirun, a child of this job, started.
  mpirun_pid="$(pgrep -P "$job" -x mpirun || true)"
  mapfile -t pids < <([ -z "$mpirun_pid" ] || pgrep -P "$mpirun_pid" || true)
  if [ "${#pids[@]}" -gt 0 ]; then
    kill -9 "${pids[$((RANDOM % ${#pids[@]}))]}" 2>/dev/null || true
  fi
  began=$SECONDS code=0
  wait "$job" || code=$?
  ended=$((SECONDS - began))
  if [ "$code" != 0 ]; then
    [ "$ended" -le 10 ] || { echo "error: the others ended $ended s after the kill"; exit 1; }
    if [ -e "$run/config.toml" ]; then
      train "$(((kill + 1) % 4))" --resume "$run" --threads 1 --quiet --num-outputs 1 --length 1bars >/dev/null
    else # it had not begun
      train "$(((kill + 1) % 4))" "${settings[@]}" --output-dir "$run" >/dev/null
    fi
  fi
  [ "$(hash_of "$run")" = "$(hash_of "$folder/on-0")" ] || { echo "error: kill $kill: the resumed model differs"; exit 1; }
  echo "kill $kill of $kills: $processes processes, exit code $code, ended in $ended s, resumed: the same model"
done
