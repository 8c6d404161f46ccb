#!/bin/bash
#PJM -L node=1
#PJM -N "never closed
./run
