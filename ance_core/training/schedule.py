"""The learning rate of a step: up in a line, down in a line. A function, so there is no state to save."""


def learning_rate(step: int, steps: int, peak: float, warmup_share: float) -> float:
    """Rate of the step-th update (0-based): linear from near 0 to `peak`, then linear to near 0 at the last.

    >>> [round(learning_rate(s, 10, 1.0, 0.2), 3) for s in (0, 1, 2, 9)]
    [0.5, 1.0, 1.0, 0.125]
    """
    rising = max(int(steps * warmup_share), 0)
    if step < rising:
        return peak * (step + 1) / rising
    return peak * (steps - step) / max(steps - rising, 1)
