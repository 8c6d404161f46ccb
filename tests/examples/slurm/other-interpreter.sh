#!/usr/bin/env bash
# The first line says what runs it.
#SBATCH --job-name=interpreter
#SBATCH --time=5
#SBATCH --output=%x.out
echo "run by bash ${BASH_VERSINFO[0]}" | sed 's/[0-9]*$/N/'
