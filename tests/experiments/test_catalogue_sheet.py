"""The datasheet of the catalogue says what the generator makes."""

from pathlib import Path

from ance_core.experiments.catalogue_sheet import datasheet

DOCUMENT = Path(__file__).parents[2] / "docs" / "catalogue.md"


def test_the_document_is_what_the_generator_makes():
    assert DOCUMENT.read_text(encoding="utf-8") == datasheet(), (
        "run `python -m ance_core.experiments.catalogue_sheet > docs/catalogue.md`"
    )
