"""Loads whose rows are inserted while their body comes: a client that stalls, leaves, is wrong, or outlives the server."""
import base64
import gzip
import json
import os
import shutil
import signal
import socket

import pytest

from conftest import PASSWORD, PATIENCE, Server, until

EVENTS = "ods_event_i"
SEGMENT = 512 * 1024  # half of load.stream_memory below
AUTH = "Basic " + base64.b64encode(f"admin:{PASSWORD}".encode()).decode()


def serve(applied_project, folder, wait):
    env = {"WEIR_LOAD_STREAM_MEMORY": str(2 * SEGMENT), "WEIR_LOAD_STREAM_WAIT": wait}
    return Server(shutil.copytree(applied_project, folder / "project"), env=env)


@pytest.fixture(scope="module")
def weir(applied_project, tmp_path_factory):
    with serve(applied_project, tmp_path_factory.mktemp("early"), "1h").served() as server:
        yield server


@pytest.fixture
def hasty(applied_project, tmp_path):
    """A server that does not wait long for a client."""
    server = serve(applied_project, tmp_path, "2s")
    server.start()
    yield server
    if server.process:
        server.stop()


def lines(first, n, name="a"):
    return b"".join(b'{"id":%d,"name":"%s \xe4\xb8\x83","amount":1.5,"made_at":"2026-01-01 10:00:00"}\n' % (first + i, name.encode()) for i in range(n))


class Upload:
    """A Stream Load of NDJSON whose body is sent piece by piece."""

    def __init__(self, weir, length, **headers):
        host, port = weir.host_port.split(":")
        self.socket = socket.create_connection((host, int(port)), timeout=PATIENCE)
        fields = {"Host": weir.host_port, "Authorization": AUTH, "format": "json", "read_json_by_line": "true",
                  "Content-Length": length, "Connection": "close", **headers}
        head = f"PUT /api/shop/{EVENTS}/_stream_load HTTP/1.1\r\n" + "".join(f"{key}: {value}\r\n" for key, value in fields.items()) + "\r\n"
        self.socket.sendall(head.encode())

    def send(self, data):
        self.socket.sendall(data)

    def answer(self):
        text = b""
        while piece := self.socket.recv(65536):
            text += piece
        return json.loads(text.split(b"\r\n\r\n", 1)[1])

    def leave(self):
        self.socket.close()


def ids(weir, first, last):
    return weir.query(f"SELECT count(*), count(DISTINCT id), sum(id) FROM {EVENTS} WHERE id BETWEEN {first} AND {last}")[0]


def spooled(weir):
    return os.listdir(os.path.join(weir.data, "spool"))


def state(weir, label):
    return [load["state"] for load in weir.call("GET", f"/api/v1/loads?label={label}").json()["loads"]]


def test_a_body_of_any_size_never_goes_to_a_file(weir):
    body = lines(1_000_000, 200_000)
    assert len(body) > 12 * SEGMENT
    upload = Upload(weir, len(body), label="passing")
    upload.send(body[:-1000])  # which only goes in when it is taken out at the other end
    assert spooled(weir) == []
    assert ids(weir, 1_000_000, 1_999_999)[0] == 0, "nothing is seen before the commit"
    again = weir.load(EVENTS, lines(1_000_000, 1), label="passing", format="json", read_json_by_line="true")
    assert again["Status"] == "Label Already Exists" and again["ExistingJobStatus"] == "RUNNING"
    upload.send(body[-1000:])
    answer = upload.answer()
    assert answer["Status"] == "Success", answer
    assert (answer["NumberTotalRows"], answer["NumberLoadedRows"], answer["LoadBytes"]) == (200_000, 200_000, len(body))
    assert ids(weir, 1_000_000, 1_999_999) == [200_000, 200_000, sum(range(1_000_000, 1_200_000))]


def test_chunked_and_compressed_bodies_are_taken_as_they_come(weir):
    body = lines(2_000_000, 100_000)
    answer = weir.load(EVENTS, body, label="chunks", chunked=True, format="json", read_json_by_line="true")
    assert answer["Status"] == "Success" and answer["NumberLoadedRows"] == 100_000
    answer = weir.load(EVENTS, gzip.compress(lines(2_100_000, 100_000), 1), label="packed", format="json", read_json_by_line="true",
                       compress_type="gz")
    assert answer["Status"] == "Success" and answer["NumberLoadedRows"] == 100_000
    assert ids(weir, 2_000_000, 2_999_999)[:2] == [200_000, 200_000]


