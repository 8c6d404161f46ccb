#!/bin/bash
#PJM --vset "group=small,kind=test"
#PJM -L "rscgrp=${group},vnode=1,elapse=10"
#PJM -N ${kind}-run
echo "running in ${PJM_RSCGRP} as ${PJM_JOBNAME}"
