# Everything above is data; see script.py. Names that begin with HG_ are ours and are not exported.
HG_locale=${LC_ALL-} HG_localized=${LC_ALL+1}
LC_ALL=C
set +o history -m
HG_signals="HUP INT QUIT USR1 USR2 ALRM TERM XCPU XFSZ VTALRM PROF WINCH IO PWR"
# A signal for the job comes to this shell, and goes on to all processes of the program. (Handled, not
# ignored: what a shell ignores, its children ignore as well.)
HG_pid=
for HG_i in $HG_signals; do
  trap '[ -z "$HG_pid" ] || { HG_say "told '"$HG_i"'"; kill -s '"$HG_i"' -- "-$HG_pid" 2>&9; }' "$HG_i"
done
exec 9>/dev/null
HG_now() { HG_at=${EPOCHREALTIME:-$(date +%s.%6N)}; HG_at=${HG_at/[!0-9]/}; }
HG_say() { printf '%s\n' "$*" >&8; }
HG_tell() { [ -z "$HG_record" ] || { : >"$HG_record.end"; } 2>&9; } # a name that appears is quickly seen
HG_leave_all() { [ -z "$HG_place" ] || rm -rf -- "$HG_place"; }
HG_fault() {
  HG_now; HG_say "fault $HG_at $1 $2"; HG_tell; HG_say end; HG_leave_all; exit 126
}

# ---- the record: whoever makes it runs, and nobody else
if [ -n "$HG_record" ]; then
  umask 022
  set -C
  { exec 8>"$HG_record"; } 2>&9 || exit 125
  set +C
else
  HG_status=$(mktemp "$HG_scratch/headgate.XXXXXXXXXX") || exit 125
  exec 8>>"$HG_status"
fi
# Of a heterogeneous job Slurm says it for each component; the script runs in the first (sbatch(1)).
HG_cpus=$SLURM_JOB_CPUS_PER_NODE HG_nodes=$SLURM_JOB_NODELIST
for ((HG_n = 1; HG_n < ${SLURM_HET_SIZE:-1}; HG_n++)); do
  HG_i=SLURM_JOB_CPUS_PER_NODE_HET_GROUP_$HG_n HG_k=SLURM_JOB_NODELIST_HET_GROUP_$HG_n
  HG_cpus+=,${!HG_i} HG_nodes+=,${!HG_k}
done
HG_now
HG_say "began $HG_at ${SLURM_ARRAY_JOB_ID:-$SLURM_JOB_ID} ${SLURMD_NODENAME:-$HOSTNAME} $HG_cpus $HG_nodes" 2>&9 || {
  rm -f -- "${HG_record:-$HG_status}" 2>&9 # a full disk: nothing has run
  exit 125
}
umask "$HG_umask"

# ---- what only the node knows
HG_hosts=() HG_cores=() HG_tasks=()
HG_expand() { # 4(x2),1 -> 4 4 1
  local HG_part HG_count
  HG_out=()
  local IFS=,
  for HG_part in $1; do
    HG_count=1
    case $HG_part in *"(x"*) HG_count=${HG_part#*"(x"} HG_count=${HG_count%")"} ;; esac
    HG_part=${HG_part%%"("*}
    while [ "$HG_count" -gt 0 ]; do HG_out+=("$HG_part"); HG_count=$((HG_count - 1)); done
  done
}
HG_component() { # how many nodes, which ones, cores, tasks
  local HG_names HG_k
  if [ "${1:-1}" -gt 1 ]; then
    mapfile -t HG_names < <(scontrol show hostnames "$2" 2>&9)
  else
    HG_names=("${2:-$HOSTNAME}")
  fi
  HG_hosts+=("${HG_names[@]}")
  HG_expand "$3"
  for HG_k in "${!HG_names[@]}"; do HG_cores+=("${HG_out[HG_k]:-1}"); done
  HG_expand "${4:-1}"
  for HG_k in "${!HG_names[@]}"; do HG_tasks+=("${HG_out[HG_k]:-1}"); done
}
HG_component "$SLURM_JOB_NUM_NODES" "$SLURM_JOB_NODELIST" "$SLURM_JOB_CPUS_PER_NODE" "$SLURM_TASKS_PER_NODE"
for ((HG_n = 1; HG_n < ${SLURM_HET_SIZE:-1}; HG_n++)); do
  HG_vars=()
  for HG_i in SLURM_JOB_NUM_NODES SLURM_JOB_NODELIST SLURM_JOB_CPUS_PER_NODE SLURM_TASKS_PER_NODE; do
    HG_i+=_HET_GROUP_$HG_n
    HG_vars+=("${!HG_i}")
  done
  HG_component "${HG_vars[@]}"
