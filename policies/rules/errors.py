"""Why a rule is refused at load: every problem with its place and what to do."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Position:
    """Line and column in the rule's source, both from 1; columns count characters."""

    line: int
    column: int


@dataclass(frozen=True)
class RuleProblem:
    """One reason for refusal. `part` is `when`, `condition` or `params.<name>`."""

    part: str
    at: Position
    message: str
    hint: str

    def __str__(self) -> str:
        return f"{self.part}, line {self.at.line}, column {self.at.column}: {self.message}; {self.hint}"


class RuleRefused(Exception):
    """A check that must not be loaded. Not retryable: the same text is refused again."""

    code = "rule_refused"
    retryable = False

    def __init__(self, *problems: RuleProblem) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems
