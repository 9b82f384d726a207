"""The HTTP API: routes, formats, errors, disconnects, versions."""
import json
import os
import socket
import threading
import time
import urllib.parse

import pytest

from conftest import until


def post(weir, sql, accept=None, path="/api/v1/query", **body):
    headers = {"Accept": accept} if accept else {}
    return weir.call("POST", path, {"sql": sql, "database": "shop", **body}, headers)


def test_health_and_openapi_are_public(weir):
    assert weir.call("GET", "/healthz", user=None).json() == {"status": "ok"}
    api = weir.call("GET", "/api/openapi.json", user=None).json()
    assert api["openapi"].startswith("3.1") and "/api/v1/query" in api["paths"]
    for path, operations in api["paths"].items():
        for operation in operations.values():
            declared = {p["name"] for p in operation["parameters"]}
            assert declared == {w[1:-1] for w in path.split("/") if w.startswith("{")}
            assert operation["summary"] and "200" in operation["responses"]


def test_every_route_but_the_public_ones_needs_a_sign_in(weir):
    api = weir.call("GET", "/api/openapi.json", user=None).json()
    for path, operations in api["paths"].items():
        for method, operation in operations.items():
            if operation.get("security") == []:
                continue
            real = path.replace("{db}", "shop").replace("{table}", "ods_event_i")
            answer = weir.call(method.upper(), real, {} if method != "get" else None, user=None)
            denied = answer.status == 401 or "no valid Basic authorization" in answer.text
            assert denied, (method, path, answer.status, answer.text)


def test_rows_come_as_json_ndjson_csv(weir):
    sql = "SELECT 1 AS a, 'x,\"y' AS b, NULL AS c, CAST(1.50 AS DECIMAL(5,2)) AS d UNION ALL SELECT 2, '中', 'z', 2"
    answer = post(weir, sql).json()
    assert [c["name"] for c in answer["columns"]] == ["a", "b", "c", "d"]
    assert answer["rows"] == [[1, 'x,"y', None, 1.5], [2, "中", "z", 2.0]] and answer["row_count"] == 2
    lines = post(weir, sql, "application/x-ndjson")
    assert lines.headers["Content-Type"] == "application/x-ndjson"
    assert [json.loads(line) for line in lines.text.splitlines()][1] == {"a": 2, "b": "中", "c": "z", "d": 2.0}
    assert post(weir, sql, "text/csv").text == 'a,b,c,d\r\n1,"x,""y",,1.50\r\n2,中,z,2.00\r\n'


def test_parquet_comes_back_as_a_parquet_file(weir):
    answer = post(weir, "SELECT * FROM range(100000) t(i)", "application/vnd.apache.parquet")
    assert answer.headers["Content-Type"] == "application/vnd.apache.parquet"
    assert answer.body[:4] == b"PAR1" and answer.body[-4:] == b"PAR1" and len(answer.body) > 1000
    assert not [f for f in os.listdir(os.path.join(weir.data, "spool")) if f.endswith(".parquet")]


def test_parameters_are_bound(weir):
    assert post(weir, "SELECT ? + 1 AS a, ? AS b", params=[41, "x'); DROP TABLE t; --"]).json()["rows"] == [[42, "x'); DROP TABLE t; --"]]
    assert post(weir, "SELECT 1", params={"a": [1]}).status == 400


def test_max_rows_cuts_and_says_so(weir):
    answer = post(weir, "SELECT * FROM range(1000000) t(i)", max_rows=3).json()
    assert answer["rows"] == [[0], [1], [2]] and answer["truncated"] is True


def test_a_large_result_streams_whole(weir):
    answer = post(weir, "SELECT i, 'row ' || i AS s FROM range(300000) t(i)").json()
    assert answer["row_count"] == 300000 and answer["rows"][-1] == [299999, "row 299999"]


