"""Cases of incremental models as data: each becomes a table and a model of one project, and goes the way a user's data goes:
`weir load --replace`, `weir run MODEL --at TIME`, `weir query`. Whole tables are compared. Skipped where ../shared is absent."""
import json
import os
import threading

import pytest
from conftest import ROOT, Server, until

DATA = os.path.join(ROOT, "..", "shared", "data", "warehouse")
CASES = os.environ.get("WEIR_INCREMENTAL_CASES", os.path.join(DATA, "incremental_dev.jsonl"))
NOW = "2024-06-01 12:00:00"


def cases():
    if not os.path.exists(CASES):
        return [pytest.param(None, marks=pytest.mark.skip(reason=f"no cases: {CASES} is absent"))]
    with open(CASES) as file:
        return [pytest.param(case, id=case["id"]) for case in map(json.loads, file) if case["kind"] in ("incremental", "microbatch")]


def sql_type(column, values, config):
    if column == config.get("event_time"):
        return "datetime(6)"
    known = [value for value in values if value is not None]
    if known and all(isinstance(value, bool) for value in known):
        return "boolean"
    if known and all(isinstance(value, int) and not isinstance(value, bool) for value in known):
        return "bigint"
    return "double" if known and all(isinstance(value, (int, float)) for value in known) else "varchar"


def columns_of(case, number):
    """Columns of a step in the order in which they are first seen (of a step without rows: of the next that has some), with types that
    hold the values of all steps."""
    steps = [step["input"] for step in case["steps"]]
    rows = next((rows for rows in [*steps[number:], *steps[:number]] if rows), [])
    names = list(dict.fromkeys(name for row in rows for name in row))
    return {name: sql_type(name, [row.get(name) for rows in steps for row in rows], case["config"]) for name in names}


def flags(step):
    words = {"start": "--start", "end": "--end", "event_start": "--start", "event_end": "--end"}
    given = [word for key, flag in words.items() if key in step for word in (flag, step[key])]
    return [*given, *(["--full"] if step.get("full_refresh") else [])]


class Project:
    def __init__(self, folder):
        self.folder = folder
        os.makedirs(folder / "domains" / "shop" / "models")
        (folder / "weir.yml").write_text("name: cases\ntimezone: UTC\n")
        self.server = Server(folder)

    def write(self, path, text):
        (self.folder / "domains" / "shop" / path).write_text(text)

    def table(self, name, columns):
        lines = "".join(f"      - {{name: {column}, type: {type_}}}\n" for column, type_ in columns.items())
        self.write(f"{name}.yml", f"tables:\n  - name: {name}\n    columns:\n{lines}")

    def model(self, name, source, config):
        header = "".join(f"-- {key}: {json.dumps(value)}\n" for key, value in {"kind": "incremental", **config}.items())
        self.write(f"models/{name}.sql", f"-- ---\n{header}-- ---\nSELECT * FROM {source}\n")

    def apply(self, check=True):
        tables = [path.stem for path in (self.folder / "domains" / "shop").glob("*.yml")]
        return self.server.cli("apply", "--yes", *[word for table in tables for word in ("--allow-drop", f"shop.{table}")], check=check)

    def remove(self, table, model):
        (self.folder / "domains" / "shop" / f"{table}.yml").unlink()
        (self.folder / "domains" / "shop" / "models" / f"{model}.sql").unlink()

    def fill(self, table, rows, label=None):
        path = self.folder / f"{table}.json"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        self.server.cli("load", table, str(path), "--replace", *(["--label", label] if label else []))

    def run(self, model, at, *flags):
        return self.server.cli("run", model, "--at", at, *flags, check=False)

    def rows(self, table):
        return [json.loads(line) for line in self.server.cli("query", f"SELECT * FROM shop.{table}", "-f", "ndjson").stdout.splitlines()]


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """All cases in one project, one apply; served, so that each verb is one request. What a plan refuses of a case is its outcome."""
    project = Project(tmp_path_factory.mktemp("cases") / "project")
    found = [parameter.values[0] for parameter in cases() if parameter.values[0]]
    for case in found:
        define(project, case)
    project.refused = {}
    if project.apply(check=False).returncode:
        for case in found:
            project.remove(*names_of(case))
        for case in found:
            define(project, case)
            done = project.apply(check=False)
            if done.returncode:
                project.refused[case["id"]] = done.stdout + done.stderr
                project.remove(*names_of(case))
    project.server.start()
    yield project
    assert project.server.stop() == 0, project.server.tail()


