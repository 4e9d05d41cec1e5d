"""A short bout of `make fuzz`: damaged runs, settings and archives against everything that reads them."""

from __future__ import annotations

import pytest

from ance_core.errors import AnceError
from benchmarks.fuzz import archives, run_files, settings
from benchmarks.fuzz.__main__ import fuzzers
from benchmarks.fuzz.guard import ask


def test_damaged_files_of_a_run_against_every_reader() -> None:
    assert run_files.main(8, seed=3) == []


def test_settings_that_nobody_meant() -> None:
    assert settings.main(90, seed=3) == []


def test_archives_that_nobody_should_trust() -> None:
    assert archives.main(40, seed=3) == []


def test_every_fuzzer_is_found_and_knows_its_number_of_cases() -> None:
    known = fuzzers()
    assert {"run_files", "settings", "archives"} <= set(known)
    assert (run_files.CASES, settings.CASES, archives.CASES) == (3000, 1000, 1500)


def unguarded(message: str) -> AnceError:
    """An error whose message went around the limits of its class."""
    error = AnceError()
    error.args = (message,)
    return error


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (KeyError("x"), "KeyError"),
        (unguarded("one\ntwo"), "a message with '\\n' in it"),
        (unguarded("x" * 9999), "a message of 9999 characters"),
        (AnceError("steps: 0 given; it must be at least 1"), ""),
    ],
)
def test_what_counts_as_a_failure(error: Exception, said: str) -> None:
    def fail() -> None:
        raise error

    assert ask(fail).startswith(said)
    assert bool(ask(fail)) == bool(said)
