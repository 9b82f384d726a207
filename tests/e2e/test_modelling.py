"""Help for who models: new models that keep to the standard, the bus matrix, logic that stands twice, unknown members."""
import csv
import io
import json
import pathlib

import pytest

from conftest import Server

PROJECT = """
name: shop
timezone: UTC
standard: {profile: v4}
"""
TABLES = """
entities:
  - {name: user, key: [user_id]}
tables:
  - name: ods_trade_order_i
    title: {en: Orders, zh: 订单}
    layer: ods
    kind: incremental
    type: event_flow
    key: [order_id]
    time: paid_at
    partition: paid_at
    grade: P1
    owner: trade-data
    columns:
      - {name: order_id, type: bigint, title: {en: Order, zh: 订单号}}
      - {name: user_id, type: bigint, title: {en: User, zh: 用户}, entity: user}
      - {name: shop_id, type: bigint, title: {en: Shop, zh: 店铺}}
      - {name: from_city_id, type: bigint, title: {en: From, zh: 发货地}}
      - {name: order_status, type: string, title: {en: Status, zh: 状态}}
      - {name: pay_money, type: "decimal(18,2)", title: {en: Paid, zh: 金额}}
      - {name: item_num, type: int, title: {en: Items, zh: 件数}}
      - {name: paid_at, type: datetime, title: {en: Paid at, zh: 支付时间}}
  - name: ods_trade_shop_f
    title: {en: Shops, zh: 店铺}
    layer: ods
    kind: full
    type: ordinary_full
    key: [shop_id]
    grade: P1
    owner: trade-data
    columns:
      - {name: shop_id, type: bigint, title: {en: Shop, zh: 店铺}}
      - {name: shop_name, type: string, title: {en: Name, zh: 名称}}
      - {name: open_dt, type: date, title: {en: Open since, zh: 开业日}}
"""
CHAIN = [
    ("dim", "ods_trade_shop_f", [], "dim_trade_shop"),
    ("dwd", "ods_trade_order_i", ["--unit", "CNY_yuan", "--process", "order"], "dwd_pub_trade_order_i"),
    ("dwm", "dwd_pub_trade_order_i", ["--by", "user_id,shop_id"], "dwm_pub_trade_order_user_shop_1d_i"),
    ("dws", "dwm_pub_trade_order_user_shop_1d_i", ["--by", "shop_id"], "dws_pub_trade_order_shop_1d_i"),
    ("app", "dws_pub_trade_order_shop_1d_i", ["--consumer", "board"], "app_pub_trade_order_shop_1d_f"),
]


def make(folder):
    (folder / "domains/trade/models").mkdir(parents=True)
    (folder / "weir.yml").write_text(PROJECT)
    (folder / "domains/trade/trade.yml").write_text(TABLES)
    return Server(folder)


def new(weir, layer, table, *words, check=True):
    return weir.cli("new", "model", "--layer", layer, "--from", table, *words, check=check)


def rows(weir, sql):
    return [list(json.loads(line).values()) for line in weir.cli("query", sql, "-f", "ndjson").stdout.splitlines()]


@pytest.fixture(scope="module")
def chain(tmp_path_factory):
    weir = make(tmp_path_factory.mktemp("shop"))
    for layer, table, words, _ in CHAIN:
        new(weir, layer, table, *words)
    return weir


@pytest.fixture
def empty(tmp_path):
    return make(tmp_path)


@pytest.mark.parametrize("name", [name for *_, name in CHAIN])
def test_a_new_model_of_each_layer_has_no_error_of_the_standard(chain, name):
    path = f"domains/trade/models/{name}.sql"
    assert (pathlib.Path(chain.project) / path).exists()
    told = json.loads(chain.cli("lint", "--format", "json", check=False).stdout)
    errors = [found for found in told["findings"] if found.get("file") == path and found["level"] in ("E", "error")]
    assert errors == []


