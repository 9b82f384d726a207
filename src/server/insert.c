/* INSERT and REPLACE. VALUES of plain literals, which is what clients send in bulk, are taken from the tokens
 * as cells: few rows become one VALUES that joins the committer's group, many become a feed, and neither
 * passes the engine's parser as a tree. Everything else is a SELECT, translated and checked like any. */
#include "server/dml_int.h"
#include "server/show_int.h"

typedef struct {
    const char *schema, *name, *label;
    GPtrArray *columns; /* const char *; empty = all */
    guint body;         /* index of the token where VALUES or the SELECT starts */
    bool replace;
} Insert;

/* ---- the head
 * ----------------------------------------------------------------------------------------------------- */

static bool refuse(GError **error, const char *what, const char *hint)
{
    base_fail(error, BASE_E_STATEMENT_REFUSED, "%s is not supported", what);
    base_error_hint(error, "%s", hint);
    return false;
}

static bool starts_body(const SqlCursor *cursor)
{
    return sql_is(cursor, "values") || sql_is(cursor, "value") || sql_is(cursor, "select") ||
           sql_is(cursor, "with") || sql_is(cursor, "table") || sql_is(cursor, "from");
}

static bool take_columns(SqlCursor *cursor, Insert *insert, const char *sql, GError **error)
{
    SqlCursor inside = {cursor->tokens, cursor->at + 1};
    if (!sql_is(cursor, "(") || starts_body(&inside)) {
        return true;
    }
    cursor->at++;
    while (!sql_is(cursor, ")")) {
        const char *name = sql_take_name(cursor);
        if (!name || (!sql_take(cursor, ",") && !sql_is(cursor, ")"))) {
            return sql_fail_near(cursor, sql, error);
        }
        g_ptr_array_add(insert->columns, (gpointer)(guintptr)name);
    }
    cursor->at++;
    return true;
}

static bool take_head(const SqlRun *run, SqlCursor *cursor, Insert *insert, GError **error)
{
    insert->replace = sql_take(cursor, "replace");
    if (!insert->replace) {
        sql_take(cursor, "insert");
    }
    while (sql_take(cursor, "low_priority") || sql_take(cursor, "delayed") ||
           sql_take(cursor, "high_priority") || sql_take(cursor, "ignore")) {
    }
    if (sql_is(cursor, "overwrite")) {
        return refuse(error, "INSERT OVERWRITE", "a model of kind `full` replaces a table as a whole");
    }
    sql_take(cursor, "into");
    sql_take(cursor, "table");
    if (!sql_take_table(cursor, &insert->schema, &insert->name, run->sql, error)) {
        return false;
    }
    if (sql_take_all(cursor, "with label")) {
        insert->label = sql_take_name(cursor);
        if (!insert->label) {
            return sql_fail_near(cursor, run->sql, error);
        }
    }
    if (!take_columns(cursor, insert, run->sql, error)) {
        return false;
    }
    insert->body = cursor->at;
    return starts_body(cursor) || sql_is(cursor, "(") || sql_is(cursor, "set") ||
           sql_fail_near(cursor, run->sql, error);
}

static bool has_name(const GPtrArray *names, const char *name)
{
    for (guint i = 0; i < names->len; i++) {
        if (g_ascii_strcasecmp(g_ptr_array_index(names, i), name) == 0) {
            return true;
        }
    }
    return false;
}

/* Each column that gets no value may be NULL or has a default. */
static bool check_missing(const CatalogObject *object, const Insert *insert, GError **error)
{
    for (guint i = 0; i < object->table->columns->len; i++) {
        const CatalogColumn *column = g_ptr_array_index(object->table->columns, i);
        if (column->not_null && !column->default_sql && !has_name(insert->columns, column->name)) {
            return base_fail(error, BASE_E_DEFAULT_NONE, "Field '%s' doesn't have a default value",
                             column->name);
        }
    }
    return true;
}

/* The names that were given are columns, and none that must be is missing; none given are all of them. */
static bool check_columns(const CatalogObject *object, Insert *insert, GError **error)
{
    g_autoptr(GPtrArray) all = g_ptr_array_new();
    for (guint i = 0; i < insert->columns->len; i++) {
        const char *name = g_ptr_array_index(insert->columns, i);
        if (!catalog_table_column(object->table, name)) {
            return base_fail(error, BASE_E_COLUMN_UNKNOWN, "Unknown column '%s' in 'field list'", name);
        }
    }
    for (guint i = 0; insert->columns->len == 0 && i < object->table->columns->len; i++) {
        const CatalogColumn *column = g_ptr_array_index(object->table->columns, i);
        g_ptr_array_add(all, column->name);
    }
    for (guint i = 0; i < all->len; i++) {
        g_ptr_array_add(insert->columns, g_ptr_array_index(all, i));
    }
    return check_missing(object, insert, error);
}

