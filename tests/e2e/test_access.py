"""Who gets in and what they may, through HTTP and MySQL."""
import json
import subprocess
import urllib.request

import pymysql
import pytest

from conftest import PASSWORD, WEIR, Server, make_project, until

READER = {"user": "rita", "password": "reader-password"}


@pytest.fixture(scope="module", autouse=True)
def people(weir):
    assert weir.call("POST", "/api/v1/users", {"name": "rita", "password": "reader-password", "roles": ["reader"]}).status == 201
    assert weir.call("POST", "/api/v1/users", {"name": "nora", "password": "nobody-password"}).status == 201
    weir.load("ods_event_i", "1,a,1,2026-01-01\n", column_separator=",")
    weir.load("ods_secret_f", "1,4711\n", db="vault", column_separator=",")


def refused(weir, sql, database="shop", **who):
    answer = weir.call("POST", "/api/v1/query", {"sql": sql, "database": database}, **(who or READER))
    assert answer.status >= 400, (sql, answer.text)
    assert "4711" not in answer.text
    return answer.json()


def test_a_reader_reads_her_domain_and_nothing_else(weir):
    assert weir.query("SELECT count(*) FROM ods_event_i", **READER) == [[1]]
    assert refused(weir, "SELECT * FROM vault.ods_secret_f")["code"] == "W7002"
    nobody = {"user": "nora", "password": "nobody-password"}
    assert refused(weir, "SELECT * FROM shop.ods_event_i", None, **nobody)["code"] == "W7002"
    assert refused(weir, "SELECT * FROM ods_event_i", **nobody)["code"] == "W2003"  # a database of which she sees nothing
    assert refused(weir, "INSERT INTO ods_event_i VALUES (2, 'b', 1, NULL)")["code"] == "W7002"
    assert refused(weir, "DELETE FROM ods_event_i")["code"] == "W7002"
    assert refused(weir, "CREATE TABLE shop.x (a INT)")["code"] == "W7002"
    assert refused(weir, "DROP TABLE shop.ods_event_i")["code"] == "W7002"
    assert weir.query("SELECT count(*) FROM ods_event_i") == [[1]]


@pytest.mark.parametrize("sql", [
    "INSERT INTO ods_event_i SELECT id, pin, 1, NULL FROM vault.ods_secret_f",
    "CREATE TABLE shop.copy AS SELECT * FROM vault.ods_secret_f",
    "CREATE VIEW shop.v AS SELECT * FROM vault.ods_secret_f",
    "EXPLAIN SELECT * FROM vault.ods_secret_f",
    "EXPLAIN ANALYZE SELECT * FROM vault.ods_secret_f",
    "DESCRIBE vault.ods_secret_f",
    "SHOW CREATE TABLE vault.ods_secret_f",
    "SHOW COLUMNS FROM vault.ods_secret_f",
    "SHOW TABLES FROM vault",
    "USE vault",
    "UPDATE ods_event_i SET name = (SELECT pin FROM vault.ods_secret_f)",
    "DELETE FROM ods_event_i WHERE id IN (SELECT id FROM vault.ods_secret_f)",
    "TRUNCATE TABLE vault.ods_secret_f",
    "SET x = (SELECT pin FROM vault.ods_secret_f)",
    "COPY vault.ods_secret_f TO '/tmp/weir-stolen.csv'",
    "ATTACH '/tmp/weir-x.db'",
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM '/etc/passwd'",
    "SELECT * FROM duckdb_tables()",
    "SELECT 1; SELECT * FROM vault.ods_secret_f",
])
def test_no_statement_of_a_reader_reaches_the_vault(weir, sql):
    refused(weir, sql)
    connection = weir.mysql(user="rita", password="reader-password", database="shop")
    import pymysql
    with pytest.raises(pymysql.err.MySQLError) as failed, connection.cursor() as cursor:
        cursor.execute(sql)
        if cursor.fetchall() == ():
            raise pymysql.err.MySQLError("nothing shown")
    assert "4711" not in str(failed.value)
    connection.close()


