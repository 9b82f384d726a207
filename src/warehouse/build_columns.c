/* When the columns that a run gives are not the table's: on_schema_change.
 *
 *   ignore              new columns are left out; a column that is gone is an error, as its rows would be
 * NULL with nobody told append_new_columns  new columns are added, older rows have NULL in them; columns that
 * are gone stay, new rows have NULL in them sync_all_columns    the table gets the columns of the run: added,
 * dropped, their types changed fail                an error that names them
 *
 * A column whose type changed is cast to the table's under the first two, and an error where a value would
 * not come through whole. What was done is a note in the run's record. Rows are never made anew here. */
#include "warehouse/build_int.h"

typedef enum { POLICY_IGNORE, POLICY_APPEND, POLICY_SYNC, POLICY_FAIL } Policy;

static Policy policy_of(const Build *build)
{
    static const struct {
        const char *word;
        Policy policy;
    } WORDS[] = {
        {"ignore", POLICY_IGNORE}, {"append", POLICY_APPEND},         {"append_new_columns", POLICY_APPEND},
        {"sync", POLICY_SYNC},     {"sync_all_columns", POLICY_SYNC}, {"fail", POLICY_FAIL}};
    const char *word = base_json_string(build->model->definition, "on_schema_change", "append");
    for (size_t i = 0; i < G_N_ELEMENTS(WORDS); i++) {
        if (g_str_equal(word, WORDS[i].word)) {
            return WORDS[i].policy;
        }
    }
    return POLICY_APPEND; /* another word was refused when the definition was read */
}

void warehouse_column_free(gpointer data)
{
    WarehouseColumn *column = data;
    g_free(column->name);
    g_free(column->quoted);
    g_free(column->old_type);
    g_free(column->new_type);
    g_free(column);
}

static const WarehouseColumn *find(const GPtrArray *columns, const char *name)
{
    for (guint i = 0; columns && i < columns->len; i++) {
        const WarehouseColumn *column = columns->pdata[i];
        if (g_ascii_strcasecmp(column->name, name) == 0) {
            return column;
        }
    }
    return NULL;
}

bool warehouse_columns_read(EngineConn *conn, const char *table_sql, bool old, GPtrArray **ret,
                            GError **error)
{
    EngineValue value = {.id = ENGINE_TEXT, .text = {table_sql, strlen(table_sql)}};
    g_autoptr(json_t) rows = engine_query_json(
        conn, "SELECT name, type FROM pragma_table_info($1) ORDER BY cid", &value, 1, 100000, error);
    if (!rows) {
        return false;
    }
    GPtrArray *columns = g_ptr_array_new_with_free_func(warehouse_column_free);
    size_t i;
    json_t *row;
    json_array_foreach (rows, i, row) {
        WarehouseColumn *column = g_new0(WarehouseColumn, 1);
        g_autoptr(GString) quoted = g_string_new(NULL);
        column->name = g_strdup(base_json_string(row, "name", ""));
        engine_sql_append_name(quoted, column->name);
        column->quoted = g_strdup(quoted->str);
        char **type = old ? &column->old_type : &column->new_type;
        *type = g_strdup(base_json_string(row, "type", ""));
        g_ptr_array_add(columns, column);
    }
    *ret = columns;
    return true;
}

/* ---- what differs ----------------------------------------------------------------------------------------
 */

/* Puts the run's columns beside the table's in build->columns. */
static bool pair(Build *build, GError **error)
{
    g_autoptr(GPtrArray) fresh = NULL;
    if (!warehouse_columns_read(build->conn, build->target_sql, true, &build->columns, error) ||
        !warehouse_columns_read(build->conn, build->build_sql, false, &fresh, error)) {
        return false;
    }
    while (fresh->len > 0) {
        WarehouseColumn *column = g_ptr_array_steal_index(fresh, 0);
        WarehouseColumn *known = (WarehouseColumn *)(guintptr)find(build->columns, column->name);
        if (known) {
            known->new_type = g_steal_pointer(&column->new_type);
            warehouse_column_free(column);
        } else {
            g_ptr_array_add(build->columns, column);
        }
    }
    return true;
}

