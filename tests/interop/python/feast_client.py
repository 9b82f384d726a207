"""A real Feast beside Weir: its remote store over Weir's HTTP, its Redis store over Weir's Redis, both ways; its server; its retrieval of
training rows, pandas' merge_asof and polars' join_asof against Weir's: the same rows, and how long each takes.

Arguments: the program, a scratch folder. WEIR_SCALE=10 for ten times the rows of the retrieval."""
import datetime
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import time
import traceback
import urllib.request

os.environ.setdefault("FEAST_USAGE", "False")
import numpy  # noqa: E402
import pandas  # noqa: E402
import polars  # noqa: E402
from feast import Entity, FeatureService, FeatureStore, FeatureView, Field, FileSource, PushSource, RepoConfig, ValueType  # noqa: E402
from feast.data_source import PushMode  # noqa: E402
from feast.types import Bool, Float32, Float64, Int32, Int64, String  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "clients/python"))
import weir  # noqa: E402

WEIR, FOLDER = sys.argv[1], pathlib.Path(sys.argv[2])
SCALE = int(os.environ.get("WEIR_SCALE", "1"))
ASKED, STATS, DRIVERS = 10_000 * SCALE, 100_000 * SCALE, 1_000 * SCALE
UTC = datetime.timezone.utc
NOW = datetime.datetime.now(UTC).replace(microsecond=0)
PASSWORD = "interop-password"
PATIENCE = 60
PROJECT = """
name: rides
timezone: UTC
domains: [{name: trips}]
settings: {features.guest: feast}
entities:
  - {name: driver, domain: trips, key: driver_id, type: int64}
  - {name: place, domain: trips, key: place_name, type: string}
tables:
  - name: ods_driver_stats
    domain: trips
    model: duplicate
    columns:
      - {name: driver_id, type: bigint}
      - {name: event_timestamp, type: "datetime(6)"}
      - {name: created, type: "datetime(6)"}
      - {name: conv_rate, type: double}
      - {name: acc_rate, type: float}
      - {name: trips, type: bigint}
      - {name: stars, type: int}
      - {name: busy, type: boolean}
      - {name: note, type: string}
  - name: ods_place
    domain: trips
    model: duplicate
    columns: [{name: place_name, type: string}, {name: seen, type: "datetime(6)"}, {name: heat, type: double}]
feature_views:
  - name: driver_stats
    domain: trips
    entities: [driver]
    source: ods_driver_stats
    time: event_timestamp
    created: created
    ttl: 2d
    online: true
    features:
      - {name: conv_rate, type: double}
      - {name: acc_rate, type: float}
      - {name: trips, type: int64}
      - {name: stars, type: int32}
      - {name: busy, type: bool}
      - {name: note, type: string}
  - name: place_heat
    domain: trips
    entities: [place]
    source: ods_place
    time: seen
    online: true
    features: [{name: heat, type: double}]
feature_services:
  - {name: ranker, domain: trips, features: ["driver_stats:conv_rate", "driver_stats:note", place_heat]}
"""
FEATURES = ["conv_rate", "acc_rate", "trips", "stars", "busy", "note"]
REFS = ["driver_stats:" + name for name in FEATURES]


# ---- the sides ----------------------------------------------------------------------------------------------------------------

def until(condition, what):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.01)


class Weir:
    """A server with a project and an online store of its own."""

    def __init__(self, name, **settings):
        self.folder = FOLDER / name
        self.folder.mkdir(parents=True)
        (self.folder / "weir.yml").write_text(PROJECT)
        self.env = dict(os.environ, WEIR_LANG="en", NO_COLOR="1",
                        **{"WEIR_FEATURES_" + key.upper(): value for key, value in settings.items()})
        self.run("apply", "--yes")
        self.run("user", "add", "feast", "--password-stdin", input=PASSWORD + "\n")
        for right in ("read", "load", "run"):
            self.run("user", "grant", "feast", right, "domain:trips")
        self.process = subprocess.Popen([WEIR, "up", "-p", self.folder, "--http", "127.0.0.1:0", "--mysql", "127.0.0.1:0"], env=self.env,
                                        stdout=subprocess.DEVNULL, stderr=sys.stderr)
        told = self.folder / ".weir/server.json"
        until(lambda: told.exists() or self.process.poll() is not None, "weir does not start")
        info = json.loads(told.read_text())
        self.http = info["http"]
        self.port, self.token = int(self.http.rsplit(":", 1)[1]), info["token"]
        self.store = weir.FeatureStore(self.http, self.token, timeout=600)

    def run(self, *words, **more):
        done = subprocess.run([WEIR, *words, "-p", self.folder], env=self.env, capture_output=True, text=True, **more)
        assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
        return done.stdout

    def stop(self):
        self.process.terminate()
        assert self.process.wait(PATIENCE) == 0


