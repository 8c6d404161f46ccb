#!/bin/bash
#PBS -N slots
#PBS -l select=1:ncpus=2:mpiprocs=2
#PBS -l place=pack,walltime=00:02:00
# One line for each process a launcher would start.
wc -l < "$PBS_NODEFILE"
echo "threads: $OMP_NUM_THREADS"
