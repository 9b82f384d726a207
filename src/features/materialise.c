/* From the warehouse to the online store.
 *
 * A run reads, in one transaction for each slice of time, the newest row of each entity and gives it to the
 * store, which keeps what is newer. The slice is recorded once the store has it, so a killed run loses at
 * most what doing it again puts right. An incremental run reads from where the last one ended, and besides
 * every row before that which was committed since (changes.c). See store.h. */
#include "base/fault.h"
#include "base/time.h"
#include "engine/sql.h"
#include "features/offline_int.h"
#include "features/read_int.h"

#define SLICE_ROWS   4000000
#define LOOK_US      (100 * 1000) /* how often who waits for a view looks whether it is still wanted */
#define MAX_SLICES   1000
#define REJECTS_KEPT 1000 /* of one slice */

typedef struct {
    Features *features;
    const FeaturesView *view;
    EngineConn *conn;
    FeaturesOnline *online;
    CatalogSnapshot *applied;
    const CatalogObject *source; /* NULL = a query */
    FeaturesTell tell;
    void *tell_user;
    const gint *cancel;
    char *mark_before, *mark; /* what was seen by the last incremental run; what this one sees */
    bool incremental;
    bool ends_before; /* than the last one: what came since and is newer than its end is left to the next */
    FeaturesRegistry *registry;
    char *windows;   /* features_read_windows; NULL = the view has none */
    char *check;     /* features_check_sql */
    json_t *rejects; /* kept once the slice is recorded */
    FeaturesMaterialised done;
} Run;

static void run_clear(Run *run)
{
    g_clear_pointer(&run->conn, engine_disconnect);
    g_clear_pointer(&run->applied, catalog_snapshot_unref);
    g_clear_pointer(&run->rejects, json_decref);
    g_free(run->check);
    g_free(run->windows);
    g_free(run->mark_before);
    g_free(run->mark);
}

/* ---- one slice
 * ----------------------------------------------------------------------------------------------- */

static void append_between(GString *sql, const FeaturesView *view, gint64 start_us, gint64 end_us)
{
    features_append_instant(sql, view->time);
    g_string_append(sql, " <= ");
    features_append_time(sql, end_us, true);
    if (start_us != G_MININT64) {
        g_string_append(sql, " AND ");
        features_append_instant(sql, view->time);
        g_string_append(sql, " >= ");
        features_append_time(sql, start_us, true);
    }
}

/* Rows of the slice, and late ones before it that the ttl has not ended. A view without times has one state,
 * as of the end. */
static char *rows_sql(const Run *run, gint64 start_us, gint64 end_us, const char *late)
{
    const FeaturesView *view = run->view;
    g_autofree char *read = features_read_sql(run->conn, view);
    GString *sql = g_string_new(read);
    if (view->time) {
        g_string_append(sql, " WHERE (");
        append_between(sql, view, start_us, end_us);
        g_string_append_c(sql, ')');
        if (late) {
            g_string_append(sql, " OR (");
            append_between(sql, view, view->ttl_us > 0 ? end_us - view->ttl_us : G_MININT64, start_us);
            g_string_append_printf(sql, " AND %s)", late);
        }
    }
    return g_string_free(sql, FALSE);
}

static void append_keys(GString *sql, const FeaturesView *view)
{
    for (size_t k = 0; k < view->n_keys; k++) {
        g_string_append(sql, k ? ", " : "");
        engine_sql_append_name(sql, view->keys[k].name);
    }
}

/* Newest good row of each entity. */
static char *newest_sql(const Run *run, const char *rows, gint64 end_us)
{
    const FeaturesView *view = run->view;
    GString *sql = g_string_new("SELECT ");
    append_keys(sql, view);
    g_string_append_printf(sql, "%scoalesce(_weir_event, %" G_GINT64_FORMAT "), _weir_created",
                           view->n_keys ? ", " : "", end_us);
    for (size_t f = 0; f < view->n_features; f++) {
        g_string_append(sql, ", ");
        engine_sql_append_name(sql, view->features[f].name);
    }
    g_string_append_printf(sql, " FROM (SELECT * FROM (%s)", rows);
    if (run->check) {
        g_string_append_printf(sql, " WHERE (%s) IS NULL", run->check);
    }
    g_string_append(sql, ") QUALIFY row_number() OVER (");
    if (view->n_keys) {
        g_string_append(sql, "PARTITION BY ");
        append_keys(sql, view);
    }
    g_string_append(sql, " ORDER BY _weir_event DESC, _weir_created DESC NULLS LAST, _weir_order DESC) = 1");
    return g_string_free(sql, FALSE);
}

