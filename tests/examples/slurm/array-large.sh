#!/bin/bash
#SBATCH --job-name=screening
#SBATCH --array=0-9999%200
#SBATCH --time=02:00:00
#SBATCH --mem=4000
#SBATCH --mail-type=END,FAIL,ARRAY_TASKS
#SBATCH --mail-user=chem@example.org
./dock ligands/"$SLURM_ARRAY_TASK_ID".mol2
