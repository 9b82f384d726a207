"""The Python client (clients/python) against the real server: no package but the standard library's is needed."""
import datetime
import importlib.util
import os
import subprocess
import sys
import uuid

import pytest

from conftest import PASSWORD, ROOT, Server

CLIENT = os.path.join(ROOT, "clients/python")
sys.path.insert(0, CLIENT)

from weir import FeatureNotFound, FeatureStore, PushMode, WeirError  # noqa: E402
from weir.objects import FeatureService, FeatureViewProjection, span  # noqa: E402
from weir.rows import columns_of  # noqa: E402

IMPORT_MS = 100
UTC = datetime.timezone.utc
NOW = datetime.datetime.now(UTC).replace(microsecond=0)
PROJECT = """
name: rides
domains: [{name: trips}]
entities:
  - {name: driver, domain: trips, key: driver_id, type: int64, title: {en: Driver, zh: 司机}, owner: fleet}
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
    title: {en: Statistics of drivers, zh: 司机统计}
    owner: fleet
    entities: [driver]
    source: ods_driver_stats
    time: seen
    created: created
    ttl: 1d
    online: true
    features:
      - {name: conv_rate, type: double, description: {en: Share of offers taken, zh: 接单率}}
      - {name: trips}
      - {name: busy, type: bool, expr: "trips > 10"}
  - name: place_heat
    domain: trips
    entities: [place]
    source: ods_place
    time: seen
    online: true
    features: [{name: heat, type: double, default: 0.5}]
feature_services:
  - {name: ranker, domain: trips, features: ["driver_stats:conv_rate", "driver_stats:trips", place_heat]}
  - {name: ranker_of_drivers, domain: trips, features: [driver_stats]}
"""


def needs(name):
    return pytest.mark.skipif(not importlib.util.find_spec(name), reason=f"SKIPPED: {name} is not installed (python3-{name}); tests/interop asks it")


def ago(hours):
    return NOW - datetime.timedelta(hours=hours)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rides")
    (folder / "weir.yml").write_text(PROJECT)
    server = Server(folder)
    server.cli("apply", "--yes")
    with server.served():
        yield server


@pytest.fixture(scope="module")
def store(server):
    with FeatureStore(server.http, user="admin", password=PASSWORD) as store:
        yield store


def stats(driver, hours, rate, trips=1):
    return {"driver_id": driver, "seen": ago(hours), "created": ago(0), "conv_rate": rate, "trips": trips}


# ---- the package ------------------------------------------------------------------------------------------------------------

def test_importing_takes_little_time_and_nothing_else():
    """CPU time of the import alone, the best of three: what else the machine does is not its fault."""
    script = (f"import sys, time; sys.path.insert(0, {CLIENT!r}); start = time.process_time(); import weir; ms = (time.process_time() - start) * 1000\n"
              "loaded = {name.partition('.')[0] for name in sys.modules} & {'pandas', 'pyarrow', 'numpy', 'requests'}\n"
              "assert not loaded, loaded\nprint(ms)")
    took = [float(subprocess.run([sys.executable, "-S", "-B", "-c", script], capture_output=True, text=True, check=True).stdout) for _ in range(3)]
    assert min(took) < IMPORT_MS, took


def test_cells_of_all_types_are_sent():
    moment = datetime.datetime(2026, 1, 2, 3, 4, 5, 600000)
    name = uuid.UUID(int=7)
    columns = columns_of([{"a": moment, "b": b"\0\xff", "c": float("nan"), "d": [1, None]}, {"a": moment.replace(tzinfo=UTC), "e": name}])
    assert columns == {"a": ["2026-01-02T03:04:05.600000+00:00"] * 2, "b": ["AP8=", None], "c": [None, None], "d": [[1, None], None], "e": [None, str(name)]}
    with pytest.raises(TypeError, match="object"):
        columns_of({"a": [object()]})
    with pytest.raises(ValueError, match="a 1, b 2"):
        columns_of({"a": [1], "b": [1, 2]})


def test_spans():
    assert span("30d") == datetime.timedelta(days=30) and span(None) == datetime.timedelta(0) and span("250ms") == datetime.timedelta(milliseconds=250)
    with pytest.raises(ValueError, match="30 parsecs"):
        span("30 parsecs")


# ---- online -----------------------------------------------------------------------------------------------------------------

