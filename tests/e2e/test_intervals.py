"""What of a model's time is done, missing, stale: through the command line."""
import json
import os

import pytest

from conftest import ROOT, Server

CASES = os.path.join(ROOT, "..", "shared", "data", "warehouse", "intervals_dev.jsonl")

MODELS = {
    "dwd_e_i": "kind: incremental\ntime: day\n---\nSELECT id, day, v FROM ods_e_i WHERE day >= $start AND day < $end",
    "dws_week_i": "kind: incremental\ntime: day\n---\nSELECT day, sum(v)::BIGINT AS v FROM dwd_e_i WHERE day >= $start - INTERVAL 6 DAY AND day < $end"
                  " AND day >= $start GROUP BY day",
    "dws_month_i": "kind: incremental\ntime: month\ngrain: month\n---\nSELECT date_trunc('month', day)::DATE AS month, sum(v)::BIGINT AS v"
                   " FROM dwd_e_i WHERE day >= $start AND day < $end GROUP BY 1",
    "dws_look_i": "kind: incremental\ntime: day\nlookback: 2d\n---\nSELECT day, count(*) AS n FROM ods_e_i WHERE day >= $start AND day < $end GROUP BY day",
    "dws_hour_i": "kind: incremental\ntime: moment\ngrain: hour\n---\nSELECT moment, v FROM ods_h_i WHERE moment >= $start AND moment < $end",
}


class Project:
    def __init__(self, folder, zone="UTC"):
        self.folder = str(folder)
        self.server = Server(folder)
        models = os.path.join(self.folder, "domains", "d", "models")
        os.makedirs(models)
        self.write("weir.yml", f"name: p\ntimezone: {zone}\ndomains: [{{name: d}}]\n")
        self.write("domains/d/d.yml", "tables:\n  - {name: ods_e_i, layer: ods, columns: [{name: id, type: bigint}, {name: day, type: date}, {name: v, type: bigint}]}\n"
                                      "  - {name: ods_h_i, layer: ods, columns: [{name: moment, type: datetime}, {name: v, type: bigint}]}\n")
        for name, text in MODELS.items():
            head, body = text.split("\n---\n")
            self.write(f"domains/d/models/{name}.sql", "-- ---\n" + "".join(f"-- {line}\n" for line in head.split("\n")) + "-- ---\n" + body + "\n")
        self.weir("apply", "--yes")

    def write(self, path, text):
        with open(os.path.join(self.folder, path), "w") as file:
            file.write(text)

    def weir(self, *words, check=True):
        return self.server.cli(*words, check=check)

    def intervals(self, model, start=None, end=None, *more):
        words = (["--start", start] if start else []) + (["--end", end] if end else [])
        return json.loads(self.weir("intervals", model, *words, *more, "--json").stdout)

    def query(self, sql):
        return json.loads(self.weir("query", sql, "-f", "json").stdout)["rows"]


@pytest.fixture
def project(tmp_path):
    """Served: a command is one request."""
    project = Project(tmp_path)
    with project.server.served():
        yield project


def next_day(text):
    import datetime
    return str(datetime.date.fromisoformat(text) + datetime.timedelta(days=1))


def test_samples(project):
    """Cases of the collection: ends are given by their last day."""
    if not os.path.exists(CASES):
        pytest.skip(f"no sample data at {CASES}")
    cases = [json.loads(line) for line in open(CASES)]
    for case in cases:
        got = []
        for step in case["steps"]:
            start, end = step["start"], next_day(step["end"])
            if step["op"] == "add":
                project.weir("run", "dwd_e_i", "--start", start, "--end", end)
                got.append(project.intervals("dwd_e_i")["done"])
            else:
                got.append(project.intervals("dwd_e_i", start, end)["missing"])
        assert got == case["expected"]["results"], case["id"]


def test_marks_and_lookback(tmp_path):
    project = Project(tmp_path)
    project.weir("intervals", "dws_look_i", "--mark", "done", "--start", "2023-01-01", "--end", "2023-01-05")
    assert project.intervals("dws_look_i", "2023-01-01", "2023-01-05")["missing"] == []
    day = project.intervals("dws_look_i", "2023-01-01", "2023-01-06")  # the fifth is missing: two before it are read again
    assert day["missing"] == ["2023-01-03 00:00:00", "2023-01-04 00:00:00", "2023-01-05 00:00:00"]
    assert (day["n_missing"], day["n_again"]) == (1, 2)
    project.weir("intervals", "dws_look_i", "--mark", "missing", "--start", "2023-01-02", "--end", "2023-01-03")
    assert project.intervals("dws_look_i")["done"] == [["2023-01-01 00:00:00", "2023-01-02 00:00:00"], ["2023-01-03 00:00:00", "2023-01-05 00:00:00"]]
    assert project.intervals("dws_look_i", "2023-01-02 06:00:00", "2023-01-03")["missing"] == []  # no whole day lies there


