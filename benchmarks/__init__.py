"""Benchmarks: how fast, measured side by side with sentence-transformers where it can do the same.

    make bench                                   all of them; rewrites results.json and docs/performance.md
    python -m benchmarks --only encode --quick   one of them, small, nothing written

Machines are shared and noisy, so nothing here is a time on its own: two sides take turns in processes of
their own, and what is reported is the median of the ratios of neighbouring turns with a bootstrap interval.
"""
