#!/bin/bash
#PJM -N first -N second
#PJM -L elapse=10:00,rscgrp=small
#PJM -L elapse=20:00
#PJM -x A=1 -x A=2 -j -j
  #PJM -o never.txt
./run