def test_only_whole_units_are_done(project):
    project.weir("run", "dwd_e_i")
    project.weir("run", "dws_month_i", "--start", "2026-03-10", "--end", "2026-05-20")
    assert project.intervals("dws_month_i")["done"] == [["2026-04-01 00:00:00", "2026-05-01 00:00:00"]]
    project.weir("intervals", "dws_look_i", "--mark", "done", "--start", "2026-03-10 08:00:00", "--end", "2026-03-10 20:00:00")
    assert project.intervals("dws_look_i")["done"] == []
    project.weir("intervals", "dws_look_i", "--mark", "done", "--start", "2026-03-10 08:00:00", "--end", "2026-03-13 20:00:00")
    assert project.intervals("dws_look_i")["done"] == [["2026-03-11 00:00:00", "2026-03-13 00:00:00"]]
    project.weir("intervals", "dws_look_i", "--mark", "done", "--start", "2026-03-10", "--end", "2026-03-11")
    assert project.intervals("dws_look_i")["done"] == [["2026-03-10 00:00:00", "2026-03-13 00:00:00"]]


def test_units_and_clock_changes(tmp_path):
    project = Project(tmp_path, "America/New_York")
    hours = project.intervals("dws_hour_i", "2026-03-08", "2026-03-09")
    assert hours["unit"] == "hour" and hours["n_missing"] == 23
    assert project.intervals("dws_hour_i", "2025-11-02", "2025-11-03")["n_missing"] == 25
    assert project.intervals("dws_month_i", "2026-01-01", "2026-04-01")["missing"] == ["2026-01-01 00:00:00", "2026-02-01 00:00:00", "2026-03-01 00:00:00"]
    assert project.intervals("dwd_e_i", "2026-03-01", "2026-04-01", "--at", "2026-03-10 12:00:00")["n_missing"] == 9  # the tenth is not over


def test_what_changes_makes_readers_stale(project):
    for model in ["dwd_e_i", "dws_week_i", "dws_month_i"]:
        project.weir("run", model, "--start", "2026-01-01", "--end", "2026-03-01")
    assert project.intervals("dws_week_i")["stale"] == []
    project.weir("run", "dwd_e_i", "--start", "2026-01-30", "--end", "2026-01-31")
    assert project.intervals("dws_week_i")["stale"] == [f"2026-01-{d} 00:00:00" for d in (30, 31)] + [f"2026-02-0{d} 00:00:00" for d in range(1, 6)]
    assert project.intervals("dws_month_i")["stale"] == ["2026-01-01 00:00:00"]
    project.weir("run", "dws_month_i", "--start", "2026-01-01", "--end", "2026-02-01")
    assert project.intervals("dws_month_i")["stale"] == []
    project.weir("intervals", "ods_e_i", "--mark", "stale", "--start", "2026-02-10", "--end", "2026-02-11")  # a repaired source row
    assert project.intervals("dwd_e_i")["stale"] == ["2026-02-10 00:00:00"]
    assert project.intervals("dws_month_i")["stale"] == ["2026-02-01 00:00:00"]


