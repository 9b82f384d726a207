"""Stream Load as the Doris manual shows it, by the real curl (acceptance 4)."""
import concurrent.futures
import gzip
import re
import socket
import threading
import urllib.parse

import pytest

EVENTS = "ods_event_i"
USERS = "ods_user_f"
FIELDS = ["TxnId", "Label", "Comment", "TwoPhaseCommit", "Status", "Message", "NumberTotalRows", "NumberLoadedRows", "NumberFilteredRows",
          "NumberUnselectedRows", "LoadBytes", "LoadTimeMs", "BeginTxnTimeMs", "StreamLoadPutTimeMs", "ReadDataTimeMs", "WriteDataTimeMs",
          "CommitAndPublishTimeMs"]


def count(weir, where, table=EVENTS):
    return weir.query(f"SELECT count(*) FROM {table} WHERE {where}")[0][0]


def two_phase(weir, operation, **headers):
    words = ["-X", "PUT", "-H", f"txn_operation:{operation}"]
    for name, value in headers.items():
        words += ["-H", f"{name}:{value}"]
    import json
    return json.loads(weir.curl(*words, f"{weir.http}/api/shop/_stream_load_2pc"))


def test_the_answer_has_the_manuals_fields_in_their_order(weir):
    answer = weir.load(EVENTS, "1,a,1.50,2026-01-01 10:00:00\n2,b,2.50,2026-01-01 11:00:00\n", label="first", column_separator=",")
    assert list(answer) == FIELDS
    assert answer["Status"] == "Success" and answer["Message"] == "OK" and answer["Label"] == "first"
    assert answer["TwoPhaseCommit"] == "false" and answer["TxnId"] > 0
    assert (answer["NumberTotalRows"], answer["NumberLoadedRows"], answer["NumberFilteredRows"], answer["NumberUnselectedRows"]) == (2, 2, 0, 0)
    assert answer["LoadBytes"] == 58
    assert weir.query(f"SELECT id, name, amount, CAST(made_at AS VARCHAR) FROM {EVENTS} WHERE id IN (1, 2) ORDER BY id") == [
        [1, "a", 1.5, "2026-01-01 10:00:00"], [2, "b", 2.5, "2026-01-01 11:00:00"]]


def test_the_answer_is_pretty_printed_json_with_a_newline(weir):
    text = weir.curl("-H", "column_separator:,", "-H", "Expect:100-continue", "-T", __file__, f"{weir.http}/api/shop/nothing/_stream_load")
    assert text.startswith('{\n    "TxnId": ') and text.endswith("}\n")


def test_a_used_label_loads_nothing_and_says_so(weir):
    first = weir.load(EVENTS, "10,a,1,2026-01-01\n", label="once", column_separator=",")
    again = weir.load(EVENTS, "10,a,1,2026-01-01\n", label="once", column_separator=",")
    assert first["Status"] == "Success"
    assert again["Status"] == "Label Already Exists" and again["ExistingJobStatus"] == "FINISHED"
    assert f"Label [once] has already been used, relate to txn [{first['TxnId']}]" in again["Message"]
    assert count(weir, "id = 10") == 1


def test_columns_are_mapped_with_expressions_and_rows_filtered(weir):
    answer = weir.load(EVENTS, "20|x|3|\n21|y|4|\n22|z|5|\n", label="mapped", column_separator="|", where="id <> 22",
                       columns="id, tmp, n, rest, name = concat(upper(tmp), '!'), amount = n * 2")
    assert answer["Status"] == "Success", answer
    assert answer["NumberUnselectedRows"] == 1 and answer["NumberLoadedRows"] == 2
    assert weir.query(f"SELECT id, name, amount FROM {EVENTS} WHERE id BETWEEN 20 AND 29 ORDER BY id") == [[20, "X!", 6], [21, "Y!", 8]]


