/* From a stage into a table that has keys: statements to run in order in one transaction.
 *
 * Never UPDATE, MERGE or ON CONFLICT: DELETE USING + INSERT of whole rows is 12 to 30 times faster on large
 * tables, and no index is needed, because writers of one table come one after the other (commit.c). NULL keys
 * are equal to each other.
 *
 * unique: of each key the winner of the stage is the row with the greatest sequence value (when the table has
 * one), then the latest. It replaces the table's row unless that has a greater sequence. A deleted key of a
 * table with a sequence leaves its sequence value in a side table (tombstones, _weir."del:<schema>.<table>"),
 * so that an older row that comes later does not bring it back; a newer row takes the tombstone away. Tables
 * without a sequence need none: what comes later is newer. partial: columns that the load does not give are
 * taken from the table's row (defaults for a new key). aggregate: the stage is aggregated by key, then
 * combined with the table's row. */
#include "engine/sql.h"
#include "intake/intake_int.h"

#define WIN      "temp.weir_win"
#define FULL     "temp.weir_full"
#define DROP_WIN "DROP TABLE " WIN

bool intake_needs_merge(const CatalogTable *table)
{
    return table->model != CATALOG_DUPLICATE;
}

char *intake_tombstones_name(const char *schema, const char *name)
{
    return g_strdup_printf("del:%s.%s", schema, name);
}

char *intake_tombstones(const char *schema, const char *name)
{
    g_autofree char *table = intake_tombstones_name(schema, name);
    return engine_sql_table("_weir", table);
}

static char *quoted(const char *name)
{
    GString *sql = g_string_new(NULL);
    engine_sql_append_name(sql, name);
    return g_string_free(sql, FALSE);
}

static void add(GPtrArray *out, GString *sql)
{
    g_ptr_array_add(out, g_string_free(sql, FALSE));
}

static bool is_given(const IntakeMerging *merging, const char *column)
{
    for (size_t i = 0; merging->columns[i]; i++) {
        if (g_ascii_strcasecmp(merging->columns[i], column) == 0) {
            return true;
        }
    }
    return false;
}

/* a."k1" = b."k1" AND ... */
static void append_key_match(GString *sql, const CatalogTable *table, const char *a, const char *b)
{
    const char *and = "";
    for (guint i = 0; i < table->columns->len; i++) {
        const CatalogColumn *column = table->columns->pdata[i];
        if (!column->key) {
            continue;
        }
        g_autofree char *name = quoted(column->name);
        g_string_append_printf(sql, "%s%s.%s %s %s.%s", and, a, name,
                               column->not_null ? "=" : "IS NOT DISTINCT FROM", b, name);
        and = " AND ";
    }
}

static void append_keys(GString *sql, const CatalogTable *table)
{
    const char *comma = "";
    for (guint i = 0; i < table->columns->len; i++) {
        const CatalogColumn *column = table->columns->pdata[i];
        if (column->key) {
            g_string_append(sql, comma);
            engine_sql_append_name(sql, column->name);
            comma = ", ";
        }
    }
}

/* ---- unique
 * --------------------------------------------------------------------------------------------------- */

static void add_winners(GPtrArray *out, const IntakeMerging *merging, const char *stage, const char *sequence)
{
    GString *sql = g_string_new("CREATE OR REPLACE TEMP TABLE weir_win AS SELECT * FROM ");
    g_string_append_printf(sql, "%s QUALIFY row_number() OVER (PARTITION BY ", stage);
    append_keys(sql, merging->table);
    g_string_append(sql, " ORDER BY ");
    if (sequence) {
        g_string_append_printf(sql, "%s DESC NULLS LAST, ", sequence);
    }
    g_string_append(sql, INTAKE_ORDER " DESC) = 1");
    add(out, sql);
}

/* Winners that are older than what `other` holds go. */
static void add_drop_older(GPtrArray *out, const CatalogTable *table, const char *other, const char *sequence)
{
    GString *sql = g_string_new("DELETE FROM " WIN " AS w USING ");
    g_string_append_printf(sql, "%s AS t WHERE ", other);
    append_key_match(sql, table, "t", "w");
    g_string_append_printf(sql, " AND (t.%s > w.%s OR (w.%s IS NULL AND t.%s IS NOT NULL))", sequence,
                           sequence, sequence, sequence);
    add(out, sql);
}

