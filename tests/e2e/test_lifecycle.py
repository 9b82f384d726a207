"""The end of data: plans against the matrix, archives, kills, holds, restore, erasure."""
import datetime
import hashlib
import http.client
import json
import pathlib

import pytest

from conftest import Server

AT = "2025-12-31"
DAYS = 1130  # three years and a month, up to AT
TYPES = ["event_flow", "event_mirror", "dim", "merge_full", "etl_temp", "tt_temp", "ordinary_full"]
FOREVER = 10**6


def plan(weir, *words, at=AT):
    return json.loads(weir.cli("lifecycle", "plan", *words, "--at", at, "--json").stdout)


def query(weir, sql):
    return [json.loads(line) for line in weir.cli("query", sql, "-f", "ndjson").stdout.splitlines()]


def decisions(table):
    """{day: decision} of a table of a plan."""
    found = {}
    for one in table["ranges"]:
        day, last = (datetime.date.fromisoformat(one[key]) for key in ("first", "last"))
        while day <= last:
            found[day] = one["decision"]
            day += datetime.timedelta(days=1)
    return found


ENTITIES = "entities:\n  - {name: user, domain: d, key: [user_id], type: int64}\n"


def project(folder, tables, models=None):
    """Applied; no server."""
    (folder / "weir.yml").write_text(f"name: life\ntimezone: Asia/Shanghai\ndomains: [{{name: d}}]\n{ENTITIES}tables:\n{tables}")
    (folder / "domains/d").mkdir(parents=True)
    for name, text in (models or {}).items():
        (folder / f"domains/d/{name}.sql").write_text(text)
    weir = Server(folder)
    weir.cli("apply", "--yes")
    return weir


@pytest.fixture
def served(tmp_path):
    """project(), served: a command is one request."""
    made = []

    def make(tables, models=None):
        made.append(project(tmp_path, tables, models).start())
        return made[-1]

    yield make
    for weir in made:
        assert weir.stop() == 0, weir.tail()


def table_yml(name, grade="P3", kind="event_flow", more="", day="date", column="dt"):
    return (f"  - name: {name}\n    domain: d\n    grade: {grade}\n    type: {kind}\n    partition: {column}\n{more}    columns:\n"
            f"      - {{name: {column}, type: {day}}}\n      - {{name: user_id, type: bigint, entity: user}}\n      - {{name: amt, type: largeint}}\n")


def fill(weir, name, days=DAYS, last=AT, day="DATE '{last}' - CAST(i AS INTEGER)"):
    weir.cli("query", f"INSERT INTO d.{name} SELECT {day.format(last=last)}, i % 7, i * 1000000000000000000000 FROM range({days}) t(i)")


def restore(weir, table, days):
    for day in days:
        answer = weir.call("POST", "/api/v1/lifecycle/restore", {"table": table, "partition": day}, token=weir.info["token"])
        assert answer.status == 200, answer.text


def archives(weir):
    return json.loads(weir.cli("lifecycle", "archives", "--json").stdout)["archives"]


# ---- the matrix ----


def kept(kind, grade, age, month_end):
    """The matrix, written down once more."""
    days, ends = {
        "event_flow": [(FOREVER, 0), (1095, 0), (365, 0), (180, 0)],
        "event_mirror": [(FOREVER, 0), (1095, 0), (365, 0), (180, 0)],
        "dim": [(33, FOREVER), (33, 1095), (30, 0), (7, 0)],
        "merge_full": [(2, 0), (2, 0), (2, 0), (7, 0)],
        "etl_temp": [(7, 0)] * 4,
        "tt_temp": [(93, 0), (93, 0), (33, 0), (7, 0)],
        "ordinary_full": [(7, FOREVER), (7, 1095), (7, 0), (7, 0)],
    }[kind][grade]
    return age <= days or (month_end and age <= ends)