def test_a_client_that_leaves_in_the_middle_leaves_nothing(weir):
    body = lines(3_000_000, 100_000)
    upload = Upload(weir, len(body), label="left")
    upload.send(body[:-1000])
    upload.leave()
    until(lambda: state(weir, "left") == ["ABORTED"], "the load has not ended")
    assert ids(weir, 3_000_000, 3_999_999)[0] == 0 and spooled(weir) == []
    answer = weir.load(EVENTS, body, label="left", format="json", read_json_by_line="true")
    assert answer["Status"] == "Success" and answer["NumberLoadedRows"] == 100_000


def test_rejected_rows_of_the_whole_body_decide_and_are_shown(weir):
    bad = [b'{"id":"no %d","name":"b","amount":1,"made_at":"2026-01-01"}\n' % i for i in range(20)]
    body = b"".join(lines(4_000_000 + 5000 * i, 5000) + row for i, row in enumerate(bad))
    answer = weir.load(EVENTS, body, label="judged", format="json", read_json_by_line="true", strict_mode="true")
    assert answer["Status"] == "Fail" and "too many filtered rows" in answer["Message"], answer
    assert answer["NumberFilteredRows"] == 20 and answer["NumberTotalRows"] == 100_020
    log = weir.curl(answer["ErrorURL"])
    assert all(f"no {i}" in log for i in range(20))
    assert ids(weir, 4_000_000, 4_999_999)[0] == 0
    answer = weir.load(EVENTS, body, label="judged", format="json", read_json_by_line="true", strict_mode="true", max_filter_ratio="0.001")
    assert answer["Status"] == "Success" and answer["NumberFilteredRows"] == 20 and answer["NumberLoadedRows"] == 100_000
    assert ids(weir, 4_000_000, 4_999_999)[0] == 100_000


def test_a_load_that_fails_early_answers_when_its_body_is_there(weir):
    body = b"[" + lines(5_000_000, 100_000).replace(b"\n", b",")
    body = body[:len(body) // 3] + b"\1" + body[len(body) // 3:-1] + b"]"
    answer = weir.load(EVENTS, body, label="wrong", format="json", strip_outer_array="true", read_json_by_line="false")
    assert answer["Status"] == "Fail" and "Parse json data failed" in answer["Message"], answer
    assert ids(weir, 5_000_000, 5_999_999)[0] == 0


def test_a_client_that_stalls_holds_no_transaction_and_gets_its_load(hasty):
    body = lines(1, 100_000)
    half = len(body) // 2 + 17
    upload = Upload(hasty, len(body), label="stalled")
    upload.send(body[:half])
    upload_waits = os.path.join(hasty.data, "spool")
    until(lambda: len(os.listdir(upload_waits)) == 1, "the rest does not go to a file")
    answer = hasty.load(EVENTS, "900000,b,1,2026-01-01\n", label="beside", column_separator=",")
    assert answer["Status"] == "Success"
    assert ids(hasty, 1, 1_000_000)[0] == 1
    upload.send(body[half:])
    answer = upload.answer()
    assert answer["Status"] == "Success" and answer["NumberLoadedRows"] == 100_000 and answer["LoadBytes"] == len(body), answer
    assert ids(hasty, 1, 100_000) == [100_000, 100_000, sum(range(1, 100_001))]
    assert spooled(hasty) == []


def test_a_server_killed_while_a_load_is_parked_has_nothing_of_it(hasty):
    body = lines(1, 100_000)
    upload = Upload(hasty, len(body), label="parked")
    upload.send(body[:len(body) // 2])
    until(lambda: len(spooled(hasty)) == 1, "the load does not park")
    hasty.kill()
    hasty.start()
    assert ids(hasty, 1, 100_000)[0] == 0
    answer = hasty.load(EVENTS, body, label="parked", format="json", read_json_by_line="true")
    assert answer["Status"] == "Success" and answer["NumberLoadedRows"] == 100_000
    assert ids(hasty, 1, 100_000)[0] == 100_000


def test_a_server_that_is_hurried_cuts_off_a_load_that_waits(hasty):
    body = lines(1, 100_000)
    upload = Upload(hasty, len(body), label="hurried")
    upload.send(body[:len(body) // 2])
    until(lambda: len(spooled(hasty)) == 1, "the load does not park")
    hasty.process.send_signal(signal.SIGTERM)
    until(lambda: "stopping" in hasty.tail(), "the server does not stop")
    hasty.process.send_signal(signal.SIGTERM)
    assert hasty.process.wait(PATIENCE) == 0, hasty.tail()
    hasty.start()
    assert ids(hasty, 1, 100_000)[0] == 0
