#!/bin/bash
#PJM -L "node=4x3x4:torus"          # 48 nodes that are neighbours
#PJM -L "rscgrp=small"
#PJM -L "elapse=12:00:00"
#PJM --mpi "max-proc-per-node=4"    # one for each memory group
#PJM -g ra000002
#PJM -x PJM_LLIO_GFSCACHE=/vol0003
#PJM -S
export PLE_MPI_STD_EMPTYFILE=off
mpiexec -stdout-proc ./%n.%j.out ./wave