def test_three_years_of_each_type_and_grade_match_the_matrix(served):
    names = {f"t_{kind}_p{grade}": (kind, grade) for kind in TYPES for grade in range(4)}
    weir = served("".join(table_yml(name, f"P{grade}", kind) for name, (kind, grade) in names.items()) + table_yml("t_none").replace("    grade: P3\n", ""))
    for name in [*names, "t_none"]:
        weir.query(f"INSERT INTO d.{name} SELECT DATE '{AT}' - CAST(i AS INTEGER), 1, 1 FROM range({DAYS}) t(i)", database="d")
    said = plan(weir)
    tables = {table["table"]: table for table in said["tables"]}
    at = datetime.date.fromisoformat(AT)
    for name, (kind, grade) in names.items():
        found = decisions(tables[f"d.{name}"])
        assert len(found) == DAYS
        for day, decision in found.items():
            month_end = (day + datetime.timedelta(days=1)).month != day.month
            assert (decision == "keep") == kept(kind, grade, (at - day).days, month_end), f"{name} {day}"
            # loaded rows cannot be built again: what goes, goes by way of the archive
            assert decision in ("keep", "archive")
        for one in tables[f"d.{name}"]["ranges"]:
            assert set(one["reasons"]) == {"hold", "matrix", "access", "readers"}
            assert (one["decision"] == "keep") == (not all(reason["agrees"] for reason in one["reasons"].values()))
    assert tables["d.t_none"]["state"] == "reported" and tables["d.t_none"]["notes"], "no grade: kept, and told"
    assert not tables["d.t_none"]["ranges"]


# ---- archive, restore ----


@pytest.mark.parametrize("day, expression", [("date", "DATE '{last}' - CAST(i AS INTEGER)"),
                                             ("datetime", "TIMESTAMP '{last} 23:30:00' - INTERVAL 1 DAY * i"),
                                             ("string", "strftime(DATE '{last}' - CAST(i AS INTEGER), '%Y%m%d')")])
def test_rows_go_to_the_archive_and_come_back_as_they_were(served, day, expression):
    weir = served(table_yml("t", day=day))
    fill(weir, "t", days=184, day=expression)
    before = query(weir, "SELECT * FROM t ORDER BY dt, user_id")
    said = plan(weir)
    assert said["totals"]["archive"]["partitions"] == 3 and said["totals"]["drop"] == {}
    weir.cli("lifecycle", "apply", "--plan", said["id"])
    assert len(query(weir, "SELECT * FROM t")) == 181
    folder = pathlib.Path(weir.data) / "archive/d/t"
    manifests = sorted(folder.glob("*/*.json"))
    assert len(manifests) == 3
    for path in manifests:
        manifest = json.loads(path.read_text())
        assert manifest["rows"] == 1 and manifest["sha256"] == hashlib.sha256(path.with_suffix(".parquet").read_bytes()).hexdigest()
    assert plan(weir)["totals"]["archive"] == {}, "nothing is left to do"
    restore(weir, "t", [path.name.removeprefix("dt=") for path in folder.iterdir()])
    assert query(weir, "SELECT * FROM t ORDER BY dt, user_id") == before
    assert plan(weir)["totals"]["archive"] == {}, "what was restored stays for a week"
    done = weir.cli("lifecycle", "restore", "t", "--partition", "2025-01-01", check=False)
    assert done.returncode != 0 and "no archived partition" in done.stderr
    history = json.loads(weir.cli("lifecycle", "history", "--json").stdout)["history"]
    assert [one["action"] for one in history] == ["restore"] * 3 + ["archive"]


def test_a_stale_plan_is_refused(tmp_path):
    weir = project(tmp_path, table_yml("t"))
    fill(weir, "t", days=190)
    old = plan(weir)["id"]
    weir.cli("query", "INSERT INTO d.t VALUES ('2025-01-01', 1, 1)")
    done = weir.cli("lifecycle", "apply", "--plan", old, check=False)
    assert done.returncode == 1 and "W3001" in done.stderr and "Nothing was archived or deleted" in done.stderr
    early = weir.cli("lifecycle", "apply", "--at", "2999-12-31", "--yes", check=False)
    assert early.returncode == 2 and "a day to come" in early.stderr
    assert len(query(weir, "SELECT * FROM t")) == 191


def test_a_damaged_archive_is_not_restored(tmp_path):
    weir = project(tmp_path, table_yml("t"))
    fill(weir, "t", days=183)
    weir.cli("lifecycle", "apply", "--at", AT, "--yes")
    path = next(pathlib.Path(weir.data).glob("archive/d/t/*/*.parquet"))
    path.write_bytes(path.read_bytes()[:-9] + b"x" * 9)
    done = weir.cli("lifecycle", "restore", "t", "--partition", path.parent.name.removeprefix("dt="), check=False)
    assert done.returncode == 1 and "W4030" in done.stderr
    assert len(query(weir, "SELECT * FROM t")) == 181


