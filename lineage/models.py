"""Collect the models of this app's slices, so that it keeps one label and one migration folder."""

from lineage.events.models import DeletionReceipt, Event, EventReceipt, Hook, HookDelivery
from lineage.graph.derivations import DATA_FLOW
from lineage.graph.labels.models import LabelSet, Traced, TracedMasking, TraceDue
from lineage.graph.models import (
    DatasetAlias,
    DatasetChange,
    Facet,
    Flow,
    FlowColumns,
    JobGap,
    JobVersion,
    JobVersionDataset,
    JobVersionDay,
    JobVersionFlow,
    JobVersionVolume,
    MaskingApproval,
    Run,
    RunParent,
)
from lineage.inventory.declared.models import VocabularyEdition
from lineage.inventory.imports.models import Import, ImportPart
from lineage.inventory.models import Asset, DerivedFact, FactSet, ImportResult, RejectedRow, Related, Relation, Source
from lineage.inventory.pulls.models import Pull
from lineage.retention.models import Deletion, LegalHold, RetentionRule

DERIVATIONS_DECLARED = DATA_FLOW is not None  # a process that knows the models knows all derivations

__all__ = [
    "Asset",
    "DatasetAlias",
    "DatasetChange",
    "Deletion",
    "DeletionReceipt",
    "DerivedFact",
    "Event",
    "EventReceipt",
    "Facet",
    "FactSet",
    "Flow",
    "FlowColumns",
    "Hook",
    "HookDelivery",
    "Import",
    "ImportPart",
    "ImportResult",
    "JobGap",
    "JobVersion",
    "JobVersionDataset",
    "JobVersionDay",
    "JobVersionFlow",
    "JobVersionVolume",
    "LabelSet",
    "LegalHold",
    "MaskingApproval",
    "Pull",
    "RejectedRow",
    "Related",
    "Relation",
    "RetentionRule",
    "Run",
    "RunParent",
    "Source",
    "TraceDue",
    "Traced",
    "TracedMasking",
    "VocabularyEdition",
]
