"""Where the bank is: legal entities, sites, stores and the lineage namespaces that lie in them.

Three jurisdictions (EU, Switzerland, Singapore) under two legal entities, and one vendor's region in India.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from config.demo.estate import Estate

EU_ENTITY = "veldspar-se"
CH_ENTITY = "veldspar-ch"
ENTITY: Mapping[str, str] = {"eu": EU_ENTITY, "ch": CH_ENTITY, "sg": EU_ENTITY}
CMDB: Mapping[str, str] = {"eu": "cmdb-eu", "ch": "cmdb-ch", "sg": "cmdb-sg"}
EDGE_MODEL = "branch-queue-vision-lite"


class Site(NamedTuple):
    """`region` names the part of the bank (eu, ch, sg), `place` the provider's region."""

    uid: str
    name: str
    subtype: str
    country: str
    region: str
    place: str


SITES = (
    Site("fra1", "Frankfurt data centre 1", "datacentre", "DE", "eu", ""),
    Site("fra2", "Frankfurt data centre 2", "datacentre", "DE", "eu", ""),
    Site("dub1", "Dublin cloud region", "cloud_region", "IE", "eu", "eu-dublin-1"),
    Site("zrh1", "Zurich data centre", "datacentre", "CH", "ch", ""),
    Site("gva1", "Geneva data centre", "datacentre", "CH", "ch", ""),
    Site("sin1", "Singapore data centre", "datacentre", "SG", "sg", ""),
    Site("sin2", "Singapore cloud region", "cloud_region", "SG", "sg", "ap-singapore-2"),
    Site("bom1", "Mumbai cloud region of the insight vendor", "cloud_region", "IN", "eu", "ap-mumbai-1"),
    Site("hq-fra", "Head office Frankfurt", "office", "DE", "eu", ""),
    Site("office-zrh", "Office Zurich", "office", "CH", "ch", ""),
    Site("office-sin", "Office Singapore", "office", "SG", "sg", ""),
    *(Site(f"branch-de-{n}", f"Branch {n}, Germany", "edge", "DE", "eu", "") for n in range(1, 6)),
    *(Site(f"branch-ch-{n}", f"Branch {n}, Switzerland", "edge", "CH", "ch", "") for n in range(1, 4)),
    *(Site(f"branch-sg-{n}", f"Branch {n}, Singapore", "edge", "SG", "sg", "") for n in range(1, 3)),
)


class Store(NamedTuple):
    """A store. `country` empty: it takes that of its site. `namespace` empty: it serves none (backup targets)."""

    uid: str
    namespace: str
    site: str
    country: str
    region: str
    tier: str = "hot"
    environment: str = "prod"
    replicas: tuple[str, ...] = ()
    training: bool = False


STORES = (
    Store("corebank-de", "oracle://corebank-de:1521", "fra1", "", "eu"),
    Store("stream-eu", "kafka://stream-eu:9092", "fra1", "DE", "eu"),
    Store("lake-eu", "s3://veldspar-lake-eu", "dub1", "IE", "eu", replicas=("DE",), training=True),
    # Its name begins with that of lake-eu, which does not serve it: an entry ends at a boundary.
    Store("lake-eu-archive", "s3://veldspar-lake-eu-archive", "fra2", "DE", "eu", tier="cold"),
    Store("dwh-eu", "postgres://dwh-eu:5432", "fra2", "", "eu"),
    Store("features-eu", "redis://features-eu:6379", "fra1", "DE", "eu", training=True),
    Store("models-eu", "s3://veldspar-models-eu", "dub1", "IE", "eu", tier="warm", replicas=("DE",)),
    Store("logs-eu", "s3://veldspar-logs-eu", "fra2", "DE", "eu", tier="warm"),
    Store("dev-eu", "s3://veldspar-dev-eu", "dub1", "IE", "eu", environment="dev"),
    Store("backup-eu", "", "fra2", "DE", "eu", tier="backup"),
    Store("corebank-ch", "oracle://corebank-ch:1521", "zrh1", "", "ch"),
    Store("stream-ch", "kafka://stream-ch:9092", "zrh1", "CH", "ch"),
    Store("lake-ch", "s3://veldspar-lake-ch", "gva1", "CH", "ch", replicas=("CH",), training=True),
    Store("archive-ch", "s3://veldspar-archive-ch", "gva1", "CH", "ch", tier="cold"),
    Store("dwh-ch", "postgres://dwh-ch:5432", "zrh1", "CH", "ch"),
    Store("features-ch", "redis://features-ch:6379", "zrh1", "CH", "ch", training=True),
    Store("models-ch", "s3://veldspar-models-ch", "gva1", "CH", "ch", tier="warm"),
    Store("logs-ch", "s3://veldspar-logs-ch", "zrh1", "CH", "ch", tier="warm"),
    Store("backup-ch", "", "gva1", "CH", "ch", tier="backup"),
    Store("core-sg", "postgres://core-sg:5432", "sin1", "", "sg"),
    Store("stream-sg", "kafka://stream-sg:9092", "sin1", "SG", "sg"),
    Store("lake-sg", "s3://veldspar-lake-sg", "sin2", "SG", "sg", replicas=("SG",), training=True),
    Store("dwh-sg", "postgres://dwh-sg:5432", "sin1", "SG", "sg"),
    Store("features-sg", "redis://features-sg:6379", "sin1", "SG", "sg", training=True),
    Store("models-sg", "s3://veldspar-models-sg", "sin2", "SG", "sg", tier="warm"),
    Store("logs-sg", "s3://veldspar-logs-sg", "sin1", "SG", "sg", tier="warm"),
    Store("backup-sg", "", "sin1", "SG", "sg", tier="backup"),
    Store("insight-in", "s3://insight-exchange-in", "bom1", "IN", "eu", tier="warm"),
)
# Stores that claim a host, and serve its ports with it.
_CLAIMED = {"postgres://dwh-eu:5432": "postgres://dwh-eu", "oracle://corebank-de:1521": "oracle://corebank-de"}
# The namespace of a file gateway that no inventory knows: whatever lies there has no known place.
UNREGISTERED_NAMESPACE = "sftp://transfer-gw:22"

