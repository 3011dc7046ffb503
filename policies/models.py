"""Collect the models of this app's slices, so that it keeps one label and one migration folder."""

from policies.checklists.models import Check, ChecklistVersion
from policies.evaluation.models import (
    Evaluation,
    JudgedLeaf,
    PopulationBucket,
    Transition,
    VerdictCount,
    VerdictVector,
)

__all__ = [
    "Check",
    "ChecklistVersion",
    "Evaluation",
    "JudgedLeaf",
    "PopulationBucket",
    "Transition",
    "VerdictCount",
    "VerdictVector",
]
