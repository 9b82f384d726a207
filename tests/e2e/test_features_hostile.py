"""Values online as they really are, for every type and status; and requests that mean no good: a clear 4xx, never worse."""
import datetime
import itertools
import json

import pytest

from online import ask, at, column, online_server

NOW_US = int(datetime.datetime.now(datetime.timezone.utc).timestamp()) * 1000000
DAY_US = 86400 * 1000000
KINDS = {"b": "bool", "i": "int32", "l": "int64", "f": "float", "d": "double", "s": "string", "y": "bytes", "t": "timestamp",
         "lb": "array(bool)", "li": "array(int32)", "ll": "array(int64)", "lf": "array(float)", "ld": "array(double)", "ls": "array(string)", "ly": "array(bytes)", "lt": "array(timestamp)"}
FEATURES = ", ".join(f"{{name: {n}, type: {t}}}" for n, t in KINDS.items())
PROJECT = f"""
name: odd
domains: [{{name: x}}]
entities:
  - {{name: thing, domain: x, key: thing_id, type: int64}}
  - {{name: label, domain: x, key: label, type: string}}
  - {{name: pair, domain: x, key: [a, b], type: string}}
tables:
  - {{name: ods_computed, domain: x, model: duplicate, columns: [{{name: label, type: string}}, {{name: seen, type: "datetime(6)"}}, {{name: words, type: string}}]}}
feature_views:
  - {{name: all_types, domain: x, entities: [thing], push: true, time: seen, online: true, features: [{FEATURES}]}}
  - {{name: by_label, domain: x, entities: [label], push: true, time: seen, ttl: 1d, online: true, features: [{{name: v, type: int64}}]}}
  - {{name: by_pair, domain: x, entities: [pair], push: true, time: seen, online: true, features: [{{name: w, type: double}}]}}
  - {{name: world, domain: x, entities: [], push: true, time: seen, online: true, features: [{{name: rate, type: double}}]}}
  - {{name: computed, domain: x, entities: [label], source: ods_computed, time: seen, online: true, features: [{{name: as_number, type: int32, expr: "CAST(words AS INT)"}}]}}
  - {{name: doubled, domain: x, inputs: ["all_types:d"], request: [{{name: asked, type: double}}], features: [{{name: twice, type: double, expr: "d * 2 + asked"}}]}}
  - {{name: echo, domain: x, inputs: [{", ".join(f'"all_types:{n}"' for n in KINDS)}], features: [{", ".join(f'{{name: echo_{n}, type: {t}, expr: "{n}"}}' for n, t in KINDS.items())}]}}
feature_services:
  - {{name: everything, domain: x, features: [all_types, by_label]}}
"""


@pytest.fixture(scope="module", params=["lmdb", "redis"])
def odd(request, tmp_path_factory):
    with online_server(tmp_path_factory.mktemp("odd"), PROJECT, request.param) as server:
        yield server


def push(server, view, df, to="online", status=200):
    answer = server.call("POST", "/push", {"push_source_name": view, "to": to, "df": df})
    assert answer.status == status, answer.text
    return answer.json()


def iso(us):
    return (datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc) + datetime.timedelta(microseconds=us)).isoformat()


VALUES = {
    "b": [True, False], "i": [0, 2**31 - 1, -2**31], "l": [2**53 + 1, 2**63 - 1, -2**63, 0], "f": [0.5, -0.0, "NaN", "Infinity", "-Infinity", 3.4028235e38],
    "d": [0.1, -0.0, "NaN", "Infinity", "-Infinity", 1.7976931348623157e308, 5e-324], "s": ["", "é ❤ \U0001f600", "'; DROP TABLE x; --", "\"\\\n\t", "a\u0000b", "12"], "y": ["", "AAEC/w==", "AA=="],
    "t": ["1969-12-31T23:59:59.999999Z", "2026-01-02T03:04:05Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"],
    "lb": [[], [True, False]], "li": [[], [1, -2]], "ll": [[], [2**63 - 1, -1]], "lf": [[], [0.5, "NaN"]], "ld": [[], ["-Infinity", 0.1]],
    "ls": [[], ["", "é", "a\u0000b"]], "ly": [[], ["", "AA=="]], "lt": [[], ["1969-12-31T23:59:59.999999Z", "2026-01-02T03:04:05Z"]],
}


