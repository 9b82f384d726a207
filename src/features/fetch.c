/* Rows of a source into arrays.
 *
 * A table is read on several connections at once, each a range of its rows; what has no stored order (a
 * query) on one. All connections see one state of the warehouse: they begin between two looks at the number
 * of commits that give the same. What would not fit is given up as soon as that shows, and the caller asks
 * for a part of the keys. */
#include "features/offline_int.h"

#include "engine/sql.h"

#define SNAPSHOT_TRIES 20
#define ENTRY_BYTES    40 /* what the join needs for a row */
#define ROOM_AHEAD                                                                                           \
    4 /* times the budget: more is not asked for at once, though only what is written is used */
#define GROUP_ROWS    122880
#define UNKNOWN_FIRST ((size_t)1 << 16)

/* ---- connections that see the same ----------------------------------------------------------------------
 */

/* A transaction sees the state of its first look. */
static bool begin_look(EngineConn *conn, GError **error)
{
    gint64 one;
    return engine_begin(conn, error) &&
           engine_query_int(conn, "SELECT count(*) FROM (SELECT 1 FROM pg_catalog.pg_namespace LIMIT 1)",
                            &one, error);
}

static void end_extra(FeaturesReaders *readers)
{
    for (size_t i = 1; i < readers->n; i++) {
        engine_rollback(readers->conns[i]);
    }
}

static bool begin_all(FeaturesReaders *readers, bool *ret_same, GError **error)
{
    unsigned before = 0, after = 0;
    Engine *engine = engine_conn_engine(readers->conns[0]);
    bool quiet = engine_changes(engine, &before);
    for (size_t i = 0; i < readers->n; i++) {
        if (!begin_look(readers->conns[i], error)) {
            return false;
        }
    }
    *ret_same = quiet && engine_changes(engine, &after) && before == after;
    return true;
}

bool features_readers_open(FeaturesReaders *readers, EngineConn *conn, GError **error)
{
    gint64 threads = 1;
    *readers = (FeaturesReaders){.conns = {conn}, .n = 1};
    if (!engine_query_int(conn, "SELECT current_setting('threads')", &threads, error)) {
        return false;
    }
    readers->threads = (unsigned)CLAMP(threads, 1, 64);
    for (size_t n = MIN(readers->threads, FEATURES_MAX_READERS); readers->n < n; readers->n++) {
        readers->conns[readers->n] = engine_connect(engine_conn_engine(conn), error);
        if (!readers->conns[readers->n]) {
            return false;
        }
    }
    for (int i = 0; i < SNAPSHOT_TRIES; i++) {
        bool same = false;
        if (!begin_all(readers, &same, error)) {
            return false;
        }
        if (same) {
            return true;
        }
        end_extra(readers);
        engine_rollback(conn);
        g_usleep(1000); /* a commit is under way */
    }
    for (; readers->n > 1; readers->n--) { /* never quiet: one connection sees one state too */
        engine_disconnect(readers->conns[readers->n - 1]);
    }
    return begin_look(conn, error);
}

bool features_readers_close(FeaturesReaders *readers, bool commit, GError **error)
{
    end_extra(readers);
    for (size_t i = 1; i < readers->n; i++) {
        engine_disconnect(readers->conns[i]);
    }
    if (readers->n > 0 && !commit) {
        engine_rollback(readers->conns[0]);
    }
    bool ok = readers->n == 0 || !commit || engine_commit(readers->conns[0], error);
    *readers = (FeaturesReaders){0};
    return ok;
}

/* ---- a range of rows on a connection
 * ------------------------------------------------------------------------ */

typedef struct {
    const FeaturesSource *source;
    FeaturesRows *rows;
    gint64 budget_bytes;
    size_t row_bytes;
    const gint *cancel;
    gint stop;         /* atomic: another range failed or found no room */
    gint full;         /* atomic */
    gint64 used_bytes; /* atomic */
} Fetch;

typedef struct {
    Fetch *fetch;
    EngineConn *conn;
    char *sql;
    bool grows; /* alone, and the number of rows is not known */
    FeaturesWriter writer;
    GError *error;
} Range;

static char *range_sql(const FeaturesSource *source, const FeaturesPass *pass, gint64 from, gint64 to)
{
    GString *sql = g_string_new("SELECT ");
    g_string_append_printf(sql, "%s FROM %s", source->select, source->relation);
    const char *and = " WHERE ";
    if (*source->where) {
        g_string_append_printf(sql, "%s(%s)", and, source->where);
        and = " AND ";
    }
    if (pass->modulus > 1) {
        g_string_append_printf(
            sql, "%shash(%s) %% %" G_GUINT64_FORMAT "::UBIGINT = %" G_GUINT64_FORMAT "::UBIGINT", and,
            source->keys, pass->modulus, pass->remainder);
        and = " AND ";
    }
    if (from >= 0) {
        g_string_append_printf(sql, "%s%s >= %" G_GINT64_FORMAT " AND %s < %" G_GINT64_FORMAT, and,
                               source->rowid, from, source->rowid, to);
    }
    return g_string_free(sql, FALSE);
}