def test_a_plain_run_takes_what_is_stale(project):
    project.write("e.csv", "".join(f"{i},2026-01-{i:02},{i}\n" for i in range(1, 11)))
    project.weir("load", "ods_e_i", os.path.join(project.folder, "e.csv"), "--columns", "id,day,v")
    at = ("--at", "2026-01-11 01:00:00")
    project.weir("run", "dwd_e_i", "dws_month_i", *at)
    assert project.query("SELECT v FROM dws_month_i") == [[55]]
    # a repaired row: only its day is stale, in the model and in what reads it
    project.write("e.csv", "1,2026-01-01,1\n3,2026-01-03,300\n")
    project.weir("load", "ods_e_i", os.path.join(project.folder, "e.csv"), "--columns", "id,day,v")
    project.weir("intervals", "ods_e_i", "--mark", "stale", "--start", "2026-01-03", "--end", "2026-01-04")
    before = {row["run_id"] for row in json.loads(project.weir("runs", "--json").stdout)["runs"]}
    done = project.weir("run", "dwd_e_i", "dws_month_i", *at)
    assert "1 stale stretch made again" in done.stderr
    assert project.query("SELECT v FROM dwd_e_i WHERE day = '2026-01-03' ORDER BY v") == [[3], [300]]
    assert project.query("SELECT count(*) FROM dwd_e_i WHERE day = '2026-01-01'") == [[1]]  # nobody said that it changed
    assert project.query("SELECT v FROM dws_month_i") == [[355]]
    assert project.intervals("dwd_e_i")["stale"] == project.intervals("dws_month_i")["stale"] == []
    runs = [row for row in json.loads(project.weir("runs", "--json").stdout)["runs"] if row["run_id"] not in before]
    assert ("model:d.dwd_e_i", "2026-01-03T00:00:00Z", "2026-01-04T00:00:00Z") in [(row["model"], row["start"], row["end"]) for row in runs if row["cause"] == "stale"]
    # an interval that is asked for is that and no more; so is what is stale of an append left alone
    project.weir("intervals", "ods_e_i", "--mark", "stale", "--start", "2026-01-05", "--end", "2026-01-06")
    project.weir("run", "dwd_e_i", "--start", "2026-01-08", "--end", "2026-01-09")
    assert project.intervals("dwd_e_i")["stale"] == ["2026-01-05 00:00:00"]


def test_business_date_bytes_and_phases(tmp_path):
    project = Project(tmp_path, zone="Asia/Shanghai")
    with project.server.served():
        check_business_date(project)


def check_business_date(project):
    project.write("domains/d/models/app_day_f.sql", "-- ---\n-- kind: full\n-- ---\nSELECT $business_date AS day, $ds AS ds, $bizdate AS bizdate\n")
    project.write("domains/d/models/app_today_f.sql", "-- ---\n-- kind: full\n-- schedule: {cron: '0 2 * * *', business_date: 0}\n-- ---\nSELECT $business_date AS day\n")
    project.write("domains/d/models/dws_batch_i.sql", "-- ---\n-- kind: incremental\n-- strategy: microbatch\n-- event_time: day\n-- begin: 2026-01-01\n-- ---\n"
                                                      "SELECT day, $business_date AS about FROM ods_e_i WHERE day >= $start AND day < $end\n")
    project.weir("apply", "--yes")
    # the clock is 02:00 in Shanghai: a run is about the day before, or as the schedule says
    project.weir("run", "app_day_f", "app_today_f", "--at", "2026-01-11 02:00:00")
    assert project.query("SELECT * FROM app_day_f") == [["2026-01-10", "2026-01-10", "20260110"]]
    assert project.query("SELECT * FROM app_today_f") == [["2026-01-11"]]
    project.weir("run", "app_day_f", "--business-date", "2025-12-31")
    assert project.query("SELECT ds FROM app_day_f") == [["2025-12-31"]]
    runs = json.loads(project.weir("runs", "app_day_f", "--json").stdout)["runs"]
    assert [row["business_date"] for row in runs] == ["2025-12-31", "2026-01-10"]
    assert runs[0]["bytes"] == 4 + 10 + 8
    assert all(row[key] >= 0 for row in runs for key in ("build_ms", "checks_ms", "swap_ms"))
    assert runs[0]["build_ms"] + runs[0]["checks_ms"] + runs[0]["swap_ms"] <= runs[0]["elapsed_ms"]
    # of a batch it is the batch's day
    project.write("e.csv", "1,2026-01-01,1\n2,2026-01-02,1\n")
    project.weir("load", "ods_e_i", os.path.join(project.folder, "e.csv"), "--columns", "id,day,v")
    project.weir("run", "dws_batch_i", "--at", "2026-01-03 01:00:00")
    assert project.query("SELECT * FROM dws_batch_i ORDER BY day") == [["2026-01-01", "2026-01-01"], ["2026-01-02", "2026-01-02"]]
    wrong = project.weir("run", "app_day_f", "--business-date", "2026-01-01 10:00:00", check=False)
    assert wrong.returncode != 0 and "no day" in wrong.stderr
    project.write("domains/d/models/app_day_f.sql", "-- ---\n-- kind: full\n-- ---\nSELECT $today AS day\n")
    assert "$business_date" in project.weir("plan", check=False).stderr


def test_mistakes(project):
    assert project.weir("intervals", "ods_e_i", check=False).returncode != 0
    assert project.weir("intervals", "dwd_e_i", "--start", "2026-02-01", "--end", "2026-01-01", check=False).returncode != 0
    assert "no time" in project.weir("intervals", "dwd_e_i", "--start", "soon", check=False).stderr
