"""Feast's registry as a project of Weir: names, types, ttl and training rows are those that Feast has, and the plan is clean.

Arguments: the program, a scratch folder. With --make FOLDER in place of them, the repository alone is written there: so
tests/e2e/data/feast was made, which asks the same where there is no Feast."""
import datetime
import json
import os
import pathlib
import subprocess
import sys
import traceback

os.environ.setdefault("FEAST_USAGE", "False")
import pandas  # noqa: E402
from feast import Entity, FeatureService, FeatureStore, FeatureView, Field, FileSource, PushSource, RequestSource, ValueType  # noqa: E402
from feast.infra.offline_stores.bigquery_source import BigQuerySource  # noqa: E402
from feast.on_demand_feature_view import on_demand_feature_view  # noqa: E402
from feast.types import Array, Bool, Bytes, Float32, Float64, Int32, Int64, Map, String, UnixTimestamp  # noqa: E402

DAY = pandas.Timestamp("2026-01-02", tz="UTC")
TYPES = {"Float32": "float", "Float64": "double", "Int32": "int32", "Int64": "int64", "String": "string", "Bool": "bool", "Bytes": "bytes",
         "UnixTimestamp": "timestamp", "Array(String)": "array(string)", "Array(Int64)": "array(int64)"}
STORE = """project: rides
provider: local
registry: data/registry.db
online_store: {type: sqlite, path: online.db}
entity_key_serialization_version: 3
"""


def hours(*values):
    return [DAY + pandas.Timedelta(hours=value) for value in values]


def write_files(folder):
    pandas.DataFrame({"driver_id": [1, 1, 2], "event_timestamp": hours(0, 5, 1.25), "created": hours(6, 6, 6),
                      "conv_rate": pandas.Series([0.5, 0.75, 0.25], dtype="float32"), "trips_n": pandas.Series([3, 5, 4], dtype="int32"),
                      "labels": [["a", "b"], [], ["é"]]}).to_parquet(folder / "data/driver_stats.parquet")
    pandas.DataFrame({"town": ["Bern", "Rome"], "seen": hours(0, 2), "heat": [0.5, 1.5]}).to_parquet(folder / "data/place.parquet")


def objects():
    driver = Entity(name="driver", join_keys=["driver_id"], value_type=ValueType.INT64, description="who drives", tags={"team": "fleet"}, owner="fleet")
    place = Entity(name="place", join_keys=["place_name"], value_type=ValueType.STRING)
    stats = FileSource(name="driver_stats", path="data/driver_stats.parquet", timestamp_field="event_timestamp", created_timestamp_column="created",
                       field_mapping={"trips_n": "trips"}, description="by the hour")
    places = FileSource(name="places", path="data/place.parquet", timestamp_field="seen", field_mapping={"town": "place_name"})
    hourly = FeatureView(name="driver_hourly", entities=[driver], ttl=datetime.timedelta(days=1), source=stats, owner="fleet", description="statistics",
                         tags={"tier": "gold"}, schema=[Field(name="conv_rate", dtype=Float32, description="share", tags={"unit": "1"}),
                                                        Field(name="trips", dtype=Int32), Field(name="labels", dtype=Array(String))])
    fresh = FeatureView(name="driver_fresh", entities=[driver], ttl=datetime.timedelta(minutes=90), source=PushSource(name="driver_push", batch_source=stats),
                        schema=[Field(name="conv_rate", dtype=Float32)], online=False)
    heat = FeatureView(name="place_heat", entities=[place], ttl=datetime.timedelta(0), source=places, schema=[Field(name="heat", dtype=Float64)])
    rates = FeatureView(name="rates", entities=[], source=BigQuerySource(name="rates", query="SELECT * FROM fx", timestamp_field="moment"),
                        schema=[Field(name="rate", dtype=Float64), Field(name="known", dtype=Bool), Field(name="at_open", dtype=UnixTimestamp),
                                Field(name="raw", dtype=Bytes), Field(name="ids", dtype=Array(Int64)), Field(name="n", dtype=Int64)])
    odd = FeatureView(name="odd", entities=[driver], source=stats, schema=[Field(name="extra", dtype=Map), Field(name="conv_rate", dtype=Float32)])
    asked = RequestSource(name="asked", schema=[Field(name="fare", dtype=Float64)])

    @on_demand_feature_view(sources=[hourly, asked], schema=[Field(name="share", dtype=Float64)], mode="python", singleton=True)
    def fare_share(inputs):
        return {"share": inputs["fare"] * inputs["conv_rate"]}

    pickup = hourly.with_name("pickup").with_join_key_map({"driver_id": "first_driver"})
    return [driver, place, stats, places, hourly, fresh, heat, rates, odd, fare_share,
            FeatureService(name="ranker", features=[hourly[["conv_rate", "labels"]], heat], description="ranks", owner="search", tags={"live": ""}),
            FeatureService(name="pickups", features=[pickup[["trips"]]]), FeatureService(name="fares", features=[fare_share])]


