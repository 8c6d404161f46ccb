#!/bin/bash
#PBS -N assembly
#PBS -l select=1:ncpus=24:mem=1500gb:bigmem=True
#PBS -l walltime=120:00:00,pvmem=1tb
#PBS -R e
./assemble reads/*.fq
