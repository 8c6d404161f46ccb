#!/bin/bash
#PBS -q normal -l walltme=1:00:00
