"""The closed-mouth reference, removal of identity, templates and shape spaces."""

from ..align import read_template, shipped_template
from .audit import Audit, AuditRow, identity_audit, session_null, wilson_interval
from .bases import keep_basis, kept_bases, open_basis
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
from .shape_fit import (
    ComponentError,
    component_errors,
    component_motion,
    pooled_frames,
    prepared,
    prepared_for,
)
from .shape_space import ShapeSpace, fit_shape_space
from .speaker import SpeakerMean, mean_lips, speaker_mean
from .stages import STAGES, Distances, speaker_distances, staged
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
    "ComponentError",
    "Distances",
    "PublishedDifference",
    "Rule",
    "ShapeSpace",
    "SpeakerMean",
    "TemplateFace",
    "aligned_for_identity",
    "closed_face",
    "closed_mouth",
    "component_errors",
    "component_motion",
    "fit_shape_space",
    "from_reference",
    "identity_audit",
    "inner_opening",
    "keep_basis",
    "kept_bases",
    "lip_gap",
    "mean_lips",
    "mouth_width",
    "open_basis",
    "pooled_frames",
    "prepared",
    "prepared_for",
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
