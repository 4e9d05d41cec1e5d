"""TREC's texts: all that a person reads between their tags arrives, whatever tags and marks are in it."""

# ruff: noqa: E501 - a table reads best with a case a line

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ance_core.data import load_dataset
from ance_core.data.check import check_dataset
from ance_core.data.formats.markup import readable
from ance_core.data.formats.trec import _document, _topic, read_blocks
from ance_core.data.problems import Problems
from ance_core.errors import DataError

from .folders import write

DOCS = "".join(f"<DOC><DOCNO>A-{n}</DOCNO><TEXT>word{n} here</TEXT></DOC>\n" for n in range(1, 4))
QRELS = "1 0 A-1 2\n2 0 A-2 1\n3 0 A-3 1\n"


def trec(folder, topics, docs=DOCS, name="topics.txt"):
    write(folder / name, topics)
    write(folder / "docs.trec", docs)
    write(folder / "qrels.txt", QRELS)
    return folder


@pytest.mark.parametrize(
    ("marked", "read"),
    [
        ("<P>a</P> <P>b</P>", "a b"),
        ("If depth x<y then wait; z>w.", "If depth x<y then wait; z>w."),
        ("x<y>z", "x<y>z"),
        ("a<b and c>d", "a<b and c>d"),
        ("H<sub>2</sub>O", "H2O"),
        ("one<br>two<BR/>three", "one two three"),
        ('see <a href="x.html">here</a>', "see here"),
        ("<F P=105>field</F>", "field"),
        ("salt &amp; R&D &lt;b&gt; &notit;", "salt & R&D <b> &notit;"),
        ("before <!-- nobody reads it --> after", "before after"),
        ("<![CDATA[x<y & z]]>", "x<y & z"),
        ("<unknown>kept", "<unknown>kept"),
        ("a < b > c", "a < b > c"),
    ],
)
def test_tags_go_and_words_stay(marked, read):
    assert readable(marked) == read


