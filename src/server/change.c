/* UPDATE, DELETE, TRUNCATE. Their expressions are checked as a SELECT of them from the same table, so that
 * rights, functions and tables of subqueries are treated as everywhere; the checked expressions are then
 * taken out of that SELECT's tree. */
#include "server/dml_int.h"
#include "server/show_int.h"

/* ---- tables
 * ----------------------------------------------------------------------------------------------------- */

const CatalogObject *session_writable(ServerSession *session, const char *schema, const char *name,
                                      GError **error)
{
    const CatalogObject *object = session_find_table(session, schema, name, error);
    if (!object || !access_check(session->user, ACCESS_LOAD, object, error)) {
        return NULL;
    }
    if (!object->table) {
        base_fail(error, BASE_E_STATEMENT_REFUSED,
                  "`%s` is made by a model: its rows are not written by hand", object->full_name);
        base_error_hint(error, "weir run %s", object->name);
        return NULL;
    }
    if (g_str_equal(base_json_string(object->definition, "kind", ""), "manual")) {
        g_free(session->edited);
        session->edited = g_strdup(object->full_name);
    }
    return object;
}

/* A table whose rows may be changed or taken out by what they hold. Conditions and counts would speak of rows
 * that a policy hides, so where one limits the user none of this is done. */
static const CatalogObject *changeable(ServerSession *session, const char *schema, const char *name,
                                       GError **error)
{
    const CatalogObject *object = session_writable(session, schema, name, error);
    if (object && access_is_limited(session->user, session->snapshot, object)) {
        base_fail(error, BASE_E_FORBIDDEN,
                  "a policy limits what you see of `%s`: its rows cannot be changed over SQL",
                  object->full_name);
        return NULL;
    }
    return object;
}

/* ---- checked expressions
 * -------------------------------------------------------------------------------------------- */

typedef struct {
    const char *schema, *name, *alias;
    char **columns;   /* of SET */
    GPtrArray *exprs; /* char *: of SET, as written */
    char *where;      /* as written; NULL */
} Change;

/* Column references by alias are by the table's name in the engine's statement, which has no alias. */
static void rename_alias(json_t *node, const char *alias, const char *table)
{
    json_t *names = json_object_get(node, "column_names");
    if (json_array_size(names) == 2 && !g_strcmp0(base_json_string(node, "class", NULL), "COLUMN_REF")) {
        const char *first = json_string_value(json_array_get(names, 0));
        if (first && g_ascii_strcasecmp(first, alias) == 0) {
            json_array_set_new(names, 0, json_string(table));
        }
    }
    size_t i = 0;
    const char *key = NULL;
    json_t *item = NULL;
    json_array_foreach (node, i, item) {
        rename_alias(item, alias, table);
    }
    json_object_foreach (node, key, item) {
        rename_alias(item, alias, table);
    }
}

/* One expression of a tree as text. Caller frees. */
static char *print_expression(EngineConn *conn, json_t *expression, GError **error)
{
    g_autoptr(json_t) tree = engine_sql_parse(conn, "SELECT 1", error);
    json_t *list = tree ? json_object_get(json_object_get(tree, "node"), "select_list") : NULL;
    if (!list || json_array_set(list, 0, expression) != 0) {
        return NULL;
    }
    json_object_del(expression, "alias");
    g_autofree char *text = engine_sql_print(conn, tree, error);
    return text && g_ascii_strncasecmp(text, "SELECT ", 7) == 0 ? g_strdup(text + 7) : NULL;
}

/* In brackets, so that each text is an expression and nothing else: no HAVING, OFFSET or FROM behind it (a
 * line's end closes a comment). */
static char *check_select(const SqlRun *run, const Change *change, const CatalogObject *object,
                          GError **error)
{
    g_autoptr(GString) sql = g_string_new("SELECT ");
    for (guint i = 0; i < change->exprs->len; i++) {
        g_string_append_printf(sql, "(%s\n), ", (const char *)g_ptr_array_index(change->exprs, i));
    }
    g_string_append(sql, "1 FROM ");
    if (run->session->dialect == ENGINE_DIALECT_MYSQL) {
        g_string_append_printf(sql, "`%s`.`%s`", object->domain, object->name);
    } else {
        engine_sql_append_table(sql, object->domain, object->name);
    }
    if (change->alias) {
        g_string_append_printf(sql, " AS %s", change->alias);
    }
    if (change->where) {
        g_string_append_printf(sql, " WHERE (%s\n)", change->where);
    }
    bool keep = false;
    char *text = session_rewrite(run->session, sql->str, &keep, error);
    return text ? session_coerce(run->session, text, true, error) : NULL;
}

