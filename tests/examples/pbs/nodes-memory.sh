#!/bin/bash
#PBS -N old-memory
#PBS -l nodes=2,ncpus=8,mem=6gb
#PBS -l walltime=0:45:00
./run
