#!/bin/bash
# One core for a quarter of an hour; runs anywhere.
#SBATCH --job-name=serial
#SBATCH --time=00:15:00
#SBATCH --ntasks=1
#SBATCH --mem=200M
#SBATCH --output=serial-%j.log

echo "job $SLURM_JOB_ID named $SLURM_JOB_NAME"
echo "ranks $SLURM_NTASKS"
