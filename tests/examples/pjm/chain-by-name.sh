#!/bin/bash
#PJM --step --sparam "jnam=prepare,sd=ec>=2:after"
#PJM -L node=1,elapse=30:00
./third
