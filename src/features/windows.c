/* What goes through the engine: aggregates over windows, and values that arrays cannot hold (lists).
 *
 * A window (t - w, t] is joined by the engine: the asking rows come to it as a feed with their keys, their
 * time and where the window begins. The result is a temporary table of the asking rows (by place) that had
 * rows; the others get what the aggregate gives for no rows at all (0 for a count, NULL for a sum). */
#include "features/offline_int.h"

#include <string.h>

#include "engine/sql.h"

#define MAX_FEED_COLUMNS 40

/* ---- the asking rows as a feed
 * ------------------------------------------------------------------------------ */

typedef struct {
    EngineFeed feed;
    const FeaturesBlock *block;
    size_t n_keys;
    FeaturesJoinKeys keys[MAX_FEED_COLUMNS];
    gint64 window_us;
    const gint64 *known; /* NULL = no such bound */
    gint64 known_at_us;  /* instead, when it is not G_MININT64 */
    gint next;           /* atomic: batches */
    const char *names[MAX_FEED_COLUMNS];
    EngineType types[MAX_FEED_COLUMNS];
} AskFeed;

static const char *const KEY_NAMES[] = {
    "_weir_k0", "_weir_k1", "_weir_k2",  "_weir_k3",  "_weir_k4",  "_weir_k5",  "_weir_k6",  "_weir_k7",
    "_weir_k8", "_weir_k9", "_weir_k10", "_weir_k11", "_weir_k12", "_weir_k13", "_weir_k14", "_weir_k15"};

static void add_feed_column(AskFeed *ask, const char *name, EngineTypeId id)
{
    ask->names[ask->feed.n_columns] = name;
    ask->types[ask->feed.n_columns] = (EngineType){.id = id};
    ask->feed.n_columns++;
}

static void put_keys(const AskFeed *ask, EngineBatch *batch, size_t column, size_t k, size_t from, size_t n)
{
    const FeaturesJoinKeys *key = &ask->keys[k];
    if (!engine_batch_wanted(batch, column)) {
        return;
    }
    for (size_t i = 0; i < n; i++) {
        size_t row = from + i;
        if (key->valid && !(key->valid[row / 64] >> (row % 64) & 1)) {
            engine_batch_set_null(batch, column, i);
        } else if (key->i64) {
            ((gint64 *)engine_batch_data(batch, column))[i] = key->i64[row];
        } else {
            engine_batch_set_bytes(batch, column, i, key->bytes + key->offsets[row],
                                   key->offsets[row + 1] - key->offsets[row]);
        }
    }
}

static gint64 window_start(gint64 time, gint64 window_us)
{
    gint64 start;
    return __builtin_sub_overflow(time, window_us, &start) || start < -G_MAXINT64 ? -G_MAXINT64 : start;
}

/* Columns: place, keys, time, start of the window, what was known until when. */
static bool ask_next(EngineFeed *feed, void *local, EngineBatch *batch, GError **error)
{
    (void)local;
    (void)error;
    AskFeed *ask = (AskFeed *)feed;
    const gint64 *times = features_block_times(ask->block);
    size_t from = (size_t)g_atomic_int_add(&ask->next, 1) * ENGINE_CHUNK_ROWS, at = 0;
    size_t n = from < ask->block->n ? MIN((size_t)ENGINE_CHUNK_ROWS, ask->block->n - from) : 0;
    gint64 *place = engine_batch_wanted(batch, at) ? engine_batch_data(batch, at) : NULL;
    for (size_t i = 0; place && i < n; i++) {
        place[i] = ask->block->place[from + i];
    }
    at++;
    for (size_t k = 0; k < ask->n_keys; k++, at++) {
        put_keys(ask, batch, at, k, from, n);
    }
    for (; at < feed->n_columns; at++) {
        gint64 *to = engine_batch_wanted(batch, at) ? engine_batch_data(batch, at) : NULL;
        size_t what = at - ask->n_keys;
        for (size_t i = 0; to && i < n; i++) {
            gint64 t = times[from + i];
            if (t == G_MININT64) {
                engine_batch_set_null(batch, at, i);
                continue;
            }
            to[i] = what == 1                        ? t
                    : what == 2                      ? window_start(t, ask->window_us)
                    : ask->known_at_us != G_MININT64 ? ask->known_at_us
                                                     : t;
        }
    }
    engine_batch_set_rows(batch, n);
    return true;
}

