#!/bin/bash
# Ranks in all, spread over a number of nodes that does not divide them.
#SBATCH -N 3
#SBATCH -n 100
#SBATCH --mem=180G
#SBATCH -t 2-0
mpirun ./solver
