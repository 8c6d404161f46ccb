#!/bin/bash
#PBS -N gpus
#PBS -l nodes=1:ppn=4:gpus=1
