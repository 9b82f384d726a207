"""The command line by the real program: with a server and without, for people, programs and Ctrl-C."""
import csv
import fcntl
import io
import json
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time

import pytest
from conftest import PATIENCE, WEIR, Server, until

SLOW_MODEL = """-- ---
-- layer: dws
-- kind: full
-- ---
SELECT count(*) AS n, sum(a.range * b.range % 7) AS s FROM range(400000) a, range(100000) b
"""


def run(*words, cwd=None, input=None, env=None, code=0):
    environment = {**os.environ, "WEIR_LANG": "en", "NO_COLOR": "1", **(env or {})}
    environment.pop("WEIR_DATA", None)
    done = subprocess.run([WEIR, *map(str, words)], cwd=cwd, env=environment, capture_output=True, text=True, input=input, timeout=120)
    assert done.returncode == code, f"weir {words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done


def wait_for_text(path, text):
    until(lambda: text in open(path).read(), lambda: f"no {text!r} in {open(path).read()!r}")


def fill(server, rows="1,a,1.50,2026-01-01 00:00:00\n2,b,2.25,2026-01-02 00:00:00\n", name="e.csv"):
    path = os.path.join(server.project, name)
    with open(path, "w") as file:
        file.write(rows)
    return path


# ---- start, help, usage ----

def test_version_and_help_need_no_project_and_never_open_the_engine(tmp_path):
    assert run("version", cwd=tmp_path).stdout.startswith("weir 0.")
    assert run("--version", cwd=tmp_path).stdout == run("version", cwd=tmp_path).stdout
    assert json.loads(run("version", "--json", cwd=tmp_path).stdout)["version"]
    text = run(cwd=tmp_path).stdout
    for verb in "demo init up plan apply run load query ls show search lineage history diff rollback lint fmt doctor backup restore user token config explain completion version help".split():
        assert f"\n  {verb} " in text
        assert run(verb, "--help", cwd=tmp_path).stdout.startswith(f"weir {verb}")
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_word_names_the_nearest_and_exits_with_2(tmp_path):
    done = run("plna", cwd=tmp_path, code=2)
    assert "did you mean `weir plan`?" in done.stderr and done.stdout == ""
    assert "did you mean `--json`?" in run("ls", "--jsno", cwd=tmp_path, code=2).stderr


def test_without_a_project_it_says_how_to_make_one(tmp_path):
    done = run("plan", cwd=tmp_path, code=2)
    assert "W1010" in done.stderr and "weir init" in done.stderr


def test_messages_come_in_chinese(tmp_path):
    assert "没有命令" in run("plna", "--quiet", cwd=tmp_path, code=2, env={"WEIR_LANG": "zh"}).stderr
    assert "开始" in run("--lang", "zh", "help", cwd=tmp_path).stdout


def test_every_error_code_is_explained_offline(tmp_path):
    codes = json.loads(run("explain", "--json", cwd=tmp_path).stdout)
    assert len(codes) > 40
    assert codes[0]["title"] in run("explain", codes[0]["code"], cwd=tmp_path).stdout


def test_the_manual_page_is_good_roff(tmp_path):
    page = run("help", "--man", cwd=tmp_path).stdout
    if subprocess.run(["which", "groff"], capture_output=True).returncode != 0:
        pytest.skip("groff is not installed")
    done = subprocess.run(["groff", "-man", "-Tutf8", "-ww", "-z"], input=page, capture_output=True, text=True)
    assert done.stderr == ""


# ---- a project from nothing ----

def test_init_writes_a_project_that_plans_applies_and_runs(tmp_path):
    run("init", "shop", cwd=tmp_path)
    project = tmp_path / "shop"
    assert run("plan", "--exit-code", cwd=project, code=3).stdout.count("+") >= 3
    run("apply", "--yes", cwd=project)
    run("plan", "--exit-code", cwd=project)
    run("run", cwd=project)
    assert run("init", "shop", cwd=tmp_path, code=2).stderr.count("exists") == 1, "nothing is overwritten"
    run("init", "Not a name!", cwd=tmp_path, code=2)


