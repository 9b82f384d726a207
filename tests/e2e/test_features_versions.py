"""Versions of a pushed view side by side: their values online and offline, what a prune and an erasure take of them; and how long the
store keeps what it wrote down of its runs and of rows that it rejected."""
import datetime
import threading

import pytest

from conftest import Server, until
from test_features_online import ask, column

EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
NOW = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
PROJECT = """
name: kept
domains: [{name: x}]
entities: [{name: thing, domain: x, key: thing_id, type: int64}]
feature_views:
  - name: plain
    domain: x
    entities: [thing]
    push: true
    time: seen
    ttl: 2d
    online: true
    features: [FEATURES]
"""
FIRST = "{name: a, type: int64}, {name: b, type: double}"
OTHER_TYPE = "{name: a, type: string}, {name: b, type: double}"
WIDER = FIRST + ", {name: c, type: int64}"


def hours(ago):
    return (NOW - datetime.timedelta(hours=ago)).isoformat()


def z(time):
    return time.replace("+00:00", "Z")


def declare(server, features):
    with open(server.project + "/weir.yml", "w") as file:
        file.write(PROJECT.replace("FEATURES", features))
    server.cli("apply", "--yes")


@pytest.fixture
def kept(tmp_path):
    server = Server(tmp_path)
    declare(server, FIRST)
    server.start()
    yield server
    if server.process:
        assert server.stop() == 0, server.tail()


def push(server, view, ids, ago=1, to="online_and_offline", **values):
    df = {"thing_id": ids, "seen": [hours(ago)] * len(ids), **values}
    answer = server.call("POST", "/push", {"push_source_name": view, "to": to, "df": df})
    assert answer.status == 200, answer.text
    return answer.json()


def materialise(server, path="/materialize-incremental", view="plain", **more):
    answer = server.call("POST", path, {"feature_views": [view], **more})
    assert answer.status == 200, answer.text
    return answer.json()


def intervals(server):
    return server.call("GET", "/api/v1/features/materialised?view=plain").json()["intervals"]


def tables(server):
    return sorted(name for name, in server.query("SELECT table_name FROM information_schema.tables WHERE table_name LIKE '%push%plain%'", database="x"))


def prune(server, version, status=200):
    answer = server.call("POST", "/api/v1/features/prune", {"version": version})
    assert answer.status == status, answer.text
    return answer.json()


def test_a_type_that_changed_leaves_both_versions_online(kept):
    """1 only in v1, 2 in both, 3 only in v2, 4 a null in v2, 5 too old in v1: each under its own version and type, with its own status."""
    push(kept, "plain", [1, 2], a=[10, 20], b=[0.1, 0.2])
    push(kept, "plain", [5], ago=49, a=[50], b=[0.5])
    declare(kept, OTHER_TYPE)
    push(kept, "plain", [2, 3, 4], a=["twenty", "3", None], b=[2.0, 3.0, 4.0])
    push(kept, "plain@v1", [2], ago=0.5, a=[21], b=[0.21])  # the old one is still written
    asked = {"thing_id": [1, 2, 3, 4, 5, 6]}
    old = [(10, "PRESENT"), (21, "PRESENT"), (None, "NOT_FOUND"), (None, "NOT_FOUND"), (50, "OUTSIDE_MAX_AGE"), (None, "NOT_FOUND")]
    new = [(None, "NOT_FOUND"), ("twenty", "PRESENT"), ("3", "PRESENT"), (None, "NULL_VALUE"), (None, "NOT_FOUND"), (None, "NOT_FOUND")]
    assert column(ask(kept, ["plain@v1:a"], asked), "a") == old
    assert column(ask(kept, ["plain@v2:a"], asked), "a") == column(ask(kept, ["plain:a"], asked), "a") == new
    both = ask(kept, ["plain@v1:a", "plain@v2:a"], asked, full_feature_names=True)
    assert [list(zip(r["values"], r["statuses"])) for r in both["results"][1:]] == [old, new]
    assert kept.call("POST", "/push", {"push_source_name": "plain", "to": "online", "df": {"thing_id": [1], "seen": [hours(0)], "a": [7], "b": [0.0]}}).json()["rejected"] == 1
    kept.kill()
    kept.start()
    assert column(ask(kept, ["plain@v1:a"], asked), "a") == old and column(ask(kept, ["plain:a"], asked), "a") == new