def names_of(case):
    return f"ods_{case['id']}", f"dwd_{case['id']}"


def define(project, case):
    table, model = names_of(case)
    project.table(table, columns_of(case, 0))
    project.model(model, table, dict(case["config"], **({"strategy": "microbatch"} if case["kind"] == "microbatch" else {})))


def as_shown(value):
    return value.replace("T", " ").rstrip("Z") if isinstance(value, str) else value


def table_of(rows):
    return sorted(json.dumps({key: as_shown(value) for key, value in row.items()}, sort_keys=True) for row in rows)


@pytest.mark.parametrize("case", cases())
def test_incremental_case(project, case):
    table, model = names_of(case)
    columns, error = columns_of(case, 0), project.refused.get(case["id"])
    for number, step in enumerate(case["steps"] if not error else []):
        now = columns_of(case, number)
        if step["input"] and set(now) != set(columns):
            columns = now
            project.table(table, columns)
            project.apply()
        project.fill(table, step["input"], label=f"{case['id']}_{number}")
        done = project.run(model, step.get("run_time", NOW), *flags(step))
        if done.returncode:
            error = done.stdout + done.stderr
    if "error" in case["expected"]:
        assert error, "the run was expected to fail"
        return
    assert not error, error
    assert table_of(project.rows(model)) == table_of(case["expected"]["table"])


# ---- cases of the project's own -----------------------------------------------------------------------------------------------------

class Own:
    """A table `ods_x` and a model `dwd_x` in the shared project: define(), step(), rows()."""

    def __init__(self, project, name):
        self.project, self.source, self.model = project, f"ods_{name}", f"dwd_{name}"

    def define(self, columns, config, body=None):
        self.project.table(self.source, columns)
        header = "".join(f"-- {key}: {json.dumps(value)}\n" for key, value in config.items())
        self.project.write(f"models/{self.model}.sql", f"-- ---\n{header}-- ---\n{body or 'SELECT * FROM ' + self.source}\n")
        self.project.apply()
        return self

    def step(self, rows, at=NOW, *flags, ok=True):
        self.project.fill(self.source, rows)
        done = self.project.run(self.model, at, *flags)
        assert (done.returncode == 0) == ok, done.stdout + done.stderr
        return done.stdout + done.stderr

    def rows(self):
        return table_of(self.project.rows(self.model))

    def is_now(self, *rows):
        assert self.rows() == table_of(rows)


KV = {"id": "bigint", "v": "varchar"}


def test_a_merge_takes_a_key_twice_in_one_batch_for_an_error_and_changes_nothing(project):
    own = Own(project, "twice").define(KV, {"kind": "incremental", "strategy": "merge", "key": "id"})
    own.step([{"id": 1, "v": "a"}])
    assert "duplicate_key: 1 keys are there twice" in own.step([{"id": 1, "v": "b"}, {"id": 1, "v": "c"}], ok=False)
    own.is_now({"id": 1, "v": "a"})


def test_null_in_a_key_is_an_error_until_the_model_says_what_it_means(project):
    own = Own(project, "nulls").define(KV, {"kind": "incremental", "strategy": "merge", "key": "id"})
    assert "null_key: 1 rows have NULL in their key" in own.step([{"id": None, "v": "a"}], ok=False)
    own.define(KV, {"kind": "incremental", "strategy": "merge", "key": "id", "null_safe_key": True})
    own.step([{"id": None, "v": "a"}])
    own.step([{"id": None, "v": "b"}])
    own.is_now({"id": None, "v": "b"})


