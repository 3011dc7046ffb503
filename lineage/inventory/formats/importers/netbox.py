"""NetBox 3 and 4: lists of its REST interface, one in a document or several by the name of their endpoint.

What is planned or gone is left out, and so are devices that neither hold accelerators nor are servers by their role. A
country is read from the custom field `country` alone. A list that has a next page, or counts more than it holds, says
that the population is not complete. Tenants are kept as labels: rights follow organisations, and a tenant may be a
customer.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lineage.inventory.assets import Key
from lineage.inventory.formats.collected import Collected
from lineage.inventory.formats.json_document import json_format
from lineage.inventory.formats.look import at, double, instant, objects, text, whole
from lineage.inventory.formats.sample import Sample

Item = Mapping[str, Any]
Placed = tuple[str, Item]
NOT_THERE = frozenset({"planned", "candidate", "provisioning", "decommissioned", "deprovisioned", "retired"})
SERVER = re.compile(r"\b(server|compute|gpu|accelerator|edge|node|hypervisor)", re.ASCII)
"""Roles of devices that run workloads, by their slug."""
IN_SERVICE = ("in_service_at", "in_service_date", "commissioned_at", "commissioning_date")
ACCELERATORS = ("accelerators", "accelerator_count", "gpu_count", "gpus")
"""Custom fields that say since when a device serves, and how many accelerators it holds."""
MEMBERS: Mapping[str, Sequence[str]] = {
    "circuits/circuits": ("cid", "provider"),
    "circuits/circuit-terminations": ("circuit", "term_side"),
    "dcim/power-feeds": ("power_panel", "amperage"),
    "dcim/devices": ("device_type", "site"),
    "dcim/racks": ("u_height", "site"),
    "dcim/power-panels": ("powerfeed_count", "site"),
    "circuits/providers": ("circuit_count", "slug"),
    "dcim/sites": ("time_zone", "slug"),
    "tenancy/tenants": ("slug", "site_count"),
}
"""Endpoints, and two members by which the objects of each are known where a document does not name it."""


def tell(document: Any, found: Collected) -> None:
    """Tell the assets of all lists in a document."""
    lists: dict[str, list[Placed]] = {}
    for name, path, page in _pages(document, found):
        results = list(objects(page.get("results")))
        lists.setdefault(name, []).extend((f"{path}results[{index}]", item) for index, item in results)
        count = whole(page.get("count"))
        missing = max((count or 0) - len(results), 1 if text(page.get("next")) else 0)
        if 0 < missing < 10**8:
            found.lack(missing, f"{name} of NetBox")
    for name, placed in lists.items():
        if name not in MEMBERS:
            for _ in placed:
                found.leave(name)
    for name, tell_one in TOLD.items():
        for place, item in lists.get(name, ()):
            if (status := _choice(item.get("status"))) in NOT_THERE:
                found.leave(f"{name} ({status})")
            elif whole(item.get("id")) is None:
                found.refuse(f"{place}.id", item.get("id"), "the id of the object", "export the list again")
            else:
                tell_one(place, item, found)
    _feeds(lists.get("dcim/power-feeds", ()), found)
    _ends(lists.get("circuits/circuit-terminations", ()), found)


def _pages(document: Any, found: Collected) -> Iterator[tuple[str, str, Item]]:
    """Yield (endpoint, path, page) of a page, or of several by endpoint; a list alone is a page without a count."""
    if isinstance(document, Mapping) and "results" not in document:
        for name, value in document.items():
            yield from _page(_endpoint(str(name)), f"{name}.", value, found)
    else:
        yield from _page("", "", document, found)


def _page(name: str, path: str, value: Any, found: Collected) -> Iterator[tuple[str, str, Item]]:
    page = {"results": value} if isinstance(value, list) else value
    if not isinstance(at(page, "results"), list):
        found.refuse(path.rstrip(".") or "$", value, "a list of NetBox", "export the endpoint again")
        return
    first = next((item for _, item in objects(page["results"])), {})
    known = next((each for each, members in MEMBERS.items() if all(member in first for member in members)), "no type")
    yield name or known, path, page


def _endpoint(name: str) -> str:
    """Return the endpoint that a name or a path means: `devices`, `dcim/devices`, `/api/dcim/devices/`."""
    last = name.strip("/").rpartition("/")[2].replace("_", "-").lower()
    return next((each for each in MEMBERS if each.rpartition("/")[2] == last), last)


def _choice(value: Any) -> str | None:
    """Return a choice: an object with its value, or the value alone."""
    return text(at(value, "value")) or text(value)


def _slug(value: Any) -> str | None:
    return text(at(value, "slug")) or text(at(value, "name")) or text(value)


def _custom(item: Item, *names: str) -> Any:
    fields = item.get("custom_fields")
    return next((at(fields, name) for name in names if at(fields, name) is not None), None)


def _labels(item: Item, **more: Any) -> dict[str, str] | None:
    given = {"status": _choice(item.get("status")), "tenant": _slug(item.get("tenant")), **more}
    return {name: str(value) for name, value in given.items() if value is not None} or None


def _country(item: Item) -> str | None:
    given = text(_custom(item, "country")) or ""
    return given if re.fullmatch("[A-Z]{2}", given) else None


def _site_key(value: Any) -> Key | None:
    slug = _slug(value)
    return ("site", slug) if slug else None


def _rack_key(value: Any) -> Key | None:
    number = whole(at(value, "id"))
    return ("rack", f"netbox/{number}") if number is not None else None


def _link_key(value: Any) -> Key | None:
    number = whole(at(value, "id"))
    return ("network_link", f"netbox/{number}") if number is not None else None


def _one(key: Key | None) -> list[Key] | None:
    return [key] if key else None


def _site(place: str, item: Item, found: Collected) -> None:
    attributes = {"country": _country(item), "labels": _labels(item)}
    found.add(place, "site", _slug(item) or str(item["id"]), name=text(item.get("name")), attributes=attributes)


def _rack(place: str, item: Item, found: Collected) -> None:
    attributes = {"labels": _labels(item, u_height=whole(item.get("u_height")))}
    relations = {"at": _one(_site_key(item.get("site")))}
    name = text(item.get("name"))
    found.add(place, "rack", f"netbox/{item['id']}", name=name, attributes=attributes, relations=relations)


def _device(place: str, item: Item, found: Collected) -> None:
    role = _slug(item.get("role")) or _slug(item.get("device_role")) or "no role"
    accelerators = whole(_custom(item, *ACCELERATORS))
    if not accelerators and not SERVER.search(role.lower()):
        found.leave(f"device ({role})")
        return
    name = text(item.get("name"))
    found.add(
        place, "node", name or f"netbox/{item['id']}", name=name,
        attributes={
            "subtype": "accelerator_node" if accelerators else None,
            "accelerators": accelerators,
            "in_service_at": instant(_custom(item, *IN_SERVICE)),
            "labels": _labels(item, role=role),
        },
        relations={"at": _one(_site_key(item.get("site"))), "in_rack": _one(_rack_key(item.get("rack")))},
    )  # fmt: skip


def _provider(place: str, item: Item, found: Collected) -> None:
    found.add(place, "vendor", _slug(item) or str(item["id"]), name=text(item.get("name")))


def _circuit(place: str, item: Item, found: Collected) -> None:
    provider, rate = item.get("provider"), double(item.get("commit_rate"))
    slug = _slug(provider)
    carrier = found.add(place, "vendor", slug, name=text(at(provider, "name"))) if slug else None
    found.add(
        place, "network_link", f"netbox/{item['id']}", name=text(item.get("cid")),
        attributes={
            "subtype": "circuit",
            "bandwidth_mbps": rate / 1000 if rate else None,  # kbit/s
            "contract_ends_at": instant(item.get("termination_date")),
            "labels": _labels(item),
        },
        relations={"carrier": _one(carrier)},
    )  # fmt: skip


TOLD = {
    "dcim/sites": _site,
    "dcim/racks": _rack,
    "dcim/devices": _device,
    "circuits/providers": _provider,
    "circuits/circuits": _circuit,
}


def _feeds(placed: Sequence[Placed], found: Collected) -> None:
    """Tell the power of racks: feeds of one panel are not independent, and redundant ones add no power."""
    panels: dict[Key, set[str]] = {}
    power: dict[Key, float | None] = {}
    places: dict[Key, str] = {}
    for place, item in placed:
        key = _rack_key(item.get("rack"))
        if key is None or _choice(item.get("status")) != "active":
            found.leave("power feed of no rack" if key is None else "power feed that is not active")
            continue
        places.setdefault(key, place)
        panels.setdefault(key, set()).add(str(whole(at(item, "power_panel", "id"))))
        if _choice(item.get("type")) == "primary":
            kilowatts, before = _kilowatts(item), power.get(key, 0.0)
            power[key] = before + kilowatts if kilowatts is not None and before is not None else None
    for key, feeding in panels.items():
        feeds = None if "None" in feeding else len(feeding)
        found.add(places[key], *key, attributes={"feeds": feeds, "power_budget_kw": power.get(key)})


def _kilowatts(feed: Item) -> float | None:
    """Return the power that may be drawn, as NetBox reckons it: at a power factor of one."""
    volts, amperes, most = (
        double(feed.get("voltage")),
        double(feed.get("amperage")),
        double(feed.get("max_utilization")),
    )
    if volts is None or amperes is None or most is None or max(abs(volts), abs(amperes), abs(most)) > 1e6:
        return None
    phases = 3**0.5 if _choice(feed.get("phase")) == "three-phase" else 1.0
    return round(abs(volts) * amperes * phases * most / 100 / 1000, 3)


def _ends(placed: Sequence[Placed], found: Collected) -> None:
    """Tell where circuits end: sides A and Z, a site as `site` (3), or as the object of termination (4)."""
    for place, item in placed:
        key, side = (
            _link_key(item.get("circuit")),
            {"A": "from_site", "Z": "to_site"}.get(text(item.get("term_side")) or ""),
        )
        is_site = text(item.get("termination_type")) == "dcim.site"
        site = _site_key(item.get("termination") if is_site else item.get("site"))
        if key is None or side is None or site is None:
            found.leave("circuit termination at no site")
        else:
            found.add(place, *key, relations={side: [site]})


def _knows(sample: Sample) -> bool:
    members = sample.members
    pages = [members] if "results" in members else [each for each in members.values() if isinstance(each, Mapping)]
    firsts = [at(page, "results", 0) for page in pages]
    return any(isinstance(each, Mapping) and {"id", "url", "display"} <= each.keys() for each in firsts)


FORMAT = json_format(
    "netbox",
    "NetBox export",
    grade_class="asset_database",
    origin="declared",
    knows=_knows,
    tell=tell,
    fills={
        "site": frozenset({"country", "labels"}),
        "rack": frozenset({"labels", "feeds", "power_budget_kw", "rel:at"}),
        "node": frozenset({"subtype", "accelerators", "in_service_at", "labels", "rel:at", "rel:in_rack"}),
        "network_link": frozenset(
            {"subtype", "bandwidth_mbps", "contract_ends_at", "labels", "rel:carrier", "rel:from_site", "rel:to_site"}
        ),
        "vendor": frozenset(),
    },
)
