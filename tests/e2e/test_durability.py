"""Exactly once through kills: acceptance 5 of the spine.

A server is killed with SIGKILL again and again, at random times and at fault points inside commits and checkpoints, while
clients load with labels, prepare two-phase loads and commit them. After each start the server must answer; at the end every
acknowledged label is there once and whole, and no label is there in part. WEIR_KILLS sets how many kills (15 by default).
A kill counts as one inside a checkpoint when the server died while the checkpoint's undo file was there.
"""
import base64
import http.client
import json
import os
import pathlib
import random
import signal
import subprocess
import threading
import time
import urllib.request

from conftest import PATIENCE

WEIR = os.environ.get("WEIR_BIN", "build/weir")
KILLS = int(os.environ.get("WEIR_KILLS", "15"))
PASSWORD = "kill-test-password"
AUTH = "Basic " + base64.b64encode(f"admin:{PASSWORD}".encode()).decode()
ROWS = 20
# Every other round aims at a checkpoint: at its fault points, or from outside while its undo file is there.
CHECKPOINT_FAULTS = ["checkpoint.undo_written=kill", "checkpoint.run=kill", "checkpoint.done=kill", None]
LOAD_FAULTS = ["load.before_commit=kill@{n}", "load.after_commit=kill@{n}", "txn.prepared=kill@{n}", None]


