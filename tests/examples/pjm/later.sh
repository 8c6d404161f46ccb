#!/bin/bash
#PJM -L node=1,elapse=1:00:00
#PJM --at 202412312359
#PJM -X
#PJM -w nowait -z jid
./yearly
