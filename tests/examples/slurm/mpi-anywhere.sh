#!/bin/bash
# So many ranks, wherever there is room.
#SBATCH --ntasks=64
#SBATCH --mem-per-cpu=2G
#SBATCH --time=240:30
mpirun -np "$SLURM_NTASKS" ./solver
