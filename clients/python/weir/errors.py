"""What goes wrong, as the server says it."""
from __future__ import annotations

from typing import Any, Dict, Optional


class WeirError(Exception):
    """A call failed. `code` is Weir's ("ENTITY_ROWS"), `status` HTTP's; `problem` is the whole answer."""

    def __init__(self, message: str, code: str = "", status: int = 0, problem: Optional[Dict[str, Any]] = None):
        super().__init__(message)
        self.code = code
        self.status = status
        self.problem = problem or {}


class FeatureNotFound(WeirError):
    """No view, feature, version or service has that name."""


def from_problem(status: int, problem: Dict[str, Any]) -> WeirError:
    """The error for a problem object (RFC 9457)."""
    code = str(problem.get("code", ""))
    text = str(problem.get("detail") or problem.get("title") or f"HTTP status {status}")
    hint = problem.get("hint")
    kind = FeatureNotFound if status == 404 else WeirError
    return kind(f"{text} ({hint})" if hint else text, code, status, problem)