@pytest.mark.parametrize("fault", ["lifecycle.archived=kill@1", "lifecycle.archived=kill@5", "lifecycle.delete=kill@1"])
def test_a_killed_apply_loses_nothing_and_the_next_goes_on(tmp_path, fault):
    weir = project(tmp_path, table_yml("t", more='    lifecycle: {keep_dates: ["2025-07-01"]}\n'))
    fill(weir, "t", days=187)
    before = query(weir, "SELECT * FROM t ORDER BY dt")
    weir.env["WEIR_FAULT"] = fault
    assert weir.cli("lifecycle", "apply", "--at", AT, "--yes", check=False).returncode == -9
    del weir.env["WEIR_FAULT"]
    archived = archives(weir)
    assert len(query(weir, "SELECT * FROM t")) + sum(one["rows"] for one in archived) == 187
    weir.cli("lifecycle", "apply", "--at", AT, "--yes")
    archived = archives(weir)
    assert len(archived) == 5 and len(query(weir, "SELECT * FROM t")) == 182
    with weir.served():
        restore(weir, "t", [one["first"] for one in archived])
        assert query(weir, "SELECT * FROM t ORDER BY dt") == before


def test_an_archive_that_does_not_read_back_deletes_nothing(tmp_path):
    weir = project(tmp_path, table_yml("t"))
    fill(weir, "t", days=190)
    weir.env["WEIR_FAULT"] = "lifecycle.compare=eio@4"
    done = weir.cli("lifecycle", "apply", "--at", AT, "--yes", check=False)
    assert done.returncode == 1 and "W4030" in done.stderr and "Nothing was deleted" in done.stderr
    assert len(query(weir, "SELECT * FROM t")) == 190


MADE = """-- ---
-- kind: incremental
-- grade: P0
-- type: event_flow
-- time: dt
-- ---
SELECT dt, count(*) AS cnt FROM t WHERE dt >= $start AND dt < $end GROUP BY dt
"""


def test_what_is_in_the_archive_alone_is_not_made_again_from_nothing(tmp_path):
    weir = project(tmp_path, table_yml("t"), {"m": MADE})
    fill(weir, "t", days=183)
    weir.cli("run", "m")
    weir.cli("lifecycle", "apply", "--at", AT, "--yes")
    day = archives(weir)[0]["first"]
    end = str(datetime.date.fromisoformat(day) + datetime.timedelta(days=1))
    made = query(weir, "SELECT * FROM m ORDER BY dt")
    assert len(made) == 183
    for words in (["run", "m", "--start", day, "--end", end], ["backfill", "m", "--start", day, "--end", end, "--restate"], ["run", "m", "--full"]):
        done = weir.cli(*words, check=False)
        said = done.stdout + done.stderr
        assert done.returncode != 0 and "is archived for" in said and "weir lifecycle restore d.t --partition" in said, said
        assert query(weir, "SELECT * FROM m ORDER BY dt") == made
    weir.cli("run", "m")  # the newest time reads nothing that is archived
    for one in archives(weir):
        weir.cli("lifecycle", "restore", "t", "--partition", one["first"])
    weir.cli("run", "m", "--start", day, "--end", end)
    weir.cli("run", "m", "--full")
    assert query(weir, "SELECT * FROM m ORDER BY dt") == made


def test_a_repair_does_not_write_archived_rows_again(tmp_path):
    weir = project(tmp_path, table_yml("t", more="    time: dt\n") + "sources:\n  - {name: s, domain: d, connector: file, tables: [{name: t, path: t.csv, format: csv_with_names, to: t}]}\n")
    days = [datetime.date.fromisoformat(AT) - datetime.timedelta(days=i) for i in range(183)]
    (tmp_path / "t.csv").write_text("dt,user_id,amt\n" + "".join(f"{day},{i},{i}\n" for i, day in enumerate(days)))
    weir.cli("refresh")
    weir.cli("lifecycle", "apply", "--at", AT, "--yes")
    done = weir.cli("reconcile", "t", "--repair", "--key", "dt,user_id", check=False)
    assert done.returncode == 1 and "W4031" in done.stderr and "Nothing was repaired" in done.stderr, done.stderr
    assert len(query(weir, "SELECT * FROM t")) == 181
    first = str(days[180])
    weir.cli("query", f"DELETE FROM t WHERE dt = '{first}'")
    weir.cli("reconcile", "t", "--repair", "--key", "dt,user_id", "--where", f"dt >= '{first}'")
    assert len(query(weir, "SELECT * FROM t")) == 181


