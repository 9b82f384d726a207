/* ALTER TABLE of live tables: ADD, DROP, MODIFY, CHANGE and RENAME COLUMN, COMMENT. The new table is declared
 * as a copy with changes; the intake says what can be done in place. */
#include "base/fault.h"
#include "base/text.h"
#include "server/ddl_int.h"
#include "server/dml_int.h"
#include "server/live.h"
#include "server/show_int.h"

static void free_column(gpointer data)
{
    CatalogColumn *column = data;
    g_free(column->name);
    g_free(column->type);
    g_free(column->type_declared);
    g_free(column->default_sql);
    g_free(column->comment);
    g_free(column);
}

static int find_column(const CatalogTable *table, const char *name)
{
    for (guint i = 0; i < table->columns->len; i++) {
        const CatalogColumn *column = g_ptr_array_index(table->columns, i);
        if (g_ascii_strcasecmp(column->name, name) == 0) {
            return (int)i;
        }
    }
    return -1;
}

static bool unknown_column(const CatalogTable *table, const char *name, GError **error)
{
    return base_fail(error, BASE_E_COLUMN_UNKNOWN, "Unknown column '%s' in '%s'", name, table->name);
}

/* The definition at hand ("c INT NOT NULL DEFAULT 0 COMMENT 'x'") up to `end`, parsed as a table of one
 * column. */
static CatalogColumn *parse_column(const SqlRun *run, const SqlCursor *cursor, guint end, GError **error)
{
    g_autofree char *text = sql_text_between(cursor, end, run->sql);
    g_autofree char *create = g_strdup_printf("CREATE TABLE x.x (%s)", text);
    bool if_not_exists = false;
    g_autoptr(GPtrArray) warnings = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(CatalogTable) table = catalog_ddl_parse(create, "x", &if_not_exists, warnings, error);
    if (!table || table->columns->len != 1) {
        return table && !base_fail(error, BASE_E_SQL_SYNTAX, "`%s` is no column definition", text) ? NULL
                                                                                                   : NULL;
    }
    const CatalogColumn *parsed = g_ptr_array_index(table->columns, 0);
    CatalogColumn *column = g_new0(CatalogColumn, 1);
    column->name = g_strdup(parsed->name);
    column->type = g_strdup(parsed->type);
    column->type_declared = g_strdup(parsed->type_declared);
    column->not_null = parsed->not_null;
    column->agg = parsed->agg;
    column->default_sql = g_strdup(parsed->default_sql);
    column->comment = g_strdup(parsed->comment);
    return column;
}

/* The end of a definition: a comma outside brackets, AFTER, FIRST, or the end. */
static guint end_of_definition(const SqlCursor *cursor)
{
    SqlCursor at = *cursor;
    for (int depth = 0; !sql_at_end(&at); at.at++) {
        depth += sql_is(&at, "(") ? 1 : sql_is(&at, ")") ? -1 : 0;
        if (depth <= 0 && (sql_is(&at, ",") || sql_is(&at, "after") || sql_is(&at, "first"))) {
            break;
        }
    }
    return at.at;
}

/* Where a column is asked to stand has no meaning in a columnar table: it is noted. */
static void skip_position(const SqlRun *run, SqlCursor *cursor)
{
    if (sql_take(cursor, "first") || (sql_take(cursor, "after") && sql_take_name(cursor))) {
        session_warn(run->session, "Note", 1105,
                     "the position of a column is not kept: it is added at the end");
    }
}

static bool add_column(const SqlRun *run, SqlCursor *cursor, CatalogTable *table, GError **error)
{
    bool brackets = sql_take(cursor, "(");
    do {
        guint end = end_of_definition(cursor);
        if (brackets && !sql_at_end(cursor)) {
            SqlCursor close = *cursor;
            for (int depth = 0; !sql_at_end(&close); close.at++) {
                depth += sql_is(&close, "(") ? 1 : sql_is(&close, ")") ? -1 : 0;
                if (depth < 0 || (depth == 0 && sql_is(&close, ","))) {
                    break;
                }
            }
            end = close.at;
        }
        CatalogColumn *column = parse_column(run, cursor, end, error);
        if (!column) {
            return false;
        }
        if (find_column(table, column->name) >= 0) {
            base_fail(error, BASE_E_COLUMN_EXISTS, "Duplicate column name '%s'", column->name);
            free_column(column);
            return false;
        }
        cursor->at = end;
        g_ptr_array_add(table->columns, column);
        skip_position(run, cursor);
    } while (brackets && sql_take(cursor, ","));
    return !brackets || sql_take(cursor, ")") || sql_fail_near(cursor, run->sql, error);
}

