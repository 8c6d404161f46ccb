#!/bin/bash
#PBS -N train
#PBS -q gpu
#PBS -l select=1:ncpus=16:ngpus=2:mem=120gb:gpu_model=a100
#PBS -l walltime=12:00:00
#PBS -o logs/ -e logs/
source ~/venv/bin/activate
python train.py --gpus 2
