#!/bin/bash
# Told two minutes before the end, so that it can save its state.
#SBATCH --job-name=saver
#SBATCH --signal=B:USR1@120
#SBATCH --time=00:10:00
#SBATCH --requeue
trap 'echo saving' USR1
echo "ready for a signal"