def test_init_from_a_folder_makes_sources_that_load(tmp_path):
    data = tmp_path / "exports"
    (data / "deep").mkdir(parents=True)
    (data / "plays_2026-01.csv").write_text("user_id,song\n1,x\n2,y\n")
    (data / "plays_2026-02.csv").write_text("user_id,song\n3,z\n")
    (data / "deep/songs.jsonl").write_text('{"id": 1, "title": "x"}\n')
    (data / "README.txt").write_text("not data")
    run("init", "own", "--from", data, cwd=tmp_path)
    project = tmp_path / "own"
    run("apply", "--yes", cwd=project)
    run("refresh", cwd=project)
    assert run("query", "-f", "csv", "select count(*) as n from ods_plays_f", cwd=project).stdout == "n\n3\n"
    assert run("query", "-f", "csv", "select title from ods_songs_f", cwd=project).stdout == "title\nx\n"
    run("init", "none", "--from", tmp_path / "own/domains", cwd=tmp_path, code=2)


# ---- the daily loop without a server ----

def test_apply_asks_and_without_a_terminal_needs_yes(project):
    server = Server(project)
    done = server.cli("apply", check=False)
    assert done.returncode == 2 and "--yes" in done.stderr and "to add" in done.stdout
    assert "Nothing was changed" in done.stderr
    assert json.loads(server.cli("history", "--json").stdout)["versions"] == []


def test_apply_of_a_plan_does_exactly_that_plan_or_refuses(applied):
    path = os.path.join(applied.project, "domains/shop/more.yml")
    with open(path, "w") as file:
        file.write("tables:\n  - {name: ods_more_f, columns: [{name: a, type: int}]}\n")
    plan = json.loads(applied.cli("plan", "--json").stdout)
    with open(path, "a") as file:
        file.write("  - {name: ods_more2_f, columns: [{name: a, type: int}]}\n")
    done = applied.cli("apply", plan["id"], check=False)
    assert done.returncode == 1 and "W3001" in done.stderr
    plan = json.loads(applied.cli("plan", "--json").stdout)
    applied.cli("apply", plan["id"], "--note", "two tables")
    versions = json.loads(applied.cli("history", "--json").stdout)["versions"]
    assert versions[0]["version"] == 2 and versions[0]["note"] == "two tables" and versions[0]["added"] == 2
    diff = json.loads(applied.cli("diff", "1", "2", "--json").stdout)
    assert sorted(change["name"].split(".")[-1] for change in diff["changes"]) == ["ods_more2_f", "ods_more_f"]


def test_data_is_not_dropped_unless_it_is_named(applied):
    applied.cli("load", "ods_event_i", fill(applied))
    path = os.path.join(applied.project, "domains/shop/shop.yml")
    with open(path) as file:
        text = file.read()
    start, end = text.index("  - name: ods_event_i"), text.index("  - name: ods_user_f")
    with open(path, "w") as file:
        file.write(text[:start] + text[end:])
    os.unlink(os.path.join(applied.project, "domains/shop/models/dwd_shop_event_i.sql"))
    done = applied.cli("apply", "--yes", check=False)
    assert done.returncode == 1 and "W3002" in done.stderr and "ods_event_i" in done.stdout + done.stderr
    assert applied.cli("query", "-f", "csv", "select count(*) n from shop.ods_event_i").stdout == "n\n2\n"
    applied.cli("apply", "--yes", "--allow-drop", "shop.ods_event_i")
    assert applied.cli("query", "select 1 from shop.ods_event_i", check=False).returncode == 2
    applied.cli("rollback", "1", "--yes")
    assert "ods_event_i" in open(path).read()


