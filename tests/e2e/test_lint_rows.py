"""Rules of data and of use over a project's built tables, and the tables of retention by command line."""
import json
import os

import pytest

from conftest import ROOT, Server

RULES = os.path.join(os.path.dirname(ROOT), "shared", "data", "warehouse", "rules_dev.jsonl")

WEIR_YML = """name: shop
timezone: UTC
standard:
  profile: own
  rules: {NU-01: error, NU-02: error, TK-09: error, TK-10: error, TK-11: error, TK-12: error, DS-01: error, DW-02: warning}
"""
TABLES = """tables:
  - name: dwd_sale
    layer: dwd
    kind: snapshot
    key: [sale_id]
    partition: dt
    grade: P3
    lifecycle: {keep: 33d}
    columns:
      - {name: dt, type: DATE}
      - {name: sale_id, type: BIGINT}
      - {name: area_id, type: BIGINT, role: dim}
      - {name: sale_amt, type: "DECIMAL(28,6)", role: money, unit: CNY}
  - name: dim_user_l
    layer: dim
    kind: zipper
    key: [user_id]
    columns:
      - {name: user_id, type: BIGINT}
      - {name: plan, type: STRING}
      - {name: valid_from, type: DATETIME}
      - {name: valid_to, type: DATETIME}
"""
MODEL = """-- kind: full
-- layer: dws
-- detail: dwd_sale
-- columns: [{name: sale_amt, role: money, unit: CNY}]
SELECT dt, sum(sale_amt) * 2 AS sale_amt FROM dwd_sale GROUP BY dt
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rows") / "project"
    models = folder / "domains" / "shop" / "models"
    models.mkdir(parents=True)
    (folder / "weir.yml").write_text(WEIR_YML)
    (folder / "domains" / "shop" / "tables.yml").write_text(TABLES)
    (models / "dws_sale_1d.sql").write_text(MODEL)
    server = Server(folder)
    server.cli("apply", "--yes")
    server.start()
    for statement in (
        "INSERT INTO dwd_sale (dt, sale_id, area_id, sale_amt) VALUES ('2024-02-28', 1, 10, 5), ('2024-02-28', 2, NULL, 7), ('2024-03-01', 1, 10, 5)",
        "INSERT INTO dim_user_l (user_id, plan, valid_from, valid_to) VALUES (7, 'free', '2024-01-01', NULL), (7, 'paid', '2024-02-01', NULL), (8, 'free', '2024-01-01', NULL)",
    ):
        answer = server.call("POST", "/api/v1/query", {"sql": statement, "database": "shop"})
        assert answer.status == 200, answer.text
    yield server
    assert server.stop() == 0, server.tail()


def findings(server, *words):
    done = server.cli("lint", "--rows", "--format", "json", *words, check=False)
    return json.loads(done.stdout)["findings"]


def found(server, *words):
    return {(one["rule"], one["object"]): one for one in findings(server, *words)}


def test_rows_are_judged_with_the_key_or_partition_named(shop):
    rows = found(shop)
    null = rows["NU-01", "dwd_sale.area_id"]
    assert null["evidence"]["rows"] == 1
    assert null["evidence"]["sample"] == [{"sale_id": 2, "dt": "2024-02-28"}]
    assert ("TK-09", "dwd_sale@2024-02-29") in rows
    assert rows["TK-10", "dwd_sale:2"]["evidence"]["partition"] == "2024-03-01"
    assert rows["TK-12", "dim_user_l:7"]["evidence"]["open_rows"] == 2
    assert ("TK-11", "dim_user_l:7") in rows
    assert ("NU-02", "dwd_sale.sale_amt") not in rows
    assert null["file"].endswith("tables.yml") and null["line"] > 0


def test_only_the_table_that_is_asked_for(shop):
    assert {object for _, object in found(shop, "dim_user_l")} == {"dim_user_l:7"}
    assert {rule for rule, _ in found(shop, "--rule", "TK-09")} == {"TK-09"}


def test_a_run_tells_what_its_rows_break(shop):
    answer = shop.call("POST", "/api/v1/run", {"select": ["dws_sale_1d"]}).json()
    told = {(one["rule"], one["object"]) for one in answer["findings"]}
    assert ("DS-01", "dws_sale_1d") in told
    assert ("NU-01", "dwd_sale.area_id") not in told  # of another table


def test_how_far_back_queries_read_decides_what_is_kept(shop):
    shop.query("SELECT sale_amt FROM dwd_sale WHERE dt >= current_date AND sale_id > 0")
    assert ("DW-02", "dwd_sale") not in found(shop)  # no day is named: nothing is known
    shop.query("SELECT sale_amt FROM dwd_sale WHERE dt >= '2024-02-28'")
    span = found(shop)["DW-02", "dwd_sale"]
    assert span["evidence"]["keep_days"] == "keep"  # beyond the table of spans: keep, and look
    assert span["evidence"]["span"] > 300


def spans():
    if not os.path.exists(RULES):
        return []
    with open(RULES) as file:
        cases = [json.loads(line) for line in file if line.strip()]
    return [case for case in cases if case["kind"] == "retention_span"]


@pytest.mark.parametrize("case", spans() or [None], ids=lambda case: case["id"] if case else "absent")
def test_retention_by_span(shop, tmp_path, case):
    if case is None:
        pytest.skip(f"{RULES} is not there: the sample cases of retention are not run")
    profile = "aliyun" if case["config"]["table"] == "aliyun" else "v4"
    for step, expected in zip(case["steps"], case["expected"]["results"]):
        told = json.loads(shop.cli("lifecycle", "span", "--days", str(step["span"]), "--profile", profile, "--json").stdout)
        assert told["keep_days"] == expected, step
        catalog = {"standard": {"profile": profile}, "tables": [{"name": "dim_x", "layer": "dim", "span": step["span"], "keep_days": 9999}]}
        file = tmp_path / "catalog.json"
        file.write_text(json.dumps(catalog))
        done = shop.cli("lint", "--catalog", str(file), "--rule", "DM-08", "--format", "json", check=False)
        assert json.loads(done.stdout)["findings"][0]["evidence"]["keep_days"] == expected, step


def test_lifecycle_mistakes(shop):
    assert shop.cli("lifecycle", "span", check=False).returncode == 2
    assert shop.cli("lifecycle", "span", "--days", "4", "--profile", "mine", check=False).returncode == 2
    assert "event_flow" in shop.cli("lifecycle", "matrix").stdout
