#!/bin/bash
#PJM -L "node=24,freq=2000,eco_state=2,issuance_state=0,retention_state=0"
#PJM -L "elapse=20:00"
#PJM -L "rscunit=rscunit_ft01,rscgrp=small"
./measure
