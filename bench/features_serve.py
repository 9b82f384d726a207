"""Features online over HTTP and JSON against Redis's own GET, on the same cores: rows of docs/benchmarks.md.

Clients are wrk and redis-benchmark, one thread each; installed when they are missing.
"""
import base64
import datetime
import json
import os
import random
import re
import shutil
import subprocess
import tempfile
import time
import urllib.request

VIEWS, ENTITIES = {"narrow": 10, "wide": 250}, 10_000
PATH = "/get-online-features"


def need(program, package):
    if not shutil.which(program):
        subprocess.run((["sudo"] if os.geteuid() else []) + ["apt-get", "install", "-y", "-qq", package], check=True, stdout=subprocess.DEVNULL)


def view_of(name, features):
    columns = "\n".join(f"      - {{name: f{i}, type: double}}" for i in range(features))
    table = f"""
  - name: ods_{name}
    domain: bench
    model: duplicate
    columns:
      - {{name: driver_id, type: bigint}}
      - {{name: seen, type: "datetime(6)"}}
{columns}"""
    view = f"""
  - name: {name}
    domain: bench
    entities: [driver]
    source: ods_{name}
    time: seen
    online: true
    features:
{columns}"""
    return table, view


def view_yaml():
    """Two views: `narrow` of 10 features, `wide` of 250."""
    tables, views = zip(*(view_of(name, features) for name, features in VIEWS.items()))
    return f"""
entities:
  - {{name: driver, domain: bench, key: driver_id, type: int64}}
tables:{"".join(tables)}
feature_views:{"".join(views)}
"""


class Feast:
    """The server with its views filled, and requests to it."""

    def __init__(self, server, password):
        self.server = server
        self.sign_in = "Basic " + base64.b64encode(f"admin:{password}".encode()).decode()

    def post(self, path, body):
        request = urllib.request.Request(self.server.info["http"] + path, json.dumps(body).encode(),
                                         {"Authorization": self.sign_in, "Content-Type": "application/json"})
        return json.loads(urllib.request.urlopen(request, timeout=120).read())

    def fill(self):
        rng, now = random.Random(1), datetime.datetime.now(datetime.timezone.utc).isoformat()
        for view, features in VIEWS.items():
            for first in range(0, ENTITIES, 1000):
                df = {"driver_id": list(range(first, first + 1000)), "seen": [now] * 1000}
                df.update({f"f{i}": [round(rng.random(), 6) for _ in range(1000)] for i in range(features)})
                self.post("/push", {"push_source_name": view, "df": df})

    def wrk(self, work, view, entities, features, connections, seconds):
        """Requests a second, p99 in ms, requests that failed."""
        body = json.dumps({"features": [f"{view}:f{i}" for i in range(features)], "entities": {"driver_id": list(range(entities))}})
        script = work / f"ask-{entities}-{features}.lua"
        script.write_text(f'wrk.method = "POST"\nwrk.headers["Content-Type"] = "application/json"\n'
                          f'wrk.headers["Authorization"] = "{self.sign_in}"\nwrk.body = [[{body}]]\n'
                          'done = function(summary, latency, requests)\n'
                          '  local failed = summary.errors.status + summary.errors.read + summary.errors.write + summary.errors.timeout + summary.errors.connect\n'
                          '  print(string.format("%d %d %.3f %d", summary.requests, summary.duration, latency:percentile(99) / 1000, failed))\nend\n')
        told = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{seconds}", "-s", script, self.server.info["http"] + PATH],
                              check=True, capture_output=True, text=True).stdout.splitlines()[-1].split()
        return int(told[0]) / (int(told[1]) / 1e6), float(told[2]), int(told[3])


def redis_rates(connections):
    """Requests a second of GET (a value of 300 bytes) and of HMGET (10 fields), without pipelining."""
    with tempfile.TemporaryDirectory() as folder:
        port = str(20000 + os.getpid() % 20000)
        server = subprocess.Popen(["redis-server", "--port", port, "--save", "", "--dir", folder], stdout=subprocess.DEVNULL)
        try:
            while subprocess.run(["redis-cli", "-p", port, "ping"], capture_output=True).returncode:
                time.sleep(0.05)
            fields = [word for i in range(10) for word in (f"f{i}", "x" * 24)]
            subprocess.run(["redis-cli", "-p", port, "hset", "row", *fields], check=True, stdout=subprocess.DEVNULL)
            subprocess.run(["redis-cli", "-p", port, "set", "value", "x" * 300], check=True, stdout=subprocess.DEVNULL)
            rates = []
            for command in (["GET", "value"], ["HMGET", "row", *fields[::2]]):
                told = subprocess.run(["redis-benchmark", "-p", port, "-c", str(connections), "-n", "200000", "-q", *command],
                                      check=True, capture_output=True, text=True).stdout
                rates.append(float(re.findall(r"([0-9.]+) requests per second", told)[-1]))
            return rates
        finally:
            server.terminate()
            server.wait()


def rows(server, password, work, quick):
    """Rows of (what, peer, ours, theirs, ratio, goal)."""
    need("wrk", "wrk")
    need("redis-benchmark", "redis-tools")
    need("redis-server", "redis-server")
    feast, seconds, connections = Feast(server, password), 3 if quick else 10, 16
    feast.fill()
    get, hmget = redis_rates(connections)
    rate, p99, failed = feast.wrk(work, "narrow", 1, 10, connections, seconds)
    yield (f"features online, 1 entity x 10 features, {connections} clients, HTTP and JSON", "Redis GET; HMGET of 10, as many clients",
           f"{rate:,.0f}/s, p99 {p99:.2f} ms, {failed} failed", f"{get:,.0f}/s; {hmget:,.0f}/s", rate / get, ">= 0.5 of GET")
    rate, p99, failed = feast.wrk(work, "wide", 100, 50, 1, seconds)
    yield ("features online, 100 entities x 50 of a view's 250 features, one client: p99", "(absolute)", f"{p99:.2f} ms at {rate:,.0f}/s, {failed} failed", "",
           3 / p99, ">= 1 (3 ms)")
    rate, p99, failed = feast.wrk(work, "wide", 100, 250, 16, seconds)
    yield ("features online, 100 entities x 250 features, 16 clients: share of requests that succeed", "(absolute)",
           f"{100 * (1 - failed / max(rate * seconds, 1)):.2f} % of {rate:,.0f}/s, p99 {p99:.1f} ms", "", 1.0 if failed == 0 else 0.0, ">= 1 (100 %)")