@pytest.mark.parametrize("fields, columns, wanted", [
    ("5", "x, id = 110, name = current_date <=> curdate()", "true"),
    ("5", "x, id = 111, name = least(1, 2)", "1"),
    ("5,7", "x, y, id = 112, name = greatest(x, y)", "7"),
    ("2024-05-06 07:08:09", "made_at, id = 113, name = cast(date_trunc(made_at, 'month') as char)", "2024-05-01 00:00:00"),
    ("2024-05-06", "made_at, id = 114, name = left(made_at, 7)", "2024-05"),
    ("5.5", "amount, id = 115, name = lpad(amount, 6, '0')", "005.50"),
    ("5", "id, name = replace(replace(id, '5', '1'), 1, 6)", "6"),
    ("-4", "x, id = 116, name = if(sqrt(x) is null, 'none', 'some')", "none"),
    ("abc", "x, id = 117, name = cast(x as signed)", "0"),
])
def test_expressions_of_columns_are_mysqls(weir, fields, columns, wanted):
    answer = weir.load(EVENTS, fields + "\n", column_separator=",", columns=columns)
    assert answer["Status"] == "Success", answer
    id = re.search(r"id = (\d+)", columns)
    assert weir.query(f"SELECT name FROM {EVENTS} WHERE id = {id[1] if id else fields}") == [[wanted]]


def test_csv_options_of_the_manual(weir):
    body = 'id;name;amount;made_at\n30;"a;""b";1;2026-01-01\n31;\\N;2;2026-01-02\n'
    answer = weir.load(EVENTS, body, label="options", format="csv_with_names", column_separator=";", enclose='"', escape="\\")
    assert answer["Status"] == "Success", answer
    assert weir.query(f"SELECT name FROM {EVENTS} WHERE id IN (30, 31) ORDER BY id")[1] == [None]
    skipped = weir.load(EVENTS, "junk\n32,c,1,2026-01-01\n", label="skip", column_separator=",", skip_lines="1")
    assert skipped["NumberLoadedRows"] == 1, skipped
    hexed = weir.load(EVENTS, "33\x01d\x011\x012026-01-01\x02", label="hex", column_separator="\\x01", line_delimiter="\\x02")
    assert hexed["NumberLoadedRows"] == 1, hexed
    packed = weir.load(EVENTS, gzip.compress(b"34,e,1,2026-01-01\n"), label="gz", column_separator=",", compress_type="gz")
    assert packed["NumberLoadedRows"] == 1, packed


def test_json_arrays_and_lines_with_jsonpaths(weir):
    array = weir.load(EVENTS, '[{"id": 40, "name": "甲", "amount": 1.25, "made_at": "2026-01-01 00:00:00"}, {"id": 41, "name": "b"}]',
                      label="array", format="json", strip_outer_array="true")
    assert array["Status"] == "Success" and array["NumberLoadedRows"] == 2, array
    lines = weir.load(EVENTS, '{"k": {"id": 42}, "v": ["x", "y"]}\n{"k": {"id": 43}, "v": ["z"]}\n', label="lines", format="json",
                      read_json_by_line="true", jsonpaths='["$.k.id", "$.v[0]"]', columns="id, name")
    assert lines["NumberLoadedRows"] == 2, lines
    rooted = weir.load(EVENTS, '{"data": [{"id": 44, "name": "r"}]}', label="rooted", format="json", json_root="$.data", strip_outer_array="true")
    assert rooted["NumberLoadedRows"] == 1, rooted
    assert weir.query(f"SELECT id, name FROM {EVENTS} WHERE id BETWEEN 40 AND 49 ORDER BY id") == [
        [40, "甲"], [41, "b"], [42, "x"], [43, "z"], [44, "r"]]


BROKEN = "50,a,1,2026-01-01\nno number,b,1,2026-01-01\n52,c,2,2026-01-01\n53,d,3,2026-01-01\n"


