"""Catalogs of other warehouses judged by `weir lint --catalog`: cases of the rulebook, from the sample data beside the project."""
import json
import os
import pathlib
import subprocess

import pytest
from conftest import ROOT, WEIR

FOLDER = pathlib.Path(ROOT).parent / "shared/data/warehouse"
SKIP = f"no sample data at {FOLDER}: the rulebook's cases are not run"


def cases(name):
    path = FOLDER / name
    if not path.exists():
        print(SKIP)
        return [pytest.param(None, marks=pytest.mark.skip(reason=SKIP))]
    return [pytest.param(case, id=case["id"]) for case in map(json.loads, path.read_text().splitlines())]


def judge(tmp_path, catalog, *words):
    path = tmp_path / "catalog.json"
    path.write_text(json.dumps(catalog))
    done = subprocess.run([WEIR, "lint", "--catalog", path, "--format", "json", *words], cwd=tmp_path, capture_output=True, text=True,
                          timeout=60, env={**os.environ, "WEIR_LANG": "en"})
    assert done.stderr == "", done.stderr
    return done.returncode, json.loads(done.stdout)["findings"]


@pytest.mark.parametrize("case", cases("lint_cases_dev.jsonl"))
def test_a_catalog_is_judged_by_one_rule(case, tmp_path):
    code, found = judge(tmp_path, case["catalog"], "--rule", case["rule"])
    assert sorted(row["object"] for row in found) == sorted(case["expected"])
    assert all(row["rule"] == case["rule"] and row["message"] and row["fix"] for row in found)
    assert code == (2 if any(row["level"] == "E" for row in found) else 0)


def edge_catalog(step):
    """Two tables, one reading the other, as the step says."""
    subject = "pay" if step.get("same_subject", True) else "user"
    reader = {"name": f"{step['to']}_b", "layer": step["to"], "reads": [f"{step['from']}_a"], "subject": "pay"}
    reader |= {key: step[key] for key in ("low_use", "exploratory") if key in step}
    return {"tables": [{"name": f"{step['from']}_a", "layer": step["from"], "subject": subject}, reader]}


LEVELS = {"E": "error", "W": "warn"}


@pytest.mark.parametrize("case", [case for case in cases("rules_dev.jsonl") if case.values[0] is None or case.values[0]["kind"] == "layer"])
def test_edges_between_layers(case, tmp_path):
    for step, expected in zip(case["steps"], case["expected"]["results"], strict=True):
        _, found = judge(tmp_path, edge_catalog(step))
        told = [f"{LEVELS[row['level']]}:{row['rule']}" for row in found if row["rule"] in ("LR-01", "LR-03", "LR-04", "LR-05", "LR-06")]
        assert told == ([] if expected == "ok" else [expected]), step
