#!/bin/bash
#PJM -L node=1,elapse=10:00
#PJM -L proc-cpu=9:00,proc-filesz=2G,proc-data=512,proc-lockm=64Ki,proc-msgq=1Mi
#PJM -L proc-crproc=100,proc-openfd=4096,proc-psig=64
./probe
