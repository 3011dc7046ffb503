"""Make inventories to measure with: native lines of an organisation's machines, volumes, services and links."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

KINDS = ("node", "node", "node", "storage", "storage", "service", "rack", "network_link")
"""Rows take their kinds in turn: mostly machines, as in what organisations have."""
PLACES = (
    ("DE", "eu-central-1"),
    ("FR", "eu-west-3"),
    ("IE", "eu-west-1"),
    ("US", "us-east-1"),
    ("JP", "ap-northeast-1"),
)
OBSERVED = "2026-11-01T00:00:00Z"
OWN: Mapping[str, Mapping[str, Any]] = {
    "node": {"subtype": "gpu_server", "accelerators": 8, "stack_version": "12.4", "secure_boot": True},
    "storage": {"encrypted_at_rest": True, "key_control": "customer", "key_country": "DE", "public_access": False},
    "service": {"auth_required": True, "rate_limit_per_second": 50.5, "request_log_enabled": True, "oncall_rota": "a"},
    "rack": {"accelerators": 64, "power_peak_kw": 31.5, "power_budget_kw": 40.0, "feeds": 2},
    "network_link": {"bandwidth_mbps": 10000.0, "latency_p95_ms": 4.5, "encrypted": True, "loss_p95": 0.01},
}


def native_lines(count: int, *, changed: int = 0, observed_at: str = OBSERVED) -> Iterator[bytes]:
    """Yield `count` assets, one a line, each with nine attributes and two relations, all seen at `observed_at`.

    The first `changed` of them have another criticality: the same inventory a day later.
    """
    for number in range(count):
        yield json.dumps(_row(number, number < changed, observed_at), separators=(",", ":")).encode() + b"\n"


def _row(number: int, changed: bool, observed_at: str) -> dict[str, Any]:
    kind = KINDS[number % len(KINDS)]
    country, region = PLACES[number % len(PLACES)]
    return {
        "kind": kind,
        "uid": f"{kind}-{number:08d}",
        "name": f"{kind} {number}",
        "observed_at": observed_at,
        "attributes": {
            "country": country,
            "region": region,
            "environment": ("prod", "staging", "dev")[number % 3],
            "criticality": "critical" if changed else "medium",
            "owner": f"team-{number % 200}",
            **OWN[kind],
        },
        "relations": {name: [{"kind": target, "uid": uid}] for name, target, uid in _relations(kind, number)},
    }


def _relations(kind: str, number: int) -> Sequence[tuple[str, str, str]]:
    site, rack = ("site", f"site-{number % 50}"), ("rack", f"rack-{number // 256 * 256 + 6:08d}")
    organisation = ("organisation", f"unit-{number % 20}")
    return {
        "node": (("at", *site), ("in_rack", *rack)),
        "storage": (("at", *site), ("organisation", *organisation)),
        "service": (("supplier", "vendor", f"vendor-{number % 100}"), ("organisation", *organisation)),
        "rack": (("at", *site), ("organisation", *organisation)),
        "network_link": (("from_site", *site), ("to_site", "site", f"site-{(number + 1) % 50}")),
    }[kind]
