"""A check that is withdrawn between its verdict and its finding."""

from pathlib import Path

import pytest

from accounts.workspaces.isolation import in_workspace
from accounts.workspaces.models import DeadLetter
from accounts.workspaces.queue import Stage
from audit.findings.models import Finding
from audit.findings.raise_findings import raise_findings
from policies.checklists.publish import publish_shipped
from policies.evaluation.codes import base
from policies.evaluation.models import Transition
from policies.rules.verdicts import Code
from tests.audit.findings.estate import CHECK, customers, lake_in
from tests.policies.evaluation.histories import evaluated
from tests.policies.evaluation.releases import releases, shipped, without
from tests.support.cast import Cast
from tests.support.estate import send_inventory
from tests.support.flow import queued

pytestmark = pytest.mark.django_db


def test_it_raises_nothing_and_holds_up_nothing(cast: Cast, tmp_path: Path) -> None:
    workspace = cast.workspace.pk
    send_inventory(cast.api["pipeline"], lake_in("US"), customers())
    evaluated(workspace)
    with in_workspace(workspace):
        assert [base(change.new) for change in Transition.objects.filter(check_id=CHECK)] == [Code.FAIL]
    with releases(tmp_path) as ship:
        ship(without(shipped("SOV"), CHECK))
        with in_workspace(workspace):
            publish_shipped()
        raise_findings(workspace)
    assert not queued(workspace, Stage.RAISE)
    with in_workspace(workspace):
        assert not Finding.objects.filter(check_id=CHECK).exists()
        assert not DeadLetter.objects.exists()
