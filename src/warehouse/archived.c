/* Time whose input was archived must not be built again: the rows would be made from nothing, and what the
 * model has of it would be replaced by that. Which days are in the archive alone says _weir.archives, kept by
 * the end of data; a partition that was restored is there like any other. */
#include "warehouse/build_int.h"
#include "warehouse/intervals.h"

bool warehouse_has_archives(Warehouse *warehouse, EngineConn *conn, bool *ret, GError **error)
{
    gint64 n = 1;
    bool ok = g_atomic_int_get(&warehouse->has_archives) ||
              engine_query_int(conn,
                               "SELECT count(*) FROM duckdb_tables() WHERE schema_name = '_weir' AND "
                               "table_name = 'archives'",
                               &n, error);
    *ret = ok && n > 0;
    g_atomic_int_set(&warehouse->has_archives, *ret);
    return ok;
}

/* What `object` reads directly; a view is what it reads. */
static void add_inputs(CatalogSnapshot *snapshot, const CatalogObject *object, GHashTable *seen)
{
    g_autoptr(GPtrArray) edges = catalog_lineage_up(snapshot, object, NULL);
    for (guint i = 0; edges && i < edges->len; i++) {
        const CatalogObject *from = ((const CatalogEdge *)edges->pdata[i])->from;
        bool rows = from->kind == CATALOG_TABLE || from->kind == CATALOG_MODEL;
        if (rows && g_hash_table_add(seen, (gpointer)(guintptr)from) && from->kind == CATALOG_MODEL &&
            from->model->kind == CATALOG_MODEL_VIEW) {
            add_inputs(snapshot, from, seen);
        }
    }
}

static gint64 day_of(gint64 us, GTimeZone *zone)
{
    return us <= WAREHOUSE_BEGINNING_US ? WAREHOUSE_BEGINNING_US / BASE_TIME_DAY_US
                                        : base_period_ordinal(us, BASE_PERIOD_DAY, zone);
}

static char *day_text(gint64 day)
{
    int year, month, date;
    base_time_civil_from_days(day, &year, &month, &date);
    return g_strdup_printf("%04d-%02d-%02d", year, month, date);
}

/* The archived days of a table that touch the interval; *ret_first > *ret_last = none. */
static bool find_days(EngineConn *conn, const CatalogObject *table, WarehouseInterval interval,
                      GTimeZone *zone, gint64 *ret_first, gint64 *ret_last, GError **error)
{
    const EngineValue values[] = {engine_value_text(table->full_name),
                                  engine_value_int(day_of(interval.start_us, zone)),
                                  engine_value_int(day_of(interval.end_us - 1, zone))};
    g_autoptr(json_t) rows = engine_query_json(conn,
                                               "SELECT min(first_day) AS first, max(last_day) AS last FROM "
                                               "_weir.archives WHERE tbl = $1 AND state = "
                                               "'archived' AND first_day <= $3 AND last_day >= $2",
                                               values, G_N_ELEMENTS(values), 1, error);
    const json_t *row = json_array_get(rows, 0);
    *ret_first = base_json_int(row, "first", 1);
    *ret_last = base_json_int(row, "last", 0);
    return rows != NULL;
}

static bool refuse(const CatalogObject *table, gint64 first, gint64 last, const char *what, GError **error)
{
    g_autofree char *from = day_text(first), *to = day_text(last);
    base_fail(error, BASE_E_INPUT_ARCHIVED, "`%s` is archived for %s .. %s: %s", table->full_name, from, to,
              what);
    base_error_hint(error, "weir lifecycle restore %s --partition %s first", table->full_name, from);
    return false;
}

bool warehouse_archived_check(EngineConn *conn, const CatalogObject *table, gint64 start_us, gint64 end_us,
                              GTimeZone *zone, GError **error)
{
    gint64 first, last;
    return find_days(conn, table, (WarehouseInterval){start_us, end_us}, zone, &first, &last, error) &&
           (first > last || refuse(table, first, last, "its rows are not there to be repaired", error));
}

