/* Rows of a view's source, typed. See read_int.h. */
#include "engine/sql.h"
#include "features/offline_int.h"
#include "features/read_int.h"

/* ---- the statement ------------------------------------------------------------------------------------- */

void features_append_instant(GString *sql, const char *column)
{
    g_string_append(sql, "CAST(");
    engine_sql_append_name(sql, column);
    g_string_append(sql, " AS TIMESTAMP WITH TIME ZONE)");
}

/* A view without times is as new as its reading. */
static void append_time(GString *sql, const char *column)
{
    if (!column) {
        g_string_append(sql, "NULL::BIGINT");
        return;
    }
    g_string_append(sql, "epoch_us(");
    features_append_instant(sql, column);
    g_string_append_c(sql, ')');
}

/* Where the rows are, and what tells which of two that tie was stored later. */
static char *take_order(EngineConn *conn, const FeaturesView *view, GString *order)
{
    g_autoptr(GArray) columns = features_columns_of(conn, view->relation, NULL);
    g_autofree char *rowid = NULL;
    char *relation = NULL;
    if (columns) {
        features_stored_order(conn, view, columns, &relation, &rowid);
    }
    if (rowid) {
        g_string_append(order, rowid);
    } else {
        features_append_hash_order(order, view);
    }
    return relation ? relation : g_strdup(view->relation);
}

char *features_read_sql(EngineConn *conn, const FeaturesView *view)
{
    g_autoptr(GString) order = g_string_new(NULL);
    g_autofree char *relation = take_order(conn, view, order);
    GString *sql = g_string_new("SELECT ");
    for (size_t k = 0; k < view->n_keys; k++) {
        g_string_append(sql, "CAST(");
        engine_sql_append_name(sql, view->keys[k].name);
        g_string_append_printf(sql, " AS %s) AS ", features_type_sql(view->keys[k].type));
        engine_sql_append_name(sql, view->keys[k].name);
        g_string_append(sql, ", ");
    }
    append_time(sql, view->time);
    g_string_append(sql, " AS _weir_event, ");
    append_time(sql, view->created);
    g_string_append_printf(sql, " AS _weir_created, %s AS _weir_order", order->str);
    for (size_t f = 0; f < view->n_features; f++) {
        g_autofree char *value = features_feature_sql(&view->features[f]);
        g_string_append_printf(sql, ", %s AS ", value);
        engine_sql_append_name(sql, view->features[f].name);
    }
    g_string_append_printf(sql, " FROM %s", relation);
    return g_string_free(sql, FALSE);
}

static bool check_type(const FeaturesView *view, const char *what, const char *name, FeaturesType type,
                       const char *found, GError **error)
{
    if (features_type_takes(type, found)) {
        return true;
    }
    base_fail(error, BASE_E_FEATURE_TYPE, "%s `%s` of feature view `%s` is %s, but its column is %s", what,
              name, view->name, features_type_name(type), found);
    base_error_hint(error, "declare the column's type, or cast it with expr:");
    return false;
}

bool features_read_check(EngineConn *conn, const FeaturesView *view, GError **error)
{
    g_autoptr(GString) sql = g_string_new("SELECT ");
    for (size_t k = 0; k < view->n_keys; k++) {
        engine_sql_append_name(sql, view->keys[k].name);
        g_string_append(sql, ", ");
    }
    for (size_t f = 0; f < view->n_features; f++) {
        features_append_feature(sql, &view->features[f]);
        g_string_append(sql, ", ");
    }
    g_string_append_printf(sql, "1 FROM %s LIMIT 0", view->relation);
    g_autoptr(EngineResult) result = engine_query(conn, sql->str, error);
    if (!result) {
        g_prefix_error(error, "feature view `%s`: ", view->name);
        return false;
    }
    for (size_t k = 0; k < view->n_keys; k++) {
        const FeaturesKey *key = &view->keys[k];
        if (!check_type(view, "key", key->name, key->type, engine_result_type_text(result, k), error)) {
            return false;
        }
    }
    for (size_t f = 0; f < view->n_features; f++) {
        const FeaturesFeature *feature = &view->features[f];
        if (!check_type(view, "feature", feature->name, feature->type,
                        engine_result_type_text(result, view->n_keys + f), error)) {
            return false;
        }
    }
    return true;
}

/* ---- aggregates over windows ------------------------------------------------------------------------------
 */

#define WINDOWS_TABLE "_weir_features_windows"

bool features_view_has_windows(const FeaturesView *view)
{
    for (size_t f = 0; f < view->n_features; f++) {
        if (view->features[f].window_us > 0) {
            return true;
        }
    }
    return false;
}

