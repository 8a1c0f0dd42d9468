"""Speechmarks without a screen: clips, landmarks, alignment, models, movies.

Nothing in this package imports streamlit, plotly or ``ui``. The floors (see docs/architecture.md)
are: scheme, errors -> track -> media, align, speech, weights, workspace -> detect, reference,
models, metrics, render -> datasets -> training -> cli.
"""

__version__ = "0.1.0"
__all__ = ["__version__"]
