#!/bin/bash
#PJM -L rscgrp=b-batch,node=2,gpu=4
#PJM -L elapse=6:00:00
#PJM -L jobenv=singularity
#PJM --mpi proc=8
mpiexec singularity exec --nv image.sif ./train
