#!/bin/sh
#PJM -L "vnode=1(core=1)"
#PJM -L elapse=1:00
#PJM -e errors.%j
echo "this is for stdout"
echo "this is for stderr" >&2
