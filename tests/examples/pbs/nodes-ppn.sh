#!/bin/bash
#PBS -N old-style
#PBS -l nodes=4:ppn=8:fast#excl
#PBS -l walltime=36000
#PBS -V
cd $PBS_O_WORKDIR
mpirun -np 32 -machinefile $PBS_NODEFILE ./a.out
