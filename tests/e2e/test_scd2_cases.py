"""Cases of kind scd2 through the product: a YAML model with the case's keys, weir load, weir run --at, weir query.

A case says what the whole history is after some runs; that is `name@history` (the bare name reads what is valid now)."""
import json
import os
import subprocess

import pytest

from conftest import ROOT, Server

CASES = os.path.join(os.path.dirname(ROOT), "shared", "data", "warehouse", "scd2_dev.jsonl")
CASES = os.environ.get("WEIR_SCD2_CASES", CASES)
HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "scd2_cases.jsonl")


def read(path):
    with open(path) as file:
        return [json.loads(line) for line in file if line.strip()]


def cases():
    found = read(HERE) if os.path.exists(HERE) else []
    if os.path.exists(CASES):
        found += read(CASES)
    return found


def type_of(name, values):
    values = [value for value in values if value is not None]
    if all(isinstance(value, bool) for value in values) and values:
        return "BOOLEAN"
    if all(isinstance(value, int) for value in values):
        return "BIGINT"
    if all(isinstance(value, (int, float)) for value in values):
        return "DOUBLE"
    return "DATETIME(6)" if name.endswith("_at") else "VARCHAR"


def columns_of(rows):
    names = list(dict.fromkeys(name for row in rows for name in row))
    return [{"name": name, "type": type_of(name, [row.get(name) for row in rows])} for name in names]


def write_case(folder, case):
    """Its table and its model; the model reads the columns that the step's rows have."""
    name = case["id"]
    rows = [row for step in case["steps"] for row in step["input"]]
    header = "".join(f"-- {key}: {json.dumps(value)}\n" for key, value in {"kind": "scd2", **case["config"]}.items())
    domain = folder / "domains" / "cases"
    (domain / "models").mkdir(parents=True, exist_ok=True)
    (domain / f"src_{name}.yml").write_text(json.dumps({"tables": [{"name": f"src_{name}", "columns": columns_of(rows)}]}))
    return domain / "models" / f"{name}.sql", header


def select(name, rows):
    names = [column["name"] for column in columns_of(rows)] or ["*"]
    return f"SELECT {', '.join(names)} FROM src_{name}\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scd2") / "project"
    folder.mkdir()
    (folder / "weir.yml").write_text("name: cases\ntimezone: UTC\n")
    for case in cases():
        path, header = write_case(folder, case)
        path.write_text(f"-- ---\n{header}-- ---\n{select(case['id'], case['steps'][0]['input'])}")
    server = Server(folder)
    server.cli("apply", "--yes")
    server.start()
    server.call("POST", "/api/v1/query", {"sql": "SELECT 1"})
    yield server
    server.stop()


def apply_step(server, case, step, before):
    """What the source is now; a step with other columns than the one before it changes the model's SELECT."""
    name, rows = case["id"], step["input"]
    if rows and list(columns_of(rows)) != before:
        path, header = write_case(server.project_path, case)
        path.write_text(f"-- ---\n{header}-- ---\n{select(name, rows)}")
        server.cli("apply", "--yes")
    server.cli("query", f"TRUNCATE TABLE cases.src_{name}")
    if rows:
        file = server.project_path / "batch.ndjson"
        file.write_text("".join(json.dumps(row) + "\n" for row in rows))
        server.cli("load", f"cases.src_{name}", str(file))
    restate = ["--restate-from", step["restate_from"]] if "restate_from" in step else []
    done = server.cli("run", f"cases.{name}", "--at", step["run_time"], *restate, check=False)
    return done, list(columns_of(rows)) if rows else before


def history(server, case):
    done = server.cli("query", f"SELECT * FROM cases.{case['id']}@history", "-f", "ndjson")
    return [json.loads(line) for line in done.stdout.splitlines()]


def key_of(row):
    return json.dumps(row, sort_keys=True, default=str)


def full(rows, names):
    return sorted(({name: row.get(name) for name in names} for row in rows), key=key_of)


@pytest.mark.parametrize("case", cases(), ids=lambda case: case["id"])
def test_history_is_what_the_case_says(server, case):
    from pathlib import Path
    server.project_path = Path(server.project)
    before = list(columns_of(case["steps"][0]["input"]))
    done = None
    for step in case["steps"]:
        done, before = apply_step(server, case, step, before)
        if "error" not in case["expected"]:
            assert done.returncode == 0, done.stdout + done.stderr
    if "error" in case["expected"]:
        assert done.returncode != 0 and case["expected"]["error"] in done.stdout + done.stderr, done.stdout + done.stderr
        return
    expected = case["expected"]["table"]
    found = history(server, case)
    names = sorted({name for row in expected + found for name in row})
    assert full(found, names) == full(expected, names)
    ledger = json.loads(server.cli("ledger", f"cases.{case['id']}", "--json").stdout)["ledger"]
    assert all(day["balanced"] for day in ledger), ledger
    assert sum(day["rows_in"] for day in ledger) == sum(len(step["input"]) for step in case["steps"]), ledger


@pytest.mark.skipif(not os.path.exists(CASES), reason="SKIPPED: the shared cases are not here: ../shared/data/warehouse/scd2_dev.jsonl")
def test_shared_cases_are_there():
    assert read(CASES)
