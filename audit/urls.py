"""API paths of audit, under /api/v1/."""

from django.urls import path

from audit.conversation import api as conversation
from audit.evidence import api as evidence
from audit.findings import api as findings
from audit.tickets import api as tickets

urlpatterns = [
    path("findings", findings.Findings.as_view(), name="findings"),
    path("findings/<uuid:finding>", findings.OneFinding.as_view(), name="finding"),
    path("tickets", tickets.Tickets.as_view(), name="tickets"),
    path("tickets/<uuid:ticket>", tickets.OneTicket.as_view(), name="ticket"),
    path("statements", evidence.Statements.as_view(), name="statements"),
    path("statements/<uuid:statement>", evidence.OneStatement.as_view(), name="statement"),
    path("questions", conversation.Questions.as_view(), name="questions"),
    path("checkpoints", evidence.Checkpoints.as_view(), name="checkpoints"),
]
