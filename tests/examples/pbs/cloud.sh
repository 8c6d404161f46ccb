#!/bin/bash
#PBS -N cloud
#PBS -V -j oe -o cloud.qlog
#PBS -P project1
#PBS -q normal
#PBS -l nodes=2,instance_type=c5.xlarge+c5.2xlarge
#PBS -l scratch_size=100,spot_price=auto,efa_support=true -l fluent_lic_hpc=8
cd $PBS_O_WORKDIR
./cfd
