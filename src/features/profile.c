/* Profiles of training rows. See profile.h. */
#include "features/profile.h"

#include "engine/sql.h"

#define COMMONEST 20

static bool is_number(FeaturesType type)
{
    return type == FEATURES_INT32 || type == FEATURES_INT64 || type == FEATURES_DOUBLE ||
           type == FEATURES_FLOAT || type == FEATURES_TIMESTAMP;
}

static void append_number(GString *out, const char *column, FeaturesType type)
{
    g_string_append_printf(out, type == FEATURES_TIMESTAMP ? "epoch(%s)" : "CAST(%s AS DOUBLE)", column);
}

/* {"n", "nulls", "edges": [...]}: deciles, equal ones once. */
static json_t *summary_of(EngineConn *conn, const char *table, const char *column, FeaturesType type,
                          GError **error)
{
    g_autoptr(GString) sql = g_string_new("SELECT count(*) AS n, count(*) - count(");
    g_string_append_printf(sql, "%s) AS nulls", column);
    if (is_number(type)) {
        g_string_append(sql, ", CAST(to_json(list_sort(list_distinct(approx_quantile(");
        append_number(sql, column, type);
        g_string_append(sql, ", [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9])))) AS VARCHAR) AS edges");
    }
    g_string_append_printf(sql, " FROM %s", table);
    g_autoptr(json_t) rows = engine_query_json(conn, sql->str, NULL, 0, 1, error);
    json_t *row = json_array_get(rows, 0);
    const char *text = base_json_string(row, "edges", NULL);
    json_t *edges = text ? base_json_parse(text, strlen(text), NULL) : NULL;
    if (row && is_number(type)) {
        json_object_set_new(row, "edges", edges ? edges : json_array());
    }
    return row ? json_incref(row) : NULL;
}

/* Counts in (-inf, e0], (e0, e1], ..., (en, inf). */
static json_t *bins_of(EngineConn *conn, const char *table, const char *column, FeaturesType type,
                       const json_t *edges, GError **error)
{
    g_autoptr(GString) sql = g_string_new("SELECT ");
    g_autoptr(GString) value = g_string_new(NULL);
    append_number(value, column, type);
    size_t n = json_array_size(edges);
    for (size_t i = 0; i <= n; i++) {
        g_string_append_printf(sql, "%scount(*) FILTER (WHERE %s IS NOT NULL", i ? ", " : "", value->str);
        if (i > 0) {
            g_string_append_printf(sql, " AND %s > %.17g", value->str,
                                   json_number_value(json_array_get(edges, i - 1)));
        }
        if (i < n) {
            g_string_append_printf(sql, " AND %s <= %.17g", value->str,
                                   json_number_value(json_array_get(edges, i)));
        }
        g_string_append_printf(sql, ") AS b%" G_GSIZE_FORMAT, i);
    }
    g_string_append_printf(sql, " FROM %s", table);
    g_autoptr(json_t) rows = engine_query_json(conn, sql->str, NULL, 0, 1, error);
    json_t *counts = rows ? json_array() : NULL, *count;
    const char *name;
    json_object_foreach (json_array_get(rows, 0), name, count) {
        json_array_append(counts, count);
    }
    return counts;
}

/* [[value, count]] of the commonest. */
static json_t *commonest_of(EngineConn *conn, const char *table, const char *column, GError **error)
{
    g_autofree char *sql = g_strdup_printf(
        "SELECT CAST(%s AS VARCHAR) AS v, count(*) AS n FROM %s WHERE %s IS NOT NULL GROUP BY "
        "1 ORDER BY 2 DESC, 1 LIMIT %d",
        column, table, column, COMMONEST);
    g_autoptr(json_t) rows = engine_query_json(conn, sql, NULL, 0, COMMONEST, error);
    json_t *values = rows ? json_array() : NULL, *row;
    size_t i;
    json_array_foreach (rows, i, row) {
        json_array_append_new(values,
                              json_pack("[O, O]", json_object_get(row, "v"), json_object_get(row, "n")));
    }
    return values;
}

static json_t *profile_of(EngineConn *conn, const char *table, const FeaturesPick *pick,
                          const FeaturesFeature *feature, GError **error)
{
    g_autoptr(GString) column = g_string_new(NULL);
    engine_sql_append_name(column, pick->name);
    json_t *profile = summary_of(conn, table, column->str, feature->type, error);
    if (!profile) {
        return NULL;
    }
    bool number = is_number(feature->type);
    json_t *shares =
        number ? bins_of(conn, table, column->str, feature->type, json_object_get(profile, "edges"), error)
               : commonest_of(conn, table, column->str, error);
    if (!shares) {
        json_decref(profile);
        return NULL;
    }
    json_object_set_new(profile, number ? "bins" : "commonest", shares);
    return profile;
}

json_t *features_profile_take(EngineConn *conn, const FeaturesSelection *selection, const char *table,
                              GError **error)
{
    g_autoptr(json_t) list = json_array();
    for (size_t p = 0; p < selection->n_picks; p++) {
        const FeaturesPick *pick = &selection->picks[p];
        const FeaturesView *view = selection->uses[pick->use].view;
        const FeaturesFeature *feature = &view->features[pick->feature];
        json_t *profile = profile_of(conn, table, pick, feature, error);
        if (!profile) {
            return NULL;
        }
        json_array_append_new(list,
                              json_pack("{s:s, s:i, s:s, s:o}", "view", view->name, "version",
                                        (int)view->version, "feature", feature->name, "profile", profile));
    }
    return g_steal_pointer(&list);
}
