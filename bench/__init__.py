"""Every figure we claim, measured beside its peer in the same run, and written to `RESULTS.md`.

Servers run on CPU 0 and the load on CPU 1; rounds alternate between the servers and each ratio is the median of the
rounds' ratios, so that a machine that slows down slows all of them.
"""