static bool ask_init(AskFeed *ask, const FeaturesRetrieval *r, const FeaturesUsed *used, GError **error)
{
    const FeaturesUse *use = used->use;
    *ask = (AskFeed){.block = &r->block, .n_keys = use->view->n_keys, .known_at_us = r->ask->known_at_us};
    ask->feed = (EngineFeed){.names = ask->names,
                             .types = ask->types,
                             .max_threads = r->readers.threads,
                             .rows_estimate = (gint64)r->block.n,
                             .next = ask_next};
    if (ask->n_keys > G_N_ELEMENTS(KEY_NAMES)) {
        return base_fail(error, BASE_E_ENTITY_ROWS, "view `%s` has more keys than windows take (%zu)",
                         use->view->name, G_N_ELEMENTS(KEY_NAMES));
    }
    add_feed_column(ask, "_weir_n", ENGINE_INT64);
    for (size_t i = 0; i < ask->n_keys; i++) {
        for (size_t k = 0; k < r->selection->n_keys; k++) {
            if (g_str_equal(r->selection->keys[k], use->keys[i])) {
                ask->keys[i] = features_rows_keys(&r->block.rows, k);
                add_feed_column(ask, KEY_NAMES[i], r->block.rows.columns[k].id);
            }
        }
    }
    EngineTypeId zoned[] = {ENGINE_TIMESTAMP, ENGINE_TIMESTAMP_TZ};
    add_feed_column(ask, "_weir_t", zoned[used->time_zone]);
    add_feed_column(ask, "_weir_from", zoned[used->time_zone]);
    if (r->ask->known_at && used->created_sql) {
        add_feed_column(ask, "_weir_known", zoned[used->created_zone]);
    }
    return true;
}

/* ---- windows ---------------------------------------------------------------------------------------------
 */

static char *windows_sql(FeaturesRetrieval *r, const FeaturesUsed *used, size_t use, gint64 window_us,
                         const char *table, guint64 feed)
{
    const FeaturesView *view = used->use->view;
    GString *sql = g_string_new(NULL);
    g_string_printf(sql, "CREATE OR REPLACE TEMP TABLE %s AS SELECT _weir_n", table);
    for (size_t i = 0; i < r->n_wanted; i++) {
        FeaturesWanted *wanted = &r->wanted[i];
        const FeaturesFeature *feature = &view->features[wanted->feature];
        if (wanted->use != use || wanted->how != FEATURES_BY_WINDOW || feature->window_us != window_us) {
            continue;
        }
        g_autofree char *value = features_feature_sql(feature);
        wanted->table = g_strdup(table);
        wanted->column = g_strdup_printf("_weir_w%zu", i);
        wanted->missing = g_strdup_printf("(SELECT %s FROM %s WHERE false)", value, used->relation);
        g_string_append_printf(sql, ", %s AS %s", value, wanted->column);
    }
    g_string_append_printf(sql, " FROM (SELECT *, %s AS _weir_time", used->time_sql);
    for (size_t k = 0; k < view->n_keys; k++) {
        g_string_append_printf(sql, ", %s AS _weir_s%zu", used->keys[k], k);
    }
    if (used->created_sql) {
        g_string_append_printf(sql, ", %s AS _weir_created", used->created_sql);
    }
    g_string_append_printf(sql,
                           " FROM %s) JOIN weir_feed(%" G_GINT64_FORMAT
                           ") ON _weir_time %s _weir_t AND _weir_time > _weir_from",
                           used->relation, (gint64)feed, view->exclusive ? "<" : "<=");
    for (size_t k = 0; k < view->n_keys; k++) {
        g_string_append_printf(sql, " AND _weir_s%zu = %s", k, KEY_NAMES[k]);
    }
    if (r->ask->known_at && used->created_sql) {
        g_string_append(sql, " AND _weir_created <= _weir_known");
    }
    g_string_append(sql, " GROUP BY _weir_n");
    return g_string_free(sql, FALSE);
}

