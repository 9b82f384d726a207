/* Functions of MySQL and Doris that the engine's own can say. One row a macro; overloads stand in one row.
 *
 * TS(x) is x as local date and time whatever it was: text, number, date, timestamp with or without zone. A
 * mysql_ name is what the MySQL dialect calls where the engine has the name with another meaning. */
#include "engine/duckdb/functions_int.h"

#define TS(x)             "CAST(fn_temporal(" x ") AS TIMESTAMP)"
#define DATE(x)           "CAST(fn_temporal(" x ") AS DATE)"
#define MACRO(name, rest) "CREATE MACRO weir_fn.main." name rest
#define PART(name, part)  MACRO("mysql_" name, "(x) AS " part "(" TS("x") ")")
#define DORIS_ADD(unit, name)                                                                                \
    MACRO(name "s_add", "(d, n) AS fn_temporal(d) + to_" unit "s(CAST(n AS INTEGER))"),                      \
        MACRO(name "s_sub", "(d, n) AS fn_temporal(d) - to_" unit "s(CAST(n AS INTEGER))")
/* Of bytes as they are, of all else as text. The type is known when the statement is planned, so one of the
 * two is left; overloads by type would be bound twice at each level of nesting. */
#define OF_BYTES(name, args, bytes, text, rest)                                                              \
    MACRO("mysql_" name, "(x" args ") AS CASE WHEN typeof(x) = 'BLOB' THEN " bytes "(CAST(x AS BLOB)" rest   \
                         ") ELSE " text "(CAST(x AS VARCHAR)" rest ") END")
/* The cast of INSERT: as the engine's, and 20240131 or 20240131235959, text or number, are dates too. */
#define AS_TIME(name, type)                                                                                  \
    MACRO(name,                                                                                              \
          "(x) AS CASE WHEN typeof(x) IN ('VARCHAR', 'INTEGER', 'BIGINT') THEN coalesce(CASE WHEN "          \
          "regexp_full_match(CAST(x AS VARCHAR), '[0-9]{8}([0-9]{6})?') THEN CAST(fn_temporal(CAST(x AS "    \
          "VARCHAR)) AS " type ") END, CAST(CAST(x AS VARCHAR) AS " type ")) ELSE CAST(x AS " type ") END")
#define DORIS_FLOOR(unit)                                                                                    \
    MACRO(unit "_floor", "(d) AS date_trunc('" unit "', " TS("d") ")"),                                      \
        MACRO(unit "_ceil",                                                                                  \
              "(d) AS date_trunc('" unit "', " TS("d") " + to_" unit "s(1) - to_microseconds(1))")
#define DORIS_DIFF(unit) MACRO(unit "s_diff", "(a, b) AS date_sub('" unit "', " TS("b") ", " TS("a") ")")

