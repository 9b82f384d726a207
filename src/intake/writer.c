/* The committer's hand: a group of jobs as one transaction, with one label row for each load.
 *
 * Loads that share a plan are one INSERT. A group that fails is rolled back; the jobs of the part that failed
 * are done again each alone, the others together: nobody fails for another's rows. */
#include "base/time.h"
#include "engine/sql.h"
#include "intake/intake_int.h"

#define MAX_PREPARED 256

/* One plan's INSERT, kept: feed and statement. */
typedef struct {
    IntakeMemoryFeed *feed;
    guint64 feed_id;
    Engine *engine;
    IntakeKept *insert; /* NULL for tables with keys: */
    GPtrArray *merge_sql;
} Prepared;

struct IntakeWriter {
    Intake *intake;
    EngineConn *conn;
    GHashTable *prepared; /* signature -> Prepared* */
    IntakeMemoryFeed *loads_feed;
    guint64 loads_feed_id;
    IntakeKept *loads_insert;
};

/* ---- prepared plans
 * ----------------------------------------------------------------------------------------- */

static void prepared_free(gpointer data)
{
    Prepared *p = data;
    intake_kept_free(p->insert);
    engine_feed_remove(p->engine, p->feed_id);
    intake_memory_feed_free(p->feed);
    g_clear_pointer(&p->merge_sql, g_ptr_array_unref);
    g_free(p);
}

static IntakeMemoryFeed *feed_for(const IntakePlan *plan)
{
    guint n = plan->fields->len;
    g_autofree EngineType *types = g_new(EngineType, MAX(n, 1));
    g_autofree const char **names = g_new(const char *, MAX(n, 1));
    for (guint i = 0; i < n; i++) {
        const IntakeField *field = plan->fields->pdata[i];
        types[i] = field->type;
        names[i] = field->name;
    }
    return intake_memory_feed_new(types, names, n, true);
}

const char **intake_plan_column_names(const IntakePlan *plan)
{
    const char **names = g_new0(const char *, plan->mappings->len + 1);
    for (guint i = 0; i < plan->mappings->len; i++) {
        names[i] = ((IntakeMapping *)plan->mappings->pdata[i])->name;
    }
    return names;
}

GPtrArray *intake_plan_merge_sql(const IntakePlan *plan, const char *stage, bool replace)
{
    g_autofree const char **names = intake_plan_column_names(plan);
    const IntakeMerging merging = {plan->table,         names,  plan->has_delete, plan->partial,
                                   plan->new_key_error, replace};
    return intake_merge_sql(&merging, stage);
}

static Prepared *prepare(IntakeWriter *w, const IntakePlan *plan, GError **error)
{
    Prepared *p = g_hash_table_lookup(w->prepared, plan->signature);
    if (p) {
        return p;
    }
    if (g_hash_table_size(w->prepared) >= MAX_PREPARED) {
        g_hash_table_remove_all(w->prepared);
    }
    p = g_new0(Prepared, 1);
    p->engine = w->intake->engine;
    p->feed = feed_for(plan);
    p->feed_id = engine_feed_add(p->engine, &p->feed->feed);
    g_autofree char *from = g_strdup_printf("weir_feed(%" G_GUINT64_FORMAT ")", p->feed_id);
    g_autofree char *select = intake_plan_select(plan, from);
    if (intake_needs_merge(plan->table)) {
        g_autofree char *stage = g_strdup_printf("(%s)", select);
        p->merge_sql = intake_plan_merge_sql(plan, stage, false);
    } else {
        g_autofree char *target = engine_sql_table(plan->table->schema, plan->table->name);
        g_autofree char *sql = g_strdup_printf("INSERT INTO %s (%s, " INTAKE_LOAD_ID ") %s", target,
                                               plan->target_columns, select);
        p->insert = intake_kept_new(w->conn, &p->feed->feed, sql, error);
        if (!p->insert) {
            prepared_free(p);
            return NULL;
        }
    }
    g_hash_table_insert(w->prepared, g_strdup(plan->signature), p);
    return p;
}

void intake_writer_forget(IntakeWriter *writer)
{
    g_hash_table_remove_all(writer->prepared);
}

/* ---- a group
 * ------------------------------------------------------------------------------------------------- */

bool intake_exec_all(EngineConn *conn, const GPtrArray *statements, GError **error)
{
    for (guint i = 0; i < statements->len; i++) {
        if (!engine_exec(conn, statements->pdata[i], error)) {
            return false;
        }
    }
    return true;
}

