"""Who supplies: vendors with their sub-processors and contracts."""

from typing import Any, NamedTuple

from config.demo.estate import Estate
from config.demo.geography import EU_ENTITY
from config.demo.people import owner


class Vendor(NamedTuple):
    """A vendor. `parent`: country of its top company; `subs`: its sub-processors."""

    uid: str
    name: str
    role: str
    parent: str
    criticality: str = "medium"
    personal: bool = False
    subs: tuple[str, ...] = ()


VENDORS = (
    Vendor("nimbus-cloud", "Nimbus Cloud", "processor", "IE", "critical", True, ("coldvault", "edgecache")),
    Vendor("straits-cloud", "Straits Cloud", "processor", "SG", "critical", True, ("lionvault",)),
    Vendor("alpine-colo", "Alpine Colocation", "supplier", "CH", "high"),
    Vendor("main-colo", "Main Colocation", "supplier", "DE", "high"),
    Vendor("quantify-insight", "Quantify Insight", "processor", "IN", "medium", True, ("panel-partners",)),
    Vendor("deskline", "Deskline", "processor", "US", "medium", True, ("mailhop",)),
    Vendor("notewise", "Notewise", "processor", "US", "low", True),
    Vendor("cardworks", "Cardworks", "processor", "DE", "high", True, ("printline",)),
    Vendor("idcheck", "IDCheck", "processor", "NL", "high", True),
    Vendor("open-models", "Open Models Foundation", "supplier", "CH", "low"),
    Vendor("accelera", "Accelera Systems", "supplier", "DE", "high"),
    Vendor("coolrack", "Coolrack", "supplier", "CH"),
    Vendor("rheinlink", "Rheinlink", "carrier", "DE", "high"),
    Vendor("nordfibre", "Nordfibre", "carrier", "SE"),
    Vendor("alpennetz", "Alpennetz", "carrier", "CH", "high"),
    Vendor("seabridge", "Seabridge", "carrier", "SG", "high"),
    Vendor("straitsnet", "Straitsnet", "carrier", "SG"),
    Vendor("integra", "Integra Works", "integrator", "DE", "high"),
    Vendor("wise-advisers", "Wise Advisers", "consultant", "DE"),
    Vendor("uni-frankfurt-lab", "Machine learning laboratory", "partner", "DE", "low"),
    Vendor("fintech-circle", "Fintech circle", "partner", "SG", "low"),
    # Sub-processors
    Vendor("coldvault", "Coldvault", "supplier", "IE", "low", True),
    Vendor("edgecache", "Edgecache", "supplier", "DE", "low", True),
    Vendor("lionvault", "Lionvault", "supplier", "SG", "low", True),
    Vendor("panel-partners", "Panel Partners", "supplier", "IN", "low", True),
    Vendor("mailhop", "Mailhop", "supplier", "US", "low", True),
    Vendor("printline", "Printline", "supplier", "DE", "low", True),
)


class Contract(NamedTuple):
    """A contract. `limit`: amount above which finance decides."""

    uid: str
    name: str
    subtype: str
    vendor: str
    amount: float
    months: int
    budget: str
    limit: float = 250000.0


