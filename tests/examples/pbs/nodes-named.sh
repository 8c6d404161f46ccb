#!/bin/bash
#PBS -N on-these
#PBS -l nodes=n017+n018:ppn=2+2:ib:ppn=4
#PBS -l walltime=10:00
./run