static char **copy_names(const GPtrArray *names)
{
    char **copy = g_new0(char *, names->len + 1);
    for (guint i = 0; i < names->len; i++) {
        copy[i] = g_strdup(g_ptr_array_index(names, i));
    }
    return copy;
}

/* ---- VALUES of literals
 * ---------------------------------------------------------------------------------------------- */

typedef struct {
    SqlCursor cursor;
    GPtrArray *cells;
    size_t bytes;
    guint n_columns;
    gint64 rows;
} Values;

static void add_cell(Values *values, char *text)
{
    values->bytes += sizeof(char *) + (text ? strlen(text) + 1 : 0);
    g_ptr_array_add(values->cells, text);
}

/* A literal that is the same text to the engine's casts; false = it needs the parser. */
static bool take_cell(Values *values)
{
    const EngineToken *token = sql_peek(&values->cursor);
    const char *sign = "";
    if (sql_is(&values->cursor, "-") || sql_is(&values->cursor, "+")) {
        sign = *token->text == '-' ? "-" : "";
        values->cursor.at++;
        token = sql_peek(&values->cursor);
        if (token->type != ENGINE_TOKEN_NUMBER) {
            return false;
        }
    }
    values->cursor.at++;
    switch (token->type) {
    case ENGINE_TOKEN_NUMBER:
        if (strpbrk(token->text, "xXbB'")) {
            return false;
        }
        add_cell(values, g_strconcat(sign, token->text, NULL));
        return true;
    case ENGINE_TOKEN_TEXT:
        if (strlen(token->text) != token->len) {
            return false;
        }
        add_cell(values, g_strdup(token->text));
        return true;
    case ENGINE_TOKEN_WORD:
        if (g_ascii_strcasecmp(token->text, "null") == 0) {
            add_cell(values, NULL);
            return true;
        }
        if (g_ascii_strcasecmp(token->text, "true") == 0 || g_ascii_strcasecmp(token->text, "false") == 0) {
            add_cell(values, g_ascii_strdown(token->text, -1));
            return true;
        }
        return false;
    default:
        return false;
    }
}

static bool take_row(Values *values)
{
    if (!sql_take(&values->cursor, "(")) {
        return false;
    }
    guint n = 0;
    do {
        if (!take_cell(values)) {
            return false;
        }
        n++;
    } while (sql_take(&values->cursor, ","));
    values->rows++;
    return n == values->n_columns && sql_take(&values->cursor, ")");
}

/* false = not all literals, or not n_columns in each row: the general way will do or say it. */
static bool take_values(Values *values)
{
    values->cursor.at++; /* VALUES */
    do {
        if (!take_row(values)) {
            return false;
        }
    } while (sql_take(&values->cursor, ","));
    return sql_at_end(&values->cursor);
}

/* ---- everything else
 * ---------------------------------------------------------------------------------------------------- */

/* SET a = 1, b = 2 as VALUES (1, 2) of columns a, b. */
static char *values_of_set(const SqlRun *run, SqlCursor *cursor, Insert *insert, GError **error)
{
    g_autoptr(GString) out = g_string_new("VALUES (");
    cursor->at++;
    g_ptr_array_set_size(insert->columns, 0);
    do {
        const char *name = sql_take_name(cursor);
        if (!name || !sql_take(cursor, "=")) {
            sql_fail_near(cursor, run->sql, error);
            return NULL;
        }
        SqlCursor end = *cursor;
        for (int depth = 0; !sql_at_end(&end) && (depth > 0 || !sql_is(&end, ",")); end.at++) {
            depth += sql_is(&end, "(") ? 1 : sql_is(&end, ")") ? -1 : 0;
        }
        g_autofree char *value = sql_text_between(cursor, end.at, run->sql);
        g_string_append_printf(out, "%s%s", insert->columns->len ? ", " : "", value);
        g_ptr_array_add(insert->columns, (gpointer)(guintptr)name);
        cursor->at = end.at;
    } while (sql_take(cursor, ","));
    g_string_append_c(out, ')');
    return g_strdup(out->str);
}

static const char *default_of(const CatalogObject *object, const Insert *insert, guint column)
{
    const CatalogColumn *found =
        column < insert->columns->len
            ? catalog_table_column(object->table, g_ptr_array_index(insert->columns, column))
            : NULL;
    return found && found->default_sql ? found->default_sql : "NULL";
}

/* The body's text with DEFAULT, where it stands for a whole value, replaced; *ret_duplicate: ON DUPLICATE KEY
 * was met. */
