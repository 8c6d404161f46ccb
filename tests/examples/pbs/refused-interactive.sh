#!/bin/bash
#PBS -N look-around
#PBS -l select=1:ncpus=1 -I
