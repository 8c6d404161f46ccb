#!/bin/bash
#PBS -N from-elsewhere
#PBS -l select=1:ncpus=1,walltime=60
echo "read all the same"
