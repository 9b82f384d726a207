"""What goes wrong, as the server says it."""
from __future__ import annotations

from typing import Any, Dict, Optional


class WeirError(Exception):
    """A call failed.

    `code` is Weir's ("W1030", see the reference of errors), `status` HTTP's (0 when the server was not reached),
    `hint` what to do, `problem` the whole answer.
    """

    def __init__(self, message: str, code: str = "", status: int = 0, problem: Optional[Dict[str, Any]] = None):
        super().__init__(message)
        self.code = code
        self.status = status
        self.problem = problem or {}

    @property
    def hint(self) -> str:
        """What to do about it; "" when the server has no advice."""
        return str(self.problem.get("hint") or "")


class FeatureNotFound(WeirError):
    """No view, feature, version, service or entity has that name."""


def from_problem(status: int, problem: Dict[str, Any]) -> WeirError:
    """The error for a problem object (RFC 9457)."""
    code = str(problem.get("code", ""))
    text = str(problem.get("detail") or problem.get("title") or f"HTTP status {status}")
    hint = problem.get("hint")
    kind = FeatureNotFound if status == 404 else WeirError
    return kind(f"{text} ({hint})" if hint else text, code, status, problem)