def test_values_of_every_type_come_back_as_they_went(odd):
    rows = [dict(zip(VALUES, row)) for row in itertools.zip_longest(*VALUES.values())]
    ids = list(range(1, len(rows) + 1))
    df = {"thing_id": ids, "seen": [at(1)] * len(ids), **{n: [r[n] for r in rows] for n in KINDS}}
    assert push(odd, "all_types", df)["written"] == len(ids)
    answer = ask(odd, ["all_types"], {"thing_id": ids})
    for name in KINDS:
        assert column(answer, name) == [(r[name], "NULL_VALUE" if r[name] is None else "PRESENT") for r in rows], name
    text = odd.call("POST", "/get-online-features", {"features": ["all_types:d", "all_types:l"], "entities": {"thing_id": ids[:4]}}).text
    assert "-0.0" in text and str(2**53 + 1) in text and str(-2**63) in text
    json.loads(text, parse_constant=lambda word: pytest.fail(f"{word} is not JSON"))
    natively = odd.call("POST", "/api/v1/features/online", {"features": ["all_types"], "rows": [{"thing_id": i} for i in ids]}).json()["rows"]
    assert natively == rows
    echoed = ask(odd, ["echo"], {"thing_id": ids})  # through the engine, that computes on-demand features
    for name in KINDS:
        assert column(echoed, f"echo_{name}") == [(r[name], "NULL_VALUE" if r[name] is None else "PRESENT") for r in rows], name
    df["thing_id"] = [i + 1000 for i in ids]  # through the warehouse: a table, and what is materialised of it
    assert push(odd, "all_types", df, "offline")["written"] == 0
    odd.call("POST", "/materialize-incremental", {"end_ts": at(0), "feature_views": ["all_types"]})
    stored = ask(odd, ["all_types"], {"thing_id": df["thing_id"]})
    for name in KINDS:
        assert column(stored, name) == [(r[name], "NULL_VALUE" if r[name] is None else "PRESENT") for r in rows], name


