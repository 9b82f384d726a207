"""A registry of Feast becomes a project of Weir; what stays behind is listed. data/feast was made by Feast 0.67 (tests/interop/python/feast_import.py)."""
import json
import os
import pathlib
import shutil
import subprocess

import pytest

from conftest import HERE, WEIR, Server

FEAST = pathlib.Path(HERE) / "data/feast"
REGISTRY = FEAST / "data/registry.db"


def convert(source, out, *words, code=0, lang="en"):
    done = subprocess.run([WEIR, "import", "feast", str(source), "--out", str(out), *words], capture_output=True, text=True, env={"WEIR_LANG": lang})
    assert done.returncode == code, done.stdout + done.stderr
    return done


@pytest.fixture(scope="module")
def taken(tmp_path_factory):
    repo = tmp_path_factory.mktemp("feast") / "rides"
    shutil.copytree(FEAST, repo)
    out = repo.parent / "weir"
    return out, json.loads(convert(repo, out, "--json").stdout)


@pytest.fixture(scope="module")
def project(taken):
    weir = Server(taken[0])
    plan = weir.cli("plan").stdout
    assert "15 to add, 0 to change, 0 to remove" in plan, plan
    weir.cli("apply", "--yes")
    weir.cli("refresh")
    with weir.served():
        yield weir


def show(weir, view):
    return json.loads(weir.cli("features", "show", view, "--json").stdout)


def reasons(answer, list_name):
    return {entry["object"]: entry["reason"] for entry in answer[list_name]}


def test_views_keep_names_types_ttl_and_what_is_said_of_them(project):
    hourly = show(project, "driver_hourly")
    assert [(f["name"], f["type"], f["expr"], f["tags"]) for f in hourly["features"]] == [
        ("conv_rate", "float", None, ["unit:1"]), ("trips", "int32", '"trips_n"', []), ("labels", "array(string)", None, [])]
    assert (hourly["ttl"], hourly["owner"], hourly["description_en"], hourly["tags"], hourly["time"], hourly["created"]) == (
        "1d", "fleet", "statistics", ["tier:gold"], "event_timestamp", "created")
    assert (show(project, "driver_fresh")["ttl"], show(project, "driver_fresh")["online"], show(project, "place_heat")["ttl"]) == ("90m", False, None)
    assert [f["type"] for f in show(project, "rates")["features"]] == ["double", "bool", "timestamp", "bytes", "array(int64)", "int64"]
    assert show(project, "rates")["entities"] == [] and show(project, "driver_hourly")["keys"][0]["type"] == "int64"


def test_services_keep_their_features_aliases_and_keys(project):
    services = {row["service"]: row["features"] for row in json.loads(project.cli("features", "ls", "--json").stdout)["services"]}
    assert services == {"ranker": ["driver_hourly:conv_rate", "driver_hourly:labels", "place_heat:heat"],
                        "pickups": [{"view": "driver_hourly", "as": "pickup", "keys": {"driver_id": "first_driver"}, "features": ["trips"]}]}


def test_files_of_the_repository_are_sources(project):
    rows = [json.loads(line) for line in project.cli("query", "SELECT driver_id, conv_rate, trips_n FROM rides.ods_driver_stats ORDER BY ALL", "-f", "ndjson").stdout.splitlines()]
    assert [tuple(row.values()) for row in rows] == [(1, 0.5, 3), (1, 0.75, 5), (2, 0.25, 4)]
    project.call("POST", "/materialize", {"feature_views": ["place_heat"], "start_ts": "2026-01-01T00:00:00Z", "end_ts": "2026-01-03T00:00:00Z"})
    answer = project.call("POST", "/get-online-features", {"features": ["place_heat:heat"], "entities": {"place_name": ["Rome", "Oslo"]}}).json()
    assert answer["results"][-1]["values"] == [1.5, None]


