#!/bin/bash
#PJM --bulk --sparam "0-9"
#PJM --step
./run
