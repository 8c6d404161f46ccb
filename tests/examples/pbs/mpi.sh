#!/bin/bash
#PBS -N flow
#PBS -P aero
#PBS -q large
#PBS -l select=8:ncpus=64:mpiprocs=64:mem=240gb
#PBS -l place=scatter:excl
#PBS -l walltime=24:00:00
#PBS -m abe
#PBS -M ada@example.org

cd $PBS_O_WORKDIR
module load mpi
mpiexec -n $(wc -l < $PBS_NODEFILE) ./flow input.nml > flow.log
