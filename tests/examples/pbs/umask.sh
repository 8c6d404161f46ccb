#!/bin/bash
#PBS -N private -l walltime=1:00
umask
