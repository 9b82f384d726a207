"""Rows as users have them, as the columns of JSON that the server takes."""
from __future__ import annotations

import base64
import json
import math
from datetime import date, datetime, timezone
from typing import Any, Dict, Iterator, List, Mapping


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
    return _other_value(value)


def _other_value(value: Any) -> Any:
    kind = type(value).__name__
    if kind in ("NAType", "NaTType"):
        return None
    if kind == "datetime64":  # numpy's; of nanoseconds tolist() is a bare number
        return json_value(value.astype("datetime64[us]").tolist())
    if kind == "Decimal":
        return float(value)
    if kind == "UUID":
        return str(value)
    if hasattr(value, "tolist"):  # numpy's scalars and arrays
        return json_value(value.tolist())
    if isinstance(value, (list, tuple)):
        return [json_value(item) for item in value]
    raise TypeError(f"a value of type {kind} cannot be sent")


def parse_time(text: str) -> datetime:
    """A time as the server tells it."""
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


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
    found = {name: [json_value(value) for value in values] for name, values in columns.items()}
    if len({len(values) for values in found.values()}) > 1:
        raise ValueError("the columns have different lengths: " + ", ".join(f"{name} {len(values)}" for name, values in found.items()))
    return found


def lines_of(rows: Any) -> bytes:
    """The rows as a file of JSON lines."""
    columns = columns_of(rows)
    return b"".join(json.dumps(dict(zip(columns, row)), ensure_ascii=False, allow_nan=False).encode() + b"\n" for row in zip(*columns.values()))


def rows_of_lines(lines: Iterator[bytes]) -> List[Dict[str, Any]]:
    """A file of JSON lines as rows."""
    return [json.loads(line) for line in lines if line.strip()]
