/* Tokens, statement kinds, trees: parse, print, visit, hide. */
#include <string.h>

#include "engine/engine.h"
#include "engine/sql.h"
#include "engine/tree.h"

static const char *const SCHEMA =
    "CREATE TABLE t(id INTEGER, a INTEGER, b VARCHAR, d DATE, j JSON);"
    "INSERT INTO t VALUES (1, 1, 'x', DATE '2024-01-31', '{\"a\": \"x\"}'), (2, 1, 'x', DATE '2024-02-29', "
    "'{}'),"
    "(3, 2, 'y', DATE '2024-03-31', '{}'), (4, 2, 'z', DATE '2024-04-30', '{}'), (5, NULL, 'w', NULL, NULL);"
    "CREATE TABLE u(id INTEGER, v DOUBLE); INSERT INTO u VALUES (1, 1.5), (3, 2.5), (9, 0);"
    "CREATE TABLE w(id INTEGER, q VARCHAR); INSERT INTO w VALUES (1, 'p'), (3, 'q');"
    "CREATE SCHEMA s; CREATE TABLE s.h(id INTEGER, n INTEGER, _weir_load_id BIGINT);"
    "INSERT INTO s.h VALUES (1, 10, 7), (2, 20, 8); CREATE TABLE s.g(id INTEGER, m INTEGER, _weir_load_id "
    "BIGINT);"
    "INSERT INTO s.g VALUES (1, 100, 9), (2, 200, 8);";

static Engine *engine;
static EngineConn *conn;

static void open_memory(void)
{
    GError *error = NULL;
    EngineOptions options = {.threads = 1, .memory_bytes = (int64_t)256 << 20};
    engine = engine_open(&options, &error);
    g_assert_no_error(error);
    conn = engine_connect(engine, &error);
    g_assert_no_error(error);
    g_assert_true(engine_exec(conn, SCHEMA, &error));
}

/* ---- tokens ---------------------------------------------------------------------------------- */

static char *token_list(const char *sql, EngineDialect dialect)
{
    GError *error = NULL;
    g_autoptr(GPtrArray) tokens = engine_sql_tokens(sql, dialect, &error);
    g_assert_no_error(error);
    GString *out = g_string_new(NULL);
    for (guint i = 0; i < tokens->len; i++) {
        const EngineToken *token = g_ptr_array_index(tokens, i);
        g_string_append_printf(out, "%s%c:%s", i > 0 ? " " : "", "WNTD?@SE"[token->type], token -> text);
    }
    return g_string_free(out, FALSE);
}

static void check_tokens(const char *sql, EngineDialect dialect, const char *expected)
{
    g_autofree char *got = token_list(sql, dialect);
    g_assert_cmpstr(got, ==, expected);
}

static void test_tokens_of_both_dialects(void)
{
    check_tokens("SELECT \"a b\".c", ENGINE_DIALECT_WEIR, "W:SELECT N:a b S:. W:c E:");
    check_tokens("SELECT \"a b\"", ENGINE_DIALECT_MYSQL, "W:SELECT T:a b E:");
    check_tokens("`a``b`", ENGINE_DIALECT_MYSQL, "N:a`b E:");
    check_tokens("'a''b' E'\\n'", ENGINE_DIALECT_WEIR, "T:a'b T:\n E:");
    check_tokens("$$x'y$$ $1 $name ?", ENGINE_DIALECT_WEIR, "T:x'y ?:$1 ?:$name ?:? E:");
    check_tokens("$t$x$$y$t$", ENGINE_DIALECT_WEIR, "T:x$$y E:");
    check_tokens("a /* b /* c */ d */ e", ENGINE_DIALECT_WEIR, "W:a W:e E:");
    check_tokens("a /* b /* c */ d", ENGINE_DIALECT_MYSQL, "W:a W:d E:");
    check_tokens("a--b\nc", ENGINE_DIALECT_WEIR, "W:a W:c E:");
    check_tokens("a--b", ENGINE_DIALECT_MYSQL, "W:a S:- S:- W:b E:");
    check_tokens("@@global.x @y @`z z`", ENGINE_DIALECT_MYSQL, "@:@@global.x @:@y @:@z z E:");
    check_tokens("db.2023_sales 1e5 0x1F 1ea .5 t.1", ENGINE_DIALECT_MYSQL,
                 "W:db S:. W:2023_sales D:1e5 D:0x1F W:1ea D:.5 W:t S:. W:1 E:");
    check_tokens("a<=>b||c->>'d'", ENGINE_DIALECT_MYSQL, "W:a S:<=> W:b S:|| W:c S:->> T:d E:");
    check_tokens("/*!40101 SET a=1 */", ENGINE_DIALECT_MYSQL, "W:SET W:a S:= D:1 E:");
}