static bool print_parts(const SqlRun *run, const Change *change, const CatalogObject *object, json_t *node,
                        SessionWrite *write, GError **error)
{
    EngineConn *conn = run->session->conn;
    json_t *where = json_object_get(node, "where_clause");
    if (change->alias) {
        rename_alias(node, change->alias, object->name);
    }
    if (json_is_object(where)) {
        write->where = print_expression(conn, where, error);
        if (!write->where) {
            return false;
        }
    }
    g_autoptr(GString) set = g_string_new(NULL);
    for (guint i = 0; i < change->exprs->len; i++) {
        json_t *list = json_object_get(node, "select_list");
        g_autofree char *text = print_expression(conn, json_array_get(list, i), error);
        if (!text) {
            return false;
        }
        g_string_append(set, i ? ", " : "");
        engine_sql_append_name(set, change->columns[i]);
        g_string_append_printf(set, " = %s", text);
    }
    write->set = set->len ? g_strdup(set->str) : NULL;
    return true;
}

/* Rows that match now: what ORMs compare with what they expected, when the change itself waits for COMMIT. */
static bool count_matching(const SqlRun *run, const char *checked, SessionWrite *write, GError **error)
{
    ServerSession *session = run->session;
    g_autofree char *sql = g_strdup_printf("SELECT count(*) FROM (%s)", checked);
    const IntakeSession by = session_writing(session, NULL);
    bool ok = (by.running(by.user, session->conn) || session_fail_stopped(session, error)) &&
              engine_query_int(session->conn, sql, &write->rows, error);
    (void)by.running(by.user, NULL);
    session_explain_stop(session, error);
    return ok;
}

static bool run_change(const SqlRun *run, SessionWriteType type, const Change *change,
                       const CatalogObject *object, GError **error)
{
    SessionWrite *write = g_new0(SessionWrite, 1);
    write->type = type;
    write->snapshot = catalog_snapshot_ref(run->session->snapshot);
    write->object = object;
    write->rows = -1;
    g_autofree char *checked = check_select(run, change, object, error);
    if (!checked) {
        base_error_place(error, NULL, 0, 0); /* it is in that SELECT, not in the user's text */
    }
    g_autoptr(json_t) tree = checked ? engine_sql_parse(run->session->conn, checked, error) : NULL;
    bool ok = tree && print_parts(run, change, object, json_object_get(tree, "node"), write, error) &&
              count_matching(run, checked, write, error);
    if (!ok) {
        session_write_free(write);
        return false;
    }
    write->bytes = (write->where ? strlen(write->where) : 0) + (write->set ? strlen(write->set) : 0);
    return session_write(run, write, error);
}

/* ---- UPDATE
 * ------------------------------------------------------------------------------------------------------------
 */

static bool take_alias(SqlCursor *cursor, Change *change)
{
    bool as = sql_take(cursor, "as");
    if (as || (engine_token_is_name(sql_peek(cursor), false) && !sql_is(cursor, "set") &&
               !sql_is(cursor, "where") && !sql_is(cursor, "using") && !sql_is(cursor, "order") &&
               !sql_is(cursor, "limit") && !sql_is(cursor, "partition") && !sql_is(cursor, "from"))) {
        change->alias = sql_take_name(cursor);
        return change->alias != NULL;
    }
    return true;
}

/* Up to one of the words, outside brackets; brackets that close what was not opened end it too. */
static guint end_of_expression(const SqlCursor *cursor, const char *const *words)
{
    SqlCursor at = *cursor;
    for (int depth = 0; !sql_at_end(&at); at.at++) {
        depth += sql_is(&at, "(") ? 1 : sql_is(&at, ")") ? -1 : 0;
        bool ends = depth < 0;
        for (size_t i = 0; depth == 0 && words[i]; i++) {
            ends = ends || sql_is(&at, words[i]);
        }
        if (ends) {
            break;
        }
    }
    return at.at;
}

/* WHERE .. to the end; ORDER BY and LIMIT of MySQL are refused, since what they pick is not said. */
static bool take_where(const SqlRun *run, SqlCursor *cursor, Change *change, GError **error)
{
    if (sql_take(cursor, "where")) {
        static const char *const BEHIND[] = {"order", "limit", NULL};
        guint end = end_of_expression(cursor, BEHIND);
        change->where = sql_text_between(cursor, end, run->sql);
        cursor->at = end;
    }
    if (sql_is(cursor, "order") || sql_is(cursor, "limit")) {
        base_fail(error, BASE_E_STATEMENT_REFUSED,
                  "ORDER BY and LIMIT are not supported in UPDATE and DELETE");
        base_error_hint(error, "say in WHERE which rows are meant");
        return false;
    }
    return sql_at_end(cursor) || sql_fail_near(cursor, run->sql, error);
}