def test_many_rows_go_as_columns(odd):
    """Over several of the engine's chunks: each row keeps its values, the last of those that tie is the one that counts."""
    n = 5000
    df = {"thing_id": [10**6 + i % (n // 2) for i in range(n)], "seen": [at(1)] * n, **{k: [None] * n for k in KINDS},
          "s": [f"text number {i}" if i % 3 else None for i in range(n)], "ll": [list(range(i, i + i % 5)) if i % 7 else None for i in range(n)]}
    push(odd, "all_types", df, "offline")
    odd.call("POST", "/materialize-incremental", {"end_ts": at(0), "feature_views": ["all_types"]})
    answer = ask(odd, ["all_types:s", "all_types:ll"], {"thing_id": df["thing_id"][:n // 2]})
    assert [v for v, _ in column(answer, "s")] == df["s"][n // 2:]
    assert [v for v, _ in column(answer, "ll")] == df["ll"][n // 2:]


def test_age_is_exact(odd):
    """ttl is 1 day; the server's clock runs between push and read, so the edge is approached from both sides, a second apart."""
    push(odd, "by_label", {"label": ["inside", "outside", "future"], "seen": [iso(NOW_US - DAY_US + 600 * 1000000), iso(NOW_US - DAY_US - 1000000), iso(NOW_US + DAY_US)], "v": [1, 2, 3]})
    assert column(ask(odd, ["by_label:v"], {"label": ["inside", "outside", "future"]}), "v") == [(1, "PRESENT"), (2, "OUTSIDE_MAX_AGE"), (3, "PRESENT")]


def test_keys_are_told_apart(odd):
    labels = ["1", "01", "1.0", "é", "e\u0301", "a\u0000", "a", "", " ", "NULL", "'", "x" * 5000, "x" * 5001, "\U0001f600"]
    push(odd, "by_label", {"label": labels, "seen": [at(1)] * len(labels), "v": list(range(len(labels)))})
    assert column(ask(odd, ["by_label:v"], {"label": labels}), "v") == [(i, "PRESENT") for i in range(len(labels))]
    asked = labels + [None, "1", "nobody"]
    assert [s for _, s in column(ask(odd, ["by_label:v"], {"label": asked}), "v")] == ["PRESENT"] * len(labels) + ["NOT_FOUND", "PRESENT", "NOT_FOUND"]
    ask(odd, ["by_label:v"], {"label": [1]}, status=400)
    pairs = [("ab", "c"), ("a", "bc"), ("", "abc"), ("abc", ""), ("a\u0000", "c"), ("a", "\u0000c")]
    push(odd, "by_pair", {"a": [a for a, _ in pairs], "b": [b for _, b in pairs], "seen": [at(1)] * len(pairs), "w": [float(i) for i in range(len(pairs))]})
    assert column(ask(odd, ["by_pair:w"], {"a": [a for a, _ in pairs] + ["c"], "b": [b for _, b in pairs] + ["ab"]}), "w") == [(float(i), "PRESENT") for i in range(len(pairs))] + [(None, "NOT_FOUND")]
    assert column(ask(odd, ["by_pair:w"], {"a": ["ab", None], "b": [None, None]}), "w") == [(None, "NOT_FOUND")] * 2


def test_a_row_that_an_expression_fails_on_stops_no_other(odd):
    words = [str(i) for i in range(3000)]
    for bad in (0, 1023, 1024, 2999):
        words[bad] = "many"
    answer = push(odd, "computed", {"label": [f"row {i}" for i in range(3000)], "seen": [at(1)] * 3000, "words": words})
    assert (answer["written"], [r["row"] for r in answer["rejects"]]) == (2996, [0, 1023, 1024, 2999]) and "many" in answer["rejects"][0]["reason"]
    asked = [0, 1, 1022, 1023, 1024, 1025, 2998, 2999]
    assert [v for v, _ in column(ask(odd, ["computed:as_number"], {"label": [f"row {i}" for i in asked]}), "as_number")] == [None, 1, 1022, None, None, 1025, 2998, None]


def test_a_view_without_keys_has_one_row(odd):
    push(odd, "world", {"seen": [at(2), at(1)], "rate": [1.0, 2.0]})
    answer = odd.call("POST", "/api/v1/features/online", {"features": ["world:rate"], "rows": [{}, {}]}).json()
    assert answer["rows"] == [{"rate": 2.0}, {"rate": 2.0}]
    both = ask(odd, ["world:rate", "by_label:v"], {"label": ["nobody", "no one"]})
    assert column(both, "rate") == [(2.0, "PRESENT")] * 2


DEEP = "[" * 100000 + "]" * 100000
BODIES = [
    "", "{", "null", "[]", "7", "\"x\"", "{\"features\":", DEEP, "{\"a\":" * 50000 + "1" + "}" * 50000, "\xff\xfe", "{\"features\": [\"all_types:d\"], \"entities\": {\"thing_id\": [1e999]}}",
    "{\"features\": [\"all_types:d\"], \"entities\": {\"thing_id\": [9223372036854775808]}}", "{\"features\": [\"all_types:d\"], \"entities\": {\"thing_id\": [NaN]}}",
    "{\"features\": [\"\\ud800\"], \"entities\": {}}", "{\"features\": [\"all_types:d\"], \"features\": [], \"entities\": {}}",
]
WRONG = [None, 1, -1, 1.5, True, "x", "", [], {}, [[]], [{}], [None], {"x": 1}, {"x": []}, {"x": {"x": []}}, "\u0000", "all_types", "all_types:d", ":", "@", "all_types@v99:d", "all_types@v-1:d", "all_types@:d", "::" * 500, "x" * 100000]
GOOD = {
    "/get-online-features": {"features": ["all_types:d"], "entities": {"thing_id": [1]}, "full_feature_names": False},
    "/api/v1/features/online": {"features": ["all_types:d"], "rows": [{"thing_id": 1}], "statuses": True, "full_names": False, "requests": [{"service": "everything", "rows": []}]},
    "/push": {"push_source_name": "by_label", "to": "online", "df": {"label": ["q"], "seen": [at(1)], "v": [1]}},
    "/write-to-online-store": {"feature_view_name": "by_label", "df": {"label": ["q"], "seen": [at(1)], "v": [1]}},
    "/materialize": {"start_ts": at(2), "end_ts": at(1), "feature_views": ["by_pair"], "wait": True},
    "/materialize-incremental": {"end_ts": at(1), "feature_views": ["by_pair"]},
    "/api/v1/features/erase": {"keys": {"label": "nobody at all"}, "view": "by_label", "online": True, "offline": True},
    "/api/v1/features/verify": {"view": "by_pair", "entities": 3},
}


def holds(server, path, body):
    answer = server.call("POST", path, body)
    assert answer.status == 200 or 400 <= answer.status < 500, (path, str(body)[:300], answer.text[:500])
    if answer.status != 200:
        assert answer.json()["detail"], (path, str(body)[:300], answer.text)
    return answer.status


@pytest.mark.parametrize("odd", ["lmdb"], indirect=True)  # what is refused never reaches a store
def test_bodies_that_are_no_requests(odd):
    for path in GOOD:
        for body in BODIES:
            status = odd.call("POST", path, body.encode("utf-8", "surrogatepass") if "\xff" not in body else b"\xff\xfe", headers={"Content-Type": "application/json"})
            assert 400 <= status.status < 500 or (path.startswith("/materialize") and status.status == 200), (path, body[:100], status.text[:300])


@pytest.mark.parametrize("odd", ["lmdb"], indirect=True)  # what is refused never reaches a store
def test_members_of_wrong_types(odd):
    """Each member of each request in turn is each wrong thing: refused with a reason, or (an empty list) a small answer."""
    for path, good in GOOD.items():
        assert holds(odd, path, good) == 200 or path in ("/api/v1/features/verify", "/api/v1/features/erase")
        for name in good:
            for wrong in WRONG:
                holds(odd, path, {**good, name: wrong})
            if path != "/materialize-incremental":
                holds(odd, path, {n: v for n, v in good.items() if n != name})
    for wrong in WRONG:
        holds(odd, "/get-online-features", {"features": ["all_types:d"], "entities": {"thing_id": wrong}})
        holds(odd, "/get-online-features", {"features": ["all_types:d"], "entities": {"thing_id": [wrong, 1]}})
        holds(odd, "/get-online-features", {"features": [wrong], "entities": {"thing_id": [1]}})
        holds(odd, "/get-online-features", {"features": ["doubled:twice"], "entities": {"thing_id": [1], "asked": [wrong]}})
        holds(odd, "/api/v1/features/online", {"features": ["all_types:d"], "rows": [wrong]})
        holds(odd, "/api/v1/features/online", {"requests": [wrong]})
        holds(odd, "/api/v1/features/online", {"features": ["all_types:d"], "rows": [{"thing_id": wrong}]})
        holds(odd, "/api/v1/features/erase", {"keys": {"label": wrong}})
        for name in KINDS:
            holds(odd, "/push", {"push_source_name": "all_types", "df": {"thing_id": [900], "seen": [at(1)], **{n: [None] for n in KINDS}, name: [wrong]}})
        for name in ("thing_id", "seen"):
            holds(odd, "/push", {"push_source_name": "all_types", "df": {"thing_id": [900], "seen": [at(1)], **{n: [None] for n in KINDS}, name: [wrong]}})


@pytest.mark.parametrize("odd", ["lmdb"], indirect=True)
@pytest.mark.parametrize("path, name, wrong", [
    ("/materialize", "end_ts", 5), ("/materialize", "wait", "no"), ("/materialize-incremental", "end_ts", []), ("/api/v1/features/erase", "offline", "false"), ("/api/v1/features/erase", "view", 7),
    ("/get-online-features", "full_feature_names", "yes"), ("/api/v1/features/online", "statuses", 1), ("/api/v1/features/online", "requests", {}), ("/push", "to", 5), ("/api/v1/features/verify", "entities", "all"),
])
def test_what_has_a_wrong_type_is_not_passed_over(odd, path, name, wrong):
    """Taking the default instead would do something else than was asked for: erase more, materialise up to now."""
    assert holds(odd, path, {**GOOD[path], name: wrong}) >= 400


def test_times_out_of_reach(odd):
    for time in [-9223372036854, 9223372036854, 2**63 - 1, -2**63, 9.2e12, -9.2e12, 253402300800, "10000-01-01T00:00:00Z", "infinity", "-infinity", "0000-00-00", "2026-02-30T00:00:00Z"]:
        answer = push(odd, "by_label", {"label": ["far"], "seen": [time], "v": [1]})
        assert (answer["written"], answer["rejected"]) == (0, 1), (time, answer)
    assert column(ask(odd, ["by_label:v"], {"label": ["far"]}), "v") == [(None, "NOT_FOUND")]


@pytest.mark.parametrize("odd", ["lmdb"], indirect=True)  # what is refused never reaches a store
def test_limits(odd):
    assert holds(odd, "/get-online-features", {"features": ["all_types:d"], "entities": {"thing_id": list(range(10000))}}) == 200
    assert holds(odd, "/get-online-features", {"features": ["all_types:d"], "entities": {"thing_id": list(range(10001))}}) >= 400
    assert holds(odd, "/get-online-features", {"features": ["all_types:d"] * 10001, "entities": {"thing_id": [1]}}) >= 400
    assert holds(odd, "/api/v1/features/online", {"requests": [{"features": ["all_types:d"], "rows": []}] * 101}) >= 400
    wide = {"features": ["all_types"], "rows": [{"thing_id": i} for i in range(10000)]}
    assert holds(odd, "/api/v1/features/online", {"requests": [wide] * 20}) >= 400  # what all the requests ask for together is bounded
    n = 100001
    assert holds(odd, "/push", {"push_source_name": "by_label", "df": {"label": ["a"] * n, "seen": [1] * n, "v": [1] * n}}) >= 400
    assert holds(odd, "/push", {"push_source_name": "by_label", "df": {"label": ["k" * 70000], "seen": [at(1)], "v": [1]}}) >= 400
    assert odd.call("POST", "/push", b"{\"df\":\"" + b"x" * (17 << 20) + b"\"}", headers={"Content-Type": "application/json"}).status in (400, 413)
