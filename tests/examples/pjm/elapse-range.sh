#!/bin/bash
#PJM -L "node=384,rscgrp=spot-small"
#PJM -L "elapse=01:00:00-04:00:00"
#PJM --restart
./checkpointed
