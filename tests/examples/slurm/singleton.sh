#!/bin/bash
#SBATCH --job-name=nightly
#SBATCH --dependency=singleton
#SBATCH --begin=2030-06-01T02:30:00
#SBATCH --no-requeue
#SBATCH --open-mode=append
#SBATCH --output=nightly.log
./nightly