def test_a_pushed_value_is_read_by_the_next_call(store):
    told = store.push("driver_stats", [stats(1, 1, 0.5, 11), stats(2, 30, 0.25)])
    assert (told["rows"], told["written"], told["rejected"]) == (2, 2, 0)
    answer = store.get_online_features(["driver_stats:conv_rate", "driver_stats:busy"], [{"driver_id": 1}, {"driver_id": 2}, {"driver_id": 3}])
    assert answer.to_dict() == {"driver_id": [1, 2, 3], "conv_rate": [0.5, 0.25, None], "busy": [True, False, None]}
    assert answer.statuses()["conv_rate"] == ["PRESENT", "OUTSIDE_MAX_AGE", "NOT_FOUND"]
    assert answer.to_dict(include_event_timestamps=True)["conv_rate__ts"] == [int(ago(1).timestamp()), int(ago(30).timestamp()), 0]
    full = store.get_online_features(["driver_stats:trips"], {"driver_id": [1]}, full_feature_names=True)
    assert full.to_dict() == {"driver_id": [1], "driver_stats__trips": [11]}


def test_a_service_is_asked_by_name_or_as_it_is_declared(store):
    store.write_to_online_store("place_heat", {"place_name": ["old town"], "seen": [ago(1)], "heat": [0.75]})
    rows = {"driver_id": [9], "place_name": ["old town"]}
    by_name = store.get_online_features("ranker", rows)
    assert by_name.feature_names == ["driver_id", "place_name", "conv_rate", "trips", "heat"] and by_name.to_dict()["heat"] == [0.75]
    assert store.get_online_features(store.get_feature_service("ranker"), rows).to_dict() == by_name.to_dict()


def test_rejected_rows_are_told_with_reasons(store):
    told = store.push("driver_stats", [stats(10, 1, 0.5), stats(None, 1, 0.5)])
    assert told["written"] == 1 and told["rejects"][0]["row"] == 1 and told["rejects"][0]["column"] == "driver_id"


def test_materialised_rows_are_read(server, store):
    store.push("driver_stats", [stats(20, 2, 0.1), stats(20, 1, 0.2)], to=PushMode.OFFLINE)
    done = store.materialize(ago(3), NOW, ["driver_stats"])
    assert done[0]["view"] == "driver_stats" and done[0]["written"] == 1
    assert store.get_online_features(["driver_stats:conv_rate"], {"driver_id": [20]}).to_dict()["conv_rate"] == [0.2]
    store.push("driver_stats", [stats(20, 0.5, 0.3)], to=PushMode.OFFLINE)
    assert store.materialize_incremental(feature_views=["driver_stats"])[0]["written"] == 1
    assert store.get_online_features(["driver_stats:conv_rate"], {"driver_id": [20]}).to_dict()["conv_rate"] == [0.3]


def test_an_entity_is_erased_everywhere(store):
    store.push("driver_stats", [stats(30, 1, 0.5), stats(31, 1, 0.5)], to=PushMode.ONLINE_AND_OFFLINE)
    assert store.erase({"driver_id": 30}) == {"online_rows": 1, "offline_rows": 1}
    assert store.get_online_features(["driver_stats:conv_rate"], {"driver_id": [30, 31]}).to_dict()["conv_rate"] == [None, 0.5]


# ---- training rows ------------------------------------------------------------------------------------------------------------

DRIVER = 60


@pytest.fixture(scope="module")
def seen(store):
    """Three rows of one driver; the newest two of one time, told apart by `created`."""
    rows = [stats(DRIVER, 10, 0.1), dict(stats(DRIVER, 5, 0.2), created=ago(5)), dict(stats(DRIVER, 5, 0.3), created=ago(1))]
    assert store.push("driver_stats", rows, to=PushMode.OFFLINE)["rejected"] == 0
    return store


ASKED = [(11, None), (10, 0.1), (5, 0.3), (0, 0.3), (-30, None)]  # hours ago, what is right; ttl is a day


def asked():
    return [{"driver_id": DRIVER, "event_timestamp": ago(hours), "label": f"row {i}"} for i, (hours, _) in enumerate(ASKED)]


def check(rows):
    assert [row["conv_rate"] for row in rows] == [rate for _, rate in ASKED]
    assert [row["label"] for row in rows] == [f"row {i}" for i in range(len(ASKED))]


