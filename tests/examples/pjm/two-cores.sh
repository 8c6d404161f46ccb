#!/bin/bash
#PJM -L "vnode=1(core=2;mem=64Mi)"
#PJM -L "elapse=1m"
# Two halves of a sum, side by side.
half() { seq "$1" "$2" | awk '{ s += $1 } END { print s }'; }
half 1 500 > left.$PJM_JOBID &
half 501 1000 > right.$PJM_JOBID &
wait
echo "sum $(($(cat left.$PJM_JOBID) + $(cat right.$PJM_JOBID))) on ${PJM_VNODE_CORE} cores"
rm left.$PJM_JOBID right.$PJM_JOBID
