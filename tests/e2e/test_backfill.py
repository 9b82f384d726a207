"""Backfills: closure, dry run, restating, going on after kills. WEIR_KILLS=10 takes a whole year."""
import json
import os
import subprocess

import pytest

from conftest import WEIR
from test_intervals import Project

KILLS = int(os.environ.get("WEIR_KILLS", "3"))
DAYS = 365 if KILLS >= 10 else 40
TABLES = ["dwd_e_i", "dws_week_i", "dws_month_i", "app_total_f"]


def make(folder):
    project = Project(folder)
    project.write("domains/d/models/app_total_f.sql", "-- ---\n-- kind: full\n-- ---\nSELECT count(*) AS n, sum(v)::BIGINT AS v FROM dws_week_i\n")
    project.weir("apply", "--yes")
    import datetime
    first = datetime.date(2025, 1, 1)
    with open(os.path.join(project.folder, "e.csv"), "w") as file:
        for i in range(DAYS * 3):
            file.write(f"{i},{first + datetime.timedelta(days=i // 3)},{i * 7 % 101}\n")
    project.weir("load", "ods_e_i", os.path.join(project.folder, "e.csv"), "--columns", "id,day,v")
    return project, str(first), str(first + datetime.timedelta(days=DAYS))


@pytest.fixture
def made(tmp_path):
    """Served: a command is one request."""
    project, start, end = make(tmp_path)
    with project.server.served():
        yield project, start, end


def contents(project):
    return {table: project.query(f"SELECT * FROM {table} ORDER BY ALL") for table in TABLES}


def begin_and_kill(project, words, lines):
    """Kills the program when it has told of `lines` steps."""
    process = subprocess.Popen([WEIR, *words, "--json", "-p", project.folder], stdout=subprocess.PIPE, text=True,
                               env=dict(os.environ, WEIR_LANG="en"), stderr=subprocess.DEVNULL)
    for _, _line in zip(range(lines), process.stdout):
        pass
    process.kill()
    process.wait()
    process.stdout.close()


def backfills(project):
    return json.loads(project.weir("backfill", "list", "--json").stdout)["backfills"]


def test_killed_on_the_way_it_ends_as_a_clean_build(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    project, start, end = make(tmp_path / "a")
    words = ["backfill", "dwd_e_i", "--start", start, "--end", end, "--downstream"]
    begin_and_kill(project, words, 8)
    identity = backfills(project)[0]["id"]
    seen = []
    for kill in range(1, KILLS):
        state = backfills(project)[0]
        assert state["state"] == "interrupted" and state["id"] == identity
        seen.append(state["done"])
        begin_and_kill(project, ["backfill", "--resume", identity], 10 + DAYS * 3 // KILLS)
    assert seen == sorted(seen)
    project.weir("backfill", "--resume", identity)
    state = backfills(project)[0]
    assert state["state"] == "done" and state["done"] == state["tasks"]  # nothing was done twice
    clean, _, _ = make(tmp_path / "b")
    with clean.server.served(), project.server.served():
        clean.weir("run", "dwd_e_i", "dws_week_i", "dws_month_i", "--start", start, "--end", end)
        clean.weir("run", "app_total_f")
        assert contents(project) == contents(clean)
        assert project.intervals("dwd_e_i", start, end)["missing"] == []
        assert project.intervals("dws_week_i", start, end)["stale"] == []


def plan(project, *words):
    return json.loads(project.weir("backfill", *words, "--dry-run", "--json").stdout)


def test_closure_by_each_models_window(made):
    project, _, _ = made
    range_ = ["--start", "2025-01-01", "--end", "2025-02-01"]
    first = plan(project, "dwd_e_i", *range_, "--downstream")
    assert {m["model"]: m["intervals"] for m in first["models"]} == {"d.dwd_e_i": 31, "d.dws_month_i": 1, "d.dws_week_i": 31, "d.app_total_f": 1}
    assert first["id"] is None and first["seconds"] is None and backfills(project) == []
    project.weir("backfill", "dwd_e_i", *range_, "--downstream", "--order", "desc", "--parallel", "2")
    assert plan(project, "dwd_e_i", *range_, "--downstream")["intervals"] == 0
    again = plan(project, "dwd_e_i", "--start", "2025-01-10", "--end", "2025-01-11", "--downstream", "--restate")
    assert {m["model"]: m["intervals"] for m in again["models"]} == {"d.dwd_e_i": 1, "d.dws_week_i": 7, "d.dws_month_i": 1, "d.app_total_f": 1}
    assert again["seconds"] > 0
    alone = plan(project, "dwd_e_i", "--start", "2025-01-10", "--end", "2025-01-11", "--restate")
    assert [m["model"] for m in alone["models"]] == ["d.dwd_e_i"]
    runs = json.loads(project.weir("runs", "dwd_e_i", "--json").stdout)["runs"]
    assert {run["cause"] for run in runs} == {"backfill"}
    days = [run["start"] for run in reversed(runs)]
    assert days == sorted(days, reverse=True)  # newest day first


def test_a_failing_task_is_gone_on_with(made):
    project, _, _ = made
    path = "domains/d/models/dws_week_i.sql"
    good = open(os.path.join(project.folder, path)).read()
    project.write(path, good.replace("sum(v)::BIGINT", "sum(CASE WHEN day = DATE '2025-01-03' THEN error('bad day') ELSE v END)::BIGINT"))
    project.weir("apply", "--yes")
    words = ["backfill", "dwd_e_i", "--start", "2025-01-01", "--end", "2025-01-06", "--downstream"]
    failed = project.weir(*words, check=False)
    assert failed.returncode == 1 and "--resume" in failed.stderr
    state = backfills(project)[0]
    assert state["state"] == "failed" and 0 < state["done"] < state["tasks"]
    project.write(path, good)
    project.weir("apply", "--yes")
    project.weir("backfill", "--resume", state["id"])
    assert backfills(project)[0]["state"] == "done"
    assert project.query("SELECT count(*) FROM dws_week_i")[0] == [5]


def test_mistakes(made):
    project, _, _ = made
    assert project.weir("backfill", check=False).returncode == 2
    assert project.weir("backfill", "dwd_e_i", check=False).returncode == 2
    assert "not built by interval" in project.weir("backfill", "app_total_f", "--start", "2025-01-01", "--end", "2025-01-02", check=False).stderr
    assert "no backfill" in project.weir("backfill", "--resume", "bf_none", check=False).stderr
