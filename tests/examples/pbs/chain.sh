#!/bin/bash
#PBS -N second-leg
#PBS -W depend=afterok:4711.head1:4712[]
#PBS -W group_list=aero,block=true
#PBS -l select=1:ncpus=1
#PBS -l walltime=00:30:00
./restart
