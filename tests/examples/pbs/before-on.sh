#!/bin/bash
#PBS -N gathers
#PBS -W depend=on:3
#PBS -l select=1:ncpus=2,walltime=20:00
./gather
