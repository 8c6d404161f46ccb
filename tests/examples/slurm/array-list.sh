#!/bin/bash
# Only the cases that failed the last time.
#SBATCH --array=1,3,7-9
#SBATCH --time=10
#SBATCH --mem=100M
echo "again: $SLURM_ARRAY_TASK_ID"
