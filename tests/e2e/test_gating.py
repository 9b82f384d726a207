"""A failing blocking check: readers keep the old data, the board says why and who waits; a waiver or a repair releases it."""
import collections
import json
import shutil

import pytest

from conftest import Server


def make(tmp_path, checks):
    """Loaded and run once; no server."""
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


@pytest.fixture(scope="module")
def templates(tmp_path_factory):
    """{checks: the project with its data}, each made once, to be copied."""
    return collections.defaultdict(lambda: tmp_path_factory.mktemp("gate"))


@pytest.fixture
def served(tmp_path, templates):
    """make(), served: a command is one request."""
    made = []

    def make_served(checks):
        if checks not in templates:
            make(templates[checks], checks)
        project = shutil.copytree(templates[checks] / "p", tmp_path / "p")
        made.append(Server(project).start())
        return made[-1], project

    yield make_served
    for server in made:
        assert server.stop() == 0, server.tail()


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
    """Without a server: each command is a program of its own, what is held is in the warehouse."""
    server, project = make(tmp_path, "{range: {min: 0}, column: amount}")
    hold(server, project)
    assert server.cli("run", "app_n_f", check=False).returncode == 5  # it waits, in a run of its own too
    failures = json.loads(server.cli("checks", "failures", "dwd_n_f", "--json").stdout)["failures"]
    assert [f["row"]["amount"] for f in failures] == [-5]
    server.cli("load", "d.ods_n_f", str(project / "c.csv"))
    server.cli("run")
    assert rows(server, "dwd_n_f") == 3 and board(server) == []


def test_waiver_releases_and_is_audited(served):
    server, project = served("{range: {min: 0}, column: amount}")
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


def test_a_waiver_lets_in_the_rows_that_were_held(served):
    """Not those that the source would give by now: they are not what was judged and signed."""
    server, project = served("{range: {min: 0}, column: amount}")
    hold(server, project)
    server.cli("load", "d.ods_n_f", str(project / "c.csv"))
    server.cli("waive", "dwd_n_f", "range(amount)", "--reason", "a refund", "--until", "1d")
    assert server.cli("query", "SELECT amount FROM d.dwd_n_f ORDER BY id", "-f", "csv").stdout.split() == ["amount", "1", "2", "-5"]
    run = json.loads(server.cli("runs", "dwd_n_f", "--json").stdout)["runs"][0]
    assert (run["state"], run["rows"]) == ("done", 3) and "as they were kept" in run["message"]
    assert rows(server, "app_n_f") == 1 and board(server) == []


def test_a_waiver_after_the_logic_changed_builds_again(served):
    server, project = served("{range: {min: 0}, column: amount}")
    hold(server, project)
    (project / "domains/d/models/dwd_n_f.sql").write_text("-- ---\n-- kind: full\n-- checks:\n--   - {range: {min: 0}, column: amount}\n-- ---\nSELECT id, amount * 10 AS amount FROM ods_n_f\n")
    server.cli("apply", "--yes")
    server.cli("waive", "dwd_n_f", "range(amount)", "--reason", "a refund", "--until", "1d")
    assert server.cli("query", "SELECT amount FROM d.dwd_n_f ORDER BY id", "-f", "csv").stdout.split() == ["amount", "10", "20", "-50"]
    assert "built again" in json.loads(server.cli("runs", "dwd_n_f", "--json").stdout)["runs"][0]["message"]


def states(server, model):
    runs = json.loads(server.cli("runs", model, "--json").stdout)["runs"]
    return [run["state"] for run in runs]  # newest first


def test_what_waited_runs_after_the_release(served):
    server, project = served("{range: {min: 0}, column: amount}")
    hold(server, project)
    assert server.cli("query", "SELECT n FROM d.app_n_f", "-f", "csv").stdout.split() == ["n", "2"]
    server.cli("load", "d.ods_n_f", str(project / "c.csv"))
    server.cli("run", "dwd_n_f")  # nobody asked for app_n_f, which waited
    assert server.cli("query", "SELECT n FROM d.app_n_f", "-f", "csv").stdout.split() == ["n", "3"]
    assert states(server, "d.app_n_f")[0] == "done"


def test_on_hold_proceed_reads_the_old_rows(served):
    server, project = served("{range: {min: 0}, column: amount}")
    (project / "domains/d/models/app_n_f.sql").write_text("-- ---\n-- kind: full\n-- on_hold: proceed\n-- ---\nSELECT count(*) AS n FROM dwd_n_f\n")
    server.cli("apply", "--yes")
    server.cli("load", "d.ods_n_f", str(project / "b.csv"))
    assert server.cli("run", check=False).returncode == 5
    assert states(server, "d.app_n_f")[0] == "done" and board(server)[0]["waiting"] == []