def test_a_merge_twice_changes_nothing_and_delete_insert_keeps_several_rows_of_a_key(project):
    own = Own(project, "again").define(KV, {"kind": "incremental", "strategy": "merge", "key": "id"})
    other = Own(project, "several").define(KV, {"kind": "incremental", "strategy": "delete+insert", "key": "id"})
    for _ in range(2):
        own.step([{"id": 1, "v": "a"}, {"id": 2, "v": "b"}])
        other.step([{"id": 1, "v": "a"}, {"id": 1, "v": "b"}])
    own.is_now({"id": 1, "v": "a"}, {"id": 2, "v": "b"})
    other.is_now({"id": 1, "v": "a"}, {"id": 1, "v": "b"})


def test_a_predicate_in_sql_narrows_what_is_met(project):
    own = Own(project, "narrow").define(KV, {"kind": "incremental", "strategy": "delete+insert", "key": "id", "predicate": "id <> 2 AND v IS NOT NULL"})
    own.step([{"id": 1, "v": "a"}, {"id": 2, "v": "b"}])
    own.step([{"id": 1, "v": "A"}, {"id": 2, "v": "B"}])
    own.is_now({"id": 1, "v": "A"}, {"id": 2, "v": "b"}, {"id": 2, "v": "B"})


@pytest.mark.parametrize("name, predicate, met", [("in", {"in": [1, 3]}, [1]), ("not_in", {"not_in": [1, 3]}, [2]), ("one", {"in": 2}, [2]), ("none", {"in": []}, [])])
def test_a_predicate_of_a_list_narrows_what_is_met(project, name, predicate, met):
    own = Own(project, f"list_{name}").define(KV, {"kind": "incremental", "strategy": "delete+insert", "key": "id", "predicate": {"column": "id", **predicate}})
    own.step([{"id": 1, "v": "a"}, {"id": 2, "v": "b"}])
    own.step([{"id": 1, "v": "A"}, {"id": 2, "v": "B"}])
    hidden = [{"id": i, "v": "ab"[i - 1]} for i in (1, 2) if i not in met]
    own.is_now({"id": 1, "v": "A"}, {"id": 2, "v": "B"}, *hidden)


def test_of_several_predicates_all_hold(project):
    own = Own(project, "several").define(KV, {"kind": "incremental", "strategy": "delete+insert", "key": "id", "predicate": ["id <> 2 OR v = 'x'", {"column": "id", "less": 4}, "v IS NOT NULL"]})
    own.step([{"id": i, "v": "a"} for i in (1, 2, 3, 4)])
    own.step([{"id": i, "v": "b"} for i in (1, 2, 3, 4)])
    own.is_now(*({"id": i, "v": "b"} for i in (1, 2, 3, 4)), {"id": 2, "v": "a"}, {"id": 4, "v": "a"})


def test_of_rows_that_are_the_same_one_is_the_latest(project):
    own = Own(project, "copies").define({**KV, "ts": "bigint"}, {"kind": "incremental", "strategy": "merge", "key": "id", "dup_in_batch": {"latest_by": "ts"}})
    same = {"id": 1, "v": "c", "ts": 3}
    own.step([same, same, {"id": 1, "v": "a", "ts": 1}])
    own.is_now(same)
    assert "same latest" in own.step([same, {**same, "v": "d"}], ok=False)


