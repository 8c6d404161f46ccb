"""The legacy HPC Pack interface.

Cases composed from its contract (spec windowshpc), each with its section.
"""
