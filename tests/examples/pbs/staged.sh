#!/bin/bash
#PBS -N staged
#PBS -W sandbox=PRIVATE
#PBS -W "stagein=in.dat@files:/archive/in.dat,stageout=out.dat@files:/archive/out.dat"
#PBS -l select=1:ncpus=4:mem=4gb:arch=linux,walltime=1:00:00
./transform in.dat out.dat