static void test_positions_are_bytes_of_the_source(void)
{
    g_autoptr(GPtrArray) tokens = engine_sql_tokens("é 'x''y' z", ENGINE_DIALECT_WEIR, NULL);
    const EngineToken *text = g_ptr_array_index(tokens, 1);
    g_assert_cmpuint(text->start, ==, 3);
    g_assert_cmpuint(text->end, ==, 9);
}

static void test_split_leaves_semicolons_in_strings(void)
{
    g_autoptr(GPtrArray) parts = engine_sql_split("; a 'x;y' ;; b /* ; */ c;", ENGINE_DIALECT_WEIR, NULL);
    g_assert_cmpuint(parts->len, ==, 2);
    g_assert_cmpstr(g_ptr_array_index(parts, 0), ==, "a 'x;y'");
    g_assert_cmpstr(g_ptr_array_index(parts, 1), ==, "b /* ; */ c");
}

static void test_kinds(void)
{
    static const struct {
        const char *sql;
        EngineStatement kind;
    } cases[] = {{"((select 1))", ENGINE_STATEMENT_SELECT},
                 {"with a as (select 1) delete from t", ENGINE_STATEMENT_DELETE},
                 {"with recursive a(n) as (select 1) select * from a", ENGINE_STATEMENT_SELECT},
                 {"explain t", ENGINE_STATEMENT_DESCRIBE},
                 {"desc d.t", ENGINE_STATEMENT_DESCRIBE},
                 {"explain select 1", ENGINE_STATEMENT_EXPLAIN},
                 {"explain format=json select 1", ENGINE_STATEMENT_EXPLAIN},
                 {"start transaction", ENGINE_STATEMENT_BEGIN},
                 {"/*!40101 set names utf8 */", ENGINE_STATEMENT_SET},
                 {" -- nothing\n", ENGINE_STATEMENT_EMPTY},
                 {"truncate table t", ENGINE_STATEMENT_TRUNCATE},
                 {"copy t to 'x'", ENGINE_STATEMENT_OTHER}};
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GPtrArray) tokens = engine_sql_tokens(cases[i].sql, ENGINE_DIALECT_MYSQL, NULL);
        g_assert_cmpint(engine_sql_kind(tokens), ==, cases[i].kind);
    }
}

static void test_names_are_quoted_only_when_they_must(void)
{
    static const char *const cases[][2] = {{"abc", "abc"},   {"a b", "\"a b\""},     {"select", "\"select\""},
                                           {"1a", "\"1a\""}, {"a\"b", "\"a\"\"b\""}, {"中文", "\"中文\""}};
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *name = engine_sql_name(cases[i][0]);
        g_assert_cmpstr(name, ==, cases[i][1]);
    }
}

/* What the engine reserves is what Weir's list reserves: an upgrade of the engine must not pass unnoticed. */
static void test_reserved_words_are_the_engines(void)
{
    GError *error = NULL;
    g_autoptr(json_t) rows = engine_query_json(conn,
                                               "SELECT keyword_name AS w, keyword_category IN ('reserved', "
                                               "'type_function') AS r FROM duckdb_keywords()",
                                               NULL, 0, 2000, &error);
    g_assert_no_error(error);
    size_t i;
    json_t *row;
    json_array_foreach (rows, i, row) {
        const char *word = base_json_string(row, "w", "");
        if (engine_sql_reserved(word) != base_json_bool(row, "r", false)) {
            g_error("%s is%s reserved by the engine", word, base_json_bool(row, "r", false) ? "" : " not");
        }
    }
    g_assert_cmpuint(i, >, 400);
}

/* ---- trees ----------------------------------------------------------------------------------- */

static json_t *parse(const char *sql)
{
    GError *error = NULL;
    json_t *tree = engine_sql_parse(conn, sql, &error);
    if (error) {
        g_error("%s: %s", sql, error->message);
    }
    return tree;
}

static char *print(const json_t *tree)
{
    GError *error = NULL;
    char *sql = engine_sql_print(conn, tree, &error);
    g_assert_no_error(error);
    return sql;
}

