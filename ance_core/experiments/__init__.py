"""Comparisons across runs: tables, paired statistics."""
