#!/bin/bash
#PBS -N 'never ends
