/* The ledger of loads, the difference from day to day, and layers compared through metrics. */
#include "reconcile/reconcile_int.h"

#define LEDGER_MAX_ROWS 100000

/* ---- the ledger -------------------------------------------------------------------------------------------
 */

static bool is_loaded(const CatalogObject *object)
{
    return object->kind == CATALOG_TABLE && object->table;
}

/* One table's days: its loads beside the rows that it holds of each. A load without a row in _weir.merged
 * wrote all that it was given. Loads that were forgotten (labels expire) leave rows without a load: they are
 * in no day. What is not in balance: rows that went neither into the table nor anywhere that was counted, or
 * more rows of a load than it wrote; of a table that only grows, fewer as well. */
static char *loads_sql(const CatalogObject *table, unsigned days, const char *zone)
{
    g_autofree char *name = engine_sql_table(table->domain, table->name), *zone_sql = engine_sql_text(zone),
                    *db = engine_sql_text(table->domain), *tbl = engine_sql_text(table->name),
                    *full = engine_sql_text(table->full_name);
    return g_strdup_printf(
        "WITH l AS (SELECT *, strftime(timezone(%s, make_timestamptz(finished_us)), '%%Y-%%m-%%d') AS day "
        "FROM "
        "_weir.loads WHERE state = 'VISIBLE' AND db = %s AND tbl = %s), p AS (SELECT _weir_load_id AS id, "
        "count(*) AS n FROM %s GROUP BY 1), r AS (SELECT l.day, total_rows, loaded_rows, filtered_rows, "
        "unselected_rows, coalesce(m.written, loaded_rows) AS written, coalesce(m.deleted, 0) AS deleted, "
        "coalesce(p.n, 0) AS present FROM l LEFT JOIN _weir.merged AS m ON m.txn_id = l.txn_id LEFT JOIN p "
        "ON p.id "
        "= l.txn_id), s AS (SELECT *, loaded_rows - written - deleted AS deduplicated FROM r) SELECT %s AS "
        "\"table\", day, 'load' AS hop, count(*) AS loads, sum(total_rows)::BIGINT AS rows_in, "
        "sum(written)::BIGINT AS written, sum(filtered_rows)::BIGINT AS rejected, sum(deduplicated)::BIGINT "
        "AS "
        "deduplicated, sum(deleted)::BIGINT AS deleted, sum(unselected_rows)::BIGINT AS unselected, "
        "sum(present)::BIGINT AS present, (sum(written) - sum(present))::BIGINT AS gone, bool_and(total_rows "
        "= "
        "written + filtered_rows + deduplicated + deleted + unselected_rows AND deduplicated >= 0 AND "
        "written %s "
        "present) AS balanced FROM s GROUP BY day ORDER BY day DESC LIMIT %u",
        zone_sql, db, tbl, name, full, table->table->model == CATALOG_DUPLICATE ? "=" : ">=", days);
}

/* One model's days: the rows that its SELECT gave to runs that ended well (a backfill is one run with a row
 * for each task). What a table holds of one run
 * cannot be told later: present and gone are of loads alone. */
static char *runs_sql(const CatalogObject *model, unsigned days, const char *zone)
{
    g_autofree char *zone_sql = engine_sql_text(zone), *id = engine_sql_text(model->id),
                    *full = engine_sql_text(model->full_name);
    return g_strdup_printf(
        "WITH r AS (SELECT strftime(timezone(%s, make_timestamptz(r.started_us)), '%%Y-%%m-%%d') AS day, c.* "
        "FROM "
        "_weir.run_counts AS c JOIN (SELECT run_id, model, min(started_us) AS started_us FROM _weir.runs "
        "WHERE "
        "state = 'done' GROUP BY run_id, model) AS r ON r.run_id = c.run_id AND r.model = c.model "
        "WHERE c.model = %s) SELECT %s AS \"table\", day, 'run' AS hop, count(*) AS loads, "
        "sum(n_in)::BIGINT AS rows_in, sum(n_written)::BIGINT AS written, sum(n_rejected)::BIGINT AS "
        "rejected, "
        "sum(n_deduplicated)::BIGINT AS deduplicated, 0 AS deleted, sum(n_unselected)::BIGINT AS unselected, "
        "NULL::BIGINT AS present, NULL::BIGINT AS gone, bool_and(n_in = n_written + n_rejected + "
        "n_deduplicated + "
        "n_unselected) AS balanced FROM r GROUP BY day ORDER BY day DESC LIMIT %u",
        zone_sql, id, full, days);
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
    const char *zone = catalog_project_timezone(snapshot);
    for (guint i = 0; i < objects->len; i++) {
        const CatalogObject *object = objects->pdata[i];
        if ((!is_loaded(object) && object->kind != CATALOG_MODEL) || (table && object != table)) {
            continue;
        }
        g_autofree char *sql =
            is_loaded(object) ? loads_sql(object, days, zone) : runs_sql(object, days, zone);
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