def test_a_backup_takes_the_archive_along(tmp_path):
    weir = project(tmp_path, table_yml("t"))
    fill(weir, "t", days=183)
    before = query(weir, "SELECT * FROM t ORDER BY dt, user_id")
    weir.cli("lifecycle", "apply", "--at", AT, "--yes")
    weir.cli("backup", str(tmp_path / "copy"))
    kept = sorted(path.relative_to(tmp_path / "copy") for path in (tmp_path / "copy/archive").rglob("*.parquet"))
    assert len(kept) == 2
    weir.cli("erase", "t", "--where", "user_id >= 0", "--yes")  # the backup's files are not those that are written anew
    weir.cli("restore", str(tmp_path / "copy"), "--yes")
    assert sorted(path.relative_to(weir.data) for path in pathlib.Path(weir.data).rglob("*.parquet")) == kept
    for one in archives(weir):
        weir.cli("lifecycle", "restore", "t", "--partition", one["first"])
    assert query(weir, "SELECT * FROM t ORDER BY dt, user_id") == before


# ---- what stays ----


def test_holds_special_days_and_readers_win(served):
    hold = '    lifecycle: {hold: {until: "2026-06-30", reason: "tax law"}}\n'
    special = '    lifecycle: {keep_dates: ["2025-05-05"], keep_months: ["2025-04"]}\n'
    weir = served(table_yml("held", more=hold) + table_yml("special", more=special) + table_yml("read_all") + table_yml("read_far"),
                   {"dws_all": "-- ---\n-- kind: full\n-- grade: P3\n-- ---\nSELECT user_id, count(*) AS n FROM read_all GROUP BY 1\n",
                    "dwd_far": "-- ---\n-- kind: incremental\n-- grade: P2\n-- type: event_flow\n-- time: dt\n-- ---\n"
                               "SELECT dt, user_id FROM read_far WHERE dt >= $start AND dt < $end\n"})
    for name in ("held", "special", "read_all", "read_far"):
        fill(weir, name, days=400)
    tables = {table["table"]: table for table in plan(weir)["tables"]}
    assert {one["decision"] for one in tables["d.held"]["ranges"]} == {"keep"}
    assert "tax law" in tables["d.held"]["ranges"][0]["reasons"]["hold"]["why_en"]
    gone = {day for day, decision in decisions(tables["d.special"]).items() if decision == "archive"}
    assert datetime.date(2025, 5, 5) not in gone and datetime.date(2025, 5, 6) in gone
    assert not any(day.month == 4 and day.year == 2025 for day in gone) and datetime.date(2025, 3, 31) in gone
    assert {one["decision"] for one in tables["d.read_all"]["ranges"]} == {"keep"}
    assert {one["decision"] for one in tables["d.read_far"]["ranges"]} == {"keep"}, "its reader has not built it yet"
    weir.cli("run", "dwd_far")
    after = decisions(plan(weir, "read_far")["tables"][0])
    ages = sorted((datetime.date.fromisoformat(AT) - day).days for day, decision in after.items() if decision == "keep")
    assert ages == list(range(366)), "a P2 reader keeps 365 days that must be possible to build again"
    tables = {table["table"]: table for table in plan(weir, at="2026-07-01")["tables"]}
    assert "archive" in {one["decision"] for one in tables["d.held"]["ranges"]}, "the hold has ended"


def test_a_built_partition_is_dropped_only_when_it_can_be_built_again(tmp_path):
    """Without a server, which would hold what was read here lately for in use."""
    body = "-- ---\n-- kind: incremental\n-- grade: P3\n-- type: event_flow\n-- time: dt\n-- ---\nSELECT dt, user_id{more} FROM ods WHERE dt >= $start AND dt < $end\n"
    weir = project(tmp_path, table_yml("ods", grade="P1"), {"dwd_pure": body.format(more=""), "dwd_random": body.format(more=", random() AS r")})
    fill(weir, "ods", days=200)
    weir.cli("run")
    weir.cli("query", "DELETE FROM ods WHERE dt = '2025-06-20'")  # one input day is gone for good
    tables = {table["table"]: decisions(table) for table in plan(weir)["tables"]}
    old = [day for day in tables["d.dwd_pure"] if (datetime.date.fromisoformat(AT) - day).days > 180]
    assert len(old) == 19
    for day in old:
        assert tables["d.dwd_pure"][day] == ("archive" if day == datetime.date(2025, 6, 20) else "drop")
        assert tables["d.dwd_random"][day] == "archive"
    before = query(weir, "SELECT * FROM dwd_pure WHERE dt = '2025-06-25'")
    weir.cli("lifecycle", "apply", "--at", AT, "--yes")
    assert len(query(weir, "SELECT * FROM dwd_pure")) == 181
    weir.cli("run", "dwd_pure", "--start", "2025-06-25", "--end", "2025-06-26")
    assert query(weir, "SELECT * FROM dwd_pure WHERE dt = '2025-06-25'") == before, "the proof holds"


