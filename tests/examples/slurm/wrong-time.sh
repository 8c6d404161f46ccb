#!/bin/bash
#SBATCH --nodes=1 --time=1h
./x
