#!/bin/bash
#SBATCH -p gpu
#SBATCH -N 2
#SBATCH --gpus-per-node=a100:4
#SBATCH --ntasks-per-node=4
#SBATCH --cpus-per-task=16
#SBATCH --gpu-bind=closest
#SBATCH --time=1-00:00:00
srun python3 train.py
