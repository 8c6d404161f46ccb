#!/bin/bash
#PJM -L node=12
#PJM -L elapse=06:00:00
#PJM -L rscgrp=small
#PJM --mpi proc=48,max-proc-per-node=4
#PJM -x OMP_NUM_THREADS=12
#PJM -N hybrid
#PJM -o logs/%n.%j.out -e logs/%n.%j.err
mpiexec -n 48 ./solver
