#!/bin/bash
#PJM -L vnode=1,elapse=30S
#PJM -j -o both.%J
echo one
echo two >&2