static char *rows_of(const char *sql)
{
    GError *error = NULL;
    g_autoptr(EngineResult) result = engine_query(conn, sql, &error);
    GString *out = g_string_new(NULL);
    EngineChunk *chunk;
    for (size_t i = 0; result && i < engine_result_n_columns(result); i++) {
        g_string_append_printf(out, "%s|", engine_result_type_text(result, i));
    }
    while (result && (chunk = engine_result_next(result, &error))) {
        for (size_t row = 0; row < engine_chunk_rows(chunk); row++) {
            g_string_append_c(out, '\n');
            for (size_t i = 0; i < engine_result_n_columns(result); i++) {
                EngineColumn column = engine_chunk_column(chunk, i);
                if (!engine_column_append_text(&column, row, out)) {
                    g_string_append(out, "NULL");
                }
                g_string_append_c(out, '|');
            }
        }
    }
    if (error) {
        g_error("%s: %s", sql, error->message);
    }
    return g_string_free(out, FALSE);
}

static void test_printing_what_was_parsed_gives_the_same_rows(void)
{
    g_autofree char *path = g_test_build_filename(G_TEST_DIST, "roundtrip.sql", NULL);
    g_autofree char *text = NULL;
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    g_autoptr(GPtrArray) statements = engine_sql_split(text, ENGINE_DIALECT_WEIR, NULL);
    g_assert_cmpuint(statements->len, >=, 60);
    unsigned failed = 0;
    for (guint i = 0; i < statements->len; i++) {
        const char *sql = g_ptr_array_index(statements, i);
        g_autoptr(json_t) tree = parse(sql);
        g_autofree char *printed = print(tree);
        g_autofree char *before = rows_of(sql);
        g_autofree char *after = rows_of(printed);
        if (strcmp(before, after) != 0) {
            failed++;
            g_test_message("%s\n  printed: %s\n  before: %s\n  after: %s", sql, printed, before, after);
        }
    }
    g_assert_cmpuint(failed, ==, 0);
}

static void check_parse_fails(const char *sql, BaseErrorCode code, unsigned line, unsigned column)
{
    g_autoptr(GError) error = NULL;
    unsigned at_line, at_column;
    g_assert_null(engine_sql_parse(conn, sql, &error));
    g_assert_error(error, BASE_ERROR, (int)code);
    base_error_get_file(error, &at_line, &at_column);
    g_assert_cmpuint(at_line, ==, line);
    g_assert_cmpuint(at_column, ==, column);
    g_autoptr(GError) again = NULL;
    g_assert_null(engine_tree_parse(conn, sql, &again));
    g_assert_cmpstr(again->message, ==, error->message);
}

static void test_what_does_not_parse_says_where(void)
{
    check_parse_fails("SELECT a\nFRM t x", BASE_E_SQL_SYNTAX, 2, 5);
    check_parse_fails("INSERT INTO t VALUES (1)", BASE_E_STATEMENT_REFUSED, 0, 0);
    check_parse_fails("PIVOT t ON a USING sum(id)", BASE_E_STATEMENT_REFUSED, 0, 0);
    check_parse_fails("SELECT 1; SELECT 2", BASE_E_SQL_SYNTAX, 0, 0);
    check_parse_fails("", BASE_E_SQL_SYNTAX, 0, 0);
    check_parse_fails("SELECT '\xff'", BASE_E_SQL_SYNTAX, 0, 0);
    check_parse_fails("SELECT 1e999", BASE_E_VALUE_OUT_OF_RANGE, 0, 0);
    g_autoptr(GString) deep = g_string_new("SELECT 1");
    for (int i = 0; i < 3000; i++) {
        g_string_append(deep, "+1");
    }
    g_autoptr(GError) error = NULL;
    g_assert_null(engine_sql_parse(conn, deep->str, &error));
    g_assert_error(error, BASE_ERROR, BASE_E_SQL_SYNTAX);
}

static bool note_table(json_t *node, void *user, GError **error)
{
    (void)error;
    const char *function = base_json_string(json_object_get(node, "function"), "function_name", NULL);
    g_string_append_printf(user, "%s%s.%s ", function ? "f:" : "", base_json_string(node, "schema_name", ""),
                           function ? function : base_json_string(node, "table_name", ""));
    return true;
}

