"""Addresses of pages, namespace `web`; inside a workspace under /w/<slug>/."""

from django.urls import include, path

from audit.web.views import (
    ask,
    assets,
    checklists,
    evidence,
    exports,
    findings,
    overview,
    settings,
    sources,
    start,
    tickets,
    verdicts,
    welcome,
)

app_name = "web"

workspace_pages = [
    path("", overview.overview, name="overview"),
    path("findings/", findings.finding_list, name="findings"),
    path("findings.csv", findings.finding_csv, name="findings_csv"),
    path("findings/<uuid:finding_id>/", findings.finding_detail, name="finding"),
    path("verdicts/", verdicts.verdict_list, name="verdicts"),
    path("verdicts.csv", verdicts.verdict_csv, name="verdicts_csv"),
    path("sources/", sources.sources, name="sources"),
    path("sources/replay/<uuid:letter_id>/", sources.replay_letter, name="replay"),
    path("tickets/", tickets.ticket_list, name="tickets"),
    path("tickets.csv", tickets.ticket_csv, name="tickets_csv"),
    path("tickets/<uuid:ticket_id>/", tickets.ticket_detail, name="ticket"),
    path("tickets/<uuid:ticket_id>/assign/", tickets.ticket_assign, name="ticket_assign"),
    path("tickets/<uuid:ticket_id>/due/", tickets.ticket_due, name="ticket_due"),
    path("evidence/", evidence.evidence, name="evidence"),
    path("evidence.csv", evidence.evidence_csv, name="evidence_csv"),
    path("evidence/checkpoint", evidence.checkpoint, name="checkpoint"),
    path("evidence/<uuid:statement_id>/", evidence.statement, name="statement"),
    path("evidence/<uuid:statement_id>/envelope", evidence.statement_envelope, name="envelope"),
    path("evidence/<uuid:statement_id>/proof", evidence.statement_proof, name="proof"),
    path("exports/", exports.export_list, name="exports"),
    path("exports/schedules/", exports.schedule_add, name="schedule_add"),
    path("exports/schedules/<uuid:schedule_id>/pause/", exports.schedule_pause, name="schedule_pause"),
    path("exports/schedules/<uuid:schedule_id>/resume/", exports.schedule_resume, name="schedule_resume"),
    path("exports/schedules/<uuid:schedule_id>/remove/", exports.schedule_remove, name="schedule_remove"),
    path("exports/<uuid:export_id>/", exports.export_detail, name="export"),
    path("exports/<uuid:export_id>/file", exports.export_file, name="export_file"),
    path("assets/", assets.assets, name="assets"),
    path("assets.csv", assets.assets_csv, name="assets_csv"),
    path("assets/<uuid:asset_id>/", assets.asset, name="asset"),
    path("checklists/", checklists.checklists, name="checklists"),
    path("checklists/<str:code>/", checklists.checklist, name="checklist"),
    path("checklists/<str:code>/<str:check_code>/", checklists.check, name="check"),
    path("ask/", ask.ask, name="ask"),
    path("ask/history/", ask.ask_history, name="ask_history"),
    path("welcome/", welcome.welcome, name="welcome"),
    path("welcome/heard/<uuid:token_id>/", welcome.welcome_heard, name="welcome_heard"),
    path("welcome/batch/<uuid:event_id>/", welcome.welcome_batch, name="welcome_batch"),
    path("welcome/progress/", welcome.welcome_progress, name="welcome_progress"),
    path("members/", settings.members, name="members"),
    path("members/<uuid:member_id>/role/", settings.member_role, name="member_role"),
    path("members/<uuid:member_id>/remove/", settings.member_remove, name="member_remove"),
    path("tokens/", settings.tokens_page, name="tokens"),
    path("tokens/<uuid:token_id>/revoke/", settings.token_revoke, name="token_revoke"),
]

urlpatterns = [
    path("", start.workspaces, name="home"),
    path("start/", start.start, name="start"),
    path("w/<slug:slug>/", include(workspace_pages)),
]
