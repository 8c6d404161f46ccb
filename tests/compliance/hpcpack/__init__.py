"""The HPC Pack 2016 interface.

Cases composed from its contract (spec hpcpack-2016), each with its section.
"""