static char *windows_sql(const FeaturesView *view, gint64 end_us)
{
    GString *sql = g_string_new("SELECT ");
    for (size_t k = 0; k < view->n_keys; k++) {
        engine_sql_append_name(sql, view->keys[k].name);
        g_string_append(sql, ", ");
    }
    g_string_append_printf(sql,
                           "%" G_GINT64_FORMAT
                           "::BIGINT AS _weir_event, NULL::BIGINT AS _weir_created, 0::BIGINT AS _weir_order",
                           end_us);
    for (size_t f = 0; f < view->n_features; f++) {
        g_string_append(sql, ", CAST(");
        engine_sql_append_name(sql, view->features[f].name);
        g_string_append_printf(sql, " AS %s) AS ", features_type_sql(view->features[f].type));
        engine_sql_append_name(sql, view->features[f].name);
    }
    g_string_append(sql, " FROM " WINDOWS_TABLE);
    return g_string_free(sql, FALSE);
}

FeaturesSelection *features_select_view(FeaturesRegistry *registry, const FeaturesView *view, GError **error)
{
    g_autofree char *full = features_view_full_name(view);
    g_autofree char *name = g_strdup_printf("%s@v%u", full, view->version);
    const char *const names[] = {name, NULL};
    return features_select(registry, names, NULL, false, error);
}

char *features_read_windows(EngineConn *conn, FeaturesRegistry *registry, const FeaturesView *view,
                            gint64 end_us, gint64 memory_bytes, const gint *cancel, GError **error)
{
    g_autoptr(FeaturesSelection) selection = features_select_view(registry, view, error);
    const FeaturesAsk ask = {.selection = selection,
                             .start_us = view->ttl_us > 0 ? end_us - view->ttl_us : G_MININT64,
                             .end_us = end_us,
                             .snapshot = true,
                             .memory_bytes = memory_bytes,
                             .known_at_us = G_MININT64};
    bool ok = selection && engine_exec(conn, "DROP TABLE IF EXISTS " WINDOWS_TABLE, error) &&
              features_retrieve(conn, &ask, WINDOWS_TABLE, NULL, NULL, cancel, error);
    return ok ? windows_sql(view, end_us) : NULL;
}

/* ---- its rows -------------------------------------------------------------------------------------------
 */

void features_batch_init(FeaturesBatch *batch, const FeaturesView *view)
{
    *batch =
        (FeaturesBatch){.arena = features_arena_new(),
                        .values = g_new(FeaturesValue, (view->n_keys + view->n_features) * ENGINE_CHUNK_ROWS),
                        .rows = g_new(FeaturesRow, ENGINE_CHUNK_ROWS)};
}

void features_batch_clear(FeaturesBatch *batch)
{
    g_clear_pointer(&batch->arena, features_arena_free);
    g_clear_pointer(&batch->values, g_free);
    g_clear_pointer(&batch->rows, g_free);
}

static gint64 time_at(const EngineColumn *column, size_t row)
{
    return engine_column_is_null(column, row) ? FEATURES_NO_TIME : ((const gint64 *)column->data)[row];
}

bool features_batch_fill(FeaturesBatch *batch, const FeaturesView *view, const EngineChunk *chunk,
                         GError **error)
{
    size_t n_rows = engine_chunk_rows(chunk), n_keys = view->n_keys, width = n_keys + view->n_features;
    features_arena_reset(batch->arena);
    for (size_t c = 0; c < width; c++) {
        bool key = c < n_keys;
        FeaturesType type = key ? view->keys[c].type : view->features[c - n_keys].type;
        EngineColumn column = engine_chunk_column(chunk, key ? c : c + 2);
        for (size_t row = 0; row < n_rows; row++) {
            if (!features_value_of_column(&column, row, type, batch->arena, &batch->values[row * width + c],
                                          error)) {
                return false;
            }
        }
    }
    EngineColumn event = engine_chunk_column(chunk, n_keys), created = engine_chunk_column(chunk, n_keys + 1);
    batch->n = 0;
    for (size_t row = 0; row < n_rows; row++) {
        const FeaturesValue *values = &batch->values[row * width];
        bool whole = time_at(&event, row) != FEATURES_NO_TIME;
        for (size_t k = 0; k < n_keys; k++) {
            whole = whole && !values[k].null;
        }
        if (whole) {
            batch->rows[batch->n++] = (FeaturesRow){.keys = values,
                                                    .values = values + n_keys,
                                                    .event_us = time_at(&event, row),
                                                    .created_us = time_at(&created, row)};
        }
    }
    return true;
}
