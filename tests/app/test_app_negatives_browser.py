"""*Negatives* and *What-if sampler* in a real browser: a clicked bar is read, a moved slider redraws, no page too wide."""

from __future__ import annotations

import pytest

from .negatives_of_runs import trained
from .test_app_browser import PHONE, WIDE, visit, wait_for

__all__ = ["visit"]  # the fixture
pytestmark = pytest.mark.browser
SECTIONS = ("Difficulty", "False+negatives", "Forgetting", "Variety")


@pytest.fixture(scope="module")
def address(serve, tmp_path_factory) -> str:
    folder = tmp_path_factory.mktemp("real")
    for recipe in ("ance", "simans", "random"):
        trained(folder, recipe)
    return serve(folder)


def bars(page) -> None:
    page.locator(".js-plotly-plot .barlayer .point path").first.wait_for(state="attached")


@pytest.mark.parametrize("path", [*(f"negatives?question={name}" for name in SECTIONS), "whatif?draw=SimANS"])
def test_pages_are_never_wider_than_the_screen(visit, address, path):
    with visit(f"{address}/{path}", PHONE) as page:
        page.locator(".js-plotly-plot .main-svg").first.wait_for()
        button = page.get_by_role("button", name="CSV").or_(page.get_by_role("button", name="Train it now"))
        button.first.wait_for()
        for size in (PHONE, WIDE):
            page.set_viewport_size(size)
            page.wait_for_timeout(300)
            widths = page.evaluate(
                "[...document.querySelectorAll('[data-testid=stMain], html')].map(e => e.scrollWidth)"
            )
            assert max(widths) <= size["width"]


def test_a_clicked_bar_is_read_and_the_link_remembers_it(visit, address):
    with visit(f"{address}/negatives?question=Ranks") as page:
        bars(page)
        box = page.evaluate(
            """(() => { const figure = document.querySelector('.js-plotly-plot');
            const trace = figure.data.findIndex((t) => t.name === 'ance');
            const bar = figure.querySelectorAll('.barlayer .trace')[trace].querySelectorAll('.point path')[1];
            const { x, y, width, height } = bar.getBoundingClientRect(); return [x + width / 2, y + height / 2] })()"""
        )
        page.mouse.click(*box)
        page.get_by_text("of ance with rank 11–20").wait_for()
        page.locator(".ance-triple").first.wait_for()
        wait_for(page, "location.search.includes('read=ance') && location.search.includes('rank=11')")
        link = page.url
    with visit(link) as page:
        page.get_by_text("of ance with rank 11–20").wait_for()


def test_a_moved_slider_changes_figure_and_command(visit, address):
    with visit(f"{address}/whatif?of=ance&draw=SimANS") as page:
        bars(page)
        before = page.evaluate(
            "JSON.stringify(document.querySelector('.js-plotly-plot').calcdata[0].map(p => p.s))"
        )
        page.get_by_role("slider", name="Candidates a query (k)").focus()
        for _ in range(4):
            page.keyboard.press("ArrowLeft")
        page.get_by_text("negatives.pool_depth=12").wait_for()
        wait_for(
            page,
            "JSON.stringify(document.querySelector('.js-plotly-plot').calcdata[0].map(p => p.s))"
            f" !== {before!r}",
        )