def test_too_many_rejected_rows_fail_and_the_error_url_shows_them(weir):
    answer = weir.load(EVENTS, BROKEN, label="ratio", column_separator=",", strict_mode="true")
    assert answer["Status"] == "Fail" and "too many filtered rows" in answer["Message"]
    assert answer["NumberFilteredRows"] == 1 and answer["NumberLoadedRows"] == 0
    shown = weir.curl(answer["ErrorURL"], user=None)
    assert re.search(r"Reason: .*id.*src line \[no number,b,1,2026-01-01\]", shown), shown
    assert count(weir, "id BETWEEN 50 AND 59") == 0


def test_rejected_rows_within_the_ratio_are_left_out(weir):
    answer = weir.load(EVENTS, BROKEN, label="ratio ok".replace(" ", "_"), column_separator=",", strict_mode="true", max_filter_ratio="0.25")
    assert answer["Status"] == "Success", answer
    assert (answer["NumberTotalRows"], answer["NumberLoadedRows"], answer["NumberFilteredRows"]) == (4, 3, 1)
    assert answer["ErrorURL"]
    assert count(weir, "id BETWEEN 50 AND 59") == 3


def test_a_failed_label_may_be_used_again(weir):
    assert weir.load(EVENTS, "x,a\n", label="again", column_separator=",", strict_mode="true")["Status"] == "Fail"
    assert weir.load(EVENTS, "60,a,1,2026-01-01\n", label="again", column_separator=",")["Status"] == "Success"


def test_two_phase_commit_by_id(weir):
    answer = weir.load(EVENTS, "70,a,1,2026-01-01\n", label="two", column_separator=",", two_phase_commit="true")
    assert answer["Status"] == "Success" and answer["TwoPhaseCommit"] == "true"
    assert count(weir, "id = 70") == 0
    again = weir.load(EVENTS, "70,a,1,2026-01-01\n", label="two", column_separator=",", two_phase_commit="true")
    assert again["Status"] == "Label Already Exists" and again["ExistingJobStatus"] == "PRECOMMITTED"
    txn = answer["TxnId"]
    assert two_phase(weir, "commit", txn_id=txn) == {"status": "Success", "msg": f"transaction [{txn}] commit successfully."}
    assert count(weir, "id = 70") == 1
    repeated = two_phase(weir, "commit", txn_id=txn)
    assert repeated["status"] != "Success"
    assert re.search(r"transaction \[(\d+)\] is already \b(COMMITTED|committed|VISIBLE|visible)\b, not pre-committed.", repeated["msg"])
    aborted = two_phase(weir, "abort", txn_id=txn)
    assert aborted["status"] != "Success" and re.search(r"transaction \[(\d+)\] is already", aborted["msg"])
    assert count(weir, "id = 70") == 1


def test_two_phase_commit_and_abort_by_label(weir):
    weir.load(EVENTS, "71,a,1,2026-01-01\n", label="by_label", column_separator=",", two_phase_commit="true")
    assert two_phase(weir, "commit", label="by_label")["status"] == "Success"
    assert count(weir, "id = 71") == 1
    weir.load(EVENTS, "72,a,1,2026-01-01\n", label="dropped", column_separator=",", two_phase_commit="true")
    assert two_phase(weir, "abort", label="dropped")["status"] == "Success"
    assert count(weir, "id = 72") == 0
    assert weir.load(EVENTS, "72,a,1,2026-01-01\n", label="dropped", column_separator=",")["Status"] == "Success"


def test_two_phase_errors_are_the_connectors_texts(weir):
    assert two_phase(weir, "commit")["msg"] == "No transaction id or label selected."
    assert two_phase(weir, "undo", txn_id=1)["msg"] == "transaction operation should be 'commit' or 'abort'"
    unknown = two_phase(weir, "commit", txn_id=987654321)
    assert unknown["status"] != "Success" and "transaction [987654321] not found" in unknown["msg"]


