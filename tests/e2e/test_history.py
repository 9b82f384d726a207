"""Versions of a history through every door: name@history, name@'time', rights and policies; restating; kills."""
import json
import os
import shutil
import threading
import time

import pytest

from conftest import Server

YML = """
tables:
  - name: ods_user
    columns: [{name: id, type: BIGINT}, {name: city, type: VARCHAR}, {name: updated_at, type: DATETIME}]
"""
MODEL = """-- ---
-- kind: scd2
-- key: id
-- strategy: timestamp
-- updated_at: updated_at
-- hard_deletes: invalidate
-- dup_in_batch: chain
-- ---
SELECT id, city, updated_at FROM ods_user
"""
READERS = {
    "dws_then.sql": "-- ---\n-- kind: full\n-- ---\nSELECT dim_user.city, count(*) AS n FROM dim_user@'2024-01-06' GROUP BY ALL\n",
    "dws_all.sql": "-- ---\n-- kind: full\n-- ---\nSELECT h.id, h.city, h.valid_to FROM dim_user@history h\n",
    "dws_now.sql": "SELECT city, count(*) AS n FROM crm.dim_user GROUP BY ALL\n",
}
POLICY = """
roles:
  - {name: clerk, can: [{read: "domain:crm"}]}
policies:
  - {name: not_rome, on: dim_user, rows: "dim_user.city <> 'Rome'", for: ["role:clerk"]}
  - {name: city_hidden, on: dim_user.city, mask: redact, for: ["role:stranger"]}
"""


def load(server, rows):
    file = os.path.join(server.project, "rows.ndjson")
    with open(file, "w") as out:
        out.writelines(json.dumps({"id": i, "city": city, "updated_at": at}) + "\n" for i, city, at in rows)
    server.cli("load", "crm.ods_user", file)


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    """Applied, loaded and run once, to be copied."""
    folder = tmp_path_factory.mktemp("history") / "project"
    models = folder / "domains/crm/models"
    models.mkdir(parents=True)
    (folder / "weir.yml").write_text("name: history\ntimezone: UTC\n")
    (folder / "domains/crm/crm.yml").write_text(YML)
    (models / "dim_user.sql").write_text(MODEL)
    for name, text in READERS.items():
        (models / name).write_text(text)
    server = Server(folder)
    server.cli("apply", "--yes")
    load(server, [(1, "Oslo", "2024-01-01"), (2, "Rome", "2024-01-02"), (1, "Bonn", "2024-01-05 12:00:00")])
    server.cli("run", "--at", "2024-01-08")
    return folder


@pytest.fixture
def history(loaded, tmp_path):
    server = Server(shutil.copytree(loaded, tmp_path / "project"))
    server.start()
    yield server
    if server.process:
        server.stop()


def rows(server, sql):
    done = server.cli("query", sql, "-f", "csv", "--db", "crm")
    return sorted(done.stdout.strip().split("\n")[1:])


ALL = ["1,Bonn", "1,Oslo", "2,Rome"]


def test_versions_are_read_through_all_doors(history):
    assert rows(history, "SELECT id, city FROM dim_user") == ["1,Bonn", "2,Rome"]
    assert rows(history, "SELECT id, city FROM dim_user@history") == ALL
    assert rows(history, "SELECT dim_user.id, city FROM crm.dim_user@history") == ALL
    assert rows(history, "SELECT id, city FROM dim_user@'2024-01-05 11:59:59'") == ["1,Oslo", "2,Rome"]
    assert rows(history, "SELECT id, city FROM dim_user@'2024-01-05 12:00' x WHERE x.id = 1") == ["1,Bonn"]
    assert rows(history, "SELECT id, city FROM dim_user@'2024-01-01'") == ["1,Oslo"]
    assert rows(history, "SELECT count(*) FROM dim_user@history a JOIN dim_user b ON a.id = b.id") == ["3"]
    http = history.query("SELECT id, city FROM dim_user@history ORDER BY ALL", database="crm")
    assert [tuple(row) for row in http] == [(1, "Bonn"), (1, "Oslo"), (2, "Rome")]
    with history.mysql(database="crm") as mysql, mysql.cursor() as cursor:
        for name in ("dim_user@history", "`dim_user@history`", "`dim_user`@history", "crm.`dim_user@history`"):
            cursor.execute(f"SELECT id, city FROM {name} ORDER BY id, city")
            assert cursor.fetchall() == ((1, "Bonn"), (1, "Oslo"), (2, "Rome")), name
        for name in ("dim_user@'2024-01-03'", '`dim_user`@"2024-01-03"', "`dim_user@2024-01-03`"):
            cursor.execute(f"SELECT city FROM {name} WHERE id = %s", (1,))
            assert cursor.fetchall() == (("Oslo",),), name
        cursor.execute("SHOW TABLES")
        assert {row[0] for row in cursor.fetchall()} == {"dim_user", "ods_user", "dws_then", "dws_all", "dws_now"}
        cursor.execute("DESCRIBE dim_user")
        assert [row[0] for row in cursor.fetchall()] == ["id", "city", "updated_at", "valid_from", "valid_to"]


def test_models_read_versions_with_lineage(history):
    assert rows(history, "SELECT city, n FROM dws_then") == ["Bonn,1", "Rome,1"]
    assert rows(history, "SELECT id, city FROM dws_all") == ALL
    assert rows(history, "SELECT city, n FROM dws_now") == ["Bonn,1", "Rome,1"]
    tree = history.cli("lineage", "crm.dws_all", "--json").stdout
    assert "crm.dim_user" in tree and "crm.ods_user" in tree


