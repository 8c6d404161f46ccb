#!/bin/bash
#PJM -L "node=8x6:mesh"
#PJM -L "elapse=2h30m"
#PJM --mpi "shape=4x3,proc=48,rank-map-bynode=YX"
mpiexec ./halo
