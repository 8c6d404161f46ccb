#!/bin/bash
#PJM -L node=1,elapse=1:00:00
#PJM -m b,e,r,s
#PJM --mail-list "ann@example.org,group@example.org"
#PJM -p 200
#PJM --appname relax --fs scratch
./relax
