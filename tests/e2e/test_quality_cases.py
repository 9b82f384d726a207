"""Cases of checks as data: a history of figures, the figure under test, the verdict. Each is a table and a model with that check and
goes the way a user's data goes, a day at a time: `weir load --replace`, `weir run MODEL --at DAY`, `weir checks MODEL --json`. A long
history is in the table itself, by a time column, and is run once. Those of ../shared are skipped where it is absent; the project's own
are below."""
import datetime
import json
import os

import pytest
from conftest import ROOT, Server

CASES = os.environ.get("WEIR_QUALITY_CASES", os.path.join(ROOT, "..", "shared", "data", "warehouse", "quality_dev.jsonl"))
FIRST_DAY = datetime.datetime(2024, 3, 4, 6)  # a Monday
CALM = [100, 102, 98, 101, 99, 100, 103, 97, 100, 100]  # mean 100, deviation 1.7638
WEEKS = [100, 101, 99, 100, 102, 20, 10] * 8  # a business that rests at week-ends


def own(name, kind, config, steps, **expected):
    return {"id": name, "kind": kind, "config": config, "steps": [steps], "expected": expected}


def change(name, config, value, baseline=100, **expected):
    return own(name, "threshold", {"orange": 5, "red": 10, **config}, {"value": value, "baseline": baseline}, **expected)


OWN = [
    # ---- far from its history
    own("spike_in_ten", "zscore", {}, {"history": CALM, "value": 1000}, verdict="fail", z=510.252),
    own("drop_counts_too", "zscore", {}, {"history": CALM, "value": 10}, verdict="fail", z=-51.025),
    own("drop_ignores_spike", "zscore", {"direction": "drop"}, {"history": CALM, "value": 1000}, verdict="pass", z=510.252),
    own("drop_sees_drop", "zscore", {"direction": "drop"}, {"history": CALM, "value": 90}, verdict="fail", z=-5.669),
    own("spike_sees_spike", "zscore", {"direction": "spike"}, {"history": CALM, "value": 106}, verdict="fail", z=3.402),
    own("within", "zscore", {}, {"history": CALM, "value": 105}, verdict="pass", z=2.835),
    own("sensitivity_two", "zscore", {"sensitivity": 2}, {"history": CALM, "value": 105}, verdict="fail", z=2.835),
    own("sensitivity_four", "zscore", {"sensitivity": 4}, {"history": CALM, "value": 106}, verdict="pass", z=3.402),
    own("too_little_history", "zscore", {}, {"history": CALM[:6], "value": 1000}, verdict="skip"),
    own("min_points_five", "zscore", {"min_points": 5}, {"history": CALM[:6], "value": 1000}, verdict="fail", z=636.396),
    own("flat_and_the_same", "zscore", {"flat_history_fails": True}, {"history": [50] * 10, "value": 50}, verdict="pass", z=0.0),
    own("flat_by_itself_passes", "zscore", {}, {"history": [50] * 10, "value": 500}, verdict="pass", z=0.0),
    own("flat_spike_ignores_drop", "zscore", {"flat_history_fails": True, "direction": "spike"}, {"history": [50] * 10, "value": 0},
        verdict="pass", z=0.0),
    own("flat_may_hold_back", "zscore", {"flat_history_fails": True, "strong": True}, {"history": [50] * 8, "value": 51}, verdict="fail", block=True),
    own("a_figure_of_a_column", "zscore", {}, {"history": [1.5, 1.4, 1.6, 1.5, 1.55, 1.45, 1.5], "value": 2.5}, verdict="fail", z=15.492),
    own("two_bars_warn", "zscore", {"warn": 2, "error": 4}, {"history": CALM, "value": 106}, verdict="warn", z=3.402),
    own("two_bars_error", "zscore", {"warn": 2, "error": 4}, {"history": CALM, "value": 120}, verdict="error", z=11.339),
    own("a_quiet_sunday", "zscore", {"season": "day_of_week"}, {"history": WEEKS[:-1], "value": 10}, verdict="pass"),
    own("a_busy_sunday", "zscore", {"season": "day_of_week", "flat_history_fails": True}, {"history": WEEKS[:-1], "value": 100}, verdict="fail"),
    own("a_busy_sunday_unseen", "zscore", {}, {"history": WEEKS[:-1], "value": 100}, verdict="pass"),
    own("an_hour_of_the_day", "zscore", {"season": "hour_of_day", "min_points": 3, "flat_history_fails": True, "hours": 1},
        {"history": ([20] * 8 + [5] * 16) * 4, "value": 5}, verdict="fail"),
    # ---- changed against a baseline
    change("steady", {}, 104, verdict="pass", percent=4.0, block=False),
    change("at_the_bar", {}, 105, verdict="pass", percent=5.0),
    change("orange_warns", {"strong": True}, 108, verdict="warn", percent=8.0, block=False),
    change("at_the_red_bar", {"strong": True}, 110, verdict="warn", percent=10.0, block=False),
    change("red_and_weak", {}, 80, verdict="error", percent=-20.0, block=False),
    change("red_and_strong", {"strong": True}, 120, verdict="error", percent=20.0, block=True),
    change("up_sees_rise", {"trend": "up", "strong": True}, 120, verdict="error", percent=20.0, block=True),
    change("down_ignores_rise", {"trend": "down"}, 120, verdict="pass", percent=20.0),
    change("down_sees_drop", {"trend": "down"}, 93, verdict="warn", percent=-7.0),
    change("baseline_just_enough", {"min_row_count": 100}, 50, verdict="error", percent=-50.0),
    change("nothing_before", {}, 50, baseline=0, verdict="skip", block=False),
    change("below_nothing", {}, -120.5, baseline=-100.5, verdict="error", percent=-19.9),
    change("one_bar_only", {"orange": 50}, 120, verdict="error", percent=20.0),
    own("mean_of_seven", "threshold", {"orange": 5, "red": 10, "baseline": "mean_7d"}, {"history": [1000] * 3 + [100, 90, 110] * 2 + [100], "value": 107},
        verdict="warn", percent=7.0),
    own("mean_of_thirty", "threshold", {"orange": 5, "red": 10, "baseline": "mean_30d"}, {"history": [1000] * 3 + [100, 90, 110] * 10, "value": 80},
        verdict="error", percent=-20.0),
    own("same_weekday", "threshold", {"orange": 5, "red": 10, "baseline": "same_weekday"}, {"history": WEEKS[:13], "value": 10}, verdict="pass", percent=0.0),
]


