"""A failing blocking check: readers keep the old data, the board says why and who waits; a waiver or a repair releases it."""
import json

from conftest import Server


def make(tmp_path, checks):
    project = tmp_path / "p"
    models = project / "domains/d/models"
    models.mkdir(parents=True)
    (project / "weir.yml").write_text("name: gate\ntimezone: UTC\n")
    (project / "domains/d/tables.yml").write_text("tables:\n  - {name: ods_n_f, model: unique, key: [id], columns: [{name: id, type: bigint}, {name: amount, type: bigint}]}\n")
    (models / "dwd_n_f.sql").write_text(f"-- ---\n-- kind: full\n-- checks:\n--   - {checks}\n-- ---\nSELECT id, amount FROM ods_n_f\n")
    (models / "app_n_f.sql").write_text("-- ---\n-- kind: full\n-- ---\nSELECT count(*) AS n FROM dwd_n_f\n")
    (project / "a.csv").write_text("1,1\n2,2\n")
    (project / "b.csv").write_text("3,-5\n")
    (project / "c.csv").write_text("3,5\n")
    server = Server(project)
    server.cli("apply", "--yes")
    server.cli("load", "d.ods_n_f", str(project / "a.csv"))
    server.cli("run")
    return server, project


def rows(server, table):
    answer = server.cli("query", "--json", f"SELECT count(*) AS n FROM d.{table}").stdout
    return int(json.loads(answer)["rows"][0][0])


def board(server):
    return json.loads(server.cli("board", "--json").stdout)["held"]


def hold(server, project):
    server.cli("load", "d.ods_n_f", str(project / "b.csv"))
    assert server.cli("run", check=False).returncode == 5  # checks failed
    assert rows(server, "dwd_n_f") == 2
    held = board(server)
    assert [(h["model"], h["waiting"], h["rows"]) for h in held] == [("d.dwd_n_f", ["d.app_n_f"], 3)]
    assert "range(amount)" in held[0]["reason"] and held[0]["checks"][0]["block"]


def test_repair_releases(tmp_path):
    server, project = make(tmp_path, "{range: {min: 0}, column: amount}")
    hold(server, project)
    assert server.cli("run", "app_n_f", check=False).returncode == 5  # it waits, in a run of its own too
    failures = json.loads(server.cli("checks", "failures", "dwd_n_f", "--json").stdout)["failures"]
    assert [f["row"]["amount"] for f in failures] == [-5]
    server.cli("load", "d.ods_n_f", str(project / "c.csv"))
    server.cli("run")
    assert rows(server, "dwd_n_f") == 3 and board(server) == []


def test_waiver_releases_and_is_audited(tmp_path):
    server, project = make(tmp_path, "{range: {min: 0}, column: amount}")
    hold(server, project)
    wrong = server.cli("waive", "dwd_n_f", "no_such", "--reason", "r", "--until", "1d", check=False)
    assert wrong.returncode != 0 and "range(amount)" in wrong.stderr
    server.cli("waive", "dwd_n_f", "range(amount)", "--reason", "a refund", "--until", "1d")
    assert rows(server, "dwd_n_f") == 3 and board(server) == []
    assert "waive" in server.cli("audit", "--json").stdout
    server.cli("run", "app_n_f")
    health = json.loads(server.cli("health", "--json").stdout)
    lost = [p for p in health["lost"] if p["rule"] == "check range(amount)"]
    assert lost and lost[0]["gain_table"] == 5.0  # a waiver is no repair