_SITE_COUNTRY = {site.uid: site.country for site in SITES}
_COUNTRY_OF = {store.namespace: store.country or _SITE_COUNTRY[store.site] for store in STORES if store.namespace}


def country_of(namespace: str) -> str | None:
    """Return the primary country of a namespace, None for one that no store serves."""
    return _COUNTRY_OF.get(namespace)


def report_sites(estate: Estate) -> None:
    """Report every site with its paths and, for branches, its edge platform."""
    for site in SITES:
        attributes: dict[str, Any] = {"subtype": site.subtype, "country": site.country, "in_scope": True}
        if site.place:
            attributes["region"] = site.place
        attributes |= _site_network(estate, site)
        if site.subtype == "edge":
            attributes |= _edge_site(estate, site)
        systems = [("ai_system", "branch-queue")] if site.subtype == "edge" else []
        estate.report(
            CMDB[site.region],
            "site",
            site.uid,
            attributes,
            name=site.name,
            relations={"systems": systems},
            organisation=ENTITY[site.region],
        )


def _site_network(estate: Estate, site: Site) -> dict[str, Any]:
    critical = site.uid in ("fra1", "fra2", "zrh1", "sin1")
    return {
        "runs_critical": critical,
        "paths": 2 if site.subtype != "edge" else 1,
        "carriers": 2 if site.subtype != "edge" else 1,
        "diverse_entry": site.subtype != "edge",
        "failover_test_at": estate.ago(30, 250, "site", site.uid),
    }


def _edge_site(estate: Estate, site: Site) -> dict[str, Any]:
    return {
        "autonomy_required_hours": 8.0,
        "autonomy_tested_hours": 12.0,
        "autonomy_test_at": estate.ago(40, 260, "autonomy", site.uid),
        "uplink_mbps_p10": estate.dice.share(40, 90, "uplink", site.uid, digits=1),
        "update_window_seconds": 7200.0,
        "update_megabytes": 900.0,
        "uplink_utilisation_p95": estate.dice.share(0.2, 0.6, "load", site.uid),
        "standard_platform": True,
        "on_site_support": False,
    }


def report_stores(estate: Estate) -> None:
    """Report every store: the scanner measures, so the location of what lies in it has the best grade."""
    for store in STORES:
        attributes: dict[str, Any] = {
            "tier": store.tier,
            "environment": store.environment,
            "lineage_namespaces": [_CLAIMED.get(store.namespace, store.namespace)] if store.namespace else [],
            "replica_countries": list(store.replicas),
        }
        if store.country:
            attributes["country"] = store.country
        attributes |= _store_capacity(estate, store) | _store_backup(estate, store)
        supplier = {"IE": "nimbus-cloud", "IN": "quantify-insight"}.get(store.country, "")
        if store.site == "sin2":
            supplier = "straits-cloud"
        estate.report(
            "cloud-config",
            "storage",
            store.uid,
            attributes,
            name=f"Store {store.uid}",
            relations={"at": [("site", store.site)], "supplier": [("vendor", supplier)] if supplier else []},
            organisation=ENTITY[store.region],
        )


def _store_capacity(estate: Estate, store: Store) -> dict[str, Any]:
    read = estate.dice.share(8, 20, "read", store.uid, digits=1)
    return {
        "serves_training": store.training,
        "days_to_full": estate.dice.between(140, 700, "full", store.uid),
        "read_gbps_p50": read,
        "required_read_gbps": round(read * 0.7, 1),
        "accelerator_io_wait_p95": estate.dice.share(0.01, 0.08, "wait", store.uid),
        "cold_bytes_share": estate.dice.share(0.05, 0.25, "cold", store.uid),
    }


def _store_backup(estate: Estate, store: Store) -> dict[str, Any]:
    return {
        "last_backup_at": estate.clock.hours_ago(estate.dice.between(2, 20, "backup", store.uid)),
        "backup_target_hours": 48.0,
        "backup_isolated": True,
        "restore_test_at": estate.ago(20, 110, "restore", store.uid),
        "restore_hours": estate.dice.share(1, 5, "restore-hours", store.uid, digits=1),
        "restore_target_hours": 8.0,
    }