/* Counts the rows that break a check and takes the first of them. */
static bool take_rejects(Run *run, const char *rows, FeaturesInterval *interval, GError **error)
{
    if (!run->check) {
        return true;
    }
    g_autoptr(GString) sql = g_string_new("SELECT ");
    append_keys(sql, run->view);
    g_string_append_printf(sql,
                           "%smake_timestamptz(_weir_event) AS event_time, reason, count(*) OVER () AS n "
                           "FROM (SELECT *, (%s) AS reason FROM (%s)) WHERE reason IS NOT NULL LIMIT %d",
                           run->view->n_keys ? ", " : "", run->check, rows, REJECTS_KEPT);
    json_t *found = engine_query_json(run->conn, sql->str, NULL, 0, REJECTS_KEPT, error);
    if (!found) {
        return false;
    }
    interval->rejected = base_json_int(json_array_get(found, 0), "n", 0);
    json_array_extend(run->rejects, found);
    json_decref(found);
    return true;
}

static bool stopped(const Run *run, GError **error)
{
    if (run->cancel && __atomic_load_n(run->cancel, __ATOMIC_RELAXED)) {
        return !base_fail(error, BASE_E_INTERRUPTED, "materialising `%s` was cancelled", run->view->name);
    }
    return false;
}

static bool put_rows(Run *run, EngineResult *result, gint64 start_us, FeaturesInterval *interval,
                     GError **error)
{
    FeaturesBatch batch;
    features_batch_init(&batch, run->view);
    GError *failed = NULL;
    bool ok = true;
    for (EngineChunk *chunk; ok && (chunk = engine_result_next(result, &failed));) {
        FeaturesPut put = {0};
        ok = !stopped(run, error) && features_batch_fill(&batch, run->view, chunk, error) &&
             features_online_put(run->online, run->view, batch.rows, batch.n, &put, error);
        for (size_t i = 0; ok && i < batch.n; i++) {
            interval->late += batch.rows[i].event_us < start_us;
        }
        interval->read += (gint64)batch.n;
        interval->written += put.written;
        run->done.skipped += put.skipped;
        if (ok && run->tell) {
            const FeaturesProgress progress = {
                .asked = -1, .done = run->done.read + interval->read, .phase = "writing"};
            run->tell(&progress, run->tell_user);
        }
        (void)BASE_FAULT("features-materialise-put");
    }
    features_batch_clear(&batch);
    if (ok && failed) {
        g_propagate_error(error, failed);
        return false;
    }
    g_clear_error(&failed);
    return ok;
}

static bool read_slice(Run *run, gint64 start_us, gint64 end_us, bool first, gint64 low,
                       FeaturesInterval *interval, GError **error)
{
    g_autofree char *late = NULL;
    if (first) {
        run->mark = features_changes_mark(run->conn, run->source, low, error);
        bool look = run->incremental && run->mark_before && run->view->time;
        late = look && run->mark ? features_changes_since(run->conn, run->source, run->mark_before, error)
                                 : NULL;
        if (!run->mark || (look && !late)) {
            return false;
        }
    }
    g_autofree char *rows = run->windows ? g_strdup(run->windows) : rows_sql(run, start_us, end_us, late);
    g_autofree char *sql = newest_sql(run, rows, end_us);
    if (!take_rejects(run, rows, interval, error)) {
        return false;
    }
    g_autoptr(EngineResult) result = engine_query(run->conn, sql, error);
    return result && put_rows(run, result, start_us, interval, error);
}

/* Late rows come with the first slice. */
static bool do_slice(Run *run, gint64 start_us, gint64 end_us, bool first, GError **error)
{
    FeaturesInterval interval = {.start_us = start_us, .end_us = end_us};
    gint64 low = features_changes_low(run->features);
    if (!engine_begin(run->conn, error)) {
        return false;
    }
    bool ok = read_slice(run, start_us, end_us, first, low, &interval, error);
    engine_rollback(run->conn); /* nothing was written */
    bool seen = run->incremental && !run->ends_before;
    interval.mark = seen || !run->mark_before ? run->mark : run->mark_before;
    (void)BASE_FAULT("features-materialise-record");
    if (!ok || !features_interval_record(run->features, run->view, &interval, run->rejects, error)) {
        return false;
    }
    run->done.read += interval.read;
    run->done.written += interval.written;
    run->done.late += interval.late;
    run->done.rejected += interval.rejected;
    json_array_clear(run->rejects);
    return true;
}

