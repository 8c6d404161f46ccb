#!/bin/bash
#PBS -l select=2:ncpus=8
#PBS -l ncpus=8
