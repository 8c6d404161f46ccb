#!/bin/sh
#PBS -N workdir
#PBS -l ncpus=1,walltime=60

# A job starts in the home, not where it was submitted.
cd "$PBS_O_WORKDIR" || exit 1
[ "$PWD" = "$PBS_O_WORKDIR" ] && echo "submitted here"
