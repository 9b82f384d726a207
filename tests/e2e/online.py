"""What the tests of features online share: a server with its store, times, requests."""
import contextlib
import datetime
import shutil
import socket
import subprocess

import pytest

from conftest import Server

NOW = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)


def at(hours=0.0, **more):
    return (NOW - datetime.timedelta(hours=hours, **more)).isoformat()


def stamp(hours=0.0, **more):
    return (NOW - datetime.timedelta(hours=hours, **more)).strftime("%Y-%m-%d %H:%M:%S.%f")


@contextlib.contextmanager
def redis_at(folder):
    """A Redis of its own; gives its address."""
    if not shutil.which("redis-server"):
        pytest.skip("SKIPPED: redis-server is not installed (Debian: redis-server)")
    process = subprocess.Popen(["redis-server", "--port", "0", "--unixsocket", folder / "redis", "--save", "", "--dir", folder],
                               stdout=subprocess.PIPE, text=True)
    try:
        while "eady to accept connections" not in (line := process.stdout.readline()):
            assert line, "redis-server does not start"
        yield f"unix://{folder / 'redis'}"
    finally:
        process.kill()
        process.wait()


def redis_info(folder):
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(folder / "redis"))
        client.sendall(b"INFO server\r\nQUIT\r\n")
        return b"".join(iter(lambda: client.recv(65536), b"")).decode()


@contextlib.contextmanager
def online_server(folder, project, store):
    """A server of `project` whose online store is `store`, "lmdb" or "redis"; a test may stop it itself."""
    (folder / "weir.yml").write_text(project)
    with contextlib.ExitStack() as stack:
        env = {"WEIR_FEATURES_ONLINE": store}
        if store == "redis":
            env["WEIR_FEATURES_REDIS"] = stack.enter_context(redis_at(folder))
        server = Server(folder, env)
        server.cli("apply", "--yes")
        server.start()
        yield server
        if server.process:
            assert server.stop() == 0, server.tail()


def ask(server, features, entities, status=200, **more):
    body = {"entities": entities, **more}
    body.update({"feature_service": features} if isinstance(features, str) else {"features": features})
    answer = server.call("POST", "/get-online-features", body)
    assert answer.status == status, answer.text
    return answer.json()


def column(answer, name):
    found = answer["results"][answer["metadata"]["feature_names"].index(name)]
    return list(zip(found["values"], found["statuses"]))


def push(server, view, rows, to="online"):
    names = list(rows[0])
    answer = server.call("POST", "/push", {"push_source_name": view, "to": to, "df": {n: [r[n] for r in rows] for n in names}})
    assert answer.status == 200, answer.text
    return answer.json()


def materialise(server, *views, **body):
    path = "/materialize" if "start_ts" in body else "/materialize-incremental"
    answer = server.call("POST", path, {**({"feature_views": list(views)} if views else {}), **body})
    assert answer.status == 200, answer.text
    return {row["view"]: row for row in answer.json()["views"]}
