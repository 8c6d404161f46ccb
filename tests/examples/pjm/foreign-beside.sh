#!/bin/bash
#SBATCH --time=30
#PBS -l walltime=00:30:00
#PJM -L elapse=30:00

#PJM -L node=1
# The block of directives ends with the first command.
cd work
#PJM -N too-late
./run
