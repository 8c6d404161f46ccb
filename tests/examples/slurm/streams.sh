#!/bin/bash
#SBATCH -o out-%x.txt -e err-%x.txt
#SBATCH -J streams
#SBATCH -t 5
echo "to the output"
echo "to the error" >&2