def test_a_prepared_load_survives_a_killed_server(fresh):
    answer = fresh.load(EVENTS, "1,a,1,2026-01-01\n", label="kept", column_separator=",", two_phase_commit="true")
    fresh.kill()
    fresh.start()
    assert fresh.query(f"SELECT count(*) FROM {EVENTS}") == [[0]]
    assert two_phase(fresh, "commit", txn_id=answer["TxnId"])["status"] == "Success"
    assert fresh.query(f"SELECT count(*) FROM {EVENTS}") == [[1]]


def test_an_acknowledged_load_survives_a_killed_server_once(fresh):
    assert fresh.load(EVENTS, "1,a,1,2026-01-01\n", label="kept", column_separator=",")["Status"] == "Success"
    fresh.kill()
    fresh.start()
    assert fresh.load(EVENTS, "1,a,1,2026-01-01\n", label="kept", column_separator=",")["Status"] == "Label Already Exists"
    assert fresh.query(f"SELECT count(*) FROM {EVENTS}") == [[1]]


def test_a_unique_table_keeps_the_newest_row_and_takes_deletes(weir):
    weir.load(USERS, "1,ann,Paris,20\n2,bob,Rome,30\n", label="u1", column_separator=",")
    weir.load(USERS, "1,ann,Lyon,21\n", label="u2", column_separator=",")
    assert weir.query(f"SELECT * FROM {USERS} ORDER BY id") == [[1, "ann", "Lyon", 21], [2, "bob", "Rome", 30]]
    weir.load(USERS, "2\n", label="u3", column_separator=",", columns="id", merge_type="DELETE")
    assert weir.query(f"SELECT id FROM {USERS}") == [[1]]
    merged = weir.load(USERS, "1,x,x,1,1\n3,cat,Bonn,40,0\n", label="u4", column_separator=",", columns="id,name,city,age,flag",
                       merge_type="MERGE", delete="flag=1")
    assert merged["Status"] == "Success", merged
    assert weir.query(f"SELECT * FROM {USERS}") == [[3, "cat", "Bonn", 40]]


def test_partial_columns_leave_the_others_as_they_were(weir):
    weir.load(USERS, "11,ann,Paris,20\n", label="p1", column_separator=",")
    answer = weir.load(USERS, "11,Nice\n", label="p2", column_separator=",", columns="id,city", partial_columns="true")
    assert answer["Status"] == "Success", answer
    assert weir.query(f"SELECT * FROM {USERS} WHERE id = 11") == [[11, "ann", "Nice", 20]]


def test_an_aggregate_table_adds_up(weir):
    weir.load("ods_total_f", "a,1,5\na,2,3\n", label="g1", column_separator=",")
    weir.load("ods_total_f", "a,10,4\nb,1,1\n", label="g2", column_separator=",")
    assert weir.query("SELECT k, total, top FROM ods_total_f ORDER BY k") == [["a", 13, 5], ["b", 1, 1]]


def test_expect_or_not_chunked_or_sized_all_load(weir):
    number = 100
    for expect in (True, False):
        for chunked in (True, False):
            for rows in (1, 20000):
                body = "".join(f"{number},{i},1,2026-01-01\n" for i in range(rows))
                answer = weir.load(EVENTS, body, expect=expect, chunked=chunked, column_separator=",")
                assert answer["Status"] == "Success", answer
                assert count(weir, f"id = {number}") == rows
                number += 1


