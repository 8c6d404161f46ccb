"""Running a command of a foreign scheduler to its end: what all engines that have such commands share.

There is no shell. The environment is built from nothing, so that no variable of the server's own
(`SBATCH_PARTITION`, `SLURM_CONF`, `LD_PRELOAD`, `HEADGATE_…`) reaches a command; what a command needs besides
is on the `Command`. Each runs in a process group of its own in `/`, and is killed with everything that it
started when its deadline has passed or when it says more than can be true.

The server starts one process, the *starter*, which starts the commands (decision 0043): whoever starts one
stands still until it has been given a processor, and with it all threads of an interpreter. `Runner` is what
engines use; `hand.py` is the server's end of the link, `starter.py` the other, `attended.py` one command.
"""
