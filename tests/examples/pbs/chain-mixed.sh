#!/bin/bash
#PBS -N cleanup
#PBS -W "depend=afterany:101:102,afternotok:103,after:104"
#PBS -W umask=0022
#PBS -l walltime=15:00
./tidy
