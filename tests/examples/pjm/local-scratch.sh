#!/bin/bash
#PJM -L vnode=1,elapse=1:00
#PJM --llio localtmp-size=1Gi
# Work where it is fast, then bring the result home.
cd "$PJM_LOCALTMP" || exit 1
echo 42 > answer
cp answer "$PJM_JOBDIR/answer.$PJM_JOBID"
echo "copied $(cat answer)"
