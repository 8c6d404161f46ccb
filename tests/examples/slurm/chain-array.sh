#!/bin/bash
# Each element waits for the element of the same index.
#SBATCH --array=1-20
#SBATCH --dependency=aftercorr:815,after:816+15
#SBATCH --time=00:30:00
./post "$SLURM_ARRAY_TASK_ID"