done
CCP_NODES=${#HG_hosts[@]} CCP_NUMCPUS=0
for HG_i in "${!HG_hosts[@]}"; do
  CCP_NODES+=" ${HG_hosts[HG_i]} ${HG_cores[HG_i]:-1}"
  CCP_NUMCPUS=$((CCP_NUMCPUS + ${HG_cores[HG_i]:-1}))
done
CCP_NODES_CORES=$CCP_NODES
export CCP_NODES CCP_NUMCPUS CCP_NODES_CORES

# ---- private files
HG_place=
if [ ${#HG_files[@]} -gt 0 ] || [ ${#HG_folders[@]} -gt 0 ]; then
  HG_place=$(mktemp -d "$HG_scratch/headgate.XXXXXXXXXX" 2>&9) ||
    HG_fault script "No private folder can be made in $HG_scratch on this node."
fi
for HG_i in "${HG_folders[@]}"; do
  mkdir -m 700 "$HG_place/$HG_i" && export "$HG_i=$HG_place/$HG_i"
done
for ((HG_i = 0; HG_i < ${#HG_files[@]}; HG_i += 3)); do
  HG_file=$HG_place/${HG_files[HG_i]}.file
  : >"$HG_file" && chmod 600 "$HG_file"
  case ${HG_files[HG_i + 1]} in
    data) base64 -d <<<"${HG_files[HG_i + 2]}" >"$HG_file" ;;
    nodes) printf '%s\n' "${HG_hosts[@]}" >"$HG_file" ;;
    slots)
      for HG_k in "${!HG_hosts[@]}"; do
        for ((HG_n = ${HG_tasks[HG_k]:-1}; HG_n > 0; HG_n--)); do printf '%s\n' "${HG_hosts[HG_k]%%.*}"; done
      done >"$HG_file"
      ;;
  esac
  export "${HG_files[HG_i]}=$HG_file"
done

# ---- the script that is left (in a folder that may be below the work directory), the work directory and the
# streams, with the owner's rights
if [ -n "$HG_leave" ] && [ ! -e "$HG_folder/$HG_leave" ]; then
  (umask 077; mkdir -p -- "$HG_folder" && set -C && base64 -d <<<"$HG_script" >"$HG_folder/$HG_leave" &&
    chmod 700 -- "$HG_folder/$HG_leave") 2>&9 || [ -e "$HG_folder/$HG_leave" ] ||
    HG_fault script "The script can't be left in $HG_folder."
fi
cd -- "$HG_directory" 2>&9 || HG_fault work_directory "The work directory $HG_directory can't be entered."
{ exec 4<"${HG_stdin:-/dev/null}"; } 2>&9 || HG_fault stdin "The stdin file $HG_stdin can't be opened."
HG_open() { # descriptor, path
  if [ -n "$HG_append" ]; then eval "{ exec $1>>\"\$2\"; } 2>&9"; else eval "{ exec $1>\"\$2\"; } 2>&9"; fi
}
HG_reader=
if [ -z "$HG_stdout" ] || [ -z "$HG_stderr" ]; then
  if [ -n "$HG_record" ]; then
    coproc HG_tee { trap '' $HG_signals; head -c "$HG_capture" >"$HG_record.out"; exec cat >/dev/null; }
    HG_reader=${HG_tee[0]} # at its end all that is captured is there
    eval "exec 7>&${HG_tee[1]} ${HG_tee[1]}>&-"
  else
    exec 7>/dev/null
  fi
fi
if [ -n "$HG_stdout" ]; then
  HG_open 5 "$HG_stdout" || HG_fault stdout "The stdout file $HG_stdout can't be opened."
else
  exec 5>&7
fi
if [ -n "$HG_stderr" ] && [ -n "$HG_stdout" ] && [ "$HG_stdout" -ef "$HG_stderr" ]; then
  exec 6>&5
elif [ -n "$HG_stderr" ]; then
  HG_open 6 "$HG_stderr" || HG_fault stderr "The stderr file $HG_stderr can't be opened."
else
  exec 6>&7
fi
exec 7>&-

# ---- the program
HG_child() {
  local HG_i HG_letter HG_value HG_most
  for ((HG_i = 0; HG_i < ${#HG_limits[@]}; HG_i += 2)); do
    HG_letter=${HG_limits[HG_i]} HG_value=${HG_limits[HG_i + 1]}
    ulimit "-$HG_letter" "$HG_value" 2>&9 || { HG_most=$(ulimit -H "-$HG_letter"); ulimit "-$HG_letter" "$HG_most" 2>&9; }
  done
  trap - $HG_signals # its parent ignores them
  if [ -n "$HG_localized" ]; then LC_ALL=$HG_locale; else unset LC_ALL; fi
  exec 0<&4 1>&5 2>&6 4<&- 5>&- 6>&- 7>&- 8>&- 9>&-
  shopt -s execfail
  if [ ${#HG_odd[@]} -gt 0 ]; then
    exec env "${HG_odd[@]}" "$HG_program" "${HG_words[@]}"
  else
    exec -a "$HG_name" "$HG_program" "${HG_words[@]}"
  fi
  exit 127
}
# The program's parent is a shell that hears no signal: `wait` in one that handles them can lose the status of
# a child that the same signal ends. bash tells in words that a child was killed, and says nothing of an exit
# code: the record hears it, as the number alone (128 + signal) does not tell them apart. From before the
# start: it may be over at once. Later ones (5.2.37) are silent about some signals: they are asked when the
# program has ended, through a pipe, as a shell of its own would be another child that ends.
HG_wait_more=
[ "${BASH_VERSINFO[0]}" -lt 5 ] || HG_wait_more=-f
HG_ended() {
  local HG_jobs
  jobs -l >&7
  printf '\0' >&7
  IFS= read -r -d '' HG_jobs <&7
  case $HG_jobs in
    *" Exit "* | *" Done "* | *" Stopped"* | *" Running "*) ;;
    *HG_child*) HG_say "killed HG_child at the end" ;;
  esac
}
HG_await() { # not in a loop: where the program is stopped, bash breaks loops; before 5 it comes back then
  wait $HG_wait_more "$HG_pid"
  HG_code=$?
  kill -0 "$HG_pid" 2>&9 || return 0
  sleep 1
  HG_await
}
HG_keep() {
  trap '' $HG_signals
  set -m
  exec 2>&8
  if [ -n "$HG_wait_more" ]; then
    exec 7<> <(:)
    trap HG_ended CHLD
  fi
  HG_child 3< <(exec base64 -d <<<"$HG_script") &
  HG_pid=$!
  echo "$HG_pid"
  exec 4<&- 5>&- 6>&-
  HG_await
  echo "$HG_code"
}
exec 7<> <(:) # a pipe
HG_keep >&7 &
HG_keeper=$!
until read -r -t 5 HG_pid <&7 || ! kill -0 "$HG_keeper" 2>&9; do :; done
exec 2>&8 4<&- 5>&- 6>&-

HG_timer=
if [ -n "$HG_wall" ] || [ -n "$HG_warning" ]; then
  (
    trap '' $HG_signals
    exec </dev/null >/dev/null 2>&1
    # A sleep that failed has not lasted, or was killed with all of this as the program has ended: nothing is
    # over then, and Slurm's own limit remains.
    if [ -n "$HG_warning" ]; then
      sleep "$HG_warn_after" || exit 0
      kill -s "$HG_warning" -- "-$HG_pid"
    fi
    [ -n "$HG_wall" ] || exit 0
    sleep "$HG_wall" || exit 0 # from the warning, if there is one
    HG_say over
    kill -s "$HG_stop" -- "-$HG_pid"
    sleep "$HG_grace" || exit 0
    kill -s KILL -- "-$HG_pid"
  ) &
  HG_timer=$!
fi

HG_code=
until read -r -t 5 HG_code <&7 || ! kill -0 "$HG_keeper" 2>&9; do :; done
HG_group=$HG_pid HG_pid= # nothing is passed on, or noted, any more
exec 2>/dev/null
[ -z "$HG_timer" ] || kill -s KILL -- "-$HG_timer"
kill -s KILL -- "-$HG_group"
if [ -n "$HG_reader" ]; then
  # Not for ever: somebody who outlives the program may hold the other end.
  read -r -t 0.9 -u "$HG_reader"
fi
HG_now
[ -n "$HG_code" ] || { HG_leave_all; exit 137; } # the shell that waited was killed: how it ended is not known
HG_say "exit $HG_at $HG_code"
HG_tell
HG_say end
HG_leave_all
if [ "$HG_code" -gt 128 ]; then
  case $(<"${HG_record:-$HG_status}") in
    *" HG_child "*) # it was killed: so that Slurm tells the same, we end like that
      [ -z "$HG_status" ] || rm -f -- "$HG_status"
      trap - $HG_signals
      ulimit -c 0
      kill -s "$((HG_code - 128))" "$$"
      ;;
  esac
fi
[ -z "$HG_status" ] || rm -f -- "$HG_status"
exit "$HG_code"
