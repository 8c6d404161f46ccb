#!/bin/bash
#SBATCH --hold
#SBATCH --deadline=2031-01-01
#SBATCH --time=10 --time-min=5
#SBATCH --chdir=/scratch/held
#SBATCH --input=deck.txt
cat
