"""Source against warehouse: what differs is found, repaired, and what was made from it filled again."""
import json
import pathlib

import pytest

from conftest import ROOT, Server

CASES = pathlib.Path(ROOT).parent / "shared/data/warehouse/cdc_reconcile_dev.jsonl"

PROJECT = """
name: shop
timezone: Asia/Shanghai
domains: [{name: trade}]
sources:
  - name: files
    domain: trade
    connector: file
    tables:
      - {name: orders, path: "data/orders*.csv", format: csv_with_names, to: ods_order}
tables:
  - name: ods_order
    domain: trade
    model: MODEL
    key: [order_id]
    time: paid_at
    columns:
      - {name: order_id, type: bigint}
      - {name: order_status, type: string}
      - {name: pay_amt, type: "decimal(18,2)"}
      - {name: paid_at, type: datetime}
"""
DAY = """-- ---
-- kind: incremental
-- time: dt
-- ---
SELECT CAST(paid_at AS DATE) AS dt, count(*) AS order_cnt, sum(pay_amt) AS pay_amt
FROM ods_order WHERE CAST(paid_at AS DATE) >= $start AND CAST(paid_at AS DATE) < $end GROUP BY 1
"""
HEADER = "order_id,order_status,pay_amt,paid_at\n"
ROWS = [f"{i},new,{i}.50,2026-01-{i:02d} 10:00:00\n" for i in range(1, 9)]


def write_source(folder, rows):
    (folder / "data").mkdir(exist_ok=True)
    (folder / "data/orders.csv").write_text(HEADER + "".join(rows))


@pytest.fixture(params=["unique", "duplicate"])
def shop(tmp_path, request):
    (tmp_path / "weir.yml").write_text(PROJECT.replace("MODEL", request.param))
    (tmp_path / "domains/trade").mkdir(parents=True)
    (tmp_path / "domains/trade/dws_trade_day.sql").write_text(DAY)
    write_source(tmp_path, ROWS)
    weir = Server(tmp_path)
    weir.cli("apply", "--yes")
    weir.cli("refresh")
    weir.cli("run")
    return weir


