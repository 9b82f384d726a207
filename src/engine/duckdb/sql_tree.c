/* SQL as a tree and back, through the engine's own json_serialize_sql and json_deserialize_sql.
 *
 * Null and default members are left out (skip_null, skip_default): a third of the bytes, and the serialiser
 * puts them back. Two things of its JSON are not JSON to jansson: unsigned 64-bit numbers above INT64_MAX
 * (the low half of a HUGEINT) and Infinity. They travel as {"raw": "18446744073709551615"}; a string of the
 * user's cannot look like that, because quotes inside strings are escaped. */
#include <string.h>

#include "base/text.h"
#include "engine/duckdb/duckdb_int.h"
#include "engine/sql_int.h"
#include "engine/tree_int.h"

#define PARSE_SQL "SELECT json_serialize_sql($1::VARCHAR, skip_null := true, skip_default := true)"
/* json(): with a cast, the engine takes the parameter's type to be JSON and plans anew for each text. */
#define PRINT_SQL "SELECT json_deserialize_sql(json($1::VARCHAR))"
#define RAW_OPEN  "{\"raw\":\""

/* ---- one text in, one text out --------------------------------------------------------------- */

/* Statements are prepared once a connection: binding costs more than parsing a small model. */
static EngineStmt *prepared(EngineConn *conn, EngineStmt **slot, const char *sql, GError **error)
{
    if (!*slot) {
        *slot = engine_prepare(conn, sql, error);
    }
    return *slot;
}

/* Not through engine_stmt_run: one value needs no stream, and starting one costs several times the work. */
static char *call(EngineConn *conn, EngineStmt **slot, const char *sql, const char *text, GError **error)
{
    EngineStmt *stmt = prepared(conn, slot, sql, error);
    EngineValue value = {.id = ENGINE_TEXT, .text = {.bytes = text, .len = strlen(text)}};
    if (!stmt || !engine_stmt_bind(stmt, 0, &value, error)) {
        return NULL;
    }
    duckdb_result result;
    char *answer = NULL;
    if (duckdb_execute_prepared(stmt->statement, &result) != DuckDBSuccess) {
        engine_int_fail(conn->engine, error, duckdb_result_error(&result), NULL);
    } else {
        duckdb_data_chunk chunk = duckdb_fetch_chunk(result);
        duckdb_string_t *string = duckdb_vector_get_data(duckdb_data_chunk_get_vector(chunk, 0));
        answer = g_strndup(duckdb_string_t_data(string), duckdb_string_t_length(*string));
        duckdb_destroy_data_chunk(&chunk);
    }
    duckdb_destroy_result(&result);
    return answer;
}

/* ---- numbers that jansson does not read ------------------------------------------------------ */

static bool fits_int64(const char *digits, size_t len)
{
    static const char MAX[] = "9223372036854775807";
    size_t max = sizeof MAX - 1;
    return len < max || (len == max && memcmp(digits, MAX, max) <= 0);
}

/* End of the bare token (number or word) at p. */
static const char *bare_end(const char *p)
{
    while (g_ascii_isalnum(*p) || *p == '.' || *p == '+' || *p == '-') {
        p++;
    }
    return p;
}

static bool jansson_reads(const char *p, const char *end)
{
    const char *digits = p + (*p == '-');
    if (*digits == 'I' || *digits == 'N' || *digits == 'i') {
        return false;
    }
    if (!g_ascii_isdigit(*digits)) {
        return true;
    }
    for (const char *c = digits; c < end; c++) {
        if (!g_ascii_isdigit(*c)) {
            return true; /* a real */
        }
    }
    return fits_int64(digits, (size_t)(end - digits));
}

static const char *string_end(const char *p)
{
    for (p++; *p && *p != '"'; p++) {
        if (*p == '\\' && p[1]) {
            p++;
        }
    }
    return *p ? p + 1 : p;
}

/* The next bare token that jansson does not read, from p on; NULL when there is none. */
static const char *next_raw(const char *p, const char **ret_end)
{
    while (*p) {
        if (*p == '"') {
            p = string_end(p);
        } else if (g_ascii_isalnum(*p) || *p == '-') {
            const char *end = bare_end(p);
            if (!jansson_reads(p, end)) {
                *ret_end = end;
                return p;
            }
            p = end > p ? end : p + 1;
        } else {
            p++;
        }
    }
    return NULL;
}

