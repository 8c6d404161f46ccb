#!/bin/bash
#PJM -L vnode=1,elapse=30
#PJM --norestart
echo "about to fail"
exit 3
