"""Wire row security in: after migrations as the owner, and on every connection as the app."""

from django.apps import AppConfig
from django.db.backends.signals import connection_created
from django.db.models.signals import post_migrate


class AccountsConfig(AppConfig):
    name = "accounts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Imported here because these modules need loaded models, and this one is read before there are any.
        from accounts.approvals.four_eyes import FOUR_EYES
        from accounts.approvals.kinds import register
        from accounts.workspaces.isolation import guard_connection
        from accounts.workspaces.row_security import secure_after_migrate

        register(FOUR_EYES)
        connection_created.connect(guard_connection, dispatch_uid="auditline-guard")
        post_migrate.connect(secure_after_migrate, dispatch_uid="auditline-row-security")
