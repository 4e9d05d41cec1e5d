"""Navigation of the dashboard. Streamlit runs this file as a script, hence the absolute imports."""

from contextlib import suppress
from pathlib import Path

import streamlit as st
from ance_app import ahead
from ance_app.source import open_source
from ance_app.views import convergence, gradients, negatives, runs, space, whatif

from ance_core.errors import AnceError

ASSETS = Path(__file__).with_name("assets")

# The icon is a file of our own: a named one would be fetched from the network.
st.set_page_config(page_title="ANCE workbench", page_icon=str(ASSETS / "mark.svg"), layout="wide")
st.logo(str(ASSETS / "wordmark.svg"), size="large")
with suppress(AnceError):  # the page says it
    ahead.begin(open_source())
st.navigation(
    [
        st.Page(runs.page, title="Runs", icon=":material/list_alt:", url_path="runs", default=True),
        st.Page(convergence.page, title="Convergence", icon=":material/show_chart:", url_path="convergence"),
        st.Page(gradients.page, title="Gradients", icon=":material/landscape:", url_path="gradients"),
        st.Page(space.page, title="Embedding space", icon=":material/scatter_plot:", url_path="space"),
        st.Page(negatives.page, title="Negatives", icon=":material/target:", url_path="negatives"),
        st.Page(whatif.page, title="What-if sampler", icon=":material/tune:", url_path="whatif"),
    ],
    position="top",
).run()
