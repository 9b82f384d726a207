"""The feature store of a running Weir server, with the names that users of Feast know."""
from __future__ import annotations

import base64
import enum
from datetime import datetime, timezone
from typing import Any, Dict, List, Mapping, Optional, Sequence, Union

from .results import OnlineResponse
from .rows import columns_of
from .transport import Transport

Time = Union[str, datetime]
EntityRows = Union[Sequence[Mapping[str, Any]], Mapping[str, Sequence[Any]]]
Features = Union[str, Sequence[str]]


class PushMode(enum.Enum):
    """Where pushed rows go."""

    ONLINE = "online"
    OFFLINE = "offline"
    ONLINE_AND_OFFLINE = "online_and_offline"


def _time(value: Time) -> str:
    """RFC 3339; a time without a zone is UTC."""
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=timezone.utc)).isoformat()
    return value


class FeatureStore:
    """Reads and writes features. Thread-safe; cheap to make.

    `url` is the server's HTTP address. Sign in with a token (`weir token create`) or with user and password;
    with neither, calls are the server's guest (`features.guest`).
    """

    def __init__(self, url: str = "http://127.0.0.1:8030", token: Optional[str] = None, *, user: Optional[str] = None,
                 password: Optional[str] = None, timeout: float = 60.0):
        headers = {"Accept": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        elif user is not None:
            pair = f"{user}:{password or ''}".encode()
            headers["Authorization"] = "Basic " + base64.b64encode(pair).decode()
        self._transport = Transport(url, headers, timeout)

    # ---- online ----
    def get_online_features(self, features: Features, entity_rows: EntityRows, full_feature_names: bool = False) -> OnlineResponse:
        """The newest values of features for each entity row.

        `features` are references ("view:feature", "view@v2:feature") or the name of a feature service;
        `entity_rows` are rows ([{"driver_id": 1001}]) or columns ({"driver_id": [1001]}).
        """
        body: Dict[str, Any] = {"entities": columns_of(entity_rows), "full_feature_names": full_feature_names}
        body.update({"feature_service": features} if isinstance(features, str) else {"features": list(features)})
        return OnlineResponse(self._transport.call("POST", "/get-online-features", body))

    def push(self, push_source_name: str, df: Any, to: PushMode = PushMode.ONLINE) -> Dict[str, Any]:
        """Rows of a view: a data frame, a table, rows or columns. Gives counts, and the rows that were rejected."""
        body = {"push_source_name": push_source_name, "df": columns_of(df), "to": to.value}
        return self._transport.call("POST", "/push", body)

    def write_to_online_store(self, feature_view_name: str, df: Any) -> Dict[str, Any]:
        """Rows of a view to the online store alone."""
        return self._transport.call("POST", "/write-to-online-store", {"feature_view_name": feature_view_name, "df": columns_of(df)})

    # ---- materialise ----
    def materialize(self, start_date: Time, end_date: Time, feature_views: Optional[List[str]] = None) -> List[Dict[str, Any]]:
        """Takes event times from start to end, both included, to the online store; what was done for each view."""
        body: Dict[str, Any] = {"start_ts": _time(start_date), "end_ts": _time(end_date)}
        if feature_views is not None:
            body["feature_views"] = feature_views
        return self._transport.call("POST", "/materialize", body)["views"]

    def materialize_incremental(self, end_date: Optional[Time] = None, feature_views: Optional[List[str]] = None) -> List[Dict[str, Any]]:
        """Goes on from where the last one ended, with the rows that came late."""
        body: Dict[str, Any] = {}
        if end_date is not None:
            body["end_ts"] = _time(end_date)
        if feature_views is not None:
            body["feature_views"] = feature_views
        return self._transport.call("POST", "/materialize-incremental", body)["views"]

    def close(self) -> None:
        """Closes this thread's connection."""
        self._transport.close()

    def __enter__(self) -> "FeatureStore":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
