#!/bin/bash
#PBS -N rows
#PBS -J 1-5:2
#PBS -l ncpus=1,walltime=00:01:00
#PBS -j oe
echo "row $PBS_ARRAY_INDEX of ${PBS_ARRAY_ID%%.*}"
