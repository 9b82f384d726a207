"""The MySQL port, by real clients: the mariadb command line, PyMySQL, and sockets that speak the protocol's bytes."""
import hashlib
import multiprocessing
import os
import shutil
import socket
import ssl
import struct
import subprocess
import threading
import time

import pymysql
import pytest

from conftest import PASSWORD, SLOWER


@pytest.fixture(scope="module")
def db(weir):
    """A database with a unique table of three rows."""
    connection = weir.mysql(autocommit=True)
    cursor = connection.cursor()
    cursor.execute("CREATE DATABASE IF NOT EXISTS wire")
    cursor.execute("CREATE TABLE wire.t (id BIGINT, name VARCHAR(20), price DECIMAL(10,2), at DATETIME, ok BOOLEAN)"
                   " UNIQUE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1 PROPERTIES('replication_num'='1')")
    cursor.execute("INSERT INTO wire.t VALUES (1,'a',1.50,'2026-11-21 10:20:30',1),(2,'b',NULL,NULL,0),(3,'ü中','3.25','2026-01-01',NULL)")
    connection.close()
    return weir


def rows(weir, sql, database="wire"):
    connection = weir.mysql(database=database, autocommit=True)
    try:
        cursor = connection.cursor()
        cursor.execute(sql)
        return list(cursor.fetchall())
    finally:
        connection.close()


def fails(weir, sql, number, text):
    with pytest.raises(pymysql.MySQLError) as caught:
        rows(weir, sql)
    assert caught.value.args[0] == number and text in caught.value.args[1], caught.value


# ---- the protocol by hand -------------------------------------------------------------------------------------

class Raw:
    """Packets over a socket, native password, no TLS."""

    CAPS = 1 << 9 | 1 << 15 | 1 << 16 | 1 << 17 | 1 << 19 | 1 << 24

    def __init__(self, weir, sign_in=True):
        host, port = weir.info["mysql"].rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), timeout=30)
        self.seq = 0
        self.greeting = self.read()
        if sign_in:
            self.sign_in("admin", PASSWORD.encode())

    def exactly(self, n):
        data = b""
        while len(data) < n:
            more = self.socket.recv(n - len(data))
            assert more, "closed"
            data += more
        return data

    def read(self):
        header = self.exactly(4)
        self.seq = (header[3] + 1) % 256
        return self.exactly(int.from_bytes(header[:3], "little"))

    def write(self, payload):
        self.socket.sendall(len(payload).to_bytes(3, "little") + bytes([self.seq]) + payload)

    def scramble(self):
        at = self.greeting.index(b"\0", 1) + 5
        return self.greeting[at:at + 8] + self.greeting[at + 27:at + 39]

    @staticmethod
    def native(password, scramble):
        once = hashlib.sha1(password).digest()
        mix = hashlib.sha1(scramble + hashlib.sha1(once).digest()).digest()
        return bytes(a ^ b for a, b in zip(once, mix))

    @staticmethod
    def sha2(password, scramble):
        once = hashlib.sha256(password).digest()
        mix = hashlib.sha256(hashlib.sha256(once).digest() + scramble).digest()
        return bytes(a ^ b for a, b in zip(once, mix))

    def response(self, user, auth, plugin=b"mysql_native_password", caps=None):
        return struct.pack("<IIB23x", caps or self.CAPS, 1 << 24, 45) + user.encode() + b"\0" + bytes([len(auth)]) + auth + plugin + b"\0"

    def sign_in(self, user, password):
        self.write(self.response(user, self.native(password, self.scramble())))
        answer = self.read()
        assert answer[0] == 0, answer

    def command(self, payload):
        self.seq = 0
        self.write(payload)

    def answer(self):
        """Packets up to the end of one result."""
        packets = [self.read()]
        if packets[0][0] in (0x00, 0xFF):
            return packets
        while not (packets[-1][0] == 0xFF or (packets[-1][0] == 0xFE and len(packets[-1]) < 9)):
            packets.append(self.read())
        return packets


def test_caching_sha2_fast_and_full(db):
    for full in (False, True):
        raw = Raw(db, sign_in=False)
        auth = b"x" * 32 if full else raw.sha2(PASSWORD.encode(), raw.scramble())
        raw.write(raw.response("admin", auth, b"caching_sha2_password"))
        packet = raw.read()
        if full:  # a wrong fast answer is followed by a request for the password, here with the server's RSA key
            assert packet == b"\x01\x04"
            raw.write(b"\x02")
            key = raw.read()
            assert key.startswith(b"\x01-----BEGIN PUBLIC KEY-----")
            scrambled = bytes(c ^ raw.scramble()[i % 20] for i, c in enumerate(PASSWORD.encode() + b"\0"))
            done = subprocess.run(["openssl", "pkeyutl", "-encrypt", "-pubin", "-inkey", "/dev/fd/0", "-pkeyopt", "rsa_padding_mode:oaep",
                                   "-in", write_temporary(db, scrambled)], input=key[1:], capture_output=True, check=True)
            raw.write(done.stdout)
        else:
            assert packet == b"\x01\x03"
        assert raw.read()[0] == 0


def write_temporary(weir, data):
    path = weir.project + "/scrambled"
    with open(path, "wb") as file:
        file.write(data)
    return path


def test_an_unknown_plugin_is_switched_to_native(db):
    raw = Raw(db, sign_in=False)
    raw.write(raw.response("admin", b"", b"dialog"))
    switch = raw.read()
    assert switch[:23] == b"\xfemysql_native_password\0" and len(switch) == 44
    raw.write(raw.native(PASSWORD.encode(), switch[23:43]))
    assert raw.read()[0] == 0