MONTHS = """  - name: u
    domain: d
    grade: P3
    type: event_mirror
    model: unique
    key: [id]
    sequence: seq
    partition: {by: dt, unit: month}
    columns:
      - {name: id, type: bigint}
      - {name: seq, type: bigint}
      - {name: dt, type: date}
      - {name: user_id, type: bigint, entity: user}
"""
HISTORY = """-- ---
-- kind: scd2
-- key: [id]
-- strategy: check
-- check_cols: [seq]
-- hard_deletes: ignore
-- lifecycle: {reads: 1d}
-- ---
SELECT id, seq, user_id FROM u
"""


def test_months_keys_and_histories(served):
    weir = served(MONTHS, {"dim_user_h": HISTORY})
    weir.cli("query", f"INSERT INTO u SELECT i, 1, DATE '{AT}' - CAST(i AS INTEGER), i % 3 FROM range(300) t(i)")
    weir.cli("run")
    tables = {table["table"]: table for table in plan(weir)["tables"]}
    gone = [one for one in tables["d.u"]["ranges"] if one["decision"] == "archive"]
    assert [one["last"] for one in gone] == ["2025-06-30"], "a month goes when its last day may go"
    assert tables["d.dim_user_h"]["ranges"] == [] and tables["d.dim_user_h"]["state"] == "zipper", "a zipper stays for ever"
    weir.cli("lifecycle", "apply", "--at", AT, "--yes")
    assert [one["first"] for one in archives(weir)] == ["2025-03-01", "2025-04-01", "2025-05-01", "2025-06-01"]
    weir.cli("query", "INSERT INTO u VALUES (299, 2, '2025-03-07', 0)")
    done = weir.cli("lifecycle", "restore", "u", "--partition", "2025-03-20", check=False)
    assert done.returncode == 1 and "newer rows" in done.stderr
    assert query(weir, "SELECT seq FROM u WHERE id = 299") == [{"seq": 2}], "a key has one row, the newer"
    weir.cli("lifecycle", "restore", "u", "--partition", "2025-04-20")
    assert query(weir, "SELECT count(*) AS n FROM u WHERE dt BETWEEN '2025-04-01' AND '2025-04-30'") == [{"n": 30}]
    erased = json.loads(weir.cli("erase", "user", "1", "--yes", "--json").stdout)
    assert {one["table"]: one["rows"] for one in erased["tables"]}["d.dim_user_h"] == 100
    assert query(weir, "SELECT count(*) AS n FROM dim_user_h@history WHERE user_id = 1") == [{"n": 0}]


def test_the_span_that_queries_read_is_measured(served):
    weir = served(table_yml("dim_x", kind="dim") + table_yml("dim_y", kind="dim"))
    today = weir.query("SELECT CAST(timezone('Asia/Shanghai', now()) AS DATE) AS d", database="d")[0][0]
    for name in ("dim_x", "dim_y"):
        weir.query(f"INSERT INTO d.{name} SELECT DATE '{today}' - CAST(i AS INTEGER), 1, 1 FROM range(60) t(i)", database="d")
    back = datetime.date.fromisoformat(today) - datetime.timedelta(days=20)
    weir.query(f"SELECT count(*) FROM dim_x WHERE dt >= DATE '{back}'", database="d")
    tables = {table["table"]: table for table in plan(weir, at=today)["tables"]}
    assert tables["d.dim_x"]["span_days"] == 20 and tables["d.dim_x"]["keep_days"] == 33
    assert tables["d.dim_y"]["span_days"] is None and tables["d.dim_y"]["keep_days"] == 7
    weir.call("POST", "/api/v1/users", {"name": "eve", "password": "e2e-eve-pass"})
    for path in ("lifecycle/apply", "lifecycle/restore", "erase"):
        answer = weir.call("POST", f"/api/v1/{path}", {}, user="eve", password="e2e-eve-pass")
        assert answer.status == 403, answer.text
    assert weir.call("GET", "/api/v1/lifecycle", user="eve", password="e2e-eve-pass").status == 403


