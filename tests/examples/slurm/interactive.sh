#!/bin/bash
#SBATCH --time=30
#SBATCH --pty
bash
