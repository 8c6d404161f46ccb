#!/bin/bash
#PBS -N sweep
#PBS -J 0-999%20
#PBS -l select=1:ncpus=4:mem=8gb
#PBS -l walltime=04:00:00
#PBS -o out/case.^array_index^.log
#PBS -j oe
cd $PBS_O_WORKDIR/case.$PBS_ARRAY_INDEX && ../simulate
