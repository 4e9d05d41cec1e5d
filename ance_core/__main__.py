"""`python -m ance_core` is `ance`."""

from .cli import main

main()