static bool note_read_table(const EngineNode *node, void *user, GError **error)
{
    (void)error;
    const EngineNode *function = engine_node_get(node, "function");
    g_string_append_printf(user, "%s%s.%s ", function ? "f:" : "", engine_node_text(node, "schema_name"),
                           function ? engine_node_text(function, "function_name")
                                    : engine_node_text(node, "table_name"));
    return true;
}

/* The same from either form of the tree. */
static void check_tables(const char *sql, const char *expected)
{
    g_autoptr(json_t) tree = parse(sql);
    g_autoptr(GString) out = g_string_new(NULL);
    g_assert_true(engine_sql_visit_tables(tree, note_table, out, NULL));
    g_assert_cmpstr(out->str, ==, expected);
    g_autoptr(EngineTree) read = engine_tree_parse(conn, sql, NULL);
    g_string_truncate(out, 0);
    g_assert_true(engine_tree_visit_tables(read, note_read_table, out, NULL));
    g_assert_cmpstr(out->str, ==, expected);
}

static void test_tables_are_found_and_ctes_are_not(void)
{
    check_tables("SELECT * FROM t JOIN s.h USING (id)", ".t s.h ");
    check_tables("WITH c AS (SELECT * FROM t) SELECT * FROM c", ".t ");
    check_tables("WITH t AS (SELECT * FROM t) SELECT * FROM T", ".t ");
    check_tables("WITH c AS (SELECT 1), d AS (SELECT * FROM c) SELECT * FROM d, c", "");
    check_tables("WITH c AS (SELECT * FROM d), d AS (SELECT 1) SELECT * FROM c", ".d ");
    check_tables("SELECT * FROM (WITH c AS (SELECT 1) SELECT * FROM c) q, c", ".c ");
    check_tables("WITH c AS (SELECT 1) SELECT * FROM s.c", "s.c ");
    check_tables("WITH RECURSIVE r AS (SELECT 1 n UNION ALL SELECT n + 1 FROM r) SELECT * FROM r", "");
    check_tables("WITH RECURSIVE r(n) USING KEY (n) AS (SELECT 1 UNION SELECT n FROM recurring.r) FROM r",
                 "");
    check_tables("WITH r AS (SELECT 1) SELECT * FROM recurring.r", "recurring.r ");
    check_tables("SELECT (SELECT max(id) FROM u) FROM t WHERE EXISTS (FROM w)", ".u .t .w ");
    check_tables("SELECT * FROM range(3), (VALUES (1)) v", "f:.range ");
    check_tables("WITH c AS (SELECT 1 UNION SELECT id FROM u) (SELECT * FROM c) UNION (SELECT id FROM t)",
                 ".u .t ");
    check_tables("FROM (PIVOT t ON a IN (1) USING sum(id))", ".t ");
    check_tables("SELECT [x FOR x IN (SELECT list(id) FROM t)]", ".t ");
}

static void test_describe_inside_a_query_is_refused(void)
{
    g_autoptr(json_t) tree = parse("FROM (DESCRIBE t)");
    g_autoptr(GString) out = g_string_new(NULL);
    g_autoptr(GError) error = NULL;
    g_assert_false(engine_sql_visit_tables(tree, note_table, out, &error));
    g_assert_error(error, BASE_ERROR, BASE_E_STATEMENT_REFUSED);
    g_autoptr(EngineTree) read = engine_tree_parse(conn, "FROM (DESCRIBE t)", NULL);
    g_autoptr(GError) again = NULL;
    g_assert_false(engine_tree_visit_tables(read, note_read_table, out, &again));
    g_assert_error(again, BASE_ERROR, BASE_E_STATEMENT_REFUSED);
}

static void test_many_texts_give_a_tree_each_or_none(void)
{
    enum { N = 600 }; /* several queries */
    g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
    for (int i = 0; i < N; i++) {
        g_ptr_array_add(texts, i % 7 == 3   ? g_strdup("SELECT FROM WHERE")
                               : i % 7 == 5 ? g_strdup("SELECT 1; SELECT 2")
                                            : g_strdup_printf("SELECT %d AS n, 'a\"\\{[b' AS t", i));
    }
    EngineTree *trees[N];
    engine_tree_parse_many(conn, (const char *const *)texts->pdata, N, trees);
    for (int i = 0; i < N; i++) {
        if (i % 7 == 3 || i % 7 == 5) {
            g_assert_null(trees[i]);
            continue;
        }
        const EngineNode *list = engine_node_get(engine_tree_query(trees[i]), "select_list");
        const EngineNode *first = engine_node_at(list, 0);
        int64_t n = -1;
        g_assert_cmpuint(engine_node_size(list), ==, 2);
        g_assert_cmpstr(engine_node_text(first, "alias"), ==, "n");
        if (i > 0) { /* a default is left out */
            g_assert_true(engine_node_int(engine_node_get(engine_node_get(first, "value"), "value"), &n));
            g_assert_cmpint(n, ==, i);
        }
        g_assert_cmpstr(engine_node_text(engine_node_get(engine_node_at(list, 1), "value"), "value"), ==,
                        "a\"\\{[b");
        g_assert_null(engine_node_get(engine_node_at(list, 2), "alias"));
        engine_tree_free(trees[i]);
    }
}