def test_pushed_rows_outlive_a_file_that_changes(tmp_path):
    """`driver_stats` is the batch source of a push source; `places` is none, its table has what its file has."""
    shutil.copytree(FEAST, tmp_path / "rides")
    answer = json.loads(convert(tmp_path / "rides", tmp_path / "out", "--json").stdout)
    assert "added to them" in reasons(answer, "changed")["ods_driver_stats"] and "ods_places" not in reasons(answer, "changed")
    weir = Server(tmp_path / "out")
    weir.cli("apply", "--yes")
    weir.cli("refresh")
    with weir.served():
        df = {"driver_id": [7], "event_timestamp": ["2026-01-02T03:00:00Z"], "created": ["2026-01-02T03:00:00Z"], "conv_rate": [0.125]}
        answer = weir.call("POST", "/push", {"push_source_name": "driver_fresh", "to": "offline", "df": df})
        assert answer.status == 200, answer.text
        for name in ("driver_stats", "place"):
            os.utime(tmp_path / f"rides/data/{name}.parquet", (1, 1))  # written anew
        weir.cli("refresh")
        drivers = weir.cli("query", "SELECT driver_id, count(*) FROM rides.ods_driver_stats GROUP BY 1 ORDER BY 1", "-f", "csv").stdout.split()
        assert drivers[1:] == ["1,4", "2,2", "7,1"]
        assert weir.cli("query", "SELECT count(*) FROM rides.ods_places", "-f", "csv").stdout.split()[1:] == ["2"]


def test_what_is_not_exact_is_listed(taken):
    out, answer = taken
    left, changed = reasons(answer, "left"), reasons(answer, "changed")
    assert left["odd:extra"] == "its type, MAP, is none of Weir's"
    assert left["fares"] == "`fare_share`, which it takes, stayed behind" and "by a function (python)" in left["fare_share"]
    assert {entry["line"] for entry in answer["left"] if entry["object"] == "online_store"} == {4}
    assert "SELECT * FROM fx" in changed["ods_rates"] and "not of `driver_push`" in changed["driver_fresh"]
    draft = (out / answer["drafts"][0]).read_text()
    assert 'return {"share": inputs["fare"] * inputs["conv_rate"]}' in draft and 'request:\n      - {"name":"fare","type":"double"}' in draft


def test_a_registry_alone_names_files_that_it_does_not_know_where_to_find(tmp_path):
    answer = json.loads(convert(REGISTRY, tmp_path / "out", "--json").stdout)
    assert "data/place.parquet" in reasons(answer, "changed")["ods_places"]
    assert not any("sources:" in (tmp_path / "out" / name).read_text() for name in answer["files"])


def test_the_report_is_for_people_in_both_languages(tmp_path):
    assert "2 entities, 5 feature views, 2 services, 3 tables; drafts: 1" in convert(FEAST, tmp_path / "en").stdout
    assert "实体 2，特征视图 5，特征服务 2，表 3；草稿 1" in convert(FEAST, tmp_path / "zh", lang="zh").stdout


@pytest.mark.parametrize("content, wrong", [
    (b"", "nothing was applied"), (b"SQLite format 3\0" + bytes(100), "a registry of type `sql`"), (b"\x0a\xff\xff\xff\xff\x0f", "is cut off"),
    (b"hello, world", "no registry"), (REGISTRY.read_bytes()[:-3], "is cut off"), (b"\x0a\x00" * 5, "no version of its schema")])
def test_what_is_no_registry_is_said_and_nothing_is_written(tmp_path, content, wrong):
    (tmp_path / "registry.db").write_bytes(content)
    assert wrong in convert(tmp_path / "registry.db", tmp_path / "out", code=2).stderr
    assert not (tmp_path / "out").exists()


def test_a_registry_elsewhere_is_refused(tmp_path):
    (tmp_path / "feature_store.yaml").write_text("project: rides\nregistry: {registry_type: sql, path: 'postgresql://db/feast'}\n")
    assert "only a file is read" in convert(tmp_path, tmp_path / "out", code=2).stderr
    (tmp_path / "feature_store.yaml").write_text("- no\n- map\n")
    assert "feature_store.yaml:1" in convert(tmp_path, tmp_path / "out", code=2).stderr
    out = tmp_path / "there"
    out.mkdir()
    (out / "weir.yml").write_text("name: x\n")
    assert "there is a project at" in convert(FEAST, out, code=2).stderr
