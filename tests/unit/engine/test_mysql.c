/* The MySQL dialect, judged by what its statements give: mysql_cases.txt. */
#include <string.h>

#include "engine/engine.h"
#include "engine/sql.h"

static const char *const SCHEMA =
    "CREATE TABLE t(id INTEGER, a INTEGER, b VARCHAR, d DATE, j JSON);"
    "INSERT INTO t VALUES (1, 1, 'x', DATE '2024-01-31', '{\"a\": \"x\"}'), (2, 1, 'x', DATE '2024-02-29', "
    "'{}'),"
    "(3, 2, 'y', DATE '2024-03-31', '{}'), (4, 2, 'z', DATE '2024-04-30', '{}'), (5, NULL, 'w', NULL, NULL);";

static char *variable(const char *name, void *user, GError **error)
{
    const char *mode = user;
    (void)error;
    if (strcmp(name, "@@sql_mode") == 0) {
        return g_strdup_printf("'%s'", mode ? mode : "");
    }
    return g_strdup_printf("'<%s>'", name);
}

static EngineConn *open_memory(Engine **ret_engine)
{
    GError *error = NULL;
    EngineOptions options = {.threads = 1, .memory_bytes = (int64_t)256 << 20};
    *ret_engine = engine_open(&options, &error);
    g_assert_no_error(error);
    EngineConn *conn = engine_connect(*ret_engine, &error);
    g_assert_no_error(error);
    g_assert_true(engine_exec(conn, SCHEMA, &error));
    return conn;
}

/* First column of the first row, "NULL" for NULL, "ERROR ..." when it fails. */
static char *first_value(EngineConn *conn, const char *sql)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(EngineResult) result = engine_query(conn, sql, &error);
    EngineChunk *chunk = result ? engine_result_next(result, &error) : NULL;
    if (!chunk) {
        return g_strdup_printf("ERROR %s", error ? error->message : "no row");
    }
    g_autoptr(GString) text = g_string_new(NULL);
    EngineColumn column = engine_chunk_column(chunk, 0);
    bool value = engine_column_append_text(&column, 0, text);
    return g_strdup(value ? text->str : "NULL");
}

static bool is_statement(const char *text)
{
    static const char *const HEADS[] = {"SELECT ", "WITH ", "VALUES ", "(SELECT "};
    for (size_t i = 0; i < G_N_ELEMENTS(HEADS); i++) {
        if (g_str_has_prefix(text, HEADS[i])) {
            return true;
        }
    }
    return false;
}

/* One line "input => expected"; false when it came out otherwise. */
static bool run_case(EngineConn *conn, const char *line, unsigned number)
{
    const char *arrow = g_strrstr(line, " => ");
    g_assert_nonnull(arrow);
    g_autofree char *input = g_strndup(line, (gsize)(arrow - line));
    const char *expected = arrow + strlen(" => ");
    g_autofree char *wanted = *expected == '"' && strlen(expected) > 4 && expected[1] == ' '
                                  ? g_strndup(expected + 1, strlen(expected) - 2)
                                  : g_strdup(expected);
    g_autofree char *sql = is_statement(input) ? g_strdup(input) : g_strconcat("SELECT ", input, NULL);
    g_autoptr(GError) error = NULL;
    g_autofree char *translated = engine_sql_from_mysql(sql, variable, NULL, &error);
    g_autofree char *got =
        translated ? first_value(conn, translated) : g_strdup_printf("ERROR %s", error->message);
    if (strcmp(got, wanted) == 0) {
        return true;
    }
    g_test_message("line %u: %s\n   became: %s\n   gave:   %.200s\n   wanted: %s", number, input,
                   translated ? translated : "", got, wanted);
    return false;
}

static void test_cases(void)
{
    g_autoptr(Engine) engine = NULL;
    g_autoptr(EngineConn) conn = open_memory(&engine);
    g_autofree char *path = g_test_build_filename(G_TEST_DIST, "mysql_cases.txt", NULL);
    g_autofree char *text = NULL;
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    unsigned cases = 0, failed = 0;
    for (unsigned i = 0; lines[i]; i++) {
        if (*lines[i] && *lines[i] != '#') {
            cases++;
            failed += !run_case(conn, lines[i], i + 1);
        }
    }
    g_assert_cmpuint(cases, >=, 200);
    g_assert_cmpuint(failed, ==, 0);
}

