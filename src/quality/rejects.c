/* Rows that are put aside: those that a condition names, or that fail a check marked `reject`. The good ones
 * go on. A row goes once, with all its reasons; it is kept whole, as JSON, until a run of the same interval
 * (a full build: any run) makes the model's rows anew. */
#include <string.h>

#include "base/text.h"
#include "quality/quality_int.h"

#define DEFAULT_MAX "10%"

bool quality_rejects_any(const CatalogObject *model)
{
    if (json_object_get(model->definition, "rejects")) {
        return true;
    }
    size_t i;
    json_t *check;
    json_array_foreach (json_object_get(model->definition, "checks"), i, check) {
        if (base_json_bool(check, "reject", false)) {
            return true;
        }
    }
    return false;
}

static void add_reason(GString *out, const char *condition, const char *reason)
{
    g_string_append_printf(out, "%sCASE WHEN %s THEN ", out->len ? ", " : "", condition);
    engine_sql_append_text(out, reason);
    g_string_append(out, " END");
}

static char *check_condition(const QualityRows *rows, const json_t *check, GError **error)
{
    if (g_str_equal(base_json_string(check, "type", ""), "relationship")) {
        return quality_relationship_condition(rows->snapshot, rows->model, check, error);
    }
    g_autoptr(GPtrArray) columns = g_ptr_array_new_with_free_func(g_free);
    const char *one = base_json_string(check, "column", NULL);
    if (one) {
        g_ptr_array_add(columns, quality_quote(one));
    }
    size_t i;
    json_t *item;
    json_array_foreach (json_object_get(check, "columns"), i, item) {
        g_ptr_array_add(columns, quality_quote(json_string_value(item)));
    }
    char *condition = quality_row_condition(check, columns);
    if (!condition) {
        base_fail(error, BASE_E_VALUE_INVALID, "`%s` is not about single rows: it cannot reject them",
                  base_json_string(check, "type", ""));
    }
    return condition;
}

/* The reasons of a row as one text, NULL for a good row. */
static char *reason_sql(const QualityRows *rows, GError **error)
{
    g_autoptr(GString) reasons = g_string_new(NULL);
    g_autoptr(GPtrArray) names = quality_check_names(rows->model);
    const json_t *rejects = json_object_get(rows->model->definition, "rejects");
    const char *when = base_json_string(rejects, "when", NULL);
    if (when) {
        g_autofree char *condition = g_strdup_printf("(%s)", when);
        add_reason(reasons, condition, base_json_string(rejects, "reason", when));
    }
    size_t i;
    json_t *check;
    json_array_foreach (json_object_get(rows->model->definition, "checks"), i, check) {
        if (!base_json_bool(check, "reject", false)) {
            continue;
        }
        g_autofree char *condition = check_condition(rows, check, error);
        if (!condition) {
            return NULL;
        }
        add_reason(reasons, condition, names->pdata[i]);
    }
    return reasons->len ? g_strdup_printf("nullif(concat_ws('; ', %s), '')", reasons->str) : g_strdup("NULL");
}

static char *too_many(const CatalogObject *model, gint64 n_rejected, gint64 n_rows)
{
    const json_t *max = json_object_get(json_object_get(model->definition, "rejects"), "max");
    g_autofree char *text = json_is_string(max) ? g_strdup(json_string_value(max))
                            : max               ? base_json_text(max)
                                                : g_strdup(DEFAULT_MAX);
    double bar = 0;
    if (!catalog_check_share(text, &bar)) {
        return g_strdup_printf("rejects: `max: %s` is neither a share nor a number of rows", text);
    }
    bool share = strchr(text, '%') || (bar > 0 && bar < 1);
    double allowed = share ? bar * (double)n_rows : bar;
    return (double)n_rejected > allowed ? g_strdup_printf("rejects: %" G_GINT64_FORMAT " of %" G_GINT64_FORMAT
                                                          " rows were rejected, more than %s",
                                                          n_rejected, n_rows, text)
                                        : NULL;
}

bool quality_rejects_take(EngineConn *conn, const QualityRows *rows, const char *aside_sql,
                          gint64 *ret_rejected, char **ret_failed, GError **error)
{
    g_autofree char *reason = reason_sql(rows, error);
    if (!reason) {
        return false;
    }
    g_autofree char *create = g_strdup_printf("CREATE OR REPLACE TABLE %s AS SELECT CAST(reason AS VARCHAR) "
                                              "AS reason, raw, id FROM (SELECT %s AS reason, "
                                              "CAST(to_json(new_rows) AS VARCHAR) AS raw, new_rows.rowid AS "
                                              "id FROM %s AS new_rows) AS judged WHERE reason IS NOT "
                                              "NULL",
                                              aside_sql, reason, rows->rows_sql);
    g_autofree char *count = g_strdup_printf("SELECT count(*) FROM %s", rows->rows_sql);
    g_autofree char *rejected = g_strdup_printf("SELECT count(*) FROM %s", aside_sql);
    g_autofree char *delete_sql =
        g_strdup_printf("DELETE FROM %s WHERE rowid IN (SELECT id FROM %s)", rows->rows_sql, aside_sql);
    int64_t n_rows = 0, n_rejected = 0;
    if (!engine_query_int(conn, count, &n_rows, error) || !engine_exec(conn, create, error) ||
        !engine_query_int(conn, rejected, &n_rejected, error) ||
        (n_rejected && !engine_exec(conn, delete_sql, error))) {
        return false;
    }
    *ret_rejected = n_rejected;
    *ret_failed = too_many(rows->model, n_rejected, n_rows);
    return true;
}

bool quality_rejects_record(EngineConn *conn, const CatalogObject *model, const char *aside_sql,
                            const char *run_id, gint64 at_us, gint64 start_us, gint64 end_us, GError **error)
{
    bool interval = start_us != 0 || end_us != 0;
    EngineValue values[] = {engine_value_text(model->id), engine_value_text(run_id), engine_value_int(at_us),
                            interval ? engine_value_int(start_us) : engine_value_text(NULL),
                            interval ? engine_value_int(end_us) : engine_value_text(NULL)};
    EngineValue cover[] = {values[0], values[3], values[4]};
    g_autofree char *insert = g_strdup_printf(
        "INSERT INTO _weir.rejects SELECT $1, $2, $3, $4, $5, reason, raw FROM %s ORDER BY id", aside_sql);
    g_autofree char *drop = g_strdup_printf("DROP TABLE %s", aside_sql);
    return engine_exec_values(
               conn,
               "DELETE FROM _weir.rejects WHERE model = $1 AND (CAST($2 AS BIGINT) IS NULL OR start_us IS "
               "NULL OR (start_us >= $2 AND end_us <= $3))",
               cover, G_N_ELEMENTS(cover), NULL, error) &&
           engine_exec_values(conn, insert, values, G_N_ELEMENTS(values), NULL, error) &&
           engine_exec(conn, drop, error);
}

json_t *quality_rejects_intervals(EngineConn *conn, const char *model, GError **error)
{
    EngineValue value = engine_value_text(model);
    return engine_query_json(
        conn,
        "SELECT start_us, end_us, count(*) AS rows FROM _weir.rejects WHERE model = $1 GROUP BY 1, 2 "
        "ORDER BY 1",
        &value, 1, 100000, error);
}