TABLE = """tables:
  - name: ods_n_f
    model: unique
    key: [id]
    columns: [{name: id, type: bigint}, {name: amount, type: bigint}]
    checks:
      - {range: {min: 0}, column: amount}
"""


def make_table(served):
    server, project = served("{not_null: id}")
    (project / "domains/d/tables.yml").write_text(TABLE)
    server.cli("apply", "--yes")
    return server, project


def verdicts(server, name):
    return [c["verdict"] for c in json.loads(server.cli("checks", name, "--json").stdout)["checks"]]


def test_a_table_is_checked_after_its_load_and_what_reads_it_waits(served):
    server, project = make_table(served)
    server.cli("load", "d.ods_n_f", str(project / "b.csv"))
    assert server.cli("run", check=False).returncode == 5
    assert verdicts(server, "ods_n_f") == ["fail"]
    assert [(h["model"], sorted(h["waiting"])) for h in board(server)] == [("d.ods_n_f", ["d.app_n_f", "d.dwd_n_f"])]
    assert rows(server, "dwd_n_f") == 2
    assert server.cli("checks", "run", "ods_n_f", check=False).returncode == 5
    server.cli("load", "d.ods_n_f", str(project / "c.csv"))
    server.cli("run")
    assert verdicts(server, "ods_n_f") == ["pass"] and board(server) == [] and rows(server, "dwd_n_f") == 3


def test_a_backfill_checks_its_inputs_first(served):
    server, project = served("{not_null: id}")
    (project / "domains/d/tables.yml").write_text(TABLE)
    (project / "domains/d/models/dwd_t.sql").write_text(
        "-- ---\n-- kind: incremental\n-- time: day\n-- ---\nSELECT DATE '2026-01-01' AS day, amount FROM ods_n_f WHERE DATE '2026-01-01' >= $start AND DATE '2026-01-01' < $end\n")
    server.cli("apply", "--yes")
    server.cli("load", "d.ods_n_f", str(project / "b.csv"))
    words = ["backfill", "dwd_t", "--start", "2026-01-01", "--end", "2026-01-02"]
    assert server.cli(*words, check=False).returncode == 5
    assert [held["model"] for held in board(server)] == ["d.ods_n_f"] and states(server, "dwd_t") == ["waiting"]
    server.cli("load", "d.ods_n_f", str(project / "c.csv"))
    server.cli(*words)
    assert server.cli("query", "SELECT sum(amount)::BIGINT AS s FROM d.dwd_t", "-f", "csv").stdout.split() == ["s", "8"]


def test_a_waiver_lets_a_table_pass_and_its_readers_run(served):
    server, project = make_table(served)
    server.cli("load", "d.ods_n_f", str(project / "b.csv"))
    assert server.cli("run", check=False).returncode == 5
    server.cli("waive", "ods_n_f", "range(amount)", "--reason", "a refund", "--until", "1d")
    assert board(server) == [] and rows(server, "dwd_n_f") == 3
    server.cli("run")


def test_a_table_that_is_not_loaded_is_not_checked_again(served):
    server, project = make_table(served)
    server.cli("run")
    server.cli("run")
    history = json.loads(server.cli("checks", "ods_n_f", "--history", "--json").stdout)["checks"]
    assert len(history) == 1


def test_redrive_takes_the_rejected_rows_after_the_fix(served):
    server, project = served("{range: {min: 0}, column: amount, reject: true}")
    model = project / "domains/d/models/dwd_n_f.sql"
    model.write_text(model.read_text().replace("-- checks:", "-- rejects: {max: 50%}\n-- checks:"))
    server.cli("apply", "--yes")
    server.cli("load", "d.ods_n_f", str(project / "b.csv"))
    server.cli("run")
    rejected = json.loads(server.cli("rejects", "dwd_n_f", "--json").stdout)["rejects"]
    assert [(r["row"]["id"], r["row"]["amount"], r["reason"]) for r in rejected] == [(3, -5, "range(amount)")]
    assert rows(server, "dwd_n_f") == 2
    server.cli("load", "d.ods_n_f", str(project / "c.csv"))
    server.cli("redrive", "dwd_n_f")
    assert rows(server, "dwd_n_f") == 3
    assert json.loads(server.cli("rejects", "dwd_n_f", "--json").stdout)["rejects"] == []


def test_rows_that_a_load_rejected_are_with_the_rejects(served):
    server, project = make_table(served)
    (project / "bad.csv").write_text("7,9\nx,1\n")
    server.cli("load", "d.ods_n_f", str(project / "bad.csv"), "--max-filter-ratio", "0.5", "--label", "with_a_bad_row")
    rejected = json.loads(server.cli("rejects", "ods_n_f", "--json").stdout)["rejects"]
    assert [(r["model"], r["run_id"], r["row"]) for r in rejected] == [("d.ods_n_f", "with_a_bad_row", "x,1")]
    assert rejected[0]["reason"]


