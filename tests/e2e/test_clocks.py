"""Local times are those of who asks: of the session in SQL, whichever way it writes; of the load in a load."""
import datetime

NEAR = datetime.timedelta(minutes=10)


def rows(connection, sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return [list(row) for row in cursor.fetchall()]


def local(zone_hours):
    return datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None) + datetime.timedelta(hours=zone_hours)


def make(connection, name, model="DUPLICATE"):
    rows(connection, f"CREATE TABLE {name} (id INT, t DATETIME, u BIGINT, d DATE, made DATETIME DEFAULT CURRENT_TIMESTAMP) "
                     f"{model} KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1")


def test_a_write_goes_by_the_zone_of_its_session(weir):
    connection = weir.mysql(database="shop", autocommit=True)
    for model in ("DUPLICATE", "UNIQUE"):
        make(connection, f"clock_{model.lower()}", model)
        name = f"clock_{model.lower()}"
        for n, (zone, hours) in enumerate([("SYSTEM", 8), ("+03:00", 3), ("SYSTEM", 8)]):
            rows(connection, f"SET time_zone = '{zone}'")
            values = f"NOW(), UNIX_TIMESTAMP('2024-01-01 00:00:00'), CURDATE()"
            rows(connection, f"INSERT INTO {name} (id, t, u, d) VALUES ({n}, {values})")
            rows(connection, f"INSERT INTO {name} (id, t, u, d) SELECT {n + 10}, {values}")
            rows(connection, f"INSERT INTO {name} (id, t) VALUES ({n + 20}, FROM_UNIXTIME(0))")
            for time, unix, day, made in rows(connection, f"SELECT t, u, d, made FROM {name} WHERE id IN ({n}, {n + 10})"):
                assert abs(time - local(hours)) < NEAR and abs(made - local(hours)) < NEAR, (zone, time, made)
                assert unix == 1704067200 - hours * 3600
                assert abs(datetime.datetime.combine(day, time.time()) - time) < NEAR
            assert rows(connection, f"SELECT t FROM {name} WHERE id = {n + 20}") == [[datetime.datetime(1970, 1, 1, hours)]]


def test_what_update_and_delete_match_is_what_the_select_does(weir):
    connection = weir.mysql(database="shop", autocommit=True)
    make(connection, "clock_change", "UNIQUE")
    rows(connection, "INSERT INTO clock_change (id, t) VALUES (1, NOW()), (2, NOW() - INTERVAL 9 HOUR)")
    rows(connection, "UPDATE clock_change SET u = UNIX_TIMESTAMP('2024-01-01 00:00:00') WHERE t > NOW() - INTERVAL 1 HOUR")
    assert rows(connection, "SELECT id, u FROM clock_change ORDER BY id") == [[1, 1704067200 - 8 * 3600], [2, None]]
    assert rows(connection, "SELECT id FROM clock_change WHERE t < NOW() - INTERVAL 7 HOUR") == [[2]]
    rows(connection, "DELETE FROM clock_change WHERE t < NOW() - INTERVAL 7 HOUR")
    assert rows(connection, "SELECT id FROM clock_change") == [[1]]


def test_a_write_that_waits_for_commit_and_a_table_made_of_a_select_do_too(weir):
    connection = weir.mysql(database="shop", autocommit=False)
    make(connection, "clock_txn")
    rows(connection, "SET time_zone = '+03:00'")
    rows(connection, "INSERT INTO clock_txn (id, t) VALUES (1, FROM_UNIXTIME(0))")
    rows(connection, "SET time_zone = 'SYSTEM'")
    rows(connection, "INSERT INTO clock_txn (id, t) VALUES (2, FROM_UNIXTIME(0))")
    connection.commit()
    assert rows(connection, "SELECT id, HOUR(t) FROM clock_txn ORDER BY id") == [[1, 3], [2, 8]]
    rows(connection, "CREATE TABLE clock_as AS SELECT 1 AS id, FROM_UNIXTIME(0) AS t")
    assert rows(connection, "SELECT HOUR(t) FROM clock_as") == [[8]]


def test_a_load_goes_by_its_own_zone_and_else_by_the_projects(weir):
    connection = weir.mysql(database="shop", autocommit=True)
    make(connection, "clock_load", "UNIQUE")
    columns = "id, e, t=from_unixtime(e), u=unix_timestamp('2024-01-01 00:00:00'), d=date(now())"
    for n, (zone, hours) in enumerate([(None, 8), ("UTC", 0), ("America/Lima", -5), (None, 8), ("Asia/Shanghai", 8)]):
        headers = {"timezone": zone} if zone else {}
        answer = weir.load("clock_load", f"{n},86400\n", columns=columns, column_separator=",", **headers)
        assert answer["Status"] == "Success", answer
        [[time, unix, day, made]] = rows(connection, f"SELECT t, u, d, made FROM clock_load WHERE id = {n}")
        assert time == datetime.datetime(1970, 1, 2) + datetime.timedelta(hours=hours), zone
        assert unix == 1704067200 - hours * 3600
        assert abs(made - local(hours)) < NEAR
        assert abs(datetime.datetime.combine(day, made.time()) - made) < NEAR
    # the same without expressions, which takes other ways: the default of a column, an offset, a large body
    for zone, hours in (("UTC", 0), (None, 8)):
        headers = {"timezone": zone} if zone else {}
        weir.load("clock_load", "7,1970-01-02T00:00:00+00:00\n", columns="id,t", column_separator=",", **headers)
        [[time, made]] = rows(connection, "SELECT t, made FROM clock_load WHERE id = 7")
        assert time == datetime.datetime(1970, 1, 2) + datetime.timedelta(hours=hours)
        assert abs(made - local(hours)) < NEAR
        body = "".join(f"{n + 100},86400\n" for n in range(200000))
        weir.load("clock_load", body, columns="id, e, t=from_unixtime(e)", column_separator=",", **headers)
        assert rows(connection, "SELECT count(*), min(t) = max(t), HOUR(min(t)) FROM clock_load WHERE id >= 100") == [[200000, 1, hours]]


def test_a_load_of_two_phases_keeps_its_zone_for_the_second(weir):
    connection = weir.mysql(database="shop", autocommit=True)
    make(connection, "clock_two", "UNIQUE")
    answer = weir.load("clock_two", "1,0\n", columns="id, e, t=from_unixtime(e)", column_separator=",", timezone="America/Lima",
                       two_phase_commit="true", partial_columns="true")
    assert answer["Status"] == "Success", answer
    done = weir.call("PUT", "/api/shop/_stream_load_2pc", headers={"txn_id": str(answer["TxnId"]), "txn_operation": "commit"})
    assert done.json()["status"] == "Success", done.text
    [[time, made]] = rows(connection, "SELECT t, made FROM clock_two")
    assert time == datetime.datetime(1969, 12, 31, 19) and abs(made - local(-5)) < NEAR