class Redis:
    """A redis-server of its own, on a socket of 127.0.0.1, that keeps nothing."""

    def __init__(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.process = subprocess.Popen(["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"],
                                        stdout=subprocess.DEVNULL)
        until(lambda: socket.socket().connect_ex(("127.0.0.1", self.port)) == 0, "redis-server does not start")

    def stop(self):
        self.process.terminate()
        self.process.wait()


def feast(name, online_store):
    """A Feast of the same definitions; its source is a file of Parquet with the same columns."""
    folder = FOLDER / ("feast-" + name)
    folder.mkdir()
    rows(1, 1.0).to_parquet(folder / "stats.parquet")
    pandas.DataFrame({"place_name": ["x"], "event_timestamp": [pandas.Timestamp(NOW)], "heat": [0.5]}).to_parquet(folder / "place.parquet")
    store = FeatureStore(config=RepoConfig(project="rides", provider="local", registry=str(folder / "registry.db"), online_store=online_store,
                                           offline_store={"type": "dask"}, entity_key_serialization_version=3))
    driver = Entity(name="driver", join_keys=["driver_id"], value_type=ValueType.INT64)
    place = Entity(name="place", join_keys=["place_name"], value_type=ValueType.STRING)
    stats = FileSource(name="stats", path=str(folder / "stats.parquet"), timestamp_field="event_timestamp", created_timestamp_column="created")
    view = FeatureView(name="driver_stats", entities=[driver], ttl=datetime.timedelta(days=2), source=PushSource(name="driver_stats_push", batch_source=stats),
                       schema=[Field(name="conv_rate", dtype=Float64), Field(name="acc_rate", dtype=Float32), Field(name="trips", dtype=Int64),
                               Field(name="stars", dtype=Int32), Field(name="busy", dtype=Bool), Field(name="note", dtype=String)])
    heat = FeatureView(name="place_heat", entities=[place], schema=[Field(name="heat", dtype=Float64)],
                       source=FileSource(name="places", path=str(folder / "place.parquet"), timestamp_field="event_timestamp"))
    store.apply([driver, place, view, heat, FeatureService(name="ranker", features=[view[["conv_rate", "note"]], heat])])
    return store


def rows(driver, rate, hours=1.0, note="n"):
    at = pandas.Timestamp(NOW - datetime.timedelta(hours=hours))
    return pandas.DataFrame({"driver_id": [driver], "event_timestamp": [at], "created": [pandas.Timestamp(NOW)], "conv_rate": [rate],
                             "acc_rate": numpy.array([0.25], "float32"), "trips": [1 << 40], "stars": numpy.array([7], "int32"), "busy": [True],
                             "note": [note]})


def equal(got, want):
    assert got == want, f"got {got!r}, not {want!r}"


def values(driver, rate, note="n"):
    return {"driver_id": [driver], "conv_rate": [rate], "acc_rate": [0.25], "trips": [1 << 40], "stars": [7], "busy": [True], "note": [note]}


# ---- over HTTP ----------------------------------------------------------------------------------------------------------------

def feast_reads_over_http_what_weir_was_pushed():
    equal(lmdb.store.push("driver_stats", rows(1, 0.5, note='é "x"'))["written"], 1)
    equal(remote.get_online_features(features=REFS, entity_rows=[{"driver_id": 1}]).to_dict(), values(1, 0.5, 'é "x"'))


def feast_reads_a_service_and_full_names():
    lmdb.store.push("driver_stats", rows(2, 0.75))
    lmdb.store.push("place_heat", {"place_name": ["old town"], "seen": [NOW], "heat": [0.125]})
    asked = [{"driver_id": 2, "place_name": "old town"}, {"driver_id": 3, "place_name": "nowhere"}]
    got = remote.get_online_features(features=remote.get_feature_service("ranker"), entity_rows=asked).to_dict()
    equal(got, {"driver_id": [2, 3], "place_name": ["old town", "nowhere"], "conv_rate": [0.75, None], "note": ["n", None], "heat": [0.125, None]})
    got = remote.get_online_features(features=REFS[:1], entity_rows=asked[:1], full_feature_names=True).to_dict()
    equal(got["driver_stats__conv_rate"], [0.75])


def feast_writes_over_http_and_weir_reads():
    remote.write_to_online_store("driver_stats", df=rows(4, 0.25))
    equal(lmdb.store.get_online_features(REFS, [{"driver_id": 4}]).to_dict(), values(4, 0.25))


def feast_pushes_over_http_and_weir_reads():
    remote.push("driver_stats_push", rows(5, 0.375), to=PushMode.ONLINE)
    equal(lmdb.store.get_online_features(REFS, [{"driver_id": 5}]).to_dict(), values(5, 0.375))


def feast_writes_a_view_whose_time_has_another_name():
    remote.write_to_online_store("place_heat", df=pandas.DataFrame({"place_name": ["park"], "event_timestamp": [pandas.Timestamp(NOW)], "heat": [0.625]}))
    equal(lmdb.store.get_online_features(["place_heat:heat"], [{"place_name": "park"}]).to_dict()["heat"], [0.625])


# ---- in Redis -----------------------------------------------------------------------------------------------------------------

def feast_reads_in_redis_what_weir_wrote():
    equal(shared.store.push("driver_stats", rows(1, 0.5, note="é"))["written"], 1)
    shared.store.push("place_heat", {"place_name": ["old town"], "seen": [NOW], "heat": [0.125]})
    equal(redis_feast.get_online_features(features=REFS, entity_rows=[{"driver_id": 1}]).to_dict(), values(1, 0.5, "é"))
    equal(redis_feast.get_online_features(features=["place_heat:heat"], entity_rows=[{"place_name": "old town"}]).to_dict()["heat"], [0.125])


def feast_reads_in_redis_what_weir_materialised():
    shared.store.push("driver_stats", rows(2, 0.75), to=weir.PushMode.OFFLINE)
    equal(shared.store.materialize_incremental(NOW, ["driver_stats"])[0]["written"], 1)
    equal(redis_feast.get_online_features(features=REFS, entity_rows=[{"driver_id": 2}]).to_dict(), values(2, 0.75))


def weir_reads_in_redis_what_feast_wrote():
    redis_feast.write_to_online_store("driver_stats", df=rows(3, 0.25, hours=60))
    got = shared.store.get_online_features(REFS, [{"driver_id": 3}])
    equal(got.to_dict(), values(3, 0.25))
    equal(got.statuses()["conv_rate"], ["OUTSIDE_MAX_AGE"])


def older_rows_are_skipped_whoever_wrote_the_newer_one():
    redis_feast.write_to_online_store("driver_stats", df=rows(6, 0.5, hours=1))
    equal(shared.store.push("driver_stats", rows(6, 0.1, hours=2))["skipped"], 1)
    equal(shared.store.push("driver_stats", rows(6, 0.75, hours=0.5))["written"], 1)
    redis_feast.write_to_online_store("driver_stats", df=rows(6, 0.2, hours=0.75))
    equal(redis_feast.get_online_features(features=REFS[:1], entity_rows=[{"driver_id": 6}]).to_dict()["conv_rate"], [0.75])


# ---- served -------------------------------------------------------------------------------------------------------------------

CONNECTIONS, SECONDS = 16, 5 * SCALE
ASK = json.dumps({"features": REFS, "entities": {"driver_id": [8]}})


def headers(token):
    return {"Content-Type": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})}


