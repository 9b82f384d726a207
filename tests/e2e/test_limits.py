"""Bounded memory and patience: a 1 GiB upload, 200 idle and 100 slow clients."""
import base64
import json
import os
import socket
import subprocess
import threading
import time
import urllib.request

import pytest

from conftest import PATIENCE, until

# tools/sanitize: the memory and the seconds of an instrumented program are not the program's.
pytestmark = pytest.mark.skipif("WEIR_SLOW" in os.environ, reason="slow: measures memory and time (WEIR_SLOW)")
WEIR = os.environ.get("WEIR_BIN", "build/weir")
PASSWORD = "limits-password"
AUTH = base64.b64encode(f"admin:{PASSWORD}".encode()).decode()
MIB = 1024 * 1024
UPLOAD = int(os.environ.get("WEIR_UPLOAD_MIB", "256")) * MIB


def start(folder):
    (folder / "weir.yml").write_text("name: limits\ntimezone: UTC\ndomains:\n  - {name: shop}\n")
    (folder / "t.yml").write_text("tables:\n  - {name: t, domain: shop, columns: [{name: a, type: BIGINT}, {name: b, type: VARCHAR}]}\n")
    env = dict(os.environ, WEIR_ADMIN_PASSWORD=PASSWORD, WEIR_ENGINE_MEMORY="512MB", WEIR_LANG="en")
    subprocess.run([WEIR, "apply", "--yes", "-p", folder], check=True, capture_output=True, env=env)
    log = open(folder / "log", "w")
    process = subprocess.Popen([WEIR, "up", "-p", folder, "--http", "127.0.0.1:0", "--mysql", "127.0.0.1:0"], env=env, stdout=log, stderr=log)
    info = folder / ".weir/server.json"
    until(lambda: info.exists() or process.poll() is not None, (folder / "log").read_text)
    assert process.poll() is None, (folder / "log").read_text()
    return process, json.loads(info.read_text())


def resident(process):
    for line in open(f"/proc/{process.pid}/status"):
        if line.startswith("VmRSS"):
            return int(line.split()[1]) * 1024
    raise AssertionError("no VmRSS")


def address(info):
    host, port = info["http"].removeprefix("http://").rsplit(":", 1)
    return host, int(port)


def query(info, sql):
    request = urllib.request.Request(info["http"] + "/api/v1/query", json.dumps({"sql": sql}).encode(),
                                     {"Content-Type": "application/json", "Authorization": f"Basic {AUTH}"})
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
        return json.load(answer)["rows"]


def test_an_upload_is_received_in_bounded_memory(tmp_path):
    process, info = start(tmp_path)
    try:
        query(info, "SELECT count(*) FROM shop.t")
        before, peak, done = resident(process), [0], threading.Event()

        def watch():
            while not done.wait(0.02):
                peak[0] = max(peak[0], resident(process))

        watcher = threading.Thread(target=watch)
        watcher.start()
        line = b"7," + b"x" * 1021 + b"\n"
        block = line * 1024
        with socket.create_connection(address(info)) as client:
            client.sendall(f"PUT /api/shop/t/_stream_load HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {AUTH}\r\ncolumn_separator: ,\r\n"
                           f"where: a < 0\r\nContent-Length: {UPLOAD}\r\nConnection: close\r\n\r\n".encode())
            for _ in range(UPLOAD // len(block)):
                client.sendall(block)
            answer = b""
            while part := client.recv(65536):
                answer += part
        done.set()
        watcher.join()
        result = json.loads(answer.split(b"\r\n\r\n", 1)[1])
        assert result["Status"] == "Success", result
        assert result["NumberUnselectedRows"] == UPLOAD // 1024
        assert peak[0] - before < 200 * MIB, f"resident memory grew by {(peak[0] - before) / MIB:.0f} MiB"
        assert not list((tmp_path / ".weir/spool").iterdir()), "the spool is empty after a load"
    finally:
        process.terminate()
        assert process.wait(PATIENCE) == 0


def metrics(info):
    with urllib.request.urlopen(info["http"] + "/metrics", timeout=PATIENCE) as answer:
        return answer.read().decode().splitlines()


def seconds_of_a_query(info):
    """The median of twenty."""
    took = []
    for _ in range(20):
        begin = time.monotonic()
        assert query(info, "SELECT 41 + 1 AS n") == [[42]]
        took.append(time.monotonic() - begin)
    return sorted(took)[10]


def test_idle_and_slow_clients_do_not_stop_others(tmp_path):
    process, info = start(tmp_path)
    clients = []
    try:
        alone = seconds_of_a_query(info)
        host, port = info["mysql"].rsplit(":", 1)
        for number in range(200):
            clients.append(socket.create_connection(address(info) if number % 2 else (host, int(port))))
        for _ in range(100):
            slow = socket.create_connection(address(info))
            slow.sendall(f"PUT /api/shop/t/_stream_load HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {AUTH}\r\ncolumn_separator: ,\r\n"
                         "Content-Length: 1000000\r\n\r\n1,slow\n".encode())
            clients.append(slow)
        beside = seconds_of_a_query(info)
        assert beside < max(1.0, 10 * alone), f"a small query took {beside:.2f} s beside slow clients, {alone:.2f} s alone"
        for client in clients:
            client.close()
        clients.clear()
        until(lambda: "weir_http_requests_active 1" in metrics(info), "the cut off loads are still there")
        assert query(info, "SELECT count(*) FROM shop.t") == [[0]], "a load cut off in the middle leaves nothing"
    finally:
        for client in clients:
            client.close()
        process.terminate()
        assert process.wait(PATIENCE) == 0
