"""Random rules of the whole subset over data sets, as text: what an author could write, sensible or not."""

from collections.abc import Callable, Sequence
from random import Random

FIELDS = {
    "bool": [
        "asset.residency_limited",
        "asset.encrypted_at_rest",
        "asset.lineage.reads_personal_data",
        "asset.lineage.upstream_count > 1",
    ],
    "int": [
        "asset.retention_days",
        "asset.record_count",
        "asset.oldest_record_age_days",
        "asset.rights_expires_in_days",
        "asset.age_minutes",
        "asset.lineage.upstream_max_class_rank",
        "size(asset.tags)",
        "size(asset.classification)",
        "size(asset.labels)",
        "size(related('stored_in'))",
    ],
    "double": ["asset.min_tls_version", "asset.skew_index_7d", "double(asset.retention_days)"],
    "string": ["asset.classification", "asset.country", "asset.tags[0]", "asset.labels['a']", "asset.labels.prod"],
    "timestamp": ["asset.last_write_at", "asset.oldest_record_at", "now", "timestamp('2026-10-31T12:00:00Z')"],
    "duration": ["duration('24h')", "duration('720h')", "(now - asset.last_write_at)"],
    "list": ["asset.tags", "asset.allowed_countries", "asset.lineage.upstream_countries", "['DE', 'prod']", "[]"],
}
LITERALS = {
    "bool": ["true", "false"],
    "int": ["0", "1", "30", "365", "-1", "9007199254740993", "9223372036854775807"],
    "double": ["0.0", "0.1", "1.2", "-2.5", "1e100", "1e300"],
    "string": ["'DE'", "'prod'", "''", "'é'", "'it\\'s'", "'\\\\'"],
}
HAS = ["asset.country", "asset.oldest_record_age_days", "asset.labels.a", "asset.lineage.upstream_count", "asset.tags"]
MEMBER_BOOL = ["m.encrypted", "m.residency_limited"]


