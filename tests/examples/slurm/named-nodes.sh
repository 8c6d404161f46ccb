#!/bin/bash
#SBATCH --nodelist=r1n[01-03],login2
#SBATCH --ntasks=8
#SBATCH --distribution=cyclic
#SBATCH --time=UNLIMITED
mpirun ./x
