#!/bin/bash
#PJM -L "vnode=4(core=8;core-mem=1800Mi)"
#PJM -P "vn-policy=abs-unpack,exec-policy=simplex"
#PJM --mpi proc=16
#PJM -L elapse=4:00:00
mpiexec ./scan