def make(folder, registry="data/registry.db"):
    (folder / "data").mkdir(parents=True)
    (folder / "feature_store.yaml").write_text(STORE.replace("data/registry.db", registry))
    write_files(folder)
    os.chdir(folder)  # paths of sources are relative to the repository
    store = FeatureStore(".")
    store.apply(objects())
    pathlib.Path("online.db").unlink()
    return store


# ---- the cases ----------------------------------------------------------------------------------------------------------------

def equal(got, want):
    assert got == want, f"got {got!r}, not {want!r}"


def run(*words):
    done = subprocess.run([WEIR, *words], capture_output=True, text=True, env=dict(os.environ, WEIR_LANG="en", NO_COLOR="1"))
    assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
    return done.stdout


def seconds(text):
    return 0 if text is None else int(text[:-1]) * {"d": 86400, "h": 3600, "m": 60, "s": 1}[text[-1]]


def imported():
    return json.loads(run("import", "feast", str(REPO), "--out", str(OUT), "--json"))


def the_plan_of_what_was_written_is_clean():
    answer = imported()
    equal([answer[n] for n in ("entities", "views", "services", "tables")], [2, 5, 2, 3])
    lines = run("plan", "-p", str(OUT)).splitlines()
    assert any("0 to change, 0 to remove" in line for line in lines), lines
    assert not any("error" in line or "warning" in line for line in lines), lines
    run("apply", "--yes", "--quiet", "-p", str(OUT))


def views_have_the_names_types_and_ttl_of_feast():
    for view in store.list_feature_views():
        got = json.loads(run("features", "show", view.name, "--json", "-p", str(OUT)))
        equal([(f["name"], f["type"]) for f in got["features"]], [(f.name, TYPES[str(f.dtype)]) for f in view.features if f.dtype != Map])
        equal(seconds(got["ttl"]), (view.ttl or datetime.timedelta(0)).total_seconds())
        equal(got["online"], view.online)
        equal((got["owner"], got["description_en"]), (view.owner, view.description))
        equal(sorted(got["tags"]), sorted(f"{k}:{v}" for k, v in view.tags.items()))
        equal([(k["stored"], k["type"]) for k in got["keys"]], [(c.name, TYPES[str(c.dtype)]) for c in view.entity_columns if c.name != "__dummy_id"])


def services_take_what_feasts_take():
    listed = {row["service"]: row for row in json.loads(run("features", "ls", "--json", "-p", str(OUT)))["services"]}
    equal(sorted(listed), ["pickups", "ranker"])
    equal(listed["ranker"]["features"], ["driver_hourly:conv_rate", "driver_hourly:labels", "place_heat:heat"])
    equal(listed["pickups"]["features"], [{"view": "driver_hourly", "as": "pickup", "keys": {"driver_id": "first_driver"}, "features": ["trips"]}])