def test_a_pruned_version_takes_its_pushed_rows_along(kept):
    push(kept, "plain", [1, 2], a=[10, 20], b=[0.1, 0.2])
    materialise(kept)
    declare(kept, OTHER_TYPE)
    push(kept, "plain", [2], a=["twenty"], b=[2.0])
    materialise(kept)
    before = tables(kept)
    assert len(before) == 2
    assert prune(kept, "plain@v1")["online_rows"] == 2
    assert tables(kept) == [name for name in before if name.endswith("_v2")]
    assert {one["version"] for one in intervals(kept)} == {2}
    assert "no version" in kept.call("POST", "/push", {"push_source_name": "plain@v1", "to": "online", "df": {"thing_id": [1], "seen": [hours(0)], "a": [7], "b": [0.0]}}).text
    kept.kill()
    kept.start()
    assert len(tables(kept)) == 1 and column(ask(kept, ["plain:a"], {"thing_id": [2]}), "a") == [("twenty", "PRESENT")]
    assert push(kept, "plain", [3], a=["three"], b=[3.0])["written"] == 1


def test_a_kill_in_the_middle_of_a_prune(kept):
    """The rows went first: none are left that no erasure finds, and the same prune ends what is left."""
    push(kept, "plain", [1], a=[10], b=[0.1])
    declare(kept, OTHER_TYPE)
    kept.kill()
    kept.env["WEIR_FAULT"] = "drop.between=kill"
    kept.start()
    with pytest.raises(OSError):
        kept.call("POST", "/api/v1/features/prune", {"version": "plain@v1"})
    kept.process.wait(timeout=60)
    del kept.env["WEIR_FAULT"]
    kept.start()
    prune(kept, "plain@v1")
    assert [name for name in tables(kept) if not name.endswith("_v2")] == []
    assert push(kept, "plain", [1], a=["one"], b=[0.1])["written"] == 1


def test_an_erasure_does_not_come_between_the_halves_of_a_push(kept):
    """Whoever comes first: nothing is left of the entity, or all of it; never a value online without its row."""
    kept.kill()
    kept.env["WEIR_FAULT"] = "features-push-between=sleep:700"
    kept.start()
    pushing = threading.Thread(target=push, args=(kept, "plain", [1]), kwargs={"a": [10], "b": [0.1]})
    pushing.start()
    until(lambda: tables(kept) and kept.query("SELECT a FROM x." + tables(kept)[0], database="x") == [[10]], "the offline half of a push")
    erased = kept.call("POST", "/api/v1/features/erase", {"keys": {"thing_id": 1}, "view": "plain"}).json()
    pushing.join()
    assert (erased["offline_rows"], erased["online_rows"]) == (1, 1)
    assert column(ask(kept, ["plain:a"], {"thing_id": [1]}), "a") == [(None, "NOT_FOUND")]
    del kept.env["WEIR_FAULT"]


def test_a_table_that_another_version_or_a_model_reads_stays(kept):
    push(kept, "plain", [1], a=[10], b=[0.1])
    declare(kept, WIDER)
    assert len(tables(kept)) == 1
    push(kept, "plain", [1], a=[10], b=[0.1], c=[1])
    prune(kept, "plain@v1")
    assert kept.query("SELECT a FROM x." + tables(kept)[0], database="x") == [[10], [10]]
    with open(kept.project + "/reader.sql", "w") as file:
        file.write("SELECT thing_id, a FROM x." + tables(kept)[0])
    declare(kept, OTHER_TYPE)
    refused = prune(kept, "plain@v2", status=409)
    assert "`main.reader` reads" in refused["detail"], refused
    assert len(tables(kept)) == 2 and column(ask(kept, ["plain@v2:a"], {"thing_id": [1]}), "a") == [(10, "PRESENT")]


def test_a_table_that_the_sql_of_another_view_reads_stays(kept):
    def derived(features):
        with open(kept.project + "/weir.yml", "w") as file:
            file.write(PROJECT.replace("FEATURES", features) + "  - {name: derived, domain: x, entities: [thing], time: seen, "
                       "sql: 'SELECT thing_id, seen, a FROM x._weir_push__plain', features: [{name: a, type: int64}]}\n")
        kept.cli("apply", "--yes")

    push(kept, "plain", [1], a=[10], b=[0.1])
    derived(FIRST)
    derived(OTHER_TYPE)
    assert "feature_view `x.derived` reads" in prune(kept, "plain@v1", status=409)["detail"]
    assert materialise(kept, view="derived")["views"][0]["written"] == 1
    declare(kept, OTHER_TYPE)
    prune(kept, "plain@v1")
    assert tables(kept) == ["_weir_push__plain_v2"]


