#!/bin/bash
#PBS -N goes-first
#PBS -W depend=beforeok:250,runone:251:252
#PBS -l select=1:ncpus=2,walltime=20:00
./prepare
