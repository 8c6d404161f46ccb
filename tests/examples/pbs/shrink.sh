#!/bin/bash
#PBS -N fits-anywhere
#PBS -l select=16:ncpus=32:mpiprocs=32
#PBS -l min_walltime=2:00:00,max_walltime=12:00:00
#PBS -c w=30
mpiexec ./checkpointed
