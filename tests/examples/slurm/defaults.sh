#!/bin/sh
# Says nothing at all: one core, output in slurm-ID.out.
echo "working in $SLURM_SUBMIT_DIR"
pwd