def test_new_models_clean_sum_and_run(chain):
    folder = pathlib.Path(chain.project)
    (folder / "orders.csv").write_text("1,7,3,4,Paid ,12.50,2,2026-01-01 10:00:00\n2,\\N,\\N,4,open,1,1,2026-01-01 11:00:00\n"
                                       "2,\\N,\\N,4,PAID,\\N,\\N,2026-01-01 12:00:00\n")
    (folder / "shops.csv").write_text("3, Tea ,2020-05-01\n")
    chain.cli("apply", "--yes")
    chain.cli("load", "ods_trade_order_i", str(folder / "orders.csv"))
    chain.cli("load", "ods_trade_shop_f", str(folder / "shops.csv"))
    chain.cli("run")
    # the newest row of a key; unknown members -1; measures 0; words trimmed and in lower case; names by the standard
    assert rows(chain, "SELECT order_id, user_id, shop_id, order_status, pay_amt, item_cnt, dt FROM dwd_pub_trade_order_i ORDER BY 1") == [
        [1, 7, 3, "paid", 12.5, 2, "2026-01-01"], [2, -1, -1, "paid", 0, 0, "2026-01-01"]]
    assert rows(chain, "SELECT shop_id, order_cnt, pay_amt, item_cnt FROM app_pub_trade_order_shop_1d_f ORDER BY 1") == [
        [-1, 1, 0, 0], [3, 1, 12.5, 2]]
    # the dimension carries the row that -1 joins, with sentinels of each type
    assert rows(chain, "SELECT shop_id, shop_name, open_dt FROM dim_trade_shop ORDER BY 1") == [[-1, "-1", "1900-01-01"], [3, "Tea", "2020-05-01"]]
    chain.cli("run", "dim_trade_shop")
    assert rows(chain, "SELECT count(*) FROM dim_trade_shop WHERE shop_id = -1") == [[1]]


def test_coverage_is_measured_from_queries(chain):
    chain.start()
    for _ in range(3):
        chain.query("SELECT shop_id, pay_amt FROM dws_pub_trade_order_shop_1d_i", database="trade")
    chain.query("SELECT user_id, pay_amt FROM dwd_pub_trade_order_i", database="trade")
    (cover,) = json.loads(chain.cli("matrix", "--coverage", "--json").stdout)["coverage"]
    chain.stop()
    assert cover["domain"] == "trade" and (cover["reads"], cover["dws_reads"], cover["share"]) == (4, 3, 0.75)
    worst = next(table for table in cover["uncovered"] if table["table"] == "dwd_pub_trade_order_i")
    assert "pay_amt" in worst["metrics"] and "user_id" in worst["dimensions"]


def test_without_reads_there_is_no_coverage_to_measure(empty):
    assert "Nothing was read yet" in empty.cli("matrix", "--coverage").stdout


def test_money_without_a_unit_is_asked_for(empty):
    done = new(empty, "dwd", "ods_trade_order_i", check=False)
    assert done.returncode == 2 and "--unit" in done.stderr
    assert not list((pathlib.Path(empty.project) / "domains/trade/models").iterdir())


@pytest.mark.parametrize("layer, table, word", [
    ("dws", "ods_trade_order_i", "dws is not made from ods"),
    ("dwd", "nowhere", "nowhere"),
])
def test_what_cannot_be_made_is_told(empty, layer, table, word):
    done = new(empty, layer, table, check=False)
    assert done.returncode != 0 and word in done.stderr


def test_a_model_that_is_there_is_not_overwritten(empty):
    new(empty, "dim", "ods_trade_shop_f")
    done = new(empty, "dim", "ods_trade_shop_f", check=False)
    assert done.returncode == 2 and "exists" in done.stderr


def test_unknown_member_needs_kind_full_and_a_key(empty):
    (pathlib.Path(empty.project) / "domains/trade/models/dim_x.sql").write_text("-- ---\n-- kind: view\n-- unknown_member: true\n-- ---\nSELECT 1 AS a\n")
    done = empty.cli("lint", check=False)
    assert done.returncode != 0 and "unknown_member" in done.stdout + done.stderr


# ---- the matrix ----

FACTS = {
    "dim_trade_shop.sql": "-- ---\n-- kind: full\n-- key: [shop_id]\n-- ---\nSELECT shop_id, shop_name FROM ods_trade_shop_f\n",
    "dim_trade_city.sql": "-- ---\n-- kind: full\n-- key: [city_id]\n-- ---\nSELECT DISTINCT from_city_id AS city_id FROM ods_trade_order_i\n",
    "dwd_pub_trade_order_i.sql": "-- ---\n-- kind: full\n-- process: order\n-- key: [order_id]\n-- checks:\n"
                                 "--   - {relationship: {column: from_city_id, to: dim_trade_city, field: city_id}}\n-- ---\n"
                                 "SELECT order_id, user_id AS buyer_id, from_city_id, from_city_id AS to_city_id, shop_id FROM ods_trade_order_i\n",
    "dwd_pub_trade_visit_i.sql": "-- ---\n-- kind: full\n-- key: [visit_id]\n-- ---\nSELECT order_id AS visit_id, user_id FROM ods_trade_order_i\n",
    "dwm_pub_trade_visit_1d_f.sql": "-- ---\n-- kind: full\n-- ---\nSELECT s.shop_name, count(*) AS visit_cnt FROM dwd_pub_trade_visit_i v "
                                    "JOIN dim_trade_shop s ON s.shop_id = v.visit_id GROUP BY 1\n",
}


@pytest.fixture(scope="module")
def bus(tmp_path_factory):
    weir = make(tmp_path_factory.mktemp("bus"))
    for name, text in FACTS.items():
        (pathlib.Path(weir.project) / "domains/trade/models" / name).write_text(text)
    return weir


