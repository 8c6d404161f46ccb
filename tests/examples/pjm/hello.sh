#!/bin/bash
#PJM -L "node=1"
#PJM -L "rscgrp=small"
#PJM -L "elapse=00:01:00"
#PJM -g ra000001
#PJM -x PJM_LLIO_GFSCACHE=/vol0004
#PJM -j

echo "hello from job ${PJM_JOBID} called ${PJM_JOBNAME}, $PJM_LLIO_GFSCACHE"
