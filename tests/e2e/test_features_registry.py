"""The registry of features: what a plan says of mistakes, versions side by side, search, pins, archived projects."""
import json
import pathlib

import pytest

from conftest import Server

TABLE = """tables:
  - name: ods_stats_i
    columns:
      - {name: driver_id, type: bigint}
      - {name: city_id, type: bigint}
      - {name: event_timestamp, type: datetime}
      - {name: conv_rate, type: double}
      - {name: trips, type: int}
"""
ENTITIES = """entities:
  - {name: driver, title: {en: Driver, zh: 司机}, key: driver_id, type: int64}
  - {name: city, title: {en: City, zh: 城市}, key: city_id, type: int64}
"""
VIEW = """feature_views:
  - name: driver_stats
    title: {en: Driver statistics, zh: 司机统计}
    owner: ann
    entities: [driver]
    source: ods_stats_i
    time: event_timestamp
    ttl: 1d
    features:
      - {name: conv_rate, type: double, title: {en: Conversion rate, zh: 转化率}, tags: [gold]}
      - {name: trips_7d, expr: sum(trips), window: 7d, title: {en: Trips in a week, zh: 近7日行程数}}
"""
CITY = """feature_views:
  - name: city_stats
    entities: [city]
    source: ods_stats_i
    time: event_timestamp
    features: [{name: trips}]
feature_services:
  - name: ranker
    features:
      - driver_stats
      - {view: city_stats, as: origin, keys: {city_id: origin_id}, features: [trips]}
"""


@pytest.fixture
def weir(tmp_path):
    (tmp_path / "weir.yml").write_text("name: rides\n")
    server = Server(tmp_path)
    put(server, tables=TABLE, entities=ENTITIES, views=VIEW, city=CITY)
    return server


def put(weir, **files):
    folder = pathlib.Path(weir.project) / "domains/rides"
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.yml").write_text(text)


def ask(weir, *words):
    return json.loads(weir.cli("features", *words, "--json").stdout)


def refused(weir, *words):
    done = weir.cli(*words, check=False)
    assert done.returncode != 0, done.stdout
    return done.stderr + done.stdout


def view(name, rest):
    return f"feature_views:\n  - name: {name}\n    entities: [driver]\n    source: ods_stats_i\n    time: event_timestamp\n{rest}"


