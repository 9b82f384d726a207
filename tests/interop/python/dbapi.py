"""PyMySQL and MySQL's own connector for Python, by the DB-API. The mode is pymysql, connector or prepared (the
connector with binary prepared statements)."""
import datetime
import json
from decimal import Decimal

from cases import HOST, MODE, PASSWORD, PORT, USER, equal, run

if MODE == "pymysql":
    import pymysql as driver
    import pymysql.cursors
    EXTRA = {}
else:
    import mysql.connector as driver
    EXTRA = {"use_pure": True}


def connect(**more):
    return driver.connect(**{"host": HOST, "port": PORT, "user": USER, "password": PASSWORD, "database": "interop", **EXTRA, **more})


def cursor_of(connection):
    return connection.cursor(prepared=True) if MODE == "prepared" else connection.cursor()


def query(sql, values=(), connection=None):
    mine = connection or connect(autocommit=True)
    cursor = cursor_of(mine)
    cursor.execute(sql, values)
    rows = cursor.fetchall() if cursor.description else []
    cursor.close()
    if not connection:
        mine.close()
    return [tuple(row) for row in rows]


def cold_connect():
    connection = connect(database=None)
    connection.ping()
    equal(query("SELECT DATABASE()", connection=connection), [(None,)])
    connection.close()


def sign_in_with_TLS():
    more = {"ssl": {"check_hostname": False}} if MODE == "pymysql" else {"ssl_disabled": False, "ssl_verify_cert": False}
    connection = connect(**more)
    equal(query("SELECT 1", connection=connection), [(1,)])
    assert query("SHOW STATUS LIKE 'Ssl_cipher'", connection=connection)[0][1], "no cipher"
    connection.close()


def list_databases():
    names = {row[0] for row in query("SHOW DATABASES")}
    assert {"interop", "shop", "information_schema"} <= names, names


def browse_tables():
    equal([row[0] for row in query("SHOW TABLES")], ["million", "pair", "typed"])
    rows = query("SELECT column_name, column_type, is_nullable, column_key FROM information_schema.columns"
                 " WHERE table_schema = %s AND table_name = %s ORDER BY ordinal_position", ("interop", "pair"))
    equal(rows, [("a", "int", "NO", "PRI"), ("b", "varchar(10)", "NO", "PRI"), ("v", "int", "YES", "")])
    equal([(row[2], row[4]) for row in query("SHOW INDEX FROM pair")], [("PRIMARY", "a"), ("PRIMARY", "b")])


def read_each_type():
    rows = query("SELECT * FROM typed WHERE id <> %s ORDER BY id", (99,))
    one, null, low, high = rows
    equal(one[:16], (1, 1, 7, 300, 70000, 5000000000, 170141183460469231731687303715884105727, 1.5, 2.25, Decimal("12.3456"), "ab",
                     "it's \"ü\" 中 🎵 \\ %", "line\nline", datetime.date(2026, 11, 21), datetime.datetime(2026, 11, 21, 10, 20, 30),
                     datetime.datetime(2026, 11, 21, 10, 20, 30, 123456)))
    equal([json.loads(text) for text in one[16:]], [{"k": [1, "中"]}, [1, 2, None]])
    equal(null, (2,) + (None,) * 17)
    equal(low[1:6], (0, -128, -32768, -2147483648, -9223372036854775808))
    equal(low[8:10], (-1e300, Decimal("-99999999999999.9999")))
    equal(low[10:16], ("", "", "", datetime.date(1000, 1, 1), datetime.datetime(1000, 1, 1), datetime.datetime(1000, 1, 1, 0, 0, 0, 1)))
    equal(high[1:6], (1, 127, 32767, 2147483647, 9223372036854775807))
    equal(high[13:16], (datetime.date(9999, 12, 31), datetime.datetime(9999, 12, 31, 23, 59, 59), datetime.datetime(9999, 12, 31, 23, 59, 59, 999999)))


def parameters_of_each_type():
    values = (-5, 2.5, Decimal("1.25"), "ü'\\", datetime.date(2026, 1, 2), datetime.datetime(2026, 1, 2, 3, 4, 5, 678), None, True)
    connection = connect(autocommit=True)
    query("DROP TABLE IF EXISTS given", connection=connection)
    query("CREATE TABLE given (a INT, b DOUBLE, c DECIMAL(10,2), d VARCHAR(20), e DATE, f DATETIME(6), g INT, h BOOLEAN)", connection=connection)
    query("INSERT INTO given VALUES (%s, %s, %s, %s, %s, %s, %s, %s)", values, connection)
    equal(query("SELECT * FROM given", connection=connection), [values])
    equal(query("SELECT count(*) FROM given WHERE a = %s AND d = %s AND e = %s", (-5, "ü'\\", values[4]), connection), [(1,)])
    query("DROP TABLE given", connection=connection)
    connection.close()


