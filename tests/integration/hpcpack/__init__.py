"""The HPC Pack faces of a real server, judged by programs that were not written for it, too."""
