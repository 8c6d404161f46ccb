#!/bin/bash
#PJM -L node=1
#PJM -L elapse=10:00
#PJM --interact --sparam "wait-time=60"
./debug