static void add_sequence(GPtrArray *out, const IntakeMerging *merging, const char *target,
                         const char *sequence)
{
    g_autofree char *tombstones = intake_tombstones(merging->table->schema, merging->table->name);
    add_drop_older(out, merging->table, target, sequence);
    add_drop_older(out, merging->table, tombstones, sequence);
    GString *sql = g_string_new("DELETE FROM ");
    g_string_append_printf(sql, "%s AS t USING " WIN " AS w WHERE ", tombstones);
    append_key_match(sql, merging->table, "t", "w");
    add(out, sql);
    if (merging->has_delete) {
        sql = g_string_new("INSERT INTO ");
        g_string_append_printf(sql, "%s SELECT ", tombstones);
        append_keys(sql, merging->table);
        g_string_append_printf(sql, ", %s FROM " WIN " WHERE " INTAKE_DELETE_FLAG, sequence);
        add(out, sql);
    }
}

static void add_new_key_error(GPtrArray *out, const CatalogTable *table, const char *target)
{
    GString *sql = g_string_new("SELECT error('Can''t append new rows in partial update when "
                                "partial_update_new_key_behavior is ERROR') "
                                "FROM " WIN " AS w WHERE NOT EXISTS (SELECT 1 FROM ");
    g_string_append_printf(sql, "%s AS t WHERE ", target);
    append_key_match(sql, table, "t", "w");
    g_string_append(sql, ") LIMIT 1");
    add(out, sql);
}

/* Whole rows: what the load gives, the rest from the table. */
static void add_partial(GPtrArray *out, const IntakeMerging *merging, const char *target)
{
    GString *sql = g_string_new("CREATE OR REPLACE TEMP TABLE weir_full AS SELECT w." INTAKE_LOAD_ID);
    for (guint i = 0; i < merging->table->columns->len; i++) {
        const CatalogColumn *column = merging->table->columns->pdata[i];
        g_autofree char *name = quoted(column->name);
        if (is_given(merging, column->name)) {
            g_string_append_printf(sql, ", w.%s", name);
        } else {
            g_string_append_printf(sql,
                                   ", CASE WHEN t." INTAKE_LOAD_ID " IS NULL THEN %s ELSE t.%s END AS %s",
                                   column->default_sql ? column->default_sql : "NULL", name, name);
        }
    }
    if (merging->has_delete) {
        g_string_append(sql, ", w." INTAKE_DELETE_FLAG);
    }
    g_string_append_printf(sql, " FROM " WIN " AS w LEFT JOIN %s AS t ON ", target);
    append_key_match(sql, merging->table, "t", "w");
    add(out, sql);
}

/* ---- aggregate
 * ------------------------------------------------------------------------------------------------- */

static void append_aggregate(GString *sql, const CatalogColumn *column, const char *name)
{
    switch (column->agg) {
    case CATALOG_AGG_SUM:
        g_string_append_printf(sql, ", CAST(sum(%s) AS %s) AS %s", name, column->type, name);
        break;
    case CATALOG_AGG_MIN:
        g_string_append_printf(sql, ", min(%s) AS %s", name, name);
        break;
    case CATALOG_AGG_MAX:
        g_string_append_printf(sql, ", max(%s) AS %s", name, name);
        break;
    case CATALOG_AGG_REPLACE_IF_NOT_NULL:
        g_string_append_printf(sql, ", arg_max(%s, " INTAKE_ORDER ") AS %s", name, name);
        break;
    default:
        g_string_append_printf(sql, ", last(%s ORDER BY " INTAKE_ORDER ") AS %s", name, name);
        break;
    }
}

