#PBS -S /bin/bash
#PBS -N by-shell
#PBS -l walltime=30
words=(one two three)
echo "${#words[@]} words"
