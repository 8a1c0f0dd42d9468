"""Systems of the page Compare: their names, colours, order and shifts.

What is changed stands in the session, for each clip, and in the URL:
``?looks=<key>;<name>;<colour>;<shift in ms>,...``. The key is the id of an imported file, or the
name of a model.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import quote, unquote

import streamlit as st

from core.errors import BadInput
from core.render.palette import rgb
from core.workspace import Clip
from ui.shared.widgets import safe_text

__all__ = ["TRUTH_KEY", "Look", "System", "apply_shift", "edit_systems"]

TRUTH_KEY = "truth"
"""Key of the ground truth, of which only the shift can be changed; it stands first."""

_PARAMETER = "looks"
_LONGEST_NAME = 60
_WIDEST = 10_000.0  # ms


@dataclass(frozen=True)
class Look:
    """What the viewer has changed of a system; '' and 0 where nothing is.

    Attributes
    ----------
    name : untrusted text
    colour : ``#rrggbb``
    shift : ms that it is moved later; negative: earlier
    """

    name: str = ""
    colour: str = ""
    shift: float = 0.0


@dataclass(frozen=True)
class System:
    """A system as it is shown: ``key`` as above, its own name, and the colour it would have."""

    key: str
    name: str
    colour: str
    look: Look = Look()

    @property
    def shown(self) -> str:
        """Its name in panels, tables, exports and the printed command."""
        return self.look.name or self.name


def _read(text: str) -> dict[str, Look]:
    found: dict[str, Look] = {}
    for part in filter(None, text.split(",")):
        key, name, colour, shift, *_ = (*map(unquote, part.split(";")), "", "", "", "")
        try:
            rgb(colour)
        except BadInput:
            colour = ""
        try:
            moved = float(shift or 0)
        except ValueError:
            moved = 0.0
        moved = moved if abs(moved) <= _WIDEST else 0.0  # also where it is NaN
        found[key] = Look(_clean(name), colour, moved)
    return found


def _written(looks: Mapping[str, Look]) -> str:
    return ",".join(
        ";".join(quote(t, safe="") for t in (key, o.name, o.colour, f"{o.shift:g}"))
        for key, o in looks.items()
    )


def _clean(name: str) -> str:
    """A name that a command line can hold as ``NAME=PATH``."""
    shown = (c if c.isprintable() and c != "=" else " " for c in name)
    return " ".join("".join(shown).split())[:_LONGEST_NAME]


def _looks(clip: Clip) -> dict[str, Look]:
    """Changes by key, in the order of the systems."""
    kept = st.session_state.get(f"looks {clip.id}", "")
    return _read(st.query_params.get(_PARAMETER) or kept)


def _keep(clip: Clip, looks: Mapping[str, Look]) -> None:
    text = _written(looks) if any(look != Look() for look in looks.values()) else ""
    _write(clip, text)


def _write(clip: Clip, text: str) -> None:
    st.session_state[f"looks {clip.id}"] = text
    if not text:
        st.query_params.pop(_PARAMETER, None)
    elif st.query_params.get(_PARAMETER) != text:
        st.query_params[_PARAMETER] = text


def apply_shift(clip: Clip, systems: Sequence[System], key: str, shift: float) -> None:
    """Move a system by ``shift`` ms, in everything that the page shows and exports."""
    looks = {system.key: system.look for system in systems}
    looks[key] = replace(looks.get(key, Look()), shift=round(shift, 3))
    _keep(clip, looks)
    turn = _turn(clip, key)
    st.session_state[turn] = st.session_state.get(turn, 0) + 1


def _turn(clip: Clip, key: str) -> str:
    """Where the session counts shifts that a button has set: each begins a new field."""
    return f"shifts set {clip.id} {key}"


def _move_up(clip: Clip, systems: Sequence[System], place: int) -> None:
    keys = [system.key for system in systems]
    keys[place - 1], keys[place] = keys[place], keys[place - 1]
    looks = {system.key: system.look for system in systems}
    _write(clip, _written({key: looks[key] for key in keys}))


def edit_systems(clip: Clip, systems: Sequence[System]) -> list[System]:
    """A popover with name, colour, shift and order of every system; the systems as they are
    shown."""
    looks = _looks(clip)
    order = {key: place for place, key in enumerate(looks)}
    known = [replace(s, look=looks.get(s.key, Look())) for s in systems]
    known.sort(key=lambda s: -1 if s.key == TRUTH_KEY else order.get(s.key, len(order)))
    if not known:
        return []
    with st.popover("Names and shifts", icon=":material/tune:", width="content"):
        changed = [_row(clip, known, place) for place in range(len(known))]
    names = [system.shown for system in changed]
    for place, system in enumerate(changed):
        if system.key == TRUTH_KEY:
            continue
        if names.count(system.shown) > 1:
            number = next(k for k in range(2, 99) if f"{system.shown} {k}" not in names)
            look = replace(system.look, name=f"{system.shown} {number}")
            changed[place] = replace(system, look=look)
            names[place] = look.name
    if [s.look for s in changed] != [s.look for s in known]:
        _keep(clip, {system.key: system.look for system in changed})
    else:
        _write(clip, _written(looks))
    return changed


def _row(clip: Clip, systems: Sequence[System], place: int) -> System:
    system = systems[place]
    key, look = f"{clip.id} {system.key}", system.look
    turn = st.session_state.get(_turn(clip, system.key), 0)
    fixed = system.key == TRUTH_KEY
    with st.container(horizontal=True, vertical_alignment="bottom"):
        colour = st.color_picker(
            "Colour", look.colour or system.colour, key=f"colour {key}", disabled=fixed
        )
        name = _clean(
            st.text_input(
                "Name", look.name, key=f"name {key}", placeholder=system.name, width=260,
                max_chars=_LONGEST_NAME, help=safe_text(system.name), disabled=fixed,
            )
        )  # fmt: skip
        shift = st.number_input(
            "Shift, ms", -_WIDEST, _WIDEST, look.shift, step=10.0, format="%.0f",
            key=f"shift {key}" + f" {turn}" * bool(turn), width=150,
            help="Positive: later. Player, curves, scores and exports follow.",
        )  # fmt: skip
        st.button(
            "Up", key=f"up {key}", icon=":material/arrow_upward:",
            disabled=fixed or not place or systems[place - 1].key == TRUTH_KEY,
            on_click=_move_up, args=(clip, systems, place),
        )  # fmt: skip
    same = colour.lower() == (look.colour or system.colour).lower()
    chosen = look.colour if same else colour.lower()
    return replace(system, look=Look(name, chosen, float(shift)))
