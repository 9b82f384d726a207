"""Features online: materialise, push, read, statuses, late rows, erase; as Feast's clients ask and as Weir's do."""
import contextlib
import datetime
import os
import pathlib
import random
import re
import signal
import threading

import pytest

from conftest import Server, until
from online import ask, at, column, materialise, online_server, push, redis_at, redis_info, stamp

PROJECT = """
name: rides
domains: [{name: trips}]
entities:
  - {name: driver, domain: trips, key: driver_id, type: int64}
  - {name: place, domain: trips, key: place_name, type: string}
tables:
  - name: ods_driver_stats
    domain: trips
    model: duplicate
    columns:
      - {name: driver_id, type: bigint}
      - {name: seen, type: "datetime(6)"}
      - {name: created, type: "datetime(6)"}
      - {name: conv_rate, type: double}
      - {name: trips, type: int}
      - {name: note, type: string}
  - name: ods_place
    domain: trips
    model: duplicate
    columns:
      - {name: place_name, type: string}
      - {name: seen, type: "datetime(6)"}
      - {name: heat, type: double}
feature_views:
  - name: driver_stats
    domain: trips
    entities: [driver]
    source: ods_driver_stats
    time: seen
    created: created
    ttl: 1d
    online: true
    features:
      - {name: conv_rate, type: double}
      - {name: trips, type: int32}
      - {name: busy, type: bool, expr: "trips > 10"}
      - {name: note, type: string}
  - name: place_heat
    domain: trips
    entities: [place]
    source: ods_place
    time: seen
    online: true
    features: [{name: heat, type: double, default: 0.5}]
feature_services:
  - {name: ranker, domain: trips, features: [driver_stats, "place_heat:heat"]}
"""


@pytest.fixture(scope="module", params=["lmdb", "redis"])
def rides(request, tmp_path_factory):
    with online_server(tmp_path_factory.mktemp("rides"), PROJECT, request.param) as server:
        yield server


def stats(driver, hours, rate, trips=1, note="n", created=0.0):
    return {"driver_id": driver, "seen": at(hours), "created": at(created), "conv_rate": rate, "trips": trips, "note": note}


def load(server, rows):
    lines = "".join(f"{d},{stamp(h)},{stamp(c)},{r},{t},{n}\n" for d, h, c, r, t, n in rows)
    answer = server.load("ods_driver_stats", lines, db="trips", column_separator=",")
    assert answer["Status"] == "Success", answer


def test_newest_row_of_each_entity_is_read(rides):
    load(rides, [(1, 3, 3, 0.1, 5, "old"), (1, 1, 1, 0.3, 11, "new"), (2, 2, 2, "\\N", 7, "x"), (3, 2, 2, 0.5, 1, "first"), (3, 2, 1, 0.7, 2, "second")])
    done = materialise(rides, "driver_stats", start_ts=at(5), end_ts=at(0))
    assert (done["driver_stats"]["read"], done["driver_stats"]["written"]) == (3, 3)
    answer = ask(rides, ["driver_stats:conv_rate", "driver_stats:busy", "driver_stats:note"], {"driver_id": [1, 2, 3, 99]})
    assert answer["metadata"]["feature_names"] == ["driver_id", "conv_rate", "busy", "note"]
    assert column(answer, "conv_rate") == [(0.3, "PRESENT"), (None, "NULL_VALUE"), (0.7, "PRESENT"), (None, "NOT_FOUND")]
    assert column(answer, "busy") == [(True, "PRESENT"), (False, "PRESENT"), (False, "PRESENT"), (None, "NOT_FOUND")]
    assert column(answer, "note")[2] == ("second", "PRESENT")
    assert column(answer, "driver_id") == [(1, "PRESENT"), (2, "PRESENT"), (3, "PRESENT"), (99, "PRESENT")]
    times = answer["results"][1]["event_timestamps"]
    assert times[0] == at(1).replace("+00:00", "Z") and times[3] == "1970-01-01T00:00:00Z"


def test_late_rows_are_found_by_when_they_came(rides):
    load(rides, [(10, 3, 3, 0.1, 1, "a")])
    materialise(rides, "driver_stats")
    load(rides, [(11, 4, 4, 0.9, 1, "late")])  # its event time lies behind the last end
    done = materialise(rides, "driver_stats")["driver_stats"]
    assert done["late"] >= 1
    assert column(ask(rides, ["driver_stats:conv_rate"], {"driver_id": [10, 11]}), "conv_rate") == [(0.1, "PRESENT"), (0.9, "PRESENT")]
    assert materialise(rides, "driver_stats")["driver_stats"]["written"] == 0
    intervals = rides.call("GET", "/api/v1/features/materialised?view=driver_stats").json()["intervals"]
    assert len(intervals) >= 3 and intervals[0]["start"] <= intervals[0]["end"]


