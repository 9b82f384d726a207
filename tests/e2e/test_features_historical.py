"""Training rows: files, SQL, ranges and tables in; Parquet, CSV, JSON and tables out; by CLI with and without a server, and as jobs."""
import csv
import datetime
import io
import json
import pathlib
import random

import pytest

from conftest import ROOT, Server, until

DRIVERS = pathlib.Path(ROOT).parent / "shared/data/feature_store/driver_stats_2022.csv"
UTC = datetime.timezone.utc

TABLES = """
tables:
  - name: ods_stats_i
    columns:
      - {name: driver_id, type: bigint}
      - {name: event_timestamp, type: datetime(6)}
      - {name: created, type: datetime(6)}
      - {name: conv_rate, type: float}
      - {name: acc_rate, type: float}
      - {name: avg_daily_trips, type: int}
  - name: ods_rides_i
    columns:
      - {name: city, type: string}
      - {name: customer, type: string}
      - {name: at_time, type: datetime(6)}
      - {name: amount, type: bigint}
"""
VIEWS = """
entities:
  - {name: driver, key: driver_id, type: int64}
  - {name: city, key: city, type: string}
  - {name: customer, key: customer, type: string}
feature_views:
  - {name: stats_0, entities: [driver], source: ods_stats_i, time: event_timestamp, created: created, features: [{name: conv_rate}, {name: acc_rate}, {name: avg_daily_trips}]}
  - {name: stats_1d, entities: [driver], source: ods_stats_i, time: event_timestamp, created: created, ttl: 1d, features: [{name: conv_rate}, {name: acc_rate}, {name: avg_daily_trips}]}
  - {name: stats_2h, entities: [driver], source: ods_stats_i, time: event_timestamp, created: created, ttl: 2h, features: [{name: conv_rate}, {name: acc_rate}, {name: avg_daily_trips}]}
  - {name: rides, entities: [city, customer], source: ods_rides_i, time: at_time, features: [{name: amount}]}
  - {name: rides_7d, entities: [city, customer], source: ods_rides_i, time: at_time, features: [{name: paid, expr: sum(amount), window: 7d, type: int64}, {name: n, expr: count(*), window: 7d, type: int64}]}
  - name: sums
    request: [{name: tip, type: int64}]
    inputs: ["rides:amount"]
    features: [{name: with_tip, expr: amount + tip, type: int64}]
feature_services:
  - {name: ride_model, features: ["rides:amount", "rides_7d"]}
"""
RIDES = [("a", "x", "2026-01-01 00:00:00", 1), ("a", "x", "2026-01-03 00:00:00", 2), ("ax", "b", "2026-01-01 00:00:00", 4),
         ("00123", "x", "2026-01-02 00:00:00", 8)]