def repeated_statement():
    connection = connect()
    cursor = cursor_of(connection)
    for i in (1, 999999, 1000000, 5):
        cursor.execute("SELECT name FROM million WHERE id = %s", (i,))
        equal([row[0] for row in cursor.fetchall()], [f"row {i}"] if i < 1000000 else [])
    connection.close()


def million_rows_streamed():
    connection = connect()
    cursor = connection.cursor(driver.cursors.SSCursor) if MODE == "pymysql" else cursor_of(connection)
    cursor.execute("SELECT id, name FROM million")
    count = total = 0
    while True:
        rows = cursor.fetchmany(10000)
        if not rows:
            break
        count += len(rows)
        total += sum(row[0] for row in rows)
    equal((count, total), (1000000, 499999500000))
    cursor.close()
    connection.close()


def batch_insert():
    connection = connect(autocommit=True)
    query("DROP TABLE IF EXISTS batch", connection=connection)
    query("CREATE TABLE batch (id BIGINT, name VARCHAR(20)) UNIQUE KEY(id)", connection=connection)
    cursor = cursor_of(connection)
    count = 200 if MODE == "prepared" else 5000  # one statement each, or one of many rows
    cursor.executemany("INSERT INTO batch (id, name) VALUES (%s, %s)", [(i, f"n'{i}") for i in range(count)])
    equal(cursor.rowcount, count)
    equal(query("SELECT count(*), min(name), max(id) FROM batch", connection=connection), [(count, "n'0", count - 1)])
    query("DROP TABLE batch", connection=connection)
    connection.close()


def transactions():
    connection = connect(autocommit=False)
    query("DROP TABLE IF EXISTS tx", connection=connection)
    query("CREATE TABLE tx (id BIGINT) UNIQUE KEY(id)", connection=connection)
    query("INSERT INTO tx VALUES (1)", connection=connection)
    connection.rollback()
    equal(query("SELECT count(*) FROM tx"), [(0,)])
    query("INSERT INTO tx VALUES (%s)", (2,), connection)
    equal(query("SELECT count(*) FROM tx"), [(0,)])
    connection.commit()
    equal(query("SELECT id FROM tx"), [(2,)])
    query("DROP TABLE tx", connection=connection)
    connection.close()


def fails(number, state, work):
    try:
        work()
    except driver.Error as error:
        got = error.args[0] if MODE == "pymysql" else error.errno
        assert got == number, f"{got}, not {number}: {error}"
        if MODE != "pymysql":
            equal(error.sqlstate, state)
        return
    raise AssertionError(f"no error {number}")


def errors():
    fails(1146, "42S02", lambda: query("SELECT * FROM absent"))
    fails(1064, "42000", lambda: query("SELEC 1"))
    fails(1045, "28000", lambda: connect(password="wrong"))
    fails(1049, "42000", lambda: connect(database="absent"))
    fails(1054, "42S22", lambda: query("SELECT absent FROM typed"))
    connection = connect()
    fails(1146, "42S02", lambda: query("SELECT * FROM absent", connection=connection))
    connection.close()
    again = connect()
    equal(query("SELECT 1", connection=again), [(1,)])
    again.close()


def time_zones():
    connection = connect()
    query("SET time_zone = '+00:00'", connection=connection)
    utc = query("SELECT FROM_UNIXTIME(0), NOW()", connection=connection)[0]
    query("SET time_zone = 'Asia/Shanghai'", connection=connection)
    shanghai = query("SELECT FROM_UNIXTIME(0), NOW(), @@time_zone", connection=connection)[0]
    equal(utc[0], datetime.datetime(1970, 1, 1))
    equal(shanghai[0], datetime.datetime(1970, 1, 1, 8))
    ahead = (shanghai[1] - utc[1]).total_seconds()
    assert 8 * 3600 <= ahead < 8 * 3600 + 60, ahead
    equal(shanghai[2], "Asia/Shanghai")
    equal(query("SELECT at FROM typed WHERE id = 1", connection=connection), [(datetime.datetime(2026, 11, 21, 10, 20, 30),)])
    connection.close()


def reset_connection():
    connection = connect()
    query("SET @x = 5", connection=connection)
    connection.cmd_reset_connection()
    equal(query("SELECT @x", connection=connection), [(None,)])
    connection.close()


CASES = [cold_connect, sign_in_with_TLS, list_databases, browse_tables, read_each_type, parameters_of_each_type, repeated_statement,
         million_rows_streamed, batch_insert, transactions, errors, time_zones]
run(*CASES, *([] if MODE == "pymysql" else [reset_connection]))
