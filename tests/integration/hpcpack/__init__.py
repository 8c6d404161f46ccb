"""The `/hpc` face on a real server."""