def test_what_is_listed_is_what_may_be_seen(weir):
    who = READER
    assert weir.call("GET", "/api/v1/project", **who).json()["domains"] == ["shop"]
    objects = weir.call("GET", "/api/v1/objects", **who).json()["objects"]
    assert objects and not [o for o in objects if o["domain"] == "vault"]
    assert weir.call("GET", "/api/v1/objects/vault.ods_secret_f", **who).status == 403
    assert weir.call("GET", "/api/v1/lineage/vault.ods_secret_f", **who).status == 403
    assert weir.call("GET", "/api/v1/search?q=secret", **who).json()["results"] == []
    assert not [l for l in weir.call("GET", "/api/v1/loads", **who).json()["loads"] if l["db"] == "vault"]
    assert "ods_secret_f" not in weir.call("POST", "/api/v1/query", {"sql": "SELECT * FROM information_schema.tables"}, **who).text
    assert "pin" not in json.dumps(weir.query("SELECT column_name FROM information_schema.columns", **who))
    status = weir.call("GET", "/api/v1/status", **who).json()
    assert [d["name"] for d in status["domains"]] == ["shop"] and "data" not in status


@pytest.mark.parametrize("method,path,body", [
    ("GET", "/api/v1/users", None), ("POST", "/api/v1/users", {"name": "x", "password": "long enough", "roles": ["admin"]}),
    ("PATCH", "/api/v1/users/rita", {"roles": ["admin"]}), ("PATCH", "/api/v1/users/admin", {"password": "long enough"}),
    ("DELETE", "/api/v1/users/admin", None), ("POST", "/api/v1/grants", {"grantee": "rita", "right": "admin", "object": "*"}),
    ("POST", "/api/v1/tokens", {"user": "admin"}), ("GET", "/api/v1/audit", None), ("GET", "/api/v1/config", None),
    ("POST", "/api/v1/backup", {"path": "/tmp/weir-stolen"}), ("POST", "/api/v1/run", {}), ("POST", "/api/v1/rollback", {"version": 1}),
    ("POST", "/api/v1/stop", {}), ("GET", "/api/v1/diff", None)])
def test_a_reader_may_not_administer(weir, method, path, body):
    answer = weir.call(method, path, body, **READER)
    assert answer.status == 403 and answer.json()["code"] == "W7002", answer.text


def test_a_grant_and_its_revocation_hold_at_once(weir):
    sql = "SELECT pin FROM vault.ods_secret_f"
    refused(weir, sql)
    grant = {"grantee": "rita", "right": "read", "object": "table:vault.ods_secret_f"}
    assert weir.call("POST", "/api/v1/grants", grant).status == 200
    assert weir.query(sql, **READER) == [["4711"]]
    assert weir.call("POST", "/api/v1/grants", dict(grant, revoke=True)).status == 200
    refused(weir, sql)


def test_only_who_may_load_a_table_ends_its_prepared_load(weir):
    prepared = weir.load("ods_event_i", "7,a,1,2026-01-01\n", label="mine", column_separator=",", two_phase_commit="true")
    headers = {"txn_id": str(prepared["TxnId"]), "txn_operation": "commit"}
    for who in (READER, {"user": "nora", "password": "nobody-password"}):
        answer = weir.call("PUT", "/api/shop/_stream_load_2pc", "", headers, **who).json()
        assert answer["status"] == "Fail" and "lacks the right load" in answer["msg"], answer
    weir.call("POST", "/api/v1/grants", {"grantee": "nora", "right": "load", "object": "table:shop.ods_event_i"})
    done = weir.call("PUT", "/api/shop/_stream_load_2pc", "", headers, user="nora", password="nobody-password").json()
    assert done["status"] == "Success", done
    weir.call("POST", "/api/v1/grants", {"grantee": "nora", "right": "load", "object": "table:shop.ods_event_i", "revoke": True})