def test_training_rows_of_rows_columns_files_and_sql(seen, tmp_path):
    features, rows = ["driver_stats:conv_rate"], asked()
    job = seen.get_historical_features(rows, features)
    check(job.to_rows())
    assert (job.status, job.progress, job.error) == ("done", 1, None)
    check(seen.get_historical_features({name: [row[name] for row in rows] for name in rows[0]}, features).to_rows())
    path = tmp_path / "asked rows.csv"
    path.write_text("driver_id,event_timestamp,label\n" + "".join(f"{r['driver_id']},{r['event_timestamp'].isoformat()},{r['label']}\n" for r in rows))
    check(seen.get_historical_features(path, features).to_rows())
    sql = "SELECT driver_id, seen AS event_timestamp FROM ods_driver_stats WHERE driver_id = 60 ORDER BY seen"
    got = seen.get_historical_features(sql, features, full_feature_names=True, database="trips").to_rows()
    assert [row["driver_stats__conv_rate"] for row in got] == [0.1, 0.3, 0.3]


def test_only_what_was_known_then(seen):
    got = seen.get_historical_features([{"driver_id": DRIVER, "event_timestamp": ago(3)}], ["driver_stats:conv_rate"], filter_by_created_timestamp=True)
    assert [row["conv_rate"] for row in got.to_rows()] == [0.2]


def test_without_entities_a_range_or_a_snapshot(seen):
    features = ["driver_stats:conv_rate"]
    got = seen.get_historical_features(None, features, start_date=ago(11), end_date=ago(4)).to_rows()
    assert sorted(row["conv_rate"] for row in got if row["driver_id"] == DRIVER) == [0.1, 0.3]
    got = seen.get_historical_features(features=features, start_date=ago(11), end_date=ago(4), snapshot=True).to_rows()
    assert [row["conv_rate"] for row in got if row["driver_id"] == DRIVER] == [0.3]
    with pytest.raises(ValueError, match="without entity rows"):
        seen.get_historical_features(asked(), features, end_date=ago(1))


def test_training_rows_are_kept_in_files_and_tables(seen, server, tmp_path):
    job = seen.get_historical_features(asked(), ["driver_stats:conv_rate"])
    for suffix in ("csv", "ndjson", "parquet"):
        path = tmp_path / f"kept.{suffix}"
        job.persist(path)
        check(seen.get_historical_features(path, ["driver_stats:trips"]).to_rows())
    with pytest.raises(FileExistsError):
        job.persist(path)
    job.persist(path, allow_overwrite=True)
    job.persist("trips.training")
    kept = server.query("SELECT label, conv_rate FROM trips.training ORDER BY label", database="trips")
    assert kept == [[f"row {i}", rate] for i, (_, rate) in enumerate(ASKED)]
    with pytest.raises(ValueError, match="training"):
        job.persist("training")
    assert not list(tmp_path.glob("*.part"))


def test_what_training_rows_miss_is_named(seen):
    with pytest.raises(FeatureNotFound, match="conv_rat"):
        seen.get_historical_features(asked(), ["driver_stats:conv_rat"])
    job = seen.get_historical_features([{"driver": 1, "event_timestamp": NOW}], ["driver_stats:conv_rate"])
    with pytest.raises(WeirError, match="driver_id"):
        job.to_rows()
    assert job.status == "failed" and "driver_id" in str(job.error)


def test_a_job_is_cancelled(seen):
    job = seen.get_historical_features("SELECT 60::BIGINT AS driver_id, now() AS event_timestamp, count(*) AS n FROM range(100000000000) t(i)",
                                       ["driver_stats:conv_rate"])
    job.cancel()
    assert job.status == "cancelled"
    with pytest.raises(WeirError, match="cancelled"):
        job.to_rows()


@needs("pandas")
def test_training_rows_of_a_data_frame(seen):
    import pandas
    frame = seen.get_historical_features(pandas.DataFrame(asked()), "ranker_of_drivers").to_df()
    check([{**row, "conv_rate": None if pandas.isna(row["conv_rate"]) else row["conv_rate"]} for row in frame.to_dict("records")])
    assert str(frame["event_timestamp"].dt.tz) in ("UTC", "None")


@needs("pyarrow")
def test_training_rows_of_a_table(seen):
    import pyarrow
    table = seen.get_historical_features(pyarrow.Table.from_pylist(asked()), ["driver_stats:conv_rate"]).to_arrow()
    check(table.to_pylist())
    assert pyarrow.types.is_float64(table.schema.field("conv_rate").type)


# ---- what is declared ---------------------------------------------------------------------------------------------------------

