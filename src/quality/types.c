/* The table of types of checks, and how a check is called. */
#include "quality/quality_int.h"

const QualityType QUALITY_TYPES[] = {
    {"not_null", true, quality_rows_prepare, quality_rows_judge},
    {"accepted_values", true, quality_rows_prepare, quality_rows_judge},
    {"between", true, quality_rows_prepare, quality_rows_judge},
    {"range", true, quality_rows_prepare, quality_rows_judge},
    {"regex", true, quality_rows_prepare, quality_rows_judge},
    {"format", true, quality_rows_prepare, quality_rows_judge},
    {"length", true, quality_rows_prepare, quality_rows_judge},
    {"unique", true, NULL, quality_unique_judge},
    {"relationship", true, NULL, quality_relationship_judge},
    {"sql", true, quality_sql_prepare, quality_sql_judge},
    {"equal", true, NULL, quality_equal_judge},
    {"schema", true, NULL, quality_schema_judge},
    {"row_count", true, quality_row_count_prepare, quality_row_count_judge},
    {"freshness", true, quality_figure_prepare, quality_freshness_judge},
    {"null_rate", true, quality_figure_prepare, quality_rate_judge},
    {"duplicate_rate", true, quality_figure_prepare, quality_rate_judge},
    {"distribution", true, quality_figure_prepare, quality_distribution_judge},
    {"anomaly", false, quality_figure_prepare, quality_anomaly_judge},
    {NULL, false, NULL, NULL},
};

const QualityType *quality_type_by_name(const char *name)
{
    for (const QualityType *type = QUALITY_TYPES; type->name; type++) {
        if (g_str_equal(type->name, name)) {
            return type;
        }
    }
    return NULL;
}

/* The name given, or type(columns). */
static char *own_name(const json_t *check)
{
    const char *name = base_json_string(check, "name", NULL);
    if (name) {
        return g_strdup(name);
    }
    g_autoptr(GString) list = g_string_new(NULL);
    const char *one = base_json_string(check, "column", NULL);
    if (one) {
        g_string_append(list, one);
    }
    size_t i;
    json_t *item;
    json_array_foreach (json_object_get(check, "columns"), i, item) {
        g_string_append_printf(list, "%s%s", list->len ? ", " : "", json_string_value(item));
    }
    const char *type = base_json_string(check, "type", "");
    const char *of = base_json_string(check, "of", NULL);
    g_autofree char *words = of ? g_strdup_printf("%s%s%s", of, list->len ? " " : "", list->str) : NULL;
    const char *inside = words ? words : list->str;
    return g_strdup_printf("%s%s%s%s", type, *inside ? "(" : "", inside, *inside ? ")" : "");
}

GPtrArray *quality_check_names(const CatalogObject *model)
{
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    size_t i;
    json_t *check;
    json_array_foreach (json_object_get(model->definition, "checks"), i, check) {
        g_autofree char *own = own_name(check);
        guint times = GPOINTER_TO_UINT(g_hash_table_lookup(seen, own)) + 1;
        g_hash_table_replace(seen, g_strdup(own), GUINT_TO_POINTER(times));
        g_ptr_array_add(names, times == 1 ? g_strdup(own) : g_strdup_printf("%s %u", own, times));
    }
    return names;
}

bool quality_has_check(const CatalogObject *model, const char *check, GError **error)
{
    g_autoptr(GPtrArray) names = quality_check_names(model);
    g_autoptr(GString) list = g_string_new(NULL);
    for (guint i = 0; i < names->len; i++) {
        if (g_str_equal(names->pdata[i], check)) {
            return true;
        }
        g_string_append_printf(list, "%s`%s`", i ? ", " : "", (const char *)names->pdata[i]);
    }
    base_fail(error, BASE_E_REFERENCE_UNKNOWN, "`%s` has no check `%s`", model->full_name, check);
    base_error_hint(error, list->len ? "its checks are %s" : "%s", list->len ? list->str : "it has none");
    return false;
}