def test_errors_are_problems_with_code_and_hint(weir):
    answer = post(weir, "SELECT * FROM ods_evnt_i")
    problem = answer.json()
    assert answer.status == 404 or answer.status == 400
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert problem["code"].startswith("W2") and "ods_evnt_i" in problem["detail"] and "ods_event_i" in problem["hint"]
    assert weir.call("POST", "/api/v1/query", "{bad", {"Content-Type": "application/json"}).json()["code"] == "W1013"
    assert weir.call("POST", "/api/v1/query", {"sq": "x"}).json()["hint"] == "did you mean `sql`?"
    missing = weir.call("GET", "/api/v1/nothing")
    assert missing.status == 404 and missing.json()["code"] == "W8007"
    assert "POST" in weir.call("GET", "/api/v1/query").json()["hint"]
    assert weir.call("GET", "/api/v1/nothing", headers={"Accept-Language": "zh-CN"}).json()["title"] == "没有这个地址"


def test_an_error_in_the_middle_breaks_the_stream(weir):
    sql = "SELECT CASE WHEN i = 2999999 THEN CAST('x' || i AS INT) ELSE i END AS v FROM range(3000000) t(i)"
    body = json.dumps({"sql": sql}).encode()
    import base64
    from conftest import PASSWORD
    auth = base64.b64encode(f"admin:{PASSWORD}".encode()).decode()
    host, port = weir.host_port.split(":")
    connection = socket.create_connection((host, int(port)), timeout=60)
    connection.sendall(f"POST /api/v1/query?format=ndjson HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {auth}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
    tail, head = b"", b""
    while piece := connection.recv(1 << 20):
        head = head or piece
        tail = (tail + piece)[-64:]
    assert head.startswith(b"HTTP/1.1 200") and b"chunked" in head
    assert not tail.endswith(b"0\r\n\r\n")



def test_a_client_that_leaves_stops_its_query(weir):
    """The statement would run for minutes; with one heavy slot the next heavy one could not start."""
    host, port = weir.host_port.split(":")
    import base64
    from conftest import PASSWORD
    auth = base64.b64encode(f"admin:{PASSWORD}".encode()).decode()
    heavy = "SELECT count(*) FROM range(10000000) a(i), range(10000) b(j) WHERE (i * j) % 7 = 3"
    for _ in range(2):
        body = json.dumps({"sql": heavy}).encode()
        connection = socket.create_connection((host, int(port)))
        connection.sendall(f"POST /api/v1/query HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {auth}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
        wait_for_active(weir, 2)  # it runs, beside the request that asks
        connection.close()
        wait_for_active(weir, 1)


def wait_for_active(weir, n):
    until(lambda: f"weir_http_requests_active {n}" in weir.call("GET", "/metrics").text.splitlines(), f"there are not {n} requests")


def test_metrics_count(weir):
    def value(name):
        for line in weir.call("GET", "/metrics", user=None).text.splitlines():
            if line.startswith(name + " "):
                return float(line.split()[1])
        raise AssertionError(name)

    loads, rows, queries = value("weir_loads_total"), value("weir_load_rows_total"), value("weir_queries_total")
    weir.load("ods_event_i", "1,a,1,2026-01-01\n2,a,1,2026-01-01\n", column_separator=",")
    weir.query("SELECT 1")
    assert value("weir_loads_total") == loads + 1 and value("weir_load_rows_total") == rows + 2
    assert value("weir_queries_total") >= queries + 1
    assert value("weir_engine_file_bytes") >= 0 and value("weir_http_requests_total") > 0


def test_objects_search_lineage(weir):
    objects = weir.call("GET", "/api/v1/objects?kind=model").json()["objects"]
    assert [o["full_name"] for o in objects] == ["shop.dwd_shop_event_i"]
    shown = weir.call("GET", "/api/v1/objects/shop.ods_event_i").json()
    assert shown["name"] == "ods_event_i"
    found = weir.call("GET", "/api/v1/search?q=" + urllib.parse.quote("事件明细")).json()["results"]
    assert found and found[0]["name"].endswith("dwd_shop_event_i")
    tree = weir.call("GET", "/api/v1/lineage/shop.dwd_shop_event_i?column=amount").json()
    assert "ods_event_i" in json.dumps(tree)
    dot = weir.call("GET", "/api/v1/lineage/shop.ods_event_i?direction=down&format=dot")
    assert dot.text.startswith("digraph")
    assert weir.call("GET", "/api/v1/lineage/shop.ods_evnt_i").status in (404, 422)


def test_run_builds_and_tells_its_steps(weir):
    weir.load("ods_event_i", "501,a,1,2026-01-01\n", column_separator=",")
    answer = weir.call("POST", "/api/v1/run", {"select": ["dwd_shop_event_i"]}, {"Accept": "application/x-ndjson"})
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert lines[-1]["type"] == "result" and lines[-1]["ok"] is True, lines
    assert any(l["type"] == "step" and l["state"] == "done" and l["model"] == "shop.dwd_shop_event_i" for l in lines)
    assert weir.query("SELECT count(*) FROM dwd_shop_event_i WHERE id = 501") == [[1]]
    runs = weir.call("GET", "/api/v1/runs?limit=5").json()["runs"]
    assert "dwd_shop_event_i" in runs[0]["model"]


def test_load_api_takes_a_file_by_its_name(weir):
    answer = weir.call("PUT", "/api/v1/load/shop.ods_event_i?filename=x.csv&format=csv_with_names&column_separator=,",
                       "id,name,amount,made_at\n601,a,1,2026-01-01\n")
    assert answer.status == 200 and answer.json()["loaded"] == 1, answer.text
    refused = weir.call("PUT", "/api/v1/load/shop.ods_event_i?column_separator=,&strict_mode=true", "x,a,1,2026-01-01\n")
    problem = refused.json()
    assert refused.status == 422 and problem["code"] == "W4005" and problem["filtered"] == 1, problem
    assert "[x,a,1,2026-01-01]" in weir.curl(weir.http + problem["error_log"] if problem["error_log"].startswith("/") else problem["error_log"])
    loads = weir.call("GET", "/api/v1/loads?limit=2").json()["loads"]
    assert len(loads) == 2 and loads[0]["table"] == "ods_event_i"


def test_plan_apply_history_diff_rollback(fresh):
    path = os.path.join(fresh.project, "domains/shop/shop.yml")
    before = open(path).read()
    assert fresh.call("POST", "/api/v1/plan", {}).json()["changes"] == []
    open(path, "w").write(before.replace("- {name: age, type: int}", "- {name: age, type: int}\n      - {name: vip, type: boolean}"))
    plan = fresh.call("POST", "/api/v1/plan", {}).json()
    assert plan["changed"] == 1 and "vip" in plan["changes"][0]["diff"]
    stale = fresh.call("POST", "/api/v1/apply", {"plan": "00000000"})
    assert stale.status == 409 and stale.json()["code"] == "W3001"
    version = fresh.call("GET", "/api/v1/history").json()["current"]
    applied = fresh.call("POST", "/api/v1/apply", {"plan": plan["id"]}).json()
    assert applied["version"] == version + 1
    assert fresh.query("SELECT vip FROM ods_user_f") == []
    assert "vip" in json.dumps(fresh.call("GET", f"/api/v1/diff?from={version}&to={version + 1}").json())
    back = fresh.call("POST", "/api/v1/rollback", {"version": version}).json()
    assert back["written"] == ["domains/shop/shop.yml"] and open(path).read() == before
    assert fresh.call("POST", "/api/v1/apply", {"plan": plan["id"]}).json()["code"] == "W3001"


def test_definition_errors_come_all_at_once_as_diagnostics(fresh):
    with open(os.path.join(fresh.project, "domains/shop/shop.yml"), "a") as file:
        file.write("  - {name: ods_x_f, colums: []}\n")
    with open(os.path.join(fresh.project, "domains/vault/vault.yml"), "a") as file:
        file.write("models: 3\n")
    answer = fresh.call("POST", "/api/v1/plan", {})
    problem = answer.json()
    assert answer.status == 422 and problem["code"] == "W1012"
    files = {d["file"] for d in problem["diagnostics"]}
    assert files == {"domains/shop/shop.yml", "domains/vault/vault.yml"}
    assert all(d["line"] > 0 for d in problem["diagnostics"])
    assert fresh.call("POST", "/api/v1/apply", {}).status == 422


def test_a_removal_of_data_needs_its_name(fresh):
    fresh.load("ods_secret_f", "1,0000\n", db="vault", column_separator=",")
    os.unlink(os.path.join(fresh.project, "domains/vault/vault.yml"))
    refused = fresh.call("POST", "/api/v1/apply", {})
    assert refused.status == 409 and refused.json()["code"] == "W3002" and "ods_secret_f" in refused.text
    assert fresh.query("SELECT count(*) FROM vault.ods_secret_f") == [[1]]
    assert fresh.call("POST", "/api/v1/apply", {"allow_drop": ["vault.ods_secret_f"]}).status == 200
    assert fresh.call("POST", "/api/v1/query", {"sql": "SELECT * FROM vault.ods_secret_f"}).status >= 400


def test_a_backup_is_a_whole_copy(fresh, tmp_path):
    fresh.load("ods_event_i", "1,a,1,2026-01-01\n", column_separator=",")
    target = tmp_path / "copy"
    answer = fresh.call("POST", "/api/v1/backup", {"path": str(target)})
    assert answer.status == 200, answer.text
    assert sorted(os.listdir(target))[:3] == ["backup.json", "catalog.sqlite", "warehouse.duckdb"]
    assert fresh.call("POST", "/api/v1/backup", {"path": str(target)}).status == 422
    assert fresh.call("POST", "/api/v1/backup", {"path": "relative"}).status == 400


def test_a_changed_file_is_noticed(fresh):
    assert fresh.call("GET", "/api/v1/status").json()["changed_files"] is False
    with open(os.path.join(fresh.project, "domains/shop/new.yml"), "w") as file:
        file.write("tables:\n  - {name: ods_new_f, layer: ods, columns: [{name: a, type: bigint}]}\n")
    until(lambda: fresh.call("GET", "/api/v1/status").json()["changed_files"], "the change was not noticed")


def test_one_process_a_data_folder(weir):
    done = weir.cli("up", "--http", "127.0.0.1:0", "--mysql", "127.0.0.1:0", check=False)
    assert done.returncode == 1 and "W8003" in done.stderr and weir.http in done.stderr


def test_a_stop_lets_requests_finish_and_removes_server_json(fresh):
    results = []
    thread = threading.Thread(target=lambda: results.append(post(fresh, "SELECT count(*) FROM range(400000000) t(i) WHERE i % 3 = 1")))
    thread.start()
    wait_for_active(fresh, 2)
    assert fresh.stop() == 0
    thread.join()
    assert results[0].status == 200 and results[0].json()["rows"] == [[133333333]]
    assert not os.path.exists(os.path.join(fresh.data, "server.json"))


def test_a_second_signal_does_not_wait_for_queries(fresh):
    results = []
    heavy = "SELECT count(*) FROM range(10000000) a(i), range(10000) b(j) WHERE (i * j) % 7 = 3"
    thread = threading.Thread(target=lambda: results.append(post(fresh, heavy)))
    thread.start()
    wait_for_active(fresh, 2)
    started = time.monotonic()
    fresh.process.terminate()
    until(lambda: "stopping" in fresh.tail(), fresh.tail)
    fresh.process.terminate()
    assert fresh.process.wait(timeout=60) == 0
    fresh.process = None
    thread.join()
    assert results[0].status == 499 and time.monotonic() - started < 25, results[0].text


@pytest.mark.parametrize("lengths", [b"Content-Length: 3\r\nContent-Length: 30\r\n", b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
                                     b"Transfer-Encoding: gzip\r\nContent-Length: 3\r\n"])
def test_a_body_of_doubtful_length_closes_the_connection(weir, lengths):
    host, port = weir.host_port.split(":")
    connection = socket.create_connection((host, int(port)), timeout=20)
    connection.sendall(b"POST /api/v1/query HTTP/1.1\r\nHost: x\r\n" + lengths + b"\r\nabcGET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    text = b""
    try:
        while piece := connection.recv(65536):
            text += piece
    except ConnectionResetError:
        pass
    assert text.startswith(b"HTTP/1.1 400") and b"ok" not in text.split(b"\r\n\r\n", 1)[1]
