#!/usr/bin/env bash
# One training on several machines under Slurm: sbatch scripts/slurm_train.sh [arguments of composer train]
# A run that Slurm ended is resumed by the same command, on any number of processes up to training.micro_shards.
#SBATCH --job-name=composer
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=4
#SBATCH --cpus-per-task=8
#SBATCH --time=12:00:00
#SBATCH --signal=TERM@120
set -euo pipefail
run="${RUN:-runs/cluster}" # on a disk that the first machine can write to
composer="${COMPOSER:-composer}" # compiled with --features mpi
# The machines must compute alike: portable runs on all of them, avx2 is faster where all have it.
export COMPOSER_SIMD="${COMPOSER_SIMD:-avx2}"
export RAYON_NUM_THREADS="$SLURM_CPUS_PER_TASK"
if [ -e "$run/checkpoint.bin" ]; then
  exec srun --mpi=pmix "$composer" train --resume "$run"
fi
exec srun --mpi=pmix "$composer" train --output-dir "$run" --set training.micro_shards=8 "$@"
