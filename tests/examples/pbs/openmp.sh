#!/bin/bash
#PBS -N threads
#PBS -l select=1:ncpus=32:ompthreads=32:mem=64gb
#PBS -l walltime=2:00:00
cd "$PBS_O_WORKDIR" && ./threads