static bool drop_column(const SqlRun *run, SqlCursor *cursor, CatalogTable *table, GError **error)
{
    const char *name = sql_take_name(cursor);
    if (!name) {
        return sql_fail_near(cursor, run->sql, error);
    }
    int i = find_column(table, name);
    if (i < 0) {
        return unknown_column(table, name, error);
    }
    const CatalogColumn *column = g_ptr_array_index(table->columns, i);
    if (column->key || table->columns->len == 1) {
        return base_fail(error, BASE_E_STATEMENT_REFUSED,
                         "`%s` cannot be dropped: it is a key column or the only one", name);
    }
    g_ptr_array_remove_index(table->columns, (guint)i);
    return true;
}

/* MODIFY c ...: the definition begins with the name. */
static bool modify_column(const SqlRun *run, SqlCursor *cursor, CatalogTable *table, GError **error)
{
    SqlCursor start = *cursor;
    const char *name = sql_take_name(cursor);
    if (!name) {
        return sql_fail_near(cursor, run->sql, error);
    }
    int i = find_column(table, name);
    if (i < 0) {
        return unknown_column(table, name, error);
    }
    guint end = end_of_definition(&start);
    CatalogColumn *column = parse_column(run, &start, end, error);
    if (!column) {
        return false;
    }
    CatalogColumn *before = g_ptr_array_index(table->columns, i);
    column->key = before->key;
    column->agg = column->agg == CATALOG_AGG_NONE ? before->agg : column->agg;
    table->columns->pdata[i] = column;
    free_column(before);
    cursor->at = end;
    skip_position(run, cursor);
    return true;
}

typedef struct {
    const char *schema, *name;
    guint at;           /* behind the table's name */
    GPtrArray *renames; /* char *: old name, new name, ... */
} Alter;

static bool rename_column(const Alter *alter, CatalogTable *table, const char *from, const char *to,
                          GError **error)
{
    int i = find_column(table, from);
    if (i < 0) {
        return unknown_column(table, from, error);
    }
    int other = find_column(table, to);
    if (other >= 0 && other != i) {
        return base_fail(error, BASE_E_COLUMN_EXISTS, "Duplicate column name '%s'", to);
    }
    const CatalogColumn *column = g_ptr_array_index(table->columns, i);
    g_ptr_array_add(alter->renames, g_strdup(column->name));
    g_ptr_array_add(alter->renames, g_strdup(to));
    return catalog_table_rename_column(table, from, to);
}

/* RENAME COLUMN old new, of Doris; old TO new, of MySQL. */
static bool take_rename(const SqlRun *run, SqlCursor *cursor, const Alter *alter, CatalogTable *table,
                        GError **error)
{
    const char *from = sql_take_name(cursor);
    sql_take(cursor, "to");
    const char *to = from ? sql_take_name(cursor) : NULL;
    return to ? rename_column(alter, table, from, to, error) : sql_fail_near(cursor, run->sql, error);
}

/* CHANGE old new ...: the name may stay. */
static bool change_column(const SqlRun *run, SqlCursor *cursor, const Alter *alter, CatalogTable *table,
                          GError **error)
{
    const char *from = sql_take_name(cursor);
    SqlCursor definition = *cursor;
    const char *to = from ? sql_take_name(&definition) : NULL;
    if (!to) {
        return sql_fail_near(cursor, run->sql, error);
    }
    bool same = g_ascii_strcasecmp(from, to) == 0;
    return (same || rename_column(alter, table, from, to, error)) && modify_column(run, cursor, table, error);
}

static bool take_comment(SqlCursor *cursor, CatalogTable *table)
{
    sql_take(cursor, "=");
    g_free(table->comment);
    table->comment = g_strdup(sql_peek(cursor)->text);
    cursor->at++;
    return true;
}

