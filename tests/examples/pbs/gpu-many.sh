#!/bin/bash
#PBS -N train-wide
#PBS -l select=4:ncpus=32:ngpus=4:mpiprocs=4
#PBS -l place=scatter:exclhost:group=switch
#PBS -l walltime=48:00:00
cd $PBS_O_WORKDIR
mpiexec python train.py
