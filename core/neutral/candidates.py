"""Candidates for the closed-mouth frame under each rule (docs/published.md#replication-project).

Two things differ between the rules: which lip points make the gap (anatomical pairs, or the crossed
ones of the published program), and how unusual the mouth's width may be (|z| below 1.3 as the
program's own default says; below 0.1 as its identity removal silently asks; any width, as Eskimez
et al. 2020 do).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np

from ..align import GapRule
from ..errors import NoReference
from ..tracks.track import LandmarkTrack, remembered
from .closed_mouth import closed_mouth

__all__ = ["RULES", "Candidate", "Choice", "Rule", "rank_frames", "rule_choices"]


@dataclass(frozen=True)
class Rule:
    """A rule for the closed mouth; ``z`` is infinite where any width passes."""

    name: str
    title: str
    gap: GapRule
    z: float
    says: str


RULES: Mapping[str, Rule] = MappingProxyType(
    {
        r.name: r
        for r in (
            Rule(
                "anatomical-1.3",
                "Usual width, anatomical gap",
                "anatomical",
                1.3,
                "The default of Speechmarks: lips that face each other, widths within 1.3 "
                "standard deviations.",
            ),
            Rule(
                "anatomical-0.1",
                "Nearly mean width, anatomical gap",
                "anatomical",
                0.1,
                "Anatomical pairs with the threshold of the published identity removal: "
                "few frames remain.",
            ),
            Rule(
                "crossed-1.3",
                "Usual width, crossed gap (published default)",
                "crossed",
                1.3,
                "The published pairs 61-65 and 63-67 run across the mouth: their gap includes "
                "the width and never approaches 0.",
            ),
            Rule(
                "crossed-0.1",
                "Nearly mean width, crossed gap (published identity removal)",
                "crossed",
                0.1,
                "The published identity removal passes 0.1 instead of the documented 1.3.",
            ),
            Rule(
                "smallest",
                "Smallest gap, any width",
                "anatomical",
                math.inf,
                "Eskimez et al. 2020: no width filter, so pursed lips can be selected.",
            ),
        )
    }
)


@dataclass(frozen=True)
class Choice:
    """What one rule takes; frame, gap and width are None where it keeps nothing (``problem``).

    kept of ``seen`` : frames that pass, of those with a whole mouth
    gap : sum of the three gaps of the chosen frame under the rule's own pairs, in the track's unit
    smallest_gap : over all frames with a whole mouth, by the rule's own pairs
    """

    rule: str
    kept: int
    seen: int
    smallest_gap: float
    frame: int | None = None
    seconds: float | None = None
    gap: float | None = None
    width_z: float | None = None
    problem: str | None = None


@remembered
def rule_choices(track: LandmarkTrack) -> tuple[Choice, ...]:
    """What every rule of `RULES` takes on one aligned track, in their order.

    Raises `NoFace` where no frame holds a whole mouth.
    """
    choices = []
    for rule in RULES.values():
        every = closed_mouth(track, z=math.inf, gap=rule.gap)
        smallest = float(every.gap[every.frame])
        try:
            found = closed_mouth(track, z=rule.z, gap=rule.gap)
        except NoReference as error:
            choices.append(Choice(rule.name, 0, every.kept, smallest, problem=str(error)))
            continue
        k = found.frame
        choices.append(
            Choice(
                rule.name,
                found.kept,
                every.kept,
                smallest,
                frame=k,
                seconds=float(track.times[k]),
                gap=float(found.gap[k]),
                width_z=float(found.width_z[k]),
            )
        )
    return tuple(choices)


@dataclass(frozen=True)
class Candidate:
    """One frame with a whole mouth.

    width, gap, gap_crossed : in the track's unit
    width_z : how many deviations the width lies from the mean; below -1.3 lips are pursed, above
        1.3 stretched
    ranks : place under each rule, from 1; rules that do not keep the frame are absent
    complete : every point of the face is there
    """

    frame: int
    seconds: float
    width: float
    width_z: float
    gap: float
    gap_crossed: float
    complete: bool
    ranks: Mapping[str, int] = field(default_factory=dict)


@remembered
def rank_frames(track: LandmarkTrack, rule: str = "anatomical-1.3") -> tuple[Candidate, ...]:
    """Every frame with a whole mouth: those that the rule keeps, best first, then the rest.

    The rest is in the order of its gap under the same pairs. Raises `NoFace`, and `KeyError` for a
    name that is not in `RULES`.
    """
    wanted = RULES[rule]
    places: dict[str, dict[int, int]] = {}
    for name, other in RULES.items():
        try:
            kept = closed_mouth(track, z=other.z, gap=other.gap).candidates
        except NoReference:
            kept = np.array([], dtype=np.int64)
        places[name] = {int(frame): place for place, frame in enumerate(kept, start=1)}
    plain = closed_mouth(track, z=math.inf)
    crossed = closed_mouth(track, z=math.inf, gap="crossed")
    by_gap = (plain if wanted.gap == "anatomical" else crossed).candidates
    first = list(places[rule])
    rest = [int(frame) for frame in by_gap if int(frame) not in places[rule]]
    return tuple(
        Candidate(
            frame=k,
            seconds=float(track.times[k]),
            width=float(plain.width[k]),
            width_z=float(plain.width_z[k]),
            gap=float(plain.gap[k]),
            gap_crossed=float(crossed.gap[k]),
            complete=bool(track.frame_valid[k]),
            ranks={name: at[k] for name, at in places.items() if k in at},
        )
        for k in (*first, *rest)
    )