class Expressions:
    """Draws expressions of a given type and depth."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.variables = 0

    def condition(self, depth: int = 3) -> str:
        """Return a bool expression."""
        return self.bool(depth)

    def pick(self, options: Sequence[Callable[[], str]]) -> str:
        return self.random.choice(options)()

    def leaf(self, type_: str) -> str:
        pool = FIELDS[type_] * 2 + LITERALS.get(type_, [])
        return self.random.choice(pool)

    def bool(self, depth: int) -> str:
        if depth == 0:
            return self.pick(
                [lambda: self.leaf("bool"), lambda: self.compare(0), lambda: f"has({self.random.choice(HAS)})"]
            )
        inner = depth - 1
        return self.pick(
            [
                lambda: f"({self.bool(inner)} && {self.bool(inner)})",
                lambda: f"({self.bool(inner)} || {self.bool(inner)})",
                lambda: f"!({self.bool(inner)})",
                lambda: f"({self.bool(inner)} ? {self.bool(inner)} : {self.bool(inner)})",
                lambda: self.compare(inner),
                lambda: self.compare(inner),
                lambda: self.membership(inner),
                lambda: self.text(inner),
                lambda: self.macro(inner),
                lambda: self.related(inner),
            ]
        )

    def compare(self, depth: int) -> str:
        type_ = self.random.choice(["int", "int", "double", "string", "timestamp", "duration", "bool", "list"])
        operators = ["==", "!="] if type_ in ("bool", "list") else ["==", "!=", "<", "<=", ">", ">="]
        return f"({self.value(type_, depth)} {self.random.choice(operators)} {self.value(type_, depth)})"

    def value(self, type_: str, depth: int) -> str:
        if depth <= 0 or self.random.random() < 0.4:
            return self.leaf(type_)
        inner = depth - 1
        left, right = (lambda: self.value(type_, inner)), (lambda: self.value(type_, inner))
        ternary = f"({self.bool(inner)} ? {left()} : {right()})"
        match type_:
            case "int":
                return self.pick(
                    [
                        lambda: f"({left()} {self.random.choice('+-*/%')} {right()})",
                        lambda: f"-({left()})",
                        lambda: f"int({self.value('double', inner)})",
                        lambda: ternary,
                    ]
                )
            case "double":
                return self.pick(
                    [
                        lambda: f"({left()} {self.random.choice('+-*/')} {right()})",
                        lambda: f"-({left()})",
                        lambda: f"double({self.value('int', inner)})",
                        lambda: ternary,
                    ]
                )
            case "string":
                return self.pick([lambda: f"({left()} + {right()})", lambda: ternary])
            case "timestamp":
                return self.pick([lambda: f"({left()} {self.random.choice('+-')} {self.value('duration', inner)})"])
            case "duration":
                return self.pick(
                    [
                        lambda: f"({left()} {self.random.choice('+-')} {right()})",
                        lambda: f"({self.value('timestamp', inner)} - {self.value('timestamp', inner)})",
                    ]
                )
            case "list":
                name = self.variable()
                return self.pick(
                    [
                        lambda: f"{left()}.filter({name}, {self.member(name, inner)})",
                        lambda: f"{left()}.map({name}, {name} + 'x')",
                        lambda: f"{left()}.map({name}, {self.member(name, inner)}, {name})",
                        lambda: f"({left()} + {right()})",
                    ]
                )
        return self.leaf(type_)

    def variable(self) -> str:
        self.variables += 1
        return f"v{self.variables}"

    def membership(self, depth: int) -> str:
        return self.pick(
            [
                lambda: f"({self.value('string', depth)} in {self.value('list', depth)})",
                lambda: f"({self.value('int', depth)} in [1, 30, 365])",
                lambda: f"({self.value('double', depth)} in [0.1, 1.2, {self.value('double', 0)}])",
                lambda: f"({self.value('string', depth)} in [{self.leaf('string')}, 'DE'])",
                lambda: "('prod' in asset.labels)",
            ]
        )

    def text(self, depth: int) -> str:
        name = self.random.choice(["contains", "startsWith", "endsWith"])
        return f"{self.value('string', depth)}.{name}({self.value('string', depth)})"

    def member(self, name: str, depth: int) -> str:
        """Return a bool expression over the string variable of a macro."""
        return self.pick(
            [
                lambda: f"{name} in {self.value('list', depth - 1)}",
                lambda: f"{name} == {self.value('string', depth - 1)}",
                lambda: f"({name} < 'F' || {self.bool(max(depth - 1, 0))})",
                lambda: f"size({name}) > {self.value('int', depth - 1)}",
            ]
        )

    def macro(self, depth: int) -> str:
        name, op = self.variable(), self.random.choice(["all", "exists", "exists_one"])
        return f"{self.value('list', depth)}.{op}({name}, {self.member(name, depth)})"

    def related(self, depth: int) -> str:
        name, op = self.variable(), self.random.choice(["all", "exists", "exists_one"])
        source = "related('stored_in')"
        if self.random.random() < 0.3:
            inner = self.variable()
            source += f".filter({inner}, {self.storage(inner, 0)})"
        if self.random.random() < 0.2:
            return f"size({source}) {self.random.choice(['>', '=='])} 1"
        if self.random.random() < 0.2:
            return f"{source}.map({name}, {name}.country).exists(x{name}, x{name} in asset.allowed_countries)"
        return f"{source}.{op}({name}, {self.storage(name, depth)})"

    def storage(self, name: str, depth: int) -> str:
        """Return a bool expression over a storage that is the variable of a macro."""
        return self.pick(
            [
                lambda: f"{name}.backup_isolated",
                lambda: f"{name}.country in asset.allowed_countries",
                lambda: f"{name}.last_backup_hours <= {name}.backup_target_hours",
                lambda: f"has({name}.country)",
                lambda: f"({name}.restore_test_age_days < 180 && {self.bool(max(depth - 1, 0))})",
            ]
        )
