"""Measures the operator against what the API server itself allows: `make bench`, or `python -m benchmarks --help`."""
