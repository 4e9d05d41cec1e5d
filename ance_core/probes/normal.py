"""The normal distribution's 97.5 % point: half a 95 % interval in standard errors, where samples are large."""

NORMAL_95 = 1.959963984540054
