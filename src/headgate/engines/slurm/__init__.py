"""The Slurm engine: work runs on a Slurm cluster, reached through Slurm's own commands (`commands/`), as each
job's owner.

`engine.py` is the port. `sender.py` submits, once (`doubts.py`: what if sbatch does not answer; `lines.py`:
what if there is no room); `watcher.py` sees what becomes of it, `verdict.py` how it ended, `endings.py` ends
it; `parts.py` is what is in hand, `journal.py` what must be known after a restart. `ordering.py` turns an
order into options of sbatch (`chunks.py`, `sockets.py`; `components.py`: what is more than one job for
Slurm), `script.py` and `wrapper.sh` make the batch script, `spool.py` reads what it leaves behind.
`cluster.py` asks the commands.
"""
