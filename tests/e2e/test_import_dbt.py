"""A dbt project becomes a project of Weir: it applies, runs and gives the rows that dbt gives; what stays behind is listed."""
import json
import pathlib
import subprocess

import pytest

from conftest import HERE, WEIR, Server

DBT = pathlib.Path(HERE) / "data/dbt"
BRITAIN = 'United Kingdom, so "called"'
ORDERS = [
    (1, 10, " Paid ", "5.00", "044", "2026-01-01 08:00:00"),
    (2, 10, "open", "7.50", "049", "2026-01-01 09:00:00"),
    (3, 11, "PAID", "2.25", "044", "2026-01-02 10:00:00"),
    (4, 12, "paid", "0.00", "086", "2026-01-02 11:00:00"),
]


def convert(source, out, *words, code=0):
    done = subprocess.run([WEIR, "import", "dbt", str(source), "--out", str(out), *words], capture_output=True, text=True, env={"WEIR_LANG": "en"})
    assert done.returncode == code, done.stdout + done.stderr
    return done


@pytest.fixture(scope="module")
def taken(tmp_path_factory):
    out = tmp_path_factory.mktemp("dbt") / "jaffle"
    return out, json.loads(convert(DBT, out, "--json").stdout)


@pytest.fixture(scope="module")
def built(taken):
    weir = Server(taken[0])
    weir.cli("apply", "--yes")
    weir.cli("refresh")
    load(weir, "shop.orders", ORDERS)
    load(weir, "shop.customers", [(10, "Bern", "2026-01-01 00:00:00"), (11, "Rome", "2026-01-01 00:00:00")])
    with weir.served():
        run(weir, "2026-01-03 00:00:00")
        yield weir


def load(weir, table, rows):
    path = pathlib.Path(weir.project) / "rows.csv"
    path.write_text("".join(",".join(str(value) for value in row) + "\n" for row in rows))
    weir.cli("load", table, str(path), "--replace")


def run(weir, at):
    for model in ("orders_snapshot", "customers_snapshot", "by_country", "order_log", "order_now", "order_hours", "customer_cities"):
        weir.cli("run", model, "--at", at)


def rows(weir, sql):
    return [list(json.loads(line).values()) for line in weir.cli("query", sql, "-f", "ndjson").stdout.splitlines()]


def reasons(answer, list_name, name):
    return [(entry["file"], entry["line"], entry["reason"]) for entry in answer[list_name] if entry["object"] == name]


def test_counts_say_what_was_carried_over(taken):
    answer = taken[1]
    assert [answer[key] for key in ("models", "snapshots", "seeds", "sources")] == [7, 2, 1, 2]
    assert answer["checks"] == 9


@pytest.mark.parametrize("name, file, line, word", [
    ("looped", "models/marts/looped.sql", 2, "{% for status"),
    ("reads_looped", "models/marts/reads_looped.sql", 1, "it reads `looped`"),
    ("other_dialect", "models/marts/other_dialect.sql", 1, "safe_divide"),
    ("clicks", "models/staging/sources.yml", 24, "no columns"),
    ("stg_clicks", "models/staging/stg_clicks.sql", 1, "it reads `clicks`"),
    ("forest", "models/marts/forest.py", 1, "no place"),
    ("no_negative", "tests/no_negative.sql", 1, "query"),
    ("cents", "macros/cents.sql", 1, "macros"),
    ("look", "analyses/look.sql", 1, "no place"),
    ("packages.yml", "packages.yml", 1, "packages"),
    ("board", "models/staging/schema.yml", 25, "exposures"),
    ("revenue", "models/staging/schema.yml", 28, "metrics"),
    ("one", "models/staging/schema.yml", 30, "unit_tests"),
    ("gone", "models/marts/marts.yml", 21, "not there"),
    ("jaffle", "dbt_project.yml", 18, "on-run-end"),
    ("stg_orders.country_code", "models/staging/schema.yml", 23, "dbt_expectations"),
    ("stg_orders", "models/staging/schema.yml", 5, "`meta`"),
    ("order_now", "models/marts/order_now.sql", 1, "grants"),
    ("by_country", "models/marts/by_country.sql", 1, "contract"),
    ("order_log", "models/marts/marts.yml", 16, "relationship"),
])
def test_what_stays_behind_is_listed_with_file_and_line(taken, name, file, line, word):
    told = reasons(taken[1], "left", name)
    assert any(entry[0] == file and entry[1] == line and word in entry[2] for entry in told), told


