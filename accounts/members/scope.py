"""Run API views inside the workspace of their principal, in one transaction each."""

from contextlib import ExitStack
from typing import Any, ClassVar

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from rest_framework.exceptions import MethodNotAllowed
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.members.rights import Principal, Right
from accounts.members.strict import refuse_body, refuse_parameters
from accounts.workspaces.isolation import in_workspace


class WorkspaceView(APIView):
    """The base of every API view: authenticate, check the right, refuse what is not known, then enter the workspace.

    An error rolls the transaction back (accounts/errors.py). A streaming answer is sent after this scope has closed:
    it has to enter the workspace itself.
    """

    # OPTIONS would describe an address to whoever may read it; /api/docs/ does, and 405 names the methods in Allow.
    http_method_names = ["get", "post", "put", "patch", "delete", "head"]
    rights: ClassVar[dict[str, Right]] = {}
    entered = False  # whether the transaction of this request is open: what an error then has to roll back

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer inside one scope that closes with the answer."""
        with ExitStack() as self.scope:
            return super().dispatch(request, *args, **kwargs)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Authenticate and authorise first, refuse what the schema does not declare; only then enter the workspace."""
        self.check_method(request)
        super().initial(request, *args, **kwargs)
        refuse_parameters(request, self)
        refuse_body(request, self)
        self.enter()

    def check_method(self, request: Request) -> None:
        """Refuse a method that this address does not have, whoever asks: no role would help."""
        if request.method not in self.allowed_methods:
            has = ", ".join(self.allowed_methods)
            raise MethodNotAllowed(str(request.method), f"{request.path}: got {request.method}, expected {has}.")

    def enter(self) -> None:
        """Enter the principal's workspace until the answer is made."""
        self.scope.enter_context(in_workspace(self.principal.workspace_id))
        self.entered = True

    @property
    def principal(self) -> Principal:
        """Who acts; present once `initial` has passed."""
        principal = self.request.auth
        assert isinstance(principal, Principal)
        return principal
