/* The engine's table of a declared one: its columns, then the hidden one, INTAKE_LOAD_ID. Keys are kept by
 * the loader, not by an index. A unique table with a sequence column has a side table of tombstones
 * (upsert.c). */
#include "engine/sql.h"
#include "intake/intake_int.h"

#define MAX_COLUMNS_READ 100000

typedef struct {
    char *sql;
    char *misfit; /* SELECT of a value, as text, for which `what` holds: then it is not done; NULL */
    char *what;   /* "column `a` of `x.t` is no BIGINT" */
} Step;

static void step_free(gpointer data)
{
    Step *step = data;
    g_free(step->sql);
    g_free(step->misfit);
    g_free(step->what);
    g_free(step);
}

static Step *add_step(GPtrArray *steps, char *sql)
{
    Step *step = g_new0(Step, 1);
    step->sql = sql;
    g_ptr_array_add(steps, step);
    return step;
}

typedef struct {
    Intake *intake;
    GPtrArray *steps; /* Step */
} Ddl;

static bool fits(EngineConn *conn, const Step *step, GError **error)
{
    g_autofree char *misfit = NULL;
    if (step->misfit && !engine_query_text(conn, step->misfit, &misfit, error)) {
        return false;
    }
    return !misfit || base_fail(error, BASE_E_TYPE_MISMATCH, "%s: '%s'", step->what, misfit);
}

static bool run_ddl(EngineConn *conn, void *user, GError **error)
{
    Ddl *ddl = user;
    intake_committer_forget(ddl->intake->committer);
    for (guint i = 0; i < ddl->steps->len; i++) {
        const Step *step = ddl->steps->pdata[i];
        if (!fits(conn, step, error) || !engine_exec(conn, step->sql, error)) {
            return false;
        }
    }
    return true;
}

static bool submit(Intake *intake, GPtrArray *steps, const char *key, GError **error)
{
    Ddl ddl = {intake, steps};
    IntakeJob job = {.work = run_ddl, .user = &ddl, .alone = true, .table_key = key, .exclusive = true};
    return intake_commit_job(intake, &job, error);
}

static void append_column(GString *sql, const CatalogColumn *column)
{
    engine_sql_append_name(sql, column->name);
    g_string_append_printf(sql, " %s", column->type);
    if (column->default_sql) {
        g_string_append_printf(sql, " DEFAULT %s", column->default_sql);
    }
    if (column->not_null) {
        g_string_append(sql, " NOT NULL");
    }
}

/* Keys and the sequence value of deleted rows. */
static char *tombstone_sql(const CatalogTable *table)
{
    g_autofree char *name = intake_tombstones(table->schema, table->name);
    GString *sql = g_string_new("CREATE TABLE ");
    g_string_append_printf(sql, "%s (", name);
    for (guint i = 0; i < table->columns->len; i++) {
        const CatalogColumn *column = table->columns->pdata[i];
        if (column->key) {
            engine_sql_append_name(sql, column->name);
            g_string_append_printf(sql, " %s, ", column->type);
        }
    }
    const CatalogColumn *sequence = catalog_table_column(table, table->sequence);
    engine_sql_append_name(sql, sequence->name);
    g_string_append_printf(sql, " %s)", sequence->type);
    return g_string_free(sql, FALSE);
}

static bool has_tombstones(const CatalogTable *table)
{
    return table->model == CATALOG_UNIQUE && table->sequence;
}

static bool in_tombstones(const CatalogTable *table, const CatalogColumn *column)
{
    return has_tombstones(table) && (column->key || g_ascii_strcasecmp(column->name, table->sequence) == 0);
}

static bool check_table(const CatalogTable *table, GError **error)
{
    bool any_key = false;
    for (guint i = 0; i < table->columns->len; i++) {
        const CatalogColumn *column = table->columns->pdata[i];
        any_key = any_key || column->key;
        if (g_ascii_strncasecmp(column->name, "_weir_", 6) == 0) {
            return base_fail(error, BASE_E_NAME_INVALID,
                             "column `%s`: names that begin with _weir_ are Weir's own", column->name);
        }
    }
    if (table->model != CATALOG_DUPLICATE && !any_key) {
        return base_fail(error, BASE_E_VALUE_INVALID, "table `%s.%s` is %s and has no key", table->schema,
                         table->name, table->model == CATALOG_UNIQUE ? "unique" : "aggregate");
    }
    const CatalogColumn *sequence = table->sequence ? catalog_table_column(table, table->sequence) : NULL;
    if (table->sequence && (!sequence || sequence->key)) {
        return base_fail(error, BASE_E_VALUE_INVALID,
                         "the sequence column `%s` of `%s.%s` must be a column that is no key",
                         table->sequence, table->schema, table->name);
    }
    return true;
}

