#!/bin/bash
#SBATCH --ntasks=4
#SBATCH --walltime=01:00:00
mpirun ./x