static void test_members_and_entries_come_in_order(void)
{
    g_autoptr(EngineTree) tree = engine_tree_parse(conn, "SELECT a, f(b), c FROM t ORDER BY 1", NULL);
    const EngineNode *query = engine_tree_query(tree);
    const EngineNode *list = engine_node_get(query, "select_list");
    g_autoptr(GString) out = g_string_new(NULL);
    const EngineNode *item;
    size_t i;
    engine_node_foreach(list, i, item)
    {
        g_string_append_printf(out, "%zu %s ", i, engine_node_text(item, "class"));
    }
    g_assert_cmpstr(out->str, ==, "0 COLUMN_REF 1 FUNCTION 2 COLUMN_REF ");
    EngineNodeIter iter = engine_node_iter(query);
    bool found = false;
    for (const EngineNode *member; (member = engine_node_next(&iter)) != NULL;) {
        found = found || (member == list && g_str_equal(engine_node_string(iter.key), "select_list"));
    }
    g_assert_true(found);
    g_assert_null(engine_node_get(NULL, "x"));
    g_assert_cmpuint(engine_node_size(NULL), ==, 0);
    g_assert_false(engine_node_is_object(NULL));
    iter = engine_node_iter(NULL);
    g_assert_null(engine_node_next(&iter));
}

static bool note_function(const char *name, const json_t *node, void *user, GError **error)
{
    (void)node;
    (void)error;
    g_string_append_printf(user, "%s ", name);
    return true;
}

static void test_functions_are_found(void)
{
    g_autoptr(json_t) tree =
        parse("SELECT sum(id) + 1, lag(id) OVER () FROM range(abs(3)) t(id) ORDER BY lower('x')");
    g_autoptr(GString) out = g_string_new(NULL);
    g_assert_true(engine_sql_visit_functions(tree, note_function, out, NULL));
    g_auto(GStrv) names = g_strsplit(g_strchomp(out->str), " ", -1);
    static const char *const wanted[] = {"sum", "+", "lag", "abs", "lower"};
    g_assert_cmpuint(g_strv_length(names), ==, G_N_ELEMENTS(wanted));
    for (size_t i = 0; i < G_N_ELEMENTS(wanted); i++) {
        g_assert_true(g_strv_contains((const char *const *)names, wanted[i]));
    }
}

static bool in_s(const char *schema, const char *table, void *user)
{
    (void)table;
    (void)user;
    return strcmp(schema, "s") == 0;
}

static void check_hidden(const char *sql, const char *expected)
{
    static const char *const names[] = {"_weir_load_id", NULL};
    g_autoptr(json_t) tree = parse(sql);
    g_assert_true(engine_sql_hide_columns(tree, names, in_s, NULL, NULL));
    g_autofree char *printed = print(tree);
    g_autofree char *rows = rows_of(printed);
    g_assert_cmpstr(rows, ==, expected);
}

static void test_hidden_columns_stay_out_of_stars(void)
{
    check_hidden("SELECT * FROM s.h ORDER BY id", "INTEGER|INTEGER|\n1|10|\n2|20|");
    check_hidden("SELECT x.* FROM s.h x, t WHERE t.id = x.id ORDER BY x.id",
                 "INTEGER|INTEGER|\n1|10|\n2|20|");
    check_hidden("SELECT u.* FROM s.h x JOIN u USING (id)", "INTEGER|DOUBLE|\n1|1.5|");
    check_hidden("SELECT _weir_load_id FROM s.h WHERE id = 1", "BIGINT|\n7|");
    check_hidden("SELECT * EXCLUDE (_weir_load_id, n) FROM s.h WHERE id = 1", "INTEGER|\n1|");
    check_hidden("SELECT * FROM (SELECT * FROM s.h) q WHERE id = 1", "INTEGER|INTEGER|\n1|10|");
    check_hidden("WITH c AS (FROM s.h) SELECT * FROM c WHERE id = 2", "INTEGER|INTEGER|\n2|20|");
    check_hidden("SELECT max(COLUMNS(*)) FROM s.h", "INTEGER|INTEGER|\n2|20|");
    check_hidden("SELECT * FROM s.h SEMI JOIN s.g USING (id) ORDER BY 1", "INTEGER|INTEGER|\n1|10|\n2|20|");
    check_hidden("SELECT * FROM u SEMI JOIN s.g USING (id)", "INTEGER|DOUBLE|\n1|1.5|");
}

