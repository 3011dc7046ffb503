"""Why a checklist is refused: every problem of it at once, each with its place and the next step."""

from dataclasses import dataclass
from typing import Any, ClassVar


@dataclass(frozen=True)
class Problem:
    """One reason. `line` is None where the content did not come from a file; `check` None where none is concerned."""

    file: str
    line: int | None
    check: str | None
    field: str
    got: str
    expected: str
    next_step: str

    def __str__(self) -> str:
        """Return one sentence: where, what, got, expected, next step."""
        where = self.file if self.line is None else f"{self.file}:{self.line}"
        what = ", ".join(part for part in (self.check, self.field) if part)
        return f"{where}: {what}: got {self.got}, expected {self.expected}: {self.next_step}"


class ChecklistRefused(Exception):
    """Raised for content that cannot become a version. Nothing of it was published; trying again does not help."""

    code: ClassVar[str] = "checklist_refused"
    retryable: ClassVar[bool] = False

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


def show(value: Any) -> str:
    """Render what was got, short enough for a list of problems."""
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