static bool take_chunk(Range *range, const EngineChunk *chunk)
{
    Fetch *fetch = range->fetch;
    FeaturesWriter *writer = &range->writer;
    size_t n = engine_chunk_rows(chunk), heap = writer->heap_bytes;
    if (range->grows && writer->n + n > range->fetch->rows->room &&
        !features_rows_reserve(fetch->rows, MAX(fetch->rows->room * 2, UNKNOWN_FIRST), &range->error)) {
        return false;
    }
    if (!features_writer_add(writer, chunk, &range->error)) {
        return false;
    }
    gint64 more = (gint64)(n * fetch->row_bytes + writer->heap_bytes - heap);
    if (__atomic_add_fetch(&fetch->used_bytes, more, __ATOMIC_RELAXED) > fetch->budget_bytes) {
        g_atomic_int_set(&fetch->full, 1);
        return false;
    }
    if (fetch->cancel && __atomic_load_n(fetch->cancel, __ATOMIC_RELAXED)) {
        return base_fail(&range->error, BASE_E_INTERRUPTED, "the retrieval was cancelled");
    }
    return !g_atomic_int_get(&fetch->stop);
}

static gpointer run_range(gpointer data)
{
    Range *range = data;
    g_autoptr(EngineResult) result = engine_query(range->conn, range->sql, &range->error);
    EngineChunk *chunk;
    bool ok = result != NULL;
    while (ok && (chunk = engine_result_next(result, &range->error))) {
        ok = take_chunk(range, chunk);
    }
    if (!ok || range->error) {
        g_atomic_int_set(&range->fetch->stop, 1);
    }
    return NULL;
}

static void run_ranges(Range *ranges, size_t n)
{
    GThread *threads[FEATURES_MAX_READERS] = {NULL};
    for (size_t i = 1; i < n; i++) {
        threads[i] = g_thread_new("features-fetch", run_range, &ranges[i]);
    }
    run_range(&ranges[0]);
    for (size_t i = 1; i < n; i++) {
        g_thread_join(threads[i]);
    }
}

/* ---- all of them
 * --------------------------------------------------------------------------------------------- */

/* One past the last row; 0 = no rows. */
static bool last_row(const FeaturesReaders *readers, const FeaturesSource *source, gint64 *ret,
                     GError **error)
{
    g_autofree char *sql =
        g_strdup_printf("SELECT coalesce(max(%s) + 1, 0) FROM %s", source->rowid, source->relation);
    return engine_query_int(readers->conns[0], sql, ret, error);
}

/* One range of all rows, whose arrays grow as rows come. */
static bool begin_growing(const FeaturesReaders *readers, Fetch *fetch, const FeaturesPass *pass,
                          Range *range, size_t *ret_n, GError **error)
{
    if (!features_rows_reserve(fetch->rows, UNKNOWN_FIRST, error)) {
        return false;
    }
    *range = (Range){.fetch = fetch,
                     .conn = readers->conns[0],
                     .grows = true,
                     .sql = range_sql(fetch->source, pass, -1, -1)};
    features_writer_init(&range->writer, fetch->rows, 0);
    *ret_n = 1;
    return true;
}

static bool split_rows(const FeaturesReaders *readers, Fetch *fetch, const FeaturesPass *pass, Range *ranges,
                       size_t *ret_n, GError **error)
{
    gint64 end = 0;
    if (!last_row(readers, fetch->source, &end, error)) {
        return false;
    }
    if ((double)end * (double)fetch->row_bytes > (double)fetch->budget_bytes * ROOM_AHEAD) {
        return begin_growing(readers, fetch, pass, &ranges[0], ret_n, error);
    }
    if (!features_rows_reserve(fetch->rows, (size_t)end + 64 * readers->n, error)) {
        return false;
    }
    size_t n = end > 64 * ENGINE_CHUNK_ROWS && !fetch->source->local ? readers->n : 1;
    /* whole row groups of the engine, as far as there are any */
    gint64 step = ((end + (gint64)n - 1) / (gint64)n + GROUP_ROWS - 1) / GROUP_ROWS * GROUP_ROWS;
    *ret_n = 0;
    for (gint64 from = 0; from < end || *ret_n == 0; from += step) {
        Range *range = &ranges[*ret_n];
        *range = (Range){.fetch = fetch,
                         .conn = readers->conns[*ret_n],
                         .sql = range_sql(fetch->source, pass, from, MIN(from + step, end))};
        features_writer_init(&range->writer, fetch->rows, (size_t)from);
        (*ret_n)++;
    }
    return true;
}

static bool end_ranges(Fetch *fetch, Range *ranges, size_t n, bool *ret_full, GError **error)
{
    FeaturesWriter writers[FEATURES_MAX_READERS];
    bool ok = true;
    *ret_full = g_atomic_int_get(&fetch->full);
    for (size_t i = 0; i < n; i++) {
        g_free(ranges[i].sql);
        writers[i] = ranges[i].writer;
        if (ranges[i].error && ok && !*ret_full) {
            ok = false;
            g_propagate_error(error, g_steal_pointer(&ranges[i].error));
        }
        g_clear_error(&ranges[i].error);
    }
    if (ok && !*ret_full) {
        return features_writers_end(writers, n, fetch->source->time, error);
    }
    for (size_t i = 0; i < n; i++) {
        features_writer_clear(&writers[i]);
    }
    return ok;
}

bool features_fetch(const FeaturesReaders *readers, const FeaturesSource *source, const FeaturesPass *pass,
                    gint64 budget_bytes, const gint *cancel, FeaturesRows *rows, bool *ret_full,
                    GError **error)
{
    Fetch fetch = {.source = source,
                   .rows = rows,
                   .budget_bytes = budget_bytes,
                   .row_bytes = features_rows_width(rows) + ENTRY_BYTES,
                   .cancel = cancel};
    Range ranges[FEATURES_MAX_READERS];
    size_t n = 0;
    bool ok = source->rowid ? split_rows(readers, &fetch, pass, ranges, &n, error)
                            : begin_growing(readers, &fetch, pass, &ranges[0], &n, error);
    if (!ok) {
        return false;
    }
    run_ranges(ranges, n);
    return end_ranges(&fetch, ranges, n, ret_full, error);
}
