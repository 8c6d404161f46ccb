#!/bin/bash
#PJM -L node=2,elapse=1:00:00
#PJM --llio "localtmp-size=10Gi,sharedtmp-size=20Gi,stripe-count=24,stripe-size=2Mi"
#PJM --llio async-close=on,perf
#PJM --net-route dynamic
#PJM --no-check-directory --no-check-gfscache
#PJM -s --spath stats/%n.%j
./post