/* A statement as the MySQL port runs it: as it is, and with MySQL's coercions when that fails. */
static void check_coerced(EngineConn *conn, const char *sql, const char *expected)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *plain = engine_sql_from_mysql(sql, variable, NULL, &error);
    g_assert_no_error(error);
    g_autofree char *before = first_value(conn, plain);
    if (!g_str_has_prefix(before, "ERROR")) {
        g_error("%s gave %s as it is", sql, before);
    }
    g_autofree char *text = engine_sql_coerce(conn, plain, &error);
    g_assert_no_error(error);
    g_autofree char *got = text ? first_value(conn, text) : g_strdup(before);
    bool fails = *expected == '!';
    if (fails ? !g_str_has_prefix(got, "ERROR") : !g_str_equal(got, expected)) {
        g_error("%s became %s: %s, not %s", sql, text, got, expected);
    }
}

static void test_types_are_coerced_where_a_statement_fails(void)
{
    static const struct {
        const char *sql, *expected; /* "!" = it fails both ways */
    } CASES[] = {
        {"SELECT 24*60*60*1000000", "86400000000"},
        {"SELECT a*1000000000*10 FROM t WHERE id = 1", "10000000000"},
        {"SELECT SUM(id*1000000000) FROM t", "15000000000"},
        {"SELECT MAX(x*1000000000) FROM (SELECT id x FROM t) q", "5000000000"},
        {"SELECT (a>0)+(a<9) FROM t WHERE id = 1", "2"},
        {"SELECT TRUE+1", "2"},
        {"SELECT (a=1 OR b='y')*5 + (d IS NULL) FROM t WHERE id = 1", "5"},
        {"SELECT AVG(b='x') FROM t", "0.4"},
        {"SELECT b+1 FROM t WHERE id = 1", "1"},
        {"SELECT id FROM t WHERE b=0 AND id=3", "3"},
        {"SELECT id FROM t WHERE d='20240331'", "3"},
        {"SELECT id FROM t WHERE d>20240331", "4"},
        {"SELECT id FROM t WHERE d BETWEEN '20240401' AND '20241231'", "4"},
        {"SELECT id FROM t WHERE d IN ('20240229', '20230101')", "2"},
        {"SELECT id FROM t WHERE d='20240331' AND b='y' AND id=3 AND a=2", "3"},
        {"SELECT id FROM t WHERE d='hello'", "!"},
        {"SELECT nope+1 FROM t", "!"},
        {"SELECT CAST('abc' AS INT)", "!"},
    };
    g_autoptr(Engine) engine = NULL;
    g_autoptr(EngineConn) conn = open_memory(&engine);
    for (size_t i = 0; i < G_N_ELEMENTS(CASES); i++) {
        check_coerced(conn, CASES[i].sql, CASES[i].expected);
    }
}