class Server:
    def __init__(self, project):
        self.project = project
        self.info = project / ".weir/server.json"

    def start(self, fault=None):
        self.info.unlink(missing_ok=True)
        env = dict(os.environ, WEIR_ADMIN_PASSWORD=PASSWORD, WEIR_CHECKPOINT_WAL="200KB", WEIR_LANG="en")
        env.pop("WEIR_FAULT", None)
        if fault:
            env["WEIR_FAULT"] = fault
        log = open(self.project / "log", "a")
        self.process = subprocess.Popen([WEIR, "up", "-p", self.project, "--http", "127.0.0.1:0", "--mysql", "127.0.0.1:0"],
                                        env=env, stdout=log, stderr=log)
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            try:
                self.http = json.loads(self.info.read_text())["http"]
                urllib.request.urlopen(self.http + "/healthz", timeout=5).read()
                return True
            except (OSError, ValueError):
                if self.process.poll() is not None:
                    return False  # killed by its fault point while it started
                time.sleep(0.005)
        raise AssertionError("the server did not start: " + (self.project / "log").read_text()[-3000:])

    def in_checkpoint(self):
        return (self.project / ".weir/warehouse.duckdb.undo").exists()

    def kill(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def request(self, method, path, body=b"", headers=None, timeout=30):
        host = self.http.removeprefix("http://")
        conn = http.client.HTTPConnection(host, timeout=timeout)
        try:
            conn.request(method, path, body, {"Authorization": AUTH, **(headers or {})})
            return json.loads(conn.getresponse().read())
        finally:
            conn.close()

    def rows(self, sql):
        return self.request("POST", "/api/v1/query", json.dumps({"sql": sql}), {"Content-Type": "application/json"})["rows"]


class Ledger:
    """What each label was told. acked: Success. open: sent, no answer yet known. prepared: label -> txn id."""

    def __init__(self):
        self.lock = threading.Lock()
        self.acked, self.open, self.prepared, self.committing = set(), set(), {}, set()
        self.next = 0

    def new_label(self, table):
        with self.lock:
            self.next += 1
            return f"{table}-{self.next}"


def body_of(label):
    return "".join(f"{label},{row}\n" for row in range(ROWS)).encode()


def load(server, ledger, label):
    with ledger.lock:
        ledger.open.add(label)
    table = label.split("-")[0]
    answer = server.request("PUT", f"/api/shop/{table}/_stream_load", body_of(label), {"label": label, "column_separator": ","})
    done = answer["Status"] == "Success" or (answer["Status"] == "Label Already Exists" and answer["ExistingJobStatus"] == "FINISHED")
    with ledger.lock:
        if done:
            ledger.acked.add(label)
            ledger.open.discard(label)
    assert done or answer["Status"] in ("Label Already Exists", "Fail"), answer


def two_phase(server, ledger, label):
    answer = server.request("PUT", "/api/shop/sales/_stream_load", body_of(label),
                            {"label": label, "column_separator": ",", "two_phase_commit": "true"})
    if answer["Status"] != "Success":
        return
    with ledger.lock:
        ledger.prepared[label] = answer["TxnId"]
    if random.random() < 0.6:
        commit(server, ledger, label)


def commit(server, ledger, label):
    with ledger.lock:
        txn = ledger.prepared[label]
        ledger.committing.add(label)
    answer = server.request("PUT", "/api/shop/_stream_load_2pc", b"", {"txn_id": str(txn), "txn_operation": "commit"})
    if answer["status"] == "Success" or "is already" in answer["msg"]:
        with ledger.lock:
            ledger.acked.add(label)
            ledger.prepared.pop(label)
            ledger.committing.discard(label)


def client(server, ledger, stop, number):
    while not stop.is_set():
        label = ledger.new_label("sales" if number % 2 == 0 else "stock")
        try:
            (two_phase if number == 0 else load)(server, ledger, label)
        except (OSError, http.client.HTTPException, ValueError):
            return  # the server is gone; what was in flight is repeated after the restart


def settle(server, ledger):
    """Repeats what had no answer, as a client would, and commits what was prepared."""
    for label in sorted(ledger.open):
        load(server, ledger, label)
    for label in sorted(ledger.prepared):
        commit(server, ledger, label)


def check(server, ledger):
    found = dict()
    for table in ("sales", "stock"):
        for label, rows, distinct in server.rows(
                f"SELECT label, count(*) AS n, count(DISTINCT n) AS d FROM shop.{table} GROUP BY label"):
            assert (rows, distinct) == (ROWS, ROWS), f"{label} is there in part or twice: {rows} rows, {distinct} distinct"
            found[label] = rows
    lost = ledger.acked - set(found)
    assert not lost, f"acknowledged and lost: {sorted(lost)[:5]}"


def wait_for_the_end(server, stop, clients, fault, aimed):
    """Until the fault point kills the server, its checkpoint is seen to run, or the round's time is over."""
    deadline = time.monotonic() + (PATIENCE if fault or aimed else random.uniform(0.05, 1.2))
    while time.monotonic() < deadline and server.process.poll() is None and any(thread.is_alive() for thread in clients):
        if aimed and not fault and server.in_checkpoint():
            return
        stop.wait(0.0005 if aimed and not fault else 0.005)


def test_every_acknowledged_load_is_there_once_after_kills(tmp_path):
    random.seed(20261121)
    (tmp_path / "weir.yml").write_text("name: kills\ntimezone: UTC\ndomains:\n  - {name: shop}\n")
    (tmp_path / "tables.yml").write_text("""tables:
  - {name: sales, domain: shop, model: duplicate, columns: [{name: label, type: VARCHAR}, {name: n, type: INT}]}
  - {name: stock, domain: shop, model: unique, key: [label, n], columns: [{name: label, type: VARCHAR}, {name: n, type: INT}]}
""")
    subprocess.run([WEIR, "apply", "--yes", "-p", tmp_path], check=True, capture_output=True)
    server, ledger = Server(tmp_path), Ledger()
    try:
        inside = 0
        for round_number in range(KILLS):
            aimed = round_number % 2 == 0
            fault = (CHECKPOINT_FAULTS[round_number // 2 % len(CHECKPOINT_FAULTS)] if aimed
                     else LOAD_FAULTS[round_number // 2 % len(LOAD_FAULTS)])
            fault = fault and fault.format(n=random.randrange(2, 40))
            if not server.start(fault):
                server.kill()
                inside += aimed and server.in_checkpoint()
                continue
            stop = threading.Event()
            clients = [threading.Thread(target=client, args=(server, ledger, stop, n)) for n in range(6)]
            for thread in clients:
                thread.start()
            wait_for_the_end(server, stop, clients, fault, aimed)
            server.kill()
            stop.set()
            inside += aimed and server.in_checkpoint()
            for thread in clients:
                thread.join()
            if round_number % 5 == 4:
                assert server.start()
                settle(server, ledger)
                check(server, ledger)
                server.kill()
        assert server.start()
        settle(server, ledger)
        check(server, ledger)
        assert len(ledger.acked) > KILLS, "the clients loaded almost nothing"
        print(f"{KILLS} kills, {inside} of them inside a checkpoint, {len(ledger.acked)} loads acknowledged")
        assert inside >= KILLS // 3, f"of {KILLS} kills only {inside} were inside a checkpoint"
        server.process.terminate()
        assert server.process.wait(timeout=PATIENCE) == 0
        assert server.start(), "a clean stop must open again"
        check(server, ledger)
    finally:
        server.kill()