def test_pushed_value_is_read_by_the_next_call(rides):
    for i in range(20):
        assert push(rides, "driver_stats", [stats(20, 1 - i / 100, i / 10, i)])["written"] == 1
        assert column(ask(rides, ["driver_stats:conv_rate"], {"driver_id": [20]}), "conv_rate") == [(i / 10, "PRESENT")]


def test_older_and_equal_rows_are_skipped_by_every_way_in(rides):
    assert push(rides, "driver_stats", [stats(21, 1, 0.5, created=1)])["written"] == 1
    assert push(rides, "driver_stats", [stats(21, 2, 0.1, created=0)])["skipped"] == 1
    assert push(rides, "driver_stats", [stats(21, 1, 0.2, created=1)])["skipped"] == 1
    assert push(rides, "driver_stats", [stats(21, 1, 0.6, created=0.5)])["written"] == 1
    load(rides, [(21, 1.5, 0, 0.9, 1, "x")])
    materialise(rides, "driver_stats")
    assert column(ask(rides, ["driver_stats:conv_rate"], {"driver_id": [21]}), "conv_rate") == [(0.6, "PRESENT")]


def test_null_is_written_over_a_value(rides):
    push(rides, "driver_stats", [stats(22, 2, 0.5)])
    push(rides, "driver_stats", [stats(22, 1, None, note=None)])
    answer = ask(rides, ["driver_stats:conv_rate", "driver_stats:note"], {"driver_id": [22]})
    assert column(answer, "conv_rate") == [(None, "NULL_VALUE")] and column(answer, "note") == [(None, "NULL_VALUE")]


def test_statuses(rides):
    """ttl is a day: a row of a day and a second ago is outside, its value still told; ttl 0 never is."""
    push(rides, "driver_stats", [stats(30, 24.1, 0.5), stats(31, 23.5, 0.6)])
    push(rides, "place_heat", [{"place_name": "old town", "seen": at(24 * 400), "heat": 0.25}])
    answer = ask(rides, "ranker", {"driver_id": [30, 31, 32, None, 31], "place_name": ["old town", "nowhere", None, "old town", "old town"]})
    rates = column(answer, "conv_rate")
    assert rates == [(0.5, "OUTSIDE_MAX_AGE"), (0.6, "PRESENT"), (None, "NOT_FOUND"), (None, "NOT_FOUND"), (0.6, "PRESENT")]
    assert column(answer, "heat") == [(0.25, "PRESENT"), (0.5, "NOT_FOUND"), (0.5, "NOT_FOUND"), (0.25, "PRESENT"), (0.25, "PRESENT")]
    full = ask(rides, ["driver_stats:trips"], {"driver_id": [31]}, full_feature_names=True)
    assert full["metadata"]["feature_names"] == ["driver_id", "driver_stats__trips"]


def test_rows_that_do_not_fit_are_rejected_and_stop_nothing(rides):
    rows = [stats(40, 1, 0.5), stats(41, 1, "much"), stats(None, 1, 0.5), stats(42, 1, 0.7, trips=1 << 40), dict(stats(43, 1, 0.8), seen=None), stats(44, 1, 0.9)]
    answer = push(rides, "driver_stats", rows)
    assert (answer["rows"], answer["written"], answer["rejected"]) == (6, 2, 4)
    assert [(r["row"], r["column"]) for r in answer["rejects"]] == [(1, "conv_rate"), (2, "driver_id"), (3, "trips"), (4, "seen")]
    assert column(ask(rides, ["driver_stats:conv_rate"], {"driver_id": [40, 41, 44]}), "conv_rate") == [(0.5, "PRESENT"), (None, "NOT_FOUND"), (0.9, "PRESENT")]


