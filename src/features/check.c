/* Checks of rows on their way in: `checks` of features, of severity error. A row that breaks one is counted
 * and kept with its reason (rejects.c); the others go on. */
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