static void drop(GPtrArray *out, const char *schema, const char *name)
{
    g_autofree char *sql_name = engine_sql_table(schema, name);
    g_autofree char *tombstones = intake_tombstones(schema, name);
    add_step(out, g_strconcat("DROP TABLE IF EXISTS ", sql_name, NULL));
    add_step(out, g_strconcat("DROP TABLE IF EXISTS ", tombstones, NULL));
}

/* Of a table that stands under the name of one that comes. */
static bool check_empty(Intake *intake, const CatalogTable *table, GError **error)
{
    g_autofree char *name = engine_sql_table(table->schema, table->name);
    g_autofree char *sql = g_strdup_printf("SELECT count(*) FROM %s", name);
    EngineConn *conn = intake_conn_take(intake, error);
    int64_t rows = 0;
    bool ok = conn && engine_query_int(conn, sql, &rows, error);
    intake_conn_give(intake, conn);
    return ok && (rows == 0 || base_fail(error, BASE_E_TABLE_EXISTS,
                                         "the warehouse has a table `%s.%s` with %" G_GINT64_FORMAT
                                         " rows that no definition made",
                                         table->schema, table->name, (gint64)rows));
}

bool intake_table_create(Intake *intake, const CatalogTable *table, GError **error)
{
    if (!check_table(table, error) ||
        (intake_table_exists(intake, table->schema, table->name) && !check_empty(intake, table, error))) {
        return false;
    }
    g_autoptr(GPtrArray) steps = g_ptr_array_new_with_free_func(step_free);
    drop(steps, table->schema, table->name);
    GString *schema = g_string_new("CREATE SCHEMA IF NOT EXISTS ");
    engine_sql_append_name(schema, table->schema);
    add_step(steps, g_string_free(schema, FALSE));
    g_autofree char *name = engine_sql_table(table->schema, table->name);
    GString *sql = g_string_new("CREATE TABLE ");
    g_string_append_printf(sql, "%s (", name);
    for (guint i = 0; i < table->columns->len; i++) {
        append_column(sql, table->columns->pdata[i]);
        g_string_append(sql, ", ");
    }
    g_string_append(sql, INTAKE_LOAD_ID " BIGINT)");
    add_step(steps, g_string_free(sql, FALSE));
    if (has_tombstones(table)) {
        add_step(steps, tombstone_sql(table));
    }
    return submit(intake, steps, NULL, error);
}

/* ---- changing
 * ------------------------------------------------------------------------------------------------------ */

static Step *alter(GPtrArray *out, const char *name, const char *format, const char *column,
                   const char *extra)
{
    GString *sql = g_string_new(NULL);
    GString *quoted = g_string_new(NULL);
    engine_sql_append_name(quoted, column);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    g_string_append_printf(sql, "ALTER TABLE %s ", name);
    g_string_append_printf(sql, format, quoted->str, extra);
#pragma GCC diagnostic pop
    g_string_free(quoted, TRUE);
    return add_step(out, g_string_free(sql, FALSE));
}

static void set_null(GPtrArray *out, const char *name, const CatalogColumn *column)
{
    alter(out, name, column->not_null ? "ALTER COLUMN %s SET NOT NULL%s" : "ALTER COLUMN %s DROP NOT NULL%s",
          column->name, "");
}

static void add_column(GPtrArray *out, const char *name, const CatalogColumn *column)
{
    g_autofree char *rest = column->default_sql
                                ? g_strdup_printf("%s DEFAULT %s", column->type, column->default_sql)
                                : g_strdup(column->type);
    alter(out, name, "ADD COLUMN IF NOT EXISTS %s %s", column->name, rest);
    if (column->not_null) {
        set_null(out, name, column);
    }
}

/* The engine casts rows that are deleted and not yet swept away too: so only those that are there are asked,
 * and what does not fit among the others does not matter. */
static void cast_column(GPtrArray *out, const CatalogTable *table, const char *name,
                        const CatalogColumn *column)
{
    g_autofree char *quoted = engine_sql_name(column->name);
    g_autofree char *cast = g_strdup_printf("TRY_CAST(%s AS %s)", quoted, column->type);
    g_autofree char *rest = g_strdup_printf("%s USING %s", column->type, cast);
    Step *step = alter(out, name, "ALTER COLUMN %s SET DATA TYPE %s", column->name, rest);
    step->misfit =
        g_strdup_printf("SELECT CAST(%s AS VARCHAR) FROM %s WHERE %s IS NOT NULL AND %s IS NULL LIMIT 1",
                        quoted, name, quoted, cast);
    step->what = g_strdup_printf("column `%s` of `%s.%s` has what is no %s", column->name, table->schema,
                                 table->name, column->type);
}

