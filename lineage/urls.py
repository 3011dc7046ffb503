"""The API of what happened and what exists, under /api/v1/."""

from django.urls import URLPattern, path

from lineage.events import api as events
from lineage.events import reads
from lineage.graph import api as graph
from lineage.graph import column_api as columns
from lineage.graph import reads as graph_reads
from lineage.graph.labels import api as labels
from lineage.graph.picture import api as picture
from lineage.inventory import api as inventory
from lineage.inventory import reads as inventory_reads
from lineage.inventory import retirement_api as retirements
from lineage.inventory.declared import api as declared
from lineage.inventory.imports import api as imports
from lineage.inventory.places import api as joins
from lineage.inventory.pulls import api as pulls
from lineage.marquez.urls import marquez_patterns
from lineage.retention import api as retention

urlpatterns: list[URLPattern] = [
    path("lineage/batch", events.LineageBatchView.as_view(), name="lineage-batch"),
    path("hooks/<uuid:hook_id>", events.HookView.as_view(), name="hook"),
    path("raw-events", reads.RawEventsView.as_view(), name="raw-events"),
    path("raw-events/<uuid:event_id>", reads.RawEventView.as_view(), name="raw-event"),
    path("dead-letters", reads.DeadLettersView.as_view(), name="dead-letters"),
    path("dead-letters/<uuid:letter_id>/replay", reads.ReplayView.as_view(), name="dead-letter-replay"),
    path("graph/upstream", graph.UpstreamView.as_view(), name="graph-upstream"),
    path("graph/downstream", graph.DownstreamView.as_view(), name="graph-downstream"),
    path("graph/paths", graph.PathsView.as_view(), name="graph-paths"),
    path("graph/neighbourhood", picture.NeighbourhoodView.as_view(), name="graph-neighbourhood"),
    path("graph/columns", columns.ColumnsView.as_view(), name="graph-columns"),
    path("graph/search", graph.SearchView.as_view(), name="graph-search"),
    path("graph/coverage", graph_reads.CoverageView.as_view(), name="graph-coverage"),
    path("graph/facets", graph_reads.FacetsView.as_view(), name="graph-facets"),
    path("graph/witness", labels.WitnessView.as_view(), name="graph-witness"),
    path("inventories", inventory.InventoriesView.as_view(), name="inventories"),
    path("inventories/template", inventory.TemplateView.as_view(), name="inventory-template"),
    path("kinds", declared.KindsView.as_view(), name="kinds"),
    path("imports", imports.ImportsView.as_view(), name="imports"),
    path("imports/<uuid:import_id>", imports.ImportView.as_view(), name="import"),
    path("assets", inventory_reads.AssetsView.as_view(), name="assets"),
    path("assets/<uuid:asset_id>", inventory_reads.AssetView.as_view(), name="asset"),
    path("assets/<uuid:asset_id>/history", inventory_reads.AssetHistoryView.as_view(), name="asset-history"),
    path("inventory-sources", inventory_reads.SourcesView.as_view(), name="inventory-sources"),
    path("pulls", pulls.Pulls.as_view(), name="pulls"),
    path("pulls/<uuid:pull_id>", pulls.OnePull.as_view(), name="pull"),
    path("pulls/<uuid:pull_id>/run", pulls.RunPull.as_view(), name="pull-run"),
    path("joins", joins.JoinsView.as_view(), name="joins"),
    path("joins/suggestions", joins.SuggestionsView.as_view(), name="join-suggestions"),
    path("retirements", retirements.RetirementsView.as_view(), name="retirements"),
    path(
        "retirements/<uuid:question_id>/dismiss",
        retirements.DismissRetirementView.as_view(),
        name="retirement-dismiss",
    ),
    path("legal-holds", retention.LegalHoldsView.as_view(), name="legal-holds"),
    path("legal-holds/<uuid:hold_id>/release", retention.ReleaseView.as_view(), name="legal-hold-release"),
    path("retention-rules", retention.RetentionRulesView.as_view(), name="retention-rules"),
    path("retention-rules/preview", retention.PreviewView.as_view(), name="retention-preview"),
    path("retention-rules/<uuid:rule_id>/end", retention.EndRuleView.as_view(), name="retention-rule-end"),
    path("deletion-receipts", retention.DeletionReceiptsView.as_view(), name="deletion-receipts"),
    *marquez_patterns,
]
