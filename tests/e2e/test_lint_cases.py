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


def table(name, **keys):
    return {"name": name, "layer": name.split("_")[0], **keys}


def columns(*names, **keys):
    return [{"name": name, **keys} for name in names]


def coded(name, sql="SELECT id, CASE o.status WHEN 1 THEN 'paid' WHEN 2 THEN 'open' END AS status_name FROM ods_o AS o"):
    return table(name, sql=sql)


STATUS = [{"s": "paid"}, {"s": "odd"}]
BY_NAME = [table("dwd_pay_app", columns=columns("id", "amt")), table("dwd_pay_web", columns=columns("id", "amt")), table("dwd_log_app", columns=columns("id", "amt"))]

# Rule, what the catalog holds, the objects told, what it shows.
OWN = [
    ("OD-20", {"tables": [table("ods_u", dates=["2024-05-01", "2024-05-02"], rows=[{"dt": "2024-05-01"}])]}, ["ods_u@2024-05-02"], "dt is the day"),
    ("NM-25", {"values": ["20240501", "20241301", "20240230", "2024-05-02"]}, ["2024-05-02", "20240230", "20241301"], "no such day"),
    ("LR-01", {"tables": [table("dwd_c"), table("dws_u", reads=["dwd_c"])], "standard": {"layers": {"dwm": "off"}}}, [], "no DWM"),
    ("LR-01", {"tables": [table("dwd_c"), table("dws_u", reads=["dwd_c"])], "standard": {"profile": "own"}}, ["dwd_c->dws_u"], "asked for"),
    ("LR-01", {"tables": [table("dwd_c"), table("dws_u", reads=["dwd_c"])], "standard": {"layers": {"dwm": "off"}, "rules": {"LR-01": "error"}}}, ["dwd_c->dws_u"],
     "said all the same"),
    ("NM-14", {"jobs": [{"job": "j1", "targets": ["dws_a"]}, {"id": "j2", "targets": ["dws_b"]}, {"job": "j3", "targets": ["dws_c", "dws_d"]},
                        {"targets": ["dws_e", "dws_f"]}]}, ["j3", "jobs[4]"], "job, id, neither"),
    ("NM-23", {"tables": [table("dwd_o", columns=columns("cnt_order", "order_cnt", "order_cnt_7d", role="count"))]}, ["dwd_o.cnt_order"], "ends in"),
    ("NM-24", {"tables": [table("dwd_o", columns=columns("amt_pay", "pay_amt", "pay_amt_7d", "unit_price", role="money"))]}, ["dwd_o.amt_pay"], "ends in"),
    ("DS-02", {"tables": [table("dws_a", grains=[["shop", "day"], ["day", "Shop"]]), table("dws_b", grains=[["shop"], ["shop", "day"]])]}, ["dws_b"], "same grain"),
    ("DW-11", {"tables": [table("dwd_a", fact_type="accumulating_snapshot", milestones=["order", "order"]),
                          table("dwd_b", fact_type="accumulating_snapshot", milestones=[{"name": "order", "time": "o"}, {"name": "pay", "time": "p"}])]}, ["dwd_a"], "same twice"),
    ("NM-18", {"tables": [table("dwd_trade_manual_t", kind="manual", schedule=""), table("dwd_trade_manual_u", kind="manual", schedule="daily")]}, ["dwd_trade_manual_u"],
     "empty schedule"),
    ("NM-34", {"metrics": [{"name": "trade_total", "type": "base"}, {"name": "order_trade_amt", "level": "base"}, {"name": "order_pay_amt", "class": "base"},
                           {"name": "trade_amt", "class": "base"}]}, ["order_pay_amt", "order_trade_amt", "trade_total"], "no root, level, class"),
    ("NM-16", {"tables": [table("dim_"), table("dim_a")]}, ["dim_"], "nothing after it"),
    ("LD-18", {"tables": [coded("dwd_a"), coded("dwm_b"), coded("dws_c", "SELECT CASE WHEN status = 1 THEN 'paid' END AS x FROM ods_p"),
                          coded("dwd_d", "SELECT CASE status WHEN 1 THEN 'gone' END AS x FROM ods_q"), table("dim_e", cardinality="low")]}, ["dwd_a", "dwm_b", "dws_c"],
     "one code in three models"),
    ("LD-18", {"tables": [coded("dwd_a"), coded("dwm_b"), {**coded("dim_c"), "cardinality": "low"}]}, [], "two models and the dimension"),
    ("LD-09", {"tables": BY_NAME}, ["dwd_pay_web"], "subject by place"),
    ("LD-16", {"tables": [table("dws_shop_a", grain=["shop", "day"]), table("dws_shop_b", grain=["shop", "day"]), table("dws_user_a", grain=["shop", "day"])]}, ["dws_shop_b"],
     "subject by place"),
    ("LR-02", {"tables": [table("dwd_pay"), table("dwm_pay_1d"), table("dwm_log_1d"), table("dws_shop", reads=["dwd_pay", "dwm_pay_1d"]),
                          table("dws_user", reads=["dwd_pay", "dwm_log_1d"])]}, ["dws_shop"], "subject by place"),
    ("PR-01", {"tables": [table("dwd_pay"), table("dwd_log"), table("dwd_all", reads=["dwd_pay", "dwd_log"])]}, [], "a place is not a subject"),
    ("LD-11", {"tables": [table("dwm_a", downstream=2), table("dwm_b", consumers=["x", "y"]), table("dwm_c", consumers=["x"]), table("dwm_d", downstream=1)]}, ["dwm_c", "dwm_d"],
     "readers by other keys"),
    *[("LD-07", {"tables": [table("dwd_o", columns=[{"name": "s", "role": "status", key: ["paid"]}], rows=STATUS)]}, ["dwd_o.s"], key) for key in ("codes", "values", "code_set")],
    *[("OD-21", {"tables": [table("ods_o", columns=[{"name": "s", key: ["paid"]}], rows=STATUS)]}, ["ods_o.s"], key) for key in ("codes", "accepted_values", "code_set")],
    ("OD-21", {"tables": [table("ods_o", columns=[{"name": "s", "codes": {"paid": "bought", "odd": "other"}}], rows=STATUS)]}, [], "codes by name"),
    ("LD-05", {"tables": [table("dwd_a", sql="SELECT user_id, max(amt) AS amt FROM ods_a GROUP BY user_id"),
                          table("dwd_b", key=["user_id"], sql="SELECT user_id, max(amt) AS amt FROM ods_a GROUP BY user_id"),
                          table("dwd_c", sql="SELECT DISTINCT user_id FROM ods_a")]}, ["dwd_a"], "no key to drop duplicates of"),
]


@pytest.mark.parametrize("rule, catalog, expected", [pytest.param(*case[:3], id=f"{case[0]}: {case[3]}") for case in OWN])
def test_what_a_rule_reads(rule, catalog, expected, tmp_path):
    _, found = judge(tmp_path, catalog, "--rule", rule)
    assert sorted(row["object"] for row in found) == expected


def test_a_root_goes_to_the_end_of_the_name(tmp_path):
    catalog = {"tables": [table("dwd_o", columns=columns("cnt_order", "order_num_7d", "num", role="count"))]}
    _, found = judge(tmp_path, catalog, "--rule", "NM-23")
    assert {row["object"]: row["edit"]["to"] for row in found} == {"dwd_o.cnt_order": "order_cnt", "dwd_o.order_num_7d": "order_cnt_7d", "dwd_o.num": "num_cnt"}
