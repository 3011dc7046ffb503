"""The API of what happened and what exists, under /api/v1/."""

from django.urls import URLPattern, path

from lineage.events import api as events
from lineage.events import reads
from lineage.graph import api as graph
from lineage.inventory import api as inventory
from lineage.inventory import reads as inventory_reads

urlpatterns: list[URLPattern] = [
    path("lineage", events.LineageView.as_view(), name="lineage"),
    path("lineage/batch", events.LineageBatchView.as_view(), name="lineage-batch"),
    path("hooks/<uuid:hook_id>", events.HookView.as_view(), name="hook"),
    path("raw-events", reads.RawEventsView.as_view(), name="raw-events"),
    path("raw-events/<uuid:event_id>", reads.RawEventView.as_view(), name="raw-event"),
    path("dead-letters", reads.DeadLettersView.as_view(), name="dead-letters"),
    path("dead-letters/<uuid:letter_id>/replay", reads.ReplayView.as_view(), name="dead-letter-replay"),
    path("graph/upstream", graph.UpstreamView.as_view(), name="graph-upstream"),
    path("graph/downstream", graph.DownstreamView.as_view(), name="graph-downstream"),
    path("inventories", inventory.InventoriesView.as_view(), name="inventories"),
    path("inventories/template", inventory.TemplateView.as_view(), name="inventory-template"),
    path("assets", inventory_reads.AssetsView.as_view(), name="assets"),
    path("assets/<uuid:asset_id>", inventory_reads.AssetView.as_view(), name="asset"),
    path("inventory-sources", inventory_reads.SourcesView.as_view(), name="inventory-sources"),
]
