"""What is taken from a docstring, by hand."""

from inspect import cleandoc

from ance_core.data.pydocs.docstring import Mention, parse
from ance_core.data.pydocs.markup import paragraphs

NUMPY = cleandoc("""
    gate(width, *, open=True)

    Open the gate of the enclosure.  It must be
    closed again by :func:`~zoo.close_gate`.

    The *keeper* is told [1]_.

    .. versionadded:: 1.2
       Before, it was a door.

    Parameters
    ----------
    width : float, optional
        How far to open it, in metres. More than ``3`` is
        refused.
    open : bool, default: True
        Whether to.

    Returns
    -------
    bool
        Whether it is open now.

    See Also
    --------
    close_gate : Shut and bolt it. Takes a minute.
    zoo.fence, zoo.wall : What is around it.
    bars
        Iron rods
        that hold.
    :obj:`zoo.moat`: A trench full of water.

    Notes
    -----
    The width follows

    .. math:: w = a + b

    where it is dry.

    Examples
    --------
    >>> gate(2)
    True

    References
    ----------
    .. [1] A keeper's handbook.
""")


def test_numpydoc():
    found = parse(NUMPY)
    assert found.summary == "Open the gate of the enclosure."
    assert found.body.splitlines() == [
        "It must be closed again by close_gate.",
        "The keeper is told.",
        "width: How far to open it, in metres.",
        "open: Whether to.",
        "bool: Whether it is open now.",
        "The width follows",
        "where it is dry.",
    ]
    assert found.mentions == [
        Mention("close_gate", "Shut and bolt it."),
        Mention("bars", "Iron rods that hold."),
        Mention("zoo.moat", "A trench full of water."),
    ]


def test_google():
    doc = cleandoc("""Feed a [`Lion`] once.

    Args:
        meat (`list[str]`, *optional*, defaults to `None`):
            What it gets. Bones are fine.
        at: The hour of the day.

    Returns:
        `bool`: Whether it ate.

    Example:

    ```python
    >>> feed(["beef"])
    ```
    """)
    found = parse(doc)
    assert found.summary == "Feed a Lion once."
    assert found.body.splitlines() == [
        "meat: What it gets.",
        "at: The hour of the day.",
        "bool: Whether it ate.",
    ]


def test_sphinx_fields():
    doc = "Count the birds.\n\nIn the aviary alone.\n\n:param kind: which\n   birds\n:type kind: str\n:return: how many\n"
    assert parse(doc).body.splitlines() == ["In the aviary alone.", "kind: which birds", "return: how many"]


def test_doctest_and_its_output_are_no_prose():
    lines = ["Before.", "", ">>> count()", "...     + 1", "3", "", "After::", "", "    code", "", "End."]
    assert paragraphs(lines) == ["Before.", "After:", "End."]


def test_a_template_gives_nothing():
    assert parse("A %(name)s variable.\n\n" + "word " * 30) == ("", "", [])


def test_an_entry_needs_a_question_and_an_answer():
    assert parse("Open the gate.\n\n" + "It is wide and heavy, and needs two keepers to move.").is_entry
    assert not parse("Open the gate.\n\nSoon.").is_entry
    assert not parse("Open.\n\n" + "word " * 20).is_entry
    assert not parse("word " * 80 + "\n\n" + "word " * 20).is_entry
