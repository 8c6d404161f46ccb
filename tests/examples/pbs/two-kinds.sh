#!/bin/bash
#PBS -N coupled
#PBS -l select=2:ncpus=40:mpiprocs=40+1:ncpus=8:mpiprocs=1:ngpus=1+1:host=viz1:ncpus=2
#PBS -l place=free:shared
#PBS -l walltime=3:00:00
mpiexec -configfile parts.conf
