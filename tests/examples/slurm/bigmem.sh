#!/bin/bash
#SBATCH --partition=fat,huge
#SBATCH --constraint=himem&nvme
#SBATCH --nodes=1
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=32
#SBATCH --mem=3T
#SBATCH --time=3-12
#SBATCH --tmp=500G
./assemble reads.fq