static void append_combined(GString *sql, const CatalogColumn *column, const char *name)
{
    switch (column->agg) {
    case CATALOG_AGG_SUM:
        g_string_append_printf(sql,
                               ", CAST(CASE WHEN t.%s IS NULL THEN w.%s WHEN w.%s IS NULL THEN t.%s ELSE "
                               "t.%s + w.%s END AS %s) AS %s",
                               name, name, name, name, name, name, column->type, name);
        break;
    case CATALOG_AGG_MIN:
        g_string_append_printf(sql, ", least(t.%s, w.%s) AS %s", name, name, name);
        break;
    case CATALOG_AGG_MAX:
        g_string_append_printf(sql, ", greatest(t.%s, w.%s) AS %s", name, name, name);
        break;
    case CATALOG_AGG_REPLACE_IF_NOT_NULL:
        g_string_append_printf(sql, ", coalesce(w.%s, t.%s) AS %s", name, name, name);
        break;
    default:
        g_string_append_printf(sql, ", w.%s", name);
        break;
    }
}

static void add_aggregate(GPtrArray *out, const IntakeMerging *merging, const char *stage, const char *target)
{
    GString *win = g_string_new("CREATE OR REPLACE TEMP TABLE weir_win AS SELECT max(" INTAKE_LOAD_ID
                                ") AS " INTAKE_LOAD_ID);
    GString *full = g_string_new("CREATE OR REPLACE TEMP TABLE weir_full AS SELECT w." INTAKE_LOAD_ID);
    for (guint i = 0; i < merging->table->columns->len; i++) {
        const CatalogColumn *column = merging->table->columns->pdata[i];
        g_autofree char *name = quoted(column->name);
        bool given = is_given(merging, column->name);
        const char *otherwise = column->default_sql ? column->default_sql : "NULL";
        if (column->key) {
            g_string_append_printf(win, ", %s%s%s", given ? name : otherwise, given ? "" : " AS ",
                                   given ? "" : name);
            g_string_append_printf(full, ", w.%s", name);
            continue;
        }
        if (given) {
            append_aggregate(win, column, name);
        } else {
            g_string_append_printf(win, ", CAST(%s AS %s) AS %s", otherwise, column->type, name);
        }
        append_combined(full, column, name);
    }
    g_string_append_printf(win, " FROM %s GROUP BY ALL", stage);
    g_string_append_printf(full, " FROM " WIN " AS w LEFT JOIN %s AS t ON ", target);
    append_key_match(full, merging->table, "t", "w");
    add(out, win);
    add(out, full);
}

/* ---- face
 * ---------------------------------------------------------------------------------------------------------
 */

static const CatalogColumn *lone_key(const CatalogTable *table)
{
    const CatalogColumn *key = NULL;
    for (guint i = 0; i < table->columns->len; i++) {
        const CatalogColumn *column = table->columns->pdata[i];
        if (column->key && key) {
            return NULL;
        }
        key = column->key ? column : key;
    }
    return key;
}

/* The engine puts a Bloom filter of the join's small side into the scan of the large one (a quarter less work
 * for 10,000 keys in 10 M rows) only when one column is joined by = and the small side is filtered: hence the
 * condition that is always true, and NULL keys apart. */
static void add_delete_lone(GPtrArray *out, const CatalogColumn *column, const char *target)
{
    g_autofree char *key = quoted(column->name);
    g_ptr_array_add(out, g_strdup_printf("DELETE FROM %s AS t USING (SELECT %s FROM " WIN
                                         " WHERE " INTAKE_LOAD_ID " %% 2 < 2) AS w WHERE t.%s = w.%s",
                                         target, key, key, key));
    if (!column->not_null) {
        g_ptr_array_add(out, g_strdup_printf("DELETE FROM %s AS t WHERE t.%s IS NULL AND EXISTS (SELECT 1 "
                                             "FROM " WIN " AS w WHERE w.%s IS NULL)",
                                             target, key, key));
    }
}

static void add_delete(GPtrArray *out, const CatalogTable *table, const char *target)
{
    const CatalogColumn *lone = lone_key(table);
    if (lone) {
        add_delete_lone(out, lone, target);
        return;
    }
    GString *sql = g_string_new("DELETE FROM ");
    g_string_append_printf(sql, "%s AS t USING " WIN " AS w WHERE ", target);
    append_key_match(sql, table, "t", "w");
    add(out, sql);
}