/* ---- one view
 * --------------------------------------------------------------------------------------------------- */

/* How many slices, and (of a range without start) where the first begins. */
static bool plan_slices(Run *run, gint64 *start_us, gint64 end_us, gint64 *ret_n, GError **error)
{
    *ret_n = 1;
    if (!run->view->time || run->windows) { /* all of it is one state */
        *start_us = *start_us == G_MININT64 ? end_us : *start_us;
        return true;
    }
    g_autoptr(GString) sql = g_string_new("SELECT count(*) AS n, epoch_us(min(");
    features_append_instant(sql, run->view->time);
    g_string_append_printf(sql, ")) AS low FROM %s WHERE ", run->view->relation);
    append_between(sql, run->view, *start_us, end_us);
    g_autoptr(json_t) rows = engine_query_json(run->conn, sql->str, NULL, 0, 1, error);
    if (!rows) {
        g_prefix_error(error, "feature view `%s`: ", run->view->name);
        return false;
    }
    const json_t *row = json_array_get(rows, 0);
    gint64 n = base_json_int(row, "n", 0);
    if (*start_us == G_MININT64) {
        *start_us = MIN(base_json_int(row, "low", end_us), end_us);
    }
    *ret_n = CLAMP((n + SLICE_ROWS - 1) / SLICE_ROWS, 1, MAX_SLICES);
    return true;
}

static bool run_view(Run *run, gint64 start_us, gint64 end_us, GError **error)
{
    gint64 n = 1, from_us = start_us, began_us = base_time_monotonic_us();
    bool windows = features_view_has_windows(run->view);
    if (!features_view_readable(run->view, error)) {
        return false;
    }
    if (windows && !(run->windows = features_read_windows(run->conn, run->registry, run->view, end_us,
                                                          features_retrieval_memory(run->features),
                                                          run->cancel, error))) {
        return false;
    }
    if ((!windows && !features_read_check(run->conn, run->view, error)) ||
        !plan_slices(run, &from_us, end_us, &n, error)) {
        return false;
    }
    run->done.start_us = from_us == G_MININT64 ? end_us : from_us;
    run->done.end_us = end_us;
    gint64 at_us = run->done.start_us, step_us = (end_us - at_us) / n;
    for (gint64 i = 0; i < n; i++) {
        gint64 to_us = i == n - 1 ? end_us : at_us + step_us;
        if (!do_slice(run, at_us, to_us, i == 0, error)) {
            return false;
        }
        at_us = to_us;
    }
    run->done.duration_us = base_time_monotonic_us() - began_us;
    return true;
}

bool features_take_view(Features *features, const FeaturesView *view, bool wait, const gint *cancel,
                        GError **error)
{
    g_mutex_lock(&features->lock);
    while (wait && g_hash_table_contains(features->busy, view->stored) &&
           !(cancel && __atomic_load_n(cancel, __ATOMIC_RELAXED))) {
        (void)!g_cond_wait_until(&features->changed, &features->lock, g_get_monotonic_time() + LOOK_US);
    }
    bool ok = !g_hash_table_contains(features->busy, view->stored) &&
              g_hash_table_add(features->busy, g_strdup(view->stored));
    g_mutex_unlock(&features->lock);
    return ok || base_fail(error, BASE_E_CONFLICT, "feature view `%s` is being materialised", view->name);
}

void features_give_view(Features *features, const FeaturesView *view)
{
    g_mutex_lock(&features->lock);
    g_hash_table_remove(features->busy, view->stored);
    g_cond_broadcast(&features->changed);
    g_mutex_unlock(&features->lock);
}

static bool prepare(Run *run, gint64 *start_us, gint64 end_us, GError **error)
{
    Features *features = run->features;
    const FeaturesView *view = run->view;
    FeaturesPast past = {0};
    run->done.view = view;
    run->check = features_check_sql(view);
    run->rejects = json_array();
    run->online = features_online(features, error);
    run->conn = run->online ? engine_connect(features->engine, error) : NULL;
    if (!run->conn || !features_past_read(run->conn, view, &past, error)) {
        return false;
    }
    run->mark_before = past.mark;
    run->applied = features_applied(features);
    run->source = view->table ? catalog_find(run->applied, view->table, NULL, NULL) : NULL;
    if (run->incremental) {
        run->ends_before = end_us < past.end_us;
        *start_us = past.end_us != G_MININT64 ? MIN(past.end_us, end_us)
                    : view->ttl_us > 0        ? end_us - view->ttl_us
                                              : G_MININT64;
    }
    return true;
}

