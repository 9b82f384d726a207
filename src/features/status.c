/* How features do: freshness, shares of NULLs, what was served, drift. See store.h. */
#include "base/time.h"
#include "engine/sql.h"
#include "features/profile.h"
#include "features/read_int.h"

/* ---- profiles of training rows ----------------------------------------------------------------------------
 */

static bool insert_profiles(EngineConn *conn, void *user, GError **error)
{
    const json_t *profiles = user, *row;
    gint64 now_us = base_time_now_us();
    size_t i;
    json_array_foreach (profiles, i, row) {
        g_autofree char *profile = base_json_text(json_object_get(row, "profile"));
        const EngineValue values[] = {engine_value_text(base_json_string(row, "view", "")),
                                      engine_value_int(base_json_int(row, "version", 1)),
                                      engine_value_text(base_json_string(row, "feature", "")),
                                      engine_value_int(now_us), engine_value_text(profile)};
        if (!engine_exec_values(
                conn, "DELETE FROM _weir.feature_profiles WHERE view = $1 AND version = $2 AND feature = $3",
                values, 3, NULL, error) ||
            !engine_exec_values(conn,
                                "INSERT INTO _weir.feature_profiles (view, version, feature, at_us, profile) "
                                "VALUES ($1, $2, $3, $4, $5)",
                                values, G_N_ELEMENTS(values), NULL, error)) {
            return false;
        }
    }
    return true;
}

bool features_trained(Features *features, EngineConn *conn, const FeaturesSelection *selection,
                      const char *table, GError **error)
{
    g_autoptr(json_t) profiles = features_profile_take(conn, selection, table, error);
    return profiles && intake_transact(features->intake, insert_profiles, profiles, error);
}

/* {feature: profile} of a view's version. */
static json_t *read_profiles(EngineConn *conn, const FeaturesView *view, GError **error)
{
    const EngineValue values[] = {engine_value_text(view->name), engine_value_int(view->version)};
    g_autoptr(json_t) rows = engine_query_json(
        conn, "SELECT feature, profile FROM _weir.feature_profiles WHERE view = $1 AND version = $2", values,
        G_N_ELEMENTS(values), 10000, error);
    json_t *profiles = rows ? json_object() : NULL, *row;
    size_t i;
    json_array_foreach (rows, i, row) {
        const char *text = base_json_string(row, "profile", "null");
        json_t *profile = base_json_parse(text, strlen(text), NULL);
        json_object_set_new(profiles, base_json_string(row, "feature", ""),
                            profile ? profile : json_object());
    }
    return profiles;
}

/* ---- what was served
 * --------------------------------------------------------------------------------------------- */

FeaturesServed *features_served_of(Features *features, const FeaturesView *view)
{
    g_mutex_lock(&features->lock);
    FeaturesServed *served = g_hash_table_lookup(features->served, view->stored);
    if (!served) {
        served = features_served_new(view->n_features);
        g_hash_table_insert(features->served, g_strdup(view->stored), served);
    }
    g_mutex_unlock(&features->lock);
    return served;
}

void features_metrics_print(Features *features, GString *out)
{
    g_autoptr(FeaturesRegistry) registry = features_registry(features);
    const GPtrArray *views = features_registry_views(registry);
    g_string_append(out, "# HELP weir_features_served_total Values of features served online\n"
                         "# TYPE weir_features_served_total counter\n");
    for (guint i = 0; i < views->len; i++) {
        const FeaturesView *view = g_ptr_array_index(views, i);
        FeaturesServed *served = features_served_of(features, view);
        for (unsigned s = FEATURES_PRESENT; s <= FEATURES_OUTSIDE_MAX_AGE; s++) {
            gint64 n = 0;
            for (size_t f = 0; f < view->n_features; f++) {
                n += features_served_count(served, f, s);
            }
            g_string_append_printf(
                out, "weir_features_served_total{view=\"%s\",status=\"%s\"} %" G_GINT64_FORMAT "\n",
                view->stored, features_status_name(s), n);
        }
    }
}

/* ---- the source
 * ---------------------------------------------------------------------------------------------------- */

static void append_figures(GString *sql, const char *name, size_t f, FeaturesType type)
{
    g_autoptr(GString) column = g_string_new(NULL);
    engine_sql_append_name(column, name);
    bool ordered = !features_type_is_list(type) && type != FEATURES_BYTES;
    g_string_append_printf(sql,
                           ", count(*) - count(%s) AS nulls%" G_GSIZE_FORMAT
                           ", approx_count_distinct(%s) AS distinct%" G_GSIZE_FORMAT,
                           column->str, f, column->str, f);
    if (ordered) {
        g_string_append_printf(sql,
                               ", CAST(min(%s) AS VARCHAR) AS min%" G_GSIZE_FORMAT
                               ", CAST(max(%s) AS VARCHAR) AS max%" G_GSIZE_FORMAT,
                               column->str, f, column->str, f);
    }
}

/* One row of figures; an empty object for a view that cannot be read row by row (windows, on demand). */
static json_t *read_source(EngineConn *conn, const FeaturesView *view, gint64 now_us, GError **error)
{
    if (view->from == FEATURES_FROM_REQUEST || features_view_has_windows(view) || view->gone) {
        return json_object();
    }
    g_autofree char *read = features_read_sql(conn, view);
    g_autoptr(GString) sql = g_string_new("SELECT count(*) AS n");
    for (size_t f = 0; f < view->n_features; f++) {
        append_figures(sql, view->features[f].name, f, view->features[f].type);
    }
    g_string_append_printf(sql, " FROM (%s)", read);
    if (view->time && view->ttl_us > 0) {
        g_string_append_printf(sql, " WHERE _weir_event >= %" G_GINT64_FORMAT, now_us - view->ttl_us);
    }
    g_autoptr(json_t) rows = engine_query_json(conn, sql->str, NULL, 0, 1, error);
    json_t *row = json_array_get(rows, 0);
    return row ? json_incref(row) : NULL;
}

