#!/bin/bash
#PJM --step --sparam "jid=812,sn=2"
#PJM --sparam "sd=ec!=0:all:0"
#PJM --sparam "sd=pc==11,12:one"
#PJM -L node=1,elapse=30:00
./second
