#!/bin/bash
# Three short runs, one after another.
#SBATCH --job-name=cases
#SBATCH --array=2-6:2%1
#SBATCH --time=5
#SBATCH --output=case-%A_%2a.txt
echo "case $SLURM_ARRAY_TASK_ID of $SLURM_ARRAY_TASK_MIN..$SLURM_ARRAY_TASK_MAX, $SLURM_ARRAY_TASK_COUNT in all"