def test_an_upload_may_end_just_after_a_buffer_is_full(weir):
    """The last bytes from the socket fill a buffer of 256 KiB and begin the next: no more bytes come that would bring them."""
    row = b"77000,a,1,2026-01-01\n"
    sizes = [262144 + 1000 * i for i in range(1, 60, 2)]
    for size in sizes:
        answer = weir.load(EVENTS, row * (size // len(row)), expect=size % 4000 == 0, column_separator=",")
        assert answer["Status"] == "Success" and answer["NumberLoadedRows"] == size // len(row), answer


def test_a_label_is_made_when_none_is_given(weir):
    one = weir.load(EVENTS, "90,a,1,2026-01-01\n", column_separator=",")
    two = weir.load(EVENTS, "90,a,1,2026-01-01\n", column_separator=",")
    assert one["Label"] and one["Label"] != two["Label"] and count(weir, "id = 90") == 2


def test_a_small_load_follows_its_table_and_its_headers_from_one_to_the_next(weir):
    table = "kept_plan"
    weir.query("CREATE TABLE shop.kept_plan (id BIGINT, n INT) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1")
    assert weir.load(table, "1,10\n", column_separator=",")["Status"] == "Success"
    assert weir.load(table, "2,no\n", column_separator=",")["Status"] == "Success"  # not strict: NULL
    assert weir.load(table, "3,no\n", column_separator=",", strict_mode="true")["Status"] == "Fail"
    assert weir.load(table, '{"n": 40, "id": 4}\n', format="json", read_json_by_line="true")["Status"] == "Success"
    weir.query("DROP TABLE shop.kept_plan")
    weir.query("CREATE TABLE shop.kept_plan (n INT, id VARCHAR(5)) DUPLICATE KEY(n) DISTRIBUTED BY HASH(n) BUCKETS 1")
    assert weir.load(table, "1,ten\n", column_separator=",")["Status"] == "Success"
    assert weir.load(table, "2,too long\n", column_separator=",", strict_mode="true")["Status"] == "Fail"
    assert weir.query("SELECT n, id FROM shop.kept_plan") == [[1, "ten"]]
    weir.query("DROP TABLE shop.kept_plan")


def test_group_commit_answers_as_doris_does(weir):
    answer = weir.load(EVENTS, "91,a,1,2026-01-01\n", column_separator=",", group_commit="sync_mode")
    assert answer["Status"] == "Success" and answer["GroupCommit"] is True and answer["Label"].startswith("group_commit_")
    assert "TwoPhaseCommit" not in answer and "BeginTxnTimeMs" not in answer and "CommitAndPublishTimeMs" not in answer
    assert count(weir, "id = 91") == 1
    both = weir.load(EVENTS, "91,a\n", column_separator=",", group_commit="sync_mode", label="both")
    assert both["Status"] == "Fail" and "label and group_commit can't be set at the same time" in both["Message"]


def test_bad_headers_fail_with_doriss_texts_before_the_body(weir):
    cases = [({"format": "xml"}, "unknown data format, format=xml"),
             ({"strict_mode": "maybe"}, "Invalid strict mode format. Must be bool type"),
             ({"enclose": "ab"}, "enclose must be single-char, actually is ab"),
             ({"merge_type": "MERGE"}, "Excepted DELETE ON clause when merge type is MERGE."),
             ({"delete": "a=1"}, "Not support DELETE ON clause when merge type is not MERGE."),
             ({"group_commit": "later"}, "group_commit can only be [async_mode, sync_mode, off_mode]")]
    for expect in (True, False):
        for headers, text in cases:
            answer = weir.load(EVENTS, "1,a\n" * 100000, expect=expect, **headers)
            assert answer["Status"] == "Fail" and text in answer["Message"], (headers, answer)


def test_an_unknown_table_and_a_wrong_password_are_a_fail_in_json(weir):
    unknown = weir.load("nothing", "1\n")
    assert unknown["Status"] == "Fail" and "unknown table, tableName=nothing" in unknown["Message"]
    for expect in (True, False):
        wrong = weir.load(EVENTS, "1,a\n" * 100000, expect=expect, user="admin:wrong-password")
        assert wrong["Status"] == "Fail" and "denied" in wrong["Message"]
    import json
    nobody = json.loads(weir.curl("-T", __file__, f"{weir.http}/api/shop/{EVENTS}/_stream_load", user=None))
    assert nobody["Status"] == "Fail" and nobody["Message"] == "no valid Basic authorization"


def test_a_reader_may_not_load(weir):
    weir.call("POST", "/api/v1/users", {"name": "only_reads", "password": "long enough", "roles": ["reader"]})
    answer = weir.load(EVENTS, "1,a\n", user="only_reads:long enough", column_separator=",")
    assert answer["Status"] == "Fail" and "only_reads" in answer["Message"]


def raw(weir, head, body=b"", close=True):
    host, port = weir.host_port.split(":")
    connection = socket.create_connection((host, int(port)), timeout=30)
    connection.sendall(head + body)
    if close:
        connection.close()
    return connection


def load_head(weir, table, **headers):
    import base64
    from conftest import PASSWORD
    lines = [f"PUT /api/shop/{table}/_stream_load HTTP/1.1", f"Host: {weir.host_port}",
             "Authorization: Basic " + base64.b64encode(f"admin:{PASSWORD}".encode()).decode(), "column_separator: ,"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def test_a_client_that_dies_in_its_body_leaves_nothing(weir):
    raw(weir, load_head(weir, EVENTS, label="torn", **{"Content-Length": 1000}), b"80,a,1,2026-01-01\n" * 3)
    raw(weir, load_head(weir, EVENTS, label="torn", **{"Transfer-Encoding": "chunked"}), b"12\r\n80,a,1,2026-01-01\n\r\n")
    answer = weir.load(EVENTS, "81,a,1,2026-01-01\n", label="torn", column_separator=",")
    assert answer["Status"] == "Success", answer
    assert count(weir, "id = 80") == 0 and count(weir, "id = 81") == 1


def test_a_client_that_does_not_wait_for_100_continue_gets_its_answer(weir):
    body = b"82,a,1,2026-01-01\n" * 50000
    for headers, status in (({}, "Success"), ({"format": "xml"}, "Fail")):
        connection = raw(weir, load_head(weir, EVENTS, Expect="100-continue", Connection="close", **{"Content-Length": len(body)}, **headers),
                         body, close=False)
        text = b""
        while piece := connection.recv(65536):
            text += piece
        assert f'"Status": "{status}"'.encode() in text, text[-400:]


def test_a_body_without_a_length_is_refused(weir):
    connection = raw(weir, load_head(weir, EVENTS, Connection="close"), close=False)
    text = b""
    while piece := connection.recv(65536):
        text += piece
    assert b"content_length is empty and transfer-encoding!=chunked" in text


def test_of_fifty_parallel_loads_of_one_label_one_loads(weir):
    start = threading.Barrier(50)

    def one(i):
        start.wait()
        return weir.call("PUT", f"/api/shop/{EVENTS}/_stream_load", "95,a,1,2026-01-01\n", {"label": "fifty", "column_separator": ","}).json()

    with concurrent.futures.ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(one, range(50)))
    assert sorted(a["Status"] for a in answers) == ["Label Already Exists"] * 49 + ["Success"]
    assert count(weir, "id = 95") == 1


def test_fifty_parallel_loads_of_their_own_labels_all_load(weir):
    def one(i):
        return weir.call("PUT", f"/api/shop/{EVENTS}/_stream_load", f"96,{i},1,2026-01-01\n", {"label": f"own{i}", "column_separator": ","}).json()

    with concurrent.futures.ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(one, range(50)))
    assert [a["Status"] for a in answers] == ["Success"] * 50
    assert weir.query(f"SELECT count(DISTINCT name), count(*) FROM {EVENTS} WHERE id = 96") == [[50, 50]]


def test_of_parallel_small_loads_a_bad_one_fails_alone(weir):
    """They share commits, and nothing else: rows, counts, error log and label are each load's own."""
    def one(n):
        bad = n % 10 == 3
        body = f"{5000 + n},ok,1,2026-01-01\n" + ("oops,x,2,2026-01-01\n" if bad else f"{6000 + n},ok,2,2026-01-01\n")
        return bad, weir.load(EVENTS, body, label=f"mixed-{n}", column_separator=",", strict_mode="true")
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(one, range(60)))
    for bad, answer in answers:
        if bad:
            assert answer["Status"] == "Fail" and answer["NumberFilteredRows"] == 1 and answer["NumberTotalRows"] == 2, answer
            assert "[oops" in weir.curl(answer["ErrorURL"])
        else:
            assert answer["Status"] == "Success" and answer["NumberLoadedRows"] == 2 and "ErrorURL" not in answer, answer
    good = sorted(answer["TxnId"] for bad, answer in answers if not bad)
    assert len(set(good)) == 54
    assert weir.query(f"SELECT DISTINCT _weir_load_id FROM {EVENTS} WHERE id BETWEEN 5000 AND 6099 ORDER BY 1") == [[txn] for txn in good]
    assert count(weir, "id BETWEEN 5000 AND 6099") == 108


