"""What is declared, as plain objects with the attributes that Feast's have."""
from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Dict, List, Optional, Union

_UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1, "sec": 1, "m": 60, "min": 60, "h": 3600, "d": 86400, "w": 604800}


def span(text: Optional[str]) -> timedelta:
    """A duration as definitions write it ("30d", "2h"); nothing is zero, which means no bound."""
    match = re.fullmatch(r"\s*([0-9.]+)\s*([a-z]+)\s*", text or "0s")
    if not match or match[2] not in _UNITS:
        raise ValueError(f"not a duration: {text!r}")
    return timedelta(seconds=float(match[1]) * _UNITS[match[2]])


@dataclass(frozen=True)
class Field:
    """A feature, a key or a field of the request. `dtype` is Weir's name of the type ("int64")."""

    name: str
    dtype: str = ""
    description: str = ""
    tags: Dict[str, str] = field(default_factory=dict)
    expr: str = ""
    window: timedelta = timedelta(0)


@dataclass(frozen=True)
class Entity:
    """Who features are about. `join_key` is the first of `join_keys`, as Feast knows but one."""

    name: str
    join_keys: List[str]
    value_type: str = ""
    description: str = ""
    tags: Dict[str, str] = field(default_factory=dict)
    owner: str = ""

    @property
    def join_key(self) -> str:
        return self.join_keys[0]


@dataclass(frozen=True)
class FeatureView:
    """A version of a view. `source` is the table or model that is read; "" of SQL and of what is computed on demand."""

    name: str
    entities: List[str]
    features: List[Field]
    source: str = ""
    ttl: timedelta = timedelta(0)
    online: bool = True
    description: str = ""
    tags: Dict[str, str] = field(default_factory=dict)
    owner: str = ""
    timestamp_field: str = ""
    created_timestamp_column: str = ""
    request: List[Field] = field(default_factory=list)
    entity_columns: List[Field] = field(default_factory=list)
    version: int = 1

    @property
    def schema(self) -> List[Field]:
        return self.features


@dataclass(frozen=True)
class FeatureViewProjection:
    """A view as a service uses it. `features` are names; none means all of the view's."""

    name: str
    name_alias: Optional[str] = None
    features: List[str] = field(default_factory=list)
    join_key_map: Dict[str, str] = field(default_factory=dict)

    def name_to_use(self) -> str:
        return self.name_alias or self.name


@dataclass(frozen=True)
class FeatureService:
    """Features that a model takes, under one name."""

    name: str
    feature_view_projections: List[FeatureViewProjection]
    description: str = ""
    tags: Dict[str, str] = field(default_factory=dict)
    owner: str = ""


def _text(value: Union[str, Dict[str, str], None]) -> str:
    return (value.get("en") or value.get("zh") or "") if isinstance(value, dict) else value or ""


def _list(value: Any) -> List[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _tags(definition: Dict[str, Any]) -> Dict[str, str]:
    return {tag: "" for tag in _list(definition.get("tags"))}


def _described(said: Dict[str, Any]) -> str:
    """Its description, else its title; of a definition ({en, zh}) or of an answer (description_en)."""
    for what in ("description", "title"):
        text = _text(said.get(what)) or said.get(what + "_en") or said.get(what + "_zh")
        if text:
            return str(text)
    return ""


def _field(said: Dict[str, Any]) -> Field:
    return Field(said["name"], said.get("type") or "", _described(said), _tags(said), said.get("expr") or "", span(said.get("window")))


def entity(definition: Dict[str, Any]) -> Entity:
    types = _list(definition.get("type"))
    return Entity(definition["name"], _list(definition["key"]), str(types[0]) if types else "", _described(definition), _tags(definition),
                  definition.get("owner") or "")


def feature_view(shown: Dict[str, Any]) -> FeatureView:
    """A view as the server shows it, its types found."""
    return FeatureView(shown["view"], _list(shown.get("entities")), [_field(said) for said in shown["features"]], shown.get("table") or "",
                       span(shown.get("ttl")), bool(shown.get("online")), _described(shown), _tags(shown), shown.get("owner") or "",
                       shown.get("time") or "", shown.get("created") or "", [_field(said) for said in shown.get("request") or []],
                       [Field(key["name"], key["type"]) for key in shown.get("keys") or []], int(shown["version"]))


def feature_service(definition: Dict[str, Any]) -> FeatureService:
    """Features of one view that are named one by one become one projection, as Feast has them."""
    found: Dict[str, FeatureViewProjection] = {}
    for use in _list(definition["features"]):
        if isinstance(use, dict):
            projection = FeatureViewProjection(use["view"], use.get("as"), _list(use.get("features")), use.get("keys") or {})
        else:
            view, _, feature = use.partition(":")
            projection = FeatureViewProjection(view, None, [feature] if feature else [])
        before = found.get(projection.name_to_use())
        if before and before.features and projection.features:
            before.features.extend(name for name in projection.features if name not in before.features)
        else:
            found[projection.name_to_use()] = projection
    return FeatureService(definition["name"], list(found.values()), _described(definition), _tags(definition), definition.get("owner") or "")
