"""A check is published as soon as its facts can exist; until then it says what it waits for."""

from lineage.inventory.formats.known import IMPORTERS
from policies.checklists.compile import compile_check
from policies.checklists.read import shipped_checklists
from policies.checklists.waiting import derived_facts, sent_facts, waiting_for
from policies.rules.checks import CompiledCheck
from tests.policies.checklists.support import small

FIRST_DERIVATIONS = {
    ("access_grant", "owner_active"),
    ("data_flow", "leaves_regime"),
    ("data_flow", "personal_data"),
    ("data_flow", "runs_last_90d"),
    ("data_flow", "source_country"),
    ("data_flow", "source_regime"),
    ("data_flow", "target_adequate"),
    ("data_flow", "target_country"),
    ("data_flow", "transfer_assessment_required"),
    ("data_flow", "transfer_tool_accepted"),
    ("dataset", "effective_class_rank"),
    ("dataset", "location_source"),
    ("dataset", "storage_countries"),
}
"""What lineage derives in the first version; the lineage of data sets comes later."""


def all_compiled() -> dict[str, CompiledCheck]:
    return {check.id: compile_check(check) for checklist in shipped_checklists() for check in checklist.checks}


def test_checks_that_wait_say_for_what() -> None:
    waiting = {id_: facts for id_, check in all_compiled().items() if (facts := waiting_for(check, FIRST_DERIVATIONS))}
    assert waiting == {
        "SOV-06": [
            "dataset.lineage.complete",
            "dataset.lineage.upstream_allowed_countries",
            "dataset.lineage.upstream_count",
            "dataset.lineage.upstream_max_class_rank",
            "dataset.lineage.upstream_residency_limited",
        ],
        "SOV-11": ["job.lineage.reads_personal_data"],
        "SOV-12": ["model.inherited_allowed_countries", "model.trained_on_bound_data"],
        "SOV-14": ["dataset.cross_border_read_share_30d"],
        "SOV-15": ["dataset.lineage.complete", "dataset.lineage.downstream_over_retention"],
        "SOV-16": [
            "dataset.lineage.complete",
            "dataset.lineage.downstream_count",
            "dataset.lineage.flows_to_countries",
        ],
        "SEC-12": [
            "dataset.deid_run_id",
            "dataset.lineage.upstream_classes",
            "dataset.lineage.upstream_environments",
        ],
    }


def test_a_registered_derivation_ends_the_waiting() -> None:
    check = all_compiled()["SOV-12"]
    derivations = {("model", "inherited_allowed_countries"), ("model", "trained_on_bound_data")}
    assert waiting_for(check, set()) != []
    assert waiting_for(check, derivations) == []


def test_an_age_of_a_reported_instant_waits_for_nothing() -> None:
    assert waiting_for(compile_check(small().checks[0]), set()) == []


def test_the_age_of_an_instant_that_we_derive_waits_for_it() -> None:
    check = small(old="asset.key_age_days", new="asset.owner_active && asset.key_age_days").checks[0]
    assert waiting_for(compile_check(check), set(), sent={}) == ["identity.owner_active"]


def test_every_derived_fact_that_is_read_was_decided_upon() -> None:
    """Ages and lineage need no decision; a line about a fact that nobody reads or fills would go stale unseen."""
    read = {fact for check in all_compiled().values() for fact in derived_facts(check) if ".lineage." not in fact}
    filled = {f"{kind}.{name}" for each in IMPORTERS.values() for kind, names in each.fills.items() for name in names}
    assert sent_facts().keys() >= read
    assert {fact for fact in sent_facts().keys() - read if not sent_facts()[fact]} == set()
    assert sent_facts().keys() - read <= filled