/* Also of the tombstones, which have the column where it is a key or the sequence. */
static void set_type(GPtrArray *out, const CatalogTable *table, const char *name, const CatalogColumn *column)
{
    cast_column(out, table, name, column);
    if (in_tombstones(table, column)) {
        g_autofree char *tombstones = intake_tombstones(table->schema, table->name);
        cast_column(out, table, tombstones, column);
    }
}

static bool change_column(GPtrArray *out, const CatalogTable *table, const char *name,
                          const CatalogColumn *before, const CatalogColumn *after, GError **error)
{
    if (before->key != after->key) {
        return base_fail(error, BASE_E_VALUE_INVALID, "column `%s`: what is a key cannot change in place",
                         after->name);
    }
    if (g_ascii_strcasecmp(before->type, after->type) != 0) {
        set_type(out, table, name, after);
    }
    if (before->not_null != after->not_null) {
        set_null(out, name, after);
    }
    if (g_strcmp0(before->default_sql, after->default_sql) != 0) {
        alter(out, name,
              after->default_sql ? "ALTER COLUMN %s SET DEFAULT %s" : "ALTER COLUMN %s DROP DEFAULT%s",
              after->name, after->default_sql ? after->default_sql : "");
    }
    return true;
}

static bool plan_alter(GPtrArray *out, const CatalogTable *before, const CatalogTable *after, GError **error)
{
    g_autofree char *name = engine_sql_table(after->schema, after->name);
    for (guint i = 0; i < before->columns->len; i++) {
        const CatalogColumn *column = before->columns->pdata[i];
        if (catalog_table_column(after, column->name)) {
            continue;
        }
        if (column->key) {
            return base_fail(error, BASE_E_VALUE_INVALID, "the key column `%s` cannot be dropped in place",
                             column->name);
        }
        alter(out, name, "DROP COLUMN IF EXISTS %s%s", column->name, "");
    }
    for (guint i = 0; i < after->columns->len; i++) {
        const CatalogColumn *column = after->columns->pdata[i];
        const CatalogColumn *old = catalog_table_column(before, column->name);
        if (!old && column->key) {
            return base_fail(error, BASE_E_VALUE_INVALID, "a key column (`%s`) cannot be added in place",
                             column->name);
        }
        if (!old) {
            add_column(out, name, column);
        } else if (!change_column(out, after, name, old, column, error)) {
            return false;
        }
    }
    return true;
}

/* The statements that make `before` `after`, in `out`. */
static bool plan_change(GPtrArray *out, const CatalogTable *before, const CatalogTable *after, GError **error)
{
    if (before->model != after->model || g_strcmp0(before->sequence, after->sequence) != 0) {
        base_fail(error, BASE_E_VALUE_INVALID, "the model of table `%s.%s` cannot change in place",
                  after->schema, after->name);
        base_error_hint(error, "make a new table and insert the rows of the old one");
        return false;
    }
    return check_table(after, error) && plan_alter(out, before, after, error);
}

bool intake_table_can_alter(const CatalogTable *before, const CatalogTable *after, GError **error)
{
    g_autoptr(GPtrArray) steps = g_ptr_array_new_with_free_func(step_free);
    return plan_change(steps, before, after, error);
}

bool intake_table_alter(Intake *intake, const CatalogTable *before, const CatalogTable *after, GError **error)
{
    return intake_table_alter_renamed(intake, before, NULL, after, error);
}

/* "FROM duckdb_columns() WHERE" of one table. */
static GString *columns_of(const char *select, const CatalogTable *table)
{
    GString *sql = g_string_new(select);
    g_string_append(sql, " FROM duckdb_columns() WHERE lower(schema_name) = lower(");
    engine_sql_append_text(sql, table->schema);
    g_string_append(sql, ") AND lower(table_name) = lower(");
    engine_sql_append_text(sql, table->name);
    g_string_append_c(sql, ')');
    return sql;
}

static bool has_column(Intake *intake, const CatalogTable *table, const char *column, bool *ret,
                       GError **error)
{
    g_autoptr(GString) sql = columns_of("SELECT count(*)", table);
    g_string_append(sql, " AND lower(column_name) = lower(");
    engine_sql_append_text(sql, column);
    g_string_append_c(sql, ')');
    EngineConn *conn = intake_conn_take(intake, error);
    gint64 n = 0;
    bool ok = conn && engine_query_int(conn, sql->str, &n, error);
    intake_conn_give(intake, conn);
    *ret = n > 0;
    return ok;
}

static void rename_in(GPtrArray *out, const char *name, const char *from, const char *to)
{
    g_autoptr(GString) quoted = g_string_new(NULL);
    engine_sql_append_name(quoted, to);
    alter(out, name, "RENAME COLUMN %s TO %s", from, quoted->str);
}

