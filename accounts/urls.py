"""API paths of accounts, under /api/v1/."""

from django.urls import path

from accounts.approvals import api as approvals

urlpatterns = [
    path("approvals", approvals.Approvals.as_view(), name="approvals"),
    path("approvals/<uuid:act>", approvals.OneApproval.as_view(), name="approval"),
    path("approvals/<uuid:act>/approve", approvals.Approve.as_view(), name="approve"),
    path("approvals/<uuid:act>/reject", approvals.Reject.as_view(), name="reject"),
    path("approvals/<uuid:act>/withdraw", approvals.Withdraw.as_view(), name="withdraw"),
]
