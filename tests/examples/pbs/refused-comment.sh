#!/bin/bash
#PBS -N demo # what it is called