def cases():
    if not os.path.exists(CASES):
        shared = [pytest.param(None, marks=pytest.mark.skip(reason=f"no cases: {CASES} is absent"))]
    else:
        with open(CASES) as file:
            shared = [pytest.param(case, id=case["id"]) for case in map(json.loads, file)]
    return shared + [pytest.param(case, id=case["id"]) for case in OWN]


def figures(step):
    return [*(step.get("history") or ([step["baseline"]] if "baseline" in step else [])), step["value"]]


def counted(case):
    """Whether the figure can be a number of rows; else it is the mean of a column."""
    return all(isinstance(value, int) and 0 <= value <= 100000 for step in case["steps"] for value in figures(step))


def in_table(case):
    return counted(case) and max(len(figures(step)) for step in case["steps"]) > 12


def check_of(case):
    config = {key: value for key, value in case["config"].items() if key != "hours"}
    column = {} if counted(case) else {"of": "mean", "column": "amount"}
    if case["kind"] == "zscore":
        return {"anomaly": {**column, **config}}
    return {"row_count": config} if counted(case) else {"distribution": {**column, **config}}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """All cases in one project, one apply; served, so that each verb is one request."""
    folder = tmp_path_factory.mktemp("quality") / "project"
    models = folder / "domains" / "d" / "models"
    models.mkdir(parents=True)
    (folder / "weir.yml").write_text("name: cases\ntimezone: UTC\n")
    tables = "tables:\n"
    for case in (parameter.values[0] for parameter in cases()):
        if case:
            tables += f"  - {{name: ods_{case['id']}, columns: [{{name: id, type: bigint}}, {{name: amount, type: double}}, "
            tables += "{name: ts, type: datetime}]}\n"
            (models / f"dwd_{case['id']}.sql").write_text(
                f"-- ---\n-- kind: full\n{'-- time: ts' + chr(10) if in_table(case) else ''}-- checks: {json.dumps([check_of(case)])}\n-- ---\nSELECT * FROM ods_{case['id']}\n")
    (folder / "domains" / "d" / "tables.yml").write_text(tables)
    server = Server(folder)
    server.cli("apply", "--yes")
    server.start()
    yield server
    assert server.stop() == 0, server.tail()


def rows_of(case, at, value):
    return "".join(f"{i},1,{at}\n" for i in range(value)) if counted(case) else f"1,{value},{at}\n"


def run(server, case, at, rows):
    path = os.path.join(server.project, "rows.csv")
    with open(path, "w") as file:
        file.write(rows)
    server.cli("load", f"d.ods_{case['id']}", path, "--replace")
    return server.cli("run", f"d.dwd_{case['id']}", "--at", str(at), check=False)


@pytest.mark.parametrize("case", cases())
def test_quality_case(server, case):
    at, apart, rows = FIRST_DAY, datetime.timedelta(hours=case["config"].get("hours", 24)), ""
    for step in case["steps"]:
        for value in figures(step):
            if in_table(case):
                rows += rows_of(case, at, value)
            else:
                done = run(server, case, at, rows_of(case, at, value))
            at += apart
    if in_table(case):
        done = run(server, case, at, rows)
    checks = json.loads(server.cli("checks", f"dwd_{case['id']}", "--json").stdout)["checks"]
    assert len(checks) == 1, checks
    got = {key: checks[0].get(key) for key in case["expected"]}
    assert got == case["expected"], (checks[0], done.stdout)
    assert done.returncode == (5 if checks[0]["block"] else 0), done.stdout