# Told with their place, all at once.
MISTAKES = [
    (view("v", "    features: [{name: conv_rat}]\n"), "did you mean `conv_rate`"),
    (view("v", "    features: [{name: x, expr: conv_rat + 1}]\n"), "did you mean `conv_rate`"),
    (view("v", "    features: [{name: x, expr: sum(trips)}]\n"), "an aggregate needs a window"),
    (view("v", "    features: [{name: x, expr: trips, window: 7d}]\n"), "it must be an aggregate"),
    (view("v", "    features: [{name: conv_rate, type: doubel}]\n"), "did you mean `double`"),
    (view("v", "    features: [{name: event_timestamp}]\n"), "reserved"),
    (view("v", "    features: [{name: a__b, expr: trips}]\n"), "no name for a feature"),
    (view("v", "    features: [{name: driver_id}]\n"), "name of a key"),
    (view("v", "    features: [{name: conv_rate}, {name: CONV_RATE}]\n"), "CONV_RATE"),
    (view("driver_stats_v2", "    features: [{name: conv_rate}]\n"), "how a version of another feature view is stored"),
    (view("v", "    bound: exclusiv\n    features: [{name: conv_rate}]\n"), "did you mean `exclusive`"),
    (view("v", "    push: true\n    features: [{name: conv_rate, type: double}]\n"), "one of `source`, `sql`"),
    (view("v", "    features: [{name: conv_rate, checks: [row_count]}]\n"), "a feature cannot have it"),
    ("feature_views:\n  - {name: v, entities: [driver], source: ods_stats_i, features: [{name: conv_rate}]}\n", "has no `time`"),
    ("feature_views:\n  - {name: v, entities: [drivr], source: ods_stats_i, time: event_timestamp, features: [{name: conv_rate}]}\n", "did you mean `driver`"),
    ("feature_views:\n  - {name: v, entities: [{entity: city, key: {cty: driver_id}}], source: ods_stats_i, time: event_timestamp, features: [{name: conv_rate}]}\n",
     "no key `cty`"),
    ("feature_views:\n  - {name: v, sql: SELECT driver_id FROM ods_stat_i, entities: [driver], time: event_timestamp, features: [{name: conv_rate}]}\n", "ods_stats_i"),
    ("feature_views:\n  - {name: v, inputs: [\"driver_stats:conv_rat\"], features: [{name: x, type: double, expr: conv_rate}]}\n", "did you mean `conv_rate`"),
    ("feature_views:\n  - {name: v, inputs: [\"driver_stats:conv_rate\"], request: [{name: fare, type: double}], features: [{name: x, expr: far * conv_rate}]}\n",
     "did you mean `fare`"),
    ("feature_views:\n  - {name: v, inputs: [\"w:x\"], features: [{name: x, expr: x + 1}]}\n  - {name: w, inputs: [\"v:x\"], features: [{name: x, expr: x + 1}]}\n", "circle"),
    ("entities:\n  - {name: e, key: [a, b], type: [int64]}\n", "1 types for 2 key columns"),
    ("entities:\n  - {name: e, key: a, type: int46}\n", "did you mean `int64`"),
]
# Told once the definitions are right in themselves.
REFUSED = [
    ("feature_services:\n  - {name: s, features: [{view: city_stats, as: o, keys: {cty: x}}]}\n", "has no key `cty`"),
    ("feature_services:\n  - {name: s, features: [city_stats, \"city_stats:trips\"]}\n", "two columns would be named"),
    (view("v", "    features: [{name: conv_rate, type: int64}]\n"), "declared int64"),
    (view("v", "    features: [{name: conv_rate, default: high}]\n"), "default"),
    ("feature_services:\n  - {name: s, features: [\"driver_stats@v7:conv_rate\"]}\n", "no version `v7`"),
]


def test_a_plan_tells_each_mistake_in_its_place(weir):
    for i, (text, _) in enumerate(MISTAKES):
        own = text.replace("name: v\n", f"name: v{i}\n").replace("{name: v,", f"{{name: v{i},").replace("{name: w,", f"{{name: w{i},").replace("w:x", f"w{i}:x")
        put(weir, **{f"wrong{i:02}": own.replace("v:x", f"v{i}:x").replace("name: e,", f"name: e{i},")})
    told = json.loads(weir.cli("plan", "--json", check=False).stdout or weir.cli("plan", "--json", check=False).stderr)
    for i, (text, words) in enumerate(MISTAKES):
        mine = [f"{one['message']} | {one.get('hint')}" for one in told["diagnostics"] if one["file"].endswith(f"wrong{i:02}.yml") and one["line"]]
        assert any(words in one for one in mine), (text, words, mine)


@pytest.mark.parametrize("text,words", REFUSED, ids=[words for _, words in REFUSED])
def test_what_cannot_be_is_refused(weir, text, words):
    put(weir, wrong=text)
    assert words in refused(weir, "plan")


