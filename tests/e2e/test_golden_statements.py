"""What BI tools send, answered as MySQL answers it: not only without an error (test_mysql.py has those) but with the
columns and values that the tools read. Metabase, Superset, DBeaver, Grafana and the drivers below them."""
import datetime

import pytest


@pytest.fixture(scope="module")
def cursor(weir):
    connection = weir.mysql(autocommit=True)
    with connection.cursor() as made:
        made.execute("CREATE DATABASE IF NOT EXISTS golden")
        made.execute("USE golden")
        made.execute("CREATE TABLE sale (id BIGINT NOT NULL, city VARCHAR(20) COMMENT 'where', price DECIMAL(10,2), at DATETIME, note STRING) UNIQUE KEY(id)")
        made.execute("INSERT INTO sale VALUES (1, 'Rome', 1.50, '2026-01-05 10:20:30', 'a'), (2, 'Rome', 2.50, '2026-02-10 00:00:00', 'b'),"
                     " (3, '上海', 10, '2026-05-31 23:59:59', NULL)")
        yield made
    connection.close()


def answer(cursor, sql):
    """Names of columns, rows."""
    cursor.execute(sql)
    return [column[0] for column in cursor.description or []], [tuple(row) for row in cursor.fetchall()]


def rows(cursor, sql):
    return answer(cursor, sql)[1]


# ---- Metabase (on MariaDB Connector/J) ----

def test_metabase_finds_the_time_zone(cursor):
    names, found = answer(cursor, "SELECT @@GLOBAL.time_zone AS global_tz, @@system_time_zone AS system_tz, time_format(timediff(now(),"
                          " convert_tz(now(), @@GLOBAL.time_zone, '+00:00')), '%H:%i') AS offset")
    assert names == ["global_tz", "system_tz", "offset"]
    assert len(found) == 1 and len(found[0][2]) == 5


def test_metabase_sees_tables_by_grants(cursor):
    found = rows(cursor, "SHOW GRANTS FOR CURRENT_USER")
    assert found and all(row[0].startswith("GRANT ") and " TO " in row[0] for row in found)
    assert any("ON *.*" in row[0] for row in found)


@pytest.mark.parametrize("sql, value", [
    ("SELECT str_to_date('2026-11', '%Y-%m')", None),
    ("SELECT str_to_date(concat(date_format(at, '%Y-%m'), '-01'), '%Y-%m-%d') FROM sale WHERE id = 2", datetime.date(2026, 2, 1)),
    ("SELECT date_format(at, '%Y-%m-%d %H:%i') FROM sale WHERE id = 1", "2026-01-05 10:20"),
    ("SELECT str_to_date(concat(date_format(at, '%Y-%m-%d %H'), ':00'), '%Y-%m-%d %H:%i') FROM sale WHERE id = 1", datetime.datetime(2026, 1, 5, 10)),
    ("SELECT makedate(year(at), 1) FROM sale WHERE id = 1", datetime.date(2026, 1, 1)),
    ("SELECT str_to_date(concat(yearweek(at), ' Sunday'), '%X%V %W') FROM sale WHERE id = 1", datetime.date(2026, 1, 4)),
    ("SELECT str_to_date(concat(year(at), '-', ((quarter(at) * 3) - 2), '-01'), '%Y-%m-%d') FROM sale WHERE id = 3", datetime.date(2026, 4, 1)),
    ("SELECT week(at, 6) FROM sale WHERE id = 1", 1),
    ("SELECT dayofweek(at) FROM sale WHERE id = 1", 2),
    ("SELECT convert_tz('2026-01-01 00:00:00', '+00:00', '+08:00')", datetime.datetime(2026, 1, 1, 8)),
    ("SELECT regexp_substr('order 42 of 7', '[0-9]+')", "42"),
    ("SELECT char_length('上海')", 2),
    ("SELECT count(distinct city) AS `count` FROM `golden`.`sale`", 2),
])
def test_metabase_functions(cursor, sql, value):
    found = rows(cursor, sql)
    got = found[0][0]
    if isinstance(got, datetime.datetime) and type(value) is datetime.date:  # a date may come as its midnight
        value = datetime.datetime.combine(value, datetime.time())
    assert len(found) == 1 and (got == value or value is None)


