#!/bin/bash
#PBS -N limits
#PBS -l ncpus=1,walltime=2:00
#PBS -l pcput=60,file=10mb
ulimit -t
