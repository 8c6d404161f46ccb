#!/bin/bash
#SBATCH --nodes=2-4
#SBATCH --exclusive
#SBATCH --exclude=node[07,12-14]
#SBATCH --contiguous
#SBATCH --switches=1@30:00
#SBATCH --time=02:00:00
srun ./bench
