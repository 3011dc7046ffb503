"""Addresses: pages, the API under /api/v1, its schema, accounts, health."""

from django.urls import URLPattern, URLResolver, include, path
from drf_spectacular.views import SpectacularAPIView

from audit.web.views.api_docs import api_docs
from config import health

urlpatterns: list[URLPattern | URLResolver] = [
    path("accounts/", include("allauth.urls")),
    path("api/v1/", include(("accounts.urls", "accounts"), namespace="accounts")),
    path("api/v1/", include(("lineage.urls", "lineage"), namespace="lineage")),
    path("api/v1/", include(("policies.urls", "policies"), namespace="policies")),
    path("api/v1/", include(("audit.urls", "audit"), namespace="audit")),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs/", api_docs, name="docs"),
    path("", include("audit.web.urls")),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
]

handler400 = "audit.web.views.errors.bad_request"
handler403 = "audit.web.views.errors.forbidden"
handler404 = "audit.web.views.errors.not_found"
handler500 = "audit.web.views.errors.server_error"