def test_push_offline_is_in_the_warehouse(rides):
    push(rides, "driver_stats", [stats(50, 1, 0.5), stats(51, 1, 0.6)], to="online_and_offline")
    assert rides.query("SELECT driver_id, conv_rate FROM ods_driver_stats WHERE driver_id >= 50 AND driver_id < 60 ORDER BY 1", database="trips") == [[50, 0.5], [51, 0.6]]
    push(rides, "driver_stats", [stats(52, 1, 0.7)], to="offline")
    assert column(ask(rides, ["driver_stats:conv_rate"], {"driver_id": [50, 52]}), "conv_rate") == [(0.5, "PRESENT"), (None, "NOT_FOUND")]
    materialise(rides, "driver_stats")
    assert column(ask(rides, ["driver_stats:conv_rate"], {"driver_id": [52]}), "conv_rate") == [(0.7, "PRESENT")]


def test_what_is_missing_is_named(rides):
    answer = ask(rides, ["driver_stats:conv_rat"], {"driver_id": [1]}, status=404)
    assert "conv_rat" in answer["detail"] and "conv_rate" in str(answer)
    answer = ask(rides, ["driver_stats:conv_rate"], {"driver": [1]}, status=422)
    assert "driver_id" in answer["detail"] and "`driver`" in answer["detail"]
    answer = ask(rides, ["driver_stats:conv_rate"], {"driver_id": ["1"]}, status=400)
    assert "driver_id" in answer["detail"]
    ask(rides, ["driver_stats:conv_rate", "place_heat:heat"], {"driver_id": [1, 2], "place_name": ["x"]}, status=422)
    answer = rides.call("POST", "/materialize", {"start_ts": at(0), "end_ts": at(1), "feature_views": ["driver_stats"]})
    assert answer.status == 400


def test_rows_and_many_requests(rides):
    push(rides, "driver_stats", [stats(60, 1, 0.5, note="é ❤ \"quoted\"")])
    one = {"features": ["driver_stats:conv_rate", "driver_stats:note"], "rows": [{"driver_id": 60}, {"driver_id": 61}]}
    answer = rides.call("POST", "/api/v1/features/online", {**one, "statuses": True}).json()
    assert answer["rows"][0] == {"conv_rate": 0.5, "note": "é ❤ \"quoted\"", "_status": {"conv_rate": "PRESENT", "note": "PRESENT"}}
    assert answer["rows"][1]["_status"]["note"] == "NOT_FOUND"
    answer = rides.call("POST", "/api/v1/features/online", {"requests": [one, {"service": "ranker", "rows": [{"driver_id": 60, "place_name": "x"}]}]}).json()
    assert answer["answers"][0]["rows"][0]["conv_rate"] == 0.5 and answer["answers"][1]["rows"][0]["heat"] == 0.5


def test_erase_takes_one_entity_everywhere(rides):
    push(rides, "driver_stats", [stats(70, 1, 0.5), stats(71, 1, 0.6)], to="both")
    answer = rides.call("POST", "/api/v1/features/erase", {"keys": {"driver_id": 70}}).json()
    assert answer == {"online_rows": 1, "offline_rows": 1}
    assert column(ask(rides, ["driver_stats:conv_rate"], {"driver_id": [70, 71]}), "conv_rate") == [(None, "NOT_FOUND"), (0.6, "PRESENT")]
    assert rides.query("SELECT count(*) FROM ods_driver_stats WHERE driver_id = 70", database="trips") == [[0]]
    assert rides.call("POST", "/api/v1/features/erase", {"keys": {"nobody": 1}}).status == 422


def test_rights(rides):
    assert rides.call("POST", "/get-online-features", {"features": ["driver_stats:trips"], "entities": {"driver_id": [1]}}, user=None).status == 401
    rides.cli("user", "add", "guest", "--password-stdin", input="guest-password\n")
    answer = rides.call("POST", "/get-online-features", {"features": ["driver_stats:trips"], "entities": {"driver_id": [1]}}, user="guest", password="guest-password")
    assert answer.status == 403


KILLS = int(os.environ.get("WEIR_KILLS", "9"))
AIMED = ["features-materialise-put", "features-materialise-record", "online.commit", "online.committed"]