def test_tokens_sign_in_until_removed(weir):
    made = weir.call("POST", "/api/v1/tokens", {"note": "ci", "lifetime": "1h"}, **READER)
    token = made.json()["token"]
    assert made.status == 201 and weir.call("GET", "/api/v1/me", token=token).json()["name"] == "rita"
    assert weir.call("GET", "/api/v1/me", user="any", password=token).json()["name"] == "rita"
    listed = [t for t in weir.call("GET", "/api/v1/tokens", **READER).json()["tokens"] if t["note"] == "ci"]
    assert len(listed) == 1 and token not in json.dumps(listed)
    assert weir.call("DELETE", f"/api/v1/tokens/{listed[0]['id']}", user="nora", password="nobody-password").status == 403
    assert weir.call("DELETE", f"/api/v1/tokens/{listed[0]['id']}", **READER).status == 200
    assert weir.call("GET", "/api/v1/me", token=token).status == 401


def test_wrong_passwords_and_unknown_users_are_told_alike(weir):
    wrong = weir.call("GET", "/api/v1/me", user="rita", password="wrong-password")
    unknown = weir.call("GET", "/api/v1/me", user="ghost", password="wrong-password")
    assert wrong.status == unknown.status == 401
    assert wrong.json()["detail"].replace("rita", "X") == unknown.json()["detail"].replace("ghost", "X")


def test_who_guesses_passwords_has_to_wait_and_the_right_one_does_not_show(weir):
    assert weir.call("POST", "/api/v1/users", {"name": "gus", "password": "gus-password"}).status == 201
    token = weir.call("POST", "/api/v1/tokens", {"note": "gus"}, user="gus", password="gus-password").json()["token"]
    answers = [weir.call("GET", "/api/v1/me", user="gus", password=f"wrong-{i}-password") for i in range(11)]
    assert [a.status for a in answers] == [401] * 10 + [429]
    assert answers[-1].json()["code"] == "W7005" and 1 <= int(answers[-1].headers["Retry-After"]) <= 60
    assert weir.call("GET", "/api/v1/me", user="gus", password="gus-password").status == 429
    assert weir.call("POST", "/api/v1/sign_in", {"user": "gus", "password": "gus-password"}, user=None).status == 429
    with pytest.raises(pymysql.err.OperationalError) as paused:
        weir.mysql(user="gus", password="gus-password")
    assert paused.value.args[0] == 1129
    assert weir.call("GET", "/api/v1/me", token=token).status == 200
    assert weir.call("GET", "/api/v1/me", **READER).status == 200
    until(lambda: weir.call("GET", "/api/v1/me", user="gus", password="gus-password").status == 200, "the pause does not end")
    assert weir.call("GET", "/api/v1/me", user="gus", password="wrong-again-password").status == 401
    assert weir.mysql(user="gus", password="gus-password").open


def test_guesses_over_mysql_count_as_well(weir):
    assert weir.call("POST", "/api/v1/users", {"name": "max", "password": "max-password"}).status == 201
    codes = []
    for i in range(11):
        with pytest.raises(pymysql.err.OperationalError) as refused_one:
            weir.mysql(user="max", password=f"wrong-{i}-password")
        codes.append(refused_one.value.args[0])
    assert codes == [1045] * 10 + [1129]
    assert weir.call("GET", "/api/v1/me", user="max", password="max-password").status == 429


