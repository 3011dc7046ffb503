"""How a finding ended or came back, in plain words: only a pass is called fixed."""

from collections.abc import Mapping
from typing import Any

from audit.findings.endings import Ending
from audit.findings.models import Finding
from audit.web.words import reason_sentence

NOT_RECORDED = "resolved, why was not recorded"
ENDED = {
    Finding.Resolution.PASSED: "fixed",
    Finding.Resolution.NOT_APPLICABLE: "no longer applies, not fixed",
    Finding.Resolution.RETIRED: "no longer reported, not fixed",
}
_CAME_BACK = {
    Finding.Resolution.PASSED: "It had passed and fails again: a new detection with a new limit.",
    Finding.Resolution.NOT_APPLICABLE: (
        "It came back after the check had not concerned the asset for a while. It had not passed, so its first "
        "detection and limit still count."
    ),
    Finding.Resolution.RETIRED: (
        "It came back after the asset had not been reported or judged for a while. It had not passed, so its first "
        "detection and limit still count."
    ),
}


def ended_word(state: str, resolution: str) -> str:
    """Return how it ended in a few words, for a row; '' while it is open."""
    if state == Finding.State.OPEN:
        return ""
    return ENDED[Finding.Resolution(resolution)] if resolution else NOT_RECORDED


def came_back(finding: Finding) -> str:
    """Return what its coming back means for its limit; '' where it never came back, or is not open."""
    if finding.state != Finding.State.OPEN or not finding.reopened_after:
        return ""
    return _CAME_BACK[Finding.Resolution(finding.reopened_after)]


def why_it_ended(finding: Finding, said: Mapping[str, Any], ending: Ending) -> str:
    """Return why a resolved finding ended and who said so, in sentences."""
    limit = f"Should it come back, its limit of {finding.due_at:%-d %b %Y} still counts."
    by = f" {ending.source} said so." if ending.source else ""
    match finding.resolution:
        case Finding.Resolution.PASSED:
            return f"Fixed: the check passes. {reason_sentence(said)}{by}"
        case Finding.Resolution.NOT_APPLICABLE:
            return f"Not fixed: the check no longer concerns the asset. {reason_sentence(said)}{by} {limit}"
        case Finding.Resolution.RETIRED if ending.source:
            return f"Not fixed: the source {ending.source} no longer lists the asset. {limit}"
        case Finding.Resolution.RETIRED:
            return f"Not fixed: the asset is no longer judged by this check. {limit}"
        case _:
            return f"Resolved; why was not recorded. {reason_sentence(said)}"