def test_a_misspelt_header_is_told_and_changes_nothing(weir):
    answer = weir.load(EVENTS, "900,a,1,2026-01-01\n", column_separator=",", max_filter_ration="0.5", user_defined="x")
    assert answer["Status"] == "Success"
    assert answer["Message"] == "OK (warning: header `max_filter_ration` is not known, did you mean `max_filter_ratio`?)"


def test_what_connectors_ask_beside_loading(weir):
    assert weir.call("GET", "/api/bootstrap", user=None).json()["msg"] == "success"
    host, port = weir.host_port.split(":")
    backends = weir.call("GET", "/api/backends?is_alive=true").json()
    assert backends == {"msg": "success", "code": 0, "count": 0, "data": {"backends": [{"ip": host, "http_port": int(port), "is_alive": True}]}}
    schema = weir.call("GET", f"/api/shop/{USERS}/_schema").json()["data"]
    assert schema["keysType"] == "UNIQUE_KEYS" and schema["status"] == 200
    assert [c["name"] for c in schema["properties"]] == ["id", "name", "city", "age"]
    assert schema["properties"][0]["type"] == "BIGINT"
    amount = weir.call("GET", f"/api/internal/shop/{EVENTS}/_schema").json()["data"]["properties"][2]
    assert (amount["type"], amount["precision"], amount["scale"]) == ("DECIMALV3", 10, 2)
    assert weir.call("GET", f"/api/enable_light_schema_change/shop/{EVENTS}", {"isDropColumn": False, "columnName": "c"}).json()["code"] == 0
    rows = weir.call("POST", "/api/query/default_cluster/shop", {"stmt": "SELECT 1 AS a, 'x' AS b"}).json()
    assert rows["code"] == 0 and rows["data"]["type"] == "result_set" and rows["data"]["data"] == [[1, "x"]]
    assert [m["name"] for m in rows["data"]["meta"]] == ["a", "b"]
    weir.load(EVENTS, "97,a,1,2026-01-01\n", label="state_1", column_separator=",")
    assert weir.call("GET", "/api/shop/get_load_state?label=state_1").json()["data"] == "VISIBLE"
    assert weir.call("GET", "/api/shop/get_load_state?label=stateX1").json()["data"] == "UNKNOWN"
    assert weir.call("GET", "/api/shop/_load_info?label=state_1").json()["jobInfo"]["state"] == "FINISHED"
    nodes = weir.call("GET", "/rest/v2/manager/node/backends").json()["data"]
    assert dict(zip(nodes["columnNames"], nodes["rows"][0]))["HttpPort"] == port
    assert weir.call("GET", "/api/health", user=None).json()["data"]["online_backend_num"] == 1


def test_the_error_log_has_no_way_out_of_its_folder(weir):
    for name in ("../server.json", "..%2Fserver.json", "/etc/passwd", "a/../../server.json", "", "%00"):
        answer = weir.call("GET", f"/api/_load_error_log?file={urllib.parse.quote(name, safe='%')}")
        assert answer.status in (400, 404), (name, answer.text)