def test_a_time_may_be_text(project):
    ds = {"id": "bigint", "ds": "varchar"}
    inside = "SELECT * FROM ods_{} WHERE ds >= strftime($start, '%Y-%m-%d') AND ds < strftime($end, '%Y-%m-%d')"
    window = ("--start", "2022-01-02", "--end", "2022-01-04")
    for name, config, body in (("text_range", {"strategy": "time_range", "time": "ds"}, inside),
                               ("text_parts", {"strategy": "insert_overwrite", "partition": "ds"}, inside),
                               ("text_batch", {"strategy": "microbatch", "event_time": "ds", "begin": "2022-01-01"}, None)):
        own = Own(project, name).define(ds, {"kind": "incremental", **config}, body and body.format(name))
        own.step([{"id": i, "ds": f"2022-01-0{i}"} for i in (1, 2, 3)], NOW, *window)
        own.is_now({"id": 2, "ds": "2022-01-02"}, {"id": 3, "ds": "2022-01-03"})
        own.step([{"id": 10, "ds": "2022-01-03"}, {"id": 4, "ds": "2022-01-04"}], NOW, "--start", "2022-01-03", "--end", "2022-01-05")
        own.is_now({"id": 2, "ds": "2022-01-02"}, {"id": 10, "ds": "2022-01-03"}, {"id": 4, "ds": "2022-01-04"})
    own = Own(project, "text_odd").define(ds, {"kind": "incremental", "strategy": "time_range", "time": "ds"})
    assert "1 rows have `ds` outside" in own.step([{"id": 1, "ds": "20220102"}, {"id": 2, "ds": "2022-01-02"}], NOW, *window, ok=False)


def test_insert_overwrite_replaces_the_partitions_of_the_batch_or_those_of_the_interval(project):
    day = {"id": "bigint", "dt": "date"}
    own = Own(project, "parts").define(day, {"kind": "incremental", "strategy": "insert_overwrite", "partition": "dt"})
    first = [{"id": 1, "dt": "2024-01-01"}, {"id": 2, "dt": "2024-01-01"}, {"id": 3, "dt": "2024-01-02"}]
    own.step(first)
    own.step([{"id": 9, "dt": "2024-01-01"}])
    own.is_now({"id": 9, "dt": "2024-01-01"}, {"id": 3, "dt": "2024-01-02"})
    own.step([], NOW, "--start", "2024-01-02", "--end", "2024-01-03")
    own.is_now({"id": 9, "dt": "2024-01-01"})
    assert "outside the interval" in own.step(first, NOW, "--start", "2024-01-02", "--end", "2024-01-03", ok=False)
    own.is_now({"id": 9, "dt": "2024-01-01"})
    whole = Own(project, "all").define(KV, {"kind": "incremental", "strategy": "insert_overwrite"})
    whole.step([{"id": 1, "v": "a"}])
    whole.step([{"id": 2, "v": "b"}])
    whole.is_now({"id": 2, "v": "b"})


@pytest.mark.parametrize("policy,after", [
    ("ignore", [{"id": 1, "v": "a"}, {"id": 2, "v": "b"}]),
    ("append_new_columns", [{"id": 1, "v": "a", "w": None}, {"id": 2, "v": "b", "w": 5}]),
    ("append", [{"id": 1, "v": "a", "w": None}, {"id": 2, "v": "b", "w": 5}]),
    ("sync_all_columns", [{"id": 1, "v": "a", "w": None}, {"id": 2, "v": "b", "w": 5}]),
    ("fail", None),
])
def test_a_column_that_comes_is_treated_as_the_model_says(project, policy, after):
    own = Own(project, f"grows_{policy}")
    config = {"kind": "incremental", "strategy": "merge", "key": "id", "on_schema_change": policy}
    own.define(KV, config).step([{"id": 1, "v": "a"}])
    own.define({**KV, "w": "bigint"}, config)
    text = own.step([{"id": 2, "v": "b", "w": 5}], ok=after is not None)
    if after is None:
        assert "schema_change: " in text and "new: `w`" in text
    own.is_now(*(after or [{"id": 1, "v": "a"}]))


@pytest.mark.parametrize("policy,after", [
    ("ignore", None),
    ("append_new_columns", [{"id": 1, "v": "a"}, {"id": 2, "v": None}]),
    ("sync", [{"id": 1}, {"id": 2}]),
])
def test_a_column_that_goes_is_treated_as_the_model_says(project, policy, after):
    own = Own(project, f"shrinks_{policy}")
    config = {"kind": "incremental", "strategy": "append", "on_schema_change": policy}
    own.define(KV, config).step([{"id": 1, "v": "a"}])
    own.define({"id": "bigint"}, config)
    own.step([{"id": 2}], ok=after is not None)
    own.is_now(*(after or [{"id": 1, "v": "a"}]))


