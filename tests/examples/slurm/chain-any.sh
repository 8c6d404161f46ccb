#!/bin/bash
# Cleans up, whichever of the three is done first.
#SBATCH -d afterok:20:21?afterany:23
#SBATCH -t 10
rm -rf scratch