/* NULL when the text is fine as it is. */
static char *wrap_raw(const char *text)
{
    const char *end, *raw = next_raw(text, &end);
    if (!raw) {
        return NULL;
    }
    GString *out = g_string_new(NULL);
    const char *from = text;
    for (; raw; raw = next_raw(from, &end)) {
        g_string_append_len(out, from, raw - from);
        g_string_append(out, RAW_OPEN);
        g_string_append_len(out, raw, end - raw);
        g_string_append(out, "\"}");
        from = end;
    }
    g_string_append(out, from);
    return g_string_free(out, FALSE);
}

static char *unwrap_raw(char *text)
{
    if (!strstr(text, RAW_OPEN)) {
        return text;
    }
    GString *out = g_string_new(NULL);
    const char *from = text;
    for (const char *raw; (raw = strstr(from, RAW_OPEN));) {
        g_string_append_len(out, from, raw - from);
        const char *start = raw + strlen(RAW_OPEN);
        const char *end = start + strcspn(start, "\"");
        g_string_append_len(out, start, end - start);
        from = *end ? end + 2 : end;
    }
    g_string_append(out, from);
    g_free(text);
    return g_string_free(out, FALSE);
}

/* ---- parse ----------------------------------------------------------------------------------- */

static bool is_pivot(const char *sql)
{
    g_autofree char *lower = g_ascii_strdown(sql, -1);
    return strstr(lower, "pivot") != NULL;
}

/* `answer` is of the engine's json_serialize_sql: error_type is the name of its kind of error. What is no
 * SELECT is one that it has "not implemented". */
static bool fail_parse(const json_t *answer, const char *sql, GError **error)
{
    const char *type = base_json_string(answer, "error_type", "");
    const char *message = base_json_string(answer, "error_message", "the statement does not parse");
    if (strcmp(type, "not implemented") == 0 && strstr(message, "Only SELECT")) {
        base_fail(error, BASE_E_STATEMENT_REFUSED, "only a SELECT can stand here");
        if (is_pivot(sql)) {
            base_error_hint(error, "a PIVOT needs its values: PIVOT t ON c IN ('a', 'b') USING sum(x)");
        }
        return false;
    }
    if (strcmp(type, "not implemented") == 0) {
        return base_fail(error, BASE_E_STATEMENT_REFUSED, "%s", message);
    }
    base_fail(error, BASE_E_SQL_SYNTAX, "%s", message);
    gint64 position;
    if (base_text_to_int(base_json_string(answer, "position", ""), 0, G_MAXINT32, &position)) {
        sql_place_at(error, sql, (size_t)position);
    }
    return false;
}

static json_t *read_answer(const char *text, GError **error)
{
    g_autofree char *wrapped = wrap_raw(text);
    if (wrapped && strstr(wrapped, RAW_OPEN "Inf")) {
        base_fail(error, BASE_E_VALUE_OUT_OF_RANGE, "a number of the statement is too large for DOUBLE");
        return NULL;
    }
    const char *json = wrapped ? wrapped : text;
    GError *why = NULL;
    json_t *answer = base_json_parse(json, strlen(json), &why);
    if (!answer) {
        base_fail(error, BASE_E_SQL_SYNTAX, "the statement is nested too deeply (%s)", why->message);
        g_clear_error(&why);
    }
    return answer;
}

static char *serialise(EngineConn *conn, const char *sql, GError **error)
{
    if (strlen(sql) > ENGINE_SQL_MAX_BYTES) {
        base_fail(error, BASE_E_SQL_SYNTAX, "the statement is longer than %zu bytes", ENGINE_SQL_MAX_BYTES);
        return NULL;
    }
    if (!base_text_utf8_valid(sql, strlen(sql))) {
        base_fail(error, BASE_E_SQL_SYNTAX, "the statement is not valid UTF-8");
        return NULL;
    }
    g_autofree char *marked = engine_sql_mark_versions(sql);
    return call(conn, &conn->parser, PARSE_SQL, marked ? marked : sql, error);
}