def test_a_repeated_label_loads_nothing_twice(applied):
    path = fill(applied)
    applied.cli("load", "ods_event_i", path, "--label", "once")
    done = applied.cli("load", "ods_event_i", path, "--label", "once", check=False)
    assert done.returncode == 1 and "W4001" in done.stderr
    assert applied.cli("query", "-f", "csv", "select count(*) n from shop.ods_event_i").stdout == "n\n2\n"
    loads = json.loads(applied.cli("loads", "--label", "once", "--json").stdout)["loads"]
    assert [load["loaded"] for load in loads] == [2]


def test_too_many_rejected_rows_exit_with_5_and_load_nothing(applied):
    path = fill(applied, "1,a,1.5,2026-01-01\nx,b\n", "bad.csv")
    done = applied.cli("load", "ods_event_i", path, "--set", "strict_mode=true", check=False)
    assert done.returncode in (1, 5), done.stderr
    assert applied.cli("query", "-f", "csv", "select count(*) n from shop.ods_event_i").stdout == "n\n0\n"


def test_a_missing_file_loads_nothing(applied):
    done = applied.cli("load", "ods_event_i", "/nowhere.csv", check=False)
    assert done.returncode == 2 and "W1002" in done.stderr and "Nothing was loaded" in done.stderr


def test_run_streams_json_lines_that_begin_with_the_version(applied):
    applied.cli("load", "ods_event_i", fill(applied))
    lines = [json.loads(line) for line in applied.cli("run", "--json").stdout.splitlines()]
    assert lines[0] == {"type": "version", "weir": lines[0]["weir"], "ui": "1.0"}
    assert [line["state"] for line in lines if line["type"] == "step"][-1] == "done"
    assert lines[-1]["type"] == "result" and lines[-1]["ok"]
    assert json.loads(applied.cli("runs", "--json").stdout)["runs"][0]["rows"] == 2


def test_a_failed_check_exits_with_5(applied):
    model = os.path.join(applied.project, "domains/shop/models/dwd_shop_event_i.sql")
    text = open(model).read().replace("-- kind: full\n", "-- kind: full\n-- columns:\n--   - {name: name, checks: [unique]}\n")
    open(model, "w").write(text)
    applied.cli("apply", "--yes")
    applied.cli("load", "ods_event_i", fill(applied, "1,a,1,2026-01-01\n2,a,1,2026-01-01\n"))
    done = applied.cli("run", check=False)
    assert done.returncode == 5, done.stderr
    assert "unique" in done.stderr


@pytest.mark.parametrize("serving", [False, True])
def test_ctrl_c_once_finishes_twice_interrupts(applied, serving):
    with open(os.path.join(applied.project, "domains/shop/models/dws_slow_f.sql"), "w") as file:
        file.write(SLOW_MODEL)
    applied.cli("apply", "--yes")
    if serving:
        applied.start()
    with open(os.path.join(applied.project, "messages"), "w+") as messages:
        process = subprocess.Popen([WEIR, "run", "dws_slow_f", "--json", "-p", applied.project], env=applied.env, stdout=subprocess.PIPE, stderr=messages, text=True)
        assert json.loads(process.stdout.readline())["type"] == "version"
        assert json.loads(process.stdout.readline())["state"] == "running"
        process.send_signal(signal.SIGINT)
        wait_for_text(messages.name, "finishing what is running")
        assert process.poll() is None, "one Ctrl-C lets the model finish"
        process.send_signal(signal.SIGINT)
        wait_for_text(messages.name, "interrupting")
        assert process.wait(PATIENCE) == 130
    assert json.loads(process.stdout.read().splitlines()[-1])["type"] == "error"
    assert applied.cli("query", "-f", "csv", "select 1 as a").stdout == "a\n1\n"
    if serving:
        assert applied.stop() == 0


# ---- queries ----

QUERY = "select 1 as n, null as nothing, '' as empty, 'a,b\t\"c\"\n播' as t, 12345678901234567890.12::decimal(38,2) as d"


