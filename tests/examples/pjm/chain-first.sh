#!/bin/bash
#PJM --step
#PJM -N prepare
#PJM -L vnode=1,elapse=30
echo "step ${PJM_STEPNUM} of ${PJM_JOBID}"
