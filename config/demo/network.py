"""How the sites are joined: circuits between them, paths, fabrics inside clusters, uplinks of branches."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from config.demo.estate import Estate
from config.demo.geography import ENTITY, SITES
from config.demo.machines import CLUSTERS


class Link(NamedTuple):
    """A link; `carrier` and `contract` empty: our own."""

    uid: str
    subtype: str
    ends: tuple[str, str]
    region: str
    mbps: float
    latency: float
    carrier: str = ""
    contract: str = ""
    ends_in: int = 500


CIRCUITS = (
    Link("fra1-fra2-a", "circuit", ("fra1", "fra2"), "eu", 100000.0, 2.0, "rheinlink", "circuit-frankfurt"),
    Link("fra1-fra2-b", "circuit", ("fra1", "fra2"), "eu", 100000.0, 2.0, "nordfibre", "circuit-frankfurt-b"),
    Link("fra1-dub1", "circuit", ("fra1", "dub1"), "eu", 20000.0, 25.0, "rheinlink", "circuit-dublin"),
    Link("fra2-dub1", "circuit", ("fra2", "dub1"), "eu", 20000.0, 26.0, "nordfibre", "circuit-dublin-b"),
    Link("fra1-zrh1", "circuit", ("fra1", "zrh1"), "eu", 10000.0, 9.0, "alpennetz", "circuit-zurich"),
    Link("zrh1-gva1", "circuit", ("zrh1", "gva1"), "ch", 40000.0, 5.0, "alpennetz", "circuit-geneva"),
    Link("fra1-sin1", "circuit", ("fra1", "sin1"), "eu", 5000.0, 160.0, "seabridge", "circuit-singapore"),
    Link("zrh1-sin1", "circuit", ("zrh1", "sin1"), "ch", 2000.0, 165.0, "seabridge", "circuit-singapore-b"),
    Link("sin1-sin2", "circuit", ("sin1", "sin2"), "sg", 20000.0, 2.0, "straitsnet", "circuit-sin2", 200),
    Link("fra1-hq", "circuit", ("fra1", "hq-fra"), "eu", 10000.0, 1.5, "rheinlink", "circuit-frankfurt"),
    Link("zrh1-office", "circuit", ("zrh1", "office-zrh"), "ch", 5000.0, 1.5, "alpennetz", "circuit-zurich"),
    Link("sin1-office", "circuit", ("sin1", "office-sin"), "sg", 5000.0, 1.5, "straitsnet", "circuit-sin2", 200),
    Link("path-payments-asia", "path", ("fra1", "sin2"), "eu", 2000.0, 170.0),
    Link("path-training-lake", "path", ("dub1", "fra1"), "eu", 10000.0, 26.0),
)


def links() -> Iterator[Link]:
    """Yield circuits and paths, a fabric per training cluster, and an uplink per branch."""
    yield from CIRCUITS
    for cluster in CLUSTERS:
        if cluster.gpus == 8:
            ends = (cluster.site, cluster.site)
            yield Link(f"fabric-{cluster.uid}", "fabric", ends, cluster.region, 400000.0, 0.02)
    core = {"eu": "fra1", "ch": "zrh1", "sg": "sin1"}
    for site in SITES:
        if site.subtype == "edge":
            yield Link(f"uplink-{site.uid}", "uplink", (site.uid, core[site.region]), site.region, 200.0, 12.0)


def report_network(estate: Estate) -> None:
    """Report every link with its load, delay, contract and last review."""
    for link in links():
        relations = {
            "from_site": [("site", link.ends[0])],
            "to_site": [("site", link.ends[1])],
            "carrier": [("vendor", link.carrier)] if link.carrier else [],
            "contract": [("contract", link.contract)] if link.contract else [],
        }
        estate.report(
            "network-map",
            "network_link",
            link.uid,
            _load(estate, link) | _delay(estate, link) | _care(estate, link),
            name=f"{link.subtype.capitalize()} {link.uid}",
            relations=relations,
            organisation=ENTITY[link.region],
        )


def _load(estate: Estate, link: Link) -> dict[str, Any]:
    used = estate.dice.share(0.2, 0.55, "load", link.uid)
    return {
        "subtype": link.subtype,
        "in_scope": True,
        "bandwidth_mbps": link.mbps,
        "utilisation_p95_30d": used,
        "peak_mbps_p95": round(link.mbps * used, 1),
        "committed_demand_mbps": round(link.mbps * estate.dice.share(0.02, 0.15, "demand", link.uid), 1),
        "encrypted": True,
        "carries_classes": ["confidential", "personal"] if link.subtype in ("circuit", "path") else ["internal"],
        "shared_with_operations": link.subtype in ("circuit", "uplink"),
        "traffic_priority_set": True,
    }


def _delay(estate: Estate, link: Link) -> dict[str, Any]:
    loss = 0.000005 if link.subtype == "fabric" else estate.dice.share(0.0001, 0.0006, "loss", link.uid, digits=5)
    return {
        "latency_p95_ms": link.latency,
        "latency_target_ms": round(link.latency * 1.4, 2),
        "jitter_p95_ms": estate.dice.share(0.5, 9, "jitter", link.uid, digits=1),
        "loss_p95": loss,
    }


def _care(estate: Estate, link: Link) -> dict[str, Any]:
    dice = estate.dice
    care: dict[str, Any] = {
        "last_review_at": estate.ago(8, 60, "link-review", link.uid),
        "last_capacity_change_at": estate.ago(60, 800, "capacity", link.uid),
        "unsupported_equipment": 0,
        "unmapped_flows": 0,
        "inventory_at": estate.clock.hours_ago(3),
    }
    if link.subtype == "circuit":
        care |= {
            "contracted_availability": 0.999,
            "measured_availability_90d": dice.share(0.9992, 0.9999, "availability", link.uid, digits=5),
            "contract_ends_at": estate.clock.in_days(link.ends_in + dice.between(0, 60, "ends", link.contract)),
            "alternatives_evaluated": 2 if link.ends_in < 270 else 0,
            "decision_recorded": link.ends_in < 270,
        }
    return care