def test_rows_are_the_same_in_every_format_with_and_without_a_server(applied):
    def formats():
        return {name: applied.cli("query", "-f", name, QUERY).stdout for name in ("table", "json", "ndjson", "csv", "tsv", "markdown", "vertical")}

    local = formats()
    rows = list(csv.reader(io.StringIO(local["csv"])))
    assert rows == [["n", "nothing", "empty", "t", "d"], ["1", "", "", "a,b\t\"c\"\n播", "12345678901234567890.12"]]
    assert local["tsv"].splitlines()[1] == "1\t\\N\t\ta,b\\t\"c\"\\n播\t12345678901234567890.12"
    assert json.loads(local["json"])["rows"][0][:3] == [1, None, ""]
    assert json.loads(local["ndjson"])["t"] == "a,b\t\"c\"\n播"
    assert "12345678901234567890.12" in local["table"] and "NULL" in local["table"]
    applied.start()
    try:
        remote = formats()
    finally:
        applied.stop()
    local["json"], remote["json"] = json.loads(local["json"])["rows"], json.loads(remote["json"])["rows"]
    assert local == remote


def test_a_script_from_stdin_runs_all_statements_and_stops_at_the_first_that_fails(applied):
    done = applied.cli("query", "-f", "csv", input="select 1 as a; -- ; no\nselect ';' as b;\nselect x; select 3 as c", check=False)
    assert done.stdout == "a\n1\nb\n;\n" and done.returncode == 2 and "W2004" in done.stderr


def test_changes_are_told_on_stderr(applied):
    done = applied.cli("query", "insert into shop.ods_event_i values (1, 'a', 1, '2026-01-01'), (2, 'b', 2, '2026-01-01')")
    assert done.stdout == "" and "2 rows changed" in done.stderr


def test_a_closed_pipe_ends_quietly(applied):
    done = subprocess.run(["bash", "-c", f"'{WEIR}' query -p '{applied.project}' -f csv 'select range from range(3000000)' | head -1; echo ${{PIPESTATUS[1]}}"],
                          env=applied.env, capture_output=True, text=True, timeout=60)
    assert done.stdout == "range\n0\n"


class Terminal:
    """weir in a pseudo-terminal."""

    def __init__(self, server, *words, env=None):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            environment = dict(server.env, TERM="xterm", COLUMNS="100", **(env or {}))
            environment.pop("NO_COLOR")
            os.execve(WEIR, [WEIR, *words, "-p", server.project], environment)
        self.text = ""

    def wait_for(self, text):
        deadline = time.monotonic() + PATIENCE
        while text not in self.text:
            assert time.monotonic() < deadline, f"no {text!r} in {self.text!r}"
            if select.select([self.fd], [], [], 0.2)[0]:
                try:
                    self.text += os.read(self.fd, 65536).decode(errors="replace")
                except OSError:
                    break
        assert text in self.text, self.text
        self.text = self.text[self.text.index(text) + len(text):]

    def type(self, text):
        os.write(self.fd, text.encode())

    def end(self):
        while True:
            try:
                if not os.read(self.fd, 65536):
                    break
            except OSError:
                break
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def test_the_interactive_mode_completes_describes_and_remembers(applied, tmp_path):
    state = {"XDG_STATE_HOME": str(tmp_path / "state")}
    terminal = Terminal(applied, "query", env=state)
    terminal.wait_for("weir> ")
    terminal.type("select 41 +\n")
    terminal.wait_for(".. ")
    terminal.type("1 as answer;\n")
    terminal.wait_for("│     42 │")
    terminal.type("\\d ods_event_i\n")
    terminal.wait_for("amount")
    terminal.type("select 'up' as t\\G\n")
    terminal.wait_for("t: up")
    terminal.type("select count(*) as c from shop.ods_tot\t;\n")
    terminal.wait_for("al_f ")
    terminal.wait_for("│ 0 │")
    terminal.type("select nope;\n")
    terminal.wait_for("W2004")
    terminal.type("use shop;\nselect count(*) as c from ods_user_f;\n")
    terminal.wait_for("│ 0 │")
    terminal.type("\\q\n")
    assert terminal.end() == 0
    assert "select 41 +" in open(tmp_path / "state/weir/history").read().replace("\\040", " ")


