"""Slurm's commands, one file each: what to run (`engines.command.Command`) and what its outcome says.

Nothing here runs anything. `answers` has the errors and what the files share; the versions that were tried
and the states of jobs are in `..states`. Written after the manuals of Slurm 22.05 and what its commands said.
"""