/* The rows of jobs[from] and of every later job with the same plan, as one INSERT. `taken` marks them. */
static bool run_part(IntakeWriter *w, const GPtrArray *jobs, guint from, guint8 *part_of, GError **error)
{
    const IntakeJob *first = jobs->pdata[from];
    Prepared *p =
        engine_set_time_zone(w->conn, first->plan->zone_name, error) ? prepare(w, first->plan, error) : NULL;
    if (!p) {
        part_of[from] = 1;
        return false;
    }
    g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(gint64));
    gint64 rows = 0;
    intake_memory_feed_clear(p->feed);
    for (guint i = from; i < jobs->len; i++) {
        const IntakeJob *job = jobs->pdata[i];
        if (!job->plan ||
            (job->plan != first->plan && strcmp(job->plan->signature, first->plan->signature) != 0)) {
            continue;
        }
        part_of[i] = 1;
        rows += job->n_rows;
        g_array_append_val(ids, job->txn->txn_id);
        for (guint k = 0; k < job->chunks->len; k++) {
            intake_memory_feed_add(p->feed, job->chunks->pdata[k], job->txn->txn_id);
        }
    }
    const IntakeMergeRun merge = {p->merge_sql, first->plan->has_delete, rows,
                                  (const gint64 *)(gconstpointer)ids->data, ids->len};
    bool ok = p->insert ? intake_kept_run(p->insert, error) : intake_merge_run(w->conn, &merge, error);
    intake_memory_feed_clear(p->feed);
    return ok;
}

static bool write_loads(IntakeWriter *w, const GPtrArray *jobs, GError **error)
{
    size_t n = 0;
    for (guint i = 0; i < jobs->len; i++) {
        n += ((IntakeJob *)jobs->pdata[i])->txn != NULL;
    }
    if (n == 0) {
        return true;
    }
    gint64 now = base_time_now_us();
    IntakeChunk *chunk = intake_chunk_new(intake_loads_types(), INTAKE_LOADS_N_COLUMNS, n);
    n = 0;
    for (guint i = 0; i < jobs->len; i++) {
        IntakeJob *job = jobs->pdata[i];
        if (job->txn) {
            job->txn->finished_us = now;
            intake_txn_to_chunk(job->txn, chunk, n++);
        }
    }
    intake_memory_feed_clear(w->loads_feed);
    intake_memory_feed_add(w->loads_feed, chunk, 0);
    bool ok = intake_kept_run(w->loads_insert, error);
    intake_memory_feed_clear(w->loads_feed);
    intake_chunk_free(chunk);
    return ok;
}

bool intake_writer_reserve(EngineConn *conn, IntakeTxns *txns, gint64 *ret_high, GError **error)
{
    *ret_high = intake_txns_reserve(txns);
    if (*ret_high == 0) {
        return true;
    }
    const EngineValue value = {.id = ENGINE_INT64, .i64 = *ret_high};
    return engine_exec_values(conn, "UPDATE _weir.ids SET high = $1", &value, 1, NULL, error);
}

/* The id of a load among the jobs; 0 = there is none. */
static gint64 any_load(const GPtrArray *jobs)
{
    for (guint i = 0; i < jobs->len; i++) {
        const IntakeTxn *txn = ((const IntakeJob *)jobs->pdata[i])->txn;
        if (txn) {
            return txn->txn_id;
        }
    }
    return 0;
}

/* All jobs in one transaction. On failure `guilty` marks the jobs of the part that failed (none = not known).
 */
static bool run_group(IntakeWriter *w, const GPtrArray *jobs, guint8 *guilty, GError **error)
{
    g_autofree guint8 *done = g_malloc0(jobs->len), *part = g_malloc0(jobs->len);
    gint64 high = 0, load = any_load(jobs);
    bool ok = engine_begin(w->conn, error) &&
              (load == 0 || intake_writer_reserve(w->conn, w->intake->txns, &high, error));
    for (guint i = 0; ok && i < jobs->len; i++) {
        IntakeJob *job = jobs->pdata[i];
        if (done[i]) {
            continue;
        }
        memset(part, 0, jobs->len);
        part[i] = 1;
        ok = job->work
                 ? engine_set_time_zone(w->conn, job->zone, error) && job->work(w->conn, job->user, error)
                 : !job->plan || run_part(w, jobs, i, part, error);
        for (guint k = 0; k < jobs->len; k++) {
            done[k] |= part[k];
        }
        if (!ok) {
            memcpy(guilty, part, jobs->len);
        }
    }
    ok = ok && write_loads(w, jobs, error) && intake_commit_txn(w->conn, load, error);
    if (!ok) {
        engine_rollback(w->conn);
    } else if (high > 0) {
        intake_txns_reserved(w->intake->txns, high);
    }
    return ok;
}

