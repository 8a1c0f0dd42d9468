"""The closed-mouth (neutral) frame, identity removal, template faces and the speaker audit."""

from ..align import read_template, shipped_template
from .audit import Audit, AuditRow, identity_audit, session_null, wilson_interval
from .candidates import (
    RULES,
    Candidate,
    Choice,
    Rule,
    rank_frames,
    rule_choices,
)
from .closed_mouth import (
    ClosedMouth,
    closed_mouth,
    inner_opening,
    lip_gap,
    mouth_width,
)
from .example import pursed_example
from .identity import (
    aligned_for_identity,
    from_reference,
    remove_identity,
    remove_lip_identity,
)
from .published_difference import PublishedDifference, published_difference
from .published_template import PUBLISHED_TEMPLATE, published_template
from .sensitivity import Change, reference_sensitivity
from .speaker import SpeakerMean, mean_lips, speaker_mean
from .speaker_distances import STAGES, Distances, speaker_distances, staged
from .template_face import TemplateFace, closed_face, template_face

__all__ = [
    "PUBLISHED_TEMPLATE",
    "RULES",
    "STAGES",
    "Audit",
    "AuditRow",
    "Candidate",
    "Change",
    "Choice",
    "ClosedMouth",
    "Distances",
    "PublishedDifference",
    "Rule",
    "SpeakerMean",
    "TemplateFace",
    "aligned_for_identity",
    "closed_face",
    "closed_mouth",
    "from_reference",
    "identity_audit",
    "inner_opening",
    "lip_gap",
    "mean_lips",
    "mouth_width",
    "published_difference",
    "published_template",
    "pursed_example",
    "rank_frames",
    "read_template",
    "reference_sensitivity",
    "remove_identity",
    "remove_lip_identity",
    "rule_choices",
    "session_null",
    "shipped_template",
    "speaker_distances",
    "speaker_mean",
    "staged",
    "template_face",
    "wilson_interval",
]