@pytest.mark.parametrize("name, line, word", [
    ("eph_paid", 2, "`paid_status` is written out as `paid`"),
    ("eph_paid", 1, "view"),
    ("order_log", 3, "interval of `loaded_at`"),
    ("order_now", 13, "each run reads all"),
    ("customers_snapshot", 1, "dbt_scd_id"),
    ("orders", 10, "declared as string"),
])
def test_what_is_not_to_the_letter_is_listed(taken, name, line, word):
    told = reasons(taken[1], "changed", name)
    assert any(entry[1] == line and word in entry[2] for entry in told), told


def test_a_model_that_stayed_behind_is_a_draft_with_its_reason(taken):
    draft = (taken[0] / "drafts/models/marts/looped.sql.draft").read_text()
    assert "none of the forms" in draft and "{% for status in" in draft
    assert not list((taken[0] / "domains").rglob("looped*"))


def test_models_give_the_rows_of_dbt(built):
    assert rows(built, "SELECT country, n_orders, amount FROM by_country ORDER BY country") == [[BRITAIN, 2, 7.25]]
    assert rows(built, "SELECT order_id, status FROM stg_orders ORDER BY 1") == [[1, "paid"], [2, "open"], [3, "paid"], [4, "paid"]]
    assert [row[0] for row in rows(built, "SELECT order_id FROM order_hours ORDER BY 1")] == [1, 2, 3, 4]


def test_a_seed_keeps_declared_types_and_null(built):
    assert rows(built, "SELECT code, name, since FROM country_codes ORDER BY code") == [
        ["044", BRITAIN, "1973-01-01"], ["049", "Germany", None], ["086", "China", "1978-12-18"]]


def test_next_runs_append_merge_and_keep_history(built):
    changed = [*ORDERS[:1], (2, 10, "void", "7.50", "049", "2026-01-03 09:00:00"), *ORDERS[2:], (5, 12, "open", "1.00", "086", "2026-01-03 12:00:00")]
    load(built, "shop.orders", changed)
    load(built, "shop.customers", [(10, "Oslo", "2026-01-03 00:00:00")])
    run(built, "2026-01-04 00:00:00")
    # appended: what is newer than what was there; order 2 stands in it twice
    assert rows(built, "SELECT order_id, status FROM order_log ORDER BY loaded_at") == [
        [1, "paid"], [2, "open"], [3, "paid"], [4, "paid"], [2, "void"], [5, "open"]]
    # merged by key, but first_seen stays
    assert rows(built, "SELECT order_id, status, first_seen FROM order_now WHERE order_id IN (2, 5) ORDER BY 1") == [
        [2, "void", "2026-01-01 09:00:00"], [5, "open", "2026-01-03 12:00:00"]]
    # all versions: Bern closed by Oslo, Rome closed because the source has it no more
    assert rows(built, "SELECT customer_id, n_versions, n_closed FROM customer_cities ORDER BY 1") == [[10, 2, 1], [11, 1, 1]]
    assert rows(built, "SELECT city, dbt_valid_from FROM customers_snapshot@history WHERE customer_id = 10 ORDER BY 2") == [
        ["Bern", "2026-01-01 00:00:00"], ["Oslo", "2026-01-03 00:00:00"]]
    assert rows(built, "SELECT count(*) FROM orders_snapshot@history WHERE order_id = 2") == [[2]]


def test_a_test_of_dbt_holds_back_a_build(built):
    before = rows(built, "SELECT count(*) FROM order_now")
    load(built, "shop.orders", [(9, 1, "paid", "200000.00", "044", "2026-01-05 00:00:00")])
    done = built.cli("run", "order_now", "--at", "2026-01-06 00:00:00", check=False)
    assert done.returncode == 5 and "between" in done.stdout + done.stderr
    assert rows(built, "SELECT count(*) FROM order_now") == before


def test_a_project_that_is_there_is_not_overwritten(taken):
    told = convert(DBT, taken[0], code=2)
    assert "there is a project" in told.stderr and "Nothing was written" in told.stderr


def test_a_folder_without_dbt_project_is_an_error(tmp_path):
    assert "dbt_project.yml" in convert(tmp_path, tmp_path / "out", code=2).stderr
    assert not (tmp_path / "out").exists()


