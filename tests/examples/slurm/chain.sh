#!/bin/bash
# The second link of a chain: only when the first one went well.
#SBATCH --job-name=link2
#SBATCH --dependency=afterok:4711
#SBATCH --kill-on-invalid-dep=yes
#SBATCH --time=08:00:00
./continue restart.dat