def test_ctrl_c_gives_up_a_statement_and_the_interactive_mode_goes_on(fresh, tmp_path):
    terminal = Terminal(fresh, "query", env={"XDG_STATE_HOME": str(tmp_path)})
    terminal.wait_for("weir> ")
    terminal.type("select count(*) from range(200000000000) a where a.range % 7 = 3;\n")
    terminal.wait_for("% 7 = 3;")
    until(lambda: any("200000000000" in str(row) for row in fresh.query("show full processlist")), "the statement did not begin")
    os.kill(terminal.pid, signal.SIGINT)
    terminal.wait_for("W8004")
    terminal.wait_for("weir> ")
    terminal.type("select 6 * 7 as answer;\n")
    terminal.wait_for("│     42 │")
    terminal.wait_for("weir> ")
    terminal.type("select not finished")
    terminal.wait_for("finished")
    terminal.type("\x03")
    terminal.wait_for("dropped")
    terminal.wait_for("weir> ")
    terminal.type("select 6 * 8 as other;\n")
    terminal.wait_for("│    48 │")
    terminal.wait_for("weir> ")
    terminal.type("\x04")
    assert terminal.end() == 0
    assert fresh.query("select 1") == [[1]]


def test_a_window_of_another_size_and_a_terminal_that_goes_away(applied):
    terminal = Terminal(applied, "query")
    terminal.wait_for("weir> ")
    terminal.type("select 6 * 7")
    fcntl.ioctl(terminal.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 60, 0, 0))
    terminal.type(" as answer;\n")
    terminal.wait_for("│     42 │")
    terminal.wait_for("weir> ")
    os.close(terminal.fd)
    assert os.waitpid(terminal.pid, 0)[1] & 0x7F in (0, signal.SIGHUP)


def test_a_terminal_is_asked_before_apply(project):
    server = Server(project)
    terminal = Terminal(server, "apply")
    terminal.wait_for("[y/N]")
    terminal.type("n\n")
    assert terminal.end() == 1
    terminal = Terminal(server, "apply")
    terminal.wait_for("[y/N]")
    terminal.type("y\n")
    assert terminal.end() == 0
    server.cli("plan", "--exit-code")


# ---- looking ----

def test_objects_are_listed_shown_searched_and_traced(applied):
    names = {row["full_name"] for row in json.loads(applied.cli("ls", "tables", "--json").stdout)["objects"]}
    assert "shop.ods_event_i" in names and "shop.dwd_shop_event_i" not in names
    assert "shop.ods_event_i\t" in applied.cli("ls", "tables").stdout
    assert "amount" in applied.cli("show", "ods_event_i").stdout
    assert json.loads(applied.cli("show", "shop.ods_event_i", "--json").stdout)["name"] == "ods_event_i"
    assert "ods_event_i" in applied.cli("search", "事件").stdout
    assert "shop.ods_event_i.amount" in applied.cli("lineage", "dwd_shop_event_i.amount").stdout
    assert "shop.dwd_shop_event_i" in applied.cli("lineage", "ods_event_i", "--down").stdout
    assert applied.cli("lineage", "dwd_shop_event_i", "--format", "dot").stdout.startswith("digraph")
    assert "did you mean" in applied.cli("show", "ods_evnt_i", check=False).stderr
    assert applied.cli("search", "zzzz", check=False).returncode == 1


# ---- definitions ----

def broken(server):
    with open(os.path.join(server.project, "domains/shop/bad.yml"), "w") as file:
        file.write("metrics:\n  - {name: m, type: atomic, tabel: ods_event_i}\n")


