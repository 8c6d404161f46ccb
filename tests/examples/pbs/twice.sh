#!/bin/bash
#PBS -N first -q low
#PBS -N second
#PBS -l mem=2gb,walltime=1:00:00
#PBS -l mem=4gb
: a colon in column 1 ends nothing
#PBS -W umask=022

echo go
#PBS -N too-late
