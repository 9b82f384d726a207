"""Expressions in headers of loads: fields are text, as in Doris; what has no value for a row refuses the row."""
import itertools

import pytest

NUMBERS = itertools.count()


def rows(weir, sql):
    connection = weir.mysql(database="shop", autocommit=True)
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return [list(row) for row in cursor.fetchall()]


def make(weir, columns, keys="DUPLICATE KEY(id)"):
    name = f"expression_{next(NUMBERS)}"
    rows(weir, f"CREATE TABLE {name} ({columns}) {keys} DISTRIBUTED BY HASH(id) BUCKETS 1")
    return name


def load(weir, table, body, **headers):
    return weir.load(table, body, column_separator=",", **headers)


def loaded(weir, declared, body, show, **headers):
    table = make(weir, declared)
    answer = load(weir, table, body, **headers)
    assert answer["Status"] == "Success", answer
    return rows(weir, f"SELECT {show} FROM {table} ORDER BY id")


@pytest.mark.parametrize("strict", ["false", "true"])
def test_integers_are_computed_as_wide_as_the_column_that_takes_them(weir, strict):
    wide = loaded(weir, "id BIGINT, n INT, b BIGINT, s STRING", "1,5\n2,2000000000\n", "b, s", columns="id,n,b=n*1000000000,s=n+n", strict_mode=strict)
    assert wide == [[5000000000, "10"], [2000000000000000000, "4000000000"]]


def test_a_row_that_an_expression_has_no_value_for_is_refused_with_a_reason(weir):
    table = make(weir, "id BIGINT, b BIGINT, n DECIMAL(38,0)")
    headers = {"columns": "id,b,n=b*b*b", "max_filter_ratio": "0.5"}
    answer = load(weir, table, "1,5\n2,9007199254740993\n", **headers)
    assert (answer["Status"], answer["NumberLoadedRows"], answer["NumberFilteredRows"], answer["NumberUnselectedRows"]) == ("Success", 1, 1, 0), answer
    assert "column_name[n]" in weir.call("GET", answer["ErrorURL"][answer["ErrorURL"].index("/api"):]).text
    answer = load(weir, table, "2,9007199254740993\n", columns=headers["columns"])
    assert answer["Status"] == "Fail" and "column_name[n]" in answer["Message"], answer


def test_where_and_delete_see_wide_numbers_and_refuse_what_they_cannot_tell(weir):
    assert loaded(weir, "id BIGINT, n INT", "1,5\n2,0\n", "id", columns="id,n", where="n*1000000000>5") == [[1]]
    table = make(weir, "id BIGINT, n INT", "UNIQUE KEY(id)")
    load(weir, table, "1,5\n2,0\n")
    assert load(weir, table, "1,5\n2,0\n", merge_type="MERGE", delete="n*1000000000>5")["Status"] == "Success"
    assert rows(weir, f"SELECT id FROM {table}") == [[2]]
    answer = load(weir, table, "3,2000000000\n", columns="id,n", where="n*n*n*n*n>1")
    assert answer["Status"] == "Fail" and "`where` has no value" in answer["Message"], answer
    answer = load(weir, table, "3,2000000000\n", merge_type="MERGE", delete="n*n*n*n*n>1")
    assert answer["Status"] == "Fail" and "`delete` has no value" in answer["Message"], answer


@pytest.mark.parametrize("expression, body, expected", [
    ("if(tmp='',0,tmp)", "1,\n2,7\n", [0, 7]),
    ("ifnull(tmp,9)", "1,\\N\n2,7\n", [9, 7]),
    ("coalesce(nullif(tmp,''),-1)", "1,\n2,7\n", [-1, 7]),
    ("if(tmp<0,0,tmp)", "1,-4\n2,7\n", [0, 7]),
    ("case when tmp>9 then 1 when tmp=5 then 2 else 3 end", "1,10\n2,5\n3,1\n", [1, 2, 3]),
    ("case tmp when 1 then 10 else tmp end", "1,1\n2,5\n", [10, 5]),
    ("tmp between 2 and 10", "1,10\n2,11\n", [1, 0]),
    ("tmp in (1,10)", "1,10\n2,1.0\n3,2\n", [1, 1, 0]),
    ("if(trim(tmp)>5,1,0)", "1, 10\n2, 2\n", [1, 0]),
    ("tmp+1", "1,10\n2,x\n", [11, None]),
    ("nullif(tmp,0)", "1,0\n2,3\n", [None, 3]),
])
def test_text_is_a_number_where_it_meets_one(weir, expression, body, expected):
    assert loaded(weir, "id BIGINT, n INT", body, "n", columns=f"id,tmp,n={expression}") == [[n] for n in expected]


def test_conditions_compare_text_with_numbers_and_dates_with_what_loads_as_one(weir):
    assert loaded(weir, "id BIGINT", "1,10\n2,9\n", "id", columns="id,tmp", where="tmp>9") == [[1]]
    assert loaded(weir, "id BIGINT, s STRING", "1,10\n2,9\n", "id", where="s>9") == [[1]]
    table = make(weir, "id BIGINT, n INT", "UNIQUE KEY(id)")
    load(weir, table, "1,1\n2,2\n")
    assert load(weir, table, "1,1,0\n2,2,1\n", columns="id,n,d", merge_type="MERGE", delete="d>0")["Status"] == "Success"
    assert rows(weir, f"SELECT id FROM {table}") == [[1]]
    body = "1,20240104\n2,2024-01-05\n3,20240106\n"
    for where, expected in (("d>='20240105'", [2, 3]), ("d='20240105'", [2]), ("d in ('20240104','2024-01-06')", [1, 3]),
                            ("d between '20240104' and '20240105'", [1, 2]), ("'2024-01-05'<d", [3])):
        for kind in ("DATE", "DATETIME"):
            assert loaded(weir, f"id BIGINT, d {kind}", body, "id", where=where) == [[n] for n in expected], (where, kind)


