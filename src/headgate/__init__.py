"""Headgate: one HTTP front door to HPC.

Start reading at `core` (what a job is), then `service` (what a user can ask), `dispatcher` (what time
asks) and `app` (where the concrete parts meet). docs/explanation/architecture.md has the map.
"""

__version__ = "0.1.0.dev0"
