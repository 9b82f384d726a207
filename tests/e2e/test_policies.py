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
  - {name: own_city, on: shop.ods_user_f, rows: "city = 'Rome'", for: ["role:partner", "role:runner"]}
  - {name: no_name, on: shop.ods_user_f.name, mask: "null", for: ["role:partner", "role:runner"]}
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    project = make_project(tmp_path_factory.mktemp("policies") / "project")
    with open(project / "weir.yml", "a") as file:
        file.write(ROLES)
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
