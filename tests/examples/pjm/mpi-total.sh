#!/bin/bash
#PJM -L "node=10,rscgrp=small,elapse=30:00"
#PJM --mpi "proc=38"
mpiexec -n 38 ./lattice in.dat
