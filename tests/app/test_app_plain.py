"""Texts of runs and data sets on every page: as they are, never as Markdown or HTML, and nothing is fetched for them."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pandas as pd
import pytest
from ance_app.charts.figures import camera
from ance_app.verbatim import verbatim
from markdown_it import MarkdownIt

import ance_core
from ance_core.data import load_dataset
from ance_core.runs import Store

from . import probes_of_runs as measured
from . import store_of_runs as invented

IMAGE, TAG = "![x](http://localhost:1/a.png)", "<img src=http://localhost:1/b.png>"
BAIT = f"{IMAGE} {TAG} [l](http://localhost:1/c) `code` **bold** :red[r] $x$ http://localhost:1/d"
OWN = {"data": "data"}  # the dataset of those that were really trained
PAGES = [
    ("runs", {}),
    ("convergence", {}),
    ("gradients", {}),
    ("gradients", OWN),
    ("space", OWN),
    ("space", OWN | {"picture": "UMAP"}),
    ("negatives", OWN | {"read": "random", "gap": "0.0 and more"}),
    ("negatives", OWN | {"question": "Ranks", "read": "ance", "rank": "1–10"}),
    ("negatives", OWN | {"question": "Variety"}),
    ("whatif", OWN),
]


@pytest.mark.parametrize(
    "text", [BAIT, "1. x", "- x", "# x", "> x", "a_b_c", "a | b", "~~x~~", "x\n\n# y", "&lt;img&gt;", "\\"]
)
def test_verbatim_is_text_and_nothing_else(text: str) -> None:
    """Against another reader of Markdown, with its extensions: one paragraph, in it one text that says the same."""
    inline = [
        t for t in MarkdownIt("gfm-like", {"linkify": False}).parse(verbatim(text)) if t.type == "inline"
    ]
    kinds = {t.type for t in MarkdownIt("gfm-like", {"linkify": False}).parse(verbatim(text))}
    assert kinds == {"paragraph_open", "inline", "paragraph_close"}
    assert {child.type for child in inline[0].children} <= {"text", "text_special"}
    shown = "".join(child.content for child in inline[0].children).replace("\u2060", "")
    assert shown == " ".join(text.split())


@pytest.fixture(scope="module")
def baited(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs whose names, methods, datasets, splits, messages and texts are all bait; one damaged."""
    folder = tmp_path_factory.mktemp("baited")
    data = folder / "data"
    _dataset(data)
    runs = folder / "runs"
    settings = {"record": {"snapshot_every": 4, "checkpoint_every": 4}, "warmup": {"recipe": "none"}}
    for recipe in ("ance", "random"):
        pools = {"negatives": {"pool_depth": 8}} if recipe == "ance" else {}
        ance_core.train(str(data), recipe, runs=runs, steps=8, name=recipe, **pools, **settings)
    measured.probes.write(
        runs / "ance", 8, measured.table(8).assign(document=lambda t: t["document"] % 12, sampler=TAG)
    )
    sorted((runs / "random").glob("snapshots/*/documents.npy"))[1].write_bytes(b"")
    (runs / "ance").rename(runs / "![x](http:localhost:1)<img>")
    told = invented.begun(runs, "ance", name="dead")
    told.event(1, IMAGE, TAG)
    told.heartbeat(230, "running", message=BAIT)
    told.close()
    other = invented.new_run(
        runs, "random", 1, name="bad-names", dataset={"name": BAIT, "fingerprint": TAG, "docs": 9}
    )
    invented.record(other, "random", 1, 1, 60)
    scores = invented.scores(0.4)
    table = pd.DataFrame({"query_id": [TAG], "split": [IMAGE], "RR@10": [1.0]})
    other.finish("failed", {"test": scores, f"dev-{IMAGE}": scores}, table, BAIT)
    (runs / "random").rename(runs / "![y](http:localhost:1) <img>")
    shutil.copytree(runs / "![y](http:localhost:1) <img>", runs / "![broken](http:x)")
    (runs / "![broken](http:x)" / "log.sqlite").write_bytes(b"no log")
    shutil.copytree(runs / "![y](http:localhost:1) <img>", runs / "<img> worn")
    (runs / "<img> worn" / "results.json").write_text(f'{{"{IMAGE}": "{TAG}"}}')
    return runs


