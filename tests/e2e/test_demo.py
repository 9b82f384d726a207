"""`weir demo` from nothing: its own checks, a second start, a taken port, and who is let in without a password."""
import json
import os
import re
import shutil
import signal
import socket
import subprocess

import pytest

from conftest import until

HERE = os.path.dirname(os.path.abspath(__file__))
WEIR = os.path.abspath(os.environ.get("WEIR_BIN", os.path.join(HERE, "..", "..", "build", "weir")))
ENV = dict(os.environ, WEIR_LANG="en", NO_COLOR="1")
CLIENT = shutil.which("mariadb") or shutil.which("mysql")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A demo that was made, loaded, built and checked by itself."""
    here = tmp_path_factory.mktemp("demo")
    done = subprocess.run([WEIR, "demo", "--check"], cwd=here, env=ENV, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 failed" in done.stdout
    return here


class Demo:
    """A running `weir demo`; `screen` is what it printed."""

    def __init__(self, here, *flags):
        self.screen = ""
        self.process = subprocess.Popen([WEIR, "demo", *flags], cwd=here, env=ENV, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for line in self.process.stdout:
            self.screen += line
            if "Ctrl-C" in line:
                return
        raise AssertionError(self.screen)

    def port(self, what):
        return int(re.search({"http": r"http://127\.0\.0\.1:(\d+)", "mysql": r"-P(\d+)"}[what], self.screen)[1])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGINT)
        rest, _ = self.process.communicate(timeout=60)
        assert self.process.returncode == 0, self.screen + rest


def sql(port, text, user="demo"):
    return subprocess.run([CLIENT, "-h127.0.0.1", f"-P{port}", f"-u{user}", "-N", "-B", "-e", text], capture_output=True, text=True, timeout=60)


def test_a_second_start_uses_what_is_there(folder):
    before = json.loads((folder / "weir-demo/.weir-demo.json").read_text())
    with Demo(folder, "--http", "127.0.0.1:0", "--mysql", "127.0.0.1:0") as demo:
        assert "made earlier" in demo.screen and "nothing changed" in demo.screen and "nothing new" in demo.screen
        assert "up to date" in demo.screen
        if CLIENT:
            done = sql(demo.port("mysql"), "SELECT count(DISTINCT play_id) FROM interactions.ods_play_event_i")
            assert done.stdout.strip() == str(before["plays"]), done.stderr
    assert json.loads((folder / "weir-demo/.weir-demo.json").read_text()) == before


def test_a_taken_port_is_told_and_the_next_one_taken(folder):
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            taken.bind(("127.0.0.1", 8030))
            taken.listen()
        except OSError:
            pass  # somebody else has it: as good
        with Demo(folder) as demo:
            assert "port 8030 is taken" in demo.screen
            assert demo.port("http") > 8030


@pytest.mark.skipif(not CLIENT, reason="no MySQL client is installed")
def test_demo_is_let_in_by_the_demo_only(folder):
    with Demo(folder, "--http", "127.0.0.1:0", "--mysql", "127.0.0.1:0") as demo:
        assert sql(demo.port("mysql"), "SELECT 1").stdout.strip() == "1"
        denied = sql(demo.port("mysql"), "DELETE FROM interactions.ods_like_event_i")
        assert denied.returncode != 0 and "lacks the right" in denied.stderr
        assert sql(demo.port("mysql"), "SELECT 1", user="admin").returncode != 0
    project = str(folder / "weir-demo")
    with open(folder / "up.log", "w") as log:
        up = subprocess.Popen([WEIR, "up", "-p", project, "--http", "127.0.0.1:0", "--mysql", "127.0.0.1:0"], env=ENV, stdout=log, stderr=log)
    try:
        info = folder / "weir-demo/.weir/server.json"
        until(lambda: info.exists() or up.poll() is not None, "weir up did not start")
        port = int(json.loads(info.read_text())["mysql"].rsplit(":", 1)[1])
        refused = sql(port, "SELECT 1")
        assert refused.returncode != 0 and "Access denied" in refused.stderr
    finally:
        up.send_signal(signal.SIGINT)
        assert up.wait(timeout=60) == 0


def test_a_folder_that_is_no_demo_is_left_alone(tmp_path):
    (tmp_path / "weir-demo").mkdir()
    (tmp_path / "weir-demo/precious.txt").write_text("mine")
    done = subprocess.run([WEIR, "demo", "--check"], cwd=tmp_path, env=ENV, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and "is no demo" in done.stderr
    assert os.listdir(tmp_path / "weir-demo") == ["precious.txt"]


def test_the_example_does_what_its_readme_says(folder):
    """Every command of it, in its order, against the running demo; the Python lines with the client of clients/python."""
    root = os.path.join(HERE, "..", "..")
    with open(os.path.join(root, "examples/music/README.md")) as file:
        blocks = re.findall(r"^```(\w*)\n(.*?)^```", file.read(), re.S | re.M)
    shell = [text for language, text in blocks if not language and re.match(r"weir |curl ", text)]
    python = [text for language, text in blocks if language == "python"]
    assert len(shell) == 3 and len(python) == 1
    env = dict(ENV, PATH=f"{os.path.dirname(WEIR)}:{os.environ['PATH']}", PYTHONPATH=os.path.join(root, "clients/python"))
    with Demo(folder, "--http", "127.0.0.1:0", "--mysql", "127.0.0.1:0") as demo:
        def run(command, *more):
            done = subprocess.run([*command, *more], cwd=folder / "weir-demo", env=env, capture_output=True, text=True, timeout=120)
            assert done.returncode == 0, f"{more}\n{done.stdout}{done.stderr}"
            return done.stdout

        token = env["TOKEN"] = json.loads(run([WEIR, "token", "create", "--note", "readme", "--json"]))["token"]
        at = f"127.0.0.1:{demo.port('http')}"
        said = [run(["bash", "-euo", "pipefail", "-c"], text.replace("127.0.0.1:8030", at).replace("curl ", "curl -sSf ")) for text in shell]
        assert "20203" in said[0], said[0]  # what was pushed is read back
        answer = json.loads(said[1])
        assert [result["statuses"][0] for result in answer["results"]][:2] == ["PRESENT", "PRESENT"], answer
        assert said[2].count("\n") > 12, said[2]
        run(["python3", "-c"], f"token = {token!r}\n" + python[0].replace("127.0.0.1:8030", at) + "\n")