def test_changed_logic_holds_from_then_on_and_only_full_makes_old_rows_anew(project):
    config = {"kind": "incremental", "strategy": "merge", "key": "id"}
    own = Own(project, "forward").define(KV, config)
    own.step([{"id": 1, "v": "a"}])
    own.define(KV, config, "SELECT id, upper(v) AS v FROM ods_forward")
    own.step([{"id": 2, "v": "b"}])
    own.is_now({"id": 1, "v": "a"}, {"id": 2, "v": "B"})
    own.step([{"id": 2, "v": "b"}], NOW, "--full")
    own.is_now({"id": 2, "v": "B"})


def test_a_snapshot_keeps_a_copy_for_each_day_and_a_day_again_replaces_that_day(project):
    own = Own(project, "daily").define(KV, {"kind": "snapshot", "key": "id"})
    own.step([{"id": 1, "v": "a"}], "2024-03-01 10:00:00")
    own.step([{"id": 1, "v": "b"}, {"id": 2, "v": "c"}], "2024-03-02 10:00:00")
    own.step([{"id": 1, "v": "d"}], "2024-03-02 23:00:00")
    expected = [{"id": 1, "v": "a", "dt": "2024-03-01"}, {"id": 1, "v": "d", "dt": "2024-03-02"}]
    own.is_now(*expected)
    project.server.cli("run", "+dwd_daily", "--full", "--at", "2024-03-02 23:30:00")
    own.is_now(*expected)
    project.server.cli("run", "dwd_daily", "--full", "--at", "2024-03-02 23:30:00")
    own.is_now(expected[1])


def test_a_temp_table_is_made_for_its_reader_and_goes_with_the_run(project):
    Own(project, "passing").define(KV, {"kind": "full"})
    project.write("models/tmp_passing.sql", "-- ---\n-- kind: temp\n-- ---\nSELECT id, v || '!' AS v FROM ods_passing\n")
    project.write("models/dwd_passing.sql", "-- ---\n-- kind: full\n-- ---\nSELECT * FROM tmp_passing\n")
    project.apply()
    project.fill("ods_passing", [{"id": 1, "v": "a"}])
    assert project.run("dwd_passing", NOW).returncode == 0
    assert project.rows("dwd_passing") == [{"id": 1, "v": "a!"}]
    assert project.server.cli("query", "SELECT * FROM shop.tmp_passing", check=False).returncode != 0


def test_edits_of_a_manual_table_are_on_record(project):
    project.write("dwd_manual_target.yml", "tables:\n  - name: dwd_manual_target\n    kind: manual\n    columns:\n      - {name: id, type: bigint}\n")
    project.server.cli("apply", "--yes")
    project.server.query("INSERT INTO dwd_manual_target VALUES (1)")
    audit = project.server.call("GET", "/api/v1/audit?limit=5").json()["audit"]
    assert [row["detail"] for row in audit if row["action"] == "edit" and row["object"] == "shop.dwd_manual_target"] == [
        "INSERT INTO dwd_manual_target VALUES (1)"]


def test_a_dry_run_names_the_batches_and_writes_nothing(project):
    own = Own(project, "plan").define({"id": "bigint", "happened": "datetime"}, {
        "kind": "incremental", "strategy": "microbatch", "event_time": "happened", "batch_size": "day", "begin": "2024-01-01", "lookback": 3})

    def batches(*flags):
        text = project.server.cli("run", own.model, "--dry-run", "--json", *flags).stdout
        return [batch["batch"] for batch in json.loads(text)["models"][0]["batches"]]

    assert batches("--at", "2024-01-02 00:00:00") == ["20240101"]
    own.step([{"id": 1, "happened": "2024-01-01 10:00:00"}], "2024-09-30 15:30:00")
    assert batches("--at", "2024-10-01 15:30:00") == ["20240928", "20240929", "20240930", "20241001"]
    assert batches("--start", "2024-05-01", "--end", "2024-05-03") == ["20240501", "20240502"]
    assert batches("--at", "2024-10-01 15:30:00") == ["20240928", "20240929", "20240930", "20241001"]