def test_metabase_browses_by_mariadb_connector(cursor):
    names, found = answer(cursor, "SELECT TABLE_SCHEMA TABLE_CAT, NULL TABLE_SCHEM, TABLE_NAME, IF(TABLE_TYPE='BASE TABLE' or TABLE_TYPE = 'SYSTEM"
                          " VERSIONED', 'TABLE', TABLE_TYPE) as TABLE_TYPE, TABLE_COMMENT REMARKS FROM INFORMATION_SCHEMA.TABLES WHERE"
                          " TABLE_SCHEMA = 'golden' AND (TABLE_NAME LIKE 'sa%') ORDER BY TABLE_TYPE, TABLE_SCHEMA, TABLE_NAME")
    assert names[:4] == ["TABLE_CAT", "TABLE_SCHEM", "TABLE_NAME", "TABLE_TYPE"] and found[0][:4] == ("golden", None, "sale", "TABLE")
    # IS_NULLABLE is compared in small letters: MySQL's information_schema knows no case
    assert rows(cursor, "SELECT COLUMN_NAME, IF(IS_NULLABLE = 'yes', 1, 0) FROM INFORMATION_SCHEMA.COLUMNS WHERE TABLE_SCHEMA = 'golden'"
                " AND TABLE_NAME = 'sale' ORDER BY ORDINAL_POSITION") == [("id", 0), ("city", 1), ("price", 1), ("at", 1), ("note", 1)]


# ---- Connector/J's getTables and getColumns ----

def test_having_without_groups_sees_aliases(cursor):
    sql = ("SELECT TABLE_SCHEMA AS TABLE_CAT, TABLE_NAME, CASE WHEN TABLE_TYPE = 'BASE TABLE' THEN 'TABLE' ELSE TABLE_TYPE END AS TABLE_TYPE"
           " FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_SCHEMA = 'golden' HAVING TABLE_TYPE IN ('TABLE', 'VIEW') ORDER BY TABLE_TYPE, TABLE_SCHEMA, TABLE_NAME")
    assert rows(cursor, sql) == [("golden", "sale", "TABLE")]
    assert rows(cursor, "SELECT id, price * 2 AS twice FROM sale HAVING twice > 4 ORDER BY at DESC LIMIT 1") == [(3, 20)]
    assert rows(cursor, "SELECT id FROM sale WHERE price < 100 HAVING id <> 2 ORDER BY price DESC") == [(3,), (1,)]
    assert rows(cursor, "SELECT city, count(*) AS n FROM sale GROUP BY city HAVING n > 1") == [("Rome", 2)]
    assert rows(cursor, "SELECT count(*) AS n FROM sale HAVING n > 5") == []


def test_upper_takes_what_is_no_text(cursor):
    assert rows(cursor, "SELECT UPPER(CASE WHEN 'x' = 'y' THEN 1 ELSE 12 END), LOWER(7), UCASE('ü'), LCASE('Ü')") == [("12", "7", "Ü", "ü")]


# ---- Superset (SQLAlchemy) ----

def test_superset_reads_show_create_table(cursor):
    found = rows(cursor, "SHOW CREATE TABLE `sale`")[0]
    lines = found[1].splitlines()
    assert found[0] == "sale" and lines[0] == "CREATE TABLE `sale` ("
    assert lines[1].startswith("  `id` bigint NOT NULL") and lines[2].startswith("  `city` varchar(20)") and "COMMENT 'where'" in lines[2]
    assert lines[5].startswith("  `note` text")  # a word that MySQL's clients know
    assert lines[6] == "  PRIMARY KEY (`id`)" and lines[7].startswith(") ENGINE=")


@pytest.mark.parametrize("grain, value", [
    ("DATE(at)", datetime.date(2026, 5, 31)),
    ("DATE_ADD(DATE(at), INTERVAL HOUR(at) HOUR)", datetime.datetime(2026, 5, 31, 23)),
    ("DATE_ADD(DATE(at), INTERVAL (HOUR(at)*60 + MINUTE(at)) MINUTE)", datetime.datetime(2026, 5, 31, 23, 59)),
    ("DATE_ADD(DATE(at), INTERVAL (HOUR(at)*60*60 + MINUTE(at)*60 + SECOND(at)) SECOND)", datetime.datetime(2026, 5, 31, 23, 59, 59)),
    ("DATE(DATE_SUB(at, INTERVAL DAYOFWEEK(at) - 1 DAY))", datetime.date(2026, 5, 31)),
    ("DATE(DATE_SUB(at, INTERVAL DAYOFWEEK(DATE_SUB(at, INTERVAL 1 DAY)) - 1 DAY))", datetime.date(2026, 5, 25)),
    ("DATE(DATE_SUB(at, INTERVAL DAYOFMONTH(at) - 1 DAY))", datetime.date(2026, 5, 1)),
    ("MAKEDATE(YEAR(at), 1) + INTERVAL QUARTER(at) QUARTER - INTERVAL 1 QUARTER", datetime.date(2026, 4, 1)),
    ("DATE(DATE_SUB(at, INTERVAL DAYOFYEAR(at) - 1 DAY))", datetime.date(2026, 1, 1)),
])
def test_superset_time_grains(cursor, grain, value):
    names, found = answer(cursor, f"SELECT {grain} AS `__timestamp`, SUM(price) AS `SUM(price)` FROM `sale` WHERE at >= STR_TO_DATE("
                          "'2026-05-01 00:00:00.000000', '%Y-%m-%d %H:%i:%s.%f') GROUP BY " + grain + " ORDER BY `SUM(price)` DESC LIMIT 10000")
    assert names == ["__timestamp", "SUM(price)"] and found == [(value, 10)]