def test_the_matrix_has_processes_grain_and_roles(bus):
    told = json.loads(bus.cli("matrix", "--json").stdout)
    order, visit = told["rows"]
    assert (order["process"], order["grain"], visit["process"]) == ("order", ["order_id"], "visit")
    # declared below and handed on: by lineage, under the name of its role
    assert order["dimensions"]["user"] == [{"column": "buyer_id", "role": "buyer_id", "how": "lineage"}]
    # one dimension in two roles: one by its relationship, one by name
    assert [(cell["role"], cell["how"]) for cell in order["dimensions"]["dim_trade_city"]] == [("from", "declared"), ("to", "name")]
    dims = {dim["name"]: dim for dim in told["dimensions"]}
    assert dims["user"]["conformed"] and dims["user"]["facts"] == 2 and not dims["dim_trade_city"]["conformed"]


def test_holes_are_candidates_with_their_reason(bus):
    told = json.loads(bus.cli("matrix", "--json").stdout)
    reasons = {(hole["fact"], hole["dimension"]): hole["reason"] for hole in told["holes"]}
    assert reasons == {("dwd_pub_trade_visit_i", "dim_trade_shop"): "readers join it anyway: dwm_pub_trade_visit_1d_f"}


def test_the_matrix_as_markdown_and_csv(bus):
    lines = bus.cli("matrix").stdout.splitlines()
    assert lines[0].startswith("| Process | Fact | Grain |") and "| visit |" in lines[3] and " ? |" in lines[3]
    table = list(csv.reader(io.StringIO(bus.cli("matrix", "--format", "csv").stdout)))
    assert len(table) == 3 and table[1][table[0].index("dim_trade_city")] == "from, to"


# ---- duplicates ----

def test_duplicates_are_told_by_what_is_computed(empty):
    models = pathlib.Path(empty.project) / "domains/trade/models"
    for name, expression, alias in [("dwd_a_b_c_i", "pay_money * item_num", "net_amt"), ("dwd_a_b_d_i", "CAST(o.item_num AS BIGINT) * o.pay_money", "net_amt"),
                                    ("dwd_a_b_e_i", "item_num * pay_money", "total_amt"), ("dwd_a_b_f_i", "pay_money - item_num", "net_amt")]:
        (models / f"{name}.sql").write_text(f"SELECT order_id, {expression} AS {alias} FROM ods_trade_order_i o\n")
    # through a table that hands the columns on, the roots are the same
    (models / "dwd_a_b_g_i.sql").write_text("SELECT order_id, pay_money AS price, item_num AS n FROM ods_trade_order_i\n")
    (models / "dwd_a_b_h_i.sql").write_text("SELECT order_id, x.n * x.price AS total_amt FROM dwd_a_b_g_i x\n")
    (models / "dwd_a_b_k_i.sql").write_text("select  ORDER_ID, item_num * pay_money as total_amt -- again\nfrom ods_trade_order_i q\n")
    told = json.loads(empty.cli("duplicates", "--json").stdout)
    (synonym,) = told["synonyms"]
    assert {(column["table"], column["column"]) for column in synonym["columns"]} == {
        ("dwd_a_b_c_i", "net_amt"), ("dwd_a_b_d_i", "net_amt"), ("dwd_a_b_e_i", "total_amt"), ("dwd_a_b_h_i", "total_amt"), ("dwd_a_b_k_i", "total_amt")}
    (homonym,) = told["homonyms"]
    assert homonym["name"] == "net_amt" and {column["table"] for column in homonym["columns"]} == {"dwd_a_b_c_i", "dwd_a_b_d_i", "dwd_a_b_f_i"}
    assert {"tables": ["dwd_a_b_e_i", "dwd_a_b_k_i"]} in told["queries"]


def test_a_sum_with_another_filter_is_another_metric_and_a_rollup_is_not(empty):
    models = pathlib.Path(empty.project) / "domains/trade/models"
    (models / "dwm_a_b_c_1d_i.sql").write_text("SELECT shop_id, sum(item_num) AS item_cnt FROM ods_trade_order_i GROUP BY 1\n")
    (models / "dwm_a_b_d_1d_i.sql").write_text("SELECT shop_id, sum(item_num) AS item_cnt FROM ods_trade_order_i WHERE order_status = 'paid' GROUP BY 1\n")
    (models / "dws_a_b_c_1d_i.sql").write_text("SELECT sum(item_cnt) AS item_cnt FROM dwm_a_b_c_1d_i\n")
    (homonym,) = json.loads(empty.cli("duplicates", "--json").stdout)["homonyms"]
    assert [column["table"] for column in homonym["columns"]] == ["dwm_a_b_c_1d_i", "dwm_a_b_d_1d_i"]
