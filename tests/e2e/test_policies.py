"""Row filters and masks hold at every door that shows rows or values of a table, or changes them."""
import pymysql
import pytest

from conftest import Server, make_project

PAT = {"user": "pat", "password": "partner-password"}  # reads and loads the shop; a policy limits what she sees
RUTH = {"user": "ruth", "password": "runner-password"}  # the same, and may run what is in it
SECRET = "555-SECRET"

ROLES = """  - {name: partner, can: [{read: "domain:shop"}, {load: "domain:shop"}]}
  - {name: runner, can: [{read: "domain:shop"}, {run: "domain:shop"}]}
policies:
  - {name: made_too, on: shop.dwd_user_f, rows: "city = 'Rome'", mask: {name: "null"}, for: ["role:partner", "role:runner"]}
  - {name: own_city, on: shop.ods_user_f, rows: "city = 'Rome'", for: ["role:partner", "role:runner"]}
  - {name: no_name, on: shop.ods_user_f.name, mask: "null", for: ["role:partner", "role:runner"]}
"""

MODEL = """-- ---
-- kind: full
-- checks:
--   - {accepted_values: [Bob], column: name, severity: warn}
-- ---
SELECT id, name, city, age FROM ods_user_f
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    project = make_project(tmp_path_factory.mktemp("policies") / "project")
    with open(project / "weir.yml", "a") as file:
        file.write(ROLES)
    (project / "domains/shop/models/dwd_user_f.sql").write_text(MODEL)
    server = Server(project)
    server.cli("apply", "--yes")
    with server.served():
        for who, role in ((PAT, "partner"), (RUTH, "runner")):
            made = server.call("POST", "/api/v1/users", {"name": who["user"], "password": who["password"], "roles": [role]})
            assert made.status == 201, made.text
        yield server


def fill(shop):
    assert shop.load("ods_user_f", f"1,{SECRET},Paris,30\n2,Bob,Rome,40\n", column_separator=",")["Status"] == "Success"


def sql(shop, text, who=PAT):
    return shop.call("POST", "/api/v1/query", {"sql": text, "database": "shop"}, **who)


@pytest.mark.parametrize("statement", [
    "DELETE FROM ods_user_f WHERE city = 'Paris'",
    "UPDATE ods_user_f SET age = 0 WHERE city = 'Paris'",
    "TRUNCATE TABLE ods_user_f",
    "TRUNCATE ods_user_f",
])
def test_rows_that_a_policy_hides_are_not_changed_over_sql(shop, statement):
    fill(shop)
    assert shop.query("SELECT id, name FROM ods_user_f", **PAT) == [[2, None]]
    before = shop.query("SELECT * FROM ods_user_f ORDER BY id")
    answer = sql(shop, statement)
    assert answer.json()["code"] == "W7002", answer.text
    with shop.mysql(database="shop", **PAT) as connection, connection.cursor() as cursor:
        with pytest.raises(pymysql.err.MySQLError, match="a policy limits what you see"):
            cursor.execute(statement)
    assert shop.query("SELECT * FROM ods_user_f ORDER BY id") == before


def test_a_table_without_a_policy_is_changed_as_ever(shop):
    shop.load("ods_total_f", "a,1,1\n", column_separator=",")
    assert sql(shop, "TRUNCATE TABLE ods_total_f").status == 200
    assert shop.query("SELECT count(*) FROM ods_total_f") == [[0]]


@pytest.mark.parametrize("explain", ["EXPLAIN", "EXPLAIN ANALYZE", "EXPLAIN FORMAT=JSON"])
@pytest.mark.parametrize("select", [
    "SELECT count(*) FROM ods_user_f",
    "WITH a AS (SELECT * FROM ods_user_f) SELECT * FROM ods_total_f JOIN a ON k = name",
    "SELECT (SELECT max(age) FROM ods_user_f) FROM ods_total_f",
])
def test_a_plan_does_not_show_what_a_policy_says(shop, explain, select):
    answer = sql(shop, f"{explain} {select}")
    assert answer.json().get("code") == "W7002" and "Rome" not in answer.text and "own_city" not in answer.text, answer.text
    assert sql(shop, f"{explain} {select}", RUTH).status == 200
    assert sql(shop, f"{explain} SELECT count(*) FROM ods_total_f").status == 200


# ---- rows and values that are kept beside the tables ----

@pytest.fixture(scope="module")
def kept(shop):
    """A load with rejected rows, a refused one, and a run whose checks found wrong rows."""
    fill(shop)
    some = shop.load("ods_user_f", f"4,{SECRET},Paris,x\n", label="some_rejected", column_separator=",", strict_mode="true", max_filter_ratio="1")
    none = shop.load("ods_user_f", f"{SECRET},a,Paris,1\n", label="all_rejected", column_separator=",", strict_mode="true")
    assert (some["Status"], none["Status"], SECRET in none["Message"]) == ("Success", "Fail", True)
    shop.cli("run", "dwd_user_f", "dwd_shop_event_i")
    return shop


def rows_of(shop, what, who):
    path = f"/api/v1/{what}"
    answer = shop.call("GET", path, **who) if who else shop.call("GET", path)
    assert answer.status == 200, answer.text
    return next(value for value in answer.json().values() if isinstance(value, list)), answer.text


@pytest.mark.parametrize("path", ["rejects", "checks/failures"])
def test_rows_put_aside_are_shown_to_those_whom_no_policy_limits(kept, path):
    for who in (None, RUTH):  # who may run a table sees what is wrong with its rows
        assert SECRET in rows_of(kept, path, who)[1]
    assert rows_of(kept, path, PAT)[0] == []
    table = "shop.ods_user_f" if path == "rejects" else "shop.dwd_user_f"
    answer = kept.call("GET", f"/api/v1/{path}?model={table}", **PAT)
    assert answer.status == 403 and answer.json()["hint"] == "rows as they came, past the policy, need the right run on it", answer.text


@pytest.mark.parametrize("path", ["checks?model=shop.dwd_user_f", "runs?model=shop.dwd_user_f", "loads?label=all_rejected"])
def test_figures_samples_and_messages_are_told_without_values(kept, path):
    whole, limited = rows_of(kept, path, None), rows_of(kept, path, PAT)
    assert SECRET in whole[1]
    assert SECRET not in limited[1]
    assert len(whole[0]) == len(limited[0]) > 0
    assert not any(row.get("error_log") or row.get("value") for row in limited[0])


def test_an_error_log_is_named_to_who_loaded_and_to_who_may_see_the_rows(kept):
    def shown(who, statement):
        with kept.mysql(database="shop", **who) as connection, connection.cursor(pymysql.cursors.DictCursor) as cursor:
            cursor.execute(statement)
            return {row["Label"]: row.get("Url") or row.get("URL") for row in cursor.fetchall()}, str(cursor._rows)

    kept.load("ods_user_f", "5,x,Rome,y\n", label="her_own", user=f"{PAT['user']}:{PAT['password']}", column_separator=",", strict_mode="true")
    for statement in ("SHOW LOAD FROM shop", "SHOW STREAM LOAD FROM shop"):
        urls, text = shown(PAT, statement)
        assert urls["some_rejected"] in (None, "N/A") and urls["her_own"].endswith(".log") and SECRET not in text
        urls, text = shown(RUTH, statement)
        assert urls["some_rejected"].endswith(".log") and SECRET in text
    info = kept.call("GET", "/api/shop/_load_info?label=all_rejected", **PAT).json()["jobInfo"]
    assert info["trackingUrl"] == "" and SECRET not in info["failMsg"]
    info = kept.call("GET", "/api/shop/_load_info?label=all_rejected").json()["jobInfo"]
    assert info["trackingUrl"] and SECRET in info["failMsg"]
    own = kept.call("GET", "/api/shop/_load_info?label=her_own", **PAT).json()["jobInfo"]
    assert "5,x,Rome,y" in kept.call("GET", own["trackingUrl"], user=None).text


def test_who_reads_past_policies_needs_more_than_to_read_and_to_load(kept):
    answer = kept.call("POST", "/api/v1/reconcile", {"source": "shop.ods_user_f", "table": "shop.dwd_user_f", "key": ["id"]}, **PAT)
    assert answer.status == 403, answer.text
    assert kept.call("GET", "/api/v1/lint/data", **PAT).status == 403


def test_a_tag_or_a_member_that_is_one_word(tmp_path):
    """`tags: pii` is `tags: [pii]`: what binds the one binds the other."""
    project = make_project(tmp_path / "project")
    (project / "domains/h").mkdir()
    (project / "domains/h/h.yml").write_text("""domains: [{name: h, members: eve}]
tables:
  - {name: people, domain: h, tags: staff, columns: [{name: id, type: bigint}, {name: phone, type: varchar, tags: pii}]}
roles:
  - {name: staff, members: ann, can: [{read: "tag:staff"}]}
policies:
  - {name: no_pii, on: "tag:pii", mask: "null", for: "user:ann"}
""")
    server = Server(project)
    server.cli("apply", "--yes")
    with server.served():
        for name in ("ann", "eve"):
            server.call("POST", "/api/v1/users", {"name": name, "password": "some-password"})
        assert server.load("people", "1,555\n", db="h", column_separator=",")["Status"] == "Success"
        assert server.query("SELECT * FROM people", database="h", user="ann", password="some-password") == [[1, None]]
        assert server.query("SELECT * FROM people", database="h", user="eve", password="some-password") == [[1, "555"]]
