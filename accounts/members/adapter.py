"""Close self-registration: people come in by invitation of an admin, or by the organisation's single sign-on."""

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class ClosedAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth carries no types
    """Sign-in yes, sign-up no."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Refuse sign-up by form."""
        return False
