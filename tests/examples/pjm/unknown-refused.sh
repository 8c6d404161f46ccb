#!/bin/bash
#PJM -L node=1
#PJM --nodes=4
./run
