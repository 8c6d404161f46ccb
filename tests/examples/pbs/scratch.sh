#!/bin/bash
#PBS -N scratch
#PBS -l select=1:ncpus=1
#PBS -l walltime=00:02:00
set -e
cd "$TMPDIR"
seq 1 10 > numbers
sort -n numbers | tail -1
test "$PBS_ENVIRONMENT" = PBS_BATCH && echo batch