def test_what_is_declared_is_listed(store):
    assert store.project == "rides"
    assert [entity.name for entity in store.list_entities()] == ["driver", "place"]
    driver = store.get_entity("driver")
    assert (driver.join_key, driver.join_keys, driver.value_type, driver.description, driver.owner) == ("driver_id", ["driver_id"], "int64", "Driver", "fleet")
    assert [view.name for view in store.list_feature_views()] == ["driver_stats", "place_heat"]
    view = store.get_feature_view("driver_stats")
    assert (view.entities, view.source, view.ttl, view.online, view.timestamp_field, view.version) == \
        (["driver"], "trips.ods_driver_stats", datetime.timedelta(days=1), True, "seen", 1)
    assert [(key.name, key.dtype) for key in view.entity_columns] == [("driver_id", "int64")] and view.description == "Statistics of drivers"
    assert [(f.name, f.dtype, f.expr) for f in view.schema] == [("conv_rate", "double", ""), ("trips", "int32", ""), ("busy", "bool", "trips > 10")]
    assert view.features[0].description == "Share of offers taken"
    assert store.list_feature_services()[:1] == [FeatureService("ranker", [FeatureViewProjection("driver_stats", None, ["conv_rate", "trips"]),
                                                                       FeatureViewProjection("place_heat")])]
    assert list(store.list_features()) == ["driver_stats", "place_heat"]
    versions = store.list_feature_view_versions("driver_stats")
    assert [(row["version"], row["version_number"], row["diff"]) for row in versions] == [("v1", 1, None)]
    assert abs(versions[0]["created_timestamp"] - NOW) < datetime.timedelta(hours=1) and store.get_feature_view("driver_stats@v1") == view
    store.refresh_registry()


# ---- what goes wrong ----------------------------------------------------------------------------------------------------------

def test_what_is_missing_is_named(store):
    with pytest.raises(FeatureNotFound, match="conv_rat.*did you mean `conv_rate`") as caught:
        store.get_online_features(["driver_stats:conv_rat"], {"driver_id": [1]})
    assert (caught.value.code, caught.value.status) == ("W1030", 404) and caught.value.hint
    with pytest.raises(FeatureNotFound, match="no feature view `nothing`"):
        store.get_feature_view("nothing")
    with pytest.raises(WeirError, match="driver_id") as caught:
        store.get_online_features(["driver_stats:conv_rate"], {"driver": [1]})
    assert caught.value.status == 422


def test_tokens_guests_and_servers_that_are_not_there(server):
    with pytest.raises(WeirError) as caught:
        FeatureStore(server.http).list_entities()
    assert caught.value.status == 401
    assert FeatureStore(server.http + "/", token=server.info["token"]).get_entity("place").join_key == "place_name"
    with pytest.raises(WeirError, match="does not answer") as caught:
        FeatureStore("http://127.0.0.1:1").list_entities()
    assert caught.value.code == "SERVER_UNREACHABLE"
    with pytest.raises(ValueError, match="address"):
        FeatureStore("127.0.0.1:8030")


def test_a_server_that_was_started_anew_is_asked_again(tmp_path):
    """The kept connection is gone then: the request goes out once more on another."""
    (tmp_path / "weir.yml").write_text(PROJECT)
    server = Server(tmp_path)
    server.cli("apply", "--yes")
    server.start()
    port = server.info["http"].rsplit(":", 1)[1]
    store = FeatureStore(server.http, user="admin", password=PASSWORD)
    assert store.project == "rides"
    server.stop()
    server.start("--http", f"127.0.0.1:{port}")
    assert store.project == "rides"
    server.stop()


@needs("pandas")
def test_data_frames(store):
    import pandas
    frame = pandas.DataFrame([stats(40, 1, 0.5), stats(41, 1, None)])
    assert store.push("driver_stats", frame)["written"] == 2
    got = store.get_online_features(["driver_stats:conv_rate"], pandas.DataFrame({"driver_id": [40, 41]})).to_df()
    assert list(got.columns) == ["driver_id", "conv_rate"] and got["conv_rate"][0] == 0.5 and pandas.isna(got["conv_rate"][1])


@needs("pyarrow")
def test_arrow_tables(store):
    import pyarrow
    store.push("driver_stats", pyarrow.Table.from_pylist([stats(50, 1, 0.5)]))
    got = store.get_online_features(["driver_stats:conv_rate"], pyarrow.table({"driver_id": [50]})).to_arrow()
    assert got.to_pydict() == {"driver_id": [50], "conv_rate": [0.5]}
