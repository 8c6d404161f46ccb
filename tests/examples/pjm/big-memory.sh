#!/bin/bash
#PJM -L rscgrp=mem,node=1,node-mem=960Gi
#PJM -L elapse=48:00:00
#PJM -L proc-vmem=unlimited,proc-stack=unlimited,proc-core=0
#PJM --comment "assembly of a large genome"
./assemble reads.fq
