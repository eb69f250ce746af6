"""The fault matrix: the real services as processes, against real parts and the simulated exchange, under drawn faults.

`python -m tests.chaos` is `make chaos`; docs/reliability.md is what a run of it has written.
"""
