"""Benchmarks: ratios of one run on one machine, one table (``make bench``)."""