static bool one_window(FeaturesRetrieval *r, const FeaturesUsed *used, size_t use, gint64 window_us,
                       GError **error)
{
    AskFeed ask;
    if (!ask_init(&ask, r, used, error)) {
        return false;
    }
    char *table = g_strdup_printf("_weir_features_window_%zu_%" G_GINT64_FORMAT, use, window_us);
    g_ptr_array_add(r->temps, table);
    ask.window_us = window_us;
    Engine *engine = engine_conn_engine(r->conn);
    guint64 id = engine_feed_add(engine, &ask.feed);
    g_autofree char *sql = windows_sql(r, used, use, window_us, table, id);
    bool ok = engine_exec(r->conn, sql, error);
    engine_feed_remove(engine, id);
    return ok;
}

bool features_windows(FeaturesRetrieval *r, const FeaturesUsed *used, size_t use, GError **error)
{
    for (size_t i = 0; i < r->n_wanted; i++) {
        const FeaturesWanted *wanted = &r->wanted[i];
        if (wanted->use == use && wanted->how == FEATURES_BY_WINDOW && !wanted->table &&
            !one_window(r, used, use, used->use->view->features[wanted->feature].window_us, error)) {
            return false;
        }
    }
    return true;
}

/* ---- values by row
 * ----------------------------------------------------------------------------------------- */

typedef struct {
    EngineFeed feed;
    const gint64 *winners;
    size_t n;
    gint next; /* atomic */
} RowFeed;

static bool row_next(EngineFeed *feed, void *local, EngineBatch *batch, GError **error)
{
    (void)local;
    (void)error;
    RowFeed *rows = (RowFeed *)feed;
    size_t from = (size_t)g_atomic_int_add(&rows->next, 1) * ENGINE_CHUNK_ROWS;
    size_t n = from < rows->n ? MIN((size_t)ENGINE_CHUNK_ROWS, rows->n - from) : 0;
    gint64 *place = engine_batch_wanted(batch, 0) ? engine_batch_data(batch, 0) : NULL;
    gint64 *row = engine_batch_wanted(batch, 1) ? engine_batch_data(batch, 1) : NULL;
    for (size_t i = 0; i < n; i++) {
        if (place) {
            place[i] = (gint64)(from + i);
        }
        if (row) {
            row[i] = rows->winners[from + i]; /* none is a row that no table has */
        }
    }
    engine_batch_set_rows(batch, n);
    return true;
}

bool features_lookup(FeaturesRetrieval *r, const FeaturesUsed *used, size_t use, const gint64 *winners,
                     GError **error)
{
    static const char *const names[] = {"_weir_n", "_weir_r"};
    static const EngineType types[] = {{.id = ENGINE_INT64}, {.id = ENGINE_INT64}};
    RowFeed rows = {.winners = winners, .n = r->block.n};
    rows.feed = (EngineFeed){.n_columns = 2,
                             .names = names,
                             .types = types,
                             .max_threads = r->readers.threads,
                             .rows_estimate = (gint64)r->block.n,
                             .next = row_next};
    char *table = g_strdup_printf("_weir_features_rows_%zu", use);
    g_ptr_array_add(r->temps, table);
    g_autoptr(GString) sql = g_string_new(NULL);
    g_string_printf(sql, "CREATE OR REPLACE TEMP TABLE %s AS SELECT _weir_n", table);
    for (size_t i = 0; i < r->n_wanted; i++) {
        FeaturesWanted *wanted = &r->wanted[i];
        if (wanted->use == use && wanted->how == FEATURES_BY_ROW) {
            g_autofree char *value = features_feature_sql(&used->use->view->features[wanted->feature]);
            wanted->table = g_strdup(table);
            wanted->column = g_strdup_printf("_weir_w%zu", i);
            wanted->missing = g_strdup("NULL");
            g_string_append_printf(sql, ", %s AS %s", value, wanted->column);
        }
    }
    Engine *engine = engine_conn_engine(r->conn);
    guint64 id = engine_feed_add(engine, &rows.feed);
    /* before any block has times there is no rowid either: then no row is looked for */
    g_string_append_printf(sql,
                           " FROM %s AS _weir_s JOIN weir_feed(%" G_GINT64_FORMAT ") ON _weir_s.%s = _weir_r",
                           used->relation, (gint64)id, used->rowid);
    bool ok = engine_exec(r->conn, sql->str, error);
    engine_feed_remove(engine, id);
    return ok;
}
