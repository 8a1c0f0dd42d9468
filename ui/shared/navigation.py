"""Leaving a page for another one.

Streamlit 1.67 refuses `st.switch_page` while the value of a widget that is bound to the address
stands there ("Cannot clear query parameters"), although the widget goes with its page.
"""

from __future__ import annotations

from typing import NoReturn

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

__all__ = ["go_to"]


def go_to(page: str) -> NoReturn:
    """Open another page, such as "library.py"; what this page's widgets put into the address goes
    with it, what they hold stays in the session.
    """
    context = get_script_run_ctx(suppress_warning=True)
    if context is not None:
        with context.session_state.query_params() as address:
            for widget in list(address._bindings_by_widget):
                address.unbind_widget(widget)
    st.switch_page(page)