@pytest.mark.parametrize("seed", range(3))
def test_killed_while_writing(tmp_path, seed):
    """Whatever is killed: what a push acknowledged is there, and nothing older stands over something newer.

    WEIR_KILLS sets how many kills there are; each second one is aimed at a place between a write and what says it was done."""
    (tmp_path / "weir.yml").write_text(PROJECT)
    server = Server(tmp_path)
    server.cli("apply", "--yes")
    rng = random.Random(seed)
    told, aimed = {}, 0
    rounds = -(-KILLS // 3)
    for round_ in range(rounds):
        point = rng.choice(AIMED) if round_ % 2 else None
        server.env["WEIR_FAULT"] = f"{point}=kill@{rng.randrange(3, 12)}" if point else ""
        server.start()
        stop = threading.Event()

        def write():
            for i in range(10000):
                driver = rng.randrange(20)
                value = round_ * 10000 + i
                try:
                    push(server, "driver_stats", [stats(driver, 20 - 19 * value / (10000 * rounds), value)], to="online_and_offline")
                    told[driver] = max(told.get(driver, 0), value)
                except Exception:  # noqa: BLE001 the server was killed under it
                    return
                if stop.is_set():
                    return

        def fill():
            while not stop.is_set():
                try:
                    materialise(server, "driver_stats")
                except Exception:  # noqa: BLE001
                    return

        threads = [threading.Thread(target=write), threading.Thread(target=fill)]
        for thread in threads:
            thread.start()
        if point:
            until(lambda: server.process.poll() is not None, lambda: f"{server.env['WEIR_FAULT']} did not come to pass")
            aimed += server.process.returncode == -signal.SIGKILL
        else:
            stop.wait(rng.uniform(0.1, 0.6))
        server.kill()
        stop.set()
        for thread in threads:
            thread.join()
    assert aimed == rounds // 2
    server.env["WEIR_FAULT"] = ""
    server.start()
    drivers = sorted(told)
    before = dict(zip(drivers, (v for v, _ in column(ask(server, ["driver_stats:conv_rate"], {"driver_id": drivers}), "conv_rate"))))
    assert all(before[d] is not None and before[d] >= told[d] for d in drivers)
    newest = dict(map(tuple, server.query("SELECT driver_id, max(conv_rate) FROM ods_driver_stats GROUP BY 1", database="trips")))
    materialise(server, "driver_stats")
    after = dict(zip(drivers, (v for v, _ in column(ask(server, ["driver_stats:conv_rate"], {"driver_id": drivers}), "conv_rate"))))
    assert after == {d: newest[d] for d in drivers}
    server.stop()


def test_redis_that_stops_answering_is_said_and_harms_nothing(tmp_path):
    """A Redis that hangs: calls end with what is wrong, in the time that is set for it; after it, all goes on."""
    (tmp_path / "weir.yml").write_text(PROJECT)
    with contextlib.ExitStack() as stack:
        server = Server(tmp_path, {"WEIR_FEATURES_ONLINE": "redis", "WEIR_FEATURES_REDIS": stack.enter_context(redis_at(tmp_path))})
        server.cli("apply", "--yes")
        stack.enter_context(server.served())
        pid = int(re.search(r"process_id:(\d+)", redis_info(tmp_path)).group(1))
        push(server, "driver_stats", [stats(1, 2, 0.5)])
        asked = {"features": ["driver_stats:conv_rate"], "entities": {"driver_id": [1, 2]}}
        os.kill(pid, signal.SIGSTOP)
        try:
            for path, body in (("/get-online-features", asked), ("/push", {"push_source_name": "driver_stats", "df": {n: [v] for n, v in stats(2, 1, 0.7).items()}}),
                               ("/materialize-incremental", {"feature_views": ["driver_stats"]}), ("/api/v1/features/erase", {"keys": {"driver_id": 2}})):
                load(server, [(3, 1, 1, 0.9, 1, "x")])
                answer = server.call("POST", path, body)
                assert answer.status in (502, 503, 504) and "edis" in answer.json()["detail"], (path, answer.text)
        finally:
            os.kill(pid, signal.SIGCONT)
        until(lambda: server.call("POST", "/get-online-features", asked).status == 200, "reads do not go on")
        push(server, "driver_stats", [stats(2, 0.5, 0.8)])
        materialise(server, "driver_stats")
        assert column(ask(server, ["driver_stats:conv_rate"], {"driver_id": [1, 2, 3]}), "conv_rate") == [(0.5, "PRESENT"), (0.8, "PRESENT"), (0.9, "PRESENT")]


TRUST = """
name: rides
domains: [{name: trips}]
entities:
  - {name: driver, domain: trips, key: driver_id, type: int64}
tables:
  - name: ods_trip
    domain: trips
    model: duplicate
    columns:
      - {name: driver_id, type: bigint}
      - {name: seen, type: "datetime(6)"}
      - {name: fare, type: double}
      - {name: city, type: string}
feature_views:
  - name: trip_last
    domain: trips
    entities: [driver]
    source: ods_trip
    time: seen
    features:
      - {name: fare, type: double, checks: [not_null, {range: {min: 0, max: 1000}}, {expr: "fare <> 13"}]}
      - {name: city, type: string, checks: [{accepted_values: [north, south]}]}
  - name: trip_sums
    domain: trips
    entities: [driver]
    source: ods_trip
    time: seen
    features:
      - {name: fare_1d, type: double, expr: "sum(fare)", window: 1d}
      - {name: trips_1d, type: int64, expr: "count(*)", window: 1d}
  - name: trip_ratio
    domain: trips
    request: [{name: asked_fare, type: double}]
    inputs: ["trip_last:fare", "trip_sums:fare_1d"]
    features:
      - {name: share, type: double, expr: "asked_fare / fare_1d"}
      - {name: dearer, type: bool, expr: "asked_fare > fare"}
"""


@pytest.fixture(scope="module")
def trust(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trust")
    (folder / "weir.yml").write_text(TRUST)
    server = Server(folder)
    server.cli("apply", "--yes")
    server.start()
    rows = [(1, 30, 5, "north"), (1, 3, 10, "north"), (1, 2, 20, "south"), (1, 1, 5000, "north"), (2, 2, 7, "west"), (2, 3, 8, "south"), (3, 1, "\\N", "north"), (4, 1, 13, "north")]
    answer = server.load("ods_trip", "".join(f"{d},{stamp(h)},{f},{c}\n" for d, h, f, c in rows), db="trips", column_separator=",")
    assert answer["Status"] == "Success", answer
    yield server
    if server.process:
        server.stop()


def test_rows_that_break_a_check_are_kept_aside(trust):
    done = materialise(trust, "trip_last")["trip_last"]
    assert (done["read"], done["rejected"]) == (2, 4)
    answer = ask(trust, ["trip_last:fare", "trip_last:city"], {"driver_id": [1, 2, 3, 4]})
    assert column(answer, "fare") == [(20, "PRESENT"), (8, "PRESENT"), (None, "NOT_FOUND"), (None, "NOT_FOUND")]
    answer = push(trust, "trip_last", [{"driver_id": 5, "seen": at(0), "fare": -1, "city": "north"}, {"driver_id": 6, "seen": at(0), "fare": 1, "city": "north"}])
    assert (answer["written"], answer["rejected"]) == (1, 1) and answer["rejects"] == [{"row": 0, "column": "fare", "reason": "fare: range"}]
    rejects = trust.call("GET", "/api/v1/features/rejects?view=trip_last").json()["rejects"]
    assert sorted(r["reason"] for r in rejects) == ["city: accepted_values", "fare: expr", "fare: not_null", "fare: range", "fare: range"]
    told = trust.cli("features", "rejects", "trip_last").stdout
    assert "fare: not_null" in told and "materialise" in told and '"fare":-1' in told.replace(" ", "")
    push(trust, "trip_last", [{"driver_id": d, "seen": at(0), "fare": -2, "city": "north"} for d in (900, 90)])
    assert trust.call("POST", "/api/v1/features/erase", {"keys": {"driver_id": 90}}).status == 200
    rejects = trust.call("GET", "/api/v1/features/rejects?view=trip_last").json()["rejects"]
    assert sum('"driver_id":900,' in r["row"] for r in rejects) == 1 and not any('"driver_id":90,' in r["row"] for r in rejects)


def test_windows_and_on_demand_features(trust):
    materialise(trust, "trip_last")
    materialise(trust, "trip_sums")
    answer = ask(trust, ["trip_sums:fare_1d", "trip_sums:trips_1d", "trip_ratio:share", "trip_ratio:dearer"], {"driver_id": [1, 2, 9], "asked_fare": [503, 3, 3]})
    assert column(answer, "fare_1d") == [(5030, "PRESENT"), (15, "PRESENT"), (None, "NOT_FOUND")]
    assert column(answer, "trips_1d")[:2] == [(3, "PRESENT"), (2, "PRESENT")]
    assert column(answer, "share") == [(0.1, "PRESENT"), (0.2, "PRESENT"), (None, "NULL_VALUE")]
    assert column(answer, "dearer") == [(True, "PRESENT"), (False, "PRESENT"), (None, "NULL_VALUE")]
    assert ask(trust, ["trip_ratio:share"], {"driver_id": [1]}, status=422)["detail"].count("asked_fare")


def test_offline_and_online_agree(trust):
    materialise(trust, "trip_sums")
    answer = trust.call("POST", "/api/v1/features/verify", {"view": "trip_sums"}).json()
    assert (answer["drawn"], answer["equal"], answer["different"]) == (4, 4, []), answer
    materialise(trust, "trip_last")
    answer = trust.call("POST", "/api/v1/features/verify", {"view": "trip_last"}).json()
    found = {(d["keys"]["driver_id"], d["feature"]): (d["offline"], d["online"]) for d in answer["different"]}
    assert found[(1, "fare")] == (5000, 20)  # a row that broke a check is not served, and verify says so
    assert trust.call("POST", "/api/v1/features/verify", {"view": "trip_ratio"}).status == 422


def test_status_tells_freshness_and_what_was_served(trust):
    for _ in range(3):
        ask(trust, ["trip_last:fare"], {"driver_id": [1, 2, 99]})
    view = trust.call("GET", "/api/v1/features/status?view=trip_last").json()["views"][0]
    assert view["online_rows"] >= 2 and 3500 < view["lag_seconds"] < 3600 * 2 and view["rejected"] >= 4
    fare = next(f for f in view["features"] if f["name"] == "fare")
    assert (fare["rows"], fare["nulls"], fare["served"] >= 9) == (8, 1, True) and 0 < fare["not_found"] < 1
    assert 'weir_features_served_total{view="trip_last",status="NOT_FOUND"}' in trust.call("GET", "/metrics").text


def test_a_backup_takes_the_online_store_along(tmp_path):
    (tmp_path / "rides").mkdir()
    (tmp_path / "rides/weir.yml").write_text(PROJECT)
    server = Server(tmp_path / "rides")
    server.cli("apply", "--yes")
    server.start()
    push(server, "place_heat", [{"place_name": "pier", "seen": at(2), "heat": 0.25}])
    server.cli("backup", str(tmp_path / "copy"))
    push(server, "place_heat", [{"place_name": "pier", "seen": at(1), "heat": 0.75}])
    assert column(ask(server, ["place_heat:heat"], {"place_name": ["pier"]}), "heat") == [(0.75, "PRESENT")]
    assert server.stop() == 0
    server.cli("restore", str(tmp_path / "copy"), "--yes")
    server.start()
    assert column(ask(server, ["place_heat:heat"], {"place_name": ["pier"]}), "heat") == [(0.25, "PRESENT")]
    assert server.stop() == 0


def test_drift_is_told_between_what_was_trained_and_what_is_served(rides):
    drivers = list(range(1000, 1200))
    push(rides, "driver_stats", [stats(d, 2, d / 1000, trips=d % 7) for d in drivers], to="both")
    asking = pathlib.Path(rides.project, "asking.csv")
    asking.write_text("driver_id,event_timestamp\n" + "".join(f"{d},{at(1)}\n" for d in drivers))
    rides.cli("features", "get-historical", "--entities", str(asking), "--features", "driver_stats:conv_rate,driver_stats:trips", "--out", str(asking.with_suffix(".parquet")))

    def psi():
        for i in range(300):
            ask(rides, ["driver_stats:conv_rate", "driver_stats:trips"], {"driver_id": [drivers[i % 200]]})
        view = rides.call("GET", "/api/v1/features/status?view=driver_stats").json()["views"][0]
        return {f["name"]: f for f in view["features"]}

    before = psi()
    push(rides, "driver_stats", [stats(d, 1, d / 1000 + 5, trips=d % 7) for d in drivers])
    after = psi()
    assert after["conv_rate"]["psi"] > before["conv_rate"]["psi"] + 0.2 and after["conv_rate"]["drift"] == "much"
    assert after["trips"]["psi"] < 0.25


def test_of_rows_that_tie_the_one_stored_last_is_materialised(rides):
    load(rides, [(d, 1, 1, 0.25, 1, "first") for d in range(2000, 2100)])
    load(rides, [(d, 1, 1, 0.75, 1, "last") for d in range(2000, 2100)])
    materialise(rides, "driver_stats")
    answer = ask(rides, ["driver_stats:conv_rate"], {"driver_id": list(range(2000, 2100))})
    assert set(column(answer, "conv_rate")) == {(0.75, "PRESENT")}
