"""Addresses of pages, namespace `web`; inside a workspace under /w/<slug>/."""

from django.urls import include, path

from audit.web.views import (
    findings,
    overview,
    settings,
    sources,
    start,
    verdicts,
    welcome,
)

app_name = "web"

workspace_pages = [
    path("", overview.overview, name="overview"),
    path("findings/", findings.finding_list, name="findings"),
    path("findings/.csv", findings.finding_csv, name="findings_csv"),
    path("findings/<uuid:finding_id>/", findings.finding_detail, name="finding"),
    path("verdicts/", verdicts.verdict_list, name="verdicts"),
    path("verdicts/.csv", verdicts.verdict_csv, name="verdicts_csv"),
    path("sources/", sources.sources, name="sources"),
    path("sources/replay/<uuid:letter_id>/", sources.replay_letter, name="replay"),
    path("welcome/", welcome.welcome, name="welcome"),
    path("members/", settings.members, name="members"),
    path("members/<uuid:member_id>/remove/", settings.member_remove, name="member_remove"),
    path("tokens/", settings.tokens_page, name="tokens"),
    path("tokens/<uuid:token_id>/revoke/", settings.token_revoke, name="token_revoke"),
]

urlpatterns = [
    path("", start.workspaces, name="home"),
    path("start/", start.start, name="start"),
    path("w/<slug:slug>/", include(workspace_pages)),
]
