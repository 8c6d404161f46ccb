#!/bin/bash
#PBS -N shared-files
#PBS -l walltime=1:00
#PBS -W umask=027
umask