def test_versions_stand_side_by_side(weir):
    weir.cli("apply", "--yes")
    put(weir, views=VIEW.replace("ttl: 1d", "ttl: 2d").replace("owner: ann", "owner: bob"))
    weir.cli("apply", "--yes")
    put(weir, views=VIEW.replace("ttl: 1d", "ttl: 2d").replace("Conversion rate", "Conversions"))  # words make no version
    weir.cli("apply", "--yes")
    put(weir, views=VIEW.replace("conv_rate, type: double", "acc_rate, type: double, expr: conv_rate").replace("ttl: 1d", "ttl: 2d"))
    weir.cli("apply", "--yes")
    history = ask(weir, "history", "driver_stats")["versions"]
    assert [one["version"] for one in history] == [3, 2, 1]
    assert history[0]["diff"]["added"] == ["acc_rate"] and history[0]["diff"]["removed"] == ["conv_rate"]
    assert history[2]["diff"] is None and all(one["user"] and one["at"] for one in history)
    assert ask(weir, "diff", "driver_stats@v1", "driver_stats@v2")["changed"] == [{"what": "ttl", "before": "1d", "after": "2d"}]
    first, now = ask(weir, "show", "driver_stats@v1"), ask(weir, "show", "driver_stats")
    assert (first["ttl"], first["stored"], first["latest"]) == ("1d", "driver_stats", False)
    assert (now["version"], now["stored"], now["latest"]) == (3, "driver_stats_v3", True)
    assert [one["name"] for one in first["features"]] == ["conv_rate", "trips_7d"]
    listed = {one["view"]: one for one in ask(weir, "ls")["views"]}
    assert listed["driver_stats"]["versions"] == [3, 2, 1]
    assert "driver_stats@v1 -> driver_stats@v2" in weir.cli("features", "diff", "driver_stats@v1", "driver_stats@v2").stdout
    assert "v1 v2 v3" in weir.cli("features").stdout


def test_a_column_that_went_leaves_old_versions_saying_so(weir):
    weir.cli("apply", "--yes")
    put(weir, views=VIEW.replace("      - {name: conv_rate, type: double, title: {en: Conversion rate, zh: 转化率}, tags: [gold]}\n", ""),
        tables=TABLE.replace("      - {name: conv_rate, type: double}\n", ""))
    weir.cli("apply", "--yes", "--allow-drop", "ods_stats_i")
    assert "conv_rate" in ask(weir, "show", "driver_stats@v1")["gone"]
    assert ask(weir, "show", "driver_stats")["gone"] is None


def test_versions_in_use_are_not_pruned(weir):
    weir.cli("apply", "--yes")
    put(weir, views=VIEW.replace("ttl: 1d", "ttl: 2d"), pin="feature_services:\n  - {name: old, features: [\"driver_stats@v1:conv_rate\"]}\n")
    weir.cli("apply", "--yes")
    assert "newest" in refused(weir, "features", "prune", "driver_stats@v2")
    assert "pinned by feature service `rides.old`" in refused(weir, "features", "prune", "driver_stats@v1")
    put(weir, pin="feature_services: []\n")
    weir.cli("apply", "--yes")
    assert ask(weir, "prune", "driver_stats@v1")["pruned"] == "driver_stats@v1"
    assert [one["version"] for one in ask(weir, "history", "driver_stats")["versions"]] == [2]
    assert "no version" in refused(weir, "features", "show", "driver_stats@v1")
    put(weir, views=VIEW)  # a number never comes back
    weir.cli("apply", "--yes")
    assert ask(weir, "show", "driver_stats")["version"] == 3


def test_features_are_found_in_both_languages(weir):
    weir.cli("apply", "--yes")
    words = {"conversion": "conv_rate", "转化": "conv_rate", "行程": "trips_7d", "gold": "conv_rate", "司机 近7日": "trips_7d", "week driver": "trips_7d"}
    for text, found in words.items():
        assert [one["name"] for one in ask(weir, "search", text)["features"]][0] == found, text
    assert ask(weir, "search", "nothing of the kind")["features"] == []


def test_an_entity_keeps_its_type(weir):
    weir.cli("apply", "--yes")
    put(weir, entities=ENTITIES.replace("key: driver_id, type: int64", "key: driver_id, type: int32"),
        tables=TABLE.replace("driver_id, type: bigint", "driver_id, type: int"))
    for verb in (["plan"], ["apply", "--yes"]):
        told = refused(weir, *verb)
        assert "driver_id int64" in told and "declare another entity" in told
    assert ask(weir, "show", "driver_stats")["keys"][0]["type"] == "int64"