def test_what_is_no_version_is_refused(history):
    for sql, word in (("SELECT * FROM ods_user@history", "doesn't exist"), ("SELECT * FROM dim_user@'2024-13-45'", "no version"),
                      ("SELECT * FROM _weir_history__dim_user", "doesn't exist")):
        done = history.cli("query", sql, "--db", "crm", check=False)
        assert done.returncode != 0 and word in done.stdout + done.stderr, done.stdout + done.stderr


def test_plan_shows_mistakes_where_they_stand(history):
    path = os.path.join(history.project, "domains/crm/models/dim_user.sql")
    wrong = MODEL.replace("strategy: timestamp", "strategy: check\n-- check_cols: [city, citty]")
    with open(path, "w") as file:
        file.write(wrong)
    done = history.cli("plan", check=False)
    assert done.returncode != 0
    assert "dim_user.sql:5:23" in done.stdout + done.stderr and "citty" in done.stdout + done.stderr, done.stdout + done.stderr
    with open(path, "w") as file:
        file.write(MODEL.replace("SELECT id,", "SELECT id, city AS valid_to,"))
    done = history.cli("plan", check=False)
    assert done.returncode != 0 and "dim_user.sql:2:" in done.stdout + done.stderr and "valid_to" in done.stdout + done.stderr


def test_restating_rebuilds_from_the_kept_source(history):
    load(history, [(1, "Lima", "2024-01-04")])
    history.cli("run", "dim_user", "--at", "2024-01-09")  # late: counted
    assert rows(history, "SELECT id, city FROM dim_user@history") == ALL
    assert "late" in history.cli("runs", "crm.dim_user", "--json").stdout
    history.cli("run", "dim_user", "--at", "2024-01-09", "--restate-from", "2024-01-03")
    assert rows(history, "SELECT id, city, valid_from FROM dim_user@history") == [
        "1,Bonn,2024-01-05 12:00:00", "1,Lima,2024-01-04 00:00:00", "1,Oslo,2024-01-01 00:00:00", "2,Rome,2024-01-02 00:00:00"]


def test_restating_what_has_no_history_is_refused(history):
    done = history.cli("run", "dws_now", "--restate-from", "2024-01-05", check=False)
    assert done.returncode != 0 and "kind scd2" in done.stderr


def test_only_full_wipes(history):
    history.cli("query", "TRUNCATE TABLE crm.ods_user")
    load(history, [(2, "Rome", "2024-01-02")])
    history.cli("run", "dim_user", "--at", "2024-01-10")
    assert rows(history, "SELECT id, valid_to FROM dim_user@history WHERE id = 1 AND city = 'Bonn'") == ["1,2024-01-10 00:00:00"]
    history.cli("run", "--full", "--at", "2024-01-10")  # of all models: the history stays
    assert rows(history, "SELECT count(*) FROM dim_user@history") == ["3"]
    history.cli("run", "dim_user", "--full", "--at", "2024-01-10")
    assert rows(history, "SELECT id, city FROM dim_user@history") == ["2,Rome"]


def test_rights_and_policies_hold_for_versions(history):
    with open(os.path.join(history.project, "domains/crm/policy.yml"), "w") as file:
        file.write(POLICY)
    history.cli("apply", "--yes")
    who = {}
    for name, roles in (("clara", ["clerk"]), ("nora", [])):
        who[name] = {"user": name, "password": "a-long-password"}
        assert history.call("POST", "/api/v1/users", {"name": name, "password": "a-long-password", "roles": roles}).status == 201
    for version, expected in (("@history", [["Bonn"], ["Oslo"]]), ("@'2024-01-03'", [["Oslo"]]), ("", [["Bonn"]])):
        sql = f"SELECT city FROM crm.dim_user{version} ORDER BY 1"
        assert history.query(sql, database="crm", **who["clara"]) == expected, sql
        refused = history.call("POST", "/api/v1/query", {"sql": sql}, **who["nora"])
        assert refused.status >= 400 and refused.json()["code"] == "W7002", refused.text
    for sql in ("SELECT * FROM crm._weir_history__dim_user", "SELECT * FROM crm.\"_weir_history__dim_user@history\""):
        assert history.call("POST", "/api/v1/query", {"sql": sql}, **who["clara"]).status >= 400


def test_kills_leave_whole_histories(history):
    """Killed in the middle of merges again and again, the history is that of some whole batch, and the next run ends it."""
    sound = ("SELECT count(*) FROM (SELECT valid_from f, valid_to t, lead(valid_from) OVER (PARTITION BY id ORDER BY valid_from) n "
             "FROM dim_user@history) WHERE t <= f OR (n IS NOT NULL AND (t IS NULL OR t > n))")
    for turn in range(4):
        day = f"2024-02-{turn + 1:02d}"
        history.cli("query", f"INSERT INTO crm.ods_user SELECT i, 'c{turn}', TIMESTAMP '{day}' FROM range(20000) t(i)")
        run = threading.Thread(target=lambda: history.cli("run", "dim_user", "--at", day, check=False))
        run.start()
        time.sleep(0.05 * (turn + 1))  # where the kill falls is the point: somewhere in the run
        history.kill()
        run.join()
        history.start()
        assert rows(history, sound) == ["0"]
        counts = rows(history, "SELECT count(*) FROM dim_user@history WHERE city = 'c%d'" % turn)
        assert counts in (["0"], ["20000"]), counts
    history.cli("run", "dim_user", "--at", "2024-03-01")
    assert rows(history, sound) == ["0"]
    assert rows(history, "SELECT count(*) FROM dim_user@history WHERE city LIKE 'c%'") == ["80000"]
    assert rows(history, "SELECT count(*) FROM dim_user WHERE city = 'c3'") == ["20000"]