static gint64 read_newest(EngineConn *conn, const FeaturesView *view)
{
    gint64 newest = G_MININT64;
    if (!view->time || !view->relation || view->gone) {
        return newest;
    }
    g_autoptr(GString) sql = g_string_new("SELECT coalesce(epoch_us(max(");
    features_append_instant(sql, view->time);
    g_string_append_printf(sql, ")), %" G_GINT64_FORMAT "::BIGINT) FROM %s", G_MININT64 + 1, view->relation);
    g_autoptr(GError) unread = NULL;
    return engine_query_int(conn, sql->str, &newest, &unread) && newest != G_MININT64 + 1 ? newest
                                                                                          : G_MININT64;
}

/* ---- one view
 * -----------------------------------------------------------------------------------------------------------
 */

static const char *drift_word(const json_t *psi)
{
    double value = json_real_value(psi);
    return !psi ? NULL : value < 0.1 ? "none" : value < 0.25 ? "some" : "much";
}

static void set_figure(json_t *row, const char *key, const json_t *source, size_t f)
{
    g_autofree char *name = g_strdup_printf("%s%" G_GSIZE_FORMAT, key, f);
    json_object_set(row, key, json_object_get(source, name));
}

static json_t *feature_to_json(const FeaturesView *view, size_t f, const json_t *source,
                               FeaturesServed *served, const json_t *profiles)
{
    const FeaturesFeature *feature = &view->features[f];
    json_t *row = features_served_to_json(served, f, json_object_get(profiles, feature->name));
    base_json_set_string(row, "name", feature->name);
    base_json_set_string(row, "type", features_type_name(feature->type));
    json_object_set(row, "rows", json_object_get(source, "n"));
    set_figure(row, "nulls", source, f);
    set_figure(row, "distinct", source, f);
    set_figure(row, "min", source, f);
    set_figure(row, "max", source, f);
    base_json_set_string(row, "drift", drift_word(json_object_get(row, "psi")));
    return row;
}

static bool set_intervals(EngineConn *conn, const FeaturesView *view, json_t *row, GError **error)
{
    FeaturesPast past = {0};
    if (!features_past_read(conn, view, &past, error)) {
        return false;
    }
    g_free(past.mark);
    base_json_set_time(row, "materialised_to", past.end_us == G_MININT64 ? 0 : past.end_us);
    base_json_set_int(row, "rejected", past.rejected);
    return true;
}

static void set_online(Features *features, const FeaturesView *view, json_t *row)
{
    g_autoptr(GError) unknown = NULL; /* a store that does not answer is told as rows that are not known */
    FeaturesOnlineSize size = {.rows = -1};
    FeaturesOnline *online = view->from == FEATURES_FROM_REQUEST ? NULL : features_online(features, &unknown);
    if (online && features_online_size(online, view, &size, &unknown) && size.rows >= 0) {
        base_json_set_int(row, "online_rows", size.rows);
    } else {
        json_object_set_new(row, "online_rows", json_null());
    }
    base_json_set_string(row, "online_error", unknown ? unknown->message : NULL);
}

static json_t *view_to_json(Features *features, EngineConn *conn, const FeaturesView *view, GError **error)
{
    gint64 now_us = base_time_now_us(), newest_us = read_newest(conn, view);
    g_autoptr(json_t) source = read_source(conn, view, now_us, error);
    g_autoptr(json_t) profiles = source ? read_profiles(conn, view, error) : NULL;
    g_autoptr(json_t) row = json_object();
    base_json_set_string(row, "view", view->name);
    base_json_set_int(row, "version", view->version);
    if (!profiles || !set_intervals(conn, view, row, error)) {
        return NULL;
    }
    base_json_set_time(row, "newest", newest_us == G_MININT64 ? 0 : newest_us);
    json_object_set_new(row, "lag_seconds",
                        newest_us == G_MININT64 ? json_null() : json_integer((now_us - newest_us) / 1000000));
    base_json_set_string(row, "gone", view->gone);
    set_online(features, view, row);
    FeaturesServed *served = features_served_of(features, view);
    json_t *list = json_array();
    for (size_t f = 0; f < view->n_features; f++) {
        json_array_append_new(list, feature_to_json(view, f, source, served, profiles));
    }
    json_object_set_new(row, "features", list);
    return g_steal_pointer(&row);
}

json_t *features_status(Features *features, const char *view, GError **error)
{
    g_autoptr(FeaturesRegistry) registry = features_registry(features);
    g_autoptr(EngineConn) conn = engine_connect(features->engine, error);
    const FeaturesView *only = conn && view ? features_registry_view(registry, view, error) : NULL;
    if (!conn || (view && !only)) {
        return NULL;
    }
    g_autoptr(json_t) list = json_array();
    const GPtrArray *views = features_registry_views(registry);
    for (guint i = 0; i < views->len; i++) {
        const FeaturesView *own = g_ptr_array_index(views, i);
        if (only ? own != only : !own->latest) {
            continue;
        }
        json_t *row = view_to_json(features, conn, own, error);
        if (!row) {
            return NULL;
        }
        json_array_append_new(list, row);
    }
    return g_steal_pointer(&list);
}
