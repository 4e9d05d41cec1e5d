"""What only a real browser shows: no errors anywhere, links, downloads, a phone's width, curves that grow."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from . import probes_of_runs as probe_runs
from . import spaces_of_runs as space_runs
from . import store_of_runs as invented

pytestmark = pytest.mark.browser
WIDE, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
# Streamlit's client looks for its server below the page's own path first; these answers are its normal course.
PROBES = ("/_stcore/health", "/_stcore/host-config")


@pytest.fixture(scope="module")
def address(serve: Callable[[Path], str], finished_runs: Path) -> str:
    return serve(finished_runs)


@pytest.fixture
def visit(browser) -> Iterator:
    """Opens a link; when done, fails if the page logged an error, asked the network, or showed an exception."""

    @contextmanager
    def visited(link: str, size: dict[str, int] = WIDE):
        page = browser.new_page(viewport=size, accept_downloads=True)
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(f"exception: {error}"))
        page.on(
            "console",
            lambda said: said.type == "error" and "404" not in said.text and complaints.append(said.text),
        )
        page.on(
            "response",
            lambda answer: answer.status >= 400 and complaints.append(f"{answer.status} {answer.url}"),
        )
        page.on(
            "request",
            lambda asked: "127.0.0.1" not in asked.url and complaints.append(f"network: {asked.url}"),
        )
        page.goto(link)
        yield page
        assert page.locator("[data-testid=stException], [data-testid=stAlertContentError]").count() == 0
        page.close()
        kept = [
            c for c in complaints if not c.startswith(("network: data:", "network: blob:", "network: file:"))
        ]
        assert [c for c in kept if not (c.startswith("404") and c.endswith(PROBES))] == []

    return visited


def drawn(page) -> None:
    page.locator(".js-plotly-plot .scatterlayer .trace").first.wait_for()


def wait_for(page, expression: str) -> None:
    page.wait_for_function(expression, timeout=20_000)


@pytest.mark.parametrize("path", ["/", "/convergence"])
@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_pages_are_whole_and_never_wider_than_the_screen(visit, address, path, size):
    with visit(address + path, size) as page:
        if path == "/":
            page.get_by_text("ance-pydocs-2").first.wait_for()
        else:
            drawn(page)
            page.get_by_text("Final metrics").wait_for()
            plot = page.locator(".js-plotly-plot .nsewdrag").first.bounding_box()
            assert plot["height"] > 200
            assert plot["width"] > 0.6 * min(size["width"], 700)
        widths = page.evaluate(
            "[...document.querySelectorAll('[data-testid=stMain], html')].map(e => e.scrollWidth)"
        )
        assert max(widths) <= size["width"]


def test_a_view_made_by_clicking_is_restored_by_its_link(visit, address):
    with visit(f"{address}/convergence") as page:
        drawn(page)
        page.get_by_role("radio", name="Each run").or_(
            page.get_by_role("button", name="Each run")
        ).first.click()
        page.get_by_role("radio", name="Seconds").or_(
            page.get_by_role("button", name="Seconds")
        ).first.click()
        wait_for(page, "location.search.includes('lines=') && location.search.includes('x=Seconds')")
        link = page.url
    with visit(link) as page:
        drawn(page)
        figure = page.evaluate("(() => { const f = document.querySelector('.js-plotly-plot'); return"
                               " [f.layout.xaxis.title.text, f.data.map(t => t.name)] })()")  # fmt: skip
        assert figure[0] == "Training time (seconds)"
        assert {"ance-pydocs-0", "ance-pydocs-1", "ance-pydocs-2"} < set(figure[1])
        page.get_by_role("link", name="Runs").first.click()  # the choice goes along to the other page
        page.get_by_role("heading", name="Runs", exact=True).wait_for()


def test_downloads(visit, address, tmp_path):
    with visit(f"{address}/convergence") as page:
        drawn(page)
        files = {}
        for ending in ("CSV", "HTML"):
            with page.expect_download() as download:
                page.get_by_role("button", name=ending).first.click()
            files[ending] = tmp_path / download.value.suggested_filename
            download.value.save_as(files[ending])
        page.locator(".js-plotly-plot").first.hover()
        with page.expect_download() as download:
            page.locator(".js-plotly-plot").first.locator("[data-title*=png i]").first.click()
        assert download.value.suggested_filename == "dev-RR-10-by-step.png"
    rows = list(csv.DictReader(files["CSV"].open()))
    assert files["CSV"].name == "dev-RR-10-by-step.csv"
    assert {row["role"] for row in rows} == {"raw", "line", "low", "high"}
    with visit(files["HTML"].as_uri()) as page:
        drawn(page)


def test_curves_grow_in_place_and_keep_their_zoom(visit, serve, tmp_path):
    with invented.begun(tmp_path, "ance", at=60) as run, visit(f"{serve(tmp_path)}/convergence") as page:
        drawn(page)
        page.evaluate(
            "Plotly.relayout(document.querySelectorAll('.js-plotly-plot')[1], {'xaxis.range': [10, 40]})"
        )
        page.evaluate("document.querySelectorAll('.js-plotly-plot')[1].mine = true")
        invented.record(run, "ance", 0, 61, 140)
        run.flush()
        wait_for(
            page,
            "Math.max(...document.querySelectorAll('.js-plotly-plot')[1].calcdata.flat().map(p => p.x || 0)) > 139",
        )
        kept = page.evaluate("(() => { const f = document.querySelectorAll('.js-plotly-plot')[1];"
                             " return [f.mine, f.layout.xaxis.range] })()")  # fmt: skip
        assert kept == [True, [10, 40]]


def test_an_empty_page_fills_by_itself(visit, serve, tmp_path):
    with visit(serve(tmp_path)) as page:
        page.get_by_text("No runs yet").wait_for()
        with invented.begun(tmp_path, "ance"):
            page.get_by_role("button", name="Pause").wait_for()
            assert page.get_by_text("No runs yet").count() == 0


# -- the page Embedding space -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def spaces_address(serve: Callable[[Path], str], tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("spaces")
    space_runs.spaced(folder, "ance")
    space_runs.spaced(folder, "dance")
    return serve(folder)


PICTURE = "[...document.querySelectorAll('.js-plotly-plot')].find(f => f.layout.uirevision.startsWith('projection'))"
QUERIES = "t => t.name === 'queries'"  # the points; before them comes their entry in the legend
FIRST_QUERY = (
    "(f => { const box = f.getBoundingClientRect(), { xaxis: x, yaxis: y } = f._fullLayout,"
    f" t = f._fullData.findLast({QUERIES});"
    " return [box.left + x._offset + x.d2p(t.x[0]), box.top + y._offset + y.d2p(t.y[0])]; })(" + PICTURE + ")"
)


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_the_film_of_a_space_plays_and_a_click_lights_up_a_query(visit, spaces_address, size):
    with visit(f"{spaces_address}/space?step=0", size) as page:
        wait_for(page, f"{PICTURE}?._fullLayout")
        page.get_by_text("Hubness").first.wait_for()
        first = page.evaluate(f"Array.from({PICTURE}._fullData.findLast({QUERIES}).x)")
        page.evaluate(f"{PICTURE}.mine = true")
        page.get_by_role("button", name="Play").click()
        page.get_by_role("button", name="Pause").wait_for()
        wait_for(page, "location.search.includes('step=200')")
        page.get_by_role("button", name="Play").wait_for()
        wait_for(page, f"Array.from({PICTURE}._fullData.findLast({QUERIES}).x)[0] !== {first[0]}")
        assert page.evaluate(f"{PICTURE}.mine")  # updated in place

        page.evaluate(f"{PICTURE}.scrollIntoView({{block: 'center'}})")
        for _ in range(50):  # until the page has come to rest: a click means what is hovered over
            x, y = page.evaluate(FIRST_QUERY)
            page.mouse.move(x + 1, y)
            page.mouse.move(x, y)
            page.wait_for_timeout(200)
            if page.evaluate(f"Boolean({PICTURE}.querySelector('.hovertext'))"):
                break
        page.mouse.click(x, y)
        wait_for(page, f"{PICTURE}.data.some(t => t.name === 'its positives')")
        wait_for(page, "location.search.includes('query=')")
        assert page.locator(".ance-company h4").count() == 4
        widths = page.evaluate(
            "[...document.querySelectorAll('[data-testid=stMain], html')].map(e => e.scrollWidth)"
        )
        assert max(widths) <= size["width"]


# -- the page Gradients -------------------------------------------------------------------------------------

BOUND = (
    "[...document.querySelectorAll('.js-plotly-plot')].find(f => f.layout.uirevision.startsWith('bound|'))"
)
FIRST_POINT = (
    "(f => { const box = f.getBoundingClientRect(), { xaxis: x, yaxis: y } = f._fullLayout,"
    " t = f._fullData.find(t => t.name === 'ance');"
    " return [box.left + x._offset + x.d2p(t.x[0]), box.top + y._offset + y.d2p(t.y[0])]; })(" + BOUND + ")"
)


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_an_instance_is_read_by_pointing_at_it_and_by_a_click(visit, serve, tmp_path, size):
    run = probe_runs.tiny_run(tmp_path)
    probe_runs.probe(run, 50, 100)
    with visit(f"{serve(tmp_path)}/gradients", size) as page:
        wait_for(page, f"{BOUND}?._fullLayout")
        page.get_by_text("How noisy, and how biased").wait_for()
        page.evaluate(f"{BOUND}.scrollIntoView({{block: 'center'}})")
        page.mouse.move(*page.evaluate(FIRST_POINT))
        wait_for(page, f"{BOUND}.querySelector('.hoverlayer').textContent.includes('Negative, rank')")
        assert page.locator(".hoverlayer:visible text").count() > 0 or size is PHONE  # too narrow there
        page.mouse.click(*page.evaluate(FIRST_POINT))
        page.locator(".ance-instance").wait_for()
        assert page.locator(".ance-instance dt").all_inner_texts()[0] == "Query"
        widths = page.evaluate(
            "[...document.querySelectorAll('[data-testid=stMain], html')].map(e => e.scrollWidth)"
        )
        assert max(widths) <= size["width"]


def test_the_gradients_page_fills_when_a_probe_appears(visit, serve, tmp_path):
    run = probe_runs.tiny_run(tmp_path)
    with visit(f"{serve(tmp_path)}/gradients") as page:
        page.get_by_text("No probe yet").wait_for()
        probe_runs.probe(run, 100)
        wait_for(page, f"{BOUND}?._fullLayout")
        assert page.get_by_text("No probe yet").count() == 0
        page.get_by_role(
            "link", name="Runs"
        ).first.click()  # what was measured does not follow to other pages
        page.get_by_role("heading", name="Runs", exact=True).wait_for()