def at(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(UTC) if "Z" in text or "+" in text else \
        datetime.datetime.fromisoformat(text).replace(tzinfo=UTC)


def declared(folder):
    (folder / "domains/rides").mkdir(parents=True)
    (folder / "weir.yml").write_text("name: rides\ntimezone: UTC\ndomains:\n  - {name: rides}\n")
    (folder / "domains/rides/features.yml").write_text(TABLES + VIEWS)
    server = Server(folder)
    server.cli("apply", "--yes")
    return server


@pytest.fixture(scope="module")
def rides(tmp_path_factory):
    server = declared(tmp_path_factory.mktemp("rides"))
    server.start()
    server.load("ods_rides_i", "".join(",".join(map(str, row)) + "\n" for row in RIDES), db="rides", column_separator=",")
    if DRIVERS.exists():
        server.load("ods_stats_i", DRIVERS.read_text().split("\n", 1)[1], db="rides", column_separator=",")
    yield server
    assert server.stop() == 0, server.tail()


def entity_file(folder, text, name="rows.csv"):
    path = folder / name
    path.write_text(text)
    return str(path)


ASKED = "city,customer,event_timestamp,label\na,x,2026-01-02 00:00:00,p\na,x,2026-01-03 00:00:00,q\nax,b,2026-01-02 00:00:00,r\n00123,x,2026-02-01,s\nb,x,2026-01-02,t\n"


def retrieve(server, *words):
    return list(csv.DictReader(io.StringIO(server.cli("features", "get-historical", *words, "--out", "-", "--quiet").stdout)))


# ---- the drivers' statistics against an oracle ----------------------------------------------------------------------------

def awkward_rows(rows):
    """Random times, exact hits, one microsecond to each side, edges of both ttls, before the first, doubled, unknown."""
    rng, us = random.Random(414), datetime.timedelta(microseconds=1)
    drivers, asked = sorted({row[0] for row in rows}), []
    first, last = min(row[1] for row in rows if row[1].year > 2021), max(row[1] for row in rows)
    for _ in range(150):
        asked.append((rng.choice(drivers), first + rng.random() * (last - first)))
    for row in rng.sample(rows, 28):
        for delta in (0 * us, us, -us, datetime.timedelta(days=1), datetime.timedelta(days=1) + us, datetime.timedelta(days=1) - us,
                      datetime.timedelta(hours=2), datetime.timedelta(hours=2) + us, datetime.timedelta(hours=2) - us):
            asked.append((row[0], row[1] + delta))
    asked += [(driver, datetime.datetime(2020, 1, 1, tzinfo=UTC)) for driver in drivers]
    asked += asked[:5] + [(99999, last), (0, first)]
    return asked


def oracle(rows, driver, time, ttl):
    best = None
    for place, row in enumerate(rows):
        if row[0] == driver and row[1] <= time and (not ttl or row[1] >= time - ttl):
            best = max(best, (row[1], row[2], place)) if best else (row[1], row[2], place)
    return rows[best[2]][3:] if best else ("", "", "")


@pytest.mark.skipif(not DRIVERS.exists(), reason=f"SKIPPED: the drivers' statistics are not here: {DRIVERS}")
def test_drivers_statistics_equal_a_brute_force_oracle(rides, tmp_path):
    rows = [(int(r["driver_id"]), at(r["event_timestamp"]), at(r["created"]), r["conv_rate"], r["acc_rate"], r["avg_daily_trips"])
            for r in csv.DictReader(DRIVERS.open())]
    asked = awkward_rows(rows)
    assert len(asked) >= 414
    text = "driver_id,event_timestamp,n\n" + "".join(f"{d},{t.isoformat(timespec='microseconds')},{i}\n" for i, (d, t) in enumerate(asked))
    path, found = entity_file(tmp_path, text), 0
    for view, ttl in (("stats_0", None), ("stats_1d", datetime.timedelta(days=1)), ("stats_2h", datetime.timedelta(hours=2))):
        got = retrieve(rides, "--entities", path, "--features", view)
        assert [int(row["n"]) for row in got] == list(range(len(asked)))
        for row, (driver, time) in zip(got, asked):
            expected = oracle(rows, driver, time, ttl)
            values = tuple(row[name] and float(row[name]) for name in ("conv_rate", "acc_rate", "avg_daily_trips"))
            assert values == pytest.approx(tuple(value and float(value) for value in expected), rel=1e-6), (view, driver, time)
            found += values[0] != ""
    assert found > 500


# ---- by command line --------------------------------------------------------------------------------------------------------

def test_rows_come_back_in_order_with_all_their_columns(rides, tmp_path):
    got = retrieve(rides, "--entities", entity_file(tmp_path, ASKED), "--features", "rides:amount")
    assert [(r["label"], r["amount"]) for r in got] == [("p", "1"), ("q", "2"), ("r", "4"), ("s", "8"), ("t", "")]
    assert list(got[0]) == ["city", "customer", "event_timestamp", "label", "amount"]


def test_a_text_key_that_looks_like_a_number_is_a_text(rides, tmp_path):
    text = "city,customer,event_timestamp\n00123,x,2026-02-01\n123,x,2026-02-01\n"
    got = retrieve(rides, "--entities", entity_file(tmp_path, text), "--features", "rides:amount")
    assert [(r["city"], r["amount"]) for r in got] == [("00123", "8"), ("123", "")]


def test_a_service_with_windows_and_full_names(rides, tmp_path):
    got = retrieve(rides, "--entities", entity_file(tmp_path, ASKED), "--service", "ride_model", "--full-names")
    assert [(r["rides__amount"], r["rides_7d__paid"], r["rides_7d__n"]) for r in got] == \
        [("1", "1", "1"), ("2", "3", "2"), ("4", "4", "1"), ("8", "", "0"), ("", "", "0")]


def test_on_demand_features_need_their_request_fields(rides, tmp_path):
    path = entity_file(tmp_path, "city,customer,event_timestamp,tip\na,x,2026-01-02,10\nb,x,2026-01-02,10\n")
    got = retrieve(rides, "--entities", path, "--features", "sums:with_tip")
    assert [r["with_tip"] for r in got] == ["11", ""]
    failed = rides.cli("features", "get-historical", "--entities", entity_file(tmp_path, ASKED), "--features", "sums:with_tip", "--out", "-", check=False)
    assert failed.returncode == 2 and "`tip` (field of the request)" in failed.stderr


@pytest.mark.parametrize("suffix", ["parquet", "csv", "json", "ndjson"])
def test_each_format_goes_out_and_comes_in_again(rides, tmp_path, suffix):
    out = tmp_path / f"out.{suffix}"
    rides.cli("features", "get-historical", "--entities", entity_file(tmp_path, ASKED), "--features", "rides:amount", "--out", str(out))
    again = retrieve(rides, "--entities", str(out), "--features", "rides_7d:n")
    assert [(r["label"], r["amount"], r["n"]) for r in again] == [("p", "1", "1"), ("q", "2", "2"), ("r", "4", "1"), ("s", "8", "0"), ("t", "", "0")]
    assert not list(tmp_path.glob("*.part"))


def test_sql_asks_with_the_rights_of_the_user(rides):
    got = retrieve(rides, "--sql", "SELECT city, customer, at_time AS event_timestamp FROM rides.ods_rides_i WHERE city = 'a' ORDER BY at_time DESC",
                   "--features", "rides:amount")
    assert [r["amount"] for r in got] == ["2", "1"]
    failed = rides.cli("features", "get-historical", "--sql", "SELECT * FROM read_csv('/etc/passwd')", "--features", "rides:amount", "--out", "-", check=False)
    assert failed.returncode != 0 and "passwd" not in failed.stdout


def test_without_entities_all_rows_in_a_range_or_a_snapshot(rides):
    words = ("--features", "rides:amount", "--start", "2026-01-01", "--end", "2026-01-02")
    got = retrieve(rides, *words)
    assert [(r["city"], r["customer"], r["amount"]) for r in got] == [("00123", "x", "8"), ("a", "x", "1"), ("ax", "b", "4")]
    got = retrieve(rides, "--features", "rides:amount", "--start", "2026-01-01", "--end", "2026-01-03", "--snapshot")
    assert [(r["city"], r["amount"]) for r in got] == [("00123", "8"), ("a", "2"), ("ax", "4")]


def test_rows_go_into_a_table(rides, tmp_path):
    rides.cli("features", "get-historical", "--entities", entity_file(tmp_path, ASKED), "--features", "rides:amount", "--out", "table:rides.training")
    assert rides.query("SELECT label, amount FROM rides.training ORDER BY label", database="rides") == [["p", 1], ["q", 2], ["r", 4], ["s", 8], ["t", None]]


def test_a_kill_after_the_rows_went_into_a_table(tmp_path):
    """The retrieval is done after the restart: nobody asks for it again and doubles its rows."""
    server = declared(tmp_path)
    server.env["WEIR_FAULT"] = "features-job-loaded=kill"
    server.start()
    server.load("ods_rides_i", "".join(",".join(map(str, row)) + "\n" for row in RIDES), db="rides", column_separator=",")
    with pytest.raises(OSError):
        server.call("POST", "/api/v1/features/historical", {"features": ["rides:amount"], "start": "2026-01-01", "end": "2026-01-04",
                                                            "table": "rides.training", "wait": 60})
    server.process.wait(timeout=60)
    del server.env["WEIR_FAULT"]
    server.start()
    job, = server.call("GET", "/api/v1/features/historical").json()["jobs"]
    assert (job["state"], job["rows"], job["out"], job["error"]) == ("done", 4, "rides.training", None)
    assert server.query("SELECT count(*) FROM rides.training", database="rides") == [[4]]
    assert server.stop() == 0, server.tail()


def test_what_is_missing_is_said_before_any_work(rides, tmp_path):
    def fails(text, features):
        done = rides.cli("features", "get-historical", "--entities", entity_file(tmp_path, text), "--features", features, "--out", str(tmp_path / "no.csv"),
                         check=False)
        assert done.returncode == 2 and not (tmp_path / "no.csv").exists()
        return done.stderr
    assert "`customer` (key of view `rides`)" in fails("city,event_timestamp\na,2026-01-01\n", "rides:amount")
    assert "amont" in fails(ASKED, "rides:amont")
    assert "amount" in fails(ASKED.replace("label", "amount"), "rides:amount")
    assert "event_timestamp" in fails("city,customer\na,x\n", "rides:amount")


def test_the_same_without_a_server(rides, tmp_path):
    path, words = entity_file(tmp_path, ASKED), ("--features", "rides:amount,rides_7d:n")
    served = retrieve(rides, "--entities", path, *words)
    rides.stop()
    try:
        assert retrieve(rides, "--entities", path, *words) == served
    finally:
        rides.start()


# ---- as jobs -------------------------------------------------------------------------------------------------------------------

def begin(server, body, **who):
    answer = server.call("POST", "/api/v1/features/historical", {"features": ["rides:amount"], **body}, **who)
    assert answer.status == 202, answer.text
    return answer.json()


def test_a_job_is_watched_listed_read_and_forgotten(rides):
    rows = {"city": ["a", "b"], "customer": ["x", "x"], "event_timestamp": ["2026-01-02T00:00:00Z", "2026-01-02T00:00:00Z"]}
    job = begin(rides, {"entities": {"rows": rows}, "format": "ndjson", "wait": 30})
    assert job["state"] == "done" and job["rows"] == 2 and job["share"] == 1, job
    path = f"/api/v1/features/historical/{job['id']}"
    assert [json.loads(line)["amount"] for line in rides.call("GET", job["result"]).text.splitlines()] == [1, None]
    assert job["id"] in [j["id"] for j in rides.call("GET", "/api/v1/features/historical").json()["jobs"]]
    assert rides.call("DELETE", path).json() == {"was": "done"}
    assert rides.call("GET", path).status == 404


def test_an_upload_is_asked_with_once(rides):
    sent = rides.call("PUT", "/api/v1/features/entities?format=csv", ASKED).json()
    job = begin(rides, {"entities": {"upload": sent["entities"]}, "format": "csv", "wait": 30})
    assert job["state"] == "done" and job["rows"] == 5
    again = rides.call("POST", "/api/v1/features/historical", {"features": ["rides:amount"], "entities": {"upload": sent["entities"]}})
    assert again.status == 404
    out = rides.call("POST", "/api/v1/features/historical", {"features": ["rides:amount"], "entities": {"upload": "entities-../../weir.yml"}})
    assert out.status == 404


def test_a_running_job_is_cancelled(rides):
    slow = "SELECT 'a' AS city, 'x' AS customer, TIMESTAMP '2026-01-02' AS event_timestamp, count(*) AS n FROM range(100000000000) t(i)"
    job = begin(rides, {"entities": {"sql": slow}})
    path = f"/api/v1/features/historical/{job['id']}"
    assert job["id"] in rides.cli("features", "jobs").stdout
    assert json.loads(rides.cli("features", "jobs", "cancel", job["id"], "--json").stdout)["was"] in ("waiting", "running")
    ended = rides.call("GET", path + "?wait=30").json()
    assert ended["state"] == "cancelled" and ended["error"] is None and ended["result"] is None
    assert rides.call("GET", path + "/result").status == 409


def test_a_failed_job_keeps_its_reason(rides):
    job = begin(rides, {"entities": {"sql": "SELECT 'a' AS city, TIMESTAMP '2026-01-02' AS event_timestamp"}, "wait": 30})
    assert job["state"] == "failed" and "`customer`" in job["error"]["detail"] and job["error"]["hint"], job


def test_jobs_are_their_users_own(rides):
    assert rides.call("POST", "/api/v1/users", {"name": "guest", "password": "guest-password-1"}).status == 201
    job = begin(rides, {"start": "2026-01-01", "end": "2026-01-02", "wait": 30})
    who = {"user": "guest", "password": "guest-password-1"}
    assert rides.call("GET", f"/api/v1/features/historical/{job['id']}", **who).status == 404
    assert rides.call("GET", "/api/v1/features/historical", **who).json()["jobs"] == []
    assert rides.call("POST", "/api/v1/features/historical", {"features": ["rides:amount"], "start": "2026-01-01"}, **who).status == 403


def test_a_restart_forgets_no_job(rides):
    """A result is kept over a kill; what ran then says that it was ended, and is not just gone."""
    rows = {"city": ["a"], "customer": ["x"], "event_timestamp": ["2026-01-02T00:00:00Z"]}
    done = begin(rides, {"entities": {"rows": rows}, "format": "ndjson", "wait": 30})
    text = rides.call("GET", done["result"]).text
    failed = begin(rides, {"entities": {"sql": "SELECT 'a' AS city, TIMESTAMP '2026-01-02' AS event_timestamp"}, "wait": 30})
    slow = "SELECT 'a' AS city, 'x' AS customer, TIMESTAMP '2026-01-02' AS event_timestamp, count(*) AS n FROM range(100000000000) t(i)"
    for end in (rides.kill, rides.stop):
        running = begin(rides, {"entities": {"sql": slow}})
        until(lambda: rides.call("GET", f"/api/v1/features/historical/{running['id']}").json()["state"] == "running", lambda: "it does not run")
        end()
        rides.start()
        cut = rides.call("GET", f"/api/v1/features/historical/{running['id']}").json()
        assert cut["state"] == "failed" and "the server ended" in cut["error"]["detail"] and cut["ended"] and cut["result"] is None, cut
        assert rides.call("GET", f"/api/v1/features/historical/{done['id']}").json() == {**done, "phase": ""}
        assert rides.call("GET", done["result"]).text == text
        assert rides.call("GET", f"/api/v1/features/historical/{failed['id']}").json()["error"] == failed["error"]
        assert {done["id"], failed["id"], running["id"]} <= {job["id"] for job in rides.call("GET", "/api/v1/features/historical").json()["jobs"]}
    assert rides.call("DELETE", f"/api/v1/features/historical/{done['id']}").json() == {"was": "done"}
    rides.kill()
    rides.start()
    assert rides.call("GET", f"/api/v1/features/historical/{done['id']}").status == 404