static bool retyped(const WarehouseColumn *column)
{
    return column->old_type && column->new_type && !g_str_equal(column->old_type, column->new_type);
}

/* "new: a, b; gone: c; of another type: d (BIGINT, was VARCHAR)"; NULL = nothing differs. Caller frees. */
static char *difference(const Build *build)
{
    g_autoptr(GString) added = g_string_new(NULL);
    g_autoptr(GString) gone = g_string_new(NULL);
    g_autoptr(GString) types = g_string_new(NULL);
    for (guint i = 0; i < build->columns->len; i++) {
        const WarehouseColumn *column = build->columns->pdata[i];
        GString *out = !column->old_type ? added : !column->new_type ? gone : retyped(column) ? types : NULL;
        if (out) {
            g_string_append_printf(out, "%s`%s`", out->len ? ", " : "", column->name);
        }
        if (out == types && out) {
            g_string_append_printf(out, " (%s, was %s)", column->new_type, column->old_type);
        }
    }
    g_autoptr(GString) text = g_string_new(NULL);
    const GString *const parts[] = {added, gone, types};
    static const char *const heads[] = {"new", "gone", "of another type"};
    for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
        if (parts[i]->len) {
            g_string_append_printf(text, "%s%s: %s", text->len ? "; " : "", heads[i], parts[i]->str);
        }
    }
    return text->len ? g_string_free(g_steal_pointer(&text), FALSE) : NULL;
}

static bool refuse(Build *build, const char *what, GError **error)
{
    base_fail(error, BASE_E_SCHEMA_CHANGED, "schema_change: the columns of `%s` changed: %s",
              build->model->full_name, what);
    base_error_hint(
        error,
        "on_schema_change: append_new_columns keeps columns that go and takes new ones in, "
        "sync_all_columns makes the table as the SELECT is; `weir run %s --full` builds all rows anew",
        build->model->full_name);
    return false;
}

/* ---- what a policy does ----------------------------------------------------------------------------------
 */

/* A value that the table's type cannot hold as it is. */
static bool check_casts(Build *build, GError **error)
{
    for (guint i = 0; i < build->columns->len; i++) {
        const WarehouseColumn *column = build->columns->pdata[i];
        if (!retyped(column)) {
            continue;
        }
        g_autofree char *sql = g_strdup_printf(
            "SELECT count(*) FROM %s AS b WHERE TRY_CAST(TRY_CAST(b.%s AS %s) AS %s) IS DISTINCT FROM b.%s",
            build->build_sql, column->quoted, column->old_type, column->new_type, column->quoted);
        int64_t n = 0;
        if (!engine_query_int(build->conn, sql, &n, error)) {
            return false;
        }
        if (n) {
            g_autofree char *what =
                g_strdup_printf("%" G_GINT64_FORMAT " values of `%s` do not fit its type %s (they are %s)", n,
                                column->name, column->old_type, column->new_type);
            return refuse(build, what, error);
        }
    }
    return true;
}

static bool settle_ignore(Build *build, const char *what, GError **error)
{
    for (guint i = build->columns->len; i > 0; i--) {
        const WarehouseColumn *column = build->columns->pdata[i - 1];
        if (!column->new_type) {
            return refuse(build, what, error);
        }
        if (!column->old_type) {
            g_ptr_array_remove_index(build->columns, i - 1);
        }
    }
    return check_casts(build, error);
}

/* Columns that go leave the list; those that change their type have the new one as the old. */
static bool settle_sync(Build *build)
{
    build->drops = g_ptr_array_new_with_free_func(warehouse_column_free);
    for (guint i = build->columns->len; i > 0; i--) {
        const WarehouseColumn *column = build->columns->pdata[i - 1];
        if (!column->new_type) {
            g_ptr_array_add(build->drops, g_ptr_array_steal_index(build->columns, i - 1));
        }
    }
    return true;
}

static bool settle(Build *build, const char *what, GError **error)
{
    switch (policy_of(build)) {
    case POLICY_IGNORE:
        return settle_ignore(build, what, error);
    case POLICY_APPEND:
        return check_casts(build, error);
    case POLICY_SYNC:
        return settle_sync(build);
    case POLICY_FAIL:
        break;
    }
    return refuse(build, what, error);
}