def training_rows_are_feasts():
    run("refresh", "-p", str(OUT))
    asked = pandas.DataFrame({"driver_id": [1, 1, 2, 3, 1], "place_name": ["Bern", "Rome", "Rome", "Bern", "Oslo"], "event_timestamp": hours(1, 5, 2.5, 9, 48)})
    asked.to_parquet(OUT / "asked.parquet")
    refs = ["driver_hourly:conv_rate", "driver_hourly:trips", "driver_fresh:conv_rate", "place_heat:heat"]
    want = store.get_historical_features(entity_df=asked, features=refs, full_feature_names=True).to_df()
    run("features", "get-historical", "--features", ",".join(refs), "--full-names", "--entities", str(OUT / "asked.parquet"), "--out", str(OUT / "got.parquet"),
        "-p", str(OUT))
    got, keys = pandas.read_parquet(OUT / "got.parquet"), ["driver_id", "place_name", "event_timestamp"]
    columns = keys + [ref.replace(":", "__") for ref in refs]
    for frame in (got, want):
        frame["event_timestamp"] = pandas.to_datetime(frame["event_timestamp"], utc=True).astype("datetime64[us, UTC]")
    # Feast drops rows whose values are all too old or too new; Weir keeps each row that asks.
    got = got[columns].merge(want[keys], on=keys)
    want, got = (frame[columns].sort_values(keys).reset_index(drop=True).astype({c: "float64" for c in columns[3:]}) for frame in (want, got))
    assert len(want) >= 3, want
    pandas.testing.assert_frame_equal(got, want)


def what_is_not_exact_is_listed():
    again = json.loads(run("import", "feast", str(REPO / "data/registry.db"), "--out", str(OUT) + "-file", "--json"))
    left = {entry["object"]: entry["reason"] for entry in again["left"]}
    assert "MAP" in left["odd:extra"] and "fare_share" in left["fares"] and "function" in left["fare_share"], left
    draft = (pathlib.Path(str(OUT) + "-file") / again["drafts"][0]).read_text()
    assert 'inputs["fare"] * inputs["conv_rate"]' in draft and '"fare","type":"double"' in draft, draft
    changed = {entry["object"]: entry["reason"] for entry in again["changed"]}
    assert "SELECT * FROM fx" in changed["ods_rates"] and "driver_push" in changed["driver_fresh"], changed


def a_registry_in_sqlite_gives_the_same():
    make(REPO.parent / "sql", "{registry_type: sql, path: 'sqlite:///data/registry.db'}")
    out = REPO.parent / "sql_weir"
    answer = json.loads(run("import", "feast", str(REPO.parent / "sql"), "--out", str(out), "--json"))
    first = json.loads(run("import", "feast", str(REPO), "--out", str(out) + "-file", "--json"))
    equal(sorted(answer["files"]), sorted(first["files"]))
    for name in answer["files"]:
        texts = [(folder / name).read_text().replace(str(REPO.parent / "sql"), str(REPO)) for folder in (out, pathlib.Path(str(out) + "-file"))]
        equal(sorted(texts[0].splitlines()), sorted(texts[1].splitlines()))  # columns of a table stand as its views came
    equal(sorted(e["object"] for e in answer["left"]), sorted(e["object"] for e in first["left"]))
    lines = run("plan", "-p", str(out)).splitlines()
    assert any("15 to add, 0 to change, 0 to remove" in line for line in lines), lines


CASES = [the_plan_of_what_was_written_is_clean, views_have_the_names_types_and_ttl_of_feast, services_take_what_feasts_take, training_rows_are_feasts,
         what_is_not_exact_is_listed, a_registry_in_sqlite_gives_the_same]

if sys.argv[1] == "--make":
    make(pathlib.Path(sys.argv[2]).absolute())
    sys.exit()
WEIR, FOLDER = os.path.abspath(sys.argv[1]), pathlib.Path(sys.argv[2]).absolute()
REPO, OUT = FOLDER / "rides", FOLDER / "rides_weir"
store = make(REPO)
for case in CASES:
    name = "import of a registry: " + case.__name__.replace("_", " ")
    try:
        case()
        print(f"ok {name}", flush=True)
    except Exception as error:  # whatever is raised is the finding
        traceback.print_exc()
        print(f"FAIL {name}: {type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}", flush=True)
print("end", flush=True)