# ---- DBeaver ----

def test_dbeaver_navigator(cursor):
    names, found = answer(cursor, "/* ApplicationName=DBeaver 24.2 - Main */ SHOW FULL TABLES FROM `golden`")
    assert names == ["Tables_in_golden", "Table_type"] and found == [("sale", "BASE TABLE")]
    names, found = answer(cursor, "SHOW TABLE STATUS FROM `golden`")
    assert names[:5] == ["Name", "Engine", "Version", "Row_format", "Rows"] and names[-1] == "Comment" and found[0][0] == "sale"
    names, found = answer(cursor, "SHOW FULL COLUMNS FROM `sale` FROM `golden`")
    assert names == ["Field", "Type", "Collation", "Null", "Key", "Default", "Extra", "Privileges", "Comment"]
    assert found[1][0] == "city" and found[1][1] == "varchar(20)" and found[1][8] == "where"
    names, found = answer(cursor, "SHOW INDEX FROM `sale` FROM `golden`")
    assert names[:5] == ["Table", "Non_unique", "Key_name", "Seq_in_index", "Column_name"]
    assert [tuple(row[:5]) for row in found] == [("sale", 0, "PRIMARY", 1, "id")]
    found = rows(cursor, "SELECT * FROM information_schema.TABLES t WHERE t.TABLE_SCHEMA = 'information_schema' AND t.TABLE_NAME = 'CHECK_CONSTRAINTS'")
    assert len(found) <= 1
    found = rows(cursor, "SELECT WORD FROM information_schema.KEYWORDS WHERE RESERVED=1 ORDER BY WORD")
    assert ("SELECT",) in found and len(found) > 200
    assert rows(cursor, "SELECT kc.CONSTRAINT_NAME, kc.TABLE_NAME, kc.COLUMN_NAME, kc.ORDINAL_POSITION FROM INFORMATION_SCHEMA.KEY_COLUMN_USAGE kc"
                " WHERE kc.TABLE_SCHEMA='golden' AND kc.REFERENCED_TABLE_NAME IS NULL ORDER BY kc.CONSTRAINT_NAME,kc.ORDINAL_POSITION") == [("PRIMARY", "sale", "id", 1)]


# ---- Grafana ----

def test_grafana_lists_and_macros(cursor):
    found = rows(cursor, "SELECT DISTINCT TABLE_SCHEMA from information_schema.TABLES where TABLE_TYPE != 'SYSTEM VIEW' ORDER BY TABLE_SCHEMA")
    assert ("golden",) in found and ("shop",) in found and ("information_schema",) not in found
    assert rows(cursor, "SELECT table_name FROM information_schema.tables WHERE table_schema = 'golden' ORDER BY table_name") == [("sale",)]
    assert rows(cursor, "SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = 'golden' AND table_name = 'sale'"
                " ORDER BY ordinal_position")[:4] == [("id", "bigint"), ("city", "varchar"), ("price", "decimal"), ("at", "datetime")]
    cursor.execute("SET time_zone = '+00:00'")
    assert rows(cursor, "SELECT UNIX_TIMESTAMP(at) DIV 3600 * 3600 AS time, city AS metric, SUM(price) AS value FROM sale WHERE at BETWEEN"
                " FROM_UNIXTIME(1767571200) AND FROM_UNIXTIME(1767657600) GROUP BY 1, 2 ORDER BY 1") == [(1767607200, "Rome", 1.5)]
    cursor.execute("SET time_zone = DEFAULT")
