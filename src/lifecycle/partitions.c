/* Which partitions a table has. A partition is the rows of a day (week, month, ...) by the date that stands
 * in them: when they were written says nothing of how old they are. */
#include "base/period.h"
#include "lifecycle/lifecycle_int.h"

#include <string.h>

static void column_free(gpointer data)
{
    LifecycleColumn *column = data;
    g_free(column->name);
    g_free(column->type);
    g_free(column);
}

GPtrArray *lifecycle_columns(EngineConn *conn, const char *schema, const char *name, GError **error)
{
    EngineValue values[] = {engine_value_text(schema), engine_value_text(name)};
    g_autoptr(json_t) rows = engine_query_json(
        conn,
        "SELECT column_name, data_type FROM duckdb_columns() WHERE schema_name = $1 AND table_name = $2 "
        "ORDER BY column_index",
        values, 2, 10000, error);
    if (!rows) {
        return NULL;
    }
    GPtrArray *columns = g_ptr_array_new_with_free_func(column_free);
    size_t i;
    const json_t *row;
    json_array_foreach (rows, i, row) {
        LifecycleColumn *column = g_new0(LifecycleColumn, 1);
        column->name = g_strdup(base_json_string(row, "column_name", ""));
        column->type = g_strdup(base_json_string(row, "data_type", ""));
        g_ptr_array_add(columns, column);
    }
    return columns;
}

char *lifecycle_day_text(gint64 day)
{
    int year, month, of_month;
    base_time_civil_from_days(day, &year, &month, &of_month);
    return g_strdup_printf("%04d-%02d-%02d", year, month, of_month);
}

/* ---- the column of the day -------------------------------------------------------------------------- */

static bool has_column(const CatalogObject *object, const char *name)
{
    for (guint i = 0; name && object->columns && i < object->columns->len; i++) {
        if (g_ascii_strcasecmp(((const CatalogColumn *)object->columns->pdata[i])->name, name) == 0) {
            return true;
        }
    }
    return false;
}

/* The column that `partition:` names; its unit where it says one. */
static const char *partition_column(const CatalogObject *object, const char **ret_unit)
{
    const json_t *partition = json_object_get(object->definition, "partition");
    if (json_is_object(partition)) {
        *ret_unit = base_json_string(partition, "unit", *ret_unit);
        partition = json_object_get(partition, "by");
    }
    const json_t *first = json_is_array(partition) ? json_array_get(partition, 0) : partition;
    return json_string_value(first);
}

void lifecycle_table_place(LifecycleTable *table)
{
    const CatalogObject *object = table->object;
    const char *unit = "day";
    const char *found[] = {partition_column(object, &unit),
                           base_json_string(object->definition, "time", NULL),
                           base_json_string(object->definition, "event_time", NULL),
                           object->model ? object->model->time : NULL,
                           "dt",
                           "ds",
                           "pt"};
    BasePeriod period = BASE_PERIOD_DAY;
    if (!base_period_by_name(unit, &period) || period < BASE_PERIOD_DAY) {
        period = BASE_PERIOD_DAY; /* hours go by the day that they are in */
    }
    table->unit = base_period_name(period);
    table->relation = engine_sql_table(object->domain, object->name);
    for (size_t i = 0; i < G_N_ELEMENTS(found) && !table->day_column; i++) {
        table->day_column = has_column(object, found[i]) ? g_strdup(found[i]) : NULL;
    }
}

void lifecycle_table_release(LifecycleTable *table)
{
    lifecycle_policy_clear(&table->policy);
    g_clear_pointer(&table->columns, g_ptr_array_unref);
    g_clear_pointer(&table->partitions, g_array_unref);
    g_clear_pointer(&table->days, g_hash_table_unref);
    g_clear_pointer(&table->relation, g_free);
    g_clear_pointer(&table->day_column, g_free);
    g_clear_pointer(&table->day_sql, g_free);
}

/* The day of a row as a DATE; NULL for what is none. */
static char *day_expression(const char *column, const char *type, const char *zone)
{
    g_autoptr(GString) name = g_string_new(NULL);
    engine_sql_append_name(name, column);
    if (g_str_equal(type, "DATE")) {
        return g_strdup(name->str);
    }
    if (g_str_equal(type, "TIMESTAMP WITH TIME ZONE")) {
        g_autofree char *text = engine_sql_text(zone);
        return g_strdup_printf("CAST(timezone(%s, %s) AS DATE)", text, name->str);
    }
    if (g_str_has_prefix(type, "TIMESTAMP")) {
        return g_strdup_printf("CAST(%s AS DATE)", name->str);
    }
    return g_strdup_printf("coalesce(CAST(try_strptime(CAST(%s AS VARCHAR), '%%Y%%m%%d') AS DATE), "
                           "TRY_CAST(TRY_CAST(CAST(%s AS VARCHAR) AS TIMESTAMP) AS DATE))",
                           name->str, name->str);
}