def test_wrong_passwords_and_unknown_users_look_alike(db):
    answers = []
    for user in ("admin", "nobody"):
        raw = Raw(db, sign_in=False)
        raw.write(raw.response(user, b"y" * 20))
        answers.append(raw.read().replace(user.encode(), b"U"))
    assert answers[0] == answers[1]
    assert answers[0].startswith(b"\xff\x15\x04#28000Access denied for user 'U'@'127.0.0.1' (using password: YES)")


def test_prepared_statements_in_binary(db):
    raw = Raw(db)
    raw.command(b"\x16SELECT id, name, price, at, ok FROM wire.t WHERE id >= ? ORDER BY id")
    prepared = raw.read()
    assert prepared[0] == 0
    statement, columns, params = struct.unpack("<IHH", prepared[1:9])
    assert (columns, params) == (5, 1)
    for _ in range(params + columns):
        raw.read()
    execute = b"\x17" + struct.pack("<IBI", statement, 0, 1) + b"\0\x01\x05\x00" + struct.pack("<d", 2.0)  # a number as JavaScript sends it
    for _ in range(2):
        raw.command(execute)
        packets = raw.answer()
        assert packets[0] == b"\x05"
        assert packets[6] == b"\0\x70\0" + struct.pack("<q", 2) + b"\x01b" + b"\0" or packets[6][:2] == b"\0\x30"
        assert packets[7][2:10] == struct.pack("<q", 3)
    raw.command(b"\x19" + struct.pack("<I", statement))  # close: no answer
    raw.command(execute)
    assert raw.read()[:3] == b"\xff\xdb\x04"  # 1243


def test_what_prepared_statements_hold_is_bounded_for_the_session(db):
    raw = Raw(db)

    def prepare():
        raw.command(b"\x16SELECT length(?)")
        prepared = raw.read()
        statement, columns, params = struct.unpack("<IHH", prepared[1:9])
        for _ in range(columns + params):
            raw.read()
        return statement

    def send(statement, data):
        raw.command(b"\x18" + struct.pack("<IH", statement, 0) + data)  # no answer

    def execute(statement):
        raw.command(b"\x17" + struct.pack("<IBI", statement, 0, 1) + b"\0\x01\xfc\x00")
        return raw.answer()

    piece = b"x" * (15 << 20)
    statements = [prepare() for _ in range(6)]
    for statement in statements[:4]:
        for _ in range(4):
            send(statement, piece)
    send(statements[4], piece)
    send(statements[4], piece)  # 270 MiB; of one parameter it is less than max_allowed_packet
    refused = execute(statements[4])[0]
    assert refused[:3] == b"\xff\x81\x04" and b"the prepared statements of a session" in refused, refused[:200]  # 1153
    send(statements[5], piece)  # what was refused is held no more
    assert execute(statements[5])[0] == b"\x01"
    for statement in statements[:4]:
        raw.command(b"\x19" + struct.pack("<I", statement))
    for _ in range(4):
        send(statements[4], piece)
    assert execute(statements[4])[0] == b"\x01"
    for _ in range(5):
        send(statements[4], piece)  # one parameter, past max_allowed_packet
    refused = execute(statements[4])[0]
    assert refused[:3] == b"\xff\x81\x04" and b"max_allowed_packet" in refused, refused[:200]


def test_commands(db):
    raw = Raw(db)
    raw.command(b"\x0e")
    assert raw.read()[0] == 0
    raw.command(b"\x02wire")
    assert raw.read()[0] == 0
    raw.command(b"\x02nowhere")
    assert raw.read()[:9] == b"\xff\x19\x04#42000"
    raw.command(b"\x09")
    assert raw.read().startswith(b"Uptime: ")
    raw.command(b"\x04t\0")
    assert len(raw.answer()) == 6
    raw.command(b"\x1f")
    assert raw.read()[0] == 0
    raw.command(b"\x1c\x01\0\0\0\x01\0\0\0")
    assert raw.read()[0] == 0xFF
    raw.command(b"\x7f")
    assert raw.read()[:9] == b"\xff\x17\x04#08S01"  # 1047
    raw.command(b"\x03")
    assert raw.read()[:9] == b"\xff\x29\x04#42000"  # 1065


def test_several_statements_in_one_query(db):
    raw = Raw(db)
    raw.command(b"\x03SELECT 1; SELECT 'two'; SELECT nothing FROM nowhere; SELECT 4")
    first, second, third = raw.answer(), raw.answer(), raw.answer()
    assert first[2] == b"\x011" and second[2] == b"\x03two"
    assert struct.unpack("<H", first[-1][3:5])[0] & 8 and third[0][0] == 0xFF  # the error ends it
    raw.command(b"\x0e")
    assert raw.read()[0] == 0


def test_hostile_packets_close_only_their_own_connection(db):
    for payload in (b"", b"\0" * 31, b"\xff" * 70, struct.pack("<IIB23x", Raw.CAPS, 0, 45) + b"noend"):
        raw = Raw(db, sign_in=False)
        raw.write(payload)
        assert raw.read()[0] == 0xFF
    raw = Raw(db, sign_in=False)
    raw.socket.sendall(b"\xff\xff\xff\x01" + b"x" * 100)  # more than a sign-in may be
    assert raw.read()[0] == 0xFF
    raw = Raw(db)
    raw.socket.sendall(b"\x01\0\0\x07\x0e")
    assert raw.read()[1:3] == b"\x84\x04"  # 1156, out of order
    assert rows(db, "SELECT 1") == [(1,)]


def test_a_packet_in_the_clear_after_the_ssl_request_is_no_packet(db):
    raw = Raw(db, sign_in=False)
    request = struct.pack("<IIB23x", Raw.CAPS | 1 << 11, 1 << 24, 45)
    raw.socket.sendall(b"\x20\0\0\x01" + request + b"\x01\0\0\x02x")
    answer = raw.socket.recv(100)
    assert answer == b"" or answer[0] == 0x15  # closed, perhaps with an alert of TLS


