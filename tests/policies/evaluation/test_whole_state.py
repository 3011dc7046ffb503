"""After whatever happens: vectors, changes, roll-ups, population, seals and the queue of time say the same."""

import random

import pytest
from django.utils import timezone

from accounts.journal.models import Statement
from accounts.workspaces.isolation import in_workspace
from accounts.workspaces.revisions import current_revision
from policies.evaluation.codes import base
from policies.evaluation.evaluate import evaluate_slice
from policies.evaluation.full import evaluate_full
from policies.evaluation.models import Evaluation, Transition, VerdictVector
from tests.policies.evaluation.checker import check_whole_state, from_transitions, from_vectors, verdicts
from tests.policies.evaluation.histories import DAY, Estate, evaluated, fresh_workspace, stamp
from tests.support.cast import Cast
from tests.support.estate import send_inventory

pytestmark = pytest.mark.django_db


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_everything_agrees_after_each_step_of_a_random_history(cast: Cast, seed: int) -> None:
    ours, client = cast.workspace.pk, cast.api["pipeline"]
    estate = Estate(seed)
    send_inventory(client, *estate.whole())
    evaluated(ours)
    then = {}
    for what in estate.steps():
        estate.step(what, ours, client)
        check_whole_state(ours)
        with in_workspace(ours):
            then[current_revision()] = from_vectors()
    with in_workspace(ours):
        seen = {base(row.new) for row in Transition.objects.all()}
        assert seen >= {0, 1, 2, 3}  # retired, pass, fail, unknown: nothing was vacuous
        for revision, known in then.items():
            assert from_transitions(until=revision) == known  # what was then can be told later


@pytest.mark.parametrize("seed", [4, 5])
def test_a_full_run_over_an_evaluated_estate_changes_nothing(cast: Cast, seed: int) -> None:
    ours = cast.workspace.pk
    send_inventory(cast.api["pipeline"], *Estate(seed).whole())
    evaluated(ours)

    def told() -> tuple[object, ...]:
        with in_workspace(ours):
            flips = VerdictVector.objects.order_by("asset", "checklist").values_list("flip_at", "flip_to", "stale_at")
            return (
                verdicts(ours),
                list(flips),
                Transition.objects.count(),
                Statement.objects.count(),
                current_revision(),
            )

    before, since = told(), timezone.now()
    assert evaluate_full(ours) > 5
    assert told() == before
    check_whole_state(ours)
    with in_workspace(ours):
        newest = Evaluation.objects.order_by("-finished_at")[0]
        assert (newest.changed, newest.rev, newest.statement) == (0, 0, None)
        assert newest.subjects > 5
        assert not VerdictVector.objects.filter(judged_at__lt=since).exists()  # it was looked at all the same


def test_an_asset_that_moves_between_entities_is_counted_where_it_is_now(cast: Cast) -> None:
    ours, client = cast.workspace.pk, cast.api["pipeline"]
    estate = Estate(6)
    line = estate.dataset(0)
    homes = [[], ["bank"], ["branch"], []]
    send_inventory(client, estate.organisation("bank"), estate.organisation("branch"))
    for home in homes:
        line["relations"] = {"organisation": [{"kind": "organisation", "uid": uid} for uid in home]}
        send_inventory(client, line)
        evaluated(ours)
        check_whole_state(ours)


@pytest.mark.parametrize("seed", [7, 8, 9])
def test_the_same_changes_in_any_order_and_any_slices_give_the_same_verdicts(cast: Cast, seed: int) -> None:
    estate, chance = Estate(seed), random.Random(seed)
    start = timezone.now() - DAY
    lines = [
        line | {"observed_at": stamp(start + number * DAY / 100)}
        for number, line in enumerate([*estate.whole(), *(estate.line() for _ in range(20))])
    ]
    send_inventory(cast.api["pipeline"], *lines)
    evaluated(cast.workspace.pk)
    expected = verdicts(cast.workspace.pk)
    assert len(expected) > 15
    for attempt in range(2):
        there, client = fresh_workspace(f"shuffled-{attempt}")
        left = chance.sample(lines, len(lines))
        while left:
            size = chance.randint(1, 12)
            send_inventory(client, *left[:size])
            left = left[size:]
            if chance.random() < 0.5:
                evaluated(there)
        evaluated(there)
        assert verdicts(there) == expected
        check_whole_state(there)


def test_slices_of_any_size_state_the_same_population(cast: Cast) -> None:
    lines = Estate(10).whole()
    roots = set()
    for size in (1, 3, 100):
        there, client = fresh_workspace(f"sliced-{size}")
        send_inventory(client, *lines)
        evaluated(there)
        with in_workspace(there):
            ids = list(VerdictVector.objects.order_by("?").values_list("asset", flat=True).distinct())
            for at in range(0, len(ids), size):
                evaluate_slice(ids[at : at + size], now=timezone.now() + 60 * DAY)
        check_whole_state(there)
        roots.add(frozenset(verdicts(there).items()))
    assert len(roots) == 1
