"""The decoder: what runs in a process of its own (`core.media.sandbox`) and opens untrusted media.

The only place, beside the writing of movies, that touches PyAV and libsndfile's reader.
"""

__all__: list[str] = []
