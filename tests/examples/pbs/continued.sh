#!/bin/bash
#PBS -l select=2:ncpus=4:\
mpiprocs=4,walltime=1:00:00 \
  -N long-line -M \
ada@example.org,bob
mpiexec ./a.out
