"""Measurements on real parts; `python -m tests.bench` is `make bench` and writes build/bench.json."""
