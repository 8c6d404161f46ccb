"""The Slurm engine: work runs on a Slurm cluster, reached through Slurm's own commands (`commands/`)."""
