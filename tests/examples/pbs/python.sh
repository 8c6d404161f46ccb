#!/usr/bin/env python3
#PBS -N in-python -l select=1:ncpus=2:mem=4gb
#PBS -l walltime=00:10:00
#PBS -S /bin/bash
import os
print(os.environ["PBS_JOBID"])