# ---- clients ------------------------------------------------------------------------------------------------------

def test_the_mariadb_command_line(db):
    host, port = db.info["mysql"].rsplit(":", 1)
    words = ["mariadb", f"-h{host}", f"-P{port}", "-uadmin", f"-p{PASSWORD}", "wire", "--batch"]
    done = subprocess.run(words, input="SHOW TABLES; SELECT id, name FROM t ORDER BY id; \\s\n", capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "Tables_in_wire\nt\n" in done.stdout and "3\tü中" in done.stdout


def test_mysql2_of_npm(db):
    clients = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "clients")
    if not shutil.which("node") or not os.path.isdir(os.path.join(clients, "node_modules", "mysql2")):
        pytest.skip("no node or no mysql2: run `npm ci` in tests/clients")
    host, port = db.info["mysql"].rsplit(":", 1)
    done = subprocess.run(["node", os.path.join(clients, "mysql2.js"), host, port, "admin", PASSWORD], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0 and done.stdout == "ok\n", done.stderr


def test_tls(db):
    connection = db.mysql(ssl={"check_hostname": False, "verify_mode": ssl.CERT_NONE})
    assert isinstance(connection._sock, ssl.SSLSocket)
    cursor = connection.cursor()
    cursor.execute("SELECT repeat('x', 20000000)")
    assert len(cursor.fetchone()[0]) == 20000000  # more than one packet
    connection.close()


def test_values_are_what_was_stored(db):
    import datetime
    import decimal
    assert rows(db, "SELECT * FROM t ORDER BY id") == [
        (1, "a", decimal.Decimal("1.50"), datetime.datetime(2026, 11, 21, 10, 20, 30), 1),
        (2, "b", None, None, 0),
        (3, "ü中", decimal.Decimal("3.25"), datetime.datetime(2026, 1, 1), None)]
    assert rows(db, "SELECT CAST('nan' AS DOUBLE), 1e308, -9223372036854775808, 18446744073709551615")[0][0] is None


def test_a_repeated_statement_sees_what_was_committed_since(db):
    """A kept plan holds statistics of old data; run on new data it would leave rows out."""
    connection = db.mysql(database="wire", autocommit=True)
    cursor = connection.cursor()
    cursor.execute("CREATE TABLE grows (id BIGINT, name VARCHAR(50))")
    cursor.execute("INSERT INTO grows VALUES (1, 'a'), (2, 'b')")
    counted, ordered = "SELECT count(*) FROM grows WHERE id > 100", "SELECT id, name FROM grows ORDER BY id"
    cursor.execute(counted), cursor.execute(ordered)
    cursor.execute("INSERT INTO grows VALUES (200, 'a name that is longer'), (100000, NULL)")
    cursor.execute(counted)
    assert cursor.fetchall() == ((2,),)
    cursor.execute(ordered)
    assert cursor.fetchall() == ((1, "a"), (2, "b"), (200, "a name that is longer"), (100000, None))
    cursor.execute("DROP TABLE grows")


def test_sql_select_limit_cuts_what_has_no_limit_of_its_own(db):
    cursor = db.mysql(database="wire").cursor()

    def count(sql):
        cursor.execute(sql)
        return len(cursor.fetchall())
    numbers = "SELECT i FROM (SELECT unnest(range(5000)) AS i) t"
    assert count(numbers) == 5000
    cursor.execute("SET SQL_SELECT_LIMIT=3")
    assert count(numbers) == 3
    assert count(f"({numbers}) UNION ALL (SELECT 1 LIMIT 1)") == 3
    assert count(numbers + " ORDER BY i LIMIT 4") == 4
    assert count("SHOW VARIABLES") > 3
    cursor.execute("SELECT sum(i) FROM (SELECT unnest(range(5000)) AS i) t")
    assert int(cursor.fetchone()[0]) == 12497500
    cursor.execute("SET SQL_SELECT_LIMIT=2500")
    assert count(numbers) == 2500
    cursor.execute("SET SQL_SELECT_LIMIT=0")
    assert count(numbers) == 0
    cursor.execute("SET SQL_SELECT_LIMIT=DEFAULT")
    assert count(numbers) == 5000


def test_writes_and_transactions(db):
    connection = db.mysql(database="wire")  # PyMySQL sets autocommit = 0
    cursor = connection.cursor()
    cursor.execute("CREATE TABLE w (id BIGINT, v DOUBLE) UNIQUE KEY(id)")
    cursor.executemany("INSERT INTO w VALUES (%s, %s)", [(i, i / 2) for i in range(3000)])
    cursor.execute("SELECT count(*) FROM w")
    assert cursor.fetchall() == ((0,),)
    connection.rollback()
    connection.commit()
    cursor.execute("SELECT count(*) FROM w")
    assert cursor.fetchall() == ((0,),)
    cursor.execute("INSERT INTO w VALUES (1, 1)")
    cursor.execute("INSERT INTO w VALUES (2, 2), (1, 7)")
    connection.commit()
    assert rows(db, "SELECT id, v FROM w ORDER BY id") == [(1, 7.0), (2, 2.0)]
    assert rows(db, "UPDATE w SET v = v * 2 WHERE id = 2") == [] and rows(db, "SELECT v FROM w WHERE id = 2") == [(4.0,)]
    assert rows(db, "DELETE FROM w WHERE id IN (SELECT id FROM w WHERE v > 5)") == []
    assert rows(db, "SELECT id FROM w") == [(2,)]
    assert rows(db, "REPLACE INTO w (id, v) VALUES (2, DEFAULT)") == [] and rows(db, "SELECT v FROM w") == [(None,)]
    assert rows(db, "TRUNCATE TABLE w") == [] and rows(db, "SELECT count(*) FROM w") == [(0,)]
    assert rows(db, "DROP TABLE w") == []


@pytest.mark.parametrize("door", ["mysql", "http"])
def test_rows_of_any_table_are_changed_through_both_doors(db, door):
    """Names, columns and texts with the digits and quotes that the statement's own text is made with."""
    table = f"t1_{door}_1"
    run = (lambda sql: rows(db, sql)) if door == "mysql" else (lambda sql: db.query(sql, database="wire"))
    run(f"CREATE TABLE {table} (id BIGINT, v1 INT, s VARCHAR(20)) UNIQUE KEY (id)")
    run(f"INSERT INTO {table} VALUES (1, 11, 'a'), (2, 12, '1 FROM'), (3, 13, NULL)")
    run(f"UPDATE {table} SET v1 = v1 + 1, s = '1' WHERE id = 1")
    run(f"DELETE FROM {table} WHERE s = '1 FROM'")
    run(f"UPDATE {table} AS x SET s = 'z' WHERE x.s IS NULL")
    assert [list(map(str, row)) for row in run(f"SELECT id, v1, s FROM {table} ORDER BY id")] == [["1", "12", "1"], ["3", "13", "z"]]


@pytest.mark.parametrize("where", ["v > 0 HAVING count(*) > 5", "v > 0 OFFSET 2", "v > 0 GROUP BY id", "v > 0 QUALIFY row_number() OVER () = 1",
                                   "v > 0 USING SAMPLE 1", "v > 0 WINDOW w AS ()", "v > 0 FETCH FIRST 1 ROWS ONLY", "id = 1) HAVING (count(*) > 5", "1=1) OR (1=2"])
def test_what_stands_behind_where_and_is_no_condition_is_refused(db, where):
    rows(db, "CREATE TABLE IF NOT EXISTS behind (id BIGINT, v INT) UNIQUE KEY (id)")
    rows(db, "INSERT INTO behind VALUES (1, 1), (2, 2), (3, 3)")
    for change in (f"DELETE FROM behind WHERE {where}", f"UPDATE behind SET v = 9 WHERE {where}"):
        with pytest.raises(pymysql.MySQLError):
            rows(db, change)
        assert db.call("POST", "/api/v1/query", {"sql": change, "database": "wire"}).status == 400
    with pytest.raises(pymysql.MySQLError):
        rows(db, "UPDATE behind SET v = 1) , (2 WHERE id = 1")
    assert rows(db, "DELETE FROM behind WHERE id = 9 -- nothing") == []
    assert rows(db, "SELECT id, v FROM behind ORDER BY id") == [(1, 1), (2, 2), (3, 3)]


def test_parameters_written_into_a_text_stay_apart_from_it(db):
    rows(db, "CREATE TABLE apart (id BIGINT, v INT) UNIQUE KEY (id)")
    rows(db, "INSERT INTO apart VALUES (1, 10), (2, 20)")
    for sql, values in (("UPDATE apart SET v = v -$1\nWHERE id = $2", [-5, 1]), ("DELETE FROM apart WHERE v > 10 -? AND id = 99", [-5])):
        assert db.call("POST", "/api/v1/query", {"sql": sql, "params": values, "database": "wire"}).status == 200
    assert rows(db, "SELECT id, v FROM apart ORDER BY id") == [(1, 15), (2, 20)]


def test_backslashes_are_as_sql_mode_says_in_every_statement(db):
    connection = db.mysql(database="wire", autocommit=True)
    cursor = connection.cursor()
    try:
        cursor.execute("CREATE TABLE slashes (id BIGINT, s VARCHAR(50), t VARCHAR(50)) UNIQUE KEY (id)")
        cursor.execute("SET sql_mode = 'NO_BACKSLASH_ESCAPES'")
        cursor.execute(r"INSERT INTO slashes VALUES (1, 'C:\new\table', 'dir\')")
        cursor.execute(r"UPDATE slashes SET t = 'D:\new' WHERE s = 'C:\new\table'")
        cursor.execute("SELECT s, t FROM slashes")
        assert cursor.fetchall() == ((r"C:\new\table", r"D:\new"),)
        cursor.execute(r"DELETE FROM slashes WHERE t = 'D:\new'")
        assert cursor.rowcount == 1
    finally:
        connection.close()


def test_a_value_of_a_prepared_write_stays_a_value_without_backslash_escapes(db):
    rows(db, "CREATE TABLE bound (id BIGINT, s VARCHAR(50), t VARCHAR(50)) UNIQUE KEY (id)")
    rows(db, "INSERT INTO bound VALUES (1, 'a', 'b'), (2, 'c', 'd')")
    raw = Raw(db)
    raw.command(b"\x03SET sql_mode = 'NO_BACKSLASH_ESCAPES'")
    assert raw.read()[0] == 0
    raw.command(b"\x16DELETE FROM wire.bound WHERE s = ? AND t = ?")
    statement, columns, params = struct.unpack("<IHH", raw.read()[1:9])
    for _ in range(params):
        raw.read()
    values = b"".join(bytes([len(text)]) + text for text in (b"zz\\", b" OR 1=1 -- "))
    raw.command(b"\x17" + struct.pack("<IBI", statement, 0, 1) + b"\0\x01\xfd\0\xfd\0" + values)
    assert (columns, params, raw.read()[:2]) == (0, 2, b"\0\0")
    assert rows(db, "SELECT count(*) FROM bound") == [(2,)]


def test_columns_are_added_changed_renamed_and_dropped(db):
    rows(db, "CREATE TABLE alters (id BIGINT, v INT, s VARCHAR(10)) UNIQUE KEY (id) DISTRIBUTED BY HASH(id) BUCKETS 4 "
             "PROPERTIES ('function_column.sequence_col' = 'v')")
    rows(db, "INSERT INTO alters VALUES (1, 2, 'a'), (2, 3, 'b')")
    rows(db, "ALTER TABLE alters ADD COLUMN w INT NOT NULL DEFAULT '7' COMMENT 'x', DROP COLUMN s")
    rows(db, "ALTER TABLE alters ADD COLUMN (a INT, b VARCHAR(5) DEFAULT 'q')")
    rows(db, "ALTER TABLE alters CHANGE a aa BIGINT, RENAME COLUMN b bb")
    rows(db, "ALTER TABLE alters RENAME COLUMN id TO key_id")
    rows(db, "ALTER TABLE alters RENAME COLUMN v TO version")
    rows(db, "ALTER TABLE alters MODIFY COLUMN key_id LARGEINT")
    fails(db, "ALTER TABLE alters RENAME COLUMN aa TO bb", 1060, "Duplicate column name 'bb'")
    fails(db, "ALTER TABLE alters RENAME COLUMN a TO c", 1054, "Unknown column 'a'")
    fails(db, "ALTER TABLE alters RENAME other", 1235, "a table keeps its name")
    assert rows(db, "SELECT CAST(key_id AS CHAR), version, w, aa, bb FROM alters ORDER BY 1") == [("1", 2, 7, None, "q"), ("2", 3, 7, None, "q")]
    shown = rows(db, "SHOW CREATE TABLE alters")[0][1]
    assert "HASH(`key_id`)" in shown and "'function_column.sequence_col'='version'" in shown and "`id`" not in shown
    # What was deleted is known by the new names too: an older row does not bring it back.
    big = "170141183460469231731687303715884105727"
    for key in ("1", big):
        db.load("alters", f"{key},9\n", db="wire", columns="key_id, version", column_separator=",", merge_type="DELETE")
        db.load("alters", f"{key},8\n", db="wire", columns="key_id, version", column_separator=",")
    assert rows(db, "SELECT CAST(key_id AS CHAR) FROM alters") == [("2",)]
    assert db.load("alters", f"{big},10\n", db="wire", columns="key_id, version", column_separator=",")["Status"] == "Success"
    assert rows(db, "SELECT CAST(key_id AS CHAR) FROM alters ORDER BY key_id") == [("2",), (big,)]


def test_a_table_whose_making_was_cut_off_is_made_again(fresh):
    create = "CREATE TABLE shop.half (id BIGINT, v INT) UNIQUE KEY (id) PROPERTIES ('function_column.sequence_col' = 'v')"
    fresh.kill()
    fresh.env["WEIR_FAULT"] = "create.between=kill"
    fresh.start()
    with pytest.raises(OSError):
        fresh.query(create)
    fresh.process.wait(timeout=60)
    del fresh.env["WEIR_FAULT"]
    fresh.start()
    fresh.query(create)
    fresh.query("INSERT INTO shop.half VALUES (1, 2)")
    assert fresh.query("SELECT * FROM shop.half") == [[1, 2]]


def test_a_type_is_changed_once_the_values_that_do_not_fit_are_gone(db):
    rows(db, "CREATE TABLE retype (id BIGINT, v VARCHAR(20)) UNIQUE KEY (id)")
    rows(db, "INSERT INTO retype VALUES (1, 'x'), (2, NULL)")
    fails(db, "ALTER TABLE retype MODIFY COLUMN v BIGINT", 1292, "column `v` of `wire.retype` has what is no BIGINT: 'x'")
    rows(db, "DELETE FROM retype WHERE id = 1")
    rows(db, "INSERT INTO retype VALUES (3, '6')")
    rows(db, "ALTER TABLE retype MODIFY COLUMN v BIGINT")
    assert rows(db, "SELECT id, v FROM retype ORDER BY id") == [(2, None), (3, 6)]


def test_a_change_of_columns_that_was_cut_off_is_made_again(fresh):
    fresh.query("CREATE TABLE shop.cut (id BIGINT, a INT, gone INT) UNIQUE KEY (id)")
    fresh.query("INSERT INTO shop.cut VALUES (1, 2, 3)")
    alter = "ALTER TABLE shop.cut RENAME COLUMN a TO b, RENAME COLUMN id TO key_id, ADD COLUMN more INT, DROP COLUMN gone"
    fresh.kill()
    fresh.env["WEIR_FAULT"] = "alter.between=kill"
    fresh.start()
    with pytest.raises(OSError):
        fresh.query(alter)
    fresh.process.wait(timeout=60)
    del fresh.env["WEIR_FAULT"]
    fresh.start()
    fresh.query(alter)
    assert fresh.query("SELECT key_id, b, more FROM shop.cut") == [[1, 2, None]]


def test_errors_have_mysqls_numbers_and_words(db):
    fails(db, "SELECT * FROM nope", 1146, "Table 'wire.nope' doesn't exist")
    fails(db, "SELECT nope FROM t", 1054, "Unknown column 'nope' in 'field list'")
    fails(db, "SELEC 1", 1064, "check the manual that corresponds to your MySQL server version for the right syntax to use near '")
    fails(db, "USE nope", 1049, "Unknown database 'nope'")
    fails(db, "SELECT @@nope", 1193, "Unknown system variable 'nope'")
    fails(db, "SET version = 1", 1238, "read only")
    fails(db, "CREATE TABLE t (a INT)", 1050, "already exists")
    fails(db, "DROP TABLE nope", 1051, "Unknown table")
    fails(db, "INSERT INTO t VALUES (1)", 1136, "Column count")
    fails(db, "KILL 4000000000", 1094, "Unknown thread id")
    fails(db, "CREATE VIEW v AS SELECT 1", 1235, "kind: view")


@pytest.mark.parametrize("sql, wanted", [
    ("SELECT 24*60*60*1000000", 86400000000),
    ("SELECT i*1000000000 FROM c WHERE i = 10", 10000000000),
    ("SELECT SUM(s*s*i) FROM c", 2070000),
    ("SELECT t+t FROM c WHERE i = 10", 200),
    ("SELECT (i>1)+(i<100)+TRUE FROM c WHERE i = 10", 3),
    ("SELECT b+0 FROM c WHERE i = 10", 1),
    ("SELECT AVG(g='a') FROM c", 0.5),
    ("SELECT COUNT(*) FROM c WHERE g=0", 2),
    ("SELECT i FROM c WHERE d='20240131'", 10),
    ("SELECT i FROM c WHERE at>=20240201", 13),
    ("SELECT i FROM c WHERE d='20240131' AND g='a' AND s=300", 10),
])
def test_mysqls_coercions_are_made_where_a_statement_needs_them(coerced, sql, wanted):
    assert rows(coerced, sql)[0][0] == wanted


@pytest.fixture(scope="module")
def coerced(db):
    rows(db, "CREATE TABLE c (i INT, s SMALLINT, t TINYINT, b BOOLEAN, g VARCHAR(20), d DATE, at DATETIME, n BIGINT) DUPLICATE KEY(i)")
    rows(db, "INSERT INTO c VALUES (10,300,100,true,'a','20240131','20240131235959',1),(13,300,100,false,'b',20240229,20240229000000,1)")
    return db


def test_coercions_are_made_in_writes(coerced):
    rows(coerced, "INSERT INTO c (i, n, g) SELECT i + 100, (i>1)+(i<100), IFNULL(at, '-') FROM c WHERE d = '20240131'")
    rows(coerced, "INSERT INTO c (i, n) VALUES (111, 2000000*3000)")
    assert rows(coerced, "SELECT i, n, g FROM c WHERE i > 100 ORDER BY i") == [(110, 2, "2024-01-31 23:59:59"), (111, 6000000000, None)]
    rows(coerced, "UPDATE c SET n = 1000000*1000000 WHERE d = '20240229'")
    assert rows(coerced, "SELECT n FROM c WHERE i = 13") == [(1000000000000,)]
    rows(coerced, "DELETE FROM c WHERE i > 100 OR d = '20230101'")
    assert rows(coerced, "SELECT COUNT(*) FROM c") == [(2,)]
    fails(coerced, "INSERT INTO c (i, d) VALUES (1, '20240230')", 1292, "invalid date field format")
    fails(coerced, "SELECT v FROM c WHERE d = 'hello'", 1054, "Unknown column 'v'")
    fails(coerced, "SELECT i FROM c WHERE d = 'hello'", 1292, "invalid date field format")


@pytest.mark.parametrize("sql", ["INSERT INTO t SELECT * FROM t", "REPLACE INTO t SELECT * FROM t", "UPDATE t SET id = 1", "DELETE FROM t"])
def test_only_queries_are_explained(db, sql):
    fails(db, "EXPLAIN " + sql, 1235, "only queries are explained")


def test_text_longer_than_its_column_is_refused_by_row_and_column(db):
    for keys in ("DUPLICATE", "UNIQUE"):
        rows(db, "DROP TABLE IF EXISTS wire.short")
        rows(db, f"CREATE TABLE wire.short (id BIGINT, name VARCHAR(5), code CHAR(2)) {keys} KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1"
                 " PROPERTIES('replication_num'='1')")
        fails(db, "INSERT INTO wire.short VALUES (1,'abcde','x'),(2,'abcdef','y')", 1406, "Data too long for column 'name' at row 2")
        fails(db, "INSERT INTO wire.short (id, code) VALUES (1,'xyz')", 1406, "Data too long for column 'code' at row 1")
        fails(db, "INSERT INTO wire.short SELECT 7, repeat('z', 6), NULL", 1406, "Data too long for column 'name'")
        fails(db, "INSERT INTO wire.short VALUES (3,'中文',NULL)", 1406, "at row 1")  # n counts bytes, as in Stream Load
        assert rows(db, "SELECT count(*) FROM wire.short") == [(0,)]
        rows(db, "INSERT INTO wire.short VALUES (1,'abcde','xy'),(2,NULL,NULL)")
        rows(db, "INSERT INTO wire.short SELECT 3, 'five5', 'ok'")
        assert rows(db, "SELECT id, name FROM wire.short ORDER BY id") == [(1, "abcde"), (2, None), (3, "five5")]


def n_threads(weir):
    with open(f"/proc/{weir.process.pid}/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("Threads"))


def one(raw, number):
    """Asks for nothing: reads the answer of SELECT number."""
    assert raw.answer()[2] == bytes([len(str(number))]) + str(number).encode()


def test_silent_sessions_have_no_threads(db):
    before = n_threads(db)
    sessions = [Raw(db) for _ in range(60)]
    for number, session in enumerate(sessions):
        session.command(b"\x03SELECT %d" % number)
        one(session, number)
    assert n_threads(db) < before + 40
    for number, session in enumerate(sessions):
        session.command(b"\x03SELECT %d" % number)
    for number, session in enumerate(sessions):
        one(session, number)
        session.socket.close()


def test_a_silent_session_is_sent_away(db):
    silent, other = Raw(db), Raw(db)
    silent.command(b"\x03SET wait_timeout = 1")
    assert silent.answer()[0][0] == 0
    silent.seq = 0
    error = silent.read()  # the server speaks first
    assert error[0] == 0xFF and struct.unpack("<H", error[1:3])[0] == 4031 and b"inactivity" in error
    assert silent.socket.recv(1) == b""
    other.command(b"\x03SELECT 2")
    one(other, 2)


def flood(db, n):
    """In a process of its own, until it is killed: each client has its next commands there before the last is answered."""
    pings, sessions = b"\x01\0\0\0\x0e" * 3000, [Raw(db) for _ in range(n)]
    sent = [0] * n
    for raw in sessions:
        raw.socket.setblocking(False)
    while True:
        for i, raw in enumerate(sessions):
            try:
                sent[i] = (sent[i] + raw.socket.send(pings[sent[i]:])) % len(pings)
                raw.socket.recv(1 << 20)
            except BlockingIOError:
                pass


def test_clients_that_never_stop_do_not_keep_others_out(db):
    """More of them than are served at once."""
    parked = Raw(db)
    flooding = multiprocessing.get_context("fork").Process(target=flood, args=(db, 3 * (os.cpu_count() or 1) + 4))
    flooding.start()
    begin = time.monotonic()
    try:
        for number in range(200):
            parked.command(b"\x03SELECT %d" % number)
            one(parked, number)
    finally:
        flooding.kill()
        flooding.join()
    assert time.monotonic() - begin < 15 * SLOWER


def test_a_changed_user_and_a_kill_reach_a_silent_session(db):
    raw, other = Raw(db), Raw(db)
    raw.command(b"\x11admin\0" + bytes([20]) + raw.native(PASSWORD.encode(), raw.scramble()) + b"\0" + struct.pack("<H", 45) + b"mysql_native_password\0")
    answer = raw.read()
    if answer[0] == 0xFE:  # asks again, with a new scramble
        raw.write(raw.native(PASSWORD.encode(), answer.split(b"\0", 1)[1][:20]))
        answer = raw.read()
    assert answer[0] == 0, answer
    raw.command(b"\x03SELECT connection_id()")
    number = int(raw.answer()[2][1:])
    other.command(b"\x03KILL %d" % number)
    assert other.answer()[0][0] == 0
    assert raw.socket.recv(1) == b""


def test_commands_that_come_together_are_answered_in_turn(db):
    raw = Raw(db)
    texts = [b"\x03SELECT %d" % number for number in (11, 22, 33)]
    whole = b"".join(len(text).to_bytes(3, "little") + b"\0" + text for text in texts)
    raw.socket.sendall(whole[:-3])
    one(raw, 11)
    one(raw, 22)
    raw.socket.sendall(whole[-3:])  # the rest of a packet that had begun
    one(raw, 33)


def test_kill_and_time_out(db):
    slow = "SELECT sum(a.i * b.i) FROM range(10000000) a(i), range(10000000) b(i) WHERE a.i + b.i > 3"
    victim, killer, outcome = db.mysql(), db.mysql(), []

    def run():
        try:
            victim.cursor().execute(slow)
        except pymysql.MySQLError as error:
            outcome.append(error.args[0])
    thread = threading.Thread(target=run)
    thread.start()
    cursor = killer.cursor()
    while True:  # until it is seen to run
        cursor.execute("SHOW FULL PROCESSLIST")
        if any(row[0] == victim.thread_id() and row[7] == slow for row in cursor.fetchall()):
            break
    cursor.execute(f"KILL QUERY {victim.thread_id()}")
    thread.join(30)
    assert outcome == [1317]
    victim.ping(reconnect=False)
    cursor.execute("SET max_execution_time = 200")
    with pytest.raises(pymysql.MySQLError) as caught:
        cursor.execute(slow)
    assert caught.value.args[0] == 3024


def test_writes_are_stopped_too(db):
    never = "(SELECT sum(a.i * b.i) FROM range(10000000) a(i), range(10000000) b(i) WHERE a.i + b.i > 3)"
    writer, killer = db.mysql(database="shop", autocommit=True), db.mysql(autocommit=True)
    cursor = writer.cursor()
    cursor.execute("CREATE TABLE stopped (a BIGINT) DUPLICATE KEY (a) DISTRIBUTED BY HASH(a)")
    cursor.execute("INSERT INTO stopped VALUES (1)")
    cursor.execute("SET query_timeout = 1")
    with pytest.raises(pymysql.MySQLError) as caught:
        cursor.execute(f"INSERT INTO stopped VALUES ({never})")
    assert caught.value.args[0] == 3024
    cursor.execute("SET query_timeout = 3600")
    for write in [f"INSERT INTO stopped VALUES ({never})", f"DELETE FROM stopped WHERE a < {never}", f"UPDATE stopped SET a = {never}"]:
        outcome = []

        def run():
            try:
                outcome.append(cursor.execute(write))
            except pymysql.MySQLError as error:
                outcome.append(error.args[0])
        thread = threading.Thread(target=run)
        thread.start()
        with killer.cursor() as at:
            while True:  # until it is seen to run
                at.execute("SHOW FULL PROCESSLIST")
                if any(row[0] == writer.thread_id() and row[7] == write for row in at.fetchall()):
                    break
            at.execute("INSERT INTO shop.stopped VALUES (2)")  # nobody waits for it
            at.execute(f"KILL QUERY {writer.thread_id()}")
        thread.join(30)
        assert outcome == [1317], write
    cursor.execute("SELECT count(*), sum(a) FROM stopped")
    assert cursor.fetchall() == ((4, 7),)
    cursor.execute("DROP TABLE stopped")


# What clients send on connecting and browsing: none may fail.
GOLDEN = """
SET NAMES utf8mb4
SET AUTOCOMMIT = 0
SET NAMES 'utf8mb4' COLLATE 'utf8mb4_general_ci'
SET @@session.autocommit = OFF
select @@version_comment limit 1
select DATABASE(), USER() limit 1
select @@character_set_client,@@character_set_connection,@@character_set_server,@@character_set_database limit 1
SELECT @@transaction_isolation
SELECT @@tx_isolation
SELECT @@lower_case_table_names
SHOW schemas
SHOW FULL TABLES FROM `wire`
SHOW CREATE TABLE `t`
DESCRIBE `wire`.`t`
/* mysql-connector-j-9.0 (Revision: x) */SELECT @@session.auto_increment_increment AS auto_increment_increment, @@character_set_client AS character_set_client, @@character_set_connection AS character_set_connection, @@character_set_results AS character_set_results, @@character_set_server AS character_set_server, @@collation_server AS collation_server, @@collation_connection AS collation_connection, @@init_connect AS init_connect, @@interactive_timeout AS interactive_timeout, @@license AS license, @@lower_case_table_names AS lower_case_table_names, @@max_allowed_packet AS max_allowed_packet, @@net_write_timeout AS net_write_timeout, @@performance_schema AS performance_schema, @@sql_mode AS sql_mode, @@system_time_zone AS system_time_zone, @@time_zone AS time_zone, @@transaction_isolation AS transaction_isolation, @@wait_timeout AS wait_timeout
SET character_set_results = NULL
SET autocommit=1
SET sql_mode='STRICT_TRANS_TABLES'
set autocommit=1, sql_mode = concat(@@sql_mode,',STRICT_TRANS_TABLES')
SHOW WARNINGS
SHOW FULL COLUMNS FROM `t` FROM `wire`
SHOW INDEX FROM `t` FROM `wire`
SHOW KEYS FROM `wire`.`t`
SELECT @@max_allowed_packet,@@system_time_zone,@@time_zone,@@auto_increment_increment
/* ApplicationName=DBeaver 24 - Main */ SELECT @@GLOBAL.character_set_server,@@GLOBAL.collation_server
SHOW ENGINES
SHOW CHARSET
SHOW COLLATION
SHOW PLUGINS
SHOW VARIABLES LIKE 'lower_case_table_names'
SHOW PRIVILEGES
SELECT * FROM information_schema.TABLES t WHERE t.TABLE_SCHEMA = 'information_schema' AND t.TABLE_NAME = 'CHECK_CONSTRAINTS'
SELECT WORD FROM information_schema.KEYWORDS WHERE RESERVED=1 ORDER BY WORD
SHOW TABLE STATUS FROM `wire`
SELECT * FROM information_schema.COLUMNS WHERE TABLE_SCHEMA='wire' AND TABLE_NAME='t' ORDER BY ORDINAL_POSITION
SELECT * FROM information_schema.STATISTICS WHERE TABLE_SCHEMA='wire'
SELECT * FROM information_schema.PARTITIONS WHERE TABLE_SCHEMA='wire'
SELECT * FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA='wire'
SELECT * FROM information_schema.TRIGGERS
SELECT * FROM information_schema.EVENTS
SELECT * FROM information_schema.VIEWS
SELECT table_schema, SUM(data_length+index_length) FROM information_schema.tables GROUP BY table_schema
SHOW CREATE DATABASE `wire`
SHOW FULL PROCESSLIST
SET SQL_SELECT_LIMIT=200
SET net_write_timeout=600
EXPLAIN FORMAT=JSON SELECT * FROM t
SELECT @@GLOBAL.time_zone AS global_tz, @@system_time_zone AS system_tz, time_format(timediff(now(), convert_tz(now(), @@GLOBAL.time_zone, '+00:00')), '%H:%i') AS offset
SET @@session.time_zone = 'Asia/Shanghai'
SHOW GRANTS FOR CURRENT_USER
SELECT DISTINCT TABLE_SCHEMA from information_schema.TABLES where TABLE_TYPE != 'SYSTEM VIEW' ORDER BY TABLE_SCHEMA
SELECT table_name FROM information_schema.tables WHERE table_schema = 'wire' ORDER BY table_name
SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = 'wire' AND table_name = 't'
SHOW CATALOGS
SHOW STATUS
SHOW SESSION VARIABLES
SHOW FRONTENDS
SHOW BACKENDS
SHOW TRANSACTION FROM wire WHERE LABEL LIKE 'x%'
SHOW LOAD FROM wire WHERE LABEL = 'x'
SHOW STREAM LOAD FROM wire
SHOW ROUTINE LOAD
SHOW PARTITIONS FROM t
SHOW TABLETS FROM t
SHOW DATA
SHOW ALTER TABLE COLUMN
SHOW PROC '/dbs'
SHOW PROCEDURE STATUS WHERE Db='wire'
SHOW FUNCTION STATUS LIKE 'x'
SHOW TRIGGERS FROM wire
SHOW EVENTS
SHOW OPEN TABLES
SHOW MASTER STATUS
SHOW COUNT(*) WARNINGS
SHOW ERRORS
SHOW TABLES LIKE 't%'
SHOW TABLES WHERE Tables_in_wire = 't'
LOCK TABLES t READ
UNLOCK TABLES
/*!40101 SET NAMES utf8 */
SELECT TIMEDIFF(NOW(), UTC_TIMESTAMP())
SELECT CONNECTION_ID(), CURRENT_USER(), FOUND_ROWS(), LAST_INSERT_ID(), VERSION()
START TRANSACTION
ROLLBACK
SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED
USE wire
""".strip().splitlines()


@pytest.mark.parametrize("sql", GOLDEN)
def test_golden(db, sql):
    rows(db, sql)