def one_answer(port, token=None):
    request = urllib.request.Request(f"http://127.0.0.1:{port}/get-online-features", ASK.encode(), headers(token))
    answer = json.loads(urllib.request.urlopen(request, timeout=PATIENCE).read())
    return dict(zip(answer["metadata"]["feature_names"], (result["values"] for result in answer["results"])))


def rate_of(port, token=None):
    """Calls answered in a second, and how many failed. The client is wrk: one in Python would measure itself."""
    script = FOLDER / "ask.lua"
    lines = [f'wrk.headers["{name}"] = "{value}"' for name, value in headers(token).items()]
    script.write_text("\n".join(['wrk.method = "POST"', f"wrk.body = [[{ASK}]]", *lines, """done = function(summary)
  local errors = summary.errors
  print(summary.requests, summary.duration, errors.status + errors.read + errors.write + errors.timeout + errors.connect)
end"""]) + "\n")
    told = subprocess.run(["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}", "--timeout", "10", "-s", script, f"http://127.0.0.1:{port}/get-online-features"],
                          check=True, capture_output=True, text=True).stdout.splitlines()[-1].split()
    return (int(told[0]) - int(told[2])) / (int(told[1]) / 1e6), int(told[2])


def feasts_server(folder, workers):
    """One of its answers, and its rate."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen([pathlib.Path(sys.executable).parent / "feast", "-c", folder, "serve", "-h", "127.0.0.1", "-p", str(port), "-w", str(workers),
                               "--no-access-log"], stdout=subprocess.DEVNULL, stderr=sys.stderr)
    try:
        until(lambda: server.poll() is not None or socket.socket().connect_ex(("127.0.0.1", port)) == 0, "feast serve does not start")
        one_answer(port)
        return one_answer(port), *rate_of(port)
    finally:
        server.terminate()
        server.wait(PATIENCE)


def online_calls_of_weir_and_of_feasts_server():
    """Both over the same Redis, then Weir over its own store; one entity, six features. Feast's with one worker, which is how it comes,
    and with one a core."""
    shared.store.push("driver_stats", rows(8, 0.5))
    lmdb.store.push("driver_stats", rows(8, 0.5))
    folder = FOLDER / "feast-redis"
    (folder / "feature_store.yaml").write_text(
        f"project: rides\nprovider: local\nregistry: registry.db\nentity_key_serialization_version: 3\noffline_store: {{type: dask}}\n"
        f"online_store: {{type: redis, connection_string: '127.0.0.1:{redis.port}'}}\n")
    theirs = {}
    for workers in sorted({1, os.cpu_count()}):
        answer, theirs[workers], failed = feasts_server(folder, workers)
        equal(answer, values(8, 0.5))
        print(f"note online calls: feast's server over Redis, {workers} workers: {theirs[workers]:,.0f} a second, {failed} failed")
    for name, side in (("over the same Redis", shared), ("over its own store", lmdb)):
        equal(one_answer(side.port, side.token), values(8, 0.5))
        rate, failed = rate_of(side.port, side.token)
        assert failed == 0, f"{failed} calls failed"
        times = ", ".join(f"{rate / other:.0f} times feast's with {workers}" for workers, other in theirs.items())
        print(f"note online calls: weir {name}: {rate:,.0f} a second, {times}")


# ---- training rows --------------------------------------------------------------------------------------------------------------

def made():
    """Statistics without ties of (driver, time), which merge_asof and join_asof could not tell apart; labels at other times."""
    rng = numpy.random.default_rng(7)
    span_us = 90 * 86400 * 10**6
    first = pandas.Timestamp(NOW) - pandas.Timedelta(days=90)
    stats = pandas.DataFrame({"driver_id": rng.integers(0, DRIVERS, STATS), "us": rng.integers(0, span_us, STATS) // 2 * 2})
    stats = stats.drop_duplicates(["driver_id", "us"]).reset_index(drop=True)
    n = len(stats)
    stats["event_timestamp"] = (first + pandas.to_timedelta(stats.pop("us"), unit="us")).astype("datetime64[us, UTC]")
    stats["created"] = stats["event_timestamp"]
    stats["conv_rate"] = rng.random(n)
    stats["acc_rate"] = rng.random(n, dtype="float32")
    stats["trips"] = rng.integers(0, 1 << 40, n)
    stats["stars"] = rng.integers(0, 5, n).astype("int32")
    stats["busy"] = rng.random(n) < 0.5
    stats["note"] = numpy.char.add("n", rng.integers(0, 1000, n).astype(str))
    asked = pandas.DataFrame({"driver_id": rng.integers(0, DRIVERS * 11 // 10, ASKED), "us": rng.integers(0, span_us, ASKED), "label": numpy.arange(ASKED)})
    asked["event_timestamp"] = (first + pandas.to_timedelta(asked.pop("us"), unit="us")).astype("datetime64[us, UTC]")
    return stats, asked


def timed(run):
    start = time.monotonic()
    got = run()
    return got, time.monotonic() - start


def by_label(frame):
    frame = frame[["label", "driver_id", *FEATURES]].sort_values("label").reset_index(drop=True)
    numbers = frame[["driver_id", "conv_rate", "acc_rate", "trips", "stars"]].astype("float64").fillna(-1).to_numpy()
    return numbers, frame[["busy", "note"]].astype("object").where(frame[["busy", "note"]].notna(), None).to_numpy()


def same(mine, other, name, within=slice(None)):
    (a, b), (c, d) = by_label(mine), by_label(other)
    assert a.shape == c.shape, f"{name}: {c.shape[0]} rows, not {a.shape[0]}"
    assert (a[within] == c[within]).all() and (b[within] == d[within]).all(), f"{name}: {int((a != c).any(axis=1).sum())} rows differ"


def training_rows_are_those_of_pandas_and_polars():
    stats, asked = made()
    folder = FOLDER / "rows"
    folder.mkdir()
    stats.to_parquet(folder / "stats.parquet")
    asked.to_parquet(folder / "asked.parquet")
    lmdb.run("load", "trips.ods_driver_stats", folder / "stats.parquet")
    ttl = pandas.Timedelta(days=2)
    times = {}
    mine, times["weir"] = timed(lambda: lmdb.store.get_historical_features(folder / "asked.parquet", REFS).to_df())
    equal(list(mine["label"]), list(asked["label"]))
    by_time, times["pandas merge_asof"] = timed(lambda: pandas.merge_asof(
        pandas.read_parquet(folder / "asked.parquet").sort_values("event_timestamp"),
        pandas.read_parquet(folder / "stats.parquet").sort_values("event_timestamp").drop(columns="created"), on="event_timestamp", by="driver_id", tolerance=ttl))
    same(mine, by_time, "pandas merge_asof")

    def join_asof():
        left, right = (polars.read_parquet(folder / name).sort("event_timestamp") for name in ("asked.parquet", "stats.parquet"))
        return left.join_asof(right.drop("created"), on="event_timestamp", by="driver_id", tolerance="2d").to_pandas()
    joined, times["polars join_asof"] = timed(join_asof)
    same(mine, joined, "polars join_asof")

    shutil.copy(folder / "stats.parquet", FOLDER / "feast-remote/stats.parquet")
    theirs, times["feast file store"] = timed(lambda: remote.get_historical_features(entity_df=pandas.read_parquet(folder / "asked.parquet"), features=REFS).to_df())
    # Its file store drops the entity rows whose only statistics are too old or too new: those that it keeps are compared.
    kept = mine[mine["label"].isin(theirs["label"])]
    same(kept, theirs, "feast file store")
    print(f"note training rows: {ASKED:,} labels, {len(stats):,} statistics; feast's file store drops {ASKED - len(theirs):,} rows of {ASKED:,}")
    for name, seconds in times.items():
        print(f"note training rows: {name} {seconds:.3f} s" + ("" if name == "weir" else f", {seconds / times['weir']:.1f} times weir's"))


CASES = [feast_reads_over_http_what_weir_was_pushed, feast_reads_a_service_and_full_names, feast_writes_over_http_and_weir_reads,
         feast_pushes_over_http_and_weir_reads, feast_writes_a_view_whose_time_has_another_name, feast_reads_in_redis_what_weir_wrote,
         feast_reads_in_redis_what_weir_materialised, weir_reads_in_redis_what_feast_wrote, older_rows_are_skipped_whoever_wrote_the_newer_one,
         online_calls_of_weir_and_of_feasts_server, training_rows_are_those_of_pandas_and_polars]

started = []
try:
    started.append(redis := Redis())
    started.append(lmdb := Weir("lmdb"))
    started.append(shared := Weir("redis", online="redis", redis=f"redis://127.0.0.1:{redis.port}/0", redis_layout="feast"))
    remote = feast("remote", {"type": "remote", "path": lmdb.http})
    redis_feast = feast("redis", {"type": "redis", "connection_string": f"127.0.0.1:{redis.port}"})
    for case in CASES:
        name = case.__name__.replace("_", " ")
        try:
            case()
            print(f"ok {name}", flush=True)
        except Exception as error:  # whatever a client raises is the finding
            traceback.print_exc()
            print(f"FAIL {name}: {type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}", flush=True)
finally:
    for side in reversed(started):
        side.stop()
print("end", flush=True)