def test_lint_speaks_to_people_github_and_sarif(applied):
    assert "No errors" in applied.cli("lint").stdout
    broken(applied)
    text = applied.cli("lint", check=False)
    assert text.returncode == 2 and "error[W1003]" in text.stdout and "did you mean `table`?" in text.stdout and "^^^^^" in text.stdout
    github = applied.cli("lint", "--format", "github", check=False).stdout.splitlines()
    assert any(line.startswith("::error file=domains/shop/bad.yml,line=2,col=29,title=W1003::") for line in github), github
    sarif = json.loads(applied.cli("lint", "-f", "sarif", check=False).stdout)
    result = next(row for row in sarif["runs"][0]["results"] if row["ruleId"] == "W1003")
    assert sarif["version"] == "2.1.0" and result["level"] == "error"
    assert result["locations"][0]["physicalLocation"]["region"]["startLine"] == 2
    assert {rule["id"] for rule in sarif["runs"][0]["tool"]["driver"]["rules"]} >= {"W1003"}
    assert isinstance(json.loads(applied.cli("lint", "--json", check=False).stdout)["diagnostics"], list)


def test_fmt_changes_white_space_only_and_check_changes_nothing(applied):
    path = os.path.join(applied.project, "domains/shop/models/dwd_shop_event_i.sql")
    good = open(path).read()
    open(path, "w").write(good.replace("full\n", "full  \n").rstrip("\n"))
    assert applied.cli("fmt", "--check", check=False).returncode == 1
    assert open(path).read() != good
    applied.cli("fmt")
    assert open(path).read() == good
    applied.cli("fmt", "--check")


# ---- operating ----

def test_doctor_is_content_here_and_names_what_is_wrong_elsewhere(applied, tmp_path):
    checks = json.loads(applied.cli("doctor", "--json").stdout)
    assert checks["ok"] and {check["check"] for check in checks["checks"]} >= {"project", "settings", "data", "disk", "engine", "http", "mysql", "clock"}
    broken(applied)
    done = applied.cli("doctor", check=False)
    assert done.returncode == 1 and "✘ project" in done.stdout and "weir lint" in done.stdout
    assert "weir init" in run("doctor", cwd=tmp_path).stdout


def test_config_says_where_each_value_comes_from(applied):
    applied.env["WEIR_QUERY_TIMEOUT"] = "7s"
    rows = {row["key"]: row for row in json.loads(applied.cli("config", "--json").stdout)["settings"]}
    assert rows["query.timeout"]["origin"] == "WEIR_QUERY_TIMEOUT" and rows["log.level"]["origin"] == "default"
    assert applied.cli("config", "query.timeout").stdout == "7s\n"
    assert "did you mean `query.timeout`?" in applied.cli("config", "query.timout", check=False).stderr
    applied.env["WEIR_QUERY_TIMEOUT"] = "soon"
    done = applied.cli("ls", check=False)
    assert done.returncode == 2 and "WEIR_QUERY_TIMEOUT" in done.stderr


def test_a_backup_taken_while_serving_can_be_restored(fresh, tmp_path):
    fresh.cli("load", "ods_event_i", fill(fresh))
    backup = str(tmp_path / "backup")
    assert fresh.cli("backup", backup).stdout.strip() == backup
    fresh.cli("load", "ods_event_i", fill(fresh))
    done = fresh.cli("restore", backup, "--yes", check=False)
    assert done.returncode == 1 and "W8003" in done.stderr, "not under a running server"
    assert fresh.stop() == 0
    assert fresh.cli("restore", backup, check=False).returncode == 2, "it asks first"
    fresh.cli("restore", backup, "--yes")
    kept = [name for name in os.listdir(fresh.project) if ".before-restore-" in name]
    assert len(kept) == 1
    fresh.start()
    assert fresh.query("select count(*) from ods_event_i") == [[2]]
    assert fresh.cli("restore", str(tmp_path), "--yes", check=False).returncode in (1, 2)