def reconcile(weir, *words, code):
    done = weir.cli("reconcile", *words, "--json", check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return json.loads(done.stdout)


def query(weir, sql):
    return [json.loads(line) for line in weir.cli("query", sql, "-f", "ndjson").stdout.splitlines()]


def test_changed_deleted_and_lost_rows_are_repaired_and_refilled(shop):
    assert reconcile(shop, "ods_order", code=0)["equal"]
    rows = [ROWS[0].replace("new", "paid"), *ROWS[2:]]  # 1 changed, 2 deleted at the source
    write_source(pathlib.Path(shop.project), rows)
    shop.cli("query", "DELETE FROM ods_order WHERE order_id = 5")  # lost on the way

    found = reconcile(shop, "ods_order", code=5)
    assert (found["missing"], found["extra"], found["different"]) == ([[5]], [[2]], [[[1], ["order_status"]]])
    assert found["stale"] == ["trade.dws_trade_day"] and found["repaired"] is None
    assert len(query(shop, "SELECT * FROM ods_order")) == 7, "comparing changes nothing"

    kept = reconcile(shop, "ods_order", "--repair", code=5)  # a row gone from a file is no deletion unless said so
    assert kept["left"] == 1
    done = reconcile(shop, "ods_order", "--repair", "--delete", "--refill", code=0)
    assert done["repaired"]["deleted"] == 1 and done["touched"] == [["2026-01-02 10:00:00", "2026-01-02 11:00:00"]]
    assert [(run["state"], run["start"]) for run in done["refilled"]] == [("done", f"{d}T16:00:00Z") for d in ("2025-12-31", "2026-01-01", "2026-01-04")], \
        "days 1, 2 and 5 in Shanghai, and no other"
    assert reconcile(shop, "ods_order", code=0)["equal"]
    days = query(shop, "SELECT dt, order_cnt FROM dws_trade_day ORDER BY dt")
    assert [day["dt"] for day in days] == [f"2026-01-{i:02d}" for i in (1, 3, 4, 5, 6, 7, 8)]


def test_refill_covers_the_repaired_days(shop):
    shop.cli("query", "DELETE FROM ods_order WHERE order_id IN (3, 6)")
    shop.cli("run", "--start", "2026-01-01", "--end", "2026-01-10")
    assert len(query(shop, "SELECT * FROM dws_trade_day")) == 6
    done = reconcile(shop, "ods_order", "--repair", "--refill", code=0)
    assert done["repaired"] == {"deleted": 0, "inserted": 2}
    assert len(done["refilled"]) == 2 and [t[0][:10] for t in done["touched"]] == ["2026-01-03", "2026-01-06"], "two days, not the four from first to last"
    assert len(query(shop, "SELECT * FROM dws_trade_day")) == 8


def test_rows_that_came_another_way_are_left_alone(shop):
    shop.cli("query", "INSERT INTO ods_order VALUES (99, 'new', 1, '2026-02-01 00:00:00')")
    found = reconcile(shop, "ods_order", code=0)
    assert found["other"] == 1 and found["equal"]
    reconcile(shop, "ods_order", "--repair", "--delete", code=0)
    assert query(shop, "SELECT order_id FROM ods_order WHERE order_id = 99") == [{"order_id": 99}]


def test_the_ledger_balances_and_says_what_is_gone(shop):
    ledger = json.loads(shop.cli("ledger", "ods_order", "--json").stdout)["ledger"]
    assert [(day["rows_in"], day["written"], day["present"], day["balanced"]) for day in ledger] == [(8, 8, 8, True)]
    shop.cli("query", "DELETE FROM ods_order WHERE order_id = 5")
    day = json.loads(shop.cli("ledger", "ods_order", "--json").stdout)["ledger"][0]
    assert day["gone"] == 1


def test_a_repair_without_refill_leaves_what_it_touched_stale(shop):
    shop.cli("query", "DELETE FROM ods_order WHERE order_id IN (3, 6)")
    shop.cli("run", "--start", "2026-01-01", "--end", "2026-01-10")
    assert json.loads(shop.cli("intervals", "dws_trade_day", "--json").stdout)["n_stale"] == 0
    reconcile(shop, "ods_order", "--repair", code=0)
    assert json.loads(shop.cli("intervals", "dws_trade_day", "--json").stdout)["stale"] == ["2026-01-03 00:00:00", "2026-01-06 00:00:00"]


LEDGER = """
name: shop
domains: [{name: d}]
tables:
  - {name: u, domain: d, model: unique, key: [id], sequence: pos, columns: [{name: id, type: bigint}, {name: pos, type: bigint}, {name: v, type: string}]}
  - {name: a, domain: d, model: aggregate, key: [id], columns: [{name: id, type: bigint}, {name: n, type: bigint, agg: sum}]}
"""
LATEST = """-- ---
-- kind: incremental
-- strategy: merge
-- key: [id]
-- dup_in_batch: {latest_by: pos}
-- checks:
--   - {not_null: v, reject: true}
-- rejects: {max: 50%}
-- ---
SELECT id, pos, v FROM d.u UNION ALL SELECT id, pos - 1, v FROM d.u WHERE id = 1
"""


def test_every_row_is_accounted_for_at_each_hop(tmp_path):
    (tmp_path / "weir.yml").write_text(LEDGER)
    (tmp_path / "m.sql").write_text(LATEST)
    weir = Server(tmp_path)
    weir.cli("apply", "--yes")

    def load(table, text, *words):
        (tmp_path / "rows.csv").write_text(text)
        weir.cli("load", table, str(tmp_path / "rows.csv"), *words)

    load("u", "1,1,x\n1,2,y\n2,1,x\nbad,1,x\n", "--max-filter-ratio", "0.5")  # twice in one load, and a bad row
    load("u", "1,1,old\n3,1,\\N\n")  # older than what is there
    load("u", "2,9,x\n", "--set", "merge_type=DELETE")
    load("a", "1,5\n1,6\n2,7\n")
    weir.cli("query", "INSERT INTO a VALUES (1, 1), (1, 2)")

    def ledger(name):
        [row] = json.loads(weir.cli("ledger", name, "--json").stdout)["ledger"]
        return {k: row[k] for k in ("hop", "rows_in", "written", "rejected", "deduplicated", "deleted", "unselected", "balanced")}

    assert ledger("u") == {"hop": "load", "rows_in": 7, "written": 3, "rejected": 1, "deduplicated": 2, "deleted": 1, "unselected": 0, "balanced": True}
    assert ledger("a") == {"hop": "load", "rows_in": 5, "written": 3, "rejected": 0, "deduplicated": 2, "deleted": 0, "unselected": 0, "balanced": True}
    weir.cli("run", "m")
    assert ledger("m") == {"hop": "run", "rows_in": 3, "written": 1, "rejected": 1, "deduplicated": 1, "deleted": 0, "unselected": 0, "balanced": True}


HISTORY = """-- ---
-- kind: scd2
-- key: id
-- strategy: timestamp
-- updated_at: changed
-- dup_in_batch: {latest_by: changed}
-- ---
SELECT id, changed, v FROM d.s
"""


def test_rows_of_a_history_are_accounted_for(tmp_path):
    (tmp_path / "weir.yml").write_text("name: shop\ndomains: [{name: d}]\ntables:\n  - {name: s, domain: d, columns: "
                                       "[{name: id, type: bigint}, {name: changed, type: timestamp}, {name: v, type: string}]}\n")
    (tmp_path / "h.sql").write_text(HISTORY)
    weir = Server(tmp_path)
    weir.cli("apply", "--yes")

    def run(rows, at):
        weir.cli("query", "TRUNCATE TABLE d.s; INSERT INTO d.s VALUES " + rows)
        weir.cli("run", "h", "--at", at)
        [row] = json.loads(weir.cli("ledger", "h", "--json").stdout)["ledger"]
        return [row[k] for k in ("hop", "rows_in", "written", "rejected", "deduplicated", "unselected", "balanced")]

    assert run("(1, '2026-01-01', 'a'), (2, '2026-01-01', 'b'), (2, '2026-01-02', 'c'), (3, '2026-01-05', 'd')", "2026-01-06") == [
        "run", 4, 3, 0, 1, 0, True], "of 2 the latest counts"
    assert run("(1, '2026-01-01', 'a'), (2, '2026-01-08', 'e'), (3, '2026-01-04', 'late'), (4, '2026-01-08', 'f')", "2026-01-09") == [
        "run", 8, 5, 0, 2, 1, True], "1 says nothing new, 2 and 4 begin versions, 3 is late"
    assert run("(1, '2026-01-01', 'a'), (2, '2026-01-08', 'e'), (3, '2026-01-05', 'd'), (4, '2026-01-08', 'f')", "2026-01-10") == [
        "run", 12, 5, 0, 6, 1, True], "a batch that says nothing new"


def test_a_load_whose_rows_are_not_all_there_is_not_balanced(shop):
    day = json.loads(shop.cli("ledger", "ods_order", "--json").stdout)["ledger"][0]
    shop.cli("query", "DELETE FROM ods_order WHERE order_id = 5")
    after = json.loads(shop.cli("ledger", "ods_order", "--json").stdout)["ledger"][0]
    assert day["balanced"] and after["balanced"] == ("unique" in (pathlib.Path(shop.project) / "weir.yml").read_text())


def test_a_condition_cannot_carry_a_query(shop):
    done = shop.cli("reconcile", "ods_order", "--where", "1=1) UNION SELECT 1 FROM x WHERE (1=1", check=False)
    assert done.returncode == 2 and "one condition" in done.stderr
    assert "no source" in shop.cli("reconcile", "dws_trade_day", check=False).stderr


# ---- cases of the research -------------------------------------------------------------------------------


def cases(kind):
    if not CASES.exists():
        return [pytest.param(None, marks=pytest.mark.skip(reason=f"{CASES} is not there"))]
    rows = [json.loads(line) for line in CASES.read_text().splitlines()]
    return [pytest.param(row, id=row["id"]) for row in rows if row["kind"] == kind]


def table_yml(name, rows, model, key, extra=()):
    names = sorted({column for row in rows for column in row}, key=["id", "tenant_id", "status"].index)
    types = {"id": "bigint", "tenant_id": "bigint", "status": "string", "pos": "bigint"}
    columns = "".join(f"      - {{name: {c}, type: {types[c]}}}\n" for c in [*names, *extra])
    sequence = f"    sequence: {extra[0]}\n" if extra else ""
    return f"  - name: {name}\n    domain: d\n    model: {model}\n    key: [{', '.join(key)}]\n{sequence}    columns:\n{columns}"


@pytest.mark.parametrize("case", cases("reconcile"))
def test_case_reconcile(tmp_path, case):
    key, step = case["config"]["key"], case["steps"][0]
    rows = step["source"] + step["target"]
    (tmp_path / "weir.yml").write_text("name: recon\ndomains: [{name: d}]\ntables:\n" + table_yml("s", rows, "duplicate", key) +
                                       table_yml("t", rows, "duplicate", key))
    weir = Server(tmp_path)
    weir.cli("apply", "--yes")
    for table, name in (("s", "source"), ("t", "target")):
        (tmp_path / f"{table}.ndjson").write_text("".join(json.dumps(row) + "\n" for row in step[name]))
        weir.cli("load", f"d.{table}", str(tmp_path / f"{table}.ndjson"))
    found = reconcile(weir, "s", "t", "--key", ",".join(key), "--columns", ",".join(case["config"]["columns"]),
                      code=0 if case["expected"]["equal"] else 5)
    assert {name: found[name] for name in case["expected"]} == case["expected"]


@pytest.mark.parametrize("source, target, different", [
    ([(1, "a"), (1, "b")], [(1, "a"), (1, "7")], [[[1], ["v"]]]),
    ([(1, "b"), (1, "a")], [(1, "a"), (1, "7")], [[[1], ["v"]]]),
    ([(1, "a"), (1, "b")], [(1, "b"), (1, "a")], []),
    ([(1, "a")], [(1, "a"), (1, "a")], [[[1], []]]),
    ([(1, "a"), (1, "c"), (1, "b")], [(1, "a"), (1, "c"), (1, "a")], [[[1], ["v"]]]),
])
def test_keys_that_are_there_twice_are_compared_in_no_order(tmp_path, source, target, different):
    (tmp_path / "weir.yml").write_text("name: recon\ndomains: [{name: d}]\ntables:\n" + "".join(
        f"  - {{name: {name}, domain: d, columns: [{{name: id, type: bigint}}, {{name: v, type: string}}]}}\n" for name in "st"))
    weir = Server(tmp_path)
    weir.cli("apply", "--yes")
    for name, rows in (("s", source), ("t", target)):
        weir.cli("query", f"INSERT INTO d.{name} VALUES " + ", ".join(map(str, rows)))
    found = reconcile(weir, "s", "t", "--key", "id", code=5 if different else 0)
    assert (found["different"], found["missing"], found["extra"]) == (different, [], [])


def test_a_value_that_does_not_fit_the_target_differs(tmp_path):
    (tmp_path / "weir.yml").write_text("name: recon\ndomains: [{name: d}]\ntables:\n" + "".join(
        f"  - {{name: {name}, domain: d, columns: [{{name: id, type: bigint}}, {{name: v, type: {kind}}}]}}\n" for name, kind in (("s", "string"), ("t", "tinyint"))))
    weir = Server(tmp_path)
    weir.cli("apply", "--yes")
    weir.cli("query", "INSERT INTO d.s VALUES (1, 'N/A'), (2, '300'), (3, '1'), (4, NULL), (5, NULL)")
    weir.cli("query", "INSERT INTO d.t VALUES (1, NULL), (2, 44), (3, 1), (4, NULL), (5, 1)")
    assert reconcile(weir, "s", "t", "--key", "id", code=5)["different"] == [[[n], ["v"]] for n in (1, 2, 5)]


def test_a_key_that_does_not_fit_the_target_is_missing_and_two_tables_are_only_compared(tmp_path):
    (tmp_path / "weir.yml").write_text("name: recon\ndomains: [{name: d}]\ntables:\n" + "".join(
        f"  - {{name: {name}, domain: d, columns: [{{name: id, type: {kind}}}, {{name: day, type: date}}, {{name: v, type: string}}]}}\n"
        for name, kind in (("s", "string"), ("t", "bigint"))))
    weir = Server(tmp_path)
    weir.cli("apply", "--yes")
    weir.cli("query", "INSERT INTO d.s VALUES ('x1', '2026-01-01', 'a'), ('x2', '2026-01-01', 'a'), ('8', '2026-01-01', 'b'), ('07', '2026-01-01', 'c')")
    weir.cli("query", "INSERT INTO d.t VALUES (8, '2026-01-01', 'b'), (7, '2026-01-01', 'd'), (9, '2026-01-01', 'e')")
    found = reconcile(weir, "s", "t", "--key", "id", code=5)
    assert sorted(found["missing"]) == [["x1"], ["x2"]] and found["extra"] == [[9]] and found["different"] == [[[7], ["v"]]]
    found = reconcile(weir, "s", "t", "--key", "id,day", code=5)
    assert sorted(found["missing"]) == [["x1", "2026-01-01"], ["x2", "2026-01-01"]] and found["extra"] == [[9, "2026-01-01"]]
    for words in (["--repair"], ["--repair", "--delete"], ["--refill"]):
        done = weir.cli("reconcile", "s", "t", "--key", "id", *words, check=False)
        assert done.returncode == 2 and "two tables are only compared" in done.stderr, done.stderr


CHANGES = ["--set", 'jsonpaths=["$.row.id", "$.row.tenant_id", "$.row.status", "$.pos", "$.op"]', "--set", "columns=id,tenant_id,status,pos,op",
           "--set", "merge_type=MERGE", "--set", "delete=op = 'd'", "--set", "read_json_by_line=true", "--set", "format=json"]


@pytest.mark.parametrize("case", cases("cdc"))
def test_case_change_log(tmp_path, case):
    """A change log merges into a unique table whose sequence is the position: replays and old rows change nothing."""
    key, step = case["config"]["key"], case["steps"][0]
    (tmp_path / "weir.yml").write_text("name: recon\ndomains: [{name: d}]\ntables:\n" +
                                       table_yml("t", [{"id": 1, "tenant_id": 1, "status": ""}], "unique", key, ["pos"]))
    weir = Server(tmp_path)
    weir.cli("apply", "--yes")

    def load(name, events):
        path = tmp_path / f"{name}.ndjson"
        path.write_text("".join(json.dumps(event) + "\n" for event in events))
        weir.cli("load", "d.t", str(path), *CHANGES)

    load("base", [{"op": "i", "pos": step["base_pos"], "row": row} for row in step["base"]])
    chunk = step.get("chunk")
    log = step.get("log") or chunk["log_between"]
    load("log", log)
    load("again", log)  # at least once
    if chunk:  # read at the low watermark: what the log said since wins
        low = min(event["pos"] for event in log) - 1
        load("chunk", [{"op": "i", "pos": low, "row": row} for row in chunk["rows"]])
    assert query(weir, "SELECT id, tenant_id, status FROM t ORDER BY id, tenant_id") == case["expected"]["table"]
