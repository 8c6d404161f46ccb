#!/bin/bash
#PBS -J 1,3,5
