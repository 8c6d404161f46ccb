#!/bin/bash
# Nothing of the submitter's variables but what is named here.
#SBATCH --export=STAGE=test,LEVEL=3
#SBATCH --time=5
#SBATCH --output=env.out
echo "stage $STAGE level $LEVEL"
