"""The packages that are installed, found by looking, so that a new one cannot be forgotten.

Everything else about the project is in pyproject.toml.
"""

from setuptools import find_packages, setup

APP = "ance_app"  # the folder app/ installs under a name of its own

setup(
    packages=[
        *find_packages(include=["ance_core", "ance_core.*"]),
        APP,
        *(f"{APP}.{name}" for name in find_packages("app")),
        "ance_samples",  # the folder data/samples/
    ]
)
