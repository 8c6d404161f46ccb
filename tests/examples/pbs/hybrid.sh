#!/bin/bash
#PBS -N hybrid
#PBS -l select=4:ncpus=48:mpiprocs=8:ompthreads=6
#PBS -l walltime=06:30:00
#PBS -k oed
export OMP_PLACES=cores
cd $PBS_O_WORKDIR
mpiexec --map-by ppr:8:node:PE=$OMP_NUM_THREADS ./solver
