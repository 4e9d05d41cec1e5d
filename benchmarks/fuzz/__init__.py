"""Inputs that nobody meant: every module here with a `main(cases, seed)` damages one kind and returns what went wrong."""
