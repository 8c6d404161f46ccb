#!/bin/sh
#PJM -L rscgrp=a-batch
#PJM -L vnode=1
#PJM -L vnode-core=36
#PJM -L core-mem=4Gi
#PJM -L elapse=24:00:00
#PJM -P "exec-policy=share"
./assemble --threads 36