/* In `table` and, unless it was done before a cut, in the engine. */
static bool plan_rename(Intake *intake, GPtrArray *out, CatalogTable *table, const char *from, const char *to,
                        GError **error)
{
    const CatalogColumn *column = catalog_table_column(table, from);
    bool done = false, there = false, dead = column && in_tombstones(table, column);
    if (!catalog_table_rename_column(table, from, to)) {
        return base_fail(error, BASE_E_VALUE_INVALID, "column `%s` of `%s.%s` cannot be called `%s`", from,
                         table->schema, table->name, to);
    }
    if (!has_column(intake, table, from, &there, error) || !has_column(intake, table, to, &done, error)) {
        return false;
    }
    if (there || !done) {
        g_autofree char *name = engine_sql_table(table->schema, table->name);
        g_autofree char *tombstones = intake_tombstones(table->schema, table->name);
        rename_in(out, name, from, to);
        if (dead) {
            rename_in(out, tombstones, from, to);
        }
    }
    return true;
}

bool intake_table_alter_renamed(Intake *intake, const CatalogTable *before, const GPtrArray *renames,
                                const CatalogTable *after, GError **error)
{
    g_autoptr(GPtrArray) steps = g_ptr_array_new_with_free_func(step_free);
    g_autoptr(CatalogTable) renamed = catalog_table_copy(before);
    for (guint i = 0; renames && i + 1 < renames->len; i += 2) {
        if (!plan_rename(intake, steps, renamed, renames->pdata[i], renames->pdata[i + 1], error)) {
            return false;
        }
    }
    if (!plan_change(steps, renamed, after, error)) {
        return false;
    }
    g_autofree char *key = intake_table_key(after->schema, after->name);
    return steps->len == 0 || submit(intake, steps, key, error);
}

/* ---- what stands
 * ------------------------------------------------------------------------------------------------------ */

static void stand(CatalogTable *standing, const CatalogTable *table, const json_t *row)
{
    const char *name = base_json_string(row, "column_name", "");
    const CatalogColumn *declared = catalog_table_column(table, name);
    CatalogColumn *column = g_new0(CatalogColumn, 1);
    column->name = g_strdup(name);
    column->type = g_strdup(base_json_string(row, "data_type", ""));
    column->key = declared && declared->key; /* what is a key never changes in place */
    column->not_null = !base_json_bool(row, "is_nullable", true);
    column->default_sql = g_strdup(base_json_string(row, "column_default", NULL));
    g_ptr_array_add(standing->columns, column);
}

/* `table` with the columns that the engine's table has; none = it is not there. NULL + error. */
static CatalogTable *standing_table(Intake *intake, const CatalogTable *table, GError **error)
{
    g_autoptr(GString) sql = columns_of("SELECT column_name, data_type, is_nullable, column_default", table);
    g_string_append(sql, " AND column_name <> '" INTAKE_LOAD_ID "' ORDER BY column_index");
    EngineConn *conn = intake_conn_take(intake, error);
    g_autoptr(json_t) rows =
        conn ? engine_query_json(conn, sql->str, NULL, 0, MAX_COLUMNS_READ, error) : NULL;
    intake_conn_give(intake, conn);
    if (!rows) {
        return NULL;
    }
    CatalogTable *standing = catalog_table_copy(table);
    g_ptr_array_set_size(standing->columns, 0);
    size_t i;
    const json_t *row;
    json_array_foreach (rows, i, row) {
        stand(standing, table, row);
    }
    return standing;
}

bool intake_table_match(Intake *intake, const CatalogTable *table, GError **error)
{
    g_autoptr(CatalogTable) standing = standing_table(intake, table, error);
    if (!standing) {
        return false;
    }
    return standing->columns->len == 0 ? intake_table_create(intake, table, error)
                                       : intake_table_alter(intake, standing, table, error);
}

bool intake_table_drop(Intake *intake, const char *schema, const char *name, GError **error)
{
    g_autoptr(GPtrArray) steps = g_ptr_array_new_with_free_func(step_free);
    drop(steps, schema, name);
    g_autofree char *key = intake_table_key(schema, name);
    return submit(intake, steps, key, error);
}

bool intake_table_exists(Intake *intake, const char *schema, const char *name)
{
    g_autoptr(GError) why = NULL;
    EngineConn *conn = intake_conn_take(intake, &why);
    if (!conn) {
        return false;
    }
    GString *sql = g_string_new("SELECT count(*) FROM duckdb_tables() WHERE lower(schema_name) = lower(");
    engine_sql_append_text(sql, schema);
    g_string_append(sql, ") AND lower(table_name) = lower(");
    engine_sql_append_text(sql, name);
    g_string_append(sql, ") AND NOT temporary");
    gint64 n = 0;
    bool ok = engine_query_int(conn, sql->str, &n, &why);
    g_string_free(sql, TRUE);
    intake_conn_give(intake, conn);
    return ok && n > 0;
}