const char *const FUNCTIONS_MACROS[] = {
    /* dates */
    MACRO("date_format", "(d, f) AS fn_date_format(" TS("d") ", f)"),
    MACRO("str_to_date", "(s, f) AS fn_str_to_date(CAST(s AS VARCHAR), f)"),
    MACRO("time_format", "(t, f) AS fn_time_format(fn_time_us(t), f)"),
    MACRO("from_unixtime", "(n) AS CAST(to_timestamp(CAST(n AS DOUBLE)) AS TIMESTAMP), "
                           "(n, f) AS fn_date_format(CAST(to_timestamp(CAST(n AS DOUBLE)) AS TIMESTAMP), f)"),
    MACRO("unix_timestamp",
          "() AS CAST(floor(epoch(now())) AS BIGINT), "
          "(d) AS CAST(floor(epoch(CAST(" TS(
              "d") " AS TIMESTAMPTZ))) AS BIGINT), "
                   "(d, f) AS CAST(floor(epoch(CAST(fn_str_to_date(d, f) AS TIMESTAMPTZ))) AS BIGINT)"),
    MACRO("mysql_now",
          "() AS date_trunc('second', CAST(now() AS TIMESTAMP)), "
          "(n) AS make_timestamp(epoch_us(CAST(now() AS TIMESTAMP)) // CAST(pow(10, 6 - n) AS BIGINT) "
          "* CAST(pow(10, 6 - n) AS BIGINT))"),
    MACRO("curdate", "() AS CAST(CAST(now() AS TIMESTAMP) AS DATE)"),
    MACRO("curtime", "() AS fn_time_text(fn_time_us(date_trunc('second', CAST(now() AS TIMESTAMP))))"),
    MACRO("utc_timestamp", "() AS date_trunc('second', make_timestamp(epoch_us(now()))), "
                           "(n) AS date_trunc('second', make_timestamp(epoch_us(now())))"),
    MACRO("utc_date", "() AS CAST(make_timestamp(epoch_us(now())) AS DATE)"),
    MACRO("utc_time",
          "() AS fn_time_text(fn_time_us(date_trunc('second', make_timestamp(epoch_us(now())))))"),
    MACRO("convert_tz", "(d, a, b) AS fn_convert_tz(" TS("d") ", a, b)"),
    MACRO("makedate",
          "(y, n) AS CASE WHEN n > 0 THEN make_date(CAST(y AS BIGINT), 1, 1) + CAST(n - 1 AS INTEGER) END"),
    MACRO("maketime",
          "(h, m, s) AS CASE WHEN m BETWEEN 0 AND 59 AND s >= 0 AND s < 60 THEN fn_time_text(CAST("
          "sign(h + 0.5) * ((abs(CAST(h AS DOUBLE)) * 60 + m) * 60 + s) * 1000000 AS BIGINT)) END"),
    MACRO("mysql_date", "(x) AS " DATE("x")), MACRO("to_date", "(x) AS " DATE("x")),
    MACRO("mysql_time", "(x) AS fn_time_text(fn_time_us(x))"),
    MACRO("mysql_timestamp", "(x) AS " TS("x") ", (x, t) AS " TS("x") " + to_microseconds(fn_time_us(t))"),
    PART("year", "year"), PART("month", "month"), PART("day", "day"), PART("dayofyear", "dayofyear"),
    PART("quarter", "quarter"), PART("weekofyear", "weekofyear"), PART("monthname", "monthname"),
    PART("dayname", "dayname"), PART("last_day", "last_day"),
    MACRO("mysql_hour", "(x) AS abs(fn_time_us(x)) // 3600000000"),
    MACRO("mysql_minute", "(x) AS abs(fn_time_us(x)) // 60000000 % 60"),
    MACRO("mysql_second", "(x) AS abs(fn_time_us(x)) // 1000000 % 60"),
    MACRO("mysql_microsecond", "(x) AS abs(fn_time_us(x)) % 1000000"),
    MACRO("mysql_weekday", "(x) AS isodow(" TS("x") ") - 1"),
    MACRO("mysql_dayofweek", "(x) AS dayofweek(" TS("x") ") + 1"),
    MACRO("mysql_week", "(x) AS fn_week(" DATE("x") ", 0), (x, m) AS fn_week(" DATE("x") ", m)"),
    MACRO("mysql_yearweek", "(x) AS fn_yearweek(" DATE("x") ", 0), (x, m) AS fn_yearweek(" DATE("x") ", m)"),
    MACRO("mysql_to_days", "(x) AS date_diff('day', DATE '1970-01-01', " DATE("x") ") + 719528"),
    MACRO("mysql_to_seconds", "(x) AS epoch(" TS("x") ")::BIGINT + 62167219200"),
    MACRO("from_days", "(n) AS DATE '1970-01-01' + CAST(n - 719528 AS INTEGER)"),
    MACRO("mysql_datediff", "(a, b) AS date_diff('day', " DATE("b") ", " DATE("a") ")"),
    MACRO("timediff", "(a, b) AS fn_time_text(fn_point_us(a) - fn_point_us(b))"),
    MACRO("addtime", "(a, b) AS fn_add_time(a, fn_time_us(b))"),
    MACRO("subtime", "(a, b) AS fn_add_time(a, -fn_time_us(b))"),
    MACRO("sec_to_time", "(n) AS fn_time_text(CAST(CAST(n AS DOUBLE) * 1000000 AS BIGINT))"),
    MACRO("time_to_sec", "(t) AS fn_div(fn_time_us(t), 1000000)"),
    MACRO("mysql_date_add", "(d, i) AS fn_like(fn_temporal(d) + i, fn_temporal(d))"),
    MACRO("mysql_date_sub", "(d, i) AS fn_like(fn_temporal(d) - i, fn_temporal(d))"),
    MACRO("mysql_date_trunc",
          "(u, d VARCHAR) AS date_trunc(u, CAST(fn_temporal(d) AS TIMESTAMP)), (u, d) AS date_trunc(u, d)"),
    MACRO("fn_period", "(p) AS CASE WHEN p < 7000 THEN p + 200000 WHEN p < 10000 THEN p + 190000 ELSE p END"),
    MACRO("fn_period_months",
          "(p) AS weir_fn.main.fn_period(p) // 100 * 12 + weir_fn.main.fn_period(p) % 100 - 1"),
    MACRO("period_add", "(p, n) AS (weir_fn.main.fn_period_months(p) + n) // 12 * 100 + "
                        "(weir_fn.main.fn_period_months(p) + n) % 12 + 1"),
    MACRO("period_diff", "(a, b) AS weir_fn.main.fn_period_months(a) - weir_fn.main.fn_period_months(b)"),
    /* text */
    OF_BYTES("length", "", "octet_length", "strlen", ""), OF_BYTES("md5", "", "md5", "md5", ""),
    OF_BYTES("sha1", "", "sha1", "sha1", ""), OF_BYTES("sha2", ", n", "sha2", "sha2", ", n"),
    OF_BYTES("crc32", "", "crc32", "crc32", ""),
    MACRO("mysql_to_base64", "(x) AS to_base64(CASE WHEN typeof(x) = 'BLOB' THEN CAST(x AS BLOB) "
                             "ELSE encode(CAST(x AS VARCHAR)) END)"),
    MACRO("mysql_left", "(s, n) AS left(s, CASE WHEN n < 0 THEN 0 ELSE n END)"),
    MACRO("mysql_right", "(s, n) AS right(s, CASE WHEN n < 0 THEN 0 ELSE n END)"),
    MACRO("fn_from", "(a) AS CASE WHEN a = 0 THEN 4294967295 ELSE a END"),
    MACRO("mysql_substr",
          "(s, a) AS substr(s, weir_fn.main.fn_from(a)), "
          "(s, a, n) AS substr(s, weir_fn.main.fn_from(a), CASE WHEN n < 0 THEN 0 ELSE n END)"),
    MACRO("mysql_lpad", "(s, n, p) AS CASE WHEN n < 0 THEN NULL WHEN p <> '' THEN lpad(s, n, p) WHEN "
                        "length(s) >= n THEN left(s, n) "
                        "WHEN n >= 0 THEN left(s || p, 0) END"),
    MACRO("mysql_rpad", "(s, n, p) AS CASE WHEN n < 0 THEN NULL WHEN p <> '' THEN rpad(s, n, p) WHEN "
                        "length(s) >= n THEN left(s, n) "
                        "WHEN n >= 0 THEN left(s || p, 0) END"),
    MACRO("locate", "(a, b) AS instr(b, a), "
                    "(a, b, n) AS CASE WHEN n < 1 THEN 0 WHEN instr(substr(b, n), a) = 0 THEN 0 "
                    "ELSE instr(substr(b, n), a) + n - 1 END"),
    MACRO("mid", "(s, a) AS substr(s, a), (s, a, n) AS substr(s, a, n)"),
    MACRO("space", "(n) AS repeat(' ', CAST(n AS BIGINT))"),
    MACRO("mysql_insert",
          "(s, a, n, r) AS CASE WHEN a < 1 OR a > length(s) THEN s WHEN n < 0 OR a + n > length(s) "
          "THEN left(s, a - 1) || r ELSE left(s, a - 1) || r || substr(s, a + n) END"),
    MACRO("mysql_trim_leading", "(r, s) AS CASE WHEN r = '' THEN s ELSE "
                                "regexp_replace(s, '^(?:' || regexp_escape(r) || ')+', '') END"),
    MACRO("mysql_trim_trailing", "(r, s) AS CASE WHEN r = '' THEN s ELSE "
                                 "regexp_replace(s, '(?:' || regexp_escape(r) || ')+$', '') END"),
    MACRO("mysql_trim_both",
          "(r, s) AS weir_fn.main.mysql_trim_trailing(r, weir_fn.main.mysql_trim_leading(r, s))"),
    MACRO("strcmp", "(a, b) AS CASE WHEN a < b THEN -1 WHEN a > b THEN 1 WHEN a = b THEN 0 END"),
    MACRO("quote", "(s) AS CASE WHEN s IS NULL THEN 'NULL' ELSE '''' || "
                   "replace(replace(s, '\\', '\\\\'), '''', '\\''') || '''' END"),
    MACRO("sha", "(s) AS sha1(s)"),
    MACRO("mysql_format", "(x, n) AS fn_group_thousands(CAST(round(x, CAST(n AS INTEGER)) AS VARCHAR), n)"),
    MACRO("truncate", "(x, n) AS trunc(x, CAST(n AS INTEGER))"),
    MACRO("rand", "() AS random(), (seed) AS random()"),
    MACRO("oct", "(n) AS conv(CAST(n AS VARCHAR), 10, 8)"),
    MACRO("mysql_conv", "(x, a, b) AS conv(CAST(x AS VARCHAR), a, b)"),
    MACRO("mysql_bit_count", "(n) AS bit_count(CAST(n AS BIGINT))"),
    MACRO("regexp_like", "(s, p) AS regexp_matches(s, p), (s, p, o) AS regexp_matches(s, "
                         "'(?' || replace(replace(o, 'c', ''), 'n', 's') || '-U)' || p)"),
    MACRO("regexp_substr", "(s, p) AS nullif(regexp_extract(s, p), '')"),
    MACRO("regexp_instr",
          "(s, p) AS CASE WHEN regexp_matches(s, p) THEN instr(s, regexp_extract(s, p)) ELSE 0 END"),
    MACRO("mysql_regexp_replace", "(s, p, r) AS regexp_replace(s, p, r, 'g')"),
    MACRO("is_ipv4", "(s) AS CASE WHEN s IS NULL THEN 0 WHEN inet_aton(s) IS NOT NULL AND "
                     "length(s) - length(replace(s, '.', '')) = 3 THEN 1 ELSE 0 END"),
    MACRO("uuid_short", "() AS CAST(epoch_us(now()) AS UBIGINT)"), MACRO("charset", "(x) AS 'utf8mb4'"),
    MACRO("collation", "(x) AS 'utf8mb4_0900_ai_ci'"), MACRO("coercibility", "(x) AS 4"),
    /* MySQL's coercions by the type of a column (sql_coerce.c) */
    MACRO("fn_number", "(x BOOLEAN) AS CAST(x AS BIGINT), (x INTEGER) AS CAST(x AS BIGINT), "
                       "(x VARCHAR) AS fn_real(x), (x) AS x"),
    MACRO("fn_key", "(x BOOLEAN) AS CAST(x AS BIGINT), (x VARCHAR) AS fn_real(x), (x) AS x"),
    MACRO("fn_than", "(x DATE, y) AS CAST(fn_temporal(CAST(y AS VARCHAR)) AS DATE), "
                     "(x TIMESTAMP, y) AS CAST(fn_temporal(CAST(y AS VARCHAR)) AS TIMESTAMP), (x, y) AS y"),
    AS_TIME("fn_as_date", "DATE"), AS_TIME("fn_as_timestamp", "TIMESTAMP"),
    /* numbers; what has no value is NULL */
    MACRO("mysql_signed", "(x) AS CASE WHEN typeof(x) = 'VARCHAR' THEN fn_signed(CAST(x AS VARCHAR)) "
                          "WHEN typeof(x) IN ('DATE', 'TIMESTAMP', 'TIMESTAMP WITH TIME ZONE', 'TIME') THEN "
                          "CAST(regexp_replace(CAST(x AS VARCHAR), '[.+].*|[^0-9]', '', 'g') AS BIGINT) ELSE "
                          "CAST(x AS BIGINT) END"),
    MACRO("mysql_sqrt", "(x) AS sqrt(CASE WHEN x >= 0 THEN x END)"),
    MACRO("mysql_ln", "(x) AS ln(CASE WHEN x > 0 THEN x END)"),
    MACRO("mysql_log2", "(x) AS log2(CASE WHEN x > 0 THEN x END)"),
    MACRO("mysql_log10", "(x) AS log10(CASE WHEN x > 0 THEN x END)"),
    MACRO("mysql_log", "(b, x) AS log(CASE WHEN b > 0 AND b <> 1 THEN b END, CASE WHEN x > 0 THEN x END)"),
    MACRO("mysql_acos", "(x) AS acos(CASE WHEN abs(x) <= 1 THEN x END)"),
    MACRO("mysql_asin", "(x) AS asin(CASE WHEN abs(x) <= 1 THEN x END)"),
    /* JSON */
    MACRO("json_unquote", "(j) AS CASE WHEN starts_with(CAST(j AS VARCHAR), '\"') "
                          "THEN json_extract_string(CAST(j AS JSON), '$') ELSE CAST(j AS VARCHAR) END"),
    MACRO("json_length",
          "(j) AS CASE json_type(j) WHEN 'ARRAY' THEN json_array_length(j) "
          "WHEN 'OBJECT' THEN len(json_keys(j)) ELSE 1 END, "
          "(j, p) AS CASE json_type(j, p) WHEN 'ARRAY' THEN json_array_length(j, p) "
          "WHEN 'OBJECT' THEN len(json_keys(j, p)) ELSE CASE WHEN json_exists(j, p) THEN 1 END END"),
    MACRO("mysql_json_type",
          "(j) AS CASE json_type(CAST(j AS JSON)) WHEN 'VARCHAR' THEN 'STRING' WHEN 'BIGINT' THEN "
          "'INTEGER' WHEN 'UBIGINT' THEN 'INTEGER' ELSE json_type(CAST(j AS JSON)) END"),
    MACRO("json_arrayagg", "(x) AS json_group_array(x)"),
    MACRO("json_objectagg", "(k, v) AS json_group_object(k, v)"),
    MACRO("get_json_string", "(j, p) AS json_extract_string(j, p)"),
    MACRO("get_json_int", "(j, p) AS TRY_CAST(json_extract_string(j, p) AS INTEGER)"),
    MACRO("get_json_bigint", "(j, p) AS TRY_CAST(json_extract_string(j, p) AS BIGINT)"),
    MACRO("get_json_double", "(j, p) AS TRY_CAST(json_extract_string(j, p) AS DOUBLE)"),
    MACRO("json_extract_int", "(j, p) AS TRY_CAST(json_extract_string(j, p) AS BIGINT)"),
    MACRO("json_extract_double", "(j, p) AS TRY_CAST(json_extract_string(j, p) AS DOUBLE)"),
    MACRO("json_contains_path",
          "(j, m, p) AS json_exists(j, p), (j, m, p, q) AS CASE WHEN lower(m) = 'all' "
          "THEN json_exists(j, p) AND json_exists(j, q) ELSE json_exists(j, p) OR json_exists(j, q) END"),
    /* Doris */
    MACRO("array_size", "(a) AS len(a)"), MACRO("size", "(a) AS len(a)"),
    MACRO("array_sum", "(a) AS list_sum(a)"), MACRO("array_join", "(a, s) AS array_to_string(a, s)"),
    MACRO("mysql_element_at", "(a, i) AS a[i]"),
    MACRO("collect_list", "(x) AS list(x) FILTER (WHERE x IS NOT NULL)"),
    MACRO("collect_set", "(x) AS list_distinct(list(x))"),
    MACRO("to_monday", "(d) AS CAST(date_trunc('week', " TS("d") ") AS DATE)"),
    MACRO("initcap",
          "(s) AS list_aggregate(list_transform(regexp_extract_all(s, '[[:alnum:]]+|[^[:alnum:]]+'), "
          "lambda w: upper(w[1]) || lower(w[2:])), 'string_agg', '')"),
    DORIS_FLOOR("year"), DORIS_FLOOR("month"), DORIS_FLOOR("day"), DORIS_FLOOR("hour"), DORIS_FLOOR("minute"),
    DORIS_FLOOR("second"), MACRO("nvl", "(a, b) AS coalesce(a, b)"),
    MACRO("ndv", "(x) AS approx_count_distinct(x)"), MACRO("hll_hash", "(x) AS x"),
    MACRO("hll_union_agg", "(x) AS approx_count_distinct(x)"),
    MACRO("to_bitmap", "(x) AS TRY_CAST(x AS UBIGINT)"), MACRO("bitmap_hash", "(x) AS hash(x)"),
    MACRO("bitmap_union_count", "(x) AS count(DISTINCT x)"),
    MACRO("bitmap_union", "(x) AS list_distinct(list(x))"), MACRO("bitmap_count", "(b) AS len(b)"),
    MACRO("multi_distinct_count", "(x) AS count(DISTINCT x)"),
    MACRO("percentile", "(x, p) AS quantile_cont(x, p)"),
    MACRO("percentile_approx", "(x, p) AS approx_quantile(x, p)"),
    MACRO("null_or_empty", "(s) AS s IS NULL OR s = ''"),
    MACRO("not_null_or_empty", "(s) AS s IS NOT NULL AND s <> ''"),
    MACRO("split_by_string", "(s, d) AS string_split(s, d)"),
    MACRO("append_trailing_char_if_absent", "(s, c) AS CASE WHEN ends_with(s, c) THEN s ELSE s || c END"),
    DORIS_ADD("year", "year"), DORIS_ADD("month", "month"), DORIS_ADD("week", "week"),
    DORIS_ADD("day", "day"), DORIS_ADD("hour", "hour"), DORIS_ADD("minute", "minute"),
    DORIS_ADD("second", "second"), DORIS_DIFF("week"),
    MACRO("months_diff", "(a, b) AS fn_months_between(" TS("b") ", " TS("a") ")"),
    MACRO("quarters_diff", "(a, b) AS fn_div(fn_months_between(" TS("b") ", " TS("a") "), 3)"),
    MACRO("years_diff", "(a, b) AS fn_div(fn_months_between(" TS("b") ", " TS("a") "), 12)"),
    DORIS_DIFF("microsecond"), DORIS_DIFF("hour"), DORIS_DIFF("minute"), DORIS_DIFF("second"),
    MACRO("days_diff", "(a, b) AS date_sub('day', " TS("b") ", " TS("a") ")"), NULL};
