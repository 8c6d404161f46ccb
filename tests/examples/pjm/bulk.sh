#!/bin/bash
#PJM --bulk --sparam "1-3"
#PJM -L vnode=1,vnode-core=1,elapse=60
# Each run squares its own number.
n=${PJM_BULKNUM}
echo "$n squared is $((n * n)) in ${PJM_SUBJOBID}"