CONTRACTS = (
    Contract("gpu-frankfurt", "Accelerators Frankfurt", "purchase", "accelera", 6400000.0, 48, "compute-eu"),
    Contract("gpu-geneva", "Accelerators Geneva", "purchase", "accelera", 2900000.0, 48, "compute-ch"),
    Contract("gpu-singapore", "Accelerators Singapore", "financing", "accelera", 2200000.0, 36, "compute-sg"),
    Contract("cloud-eu", "Reserved cloud capacity Dublin", "reservation", "nimbus-cloud", 1200000.0, 12, "compute-eu"),
    Contract(
        "cloud-sg", "Reserved cloud capacity Singapore", "reservation", "straits-cloud", 700000.0, 12, "compute-sg"
    ),
    Contract("processing-nimbus", "Processing agreement", "processing", "nimbus-cloud", 0.0, 36, "software-eu"),
    Contract("processing-straits", "Processing agreement", "processing", "straits-cloud", 0.0, 36, "software-eu"),
    Contract(
        "processing-quantify", "Processing agreement", "processing", "quantify-insight", 90000.0, 12, "software-eu"
    ),
    Contract("processing-cardworks", "Processing agreement", "processing", "cardworks", 0.0, 36, "software-eu"),
    Contract("processing-idcheck", "Processing agreement", "processing", "idcheck", 0.0, 24, "software-eu"),
    Contract("desk-service", "Service desk", "service", "deskline", 120000.0, 24, "software-eu"),
    Contract("colo-geneva", "Space and power Geneva", "service", "alpine-colo", 800000.0, 36, "energy-ch"),
    Contract("colo-frankfurt", "Space and power Frankfurt", "service", "main-colo", 1600000.0, 36, "energy-eu"),
    Contract("cooling-geneva", "Liquid cooling Geneva", "purchase", "coolrack", 380000.0, 60, "energy-ch"),
    Contract("advice-2", "Platform advice", "service", "wise-advisers", 180000.0, 6, "people-eu"),
    Contract("circuit-frankfurt", "Circuits Frankfurt A", "circuit", "rheinlink", 240000.0, 36, "connectivity-eu"),
    Contract("circuit-frankfurt-b", "Circuits Frankfurt B", "circuit", "nordfibre", 220000.0, 36, "connectivity-eu"),
    Contract("circuit-dublin", "Circuit Dublin A", "circuit", "rheinlink", 300000.0, 36, "connectivity-eu"),
    Contract("circuit-dublin-b", "Circuit Dublin B", "circuit", "nordfibre", 280000.0, 36, "connectivity-eu"),
    Contract("circuit-zurich", "Circuits Zurich", "circuit", "alpennetz", 190000.0, 36, "connectivity-ch"),
    Contract("circuit-geneva", "Circuit Geneva", "circuit", "alpennetz", 210000.0, 36, "connectivity-ch"),
    Contract("circuit-singapore", "Circuit Singapore A", "circuit", "seabridge", 520000.0, 36, "connectivity-sg"),
    Contract("circuit-singapore-b", "Circuit Singapore B", "circuit", "seabridge", 410000.0, 36, "connectivity-sg"),
    Contract("circuit-sin2", "Circuits in Singapore", "circuit", "straitsnet", 150000.0, 24, "connectivity-sg"),
)


def report_vendors(estate: Estate) -> None:
    """Report vendors and contracts."""
    for vendor in VENDORS:
        relations = {"subprocessors": [("vendor", sub) for sub in vendor.subs]}
        estate.report(
            "vendor-register",
            "vendor",
            vendor.uid,
            _vendor(estate, vendor),
            name=vendor.name,
            relations=relations,
            organisation=EU_ENTITY,
        )
    for contract in CONTRACTS:
        relations = {
            "with": [("vendor", contract.vendor)],
            "budget": [("budget_line", contract.budget)],
        }
        estate.report(
            "finance-plan",
            "contract",
            contract.uid,
            _contract(estate, contract),
            name=contract.name,
            relations=relations,
            organisation=EU_ENTITY,
        )


def _vendor(estate: Estate, vendor: Vendor) -> dict[str, Any]:
    dice = estate.dice
    facts: dict[str, Any] = {
        "role": vendor.role,
        "owner": owner(estate, "eu", "vendor", vendor.uid),
        "criticality": vendor.criticality,
        "handles_personal_data": vendor.personal,
        "ultimate_parent_country": vendor.parent,
        "sovereignty_level": dice.between(2, 4, "sovereignty", vendor.uid),
        "foreign_access_clause": True,
        "transfer_schemes": [],
        "agreement_signed": True,
        "agreement_missing_terms": 0,
        "authorised": True,
    }
    if vendor.criticality in ("high", "critical"):
        facts |= {
            "exit_plan": True,
            "exit_test_at": estate.ago(40, 300, "exit", vendor.uid),
            "exit_measured_days": dice.between(30, 80, "exit-days", vendor.uid),
            "exit_contract_days": 90,
        }
    spend = {"accelera": 0.34, "nimbus-cloud": 0.22, "straits-cloud": 0.12, "main-colo": 0.11}.get(vendor.uid)
    facts["ai_spend_share"] = spend or (0.0 if vendor.role == "partner" else 0.01)
    return facts


def _contract(estate: Estate, contract: Contract) -> dict[str, Any]:
    signed = estate.dice.between(100, 300, "signed", contract.uid)
    facts: dict[str, Any] = {
        "subtype": contract.subtype,
        "amount": contract.amount,
        "approval_limit": contract.limit,
        "term_months": contract.months,
        "signed_at": estate.clock.days_ago(signed),
        "utilisation_evidence_at": estate.clock.days_ago(signed + 40),
        "stages": 3,
        "refresh_clause": True,
        "volume_adjustable": True,
        "finance_approved": True,
        "active": True,
        "supplier_count": 2 if contract.subtype == "purchase" else 1,
        "compatibility_passed": True,
        "single_integrator": True,
        "workload_test_done_at": estate.clock.days_ago(signed + 20),
    }
    if contract.subtype == "reservation":
        facts |= {"used_share_30d": 0.91, "coverage_30d": 0.95}
    return facts
