/* The ledger of loads, the difference from day to day, and layers compared through metrics. */
#include "reconcile/reconcile_int.h"

#define LEDGER_MAX_ROWS 100000

/* ---- the ledger -------------------------------------------------------------------------------------------
 */

static bool is_loaded(const CatalogObject *object)
{
    return object->kind == CATALOG_TABLE && object->table;
}

/* One table's days: its loads beside the rows that it holds of each. Loads that were forgotten (labels
 * expire) leave rows without a load: they are in no day. */
static char *ledger_sql(const CatalogObject *table, unsigned days, const char *zone)
{
    g_autofree char *name = engine_sql_table(table->domain, table->name);
    GString *sql = g_string_new("WITH l AS (SELECT *, strftime(timezone(");
    engine_sql_append_text(sql, zone);
    g_string_append(sql,
                    ", make_timestamptz(finished_us)), '%Y-%m-%d') AS day FROM _weir.loads WHERE state = "
                    "'VISIBLE' AND db = ");
    engine_sql_append_text(sql, table->domain);
    g_string_append(sql, " AND tbl = ");
    engine_sql_append_text(sql, table->name);
    g_string_append_printf(
        sql, "), p AS (SELECT _weir_load_id AS id, count(*) AS n FROM %s GROUP BY 1) SELECT ", name);
    engine_sql_append_text(sql, table->full_name);
    g_string_append_printf(
        sql,
        " AS \"table\", day, count(*) AS loads, sum(total_rows)::BIGINT AS rows_in, sum(loaded_rows)::BIGINT "
        "AS "
        "written, sum(filtered_rows)::BIGINT AS rejected, sum(unselected_rows)::BIGINT AS unselected, "
        "coalesce(sum(n), 0)::BIGINT AS present, (sum(loaded_rows) - coalesce(sum(n), 0))::BIGINT AS gone, "
        "sum(total_rows) = sum(loaded_rows + filtered_rows + unselected_rows) AND sum(loaded_rows) %s "
        "coalesce(sum(n), 0) AS balanced FROM l LEFT JOIN p ON p.id = l.txn_id GROUP BY day ORDER BY day "
        "DESC "
        "LIMIT %u",
        table->table->model == CATALOG_DUPLICATE ? "=" : ">=", days);
    return g_string_free(sql, FALSE);
}

json_t *reconcile_ledger(Reconcile *reconcile, CatalogSnapshot *snapshot, const CatalogObject *table,
                         unsigned days, GError **error)
{
    g_autoptr(EngineConn) conn = engine_connect(reconcile->engine, error);
    if (!conn) {
        return NULL;
    }
    g_autoptr(json_t) ledger = json_array();
    const GPtrArray *objects = catalog_objects(snapshot);
    for (guint i = 0; i < objects->len; i++) {
        const CatalogObject *object = objects->pdata[i];
        if (!is_loaded(object) || (table && object != table)) {
            continue;
        }
        g_autofree char *sql = ledger_sql(object, days, catalog_project_timezone(snapshot));
        g_autoptr(json_t) rows = engine_query_json(conn, sql, NULL, 0, LEDGER_MAX_ROWS, error);
        if (!rows) {
            return NULL;
        }
        json_array_extend(ledger, rows);
    }
    return g_steal_pointer(&ledger);
}

/* ---- from day to day --------------------------------------------------------------------------------------
 */

static char *daily_sql(const char *zone, gint64 day_us)
{
    GString *sql = g_string_new("WITH l AS (SELECT db || '.' || tbl AS t, timezone(");
    engine_sql_append_text(sql, zone);
    g_string_append(sql,
                    ", make_timestamptz(finished_us))::DATE AS day, loaded_rows AS n FROM _weir.loads WHERE "
                    "state = 'VISIBLE' AND db <> '_weir'), d AS (SELECT timezone(");
    engine_sql_append_text(sql, zone);
    g_string_append_printf(sql,
                           ", make_timestamptz(%" G_GINT64_FORMAT "))::DATE AS day) "
                           "SELECT t AS \"table\", strftime(any_value(d.day), '%%Y-%%m-%%d') AS day, "
                           "coalesce(sum(n) FILTER (l.day = d.day), 0)::BIGINT AS rows, "
                           "coalesce(sum(n) FILTER (l.day = d.day - 1), 0)::BIGINT AS yesterday, "
                           "coalesce(sum(n) FILTER (l.day = d.day - 7), 0)::BIGINT AS same_weekday "
                           "FROM l, d GROUP BY t ORDER BY t",
                           day_us);
    return g_string_free(sql, FALSE);
}

/* Rows more or less than `before`, as a share of it; null where there was nothing. */
static json_t *share(gint64 rows, gint64 before)
{
    return before ? json_real((double)(rows - before) / (double)before) : json_null();
}

#define DAILY_WARN 0.4 /* OD-22: forty per cent up or down is told */

static void judge_day(json_t *row)
{
    gint64 rows = base_json_int(row, "rows", 0), yesterday = base_json_int(row, "yesterday", 0),
           weekday = base_json_int(row, "same_weekday", 0);
    json_object_set_new(row, "change", share(rows, yesterday));
    json_object_set_new(row, "weekday_change", share(rows, weekday));
    gint64 before = weekday ? weekday : yesterday;
    double change = before ? (double)(rows - before) / (double)before : 0;
    const char *state = rows == 0 && before                           ? "empty"
                        : change > DAILY_WARN || change < -DAILY_WARN ? "warn"
                                                                      : "ok";
    base_json_set_string(row, "state", state);
}

json_t *reconcile_daily(Reconcile *reconcile, CatalogSnapshot *snapshot, gint64 day_us, GError **error)
{
    g_autoptr(EngineConn) conn = engine_connect(reconcile->engine, error);
    g_autofree char *sql = daily_sql(catalog_project_timezone(snapshot), day_us);
    json_t *rows = conn ? engine_query_json(conn, sql, NULL, 0, LEDGER_MAX_ROWS, error) : NULL;
    size_t i;
    json_t *row;
    json_array_foreach (rows, i, row) {
        judge_day(row);
    }
    return rows;
}