def test_a_map_is_read_from_json(weir):
    table = make(weir, "id BIGINT, m MAP<STRING,INT>")
    assert load(weir, table, '1,{"a":1}\n2,{b=2}\n3,{}\n', strict_mode="true")["Status"] == "Success"
    answer = weir.load(table, '{"id":4,"m":{"a":4}}', format="json", strict_mode="true")
    assert answer["Status"] == "Success", answer
    rows(weir, f"""INSERT INTO {table} VALUES (5, '{{"a":5}}'), (6, NULL)""")
    rows(weir, f"INSERT INTO {table} SELECT id + 10, m FROM {table} WHERE id = 5")
    assert rows(weir, f"SELECT id, m FROM {table} ORDER BY id") == [
        [1, '{"a":1}'], [2, '{"b":2}'], [3, "{}"], [4, '{"a":4}'], [5, '{"a":5}'], [6, None], [15, '{"a":5}']]


def test_a_path_through_all_items_gives_a_list(weir):
    table = make(weir, "id BIGINT, l ARRAY<INT>, s STRING")
    answer = weir.load(table, '{"id":1,"v":[{"n":1,"k":[{"x":"a"}]},{"n":2},{"m":3}]}\n{"id":2,"v":[]}\n{"id":3}', format="json", read_json_by_line="true",
                       jsonpaths='["$.id","$.v[*].n","$.v[*].k[*].x"]')
    assert answer["Status"] == "Success", answer
    assert rows(weir, f"SELECT id, l, s FROM {table} ORDER BY id") == [[1, "[1,2]", '["a"]'], [2, None, None], [3, None, None]]


def test_a_datetime_keeps_the_decimals_of_its_column_whichever_way_it_comes(weir):
    table = make(weir, "id BIGINT, t DATETIME, t3 DATETIME(3), t6 DATETIME(6), made DATETIME DEFAULT CURRENT_TIMESTAMP")
    times = "2024-01-01 00:00:00.6", "2024-01-01 00:00:00.1239", "2024-01-01 00:00:00.123456"
    load(weir, table, f"1,{','.join(times)}\n", columns="id,t,t3,t6")
    rows(weir, f"INSERT INTO {table} (id,t,t3,t6) VALUES (2,'{times[0]}','{times[1]}','{times[2]}')")
    rows(weir, f"INSERT INTO {table} (id,t,t3,t6) SELECT 3, TIMESTAMP '{times[0]}', TIMESTAMP '{times[1]}', TIMESTAMP '{times[2]}'")
    found = rows(weir, f"SELECT CAST(t AS CHAR), CAST(t3 AS CHAR), CAST(t6 AS CHAR), MICROSECOND(made) FROM {table} ORDER BY id")
    assert found == [["2024-01-01 00:00:01", "2024-01-01 00:00:00.124", times[2], 0]] * 3
    declared = [["datetime"], ["datetime(3)"], ["datetime(6)"]]
    assert [[row[1]] for row in rows(weir, f"DESC {table}")[1:4]] == declared
    assert rows(weir, f"SELECT column_type FROM information_schema.columns WHERE table_name = '{table}' AND column_name LIKE 't%' ORDER BY 1") == declared


def test_what_is_missing_is_told_by_its_name(weir):
    import pymysql
    table = make(weir, "id BIGINT NOT NULL AUTO_INCREMENT, x INT", "UNIQUE KEY(id)")
    with pytest.raises(pymysql.err.MySQLError) as refused:
        rows(weir, f"INSERT INTO {table} (x) VALUES (5)")
    assert refused.value.args == (1364, "Field 'id' doesn't have a default value")
    with pytest.raises(pymysql.err.MySQLError) as refused:
        make(weir, "id BIGINT, v INT", 'UNIQUE KEY(id) PROPERTIES("function_column.sequence_type"="bigint") --')
    assert "function_column.sequence_col" in refused.value.args[1]
    assert "unknown database" in weir.load("t", "1\n", db="nosuch")["Message"]
    assert "unknown table" in weir.load("nosuch", "1\n")["Message"]
    message = weir.load(table, "PAR1xxxx", format="parquet")["Message"]
    assert "too small" in message and weir.data not in message


@pytest.mark.parametrize("sql, columns", [("SELECT ?", 1), ("SELECT ?,?", 2), ("SELECT id,? FROM goods_p", 2), ("SELECT SUM(?),COUNT(*) FROM goods_p", 2),
                                          ("SELECT COALESCE(?,id), id, 3 FROM goods_p LIMIT ?", 3), ("SELECT id FROM goods_p WHERE id=?", 1)])
def test_a_prepared_statement_tells_how_many_columns_it_has(weir, sql, columns):
    connection = weir.mysql(database="shop", autocommit=True)
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE IF NOT EXISTS goods_p (id BIGINT) DUPLICATE KEY(id)")
    connection._execute_command(0x16, sql)
    answer = connection._read_packet()._data
    assert int.from_bytes(answer[5:7], "little") == columns