# ---- erasure ----


def test_a_person_is_erased_from_tables_models_and_archives(served):
    weir = served(table_yml("ods") + table_yml("other", grade="P0", more='    lifecycle: {hold: {reason: "law"}}\n'),
                   {"dwd": "-- ---\n-- kind: incremental\n-- time: dt\n-- ---\nSELECT dt, user_id AS uid, md5(CAST(user_id AS VARCHAR)) AS uid_hash, amt FROM ods WHERE dt >= $start AND dt < $end\n"})
    fill(weir, "ods", days=188)
    fill(weir, "other", days=7)
    weir.cli("run")
    weir.cli("lifecycle", "apply", "--at", AT, "--yes")
    seen = json.loads(weir.cli("erase", "user", "3", "--dry-run", "--json").stdout)
    assert seen["dry"] and seen["rows"] == 26 + 27 + 1 and seen["archived_rows"] == 1
    done = json.loads(weir.cli("erase", "user", "3", "--yes", "--json").stdout)
    assert {one["table"]: one["rows"] for one in done["tables"]} == {"d.ods": 26, "d.other": 1, "d.dwd": 27}
    assert {one["table"]: one["columns"] for one in done["tables"]}["d.dwd"] == ["uid"]
    assert done["archived_rows"] == 1
    assert any("d.dwd.uid_hash is computed from the key" in one["en"] for one in done["not_possible"])
    for table, column in (("ods", "user_id"), ("other", "user_id"), ("dwd", "uid")):
        assert query(weir, f"SELECT count(*) AS n FROM {table} WHERE {column} = 3") == [{"n": 0}]
    restore(weir, "ods", [one["first"] for one in archives(weir)])
    assert query(weir, "SELECT count(*) AS n, sum(CASE WHEN user_id = 3 THEN 1 ELSE 0 END) AS they FROM ods") == [{"n": 188 - 27, "they": 0}]
    files = [path for path in pathlib.Path(weir.data).glob("archive/**/*.parquet")]
    assert len(files) == 7, "the files with the person are gone"
    audit = weir.cli("audit", "--json").stdout
    assert "sha256:" in audit and '\\"rows\\":26' in audit
    history = json.loads(weir.cli("lifecycle", "history", "--json").stdout)["history"]
    assert sum(one["rows"] for one in history if one["action"] == "erase") == 26 + 1 + 27 + 1


MODEL = "-- ---\n-- kind: full\n%s-- ---\nSELECT user_id AS uid, amt%s FROM ods\n"


def test_what_is_built_while_a_person_is_erased_does_not_bring_them_back(tmp_path):
    weir = project(tmp_path, table_yml("ods"), {"dwd": MODEL % ("", "")})
    weir.env["WEIR_FAULT"] = "run.before_swap=sleep:1500"  # the rows are read and not yet swapped in
    with weir.served():
        fill(weir, "ods", days=14)
        connection = http.client.HTTPConnection(weir.host_port, timeout=60)
        connection.request("POST", "/api/v1/run?format=ndjson", "{}", {"Authorization": f"Bearer {weir.info['token']}", "Content-Type": "application/json"})
        run = connection.getresponse()
        assert json.loads(run.readline())["state"] == "running"
        erased = weir.call("POST", "/api/v1/erase", {"entity": "user", "key": "3"}).json()
        assert {one["table"]: one["rows"] for one in erased["tables"]} == {"d.ods": 2, "d.dwd": 2}
        assert json.loads(run.read().splitlines()[-1])["ok"]
        assert query(weir, "SELECT count(*) AS n FROM dwd WHERE uid = 3") == [{"n": 0}]