typedef struct {
    const CatalogObject *table; /* NULL = none */
    gint64 first, last;         /* days */
} Archived;

/* The first of what the model reads that has archived days in the interval. */
static bool find_input(EngineConn *conn, CatalogSnapshot *snapshot, const CatalogObject *model,
                       WarehouseInterval interval, GTimeZone *zone, Archived *ret, GError **error)
{
    g_autoptr(GHashTable) inputs = g_hash_table_new(NULL, NULL);
    GHashTableIter iter;
    gpointer input;
    *ret = (Archived){0};
    add_inputs(snapshot, model, inputs);
    g_hash_table_iter_init(&iter, inputs);
    while (!ret->table && g_hash_table_iter_next(&iter, &input, NULL)) {
        if (!find_days(conn, input, interval, zone, &ret->first, &ret->last, error)) {
            return false;
        }
        ret->table = ret->first <= ret->last ? input : NULL;
    }
    return true;
}

static bool refuse_input(const CatalogObject *model, const Archived *archived, GError **error)
{
    g_autofree char *what = g_strdup_printf("`%s` would be made again from nothing", model->full_name);
    return refuse(archived->table, archived->first, archived->last, what, error);
}

bool warehouse_inputs_check(EngineConn *conn, CatalogSnapshot *snapshot, const CatalogObject *model,
                            WarehouseInterval interval, GTimeZone *zone, GError **error)
{
    Archived archived;
    if (interval.start_us > WAREHOUSE_BEGINNING_US) {
        interval.start_us -= warehouse_sql_reach_us(model);
    }
    return find_input(conn, snapshot, model, interval, zone, &archived, error) &&
           (!archived.table || refuse_input(model, &archived, error));
}

/* ---- a run ----------------------------------------------------------------------------------------------
 */

/* Whether the model's table has rows of the archived days. */
static bool has_rows(Build *build, const Archived *archived, bool *ret, GError **error)
{
    GTimeZone *zone = build->context->zone;
    if (!build->exists || !build->time) {
        *ret = build->exists;
        return true;
    }
    WarehouseInterval at_work = build->interval;
    build->interval = (WarehouseInterval){base_period_start(archived->first, BASE_PERIOD_DAY, zone),
                                          base_period_start(archived->last + 1, BASE_PERIOD_DAY, zone)};
    g_autofree char *inside = warehouse_build_inside(build, "t");
    build->interval = at_work;
    g_autofree char *sql = g_strdup_printf(
        "SELECT count(*) FROM (SELECT 1 FROM %s AS t WHERE %s LIMIT 1) AS one", build->target_sql, inside);
    gint64 n = 0;
    bool ok = engine_query_int(build->conn, sql, &n, error);
    *ret = n > 0;
    return ok;
}

/* Time that was asked for is refused whenever input of it, as far back as the SELECT looks, is archived; else
 * it is enough that no row that is there would be lost: a model that is built for the first time takes what
 * there is. */
bool warehouse_build_inputs(Build *build, GError **error)
{
    const WarehouseRunContext *context = build->context;
    bool known = false;
    if (!warehouse_has_intervals(build->model) || build->run->end_us <= build->run->start_us) {
        return true;
    }
    if (!warehouse_has_archives(context->warehouse, build->conn, &known, error)) {
        return false;
    }
    if (!known) {
        return true;
    }
    bool asked =
        context->options->start_us || context->options->end_us || g_strcmp0(context->cause, "backfill") == 0;
    WarehouseInterval interval = {build->run->start_us, build->run->end_us};
    if (asked) {
        return warehouse_inputs_check(build->conn, context->snapshot, build->model, interval, context->zone,
                                      error);
    }
    Archived archived;
    bool lost = false;
    if (!find_input(build->conn, context->snapshot, build->model, interval, context->zone, &archived,
                    error) ||
        (archived.table && !has_rows(build, &archived, &lost, error))) {
        return false;
    }
    return !lost || refuse_input(build->model, &archived, error);
}