def test_users_grants_and_tokens_work_at_once(fresh):
    fresh.cli("user", "add", "ann", "--password-stdin", "--role", "reader", input="ann-password\n")
    assert fresh.query("select count(*) from ods_event_i", user="ann", password="ann-password") == [[0]]
    fresh.cli("user", "passwd", "ann", "--password-stdin", input="other-password\n")
    assert fresh.call("GET", "/api/v1/me", user="ann", password="ann-password").status == 401
    assert fresh.call("GET", "/api/v1/me", user="ann", password="other-password").status == 200
    token = fresh.cli("token", "create", "--user", "ann", "--note", "ci", "--for", "1d").stdout.strip()
    assert fresh.call("GET", "/api/v1/me", user=None, token=token).json()["name"] == "ann"
    mine = [row for row in json.loads(fresh.cli("token", "ls", "--json").stdout)["tokens"] if row["note"] == "ci"]
    fresh.cli("token", "rm", mine[0]["id"])
    assert fresh.call("GET", "/api/v1/me", user=None, token=token).status == 401
    fresh.cli("user", "rm", "ann", "--yes")
    assert "ann" not in fresh.cli("user", "ls").stdout
    assert fresh.cli("user", "frobnicate", check=False).returncode == 2
    assert "user add" in fresh.cli("audit").stdout


def test_a_server_that_was_killed_does_not_stop_the_cli(fresh):
    fresh.kill()
    assert os.path.exists(os.path.join(fresh.data, "server.json"))
    assert fresh.cli("query", "-f", "csv", "select 1 as a").stdout == "a\n1\n"


def test_up_says_its_addresses_and_stops_on_ctrl_c(project):
    server = Server(project)
    server.env.pop("WEIR_ADMIN_PASSWORD")
    server.cli("apply", "--yes")
    server.start()
    wait_for_text(server.log, "Ctrl-C")  # server.json is there a moment before the screen
    log = server.tail()
    assert server.http in log and "token=" in log and server.info["mysql"].rsplit(":", 1)[1] in log
    server.process.send_signal(signal.SIGINT)
    assert server.process.wait(PATIENCE) == 0
    assert not os.path.exists(os.path.join(server.data, "server.json"))


def test_two_programs_do_not_open_one_data_folder(fresh):
    done = subprocess.run([WEIR, "up", "-p", fresh.project, "--http", "127.0.0.1:0", "--mysql", "127.0.0.1:0"], env=fresh.env, capture_output=True,
                          text=True, timeout=60)
    assert done.returncode == 1 and "W8003" in done.stderr


def test_a_word_that_is_misspelt_is_no_success(tmp_path):
    (tmp_path / "weir.yml").write_text("name: p\ntables: [{name: ods_a_i, columns: [{name: id, type: int}]}]\n")
    (tmp_path / "dwd_m.sql").write_text("-- ---\n-- kind: full\n-- ---\nSELECT id FROM ods_a_i\n")
    run("apply", "--yes", cwd=tmp_path)
    for words, message in ((["lineage", "dwd_m.idd"], "no column `idd`"), (["runs", "dwd_mm"], "dwd_mm"), (["history", "dwd_mm"], "dwd_mm"),
                           (["ls", "tabels"], "did you mean `tables`?"), (["explain", "tabel"], "did you mean `table`?")):
        assert message in run(*words, cwd=tmp_path, code=2).stderr, words
    assert run("history", "dwd_m", cwd=tmp_path).stdout
    missing = tmp_path / "typo"
    for verb in ("ls", "runs", "history"):
        done = run("-D", missing, verb, cwd=tmp_path, code=2)
        assert "no data folder" in done.stderr and "weir apply" in done.stderr
    assert not missing.exists(), "who looks makes nothing"
    done = run("query", "SELECT * FROM dwd_m", cwd=tmp_path, code=2)
    assert "is not there yet" in done.stderr and "weir run dwd_m" in done.stderr and "duckdb" not in done.stderr
    run("run", cwd=tmp_path)
    assert "1 rows" not in run("run", "--full", cwd=tmp_path).stderr


def test_a_usage_hint_ends_where_the_verb_does(tmp_path):
    done = run("board", "x", cwd=tmp_path, code=2)
    assert "= hint: weir board\n" in done.stderr
    assert "cd 'Bad Name'" in run("init", "Bad Name", cwd=tmp_path, code=0).stderr
