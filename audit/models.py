"""Collect the models of this app's slices, so that it keeps one label and one migration folder."""

from audit.conversation.models import Question
from audit.evidence.models import Checkpoint, LedgerEntry, LedgerNode
from audit.exports.models import Export, ExportSchedule
from audit.findings.models import Finding
from audit.tickets.models import Ticket, TicketEvent

__all__ = [
    "Checkpoint",
    "Export",
    "ExportSchedule",
    "Finding",
    "LedgerEntry",
    "LedgerNode",
    "Question",
    "Ticket",
    "TicketEvent",
]