def test_a_person_is_erased_from_environments_and_held_builds(tmp_path):
    weir = project(tmp_path, table_yml("ods"), {"dwd": MODEL % ("", ""), "dwd_c": MODEL % ("-- checks:\n--   - {range: {min: 0}, column: amt}\n", "")})
    with weir.served():
        weir.query(f"INSERT INTO d.ods SELECT DATE '{AT}', i, i - 1 FROM range(4) t(i)", database="d")  # -1 is held
        weir.cli("run", check=False)
        (tmp_path / "domains/d/dwd.sql").write_text(MODEL % ("", ", amt + 1 AS more"))
        weir.cli("apply", "--env", "dev")
        weir.cli("run", "dwd", "--env", "dev")
        done = json.loads(weir.cli("erase", "user", "2", "--yes", "--json").stdout)
        assert {(one["table"], one["part"]): one["rows"] for one in done["tables"]} == {
            ("d.ods", "table"): 1, ("d.dwd", "table"): 1, ("d.dwd__dev", "table"): 1, ("d.dwd_c", "held"): 1}
        done = json.loads(weir.cli("erase", "dwd", "--where", "uid = 3", "--yes", "--json").stdout)
        assert [(one["table"], one["rows"]) for one in done["tables"]] == [("d.dwd", 1), ("d.dwd__dev", 1)]
        answer = weir.call("POST", "/api/v1/query", {"sql": "SELECT uid FROM dwd ORDER BY uid", "database": "d", "env": "dev"}).json()
        assert answer["rows"] == [[0], [1]]
        weir.cli("waive", "dwd_c", "range(amt)", "--reason", "r", "--until", "1d")
        assert query(weir, "SELECT uid FROM dwd_c ORDER BY uid") == [{"uid": 0}, {"uid": 1}, {"uid": 3}]
        # What stands is older than its definition: it is said, and the rest is erased.
        (tmp_path / "domains/d/dwd.sql").write_text((MODEL % ("", "")).replace("AS uid", "AS person"))
        weir.cli("apply", "--yes")
        told = weir.cli("erase", "user", "1", "--yes").stdout
        assert "erased d.ods: 1 row" in told and "not reached: d.dwd.person: the table as it stands has no such column" in told


@pytest.mark.parametrize("first", ["user_id", "friend_id"])
def test_keys_that_were_deleted_are_erased(served, first):
    columns = {"user_id": "      - {name: user_id, type: bigint, entity: user}\n", "friend_id": "      - {name: friend_id, type: bigint, entity: user}\n"}
    second = "friend_id" if first == "user_id" else "user_id"
    weir = served("  - name: ods\n    domain: d\n    model: unique\n    key: [user_id]\n    sequence: ver\n    columns:\n"
                  + columns[first] + columns[second] + "      - {name: ver, type: bigint}\n")
    for rows, how in (("1,2,1\n2,3,1\n4,4,1\n", "APPEND"), ("2,3,5\n4,4,5\n", "DELETE")):
        weir.load("ods", rows, db="d", columns="user_id,friend_id,ver", column_separator=",", merge_type=how)
    done = json.loads(weir.cli("erase", "user", "2", "--yes", "--json").stdout)
    assert {one["part"]: (one["columns"] == [first, second], one["rows"]) for one in done["tables"]} == {"table": (True, 1), "deleted": (False, 1)}
    told = weir.cli("erase", "ods", "--where", "friend_id = 4", "--yes").stdout
    assert "not reached: d.ods (deleted keys)" in told
    assert "erased d.ods (deleted keys): 1 row" in weir.cli("erase", "ods", "--where", "user_id = 4", "--yes").stdout


def test_an_entity_whose_key_is_one_word(tmp_path):
    weir = project(tmp_path, table_yml("ods"))
    file = tmp_path / "weir.yml"
    file.write_text(file.read_text().replace("key: [user_id]", "key: user_id"))
    weir.cli("apply", "--yes")
    with weir.served():
        fill(weir, "ods", days=14)
        assert "erased d.ods: 2 rows" in weir.cli("erase", "user", "3", "--yes").stdout


def test_rows_are_erased_by_a_condition(served):
    weir = served(table_yml("t"))
    fill(weir, "t", days=190)
    weir.cli("lifecycle", "apply", "--at", AT, "--yes")
    weir.cli("erase", "t", "--where", "user_id IN (1, 2)", "--yes")
    assert query(weir, "SELECT count(*) AS n FROM t WHERE user_id IN (1, 2)") == [{"n": 0}]
    assert sum(one["rows"] for one in archives(weir)) < 9
    bad = weir.cli("erase", "t", "--where", "1=1; DROP TABLE t", "--yes", check=False)
    assert bad.returncode == 2 and "one condition" in bad.stderr
    assert weir.cli("erase", "t", check=False).returncode == 2