static bool alter_item(const SqlRun *run, SqlCursor *cursor, const Alter *alter, CatalogTable *table,
                       GError **error)
{
    if (sql_take(cursor, "add")) {
        if (sql_is(cursor, "index") || sql_is(cursor, "rollup") || sql_is(cursor, "partition") ||
            sql_is(cursor, "key")) {
            session_warn(run->session, "Note", 1105, "ADD %s has no effect here", sql_peek(cursor)->text);
            cursor->at = cursor->tokens->len - 1;
            return true;
        }
        sql_take(cursor, "column");
        return add_column(run, cursor, table, error);
    }
    if (sql_take(cursor, "drop")) {
        sql_take(cursor, "column");
        return drop_column(run, cursor, table, error);
    }
    if (sql_is(cursor, "modify") || sql_is(cursor, "change")) {
        bool change = sql_is(cursor, "change");
        cursor->at++;
        if (!change && sql_take(cursor, "comment")) {
            return take_comment(cursor, table);
        }
        sql_take(cursor, "column");
        return change ? change_column(run, cursor, alter, table, error)
                      : modify_column(run, cursor, table, error);
    }
    if (sql_is(cursor, "rename")) {
        cursor->at++;
        if (sql_take(cursor, "column")) {
            return take_rename(run, cursor, alter, table, error);
        }
        base_fail(error, BASE_E_STATEMENT_REFUSED, "a table keeps its name");
        base_error_hint(error, "CREATE TABLE a new one, INSERT INTO it SELECT from this one, DROP this one");
        return false;
    }
    if (sql_take(cursor, "comment")) {
        return take_comment(cursor, table);
    }
    base_fail(error, BASE_E_STATEMENT_REFUSED, "ALTER TABLE ... %s is not supported", sql_peek(cursor)->text);
    base_error_hint(error, "ADD, DROP, MODIFY, CHANGE and RENAME COLUMN, and COMMENT are");
    return false;
}

static bool alter_table(const SqlRun *run, void *user, GError **error)
{
    const Alter *alter = user;
    ServerSession *session = run->session;
    const CatalogObject *object = session_find_table(session, alter->schema, alter->name, error);
    if (!object || !access_check(session->user, ACCESS_WRITE, object, error)) {
        return false;
    }
    if (!object->table || (object->file && *object->file)) {
        base_fail(error, BASE_E_STATEMENT_REFUSED, "`%s` is declared in %s", object->full_name, object->file);
        base_error_hint(error, "change the file, then weir plan and weir apply");
        return false;
    }
    g_autoptr(CatalogTable) after = catalog_table_copy(object->table);
    SqlCursor cursor = {run->tokens, alter->at};
    do {
        if (!alter_item(run, &cursor, alter, after, error)) {
            return false;
        }
    } while (sql_take(&cursor, ","));
    if (!sql_at_end(&cursor)) {
        return sql_fail_near(&cursor, run->sql, error);
    }
    if (!intake_table_alter_renamed(server_app_intake(session->app), object->table, alter->renames, after,
                                    error)) {
        return false;
    }
    (void)BASE_FAULT("alter.between");
    return server_live_put(session->app, session->snapshot, after, error);
}

bool session_run_alter(const SqlRun *run, GError **error)
{
    ServerSession *session = run->session;
    SqlCursor cursor = {run->tokens, 1};
    g_autoptr(GPtrArray) renames = g_ptr_array_new_with_free_func(g_free);
    Alter alter = {.renames = renames};
    if (!sql_take(&cursor, "table")) {
        base_fail(error, BASE_E_STATEMENT_REFUSED, "only tables are altered over SQL");
        base_error_hint(error, "everything else is changed in the project's files");
        return false;
    }
    if (!sql_take_table(&cursor, &alter.schema, &alter.name, run->sql, error) ||
        !session_commit(session, error)) {
        return false;
    }
    alter.at = cursor.at;
    server_app_lock_definitions(session->app);
    session_renew(session);
    bool ok = alter_table(run, &alter, error);
    server_app_unlock_definitions(session->app);
    access_audit(server_app_access(session->app), access_user_name(session->user), "alter_table", alter.name,
                 run->sql, ok);
    session_renew(session);
    return ok;
}
