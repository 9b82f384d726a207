"""The schedule by a clock of the test: `weir schedule tick --at`, and once with the server's own."""
import json
import os
import re

from test_intervals import Project

CALENDAR = 'calendars:\n  cn: {holidays: ["2031-10-01..2031-10-07"], workdays: ["2031-10-11"]}\npools: {heavy: 1}\n'


def make(folder, **models):
    project = Project(folder)
    with open(os.path.join(project.folder, "weir.yml"), "a") as file:
        file.write(CALENDAR)
    for name, (head, body) in models.items():
        project.write(f"domains/d/models/{name}.sql", "-- ---\n-- kind: full\n" + "".join(f"-- {line}\n" for line in head) + "-- ---\n" + body + "\n")
    project.weir("apply", "--yes")
    return project


def tick(project, at):
    answer = json.loads(project.weir("schedule", "tick", "--at", at, "--json").stdout)
    return [(f["object"].split(".")[1], f["fired"], f["business_date"]) for f in answer["fired"]], answer["ok"]


def listed(project, name):
    return next(s for s in json.loads(project.weir("schedule", "list", "--json").stdout)["schedules"] if s["object"] == f"d.{name}")


def runs(project, name):
    return json.loads(project.weir("runs", name, "--json").stdout)["runs"]


def test_cron_calendar_business_date_and_upstream(tmp_path):
    project = make(tmp_path, dws_a_f=(['schedule: {cron: "0 2 * * *", calendar: cn}'], "SELECT 1 AS x"),
                   app_b_f=(["schedule: {on: upstream}"], "SELECT x FROM dws_a_f"))
    fired, ok = tick(project, "2031-09-29 12:00:00")  # what never ran fires at once
    assert ok and [f[0] for f in fired] == ["app_b_f", "dws_a_f"]
    tick(project, "2031-09-29 12:00:01")
    assert tick(project, "2031-09-30 01:59:00")[0] == []
    assert ("dws_a_f", "2031-09-30 02:00:00", "2031-09-29") in tick(project, "2031-09-30 02:00:00")[0]
    assert [f for f in tick(project, "2031-10-07 03:00:00")[0] if f[0] == "dws_a_f"] == []  # the holiday week
    assert ("dws_a_f", "2031-10-08 02:00:00", "2031-10-07") in tick(project, "2031-10-08 02:30:00")[0]
    assert ("dws_a_f", "2031-10-11 02:00:00", "2031-10-10") in tick(project, "2031-10-12 12:00:00")[0]  # a Saturday that is worked, Sunday is not
    assert runs(project, "dws_a_f")[0]["cause"] == "schedule"


def test_catchup(tmp_path):
    project = make(tmp_path, a_f=(['schedule: {cron: "0 2 * * *", catchup: all}'], "SELECT 1 AS x"),
                   b_f=(['schedule: {cron: "0 2 * * *"}'], "SELECT 1 AS x"))
    tick(project, "2031-01-01 12:00:00")
    fired, _ = tick(project, "2031-01-04 12:00:00")
    assert [f[1] for f in fired if f[0] == "a_f"] == ["2031-01-02 02:00:00", "2031-01-03 02:00:00", "2031-01-04 02:00:00"]
    assert [f[1] for f in fired if f[0] == "b_f"] == ["2031-01-04 02:00:00"]
    assert len(runs(project, "a_f")) == 4


def test_pause_mark_and_restart(tmp_path):
    project = make(tmp_path, a_f=(['schedule: "0 2 * * *"'], "SELECT 1 AS x"))
    tick(project, "2031-01-01 12:00:00")
    project.weir("schedule", "pause", "a_f")  # each command is a process of its own: all of it survives a restart
    assert listed(project, "a_f")["state"] == "paused"
    assert tick(project, "2031-01-05 12:00:00")[0] == []
    project.weir("schedule", "resume", "a_f", "--at", "2031-01-05 12:00:00")
    assert len(tick(project, "2031-01-05 12:00:01")[0]) == 1
    project.weir("schedule", "mark", "a_f", "done", "--at", "2031-01-06 12:00:00")
    assert tick(project, "2031-01-06 12:00:01")[0] == []
    project.weir("schedule", "mark", "a_f", "due")
    assert len(tick(project, "2031-01-06 12:00:02")[0]) == 1
    assert project.weir("schedule", "pause", check=False).returncode == 2
    assert project.weir("schedule", "pause", "nothing", check=False).returncode != 0


def test_retries_and_pools(tmp_path):
    project = make(tmp_path, a_f=(['retries: {times: 2, delay: 1ms, factor: 2}', "pool: heavy", 'schedule: "0 2 * * *"'], "SELECT error('no') AS x"),
                   b_f=(["pool: heavy"], "SELECT 1 AS x"), c_f=([], "SELECT x FROM a_f"))
    assert project.weir("run", "a_f", "b_f", "c_f", check=False).returncode == 1
    assert [run["attempt"] for run in reversed(runs(project, "a_f"))] == [1, 2, 3]
    assert runs(project, "b_f")[0]["state"] == "done" and runs(project, "c_f")[0]["state"] == "skipped"


def test_deadlines_are_told_of_once(tmp_path):
    project = make(tmp_path, a_f=(['schedule: {cron: "0 2 * * *", deadline: "03:00"}'], "SELECT error('no') AS x"))
    tick(project, "2031-01-01 12:00:00")
    tick(project, "2031-01-02 02:00:00")
    assert listed(project, "a_f")["deadline"] == "2031-01-02T03:00:00Z"
    for at in ["2031-01-02 03:00:01", "2031-01-02 03:00:02"]:
        tick(project, at)
    events = json.loads(project.weir("schedule", "events", "--json").stdout)["events"]
    assert ("model:d.a_f", "missed", "2031-01-02T03:00:00Z") in [(e["object"], e["kind"], e["deadline"]) for e in events]


def test_what_is_no_schedule_is_said_so(tmp_path):
    project = make(tmp_path, a_f=([], "SELECT 1 AS x"))
    project.write("domains/d/models/a_f.sql", "-- ---\n-- kind: full\n-- schedule: {cron: \"0 2 * * *\", catch_up: all}\n-- ---\nSELECT 1 AS x\n")
    wrong = project.weir("apply", "--yes", check=False)
    assert wrong.returncode != 0 and re.search(r"a_f\.sql:3.*\n(.*\n)*.*did you mean `catchup`", wrong.stderr + wrong.stdout)