static void check_translation(const char *sql, const char *mode, const char *expected)
{
    GError *error = NULL;
    g_autofree char *copy = g_strdup(mode);
    g_autofree char *text = engine_sql_from_mysql(sql, variable, copy, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(text, ==, expected);
}

static void test_sql_mode_changes_the_reading(void)
{
    check_translation("SELECT \"a\"", "", "SELECT 'a' AS \"a\"");
    check_translation("SELECT \"a\"", "ANSI_QUOTES", "SELECT \"a\"");
    check_translation("SELECT a || b", "", "SELECT a OR b AS \"a || b\"");
    check_translation("SELECT a || b", "PIPES_AS_CONCAT", "SELECT a || b AS \"a || b\"");
    check_translation("SELECT 'a\\nb'", "NO_BACKSLASH_ESCAPES", "SELECT 'a\\nb' AS \"a\\nb\"");
}

static void test_parameters_keep_their_numbers_when_limit_turns(void)
{
    check_translation("SELECT a FROM t WHERE a = ? LIMIT ?, ?", "",
                      "SELECT a FROM t WHERE a = $1 LIMIT $3 OFFSET $2");
}

static void check_names(const char *sql, const char *expected)
{
    g_autoptr(Engine) engine = NULL;
    g_autoptr(EngineConn) conn = open_memory(&engine);
    g_autoptr(GError) error = NULL;
    g_autofree char *text = engine_sql_from_mysql(sql, variable, NULL, &error);
    g_assert_no_error(error);
    g_autoptr(EngineStmt) stmt = engine_prepare(conn, text, &error);
    if (error) {
        g_error("%s became %s: %s", sql, text, error->message);
    }
    g_autoptr(GString) names = g_string_new(NULL);
    for (size_t i = 0; i < engine_stmt_n_columns(stmt); i++) {
        g_string_append_printf(names, "%s%s", i > 0 ? ";" : "", engine_stmt_column_name(stmt, i));
    }
    g_assert_cmpstr(names->str, ==, expected);
}

static void test_columns_are_named_by_their_text(void)
{
    check_names("SELECT COUNT(*), DATABASE( ), @@version_comment, 'x', 1, NULL FROM t",
                "COUNT(*);DATABASE( );@@version_comment;x;1;NULL");
    check_names("SELECT a, t.b, count(*) n, count(*) AS m, a+1 `x y`, max(id) 'q' FROM t GROUP BY a, b",
                "a;b;n;m;x y;q");
    check_names("SELECT DISTINCT d + INTERVAL 1 DAY, DATE '2020-01-01', BINARY b, b COLLATE utf8mb4_bin, a "
                "IS NULL, NOT a FROM t",
                "d + INTERVAL 1 DAY;DATE '2020-01-01';BINARY b;b COLLATE utf8mb4_bin;a IS NULL;NOT a");
    check_names("SELECT *, CASE WHEN a THEN 1 END, IF(a, 1, 2) FROM t",
                "id;a;b;d;j;CASE WHEN a THEN 1 END;IF(a, 1, 2)");
    check_names("SELECT NULL x, TRUE y, 1 z, 'a' 'b' FROM t", "x;y;z;ab");
    check_names("SELECT 3 TYPE, a comment, count(*) TYPE, 3 AS TYPE FROM t GROUP BY a",
                "TYPE;comment;TYPE;TYPE");
    check_names("SELECT CURRENT_USER, current_timestamp", "CURRENT_USER;current_timestamp");
    check_names("SELECT CURRENT_DATE, CURRENT_TIME, LOCALTIME, LOCALTIMESTAMP, CURRENT_DATE FROM t",
                "CURRENT_DATE;CURRENT_TIME;LOCALTIME;LOCALTIMESTAMP;CURRENT_DATE");
    check_names("SELECT id 'x', a 'y z', CASE id WHEN 1 THEN 2 END 'c', LENGTH(b) FROM t",
                "x;y z;c;LENGTH(b)");
    check_names("SELECT `COUNT(*)` FROM (SELECT COUNT(*) FROM t) q UNION SELECT 1+1", "COUNT(*)");
    check_names("SELECT 1 XOR 0, id IN (SELECT id+0 FROM t) FROM t ORDER BY a+1 LIMIT 1",
                "1 XOR 0;id IN (SELECT id+0 FROM t)");
}

static void test_lines_stay_where_they_are(void)
{
    check_translation("SELECT a, -- one\n  b\nFROM t\n\nWHERE c", "", "SELECT a,\nb\nFROM t\n\nWHERE c");
}

static void test_nul_in_a_string_is_kept(void)
{
    g_autoptr(Engine) engine = NULL;
    g_autoptr(EngineConn) conn = open_memory(&engine);
    g_autofree char *sql = engine_sql_from_mysql("SELECT char_length('a\\0b')", NULL, NULL, NULL);
    g_autofree char *got = first_value(conn, sql);
    g_assert_cmpstr(got, ==, "3");
}

static void check_fails(const char *sql, BaseErrorCode code, unsigned line, unsigned column)
{
    g_autoptr(GError) error = NULL;
    unsigned at_line, at_column;
    g_assert_null(engine_sql_from_mysql(sql, NULL, NULL, &error));
    g_assert_error(error, BASE_ERROR, (int)code);
    base_error_get_file(error, &at_line, &at_column);
    g_assert_cmpuint(at_line, ==, line);
    g_assert_cmpuint(at_column, ==, column);
}

static void test_errors_name_the_place(void)
{
    check_fails("SELECT\n 'abc", BASE_E_SQL_SYNTAX, 2, 2);
    check_fails("SELECT 1 /* abc", BASE_E_SQL_SYNTAX, 1, 10);
    check_fails("SELECT x'4G'", BASE_E_SQL_SYNTAX, 1, 13);
    check_fails("SELECT\n@@nope", BASE_E_VARIABLE_UNKNOWN, 2, 1);
    check_fails("SELECT id FROM m PARTITION (p1)", BASE_E_STATEMENT_REFUSED, 1, 18);
    g_autoptr(GString) deep = g_string_new("SELECT ");
    for (int i = 0; i < 5000; i++) {
        g_string_append_c(deep, '(');
    }
    for (int i = 0; i < 5000; i++) {
        g_string_append_c(deep, ')');
    }
    g_autoptr(GError) error = NULL;
    g_assert_null(engine_sql_from_mysql(deep->str, NULL, NULL, &error));
    g_assert_error(error, BASE_ERROR, BASE_E_SQL_SYNTAX);
}

static void check_zone(EngineConn *conn, const char *zone, const char *epoch_as_local)
{
    GError *error = NULL;
    g_assert_true(engine_set_time_zone(conn, zone, &error));
    g_assert_no_error(error);
    g_autofree char *sql = engine_sql_from_mysql("SELECT FROM_UNIXTIME(0)", NULL, NULL, NULL);
    g_autofree char *got = first_value(conn, sql);
    g_assert_cmpstr(got, ==, epoch_as_local);
    g_autofree char *text = g_strdup_printf("SELECT UNIX_TIMESTAMP('%s')", epoch_as_local);
    g_autofree char *back = engine_sql_from_mysql(text, NULL, NULL, NULL);
    g_autofree char *zero = first_value(conn, back);
    g_assert_cmpstr(zero, ==, "0");
}

static void test_local_time_is_the_sessions(void)
{
    g_autoptr(Engine) engine = NULL;
    g_autoptr(EngineConn) conn = open_memory(&engine);
    check_zone(conn, "UTC", "1970-01-01 00:00:00");
    check_zone(conn, "+08:00", "1970-01-01 08:00:00");
    check_zone(conn, "-03:00", "1969-12-31 21:00:00");
    check_zone(conn, "+05:30", "1970-01-01 05:30:00");
    check_zone(conn, "Asia/Tokyo", "1970-01-01 09:00:00");
    static const char *const unknown[] = {"+05:21", "Mars/Olympus", "", "+15:00", "'; DROP TABLE t"};
    for (size_t i = 0; i < G_N_ELEMENTS(unknown); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_false(engine_set_time_zone(conn, unknown[i], &error));
        g_assert_error(error, BASE_ERROR, BASE_E_TIMEZONE_UNKNOWN);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/engine/mysql/each case gives what the manual says", test_cases);
    g_test_add_func("/engine/mysql/types are coerced where a statement fails",
                    test_types_are_coerced_where_a_statement_fails);
    g_test_add_func("/engine/mysql/sql_mode changes the reading", test_sql_mode_changes_the_reading);
    g_test_add_func("/engine/mysql/parameters keep their numbers",
                    test_parameters_keep_their_numbers_when_limit_turns);
    g_test_add_func("/engine/mysql/columns are named by their text", test_columns_are_named_by_their_text);
    g_test_add_func("/engine/mysql/local time is the session's", test_local_time_is_the_sessions);
    g_test_add_func("/engine/mysql/lines stay where they are", test_lines_stay_where_they_are);
    g_test_add_func("/engine/mysql/NUL in a string is kept", test_nul_in_a_string_is_kept);
    g_test_add_func("/engine/mysql/errors name the place", test_errors_name_the_place);
    return g_test_run();
}