static char *body_text(const SqlRun *run, const CatalogObject *object, const Insert *insert,
                       bool *ret_duplicate)
{
    GString *out = g_string_new(NULL);
    guint column = 0;
    int depth = 0;
    size_t at = ((const EngineToken *)g_ptr_array_index(run->tokens, insert->body))->start;
    SqlCursor cursor = {run->tokens, insert->body};
    for (; !sql_at_end(&cursor); cursor.at++) {
        const EngineToken *token = sql_peek(&cursor);
        SqlCursor duplicate = cursor;
        if (depth == 0 && sql_take_all(&duplicate, "on duplicate key")) {
            *ret_duplicate = true;
            break;
        }
        depth += sql_is(&cursor, "(") ? 1 : sql_is(&cursor, ")") ? -1 : 0;
        column = sql_is(&cursor, "(") && depth == 1 ? 0 : column + (depth == 1 && sql_is(&cursor, ","));
        if (depth == 1 && token->type == ENGINE_TOKEN_WORD &&
            g_ascii_strcasecmp(token->text, "default") == 0) {
            g_string_append_len(out, run->sql + at, (gssize)(token->start - at));
            g_string_append(out, default_of(object, insert, column));
            at = token->end;
        }
    }
    const EngineToken *end = sql_peek(&cursor);
    g_string_append_len(out, run->sql + at, (gssize)(end->start - at));
    return g_string_free(out, FALSE);
}

static bool check_count(const SqlRun *run, const char *select, const Insert *insert, GError **error)
{
    EngineConn *conn = session_conn(run->session, error);
    g_autoptr(EngineStmt) stmt = conn ? engine_prepare(conn, select, error) : NULL;
    if (!stmt) {
        return false;
    }
    size_t n = engine_stmt_n_columns(stmt);
    return n == insert->columns->len ||
           base_fail(error, BASE_E_COLUMN_COUNT,
                     "Column count doesn't match value count at row 1 (%zu values, %u columns)", n,
                     insert->columns->len);
}

static bool select_of(const SqlRun *run, SqlCursor *cursor, const CatalogObject *object, Insert *insert,
                      SessionWrite *write, GError **error)
{
    bool duplicate = false, keep = false;
    g_autofree char *body = sql_is(cursor, "set") ? values_of_set(run, cursor, insert, error)
                                                  : body_text(run, object, insert, &duplicate);
    if (duplicate) {
        return refuse(error, "ON DUPLICATE KEY UPDATE",
                      "a table with UNIQUE KEY keeps the newest row of a key by itself");
    }
    g_autofree char *text = body ? g_str_has_prefix(body, "VALUE ") || g_str_has_prefix(body, "value ")
                                       ? g_strconcat("VALUES ", body + strlen("VALUE "), NULL)
                                       : g_steal_pointer(&body)
                                 : NULL;
    write->select = text ? session_rewrite(run->session, text, &keep, error) : NULL;
    write->select = write->select ? session_coerce(run->session, write->select, false, error) : NULL;
    write->rows = -1;
    return write->select && check_columns(object, insert, error) &&
           check_count(run, write->select, insert, error);
}

static bool make_write(const SqlRun *run, SqlCursor *cursor, const CatalogObject *object, Insert *insert,
                       SessionWrite *write, GError **error)
{
    if (!check_columns(object, insert, error)) {
        return false;
    }
    Values values = {.cursor = *cursor, .n_columns = insert->columns->len};
    values.cells = g_ptr_array_new_with_free_func(g_free);
    if ((sql_is(cursor, "values") || sql_is(cursor, "value")) && take_values(&values)) {
        write->cells = values.cells;
        write->rows = values.rows;
        write->bytes = values.bytes;
    } else {
        g_ptr_array_unref(values.cells);
        if (!select_of(run, cursor, object, insert, write, error)) {
            return false;
        }
        write->bytes = strlen(write->select);
    }
    write->columns = copy_names(insert->columns);
    write->label = g_strdup(insert->label);
    return true;
}

bool session_run_insert(const SqlRun *run, GError **error)
{
    g_autoptr(GPtrArray) columns = g_ptr_array_new();
    Insert insert = {.columns = columns};
    SqlCursor cursor = {run->tokens, 0};
    if (!take_head(run, &cursor, &insert, error)) {
        return false;
    }
    const CatalogObject *object = session_writable(run->session, insert.schema, insert.name, error);
    if (!object) {
        return false;
    }
    if (insert.replace && object->table->model != CATALOG_UNIQUE) {
        return refuse(error, "REPLACE INTO a table without UNIQUE KEY",
                      "use INSERT, or a table with UNIQUE KEY");
    }
    SessionWrite *write = g_new0(SessionWrite, 1);
    write->type = WRITE_INSERT;
    write->snapshot = catalog_snapshot_ref(run->session->snapshot);
    write->object = object;
    if (!make_write(run, &cursor, object, &insert, write, error)) {
        session_write_free(write);
        return false;
    }
    return session_write(run, write, error);
}
