"""The `ance` command: thin, each command calls one function."""