def _dataset(folder: Path) -> None:
    """The sample `tiny` with bait in every text."""
    import json

    source = load_dataset("tiny")
    folder.mkdir()
    (folder / "qrels").mkdir()
    with open(folder / "corpus.jsonl", "w") as file:
        for key, text in zip(source.doc_ids, source.docs, strict=True):
            file.write(json.dumps({"_id": key, "title": TAG, "text": f"{IMAGE} {text}"}) + "\n")
    with open(folder / "queries.jsonl", "w") as file:
        for key, text in zip(source.query_ids, source.queries, strict=True):
            file.write(json.dumps({"_id": key, "text": f"{text} {BAIT}"}) + "\n")
    for split, qrels in source.qrels.items():
        rows = zip(qrels.queries, qrels.docs, qrels.grades, strict=True)
        lines = [f"{source.query_ids[q]}\t{source.doc_ids[d]}\t{g}" for q, d, g in rows]
        (folder / "qrels" / f"{split}.tsv").write_text(
            "\n".join(["query-id\tcorpus-id\tscore", *lines]) + "\n"
        )


def markdowns(app) -> list[str]:
    """Everything on a page that Streamlit reads as Markdown: bodies and labels."""
    found = []
    for element in app._tree.children.values():
        for node in element:
            proto = getattr(node, "proto", None)
            for field in ("body", "label", "text", "help", "message", "content"):
                value = getattr(proto, field, None)
                if isinstance(value, str) and getattr(node, "type", "") not in ("html", "code"):
                    found.append(value)
            for option in (
                getattr(proto, "options", []) if getattr(node, "type", "") == "button_group" else []
            ):
                found.append(str(getattr(option, "content", option)))
    return found


@pytest.mark.parametrize(("page", "query"), PAGES)
def test_no_text_of_a_run_is_markdown_or_html(open_page, baited, page, query):
    app = open_page(baited, page, **query)
    assert not app.exception
    assert [error.value for error in app.error] == []
    check(app)
    html = "\n".join(str(element.proto.body) for element in app.get("html"))
    assert not re.findall(r"<(img|script|iframe|a)\b", html)
    if page == "runs":
        assert "&lt;img" in html


def test_nor_is_an_error(open_page, tmp_path):
    place = tmp_path / "![x](http:localhost:1)<img>"
    place.write_text("no folder")
    app = open_page(place)
    assert len(app.error) == 1
    check(app)


def check(app) -> None:
    """Nothing on the page is an image, a link or HTML to a reader of Markdown."""
    texts = markdowns(app)
    assert texts
    for text in texts:
        tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(text)
        inside = [child for token in tokens for child in token.children or []]
        bad = [t for t in [*tokens, *inside] if t.type in ("image", "link_open", "html_inline", "html_block")]
        assert bad == [], text
        assert ":red[" not in text


def test_figures_offer_no_upload() -> None:
    made = camera("x")
    assert made["showSendToCloud"] is False
    assert made["plotlyServerURL"] == ""


@pytest.mark.browser
@pytest.mark.parametrize(
    "page", ["", "convergence", *(f"{p}?data=data" for p in ("gradients", "space", "negatives", "whatif"))]
)
def test_a_browser_fetches_nothing_for_them(browser, baited_address, page):
    tab = browser.new_page()
    asked: list[str] = []
    tab.on("request", lambda request: asked.append(request.url))
    tab.goto(f"{baited_address}/{page}")
    tab.get_by_text(re.compile("could not be read")).first.wait_for()
    tab.wait_for_load_state("networkidle")
    assert [
        url
        for url in asked
        if "localhost:1/" in url or not url.startswith((baited_address, "data:", "blob:"))
    ] == []
    assert tab.locator("img[src*='localhost:1']").count() == 0
    assert tab.get_by_text("Share chart").count() + tab.locator("[data-title*='Share']").count() == 0
    tab.close()


@pytest.fixture(scope="module")
def baited_address(serve, baited):
    return serve(baited)


def test_the_store_lists_them_as_they_are(baited: Path) -> None:
    assert {"![broken](http:x)"} == set(Store(baited).damaged())
