#!/bin/bash
#SBATCH --ntasks=1 --mem=64G
#SBATCH hetjob
#SBATCH --ntasks=128
srun ./coupler : ./model
