/* Checks of rows on their way in: `checks` of features, of severity error. A row that breaks one is counted
 * and kept in _weir.feature_rejects with its reason; the others go on. */
#include "base/time.h"
#include "engine/sql.h"
#include "features/read_int.h"
#include "quality/quality.h"

static char *condition_of(const FeaturesFeature *feature, const json_t *check)
{
    if (g_str_equal(base_json_string(check, "type", ""), "expr")) { /* what must hold; unknown holds */
        return g_strdup_printf("NOT coalesce((%s), TRUE)", base_json_string(check, "expr", "TRUE"));
    }
    g_autoptr(GPtrArray) columns = g_ptr_array_new_with_free_func(g_free);
    GString *name = g_string_new(NULL);
    engine_sql_append_name(name, feature->name);
    g_ptr_array_add(columns, g_string_free(name, FALSE));
    return quality_row_condition(check, columns);
}

static void append_check(GString *sql, const FeaturesFeature *feature, const json_t *check)
{
    g_autofree char *condition = condition_of(feature, check);
    if (!condition || g_str_equal(base_json_string(check, "severity", "error"), "warn")) {
        return;
    }
    g_autofree char *reason = g_strdup_printf(
        "%s: %s", feature->name, base_json_string(check, "name", base_json_string(check, "type", "check")));
    g_string_append_printf(sql, "%s WHEN %s THEN ", sql->len ? "" : "CASE", condition);
    engine_sql_append_text(sql, reason);
}

char *features_check_sql(const FeaturesView *view)
{
    g_autoptr(GString) sql = g_string_new(NULL);
    const json_t *checks = json_object_get(view->definition, "checks"), *check;
    size_t i, f;
    json_array_foreach (checks, i, check) {
        if (features_view_feature(view, base_json_string(check, "column", ""), &f)) {
            append_check(sql, &view->features[f], check);
        }
    }
    if (sql->len == 0) {
        return NULL;
    }
    g_string_append(sql, " END");
    return g_string_free(g_steal_pointer(&sql), FALSE);
}

/* ---- what was rejected ------------------------------------------------------------------------------------
 */

typedef struct {
    const FeaturesView *view;
    const char *way;
    const json_t *rejects;
} Record;

static bool insert_rejects(EngineConn *conn, void *user, GError **error)
{
    const Record *record = user;
    size_t i;
    const json_t *reject;
    json_array_foreach (record->rejects, i, reject) {
        g_autofree char *row = base_json_text(reject);
        const EngineValue values[] = {engine_value_text(record->view->name),
                                      engine_value_int(record->view->version),
                                      engine_value_int(base_time_now_us()),
                                      engine_value_text(record->way),
                                      engine_value_text(base_json_string(reject, "reason", "")),
                                      engine_value_text(row)};
        if (!engine_exec_values(conn,
                                "INSERT INTO _weir.feature_rejects (view, version, at_us, way, reason, "
                                "row_json) VALUES ($1, $2, $3, $4, $5, $6)",
                                values, G_N_ELEMENTS(values), NULL, error)) {
            return false;
        }
    }
    return true;
}

bool features_rejects_record(Features *features, const FeaturesView *view, const char *way,
                             const json_t *rejects, GError **error)
{
    Record record = {.view = view, .way = way, .rejects = rejects};
    return json_array_size(rejects) == 0 || intake_transact(features->intake, insert_rejects, &record, error);
}

json_t *features_rejects(Features *features, const char *view, size_t limit, GError **error)
{
    g_autoptr(EngineConn) conn = engine_connect(features->engine, error);
    const EngineValue values[] = {engine_value_text(view), engine_value_int((gint64)limit)};
    return conn ? engine_query_json(conn,
                                    "SELECT view, version, make_timestamptz(at_us) AS at, way, reason, "
                                    "row_json AS row FROM _weir.feature_rejects WHERE CAST($1 AS VARCHAR) IS "
                                    "NULL OR view = $1 ORDER BY at_us DESC LIMIT $2",
                                    values, G_N_ELEMENTS(values), limit, error)
                : NULL;
}