def test_columns_of_a_pruned_version_stay_and_new_ones_come(kept):
    """As many columns after the prune and the next version as before: one went from the definitions, one came."""
    push(kept, "plain", [1], a=[10], b=[0.1])
    declare(kept, "{name: b, type: double}, {name: c, type: int64}")
    prune(kept, "plain@v1")
    declare(kept, "{name: b, type: double}, {name: c, type: int64}, {name: d, type: int64}")
    push(kept, "plain", [2], b=[0.2], c=[2], d=[4])
    kept.kill()
    kept.start()
    assert kept.query("SELECT thing_id, a, b, c, d FROM x._weir_push__plain ORDER BY ALL", database="x") == [[1, 10, 0.1, None, None], [2, None, 0.2, 2, 4]]


def test_a_feature_that_comes_back_with_another_type_has_a_table_of_its_own(kept):
    push(kept, "plain", [1], a=[10], b=[0.1])
    declare(kept, "{name: b, type: double}")
    push(kept, "plain", [1], b=[0.2])
    declare(kept, "{name: b, type: double}, {name: a, type: string}")
    push(kept, "plain", [1], b=[0.3], a=["ten"])
    assert tables(kept) == ["_weir_push__plain", "_weir_push__plain_v3"]
    kept.kill()
    kept.start()  # and it is the same version still
    assert [one["version"] for one in kept.call("GET", "/api/v1/features/history?view=plain").json()["versions"]] == [3, 2, 1]
    push(kept, "plain", [2], b=[0.4], a=["two"])
    assert column(ask(kept, ["plain:a", "plain@v1:a"], {"thing_id": [1]}, full_feature_names=True), "plain__a") == [("ten", "PRESENT")]


def test_an_erasure_reaches_the_rows_of_every_version(kept):
    push(kept, "plain", [1, 2], a=[10, 20], b=[0.1, 0.2])
    declare(kept, WIDER)  # v2 reads v1's table
    declare(kept, OTHER_TYPE)
    push(kept, "plain", [1, 2], a=["ten", "twenty"], b=[1.0, 2.0])
    push(kept, "plain@v2", [1], ago=0.5, a=[11], b=[0.1], c=[1])
    answer = kept.call("POST", "/api/v1/features/erase", {"keys": {"thing_id": 1}, "view": "plain"}).json()
    assert (answer["online_rows"], answer["offline_rows"]) == (3, 3), answer
    for table in tables(kept):
        assert kept.query(f"SELECT DISTINCT thing_id FROM x.{table}", database="x") == [[2]], table
    for view in ("plain@v1", "plain@v2"):
        materialise(kept, view=view)
    materialise(kept)
    for view in ("plain@v1", "plain@v2", "plain@v3"):
        assert column(ask(kept, [view + ":b"], {"thing_id": [1]}), "b") == [(None, "NOT_FOUND")], view


def test_old_runs_are_folded_into_the_intervals_that_they_make_up(kept):
    for i in range(10):
        push(kept, "plain", [i], ago=10 - i, to="offline", a=[i], b=[0.5])
    for start, end in ((10, 8), (8, 6), (3, 2), (6.5, 5)):  # 10 to 5 without a gap; 3 to 2 apart
        materialise(kept, "/materialize", start_ts=hours(start), end_ts=hours(end))
    before = intervals(kept)
    assert len(before) == 4 and {one["slices"] for one in before} == {1}
    status = kept.call("GET", "/api/v1/features/status?view=plain").json()["views"][0]
    assert kept.stop() == 0
    kept.env["WEIR_FEATURES_HISTORY_KEEP"] = "1ms"
    kept.start()
    until(lambda: len(intervals(kept)) == 2, lambda: f"{intervals(kept)}")
    apart, whole = sorted(intervals(kept), key=lambda one: one["slices"])
    assert (apart["slices"], whole["slices"]) == (1, 3)
    for name in ("read", "written", "late", "rejected"):
        assert apart[name] + whole[name] == sum(one[name] for one in before), name
    assert whole["at"] == before[0]["at"] and apart["at"] == before[1]["at"]
    after = kept.call("GET", "/api/v1/features/status?view=plain").json()["views"][0]
    assert after["materialised_to"] == status["materialised_to"] == z(hours(5))
    done = materialise(kept, end_ts=hours(0))  # goes on where nothing was left out, and reads the gap
    assert [one["start"] for one in done["views"]] == [z(hours(5))], done
    assert column(ask(kept, ["plain:a"], {"thing_id": list(range(10))}), "a") == [(i, "PRESENT") for i in range(10)]


