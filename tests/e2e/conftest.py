"""Fixtures of the black-box tests: the real program, a project of its own, real clients. See Server's methods."""
import base64
import contextlib
import json
import os
import shutil
import signal
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
WEIR = os.path.abspath(os.environ.get("WEIR_BIN", os.path.join(ROOT, "build", "weir")))
PASSWORD = "e2e-password"
SLOWER = 5 if "WEIR_SLOW" in os.environ else 1  # an instrumented program (tools/sanitize) may take its time
PATIENCE = 60 * SLOWER  # seconds after which what should happen will not: a bound for a hang, not a measure of speed
# The long files, longest first: where files run side by side (tools/test), none of them begins when the others are done.
LONG = ["test_docs", "test_cli", "test_lifecycle", "test_gating", "test_demo", "test_durability", "test_backfill", "test_import_dbt", "test_reconcile"]


def pytest_collection_modifyitems(items):
    rank = {name: place for place, name in enumerate(LONG)}
    items.sort(key=lambda item: rank.get(item.path.stem, len(LONG)))


def until(condition, what):
    """Waits for what another process does."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, what() if callable(what) else what
        time.sleep(0.01)


class Answer:
    """An HTTP answer: status, headers, body; json() parses the body."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)

    @property
    def text(self):
        return self.body.decode()


class Server:
    """`weir up` over a project folder. start() and kill() may be called again; data stays."""

    def __init__(self, project, env=None):
        self.project = str(project)
        self.data = os.path.join(self.project, ".weir")
        self.log = os.path.join(self.project, "up.log")
        self.env = dict(os.environ, WEIR_ADMIN_PASSWORD=PASSWORD, WEIR_LANG="en", NO_COLOR="1", **(env or {}))
        self.process = None
        self.info = None

    # ---- life ----
    def cli(self, *words, check=True, input=None):
        """Runs `weir WORDS -p project`; gives the finished process (stdout, stderr are text)."""
        done = subprocess.run([WEIR, *words, "-p", self.project], env=self.env, capture_output=True, text=True, input=input, timeout=120 * SLOWER)
        assert not check or done.returncode == 0, f"weir {words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def start(self, *flags):
        path = os.path.join(self.data, "server.json")
        if os.path.exists(path):
            os.unlink(path)  # of a killed one
        with open(self.log, "a") as log:
            self.process = subprocess.Popen([WEIR, "up", "-p", self.project, "--http", "127.0.0.1:0", "--mysql", "127.0.0.1:0", *flags],
                                            env=self.env, stdout=log, stderr=log)
        # written whole, by rename, when both doors are open
        until(lambda: os.path.exists(path) or self.process.poll() is not None, lambda: f"weir up did not start:\n{self.tail()}")
        assert self.process.poll() is None, f"weir up ended:\n{self.tail()}"
        with open(path) as file:
            self.info = json.load(file)
        return self

    def stop(self):
        """SIGTERM; gives the exit code."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=60 * SLOWER)
        self.process = None
        return code

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process = None

    @contextlib.contextmanager
    def served(self):
        """A server for the block: each command in it is one request, not a program that opens the warehouse."""
        self.start()
        try:
            yield self
        finally:
            code = self.stop()
        assert code == 0, self.tail()

    def tail(self):
        with open(self.log) as log:
            return log.read()[-4000:]

    # ---- HTTP ----
    @property
    def http(self):
        return self.info["http"]

    @property
    def host_port(self):
        return urllib.parse.urlparse(self.http).netloc

    def call(self, method, path, body=None, headers=None, user="admin", password=PASSWORD, token=None):
        """One request; body is bytes, text, or JSON. user=None sends no credentials. Never raises for a status."""
        headers = dict(headers or {})
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
            headers.setdefault("Content-Type", "application/json")
        if isinstance(body, str):
            body = body.encode()
        if token:
            headers["Authorization"] = f"Bearer {token}"
        elif user:
            headers["Authorization"] = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
        request = urllib.request.Request(self.http + path, data=body, headers=headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return Answer(answer.status, answer.headers, answer.read())
        except urllib.error.HTTPError as error:
            return Answer(error.code, error.headers, error.read())

    def query(self, sql, database="shop", **who):
        """Rows of a statement as lists; fails the test when the statement fails."""
        answer = self.call("POST", "/api/v1/query", {"sql": sql, "database": database}, **who)
        assert answer.status == 200, answer.text
        return answer.json().get("rows", answer.json())

    def curl(self, *arguments, user=f"admin:{PASSWORD}"):
        """The real curl, silent, as the manuals write it; gives its output."""
        words = ["curl", "-sS", "--location-trusted", "--max-time", "60"] + (["-u", user] if user else []) + list(arguments)
        done = subprocess.run(words, capture_output=True, text=True, timeout=90)
        assert done.returncode == 0, f"{words}: {done.returncode} {done.stderr}"
        return done.stdout

    def load(self, table, data, expect=True, db="shop", user=f"admin:{PASSWORD}", path=None, chunked=False, **headers):
        """Stream Load by curl; header names with _ as Doris has them. `data` is bytes or text. Gives the answer's JSON."""
        arguments = []
        for name, value in headers.items():
            arguments += ["-H", f"{name}: {value}"]
        arguments += ["-H", "Expect: 100-continue" if expect else "Expect:"]
        if chunked:
            arguments += ["-H", "Transfer-Encoding: chunked"]
        file = os.path.join(self.project, f"body-{time.monotonic_ns()}")
        with open(file, "wb") as body:
            body.write(data.encode() if isinstance(data, str) else data)
        text = self.curl(*arguments, "-T", file, self.http + (path or f"/api/{db}/{table}/_stream_load"), user=user)
        os.unlink(file)
        return json.loads(text)

    # ---- MySQL ----
    def mysql(self, user="admin", password=PASSWORD, database=None, **more):
        import pymysql
        host, port = self.info["mysql"].rsplit(":", 1)
        return pymysql.connect(host=host.strip("[]"), port=int(port), user=user, password=password, database=database, **more)


def make_project(folder, source=None):
    """A copy of tests/e2e/project (or another project) at `folder`."""
    shutil.copytree(source or os.path.join(HERE, "project"), folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".weir"))
    return folder


@pytest.fixture
def project(tmp_path):
    """A project folder of its own; nothing is applied or started."""
    return make_project(tmp_path / "project")


@pytest.fixture(scope="session")
def applied_project(tmp_path_factory):
    """The project applied once, to be copied with its data folder."""
    folder = make_project(tmp_path_factory.mktemp("applied") / "project")
    Server(folder).cli("apply", "--yes")
    return folder


@pytest.fixture
def applied(applied_project, tmp_path):
    """A project of its own that is applied; no server runs."""
    return Server(shutil.copytree(applied_project, tmp_path / "project"))


@pytest.fixture
def fresh(applied):
    """A server that is started for this test alone, so that it may be killed."""
    applied.start()
    yield applied
    if applied.process:
        applied.stop()


@pytest.fixture(scope="module")
def weir(applied_project, tmp_path_factory):
    """A server shared by a module's tests: each uses labels and keys of its own."""
    server = Server(shutil.copytree(applied_project, tmp_path_factory.mktemp("weir") / "project"))
    with server.served():
        yield server