/* The only statement of what the serialiser gave; NULL + error when it is not one SELECT. */
static json_t *statement_of(const char *text, const char *sql, GError **error)
{
    g_autoptr(json_t) answer = read_answer(text, error);
    if (!answer) {
        return NULL;
    }
    if (base_json_bool(answer, "error", true)) {
        fail_parse(answer, sql, error);
        return NULL;
    }
    json_t *statements = json_object_get(answer, "statements");
    if (json_array_size(statements) != 1) {
        base_fail(error, BASE_E_SQL_SYNTAX,
                  json_array_size(statements) ? "one statement is expected here, not several"
                                              : "the statement is empty");
        return NULL;
    }
    return json_incref(json_array_get(statements, 0));
}

json_t *engine_sql_parse(EngineConn *conn, const char *sql, GError **error)
{
    g_autofree char *text = serialise(conn, sql, error);
    return text ? statement_of(text, sql, error) : NULL;
}

EngineTree *engine_tree_parse(EngineConn *conn, const char *sql, GError **error)
{
    g_autofree char *text = serialise(conn, sql, error);
    EngineTree *tree = text ? engine_tree_of(text, strlen(text)) : NULL;
    if (tree || !text) {
        return tree;
    }
    g_autoptr(json_t) statement = statement_of(text, sql, error); /* says what is wrong */
    if (statement) {
        base_fail(error, BASE_E_INTERNAL, "the engine's tree of the statement cannot be read");
    }
    return NULL;
}

/* ---- many --------------------------------------------------------------------------------------- */

#define PARSE_MANY_SQL                                                                                       \
    "SELECT json_serialize_sql(x, skip_null := true, skip_empty := true, skip_default := true) "             \
    "FROM (SELECT unnest(string_split($1, chr(1))) AS x)"
#define SEPARATOR '\001'
#define MANY      256 /* texts of a query: their trees are in memory twice for a moment */

static void parse_some(EngineStmt *stmt, const char *const *sql, size_t n, EngineTree **ret_trees)
{
    g_autoptr(GString) joined = g_string_new(NULL);
    for (size_t i = 0; i < n; i++) {
        if (i) {
            g_string_append_c(joined, SEPARATOR);
        }
        gsize from = joined->len;
        g_autofree char *marked = engine_sql_mark_versions(sql[i]);
        g_string_append(joined, marked ? marked : sql[i]);
        g_strdelimit(joined->str + from, "\001", '\002'); /* a separator inside is no SQL in any case */
    }
    EngineValue value = {.id = ENGINE_TEXT, .text = {joined->str, joined->len}};
    duckdb_result result;
    if (!engine_stmt_bind(stmt, 0, &value, NULL)) {
        return;
    }
    size_t at = 0;
    duckdb_data_chunk chunk;
    bool ok = duckdb_execute_prepared(stmt->statement, &result) == DuckDBSuccess;
    while (ok && (chunk = duckdb_fetch_chunk(result)) != NULL) {
        duckdb_vector vector = duckdb_data_chunk_get_vector(chunk, 0);
        duckdb_string_t *texts = duckdb_vector_get_data(vector);
        uint64_t *valid = duckdb_vector_get_validity(vector);
        size_t rows = duckdb_data_chunk_get_size(chunk);
        for (size_t row = 0; row < rows && at < n; row++, at++) {
            bool there = !valid || duckdb_validity_row_is_valid(valid, row);
            ret_trees[at] =
                there ? engine_tree_of(duckdb_string_t_data(&texts[row]), duckdb_string_t_length(texts[row]))
                      : NULL;
        }
        duckdb_destroy_data_chunk(&chunk);
    }
    duckdb_destroy_result(&result);
}

void engine_tree_parse_many(EngineConn *conn, const char *const *sql, size_t n, EngineTree **ret_trees)
{
    memset(ret_trees, 0, sizeof(EngineTree *) * n);
    /* what fails here is asked for again alone, where it can say why */
    g_autoptr(EngineStmt) stmt = n ? engine_prepare(conn, PARSE_MANY_SQL, NULL) : NULL;
    for (size_t at = 0; stmt && at < n; at += MANY) {
        parse_some(stmt, sql + at, MIN(MANY, n - at), ret_trees + at);
    }
}

/* ---- print ----------------------------------------------------------------------------------- */

char *engine_sql_print(EngineConn *conn, const json_t *tree, GError **error)
{
    g_autofree char *statement = base_json_text(tree);
    char *document = g_strdup_printf("{\"error\":false,\"statements\":[%s]}", statement);
    g_autofree char *text = unwrap_raw(document);
    return call(conn, &conn->printer, PRINT_SQL, text, error);
}
