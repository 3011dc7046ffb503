"""API paths of audit, under /api/v1/."""

from django.urls import path

from audit.conversation import api as conversation
from audit.evidence import api as evidence
from audit.exports import api as exports
from audit.findings import api as findings
from audit.tickets import api as tickets

urlpatterns = [
    path("findings", findings.Findings.as_view(), name="findings"),
    path("findings/<uuid:finding>", findings.OneFinding.as_view(), name="finding"),
    path("tickets", tickets.Tickets.as_view(), name="tickets"),
    path("tickets/<uuid:ticket>", tickets.OneTicket.as_view(), name="ticket"),
    path("statements", evidence.Statements.as_view(), name="statements"),
    path("statements/<uuid:statement>", evidence.OneStatement.as_view(), name="statement"),
    path("exports", exports.Exports.as_view(), name="exports"),
    path("exports/<uuid:export>", exports.OneExport.as_view(), name="export"),
    path("exports/<uuid:export>/file", exports.ExportFile.as_view(), name="export-file"),
    path("schedules", exports.Schedules.as_view(), name="schedules"),
    path("schedules/<uuid:schedule>", exports.OneSchedule.as_view(), name="schedule"),
    path("questions", conversation.Questions.as_view(), name="questions"),
    path("checkpoints", evidence.Checkpoints.as_view(), name="checkpoints"),
]