char *lifecycle_range_sql(const LifecycleTable *table, gint64 first_day, gint64 last_day)
{
    g_autofree char *first = lifecycle_day_text(first_day), *last = lifecycle_day_text(last_day);
    return g_strdup_printf("%s BETWEEN DATE '%s' AND DATE '%s'", table->day_sql, first, last);
}

/* ---- reading --------------------------------------------------------------------------------------------
 */

static const LifecycleColumn *column_named(const GPtrArray *columns, const char *name)
{
    for (guint i = 0; i < columns->len; i++) {
        const LifecycleColumn *column = columns->pdata[i];
        if (g_ascii_strcasecmp(column->name, name) == 0) {
            return column;
        }
    }
    return NULL;
}

static char *partitions_sql(const LifecycleTable *table)
{
    return g_strdup_printf(
        "SELECT CAST(p AS DATE) - DATE '1970-01-01' AS first_day, CAST(p + INTERVAL 1 %s AS DATE) - DATE "
        "'1970-01-02' AS last_day, n FROM (SELECT date_trunc('%s', %s) AS p, count(*) AS n FROM %s GROUP BY "
        "ALL) ORDER BY p NULLS LAST",
        table->unit, table->unit, table->day_sql, table->relation);
}

/* Numbers of later partitions; which is the last of its month. */
static void place_partitions(GArray *partitions)
{
    guint newer = 0;
    int last_month = -1;
    for (guint i = partitions->len; i-- > 0;) {
        LifecyclePartition *one = &g_array_index(partitions, LifecyclePartition, i);
        if (one->undated) {
            continue;
        }
        int year, month, of_month;
        base_time_civil_from_days(one->last_day, &year, &month, &of_month);
        one->newer = newer++;
        one->month_end = year * 12 + month != last_month;
        last_month = year * 12 + month;
    }
}

static bool read_partitions(LifecycleTable *table, EngineConn *conn, GError **error)
{
    g_autofree char *sql = partitions_sql(table);
    g_autoptr(json_t) rows = engine_query_json(conn, sql, NULL, 0, LIFECYCLE_MAX_PARTITIONS, error);
    size_t i;
    const json_t *row;
    if (!rows) {
        return false;
    }
    json_array_foreach (rows, i, row) {
        LifecyclePartition one = {.rows = base_json_int(row, "n", 0),
                                  .undated = json_is_null(json_object_get(row, "first_day")),
                                  .first_day = base_json_int(row, "first_day", 0),
                                  .last_day = base_json_int(row, "last_day", 0)};
        g_array_append_val(table->partitions, one);
        table->rows += one.rows;
        for (gint64 day = one.first_day; !one.undated && day <= one.last_day; day++) {
            g_hash_table_add(table->days, g_memdup2(&day, sizeof day));
        }
    }
    place_partitions(table->partitions);
    return true;
}

static bool read_size(LifecycleTable *table, EngineConn *conn, GError **error)
{
    g_autofree char *sql = g_strdup_printf("SELECT coalesce(CAST(avg(strlen(CAST(s AS VARCHAR))) AS BIGINT), "
                                           "0) FROM (SELECT * FROM %s LIMIT %d) AS s",
                                           table->relation, LIFECYCLE_SAMPLE_ROWS);
    return engine_query_int(conn, sql, &table->row_bytes, error);
}

bool lifecycle_table_read(LifecycleTable *table, EngineConn *conn, const char *zone, GError **error)
{
    if (table->partitions) {
        return true;
    }
    const CatalogObject *object = table->object;
    table->partitions = g_array_new(FALSE, TRUE, sizeof(LifecyclePartition));
    table->days = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    table->columns = lifecycle_columns(conn, object->domain, object->name, error);
    if (!table->columns) {
        return false;
    }
    table->exists = table->columns->len > 0;
    const LifecycleColumn *day =
        table->day_column && table->exists ? column_named(table->columns, table->day_column) : NULL;
    if (!day) {
        return true;
    }
    table->day_sql = day_expression(day->name, day->type, zone);
    return read_partitions(table, conn, error) && read_size(table, conn, error);
}
