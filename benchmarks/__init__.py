"""What Headgate must reach, measured: `python -m benchmarks [NAME …] [--quick]`, or `make bench`.

`bench.py` is what every measurement is given: rounds, figures with their targets, the table, a folder.
`machine.py` says what else the machine was doing. `rig.py` starts real servers, `http.py` is a client that
costs next to nothing, `wrk.py` drives the load generator, `stored.py` fills a store. Each other module is one
measurement, with a docstring that says what and how; the figures are in docs/explanation/performance.md.
"""
