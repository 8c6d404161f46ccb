#!/bin/bash
#SBATCH --licenses=solver:8,mesher
#SBATCH --gres=scratch:2
#SBATCH --comment="crash test, variant \"B\""
#SBATCH --qos=urgent
#SBATCH --reservation=course
#SBATCH --wckey=fem
#SBATCH --nice=200
#SBATCH -t 1:00:00
fem deck.inp
