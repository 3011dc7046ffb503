"""API paths of policies, under /api/v1/."""

from django.urls import path

from policies.checklists import api as checklists
from policies.evaluation import api as evaluation

urlpatterns = [
    path("checklists", checklists.Checklists.as_view(), name="checklists"),
    path("checklists/<uuid:version>", checklists.ChecklistVersionDetail.as_view(), name="checklist"),
    path("verdicts", evaluation.Verdicts.as_view(), name="verdicts"),
    path("verdicts/changes", evaluation.VerdictChanges.as_view(), name="verdict-changes"),
    path("posture", evaluation.Posture.as_view(), name="posture"),
    path("evaluations", evaluation.Evaluations.as_view(), name="evaluations"),
]
