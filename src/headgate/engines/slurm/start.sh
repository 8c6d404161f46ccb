#!/bin/bash
# What sbatch itself was given (engines/command), and by sudo(8), is none of the job's.
unset LC_ALL TZ SLURM_UMASK TERM MAIL ${!SUDO_*}
# A signal that is ignored when a shell starts can neither be handled nor given back by it, and slurmstepd 26.05
# starts scripts with INT and TERM ignored: then everything once more, by a shell that ignores none.
if [ "$1" != again ]; then
  while read -r HG_i HG_k; do [ "$HG_i" != SigIgn: ] || break; done </proc/self/status
  if [ -n "${HG_k//0/}" ] && env --default-signal true 2>/dev/null; then
    exec env --default-signal "$BASH" "$0" again
  fi
fi