def test_the_page_signs_in_by_cookie_and_other_sites_cannot_use_it(weir):
    page = weir.call("GET", "/", user=None)
    assert page.status == 200 and "script-src 'self'" in page.headers["Content-Security-Policy"]
    assert weir.call("GET", "/status.js", user=None).status == 200
    signed = weir.call("POST", "/api/v1/sign_in", {"user": "rita", "password": "reader-password"}, user=None)
    cookie = signed.headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Strict" in cookie
    session = {"Cookie": cookie.split(";")[0]}
    assert weir.call("GET", "/api/v1/me", headers=session, user=None).json()["name"] == "rita"
    other = dict(session, Origin="https://evil.example")
    assert weir.call("POST", "/api/v1/query", {"sql": "SELECT 1"}, other, user=None).status == 403
    own = dict(session, Origin=weir.http)
    assert weir.call("POST", "/api/v1/query", {"sql": "SELECT 1"}, own, user=None).status == 200
    assert weir.call("POST", "/api/v1/sign_out", {}, own, user=None).status == 200
    assert weir.call("GET", "/api/v1/me", headers=session, user=None).status == 401


def test_signing_out_ends_the_session_beside_a_cookie_of_like_name(weir):
    answer = weir.call("POST", "/api/v1/sign_in", {"user": "rita", "password": "reader-password"}, user=None)
    cookie = answer.headers["Set-Cookie"].split(";")[0]
    both = {"Cookie": f"old_weir_session=another; {cookie}"}
    assert weir.call("GET", "/api/v1/me", headers=both, user=None).json()["name"] == "rita"
    assert weir.call("POST", "/api/v1/sign_out", {}, both, user=None).status == 200
    assert weir.call("GET", "/api/v1/me", headers={"Cookie": cookie}, user=None).status == 401


def test_the_audit_says_who_did_what(weir):
    refused(weir, "SELECT * FROM vault.ods_secret_f")
    weir.load("ods_event_i", "1,a\n", user="rita:reader-password", column_separator=",")
    weir.call("GET", "/api/v1/me", user="rita", password="wrong-password")
    rows = weir.call("GET", "/api/v1/audit?limit=1000").json()
    assert rows["lost"] == 0
    assert [r for r in rows["audit"] if r["action"] == "user add" and r["object"] == "rita" and r["user"] == "admin" and r["ok"]]
    assert [r for r in rows["audit"] if r["action"] == "sign in" and r["user"] == "rita" and not r["ok"]]
    assert [r for r in rows["audit"] if r["action"] == "denied" and r["user"] == "rita" and "vault.ods_secret_f" in r["object"]]
    assert "reader-password" not in json.dumps(rows) and "wrong-password" not in json.dumps(rows)


def test_without_an_admin_password_a_link_signs_in_once(tmp_path):
    server = Server(make_project(tmp_path / "project"))
    del server.env["WEIR_ADMIN_PASSWORD"]
    server.start()
    try:
        until(lambda: "/?token=weir_" in server.tail(), server.tail)  # the screen comes after server.json
        link = next(word for word in server.tail().split() if "/?token=weir_" in word)

        class Stay(urllib.request.HTTPRedirectHandler):
            def redirect_request(self, *arguments):
                return None

        opener = urllib.request.build_opener(Stay)
        with pytest.raises(urllib.error.HTTPError) as first:
            opener.open(link)
        assert first.value.code == 303 and first.value.headers["Location"] == "/"
        session = {"Cookie": first.value.headers["Set-Cookie"].split(";")[0]}
        assert server.call("GET", "/api/v1/me", headers=session, user=None).json()["admin"] is True
        with pytest.raises(urllib.error.HTTPError) as second:
            opener.open(link)
        assert second.value.code == 401
        assert server.call("GET", "/api/v1/me", user="admin", password=PASSWORD).status == 401
    finally:
        server.stop()


def test_the_data_folder_is_the_owners_alone(project):
    import os
    data = os.path.join(project, ".weir")
    os.mkdir(data, 0o755)
    server = Server(project)
    server.cli("apply", "--yes")
    server.start()
    try:
        assert os.stat(data).st_mode & 0o077 == 0
        assert os.stat(os.path.join(data, "server.json")).st_mode & 0o077 == 0
    finally:
        server.stop()