static bool materialise_view(Run *run, gint64 start_us, gint64 end_us, bool wait, GError **error)
{
    if (!features_take_view(run->features, run->view, wait, run->cancel, error)) {
        return false;
    }
    bool ok = prepare(run, &start_us, end_us, error) && run_view(run, start_us, end_us, error);
    features_give_view(run->features, run->view);
    return ok;
}

/* ---- the calls
 * ------------------------------------------------------------------------------------------------------ */

/* The views named, else every newest one that is kept online. FeaturesView* borrowed from `registry`. */
static GPtrArray *views_of(const FeaturesRegistry *registry, const char *const *names, GError **error)
{
    g_autoptr(GPtrArray) views = g_ptr_array_new();
    for (size_t i = 0; names && names[i]; i++) {
        const FeaturesView *view = features_registry_view(registry, names[i], error);
        if (!view) {
            return NULL;
        }
        if (view->from == FEATURES_FROM_REQUEST) {
            base_fail(error, BASE_E_VALUE_INVALID,
                      "feature view `%s` is computed on demand: there is nothing to materialise", view->name);
            return NULL;
        }
        g_ptr_array_add(views, (gpointer)(uintptr_t)view);
    }
    const GPtrArray *all = features_registry_views(registry);
    for (guint i = 0; !names && i < all->len; i++) {
        const FeaturesView *view = g_ptr_array_index(all, i);
        if (view->latest && view->online && view->from != FEATURES_FROM_REQUEST) {
            g_ptr_array_add(views, (gpointer)(uintptr_t)view);
        }
    }
    return g_steal_pointer(&views);
}

typedef struct {
    const char *const *views;
    gint64 start_us, end_us;
    bool wait, incremental;
    FeaturesTell tell;
    void *tell_user;
    const gint *cancel;
} Order;

static bool materialise(Features *features, const Order *order, FeaturesRegistry *registry, GArray *done,
                        GError **error)
{
    g_autoptr(GPtrArray) views = views_of(registry, order->views, error);
    for (guint i = 0; views && i < views->len; i++) {
        Run run = {.features = features,
                   .view = g_ptr_array_index(views, i),
                   .registry = registry,
                   .tell = order->tell,
                   .tell_user = order->tell_user,
                   .cancel = order->cancel,
                   .incremental = order->incremental};
        bool ok = materialise_view(&run, order->start_us, order->end_us, order->wait, error);
        if (ok) {
            g_array_append_val(done, run.done);
        }
        run_clear(&run);
        if (!ok) {
            return false;
        }
    }
    return views != NULL;
}

static bool carry_out(Features *features, const Order *order, FeaturesMaterialisedList **ret_done,
                      GError **error)
{
    FeaturesMaterialisedList *list = g_new0(FeaturesMaterialisedList, 1);
    list->registry = features_registry(features);
    list->items = g_array_new(FALSE, TRUE, sizeof(FeaturesMaterialised));
    *ret_done = list;
    if (order->end_us < order->start_us) {
        return base_fail(error, BASE_E_INTERVAL_INVALID, "the end of the interval lies before its start");
    }
    return materialise(features, order, list->registry, list->items, error);
}

void features_materialised_free(FeaturesMaterialisedList *list)
{
    if (list) {
        g_array_unref(list->items);
        features_registry_unref(list->registry);
        g_free(list);
    }
}

bool features_materialise(Features *features, const char *const *views, gint64 start_us, gint64 end_us,
                          bool wait, FeaturesTell tell, void *tell_user, const gint *cancel,
                          FeaturesMaterialisedList **ret_done, GError **error)
{
    const Order order = {.views = views,
                         .start_us = start_us,
                         .end_us = end_us,
                         .wait = wait,
                         .tell = tell,
                         .tell_user = tell_user,
                         .cancel = cancel};
    return carry_out(features, &order, ret_done, error);
}

bool features_materialise_incremental(Features *features, const char *const *views, gint64 end_us, bool wait,
                                      FeaturesTell tell, void *tell_user, const gint *cancel,
                                      FeaturesMaterialisedList **ret_done, GError **error)
{
    const Order order = {.views = views,
                         .start_us = G_MININT64,
                         .end_us = end_us,
                         .wait = wait,
                         .incremental = true,
                         .tell = tell,
                         .tell_user = tell_user,
                         .cancel = cancel};
    return carry_out(features, &order, ret_done, error);
}
