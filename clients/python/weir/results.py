"""What online calls give back."""
from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, List

from .rows import parse_time

if TYPE_CHECKING:  # never imported at run time unless asked for
    import pandas
    import pyarrow

TIMESTAMP_POSTFIX = "__ts"


def need(name: str, extra: str) -> Any:
    """An optional package; ImportError says which extra brings it."""
    import importlib
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ImportError(f"{name} is needed for this: pip install 'weir[{extra}]'") from error


class OnlineResponse:
    """Features of entities, column by column."""

    def __init__(self, answer: Dict[str, Any]):
        self._answer = answer

    @property
    def feature_names(self) -> List[str]:
        """Join keys first, then features in the order in which they were asked for."""
        return list(self._answer["metadata"]["feature_names"])

    def to_dict(self, include_event_timestamps: bool = False) -> Dict[str, List[Any]]:
        """{name: [value of each entity row]}; with event timestamps, {name}__ts beside (seconds since 1970)."""
        columns: Dict[str, List[Any]] = {}
        for name, result in zip(self.feature_names, self._answer["results"]):
            columns[name] = list(result["values"])
            if include_event_timestamps:
                columns[name + TIMESTAMP_POSTFIX] = [int(parse_time(text).timestamp()) for text in result["event_timestamps"]]
        return columns

    def statuses(self) -> Dict[str, List[str]]:
        """{name: [PRESENT | NULL_VALUE | NOT_FOUND | OUTSIDE_MAX_AGE]}."""
        return {name: list(result["statuses"]) for name, result in zip(self.feature_names, self._answer["results"])}

    def to_df(self, include_event_timestamps: bool = False) -> "pandas.DataFrame":
        """A pandas data frame, a row for each entity row."""
        return need("pandas", "pandas").DataFrame(self.to_dict(include_event_timestamps))

    def to_arrow(self, include_event_timestamps: bool = False) -> "pyarrow.Table":
        """A pyarrow table, a row for each entity row."""
        return need("pyarrow", "arrow").Table.from_pydict(self.to_dict(include_event_timestamps))
