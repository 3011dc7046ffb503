"""Declare what the graph computes; see lineage/inventory/derivations.py for how and why."""

from lineage.inventory.derivations import declare
from lineage.inventory.kinds.load import load_lineage_facts

RUN_STATE = declare("run_state", 1, [("run", "state"), ("run", "started_at")], "events of the run")
RUN_COUNTRY = declare(
    "run_country", 1, [("run", "country")], "country of the cluster that its job runs_on, or of that cluster's site"
)
LAST_WRITE = declare(
    "last_write",
    1,
    [("dataset", "last_write_at"), ("dataset", "last_run_id"), ("dataset", "producer_job")],
    "the newest completed run that wrote it",
)
LAST_MASKING = declare(
    "last_masking", 1, [("dataset", "deid_run_id")], "the newest completed run whose lineage masks what flows into it"
)
DATA_FLOW = declare(
    "data_flow",
    2,
    [
        ("data_flow", name)
        for name in (
            "source_country",
            "source_regime",
            "target_country",
            "leaves_regime",
            "personal_data",
            "transfer_tool_accepted",
            "target_adequate",
            "transfer_assessment_required",
            "runs_last_90d",
            "basis",
        )
    ],
    "flows of the pair; country and class of both ends; transfer_tool; transfer_schemes of the recipient; regimes.yaml",
)
FLOW_VOLUME = declare(
    "flow_volume",
    1,
    [("data_flow", "volume_gb_30d")],
    "outputStatistics and inputStatistics of the runs of 30 days that join the pair",
)
FOREIGN_READS = declare(
    "foreign_reads",
    1,
    [("dataset", "cross_border_read_share_30d")],
    "inputStatistics of the runs of 30 days that read it; where these run or write, and where the dataset lies",
)
INPUT_VERSIONS = declare(
    "input_versions", 1, [("run", "input_versions_complete")], "the facet version of every input, as its run sent it"
)
TRACED_COLUMNS = declare(
    "traced_columns",
    1,
    [("dataset", "personal_columns_traced_share")],
    "tags of its fields, columns of the flows into it",
)
TRACED = declare(
    "lineage_labels",
    1,
    [
        (kind, f"lineage.{name}")
        for kind in ("dataset", "job", "model", "ai_system")
        for name in load_lineage_facts()
        if not name.startswith("freshness_")
    ],
    "flows, training_data, uses_model, reads, writes, serves; labels, places, limits and retention of what they join",
)
BOUND_MODEL = declare(
    "bound_model",
    1,
    [("model", "trained_on_bound_data"), ("model", "inherited_allowed_countries")],
    "upstream_residency_limited and upstream_allowed_countries of its lineage",
)