static void run_alone(IntakeWriter *w, IntakeJob *job)
{
    g_autoptr(GPtrArray) one = g_ptr_array_new();
    g_ptr_array_add(one, job);
    intake_writer_run(w, one);
}

/* After a failed group: the guilty each alone, the others together; when the guilty are not known, each
 * alone. */
static void run_split(IntakeWriter *w, const GPtrArray *jobs, const guint8 *guilty)
{
    g_autoptr(GPtrArray) others = g_ptr_array_new();
    bool known = memchr(guilty, 1, jobs->len) && memchr(guilty, 0, jobs->len);
    for (guint i = 0; i < jobs->len; i++) {
        if (known && !guilty[i]) {
            g_ptr_array_add(others, jobs->pdata[i]);
        } else {
            run_alone(w, jobs->pdata[i]);
        }
    }
    if (others->len > 0) {
        intake_writer_run(w, others);
    }
}

void intake_writer_run(IntakeWriter *w, const GPtrArray *jobs)
{
    g_autofree guint8 *guilty = g_malloc0(jobs->len);
    gint64 start = base_time_monotonic_us();
    GError *why = NULL;
    if (run_group(w, jobs, guilty, &why)) {
        gint64 took = (base_time_monotonic_us() - start) / 1000;
        for (guint i = 0; i < jobs->len; i++) {
            IntakeJob *job = jobs->pdata[i];
            job->ok = true;
            job->commit_ms = took;
            if (job->txn) {
                intake_txns_finish(w->intake->txns, job->txn->txn_id, job->txn->state, job->txn->finished_us);
            }
        }
        return;
    }
    bool hopeless = g_error_matches(why, BASE_ERROR, BASE_E_DISK_FULL) || engine_poisoned(w->intake->engine);
    if (jobs->len > 1 && !hopeless) {
        g_error_free(why);
        run_split(w, jobs, guilty);
        return;
    }
    for (guint i = 0; i < jobs->len; i++) {
        IntakeJob *job = jobs->pdata[i];
        job->error = i + 1 == jobs->len ? g_steal_pointer(&why) : g_error_copy(why);
    }
}

/* ---- open and close
 * --------------------------------------------------------------------------------------------------- */

static bool start_loads_insert(IntakeWriter *w, GError **error)
{
    w->loads_feed =
        intake_memory_feed_new(intake_loads_types(), intake_loads_names(), INTAKE_LOADS_N_COLUMNS, false);
    w->loads_feed_id = engine_feed_add(w->intake->engine, &w->loads_feed->feed);
    g_autofree char *sql = g_strdup_printf(
        "INSERT INTO _weir.load_log SELECT * FROM weir_feed(%" G_GUINT64_FORMAT ")", w->loads_feed_id);
    w->loads_insert = intake_kept_new(w->conn, &w->loads_feed->feed, sql, error);
    return w->loads_insert != NULL;
}

IntakeWriter *intake_writer_new(Intake *intake, GError **error)
{
    IntakeWriter *w = g_new0(IntakeWriter, 1);
    w->intake = intake;
    w->prepared = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, prepared_free);
    w->conn = engine_connect(intake->engine, error);
    /* nobody asks for the progress of a group, and it is worked out at every step */
    if (!w->conn || !engine_exec(w->conn, "SET enable_progress_bar=false", error) ||
        !start_loads_insert(w, error)) {
        g_clear_pointer(&w, intake_writer_free);
    }
    return w;
}

void intake_writer_free(IntakeWriter *writer)
{
    if (!writer) {
        return;
    }
    g_hash_table_unref(writer->prepared);
    intake_kept_free(writer->loads_insert);
    if (writer->loads_feed) {
        engine_feed_remove(writer->intake->engine, writer->loads_feed_id);
        intake_memory_feed_free(writer->loads_feed);
    }
    engine_disconnect(writer->conn);
    g_free(writer);
}

EngineConn *intake_writer_conn(IntakeWriter *writer)
{
    return writer->conn;
}
