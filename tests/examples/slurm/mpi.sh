#!/bin/bash
#SBATCH --job-name=wave
#SBATCH --account=ocean
#SBATCH --partition=compute
#SBATCH --nodes=4
#SBATCH --ntasks-per-node=48
#SBATCH --time=0-12:30:00
#SBATCH --output=wave.%j.out
#SBATCH --error=wave.%j.err

module load mpi
srun ./wave input.nml
