/* On-demand features: the engine computes their expressions over rows of a call.
 *
 * The rows are a feed of a memory engine of its own, so that an expression has no table in reach. The same
 * expressions run over training rows in retrieve.c. */
#include "engine/sql.h"
#include "features/store_int.h"

#define CALCULATOR_MEMORY_BYTES ((gint64)256 << 20)
#define CALCULATOR_MAX_IDLE     8

static EngineConn *take_conn(Features *features, GError **error)
{
    g_mutex_lock(&features->lock);
    EngineConn *conn =
        features->idle->len ? g_ptr_array_steal_index_fast(features->idle, features->idle->len - 1) : NULL;
    if (!conn && !features->calculator) {
        const EngineOptions options = {.threads = 1, .memory_bytes = CALCULATOR_MEMORY_BYTES};
        features->calculator = engine_open(&options, error);
    }
    Engine *engine = features->calculator;
    g_mutex_unlock(&features->lock);
    return conn ? conn : engine ? engine_connect(engine, error) : NULL;
}

static void give_conn(Features *features, EngineConn *conn)
{
    g_mutex_lock(&features->lock);
    if (features->idle->len < CALCULATOR_MAX_IDLE) {
        g_ptr_array_add(features->idle, g_steal_pointer(&conn));
    }
    g_mutex_unlock(&features->lock);
    g_clear_pointer(&conn, engine_disconnect);
}

static char *statement(guint64 feed, const FeaturesExpr *exprs, size_t n_exprs)
{
    GString *sql = g_string_new("SELECT ");
    for (size_t e = 0; e < n_exprs; e++) {
        g_string_append_printf(sql, "%sCAST((%s) AS %s)", e ? ", " : "", exprs[e].sql,
                               features_type_sql(exprs[e].type));
    }
    g_string_append_printf(
        sql, ", " FEATURES_FEED_ROW " FROM weir_feed(%" G_GUINT64_FORMAT ") ORDER BY " FEATURES_FEED_ROW,
        feed);
    return g_string_free(sql, FALSE);
}

/* Text lives in the chunk, which goes: it is copied. */
static void keep(FeaturesValue *value, FeaturesArena *arena)
{
    FeaturesType item = features_type_item(value->type);
    if (value->null || (item != FEATURES_STRING && item != FEATURES_BYTES)) {
        return;
    }
    if (features_type_is_list(value->type)) {
        FeaturesValue *items = features_arena_take(arena, value->list.n * sizeof *items);
        for (size_t i = 0; i < value->list.n; i++) {
            items[i] = value->list.items[i];
            keep(&items[i], arena);
        }
        value->list.items = items;
        return;
    }
    char *bytes = features_arena_take(arena, value->text.len + 1);
    memcpy(bytes, value->text.bytes, value->text.len);
    value->text.bytes = bytes;
}

static bool fail_rows(const FeaturesExpr *exprs, GError **error)
{
    return base_fail(error, BASE_E_VALUE_INVALID, "an expression (`%s`, ...) does not give one value a row",
                     exprs[0].sql);
}

/* Functions such as unnest() make several rows of one, or none; `ret` has room for one. */
static bool check_rows(const EngineChunk *chunk, const FeaturesExpr *exprs, size_t n_exprs, size_t at,
                       GError **error)
{
    EngineColumn column = engine_chunk_column(chunk, n_exprs);
    const gint64 *number = column.data;
    for (size_t row = 0; row < engine_chunk_rows(chunk); row++) {
        if (number[row] != (gint64)(at + row)) {
            return fail_rows(exprs, error);
        }
    }
    return true;
}

static bool read_chunk(const EngineChunk *chunk, const FeaturesExpr *exprs, size_t n_exprs, size_t n,
                       size_t at, FeaturesArena *arena, FeaturesValue *ret, GError **error)
{
    if (!check_rows(chunk, exprs, n_exprs, at, error)) {
        return false;
    }
    for (size_t e = 0; e < n_exprs; e++) {
        EngineColumn column = engine_chunk_column(chunk, e);
        for (size_t row = 0; row < engine_chunk_rows(chunk); row++) {
            FeaturesValue *value = &ret[e * n + at + row];
            if (!features_value_of_column(&column, row, exprs[e].type, arena, value, error)) {
                return false;
            }
            keep(value, arena);
        }
    }
    return true;
}

static bool evaluate(EngineConn *conn, const FeaturesTable *rows, const FeaturesExpr *exprs, size_t n_exprs,
                     FeaturesArena *arena, FeaturesValue *ret, GError **error)
{
    FeaturesFeed feed;
    features_feed_init(&feed, rows);
    Engine *engine = engine_conn_engine(conn);
    guint64 id = engine_feed_add(engine, &feed.feed);
    g_autofree char *sql = statement(id, exprs, n_exprs);
    EngineResult *result = engine_query(conn, sql, error);
    GError *failed = NULL;
    size_t at = 0;
    for (EngineChunk *chunk; result && !failed && (chunk = engine_result_next(result, &failed));
         at += engine_chunk_rows(chunk)) {
        (void)!read_chunk(chunk, exprs, n_exprs, rows->n, at, arena, ret, &failed);
    }
    if (result && !failed && at < rows->n) {
        (void)!fail_rows(exprs, &failed);
    }
    bool ok = result && !failed;
    g_clear_pointer(&result, engine_result_free);
    engine_feed_remove(engine, id);
    features_feed_clear(&feed);
    if (failed) {
        g_propagate_error(error, failed);
    }
    return ok;
}

bool features_evaluate(Features *features, const FeaturesTable *rows, const FeaturesExpr *exprs,
                       size_t n_exprs, FeaturesArena *arena, FeaturesValue *ret, GError **error)
{
    if (rows->n == 0 || n_exprs == 0) {
        return true;
    }
    EngineConn *conn = take_conn(features, error);
    bool ok = conn && evaluate(conn, rows, exprs, n_exprs, arena, ret, error);
    if (conn) {
        give_conn(features, conn);
    }
    return ok;
}

bool features_calculate(Features *features, const FeaturesView *view, const FeaturesTable *rows,
                        const size_t *wanted, size_t n_wanted, FeaturesArena *arena, FeaturesValue *ret,
                        GError **error)
{
    g_autofree FeaturesExpr *exprs = g_new(FeaturesExpr, MAX(n_wanted, 1));
    for (size_t w = 0; w < n_wanted; w++) {
        const FeaturesFeature *feature = &view->features[wanted[w]];
        exprs[w] = (FeaturesExpr){.sql = feature->expr, .type = feature->type};
    }
    if (!features_evaluate(features, rows, exprs, n_wanted, arena, ret, error)) {
        g_prefix_error(error, "feature view `%s`: ", view->name);
        return false;
    }
    return true;
}