static bool take_set(const SqlRun *run, SqlCursor *cursor, const CatalogObject *object, Change *change,
                     GPtrArray *names, GError **error)
{
    do {
        const char *schema = NULL, *name = NULL;
        if (!sql_take_table(cursor, &schema, &name, run->sql, error)) { /* [t.]column */
            return false;
        }
        if (!sql_take(cursor, "=")) {
            return sql_fail_near(cursor, run->sql, error);
        }
        const CatalogColumn *column = catalog_table_column(object->table, name);
        if (!column) {
            return base_fail(error, BASE_E_COLUMN_UNKNOWN, "Unknown column '%s' in 'field list'", name);
        }
        if (column->key && object->table->model != CATALOG_DUPLICATE) {
            return base_fail(error, BASE_E_STATEMENT_REFUSED, "`%s` is a key column: keys cannot be updated",
                             name);
        }
        static const char *const BEHIND[] = {",", "where", "order", "limit", NULL};
        guint end = end_of_expression(cursor, BEHIND);
        bool to_default = end == cursor->at + 1 && sql_is(cursor, "default");
        g_ptr_array_add(names, column->name);
        g_ptr_array_add(change->exprs, to_default
                                           ? g_strdup(column->default_sql ? column->default_sql : "NULL")
                                           : sql_text_between(cursor, end, run->sql));
        cursor->at = end;
    } while (sql_take(cursor, ","));
    return true;
}

bool session_run_update(const SqlRun *run, GError **error)
{
    SqlCursor cursor = {run->tokens, 1};
    g_autoptr(GPtrArray) exprs = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    Change change = {.exprs = exprs};
    sql_take(&cursor, "low_priority");
    sql_take(&cursor, "ignore");
    if (!sql_take_table(&cursor, &change.schema, &change.name, run->sql, error)) {
        return false;
    }
    if (!take_alias(&cursor, &change) || !sql_take(&cursor, "set")) {
        return sql_fail_near(&cursor, run->sql, error);
    }
    const CatalogObject *object = changeable(run->session, change.schema, change.name, error);
    bool ok = object && take_set(run, &cursor, object, &change, names, error) &&
              take_where(run, &cursor, &change, error);
    change.columns = (char **)names->pdata;
    ok = ok && run_change(run, WRITE_UPDATE, &change, object, error);
    g_free(change.where);
    return ok;
}

/* ---- DELETE, TRUNCATE
 * ------------------------------------------------------------------------------------------------------ */

bool session_run_delete(const SqlRun *run, GError **error)
{
    SqlCursor cursor = {run->tokens, 1};
    g_autoptr(GPtrArray) exprs = g_ptr_array_new_with_free_func(g_free);
    Change change = {.exprs = exprs};
    while (sql_take(&cursor, "low_priority") || sql_take(&cursor, "quick") || sql_take(&cursor, "ignore")) {
    }
    if (!sql_take(&cursor, "from")) {
        return sql_fail_near(&cursor, run->sql, error);
    }
    if (!sql_take_table(&cursor, &change.schema, &change.name, run->sql, error)) {
        return false;
    }
    if (!take_alias(&cursor, &change)) {
        return sql_fail_near(&cursor, run->sql, error);
    }
    const CatalogObject *object = changeable(run->session, change.schema, change.name, error);
    bool ok = object && take_where(run, &cursor, &change, error) &&
              run_change(run, WRITE_DELETE, &change, object, error);
    g_free(change.where);
    return ok;
}

bool session_run_truncate(const SqlRun *run, GError **error)
{
    SqlCursor cursor = {run->tokens, 1};
    const char *schema = NULL, *name = NULL;
    sql_take(&cursor, "table");
    if (!sql_take_table(&cursor, &schema, &name, run->sql, error)) {
        return false;
    }
    if (!sql_at_end(&cursor)) {
        return sql_fail_near(&cursor, run->sql, error);
    }
    const CatalogObject *object = changeable(run->session, schema, name, error);
    gint64 rows = 0;
    if (!object || !session_commit(run->session, error)) {
        return false;
    }
    const IntakeSession by = session_writing(run->session, NULL);
    bool ok =
        intake_delete(server_app_intake(run->session->app), object->table, NULL, NULL, 0, &by, &rows, error);
    session_explain_stop(run->session, error);
    return ok;
}