def test_a_moved_shape_fails_chi2_and_psi(tmp_path):
    project = tmp_path / "p"
    (project / "domains/d/models").mkdir(parents=True)
    (project / "weir.yml").write_text("name: shape\ntimezone: UTC\n")
    (project / "domains/d/tables.yml").write_text("tables:\n  - {name: ods_n_f, columns: [{name: kind, type: string}, {name: amount, type: double}]}\n")
    (project / "domains/d/models/dwd_n_f.sql").write_text(
        "-- ---\n-- kind: full\n-- checks:\n--   - {distribution: {of: chi2, error: 0.01}, column: kind, blocking: false}\n"
        "--   - {distribution: {of: psi, warn: 0.1, error: 0.25}, column: amount, blocking: false}\n-- ---\nSELECT kind, amount FROM ods_n_f\n")
    server = Server(project)
    server.cli("apply", "--yes")
    with server.served():
        days_of_shapes(server, project)


def days_of_shapes(server, project):
    def day(at, shares, shift):
        lines = [f"{kind},{i + shift}\n" for kind, n in shares for i in range(n)]
        (project / "day.csv").write_text("".join(lines))
        server.cli("load", "d.ods_n_f", str(project / "day.csv"), "--replace")
        server.cli("run", "dwd_n_f", "--at", at)
        checks = json.loads(server.cli("checks", "dwd_n_f", "--json").stdout)["checks"]
        return {c["check"]: c["verdict"] for c in checks}

    names = ["distribution(chi2 kind)", "distribution(psi amount)"]
    assert day("2024-03-01 06:00:00", [("a", 100), ("b", 100)], 0) == dict(zip(names, ["skip", "skip"]))
    assert day("2024-03-02 06:00:00", [("a", 104), ("b", 96)], 0) == dict(zip(names, ["pass", "pass"]))
    assert day("2024-03-03 06:00:00", [("a", 40), ("b", 160)], 90) == dict(zip(names, ["error", "error"]))


def test_a_waiver_of_a_full_rebuild_takes_all_history_in(served):
    server, project = served("{not_null: id}")
    (project / "domains/d/tables.yml").write_text(TABLE.split("    checks:")[0] + "  - {name: ods_t_f, columns: [{name: made_at, type: datetime}, {name: amount, type: bigint}]}\n")
    (project / "domains/d/models/dwd_t.sql").write_text(
        "-- ---\n-- kind: incremental\n-- time: made_at\n-- checks:\n--   - {range: {min: 0}, column: amount}\n-- ---\n"
        "SELECT made_at, amount FROM ods_t_f WHERE made_at >= $start AND made_at < $end\n")
    server.cli("apply", "--yes")

    def load(*amounts):
        (project / "t.csv").write_text("".join(f"2024-03-{day:02} 01:00:00,{amount}\n" for day, amount in enumerate(amounts, 1)))
        server.cli("load", "d.ods_t_f", str(project / "t.csv"), "--replace")

    load(1, 2, 3)
    server.cli("run", "dwd_t", "--at", "2024-03-04 06:00:00")
    load(10, 20, -30)
    assert server.cli("run", "dwd_t", "--full", "--at", "2024-03-05 06:00:00", check=False).returncode == 5
    server.cli("waive", "dwd_t", "range(amount)", "--reason", "a refund", "--until", "1d")
    assert server.cli("query", "SELECT amount FROM d.dwd_t ORDER BY made_at", "-f", "csv").stdout.split() == ["amount", "10", "20", "-30"]


def lost_by(server, rule):
    health = json.loads(server.cli("health", "--json").stdout)
    score = next(t["score"] for t in health["tables"] if t["object"] == "d.dwd_n_f")
    return score, [p for p in health["lost"] if p["rule"] == rule]


def test_a_finding_of_the_standard_costs_points_until_it_is_mended(tmp_path):
    server, project = make(tmp_path, "{range: {min: 0}, column: amount}")
    whole, none = lost_by(server, "NM-23")
    config = project / "weir.yml"
    config.write_text(config.read_text() + "standard: {profile: own, rules: {NM-23: warn}}\n")
    model = project / "domains/d/models/dwd_n_f.sql"
    good = model.read_text()
    model.write_text(good.replace("SELECT id, amount", "SELECT id, amount, 1 AS order_num"))
    server.cli("apply", "--yes")
    score, lost = lost_by(server, "NM-23")
    assert none == [] and len(lost) == 1 and lost[0]["gain_table"] > 0 and lost[0]["fix"], lost
    assert score == whole - lost[0]["gain_table"]
    model.write_text(good.replace("SELECT id, amount", "SELECT id, amount, 1 AS order_cnt"))
    server.cli("apply", "--yes")
    assert lost_by(server, "NM-23") == (whole, [])
