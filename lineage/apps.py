"""Register the app with Django."""

from django.apps import AppConfig


class LineageConfig(AppConfig):
    name = "lineage"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Imported here because these modules need loaded models, and this one is read before there are any.
        from accounts.approvals.kinds import register
        from accounts.paging import tell_gaps
        from lineage.graph.masking import KINDS
        from lineage.inventory.declared.govern import KINDS as DECLARED
        from lineage.inventory.declared.queries import workspace_vocabulary
        from lineage.inventory.govern import KINDS as INVENTORY
        from lineage.inventory.kinds.load import follow
        from lineage.inventory.places.govern import KINDS as JOINS
        from lineage.inventory.population import gaps_now
        from lineage.retention.govern import KINDS as RETENTION

        for kind in (*KINDS, *RETENTION, *DECLARED, *INVENTORY, *JOINS):
            register(kind)
        tell_gaps(gaps_now)
        follow(workspace_vocabulary)
