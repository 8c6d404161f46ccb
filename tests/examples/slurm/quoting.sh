#!/bin/bash
#SBATCH --job-name='two words' --time=5 # and a remark
#SBATCH --output="out put.txt"

   # an indented comment, and a blank line before it
#SBATCH --comment="it's fine"
#SBATCH --mem 50M
echo "name: $SLURM_JOB_NAME"
#SBATCH --time=99 is a comment down here