static void add_insert(GPtrArray *out, const IntakeMerging *merging, const char *target, const char *from,
                       bool whole)
{
    GString *columns = g_string_new(INTAKE_LOAD_ID);
    for (guint i = 0; i < merging->table->columns->len; i++) {
        const CatalogColumn *column = merging->table->columns->pdata[i];
        if (whole || is_given(merging, column->name)) {
            g_string_append(columns, ", ");
            engine_sql_append_name(columns, column->name);
        }
    }
    GString *sql = g_string_new("INSERT INTO ");
    g_string_append_printf(sql, "%s (%s) SELECT %s FROM %s", target, columns->str, columns->str, from);
    if (merging->has_delete) {
        g_string_append(sql, " WHERE NOT " INTAKE_DELETE_FLAG);
    }
    add(out, sql);
    g_string_free(columns, TRUE);
}

GPtrArray *intake_merge_sql(const IntakeMerging *merging, const char *stage)
{
    const CatalogTable *table = merging->table;
    GPtrArray *out = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *target = engine_sql_table(table->schema, table->name);
    if (merging->replace) {
        g_ptr_array_add(out, g_strconcat("DELETE FROM ", target, NULL));
    }
    if (table->model == CATALOG_DUPLICATE) {
        add_insert(out, merging, target, stage, false);
        return out;
    }
    bool whole = table->model == CATALOG_AGGREGATE || merging->partial;
    if (table->model == CATALOG_AGGREGATE) {
        add_aggregate(out, merging, stage, target);
    } else {
        g_autofree char *sequence =
            table->sequence && is_given(merging, table->sequence) ? quoted(table->sequence) : NULL;
        add_winners(out, merging, stage, sequence);
        if (sequence) {
            add_sequence(out, merging, target, sequence);
        }
        if (merging->partial && merging->new_key_error) {
            add_new_key_error(out, table, target);
        }
        if (merging->partial) {
            add_partial(out, merging, target);
        }
    }
    add_delete(out, table, target);
    add_insert(out, merging, target, whole ? FULL : WIN, whole);
    g_ptr_array_add(out, g_strdup(DROP_WIN));
    if (whole) {
        g_ptr_array_add(out, g_strdup("DROP TABLE " FULL));
    }
    return out;
}

/* ---- what became of the rows
 * --------------------------------------------------------------------------------------- */

/* The statement whose rows are the rows written: the last before the winners go. Tables without keys have
 * none: all rows are. */
static guint find_insert(const GPtrArray *statements)
{
    for (guint i = 1; i < statements->len; i++) {
        if (g_str_equal(statements->pdata[i], DROP_WIN)) {
            return i - 1;
        }
    }
    return G_MAXUINT;
}

static bool record_merged(EngineConn *conn, const IntakeMergeRun *merge, GError **error)
{
    g_autoptr(GString) sql = g_string_new("INSERT INTO _weir.merged SELECT l.id, ");
    const char *written = merge->has_delete ? " FILTER (WHERE NOT w." INTAKE_DELETE_FLAG ")" : "",
               *deleted = merge->has_delete ? "count(w." INTAKE_LOAD_ID
                                              ") FILTER (WHERE w." INTAKE_DELETE_FLAG ")"
                                            : "0";
    g_string_append_printf(sql, "count(w." INTAKE_LOAD_ID ")%s, %s FROM (VALUES ", written, deleted);
    for (size_t i = 0; i < merge->n_ids; i++) {
        g_string_append_printf(sql, "%s(%" G_GINT64_FORMAT "::BIGINT)", i ? ", " : "", merge->ids[i]);
    }
    g_string_append(sql, ") AS l(id) LEFT JOIN " WIN " AS w ON w." INTAKE_LOAD_ID " = l.id GROUP BY l.id");
    return engine_exec(conn, sql->str, error);
}

bool intake_merge_run(EngineConn *conn, const IntakeMergeRun *merge, GError **error)
{
    guint insert = find_insert(merge->statements);
    for (guint i = 0; i < merge->statements->len; i++) {
        const char *sql = merge->statements->pdata[i];
        gint64 written = 0;
        if (i != insert) {
            if (!engine_exec(conn, sql, error)) {
                return false;
            }
        } else if (!engine_exec_values(conn, sql, NULL, 0, &written, error) ||
                   (written != merge->rows && !record_merged(conn, merge, error))) {
            return false;
        }
    }
    return true;
}
