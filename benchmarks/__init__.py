"""Benchmarks: dray beside the programs that it takes the place of, in one run. Type ``make bench``."""
