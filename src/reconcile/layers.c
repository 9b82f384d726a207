/* Layers compared through the metric registry: an additive atomic metric is a sum or count over its detail
 * table; a coarser table downstream that has a column of the metric's name must add up to the same, day by
 * day. Days are those that both have. */
#include "reconcile/reconcile_int.h"

typedef struct {
    const CatalogObject *metric, *detail, *table;
    const CatalogColumn *column;
    const char *metric_time, *table_time;
} Pair;

static bool is_additive(const CatalogObject *metric)
{
    const char *agg = base_json_string(metric->definition, "agg", "");
    const json_t *additive = json_object_get(metric->definition, "additive");
    const char *word = json_is_string(additive) ? json_string_value(additive) : "";
    bool yes = json_is_true(additive) || g_str_equal(word, "true") || g_str_equal(word, "yes") ||
               g_str_equal(word, "full");
    return g_str_equal(base_json_string(metric->definition, "type", ""), "atomic") && yes &&
           (g_str_equal(agg, "sum") || g_str_equal(agg, "count"));
}

static const CatalogColumn *column_named(const CatalogObject *object, const char *name)
{
    for (guint i = 0; object->columns && i < object->columns->len; i++) {
        const CatalogColumn *column = object->columns->pdata[i];
        if (g_ascii_strcasecmp(column->name, name) == 0) {
            return column;
        }
    }
    return NULL;
}

/* sum(expr) or count of the metric over its detail, of one day each. */
static void append_detail(GString *sql, const Pair *pair)
{
    const char *agg = base_json_string(pair->metric->definition, "agg", ""),
               *expr = base_json_string(pair->metric->definition, "expr", NULL),
               *where = base_json_string(pair->metric->definition, "where", NULL);
    g_autofree char *name = engine_sql_table(pair->detail->domain, pair->detail->name);
    g_string_append(sql, "SELECT CAST(");
    engine_sql_append_name(sql, pair->metric_time);
    g_string_append_printf(sql, " AS DATE) AS day, CAST(%s(%s) AS DECIMAL(38,6)) AS v FROM %s", agg,
                           expr ? expr : "*", name);
    if (where) {
        g_string_append_printf(sql, " WHERE (%s)", where);
    }
    g_string_append(sql, " GROUP BY 1");
}

static void append_table(GString *sql, const Pair *pair)
{
    g_autofree char *name = engine_sql_table(pair->table->domain, pair->table->name);
    g_string_append(sql, "SELECT CAST(");
    engine_sql_append_name(sql, pair->table_time);
    g_string_append(sql, " AS DATE) AS day, CAST(sum(");
    engine_sql_append_name(sql, pair->column->name);
    g_string_append_printf(sql, ") AS DECIMAL(38,6)) AS v FROM %s GROUP BY 1", name);
}

static json_t *compare_pair(EngineConn *conn, const Pair *pair, GError **error)
{
    GString *sql = g_string_new("WITH d AS (");
    append_detail(sql, pair);
    g_string_append(sql, "), t AS (");
    append_table(sql, pair);
    g_string_append(
        sql,
        "), b AS (SELECT d.day, d.v AS dv, t.v AS tv, d.v IS DISTINCT FROM t.v AS bad FROM d JOIN t USING "
        "(day)) SELECT count(*) AS days, count(*) FILTER (bad) AS days_different, "
        "strftime(min(day) FILTER (bad), '%Y-%m-%d') AS first_day, "
        "arg_min(dv, day) FILTER (bad) AS detail_value, arg_min(tv, day) FILTER (bad) AS table_value FROM b");
    g_autoptr(json_t) rows = engine_query_json(conn, sql->str, NULL, 0, 1, error);
    g_string_free(sql, TRUE);
    if (!rows) {
        return NULL;
    }
    json_t *row = json_incref(json_array_get(rows, 0));
    base_json_set_string(row, "metric", pair->metric->full_name);
    base_json_set_string(row, "detail", pair->detail->full_name);
    base_json_set_string(row, "table", pair->table->full_name);
    base_json_set_string(row, "column", pair->column->name);
    json_object_set_new(row, "equal", json_boolean(base_json_int(row, "days_different", 0) == 0));
    return row;
}

/* A table that carries the metric: a column of its name that is made from the detail by lineage, and a time.
 */
static bool carries(CatalogSnapshot *snapshot, Pair *pair)
{
    const CatalogObject *table = pair->table;
    pair->column = table->kind == CATALOG_MODEL ? column_named(table, pair->metric->name) : NULL;
    pair->table_time = base_json_string(table->definition, "time", NULL);
    if (!pair->column || !pair->table_time) {
        return false;
    }
    g_autoptr(GPtrArray) up = catalog_lineage_up(snapshot, table, pair->column->name);
    for (guint i = 0; i < up->len; i++) {
        const CatalogEdge *edge = up->pdata[i];
        if (g_str_equal(edge->how, "aggregated")) {
            return true;
        }
    }
    return false;
}

static bool add_metric(EngineConn *conn, CatalogSnapshot *snapshot, const CatalogObject *metric, json_t *list,
                       GError **error)
{
    Pair pair = {.metric = metric,
                 .metric_time = base_json_string(metric->definition, "time", NULL),
                 .detail = catalog_find(snapshot, base_json_string(metric->definition, "table", ""),
                                        metric->domain, NULL)};
    if (!pair.detail || !pair.metric_time) {
        return true; /* nothing to compare by day */
    }
    g_autoptr(GPtrArray) down = catalog_downstream(snapshot, pair.detail);
    for (guint i = 0; i < down->len; i++) {
        pair.table = down->pdata[i];
        if (!carries(snapshot, &pair)) {
            continue;
        }
        json_t *row = compare_pair(conn, &pair, error);
        if (!row) {
            return false;
        }
        json_array_append_new(list, row);
    }
    return true;
}

json_t *reconcile_layers(Reconcile *reconcile, CatalogSnapshot *snapshot, GError **error)
{
    g_autoptr(EngineConn) conn = engine_connect(reconcile->engine, error);
    if (!conn || !engine_set_time_zone(conn, catalog_project_timezone(snapshot), error)) {
        return NULL;
    }
    g_autoptr(json_t) list = json_array();
    const GPtrArray *objects = catalog_objects(snapshot);
    for (guint i = 0; i < objects->len; i++) {
        const CatalogObject *metric = objects->pdata[i];
        if (metric->kind == CATALOG_METRIC && is_additive(metric) &&
            !add_metric(conn, snapshot, metric, list, error)) {
            return NULL;
        }
    }
    return g_steal_pointer(&list);
}
