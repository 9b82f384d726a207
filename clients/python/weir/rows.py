"""Rows as users have them, as the columns of JSON that the server takes."""
from __future__ import annotations

import base64
import math
from datetime import date, datetime, timezone
from typing import Any, Dict, List, Mapping


def json_value(value: Any) -> Any:
    """A cell as JSON: times as RFC 3339 (without a zone: UTC), bytes as base64, NaN and missing values as null."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return None if math.isnan(value) else value
    if isinstance(value, datetime):
        if value != value:  # pandas' NaT
            return None
        return (value if value.tzinfo else value.replace(tzinfo=timezone.utc)).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, (bytes, bytearray)):
        return base64.b64encode(bytes(value)).decode()
    if hasattr(value, "tolist"):  # numpy's scalars and arrays
        return json_value(value.tolist())
    if isinstance(value, (list, tuple)):
        return [json_value(item) for item in value]
    if type(value).__name__ in ("NAType", "NaTType"):
        return None
    raise TypeError(f"a value of type {type(value).__name__} cannot be sent")


def columns_of(rows: Any) -> Dict[str, List[Any]]:
    """{column: values} of a pandas data frame, a pyarrow table, a list of rows or a dict of columns."""
    if hasattr(rows, "to_pydict"):
        columns: Mapping[str, Any] = rows.to_pydict()
    elif hasattr(rows, "columns") and hasattr(rows, "iloc"):
        columns = {str(name): list(rows[name]) for name in rows.columns}
    elif isinstance(rows, Mapping):
        columns = rows
    else:
        rows = list(rows)
        names = list(dict.fromkeys(name for row in rows for name in row))
        columns = {name: [row.get(name) for row in rows] for name in names}
    return {name: [json_value(value) for value in values] for name, values in columns.items()}
