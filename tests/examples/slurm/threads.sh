#!/bin/bash
#SBATCH -J threads
#SBATCH -t 30
#SBATCH -c 2              # as many threads as cores
#SBATCH --mem-per-cpu=100M
export OMP_NUM_THREADS=${SLURM_CPUS_PER_TASK}
echo "threads $OMP_NUM_THREADS"
