"""Choices that outlive what was offered: other runs, other bins, another depth."""

from __future__ import annotations

from collections.abc import Collection

import streamlit as st


def keep_if_offered(key: str, options: Collection[object]) -> None:
    """Drop the choice that the widget `key` holds if it is not among `options` any more; Streamlit would refuse it."""
    if key in st.session_state and st.session_state[key] not in options:
        del st.session_state[key]