bool warehouse_columns_meet(Build *build, GError **error)
{
    g_clear_pointer(&build->columns, g_ptr_array_unref);
    g_clear_pointer(&build->drops, g_ptr_array_unref);
    if (!pair(build, error)) {
        return false;
    }
    g_autofree char *what = difference(build);
    if (!what) {
        return true;
    }
    if (!settle(build, what, error)) {
        return false;
    }
    warehouse_build_note(
        build, "columns changed (%s), on_schema_change: %s", what,
        base_json_string(build->model->definition, "on_schema_change", "append_new_columns"));
    return true;
}

/* ---- SQL over what was settled ---------------------------------------------------------------------------
 */

bool warehouse_columns_alter(Build *build, EngineConn *conn, GError **error)
{
    g_autoptr(GString) sql = g_string_new(NULL);
    for (guint i = 0; i < build->columns->len; i++) {
        const WarehouseColumn *column = build->columns->pdata[i];
        if (!column->old_type) {
            g_string_append_printf(sql, "ALTER TABLE %s ADD COLUMN %s %s;", build->target_sql, column->quoted,
                                   column->new_type);
        } else if (policy_of(build) == POLICY_SYNC && retyped(column)) {
            g_string_append_printf(sql, "ALTER TABLE %s ALTER COLUMN %s TYPE %s;", build->target_sql,
                                   column->quoted, column->new_type);
        }
    }
    for (guint i = 0; build->drops && i < build->drops->len; i++) {
        const WarehouseColumn *column = build->drops->pdata[i];
        g_string_append_printf(sql, "ALTER TABLE %s DROP COLUMN %s;", build->target_sql, column->quoted);
    }
    return sql->len == 0 || engine_exec(conn, sql->str, error);
}

/* The type that the column has after the run. */
static const char *type_after(const Build *build, const WarehouseColumn *column)
{
    bool takes_new = !column->old_type || (policy_of(build) == POLICY_SYNC && column->new_type);
    return takes_new ? column->new_type : column->old_type;
}

char *warehouse_columns_select(const Build *build, const char *alias, bool old)
{
    GString *list = g_string_new(NULL);
    for (guint i = 0; i < build->columns->len; i++) {
        const WarehouseColumn *column = build->columns->pdata[i];
        bool there = old ? column->old_type != NULL : column->new_type != NULL;
        const char *type = type_after(build, column);
        g_string_append(list, i ? ", " : "");
        if (!there) {
            g_string_append_printf(list, "CAST(NULL AS %s) AS %s", type, column->quoted);
        } else if (g_str_equal(type, old ? column->old_type : column->new_type)) {
            g_string_append_printf(list, "%s.%s", alias, column->quoted);
        } else {
            g_string_append_printf(list, "CAST(%s.%s AS %s) AS %s", alias, column->quoted, type,
                                   column->quoted);
        }
    }
    return g_string_free(list, FALSE);
}

char *warehouse_columns_values(const Build *build, const char *alias)
{
    GString *list = g_string_new(NULL);
    for (guint i = 0; i < build->columns->len; i++) {
        const WarehouseColumn *column = build->columns->pdata[i];
        g_string_append(list, i ? ", " : "");
        if (column->new_type) {
            g_string_append_printf(list, "%s.%s", alias, column->quoted);
        } else {
            g_string_append(list, "NULL");
        }
    }
    return g_string_free(list, FALSE);
}

char *warehouse_columns_names(const Build *build)
{
    GString *list = g_string_new(NULL);
    for (guint i = 0; i < build->columns->len; i++) {
        g_string_append_printf(list, "%s%s", i ? ", " : "",
                               ((const WarehouseColumn *)build->columns->pdata[i])->quoted);
    }
    return g_string_free(list, FALSE);
}

bool warehouse_columns_insert(Build *build, EngineConn *conn, GError **error)
{
    g_autofree char *names = warehouse_columns_names(build);
    g_autofree char *select = warehouse_columns_select(build, "b", false);
    g_autofree char *sql = g_strdup_printf("INSERT INTO %s (%s) SELECT %s FROM %s AS b", build->target_sql,
                                           names, select, build->build_sql);
    return engine_exec(conn, sql, error);
}