def tiny(tmp_path, model, **files):
    """A dbt project of one source table and one model `m`: the answer, and the text of the model (None when it stayed behind)."""
    source = tmp_path / "dbt"
    (source / "models").mkdir(parents=True)
    (source / "dbt_project.yml").write_text(files.pop("project", "name: tiny\n"))
    (source / "models/s.yml").write_text("sources:\n  - name: raw\n    tables:\n      - name: t\n        columns:\n"
                                         "          - {name: id, data_type: bigint}\n          - {name: made_at, data_type: timestamp}\n          - {name: dt, data_type: date}\n")
    (source / "models/m.sql").write_text(model)
    answer = json.loads(convert(source, tmp_path / "out", "--json").stdout)
    found = list((tmp_path / "out/domains/tiny").rglob("models/*.sql"))
    Server(tmp_path / "out").cli("apply", "--yes")
    return answer, found[0].read_text() if found else None


FROM = "select id, made_at, dt from {{ source('raw', 't') }}"


@pytest.mark.parametrize("config, lines", [
    ("materialized='table'", ['kind: "full"']),
    ("materialized='incremental', unique_key='id', incremental_strategy='delete+insert'", ['strategy: "delete+insert"', 'key: ["id"]', "null_safe_key: false"]),
    ("materialized='incremental', incremental_strategy='insert_overwrite', partition_by={'field': 'dt', 'data_type': 'date'}",
     ['strategy: "insert_overwrite"', 'partition: "dt"']),
    ("materialized='incremental', incremental_strategy='append', on_schema_change='fail'", ['strategy: "append"', 'on_schema_change: "fail"']),
    ("materialized='incremental'", ['strategy: "append"', 'on_schema_change: "ignore"']),
    ("materialized='incremental', incremental_strategy='microbatch', event_time='made_at', batch_size='day', begin='2026-01-01'",
     ['strategy: "microbatch"', "lookback: 1"]),
])
def test_materializations_become_kinds_and_strategies(tmp_path, config, lines):
    _, text = tiny(tmp_path, f"{{{{ config({config}) }}}}\n{FROM}")
    assert [line for line in lines if f"-- {line}\n" not in text] == []


@pytest.mark.parametrize("model, word", [
    ("{{ config(enabled=false) }}" + FROM, "disabled"),
    ("{{ config(materialized='materialized_view') }}" + FROM, "materialized_view"),
    ("{{ config(materialized='incremental', unique_key=\"id || dt\") }}" + FROM, "expression"),
    ("{{ config(materialized='incremental', unique_key='id', incremental_predicates=['x']) }}" + FROM, "incremental_predicates"),
    ("{{ config(materialized='incremental') }}" + FROM + "{% if is_incremental() %} where id > (select max(id) from {{ this }}) {% endif %}", "BIGINT and type TIMESTAMP"),
    ("{{ config(materialized='incremental') }}" + FROM + "{% if is_incremental() %} where random() > 0.5 {% endif %}", "no counterpart"),
    (FROM + " where made_at < (select max(made_at) from {{ this }})", "its own table"),
    ("select * from {{ ref('nothing') }}", "leads to nothing"),
    (FROM + " where id = {{ var('unset') }}", "no default"),
    (FROM + " {{ dbt_utils.star() }}", "none of the forms"),
    (FROM + " {{ open", "without end"),
])
def test_what_has_no_counterpart_stays_behind_with_its_reason(tmp_path, model, word):
    answer, text = tiny(tmp_path, model)
    assert text is None and any(word in entry["reason"] and entry["file"] == "models/m.sql" for entry in answer["left"]), answer["left"]
    assert (tmp_path / "out/drafts/models/m.sql.draft").exists()


def test_a_block_of_a_model_that_is_not_incremental_is_never_true(tmp_path):
    _, text = tiny(tmp_path, FROM + "{% if is_incremental() %} where random() > 0.5 {% endif %}")
    assert "random" not in text


def test_a_folder_outside_of_the_project_is_not_read(tmp_path):
    (tmp_path / "other").mkdir()
    (tmp_path / "other/x.sql").write_text("select 1 as a")
    answer, text = tiny(tmp_path, FROM, project="name: tiny\nmodel-paths: [models, ../other]\n")
    assert any("outside" in entry["reason"] for entry in answer["left"]) and answer["models"] == 1 and "x" not in answer["files"]