TOPICS = {
    "tags in titles": (
        "<top><num> Number: 1 </num><title>what is <i>the noon crossing</i> really\n<desc> Description:\nDepartures.\n</top>\n"
        "<top><num>2<title>dogs on deck</top>\n<top><num>3</num><title>price of a bicycle</title></top>\n",
        ["what is the noon crossing really", "dogs on deck", "price of a bicycle"],
    ),
    "a field's name as a tag inside": (
        "<top><num>1</num><title>what <time>noon</time> is <type>a</type></title></top>\n"
        "<top><num>2</num><title>b</title></top><top><num>3</num><title>c</title></top>\n",
        ["what noon is a", "b", "c"],
    ),
    "elements": (
        '<?xml version="1.0"?>\n<topics task="x">\n<topic number="1"><query>noon</query><question>When?</question></topic>\n'
        "<topic number='2'><query>dogs</query></topic>\n<topic number=3>price of a bicycle</topic>\n</topics>\n",
        ["noon", "dogs", "price of a bicycle"],
    ),
    "document blocks": (
        "<DOC><DOCNO>1</DOCNO>noon <b>crossing</b></DOC>\n<DOC>\n<DOCNO>2</DOCNO>\n<TEXT>dogs</TEXT>\n</DOC>\n"
        "<DOC><DOCNO>3</DOCNO><TITLE>price</TITLE><TEXT>of a bicycle</TEXT></DOC>\n",
        ["noon crossing", "dogs", "price"],
    ),
    "a title over lines": (
        "<top>\n<num> 1\n<title>\nnoon\ncrossing\n<narr> Narrative:\nno\n</top>\n<top><num>2<title>b</top><top><num>3<title>c</top>",
        ["noon crossing", "b", "c"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", TOPICS)
def test_topics(tmp_path, case):
    text, queries = TOPICS[case]
    data = load_dataset(trec(tmp_path, text))
    assert (data.query_ids, data.queries) == (["1", "2", "3"], queries)


def test_documents(tmp_path):
    docs = (
        "<DOC>\n<DOCNO> A-1 </DOCNO>\n<HEADLINE>\n<P>\nHarbour news\n</P>\n</HEADLINE>\n<TEXT>\nSay <P>Description: at noon.</P>\n"
        "</TEXT>\n<TEXT>More.</TEXT>\n</DOC>\n<DOC><DOCNO>A-2</DOCNO><TITLE>Dogs</TITLE> travel <b>free</b></DOC>\n"
        "<DOC><DOCNO>A-3<TEXT>Number: four crowns\n</DOC>\n"
    )
    data = load_dataset(trec(tmp_path, TOPICS["elements"][0], docs))
    assert data.docs == [
        "Harbour news. Say Description: at noon. More.",
        "Dogs. travel free",
        "Number: four crowns",
    ]


def test_a_topics_file_without_a_topic_is_named_and_nothing_else(tmp_path):
    folder = trec(tmp_path, "<themes><theme no='1'>noon</theme></themes>\n")
    with pytest.raises(DataError, match=r"topics.txt: gives no query: write `<top>` blocks") as error:
        load_dataset(folder)
    assert "other kind" not in str(error.value)
    assert [problem.kind for problem in check_dataset(folder).errors] == ["no topic"]


def test_words_between_documents_are_named(tmp_path, caplog):
    load_dataset(trec(tmp_path, TOPICS["elements"][0], DOCS + "stray words\n"))
    assert any(
        "docs.trec:4: 'stray words' is in no block" in record.getMessage() for record in caplog.records
    )


WORD = st.text("abcdefgh0123", min_size=3, max_size=6)
MARK = st.sampled_from(["x<y", "a>b", "<", ">", "&amp;", "R&D", "1<2>0", "--", "'", '"'])
TAGS = st.sampled_from(["P", "i", "b", "F", "font", "custom-tag", "S1"])


@st.composite
def texts(draw, depth=2):
    """A marked-up text, and its words in order."""
    marked, words = [], []
    for _ in range(draw(st.integers(1, 4))):
        kind = draw(st.sampled_from(["word", "mark", "element", "lone"] if depth else ["word", "mark"]))
        if kind == "word":
            word = draw(WORD)
            marked.append(word)
            words.append(word)
        elif kind == "mark":
            marked.append(draw(MARK))
        elif kind == "lone":
            marked.append(draw(st.sampled_from(["<P>", "<br>", "<BR/>", "<!-- c -->"])))
        else:
            inner, inside = draw(texts(depth=depth - 1))
            name = draw(TAGS)
            attribute = draw(st.sampled_from(["", " id=4", ' a="b c"', " x='1' y=2"]))
            marked.append(f"<{name}{attribute}> {inner} </{name}>")
            words += inside
    return draw(st.sampled_from([" ", "\n"])).join(marked), words


def arrived(read, words):
    """Whether the words stand in `read` in their order."""
    rest = iter(read.replace("<", " < ").replace(">", " > ").split())
    return all(word in rest for word in words)


@given(texts(), st.booleans())
def test_every_word_of_a_document_arrives(tmp_path_factory, text, closed):
    marked, words = text
    file = write(
        tmp_path_factory.getbasetemp() / "one.trec",
        f"<DOC>\n<DOCNO>d</DOCNO>\n<TEXT>\n{marked}\n{'</TEXT>' if closed else ''}\n</DOC>\n",
    )
    problems = Problems()
    (block,) = read_blocks(file, ("doc",), problems)
    key, read = _document(block)
    assert key == "d"
    assert arrived(read, words), read
    assert not problems.errors


@given(texts())
def test_every_word_of_a_topic_arrives(tmp_path_factory, text):
    marked, words = text
    file = write(
        tmp_path_factory.getbasetemp() / "t.txt", f"<top>\n<num> 7\n<title> {marked}\n<desc> no\n</top>\n"
    )
    (block,) = read_blocks(file, ("top",), Problems())
    key, read = _topic(block)
    assert key == "7"
    assert not words or arrived(read, words), read
