"""Sides for testing the duel itself: work of known length, and one that breaks."""

import os
import time


def sleeper(turns, seconds):
    while turns.take():
        time.sleep(seconds)
        turns.lap("", 2)
        turns.lap(os.environ["OMP_NUM_THREADS"])
        turns.give()


def broken(turns):
    turns.take()
    raise ValueError("no such luck")