CHECKED = "{name: a, type: int64, checks: [{between: [0, 9]}]}, {name: b, type: double}"


def test_rejected_rows_are_kept_as_long_and_as_many_as_the_settings_say(kept):
    def rejects():
        return [one["row"] for one in kept.call("GET", "/api/v1/features/rejects?view=plain&limit=1000").json()["rejects"]]

    declare(kept, CHECKED)
    for i in range(3):
        assert push(kept, "plain", [i] * 10, ago=1, a=[100 * i + j for j in range(100, 110)], b=["NaN"] * 10)["rejected"] == 10
    assert len(rejects()) == 30 and all('"NaN"' in row and '"reason"' in row for row in rejects())
    assert kept.stop() == 0
    kept.env["WEIR_FEATURES_REJECTS_MAX"] = "10"
    kept.start()
    until(lambda: len(rejects()) == 10, lambda: f"{rejects()}")
    assert all('"thing_id":2' in row.replace(" ", "") for row in rejects())  # the newest
    assert kept.stop() == 0
    kept.env["WEIR_FEATURES_REJECTS_KEEP"] = "1ms"
    kept.start()
    until(lambda: rejects() == [], lambda: f"{rejects()}")


KEYED_BY_TIME = """
name: kept
domains: [{name: x}]
entities: [{name: moment, domain: x, key: happened, type: timestamp}]
feature_views:
  - {name: plain, domain: x, entities: [moment], push: true, time: seen, features: [{name: a, type: int64, checks: [{between: [0, 9]}]}]}
  - {name: many, domain: x, inputs: ["plain:a"], features: [{name: e, type: int64, expr: "generate_subscripts([a, a, a], 1)"}]}
"""


@pytest.fixture
def moments(tmp_path):
    server = Server(tmp_path)
    (tmp_path / "weir.yml").write_text(KEYED_BY_TIME)
    server.cli("apply", "--yes")
    with server.served():
        yield server


def test_an_erasure_takes_rejected_rows_however_their_key_was_written(moments):
    for key in ("2026-01-01T00:00:00Z", "2026-01-01 00:00:00", "2026-01-01T08:00:00+08:00", 1767225600, 1767225600.0, "2026-01-01T00:00:01Z"):
        df = {"happened": [key], "seen": [hours(1)], "a": [100]}
        assert moments.call("POST", "/push", {"push_source_name": "plain", "to": "online", "df": df}).json()["rejected"] == 1
    assert moments.call("POST", "/api/v1/features/erase", {"keys": {"happened": "2026-01-01T00:00:00Z"}}).status == 200
    left = moments.call("GET", "/api/v1/features/rejects?view=plain").json()["rejects"]
    assert len(left) == 1 and "00:00:01Z" in left[0]["row"], left


def test_an_expression_that_makes_several_rows_of_one_is_an_error(moments):
    """There is room for one value a row; the others would be written behind it."""
    keys = [1767225600 + i for i in range(2000)]
    df = {"happened": keys, "seen": [hours(1)] * 2000, "a": [1] * 2000}
    assert moments.call("POST", "/push", {"push_source_name": "plain", "to": "online", "df": df}).json()["written"] == 2000
    answer = moments.call("POST", "/get-online-features", {"features": ["many:e"], "entities": {"happened": keys}})
    assert answer.status == 422 and "one value a row" in answer.text, answer.text[:300]
    rows = {"happened": ["2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z"], "event_timestamp": ["2026-01-02T00:00:00Z"] * 2}
    job = moments.call("POST", "/api/v1/features/historical", {"features": ["many:e"], "wait": 30, "entities": {"rows": rows}}).json()
    assert job["state"] == "failed" and "one value a row" in job["error"]["detail"], job
    with open(moments.project + "/weir.yml", "w") as file:
        file.write(KEYED_BY_TIME.replace("generate_subscripts([a, a, a], 1)", "1 + unnest([a, a])"))
    refused = moments.cli("plan", check=False)
    assert refused.returncode == 2 and "it makes several rows of one" in refused.stdout + refused.stderr
    with open(moments.project + "/weir.yml", "w") as file:
        file.write(KEYED_BY_TIME.replace("generate_subscripts([a, a, a], 1)", "(SELECT sum(x)::BIGINT FROM unnest([a, a]) AS t(x))"))
    moments.cli("plan")
