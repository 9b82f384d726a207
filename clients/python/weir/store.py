"""The feature store of a running Weir server, with the names that users of Feast know."""
from __future__ import annotations

import base64
import enum
import os
from datetime import datetime, timezone
from typing import Any, Dict, List, Mapping, Optional, Sequence, Union
from urllib.parse import quote

from . import objects
from .errors import FeatureNotFound
from .jobs import JOBS, RetrievalJob, format_of, result_format
from .objects import Entity, FeatureService, FeatureView, Field
from .results import OnlineResponse
from .rows import columns_of, json_value, lines_of, parse_time
from .transport import Transport

Time = Union[str, datetime]
EntityRows = Union[Sequence[Mapping[str, Any]], Mapping[str, Sequence[Any]]]
Features = Union[str, FeatureService, Sequence[str]]


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


def _asked(features: Features, service_key: str) -> Dict[str, Any]:
    if isinstance(features, FeatureService):
        return {service_key: features.name}
    return {service_key: features} if isinstance(features, str) else {"features": list(features)}


def _is_file(entity_df: Any) -> bool:
    if isinstance(entity_df, os.PathLike):
        return True
    return isinstance(entity_df, str) and format_of(entity_df) is not None and not any(c.isspace() for c in entity_df.strip())


class FeatureStore:
    """Reads and writes features. Thread-safe; cheap to make.

    `url` is the server's HTTP address. Sign in with a token (`weir token create`) or with user and password;
    with neither, calls are the server's guest (`features.guest`). `timeout` bounds each request, in seconds.
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

    # ---- training rows ----
    def get_historical_features(self, entity_df: Any = None, features: Features = (), full_feature_names: bool = False,
                                start_date: Optional[Time] = None, end_date: Optional[Time] = None, *,
                                filter_by_created_timestamp: bool = False, snapshot: bool = False, timestamp_field: Optional[str] = None,
                                database: Optional[str] = None) -> RetrievalJob:
        """Training rows, each with the values that were the newest at its own time.

        `entity_df`: a pandas data frame, a pyarrow table, rows ([{...}]), columns ({name: [...]}), the path of a file
        (.parquet, .csv, .json, .ndjson), or a SQL query, which runs in the warehouse (`database` is where its tables
        are looked for). None: every entity and event time from `start_date` to `end_date`, or with `snapshot` one row
        for each entity at `end_date`. `filter_by_created_timestamp` also hides what was not known at the row's time.
        `timestamp_field` names the column of times where it is not `event_timestamp`. What is missing is named before
        any work: by WeirError from here, or from the job where the rows had to be read for it.
        """
        if entity_df is not None and (start_date is not None or end_date is not None):
            raise ValueError("start_date and end_date are for retrieval without entity rows")
        asked: Dict[str, Any] = {**_asked(features, "service"), "full_feature_names": full_feature_names}
        for name, value in (("start", start_date), ("end", end_date)):
            if value is not None:
                asked[name] = _time(value)
        if timestamp_field:
            asked["time"] = timestamp_field
        asked.update({name: True for name, on in (("snapshot", snapshot), ("known_at", filter_by_created_timestamp)) if on})
        return RetrievalJob(self._transport, lambda output: self._begin(entity_df, database, {**asked, **output}), {"format": result_format()})

    def _begin(self, entity_df: Any, database: Optional[str], body: Dict[str, Any]) -> Dict[str, Any]:
        if _is_file(entity_df):
            with open(entity_df, "rb") as file:
                body["entities"] = {"upload": self._upload(format_of(entity_df) or "parquet", file)}
        elif isinstance(entity_df, str):
            body["entities"] = {"sql": entity_df, **({"database": database} if database else {})}
        elif entity_df is not None:
            body["entities"] = {"upload": self._upload("ndjson", lines_of(entity_df))}
        answer: Dict[str, Any] = self._transport.call("POST", JOBS, body)
        return answer

    def _upload(self, kind: str, data: Any) -> str:
        return str(self._transport.call("PUT", f"/api/v1/features/entities?format={kind}", data)["entities"])

    # ---- online ----
    def get_online_features(self, features: Features, entity_rows: EntityRows, full_feature_names: bool = False) -> OnlineResponse:
        """The newest values of features for each entity row.

        `features` are references ("view:feature", "view@v2:feature"), a feature service or its name; `entity_rows`
        are rows ([{"driver_id": 1001}]) or columns ({"driver_id": [1001]}), with what on-demand features need.
        """
        body: Dict[str, Any] = {"entities": columns_of(entity_rows), "full_feature_names": full_feature_names, **_asked(features, "feature_service")}
        return OnlineResponse(self._transport.call("POST", "/get-online-features", body))

    def push(self, push_source_name: str, df: Any, to: PushMode = PushMode.ONLINE) -> Dict[str, Any]:
        """Rows of a view: a data frame, a table, rows or columns.

        Gives {"rows", "written", "skipped", "rejected", "rejects": [{"row", "column", "reason"}]}: rows that do not
        fit stop none of the others, rows that are no newer than what is there are skipped.
        """
        body = {"push_source_name": push_source_name, "df": columns_of(df), "to": to.value}
        return dict(self._transport.call("POST", "/push", body))

    def write_to_online_store(self, feature_view_name: str, df: Any) -> Dict[str, Any]:
        """Rows of a view to the online store alone; gives what `push` gives."""
        return dict(self._transport.call("POST", "/write-to-online-store", {"feature_view_name": feature_view_name, "df": columns_of(df)}))

    # ---- materialise ----
    def materialize(self, start_date: Time, end_date: Time, feature_views: Optional[List[str]] = None) -> List[Dict[str, Any]]:
        """Takes event times from start to end, both included, to the online store; what was done for each view."""
        body: Dict[str, Any] = {"start_ts": _time(start_date), "end_ts": _time(end_date)}
        if feature_views is not None:
            body["feature_views"] = feature_views
        return list(self._transport.call("POST", "/materialize", body)["views"])

    def materialize_incremental(self, end_date: Optional[Time] = None, feature_views: Optional[List[str]] = None) -> List[Dict[str, Any]]:
        """Goes on from where the last one ended, with the rows that came late."""
        body: Dict[str, Any] = {}
        if end_date is not None:
            body["end_ts"] = _time(end_date)
        if feature_views is not None:
            body["feature_views"] = feature_views
        return list(self._transport.call("POST", "/materialize-incremental", body)["views"])

    # ---- what is declared ----
    @property
    def project(self) -> str:
        """The name of the server's project."""
        return str(self._transport.call("GET", "/api/v1/project")["name"])

    def _ids(self, kind: str) -> List[Dict[str, Any]]:
        return list(self._transport.call("GET", f"/api/v1/objects?kind={kind}")["objects"])

    def _definition(self, object_id: str) -> Dict[str, Any]:
        answer = self._transport.call("GET", "/api/v1/objects/" + quote(object_id, safe=":"))
        return {**answer["definition"], "owner": answer.get("owner") or ""}

    def _list(self, kind: str) -> List[Dict[str, Any]]:
        return [self._definition(row["id"]) for row in self._ids(kind)]

    def _get(self, kind: str, name: str) -> Dict[str, Any]:
        for row in self._ids(kind):
            if name in (row["name"], row["full_name"], row["id"]):
                return self._definition(row["id"])
        raise FeatureNotFound(f"no {kind.replace('_', ' ')} `{name}` in {self._transport.address}", status=404)

    def list_entities(self) -> List[Entity]:
        """All entities that you may see, by name."""
        return [objects.entity(definition) for definition in self._list("entity")]

    def get_entity(self, name: str) -> Entity:
        """One entity; FeatureNotFound."""
        return objects.entity(self._get("entity", name))

    def list_feature_views(self) -> List[FeatureView]:
        """All feature views that you may see, by name, as they are now."""
        names = [f"{row['domain']}.{row['view']}" if row["domain"] else row["view"] for row in self._transport.call("GET", "/api/v1/features")["views"]]
        return [self.get_feature_view(name) for name in names]

    def get_feature_view(self, name: str) -> FeatureView:
        """One feature view as it is now, or a version of it ("view@v2"); FeatureNotFound."""
        return objects.feature_view(self._transport.call("GET", "/api/v1/features/views/" + quote(name, safe="@")))

    def list_feature_view_versions(self, name: str) -> List[Dict[str, Any]]:
        """Versions of a view, newest first: "version" ("v2"), "version_number", "created_timestamp", "user", and "diff" from the one below."""
        versions = self._transport.call("GET", "/api/v1/features/history?view=" + quote(name))["versions"]
        return [{"version": f"v{row['version']}", "version_number": row["version"], "created_timestamp": parse_time(row["at"]), "user": row["user"],
                 "diff": row["diff"]} for row in versions]

    def list_feature_services(self) -> List[FeatureService]:
        """All feature services that you may see, by name."""
        return [objects.feature_service(definition) for definition in self._list("feature_service")]

    def get_feature_service(self, name: str) -> FeatureService:
        """One feature service; FeatureNotFound."""
        return objects.feature_service(self._get("feature_service", name))

    def list_features(self) -> Dict[str, List[Field]]:
        """{view: its features}."""
        return {view.name: view.features for view in self.list_feature_views()}

    def refresh_registry(self) -> None:
        """Definitions are never kept here: each call asks the server. This asks it whether it answers."""
        self._transport.call("GET", "/health")

    # ---- erase ----
    def erase(self, keys: Mapping[str, Any], feature_view: Optional[str] = None, *, online: bool = True, offline: bool = True) -> Dict[str, int]:
        """Takes one entity ({join key: value}) out of all views that have it, or of one; how many rows went where."""
        body: Dict[str, Any] = {"keys": {name: json_value(value) for name, value in keys.items()}, "online": online, "offline": offline}
        if feature_view is not None:
            body["view"] = feature_view
        return dict(self._transport.call("POST", "/api/v1/features/erase", body))

    def close(self) -> None:
        """Closes this thread's connection."""
        self._transport.close()

    def __enter__(self) -> "FeatureStore":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
