#!/bin/bash
#PBS -N variables
#PBS -l select=1:ncpus=1:mem=100mb,walltime=0:02:00
#PBS -v "CASE=wing,MESH='fine, curved',STEPS=40"
printf '%s / %s / %s\n' "$CASE" "$MESH" "$STEPS"