def test_an_archived_project_takes_nothing(weir):
    weir.cli("apply", "--yes")
    assert ask(weir, "archive") == {"project": "rides", "archived": True}
    put(weir, views=VIEW.replace("ttl: 1d", "ttl: 2d"))
    assert "is archived" in refused(weir, "apply", "--yes")
    assert "is archived" in refused(weir, "features", "materialize", "2026-01-01", "2026-01-02")
    assert ask(weir, "ls")["archived"] is True
    ask(weir, "unarchive")
    weir.cli("apply", "--yes")
    assert ask(weir, "show", "driver_stats")["version"] == 2


def test_pushed_rows_have_a_table_that_grows(weir):
    push = "feature_views:\n  - name: live\n    entities: [driver]\n    push: true\n    features:\n      - {name: clicks, type: int64}\n"
    put(weir, push=push)
    weir.cli("apply", "--yes")
    assert ask(weir, "show", "live")["table"] == "rides._weir_push__live"
    put(weir, push=push + "      - {name: page, type: string}\n")
    weir.cli("apply", "--yes")
    one = ask(weir, "show", "live")
    assert (one["version"], one["table"]) == (2, "rides._weir_push__live")
    rows = weir.cli("query", "SELECT driver_id, event_timestamp, clicks, page FROM rides._weir_push__live", "-f", "ndjson").stdout
    assert rows.strip() == ""
    manifest = pathlib.Path(weir.project) / "weir.yml"
    manifest.write_text("name: rides\nstandard: {profile: v4}\n")
    linted = weir.cli("lint", check=False)
    assert "ods_stats_i" in linted.stdout + linted.stderr and "_weir_push__" not in linted.stdout + linted.stderr
    manifest.write_text("name: rides\n")
    put(weir, push=push.replace("clicks, type: int64", "clicks, type: double"))
    weir.cli("apply", "--yes")
    assert ask(weir, "show", "live")["table"] == "rides._weir_push__live_v3"
    assert ask(weir, "show", "live@v2")["table"] == "rides._weir_push__live"


def test_lineage_goes_from_column_to_feature_to_service(weir):
    put(weir, demand="feature_views:\n  - {name: fit, inputs: [\"driver_stats:conv_rate\", \"city_stats:trips\"], request: [{name: fare, type: double}],"
        " features: [{name: worth, type: double, expr: fare * conv_rate}]}\n"
        "  - {name: own, sql: \"SELECT driver_id, event_timestamp, 2 * trips AS twice FROM ods_stats_i WHERE city_id = 1\", entities: [driver],"
        " time: event_timestamp, features: [{name: twice}]}\n"
        "feature_services:\n  - {name: worthy, features: [\"fit:worth\", own]}\n")
    weir.cli("apply", "--yes")
    def edges(column):
        graph = json.loads(weir.cli("lineage", f"rides.ods_stats_i.{column}", "--down", "--json").stdout)
        found = []
        def walk(node):
            found.append((node["object"], node.get("column")))
            for child in node["children"]:
                walk(child)
        walk(graph)
        return found
    assert ("rides.fit", "worth") in edges("conv_rate") and ("rides.worthy", "worth") in edges("conv_rate")
    assert ("rides.driver_stats", "trips_7d") in edges("trips") and ("rides.own", "twice") in edges("trips")
    assert ("rides.worthy", "twice") in edges("trips") and ("rides.fit", "worth") not in edges("trips")
    fit = ask(weir, "show", "fit")
    assert [(one["view"], one["feature"], one["type"]) for one in fit["inputs"]] == [("driver_stats", "conv_rate", "double"), ("city_stats", "trips", "int32")]
    assert ask(weir, "show", "own")["features"][0]["type"] == "int32"
