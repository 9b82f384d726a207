"""Cases of incremental models as data: each becomes a table and a model of one project, and goes the way a user's data goes:
`weir load --replace`, `weir run MODEL --at TIME`, `weir query`. Whole tables are compared. Skipped where ../shared is absent."""
import json
import os

import pytest
from conftest import ROOT, Server

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
        return "datetime"
    known = [value for value in values if value is not None]
    return "bigint" if known and all(isinstance(value, int) for value in known) else "double" if known and all(
        isinstance(value, (int, float)) for value in known) else "varchar"


def columns_of(rows, config):
    """Columns in the order in which they are first seen, with a type that holds their values."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    return {name: sql_type(name, [row.get(name) for row in rows], config) for name in names}


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

    def apply(self):
        tables = [path.stem for path in (self.folder / "domains" / "shop").glob("*.yml")]
        self.server.cli("apply", "--yes", *[word for table in tables for word in ("--allow-drop", f"shop.{table}")])

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
    """All cases in one project, one apply; served, so that each verb is one request."""
    project = Project(tmp_path_factory.mktemp("cases") / "project")
    for parameter in cases():
        case = parameter.values[0]
        if case:
            project.table(f"ods_{case['id']}", columns_of(case["steps"][0]["input"], case["config"]))
            config = dict(case["config"], **({"strategy": "microbatch"} if case["kind"] == "microbatch" else {}))
            project.model(f"dwd_{case['id']}", f"ods_{case['id']}", config)
    project.apply()
    project.server.start()
    yield project
    assert project.server.stop() == 0, project.server.tail()


def as_shown(value):
    return value.replace("T", " ").rstrip("Z") if isinstance(value, str) else value


def table_of(rows):
    return sorted(json.dumps({key: as_shown(value) for key, value in row.items()}, sort_keys=True) for row in rows)


@pytest.mark.parametrize("case", cases())
def test_incremental_case(project, case):
    table, model = f"ods_{case['id']}", f"dwd_{case['id']}"
    columns, error = columns_of(case["steps"][0]["input"], case["config"]), None
    for number, step in enumerate(case["steps"]):
        now = columns_of(step["input"], case["config"])
        if step["input"] and set(now) != set(columns):
            columns = now
            project.table(table, columns)
            project.apply()
        project.fill(table, step["input"], label=f"{case['id']}_{number}")
        done = project.run(model, step.get("run_time", NOW))
        if done.returncode:
            error = done.stdout + done.stderr
    if "error" in case["expected"]:
        assert error, "the run was expected to fail"
        return
    assert not error, error
    assert table_of(project.rows(model)) == table_of(case["expected"]["table"])
