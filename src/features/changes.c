/* What was committed to a view's source since it was last read: how late rows are found.
 *
 * Event times say nothing of when a row came. Every row of a loaded table carries the id of its load
 * (INTAKE_LOAD_ID). Ids are given when a load begins and loads end in any order, so a mark is: `low`, below
 * which every load had ended, and the ids from there on that were seen. A table that a model makes has no
 * such column; its mark is its last run, and after another run all of it counts as new. Of a query there is
 * no mark: all of it counts as new each time. Reading too much is harmless, the store skips what it has. */
#include "engine/sql.h"
#include "features/store_int.h"

#define MARK_MAX_IDS 1000000

gint64 features_changes_low(Features *features)
{
    return intake_oldest_open(features->intake);
}

static json_t *mark_of_loads(EngineConn *conn, const CatalogTable *table, gint64 low, GError **error)
{
    g_autoptr(GString) sql = g_string_new("SELECT DISTINCT " INTAKE_LOAD_ID " AS id FROM ");
    engine_sql_append_table(sql, table->schema, table->name);
    g_string_append_printf(sql, " WHERE " INTAKE_LOAD_ID " >= %" G_GINT64_FORMAT " ORDER BY id", low);
    g_autoptr(json_t) rows = engine_query_json(conn, sql->str, NULL, 0, MARK_MAX_IDS, error);
    if (!rows) {
        return NULL;
    }
    json_t *seen = json_array(), *row;
    size_t i;
    json_array_foreach (rows, i, row) {
        json_array_append(seen, json_object_get(row, "id"));
    }
    return json_pack("{s:I, s:o}", "low", (json_int_t)low, "seen", seen);
}

static json_t *mark_of_runs(EngineConn *conn, const CatalogObject *model, GError **error)
{
    const EngineValue id = engine_value_text(model->id);
    g_autoptr(json_t) rows =
        engine_query_json(conn,
                          "SELECT count(*) AS n, max_by(run_id, started_us) AS last FROM _weir.runs WHERE "
                          "model = $1 AND state = 'done'",
                          &id, 1, 1, error);
    return rows ? json_pack("{s:O}", "runs", json_array_get(rows, 0)) : NULL;
}

/* A view's rows change with what it reads, without a run. */
static bool is_built(const CatalogObject *source)
{
    return source->kind == CATALOG_MODEL && source->model->kind != CATALOG_MODEL_VIEW;
}

char *features_changes_mark(EngineConn *conn, const CatalogObject *source, gint64 low, GError **error)
{
    g_autoptr(json_t) mark = !source            ? json_object()
                             : source->table    ? mark_of_loads(conn, source->table, low, error)
                             : is_built(source) ? mark_of_runs(conn, source, error)
                                                : json_object();
    return mark ? base_json_text(mark) : NULL;
}

static char *loads_since(const json_t *mark)
{
    GString *sql = g_string_new(NULL);
    g_string_append_printf(sql, INTAKE_LOAD_ID " >= %" G_GINT64_FORMAT, base_json_int(mark, "low", 0));
    const json_t *seen = json_object_get(mark, "seen"), *id;
    size_t i;
    json_array_foreach (seen, i, id) {
        g_string_append_printf(sql, "%s%" JSON_INTEGER_FORMAT, i ? ", " : " AND " INTAKE_LOAD_ID " NOT IN (",
                               json_integer_value(id));
    }
    g_string_append(sql, json_array_size(seen) ? ")" : "");
    return g_string_free(sql, FALSE);
}

char *features_changes_since(EngineConn *conn, const CatalogObject *source, const char *mark, GError **error)
{
    g_autoptr(json_t) before = mark ? base_json_parse(mark, strlen(mark), error) : json_object();
    if (!before) {
        return NULL;
    }
    if (source && source->table && json_object_get(before, "low")) {
        return loads_since(before);
    }
    const json_t *runs = json_object_get(before, "runs");
    if (!source || !is_built(source) || !runs) {
        return g_strdup("TRUE");
    }
    g_autoptr(json_t) now = mark_of_runs(conn, source, error);
    return now ? g_strdup(json_equal(runs, json_object_get(now, "runs")) ? "FALSE" : "TRUE") : NULL;
}
