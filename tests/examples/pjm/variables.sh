#!/bin/bash
#PJM -L vnode=1
#PJM -L elapse=2:00
#PJM -x "GREETING=good morning,TARGET=all of you"
#PJM -N greet
#PJM -o %n-%j.txt
echo "$GREETING, $TARGET; I have ${PJM_ELAPSE_LIMIT} seconds"
