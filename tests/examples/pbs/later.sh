#!/bin/bash
#PBS -N nightly
#PBS -a 2230
#PBS -h -r n -p -100
#PBS -A maintenance
#PBS -l walltime=1:00:00
./backup
