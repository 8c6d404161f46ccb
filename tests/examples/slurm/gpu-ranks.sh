#!/bin/bash
# Each rank brings its own GPU and cores.
#SBATCH --ntasks=6
#SBATCH --gpus-per-task=1
#SBATCH --cpus-per-gpu=4
#SBATCH --mem-per-gpu=20G
#SBATCH --time=90
srun ./md