static void test_hidden_columns_stay_out_of_whole_rows(void)
{
    check_hidden("SELECT x FROM s.h x WHERE id = 1",
                 "STRUCT(\"id\" INTEGER, \"n\" INTEGER)|\n{\"id\":1,\"n\":10}|");
    check_hidden("SELECT H FROM s.h WHERE s.h.id = 1",
                 "STRUCT(\"id\" INTEGER, \"n\" INTEGER)|\n{\"id\":1,\"n\":10}|");
    check_hidden("SELECT (SELECT x.n FROM (SELECT x) q) FROM t JOIN s.h x USING (id) WHERE id = 2",
                 "INTEGER|\n20|");
    check_hidden("SELECT unnest(x) FROM s.h x WHERE x.id = 2", "INTEGER|INTEGER|\n2|20|");
    check_hidden("SELECT max(x)::VARCHAR, count(x) FROM s.h x", "VARCHAR|BIGINT|\n{'id': 2, 'n': 20}|2|");
    check_hidden("SELECT n.id, n.n, s.h.n FROM s.h n JOIN s.h USING (id) WHERE id = 1",
                 "INTEGER|INTEGER|INTEGER|\n1|10|10|");
    check_hidden("SELECT id, n._weir_load_id FROM s.h n WHERE n.n = 10", "INTEGER|BIGINT|\n1|7|");
}

static void test_hidden_columns_are_no_keys_of_natural_joins_and_pivots(void)
{
    check_hidden("SELECT * FROM s.h NATURAL JOIN s.g ORDER BY id",
                 "INTEGER|INTEGER|INTEGER|\n1|10|100|\n2|20|200|");
    check_hidden("FROM (PIVOT s.h ON id IN (1, 2) USING sum(n)) ORDER BY ALL", "HUGEINT|HUGEINT|\n10|20|");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    open_memory();
    g_test_add_func("/engine/sql/tokens of both dialects", test_tokens_of_both_dialects);
    g_test_add_func("/engine/sql/positions are bytes of the source", test_positions_are_bytes_of_the_source);
    g_test_add_func("/engine/sql/split leaves semicolons in strings",
                    test_split_leaves_semicolons_in_strings);
    g_test_add_func("/engine/sql/kinds", test_kinds);
    g_test_add_func("/engine/sql/names are quoted only when they must",
                    test_names_are_quoted_only_when_they_must);
    g_test_add_func("/engine/sql/reserved words are the engine's", test_reserved_words_are_the_engines);
    g_test_add_func("/engine/sql/print(parse(x)) gives the same rows",
                    test_printing_what_was_parsed_gives_the_same_rows);
    g_test_add_func("/engine/sql/what does not parse says where", test_what_does_not_parse_says_where);
    g_test_add_func("/engine/sql/tables are found and CTEs are not", test_tables_are_found_and_ctes_are_not);
    g_test_add_func("/engine/sql/DESCRIBE inside a query is refused",
                    test_describe_inside_a_query_is_refused);
    g_test_add_func("/engine/sql/many texts give a tree each, or none",
                    test_many_texts_give_a_tree_each_or_none);
    g_test_add_func("/engine/sql/members and entries come in order", test_members_and_entries_come_in_order);
    g_test_add_func("/engine/sql/functions are found", test_functions_are_found);
    g_test_add_func("/engine/sql/hidden columns stay out of stars", test_hidden_columns_stay_out_of_stars);
    g_test_add_func("/engine/sql/hidden columns stay out of whole rows",
                    test_hidden_columns_stay_out_of_whole_rows);
    g_test_add_func("/engine/sql/hidden columns are no keys",
                    test_hidden_columns_are_no_keys_of_natural_joins_and_pivots);
    int status = g_test_run();
    engine_disconnect(conn);
    engine_unref(engine);
    return status;
}