def test_a_batch_of_an_hour_is_named_by_day_and_hour(project):
    own = Own(project, "hours").define({"id": "bigint", "happened": "datetime"}, {
        "kind": "incremental", "strategy": "microbatch", "event_time": "happened", "batch_size": "hour", "begin": "2024-03-01"})
    text = project.server.cli("run", own.model, "--dry-run", "--json", "--at", "2024-03-01 01:30:00").stdout
    assert [batch["batch"] for batch in json.loads(text)["models"][0]["batches"]] == ["20240301T00", "20240301T01"]


def test_a_microbatch_is_stopped_by_a_kill_and_goes_on_where_it_was(tmp_path):
    project = Project(tmp_path / "project")
    project.table("ods_many", {"id": "bigint", "happened": "datetime"})
    config = {"strategy": "microbatch", "event_time": "happened", "begin": "2024-01-01"}
    project.model("dwd_many", "ods_many", config)
    project.apply()
    rows = [{"id": i, "happened": f"2024-{1 + i // 28:02}-{1 + i % 28:02} 00:00:00"} for i in range(300)]
    project.fill("ods_many", rows[:1])
    project.server.cli("run", "dwd_many", "--at", "2024-01-01 12:00:00")
    project.fill("ods_many", rows)
    project.server.start()
    asked = threading.Thread(target=project.run, args=("dwd_many", NOW))
    asked.start()
    until(lambda: len(project.server.query("SELECT id FROM dwd_many")) >= 5, "the first batches were not written")
    project.server.kill()
    asked.join()
    project.server.start()
    kept = len(project.server.query("SELECT id FROM dwd_many"))
    assert kept >= 5
    assert project.run("dwd_many", NOW).returncode == 0
    expected = [row for row in rows if row["happened"] < "2024-06-02"]
    assert table_of(project.rows("dwd_many")) == table_of(expected)
    assert project.server.stop() == 0


@pytest.mark.parametrize("header,words", [
    ("strategy: merge", "merge has no `key`"),
    ("strategy: microbatch", "microbatch has no `event_time`"),
    ("strategy: time_range", "time_range has no `time`"),
    ("strategy: append\n-- predicate: \"id = 1\"", "`predicate` has no meaning for kind incremental, strategy append"),
    ("strategy: merge\n-- key: id\n-- update_columns: [v]\n-- exclude_columns: [v]", "say the same thing twice"),
    ("strategy: merge\n-- key: nothing", "has no column `nothing`"),
    ("strategy: merge\n-- unique_key: id", "the key is `key` here"),
    ("strategy: insert_overwrite\n-- partition_by: id", "the key is `partition` here"),
    ("strategy: append\n-- allow_partials: true", "leave it out: an interval that is still open"),
    ("strategy: merge\n-- key: id\n-- predicate: [\"id = 1\", \"nope = 1\"]", "nope"),
    ("kind: scd2\n-- strategy: check\n-- key: id\n-- check_cols: all", 'all columns are check_cols: "*"'),
    ("strategy: check\n-- key: id", "strategy `check` is one of kind scd2"),
])
def test_a_strategy_that_cannot_work_is_refused_with_file_and_line(project, tmp_path, header, words):
    other = Project(tmp_path / "project")
    other.table("ods_a", KV)
    kind = "" if header.startswith("kind:") else "-- kind: incremental\n"
    other.write("models/dwd_a.sql", f"-- ---\n{kind}-- {header}\n-- ---\nSELECT * FROM ods_a\n")
    done = other.server.cli("plan", check=False)
    assert done.returncode and words in done.stderr + done.stdout and "dwd_a.sql:" in done.stderr + done.stdout
