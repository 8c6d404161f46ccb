#!/bin/bash
#PBS -N hello
#PBS -l select=1:ncpus=1
#PBS -l walltime=00:05:00
#PBS -j oe

echo "hello from $PBS_JOBNAME"
