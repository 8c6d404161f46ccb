#!/bin/bash
#PJM -L node=1
#PJM -L elapse=90min
./run
