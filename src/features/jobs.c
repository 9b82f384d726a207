/* Jobs: a queue, a few workers, and what is known of each. See jobs.h. */
#include "features/jobs.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/time.h"
#include "engine/sql.h"

#define RESULT_TABLE    "weir_training_rows"
#define CANCEL_AGAIN_US 10000

typedef struct {
    FeaturesJobs *jobs;
    FeaturesJobSpec spec;
    char *id, *path;
    gint refs; /* under the lock */
    /* under the lock */
    const char *state, *phase;
    gint64 started_us, ended_us, rows, bytes;
    double share;
    GError *error;
    EngineConn *conn; /* while it runs */
    gint cancel;      /* atomic too */
} Job;

struct FeaturesJobs {
    Engine *engine;
    Features *features;
    char *dir;
    GThreadPool *workers;
    GMutex lock;
    GCond changed;
    GPtrArray *all; /* Job*, oldest first */
    guint64 next;
    guint waiting;
};

static const char *const FORMATS[] = {[FEATURES_PARQUET] = "parquet",
                                      [FEATURES_CSV] = "csv",
                                      [FEATURES_JSON] = "json",
                                      [FEATURES_NDJSON] = "ndjson"};

const char *features_format_name(FeaturesFormat format)
{
    return FORMATS[format];
}

bool features_format_by_name(const char *name, FeaturesFormat *ret)
{
    for (size_t i = 0; i < G_N_ELEMENTS(FORMATS); i++) {
        if (g_ascii_strcasecmp(name, FORMATS[i]) == 0) {
            *ret = (FeaturesFormat)i;
            return true;
        }
    }
    return false;
}

/* ---- life ---------------------------------------------------------------------------------------------- */

void features_job_spec_clear(FeaturesJobSpec *spec)
{
    g_clear_pointer(&spec->selection, features_selection_free);
    g_free(spec->relation);
    g_free(spec->time);
    g_free(spec->user);
    g_free(spec->out);
    if (spec->end_free) {
        spec->end_free(spec->end_user);
    }
    *spec = (FeaturesJobSpec){0};
}

/* With the lock. */
static void job_unref(Job *job)
{
    if (--job->refs > 0) {
        return;
    }
    if (job->path) {
        (void)unlink(job->path);
    }
    features_job_spec_clear(&job->spec);
    g_clear_error(&job->error);
    g_free(job->id);
    g_free(job->path);
    g_free(job);
}

static bool is_over(const Job *job)
{
    return job->ended_us != 0;
}

/* With the lock: what ended long ago, and the oldest where there are too many. */
static void forget_old(FeaturesJobs *jobs)
{
    gint64 now = base_time_now_us();
    guint ended = 0;
    for (guint i = 0; i < jobs->all->len; i++) {
        ended += is_over(g_ptr_array_index(jobs->all, i));
    }
    for (guint i = 0; i < jobs->all->len;) {
        Job *job = g_ptr_array_index(jobs->all, i);
        if (is_over(job) && (ended > FEATURES_JOBS_KEPT || now - job->ended_us > FEATURES_JOB_KEPT_US)) {
            g_ptr_array_remove_index(jobs->all, i);
            job_unref(job);
            ended--;
        } else {
            i++;
        }
    }
}

/* ---- a job ----------------------------------------------------------------------------------------------
 */

static void on_progress(const FeaturesProgress *progress, void *user)
{
    Job *job = user;
    g_mutex_lock(&job->jobs->lock);
    job->phase = progress->phase;
    job->rows = progress->asked;
    /* the last twentieth is the file */
    job->share = progress->asked > 0 ? 0.95 * (double)progress->done / (double)progress->asked : 0;
    g_mutex_unlock(&job->jobs->lock);
}

/* Row by row in the order of the asking rows. */
static bool write_file(const Job *job, EngineConn *conn, GError **error)
{
    static const char *const options[] = {[FEATURES_PARQUET] = "FORMAT parquet, COMPRESSION zstd",
                                          [FEATURES_CSV] = "FORMAT csv, HEADER",
                                          [FEATURES_JSON] = "FORMAT json, ARRAY true",
                                          [FEATURES_NDJSON] = "FORMAT json"};
    g_autoptr(GString) sql =
        g_string_new("COPY (SELECT * FROM temp.main." RESULT_TABLE " ORDER BY rowid) TO ");
    engine_sql_append_text(sql, job->path);
    g_string_append_printf(sql, " (%s)", options[job->spec.format]);
    return engine_exec(conn, sql->str, error);
}

static bool retrieve(Job *job, EngineConn *conn, GError **error)
{
    const FeaturesJobSpec *spec = &job->spec;
    const FeaturesAsk ask = {.selection = spec->selection,
                             .relation = spec->relation,
                             .time = spec->time,
                             .start_us = spec->start_us,
                             .end_us = spec->end_us,
                             .snapshot = spec->snapshot,
                             .known_at = spec->known_at,
                             .known_at_us = spec->known_at_us};
    int64_t rows = 0;
    if (!features_retrieve(conn, &ask, RESULT_TABLE, on_progress, job, &job->cancel, error) ||
        !engine_query_int(conn, "SELECT count(*) FROM temp.main." RESULT_TABLE, &rows, error)) {
        return false;
    }
    const FeaturesProgress written = {.asked = rows, .done = rows, .phase = "writing"};
    on_progress(&written, job);
    Features *features = job->jobs->features;
    if (features && !features_trained(features, conn, spec->selection, RESULT_TABLE, error)) {
        return false;
    }
    return write_file(job, conn, error) && (!spec->end || spec->end(job->path, spec->end_user, error));
}

static void end_job(Job *job, GError *error)
{
    FeaturesJobs *jobs = job->jobs;
    struct stat info;
    bool kept = !error && !job->spec.end;
    if (!kept) {
        (void)unlink(job->path);
    }
    if (job->spec.end_free) { /* what it was given is not needed any more */
        job->spec.end_free(job->spec.end_user);
        job->spec.end_free = NULL;
    }
    g_mutex_lock(&jobs->lock);
    bool cancelled = error && g_atomic_int_get(&job->cancel);
    job->state = cancelled ? "cancelled" : error ? "failed" : "done";
    job->share = error ? job->share : 1;
    job->bytes = kept && stat(job->path, &info) == 0 ? info.st_size : 0;
    job->ended_us = base_time_now_us();
    job->error = cancelled ? NULL : g_steal_pointer(&error);
    g_clear_error(&error);
    g_clear_pointer(&job->spec.selection, features_selection_free);
    g_cond_broadcast(&jobs->changed);
    job_unref(job);
    g_mutex_unlock(&jobs->lock);
}

/* A connection that a cancel can interrupt; NULL + error when the job was cancelled before. */
static EngineConn *begin_job(Job *job, GError **error)
{
    FeaturesJobs *jobs = job->jobs;
    g_autoptr(EngineConn) conn = engine_connect(jobs->engine, error);
    g_mutex_lock(&jobs->lock);
    bool go = conn && !job->cancel;
    jobs->waiting -= !is_over(job);
    if (go) {
        job->state = "running";
        job->phase = "reading";
        job->started_us = base_time_now_us();
        job->conn = conn;
    }
    g_mutex_unlock(&jobs->lock);
    if (conn && !go) {
        base_fail(error, BASE_E_INTERRUPTED, "the job was cancelled");
    }
    return go ? g_steal_pointer(&conn) : NULL;
}

static void run_job(gpointer data, gpointer unused)
{
    (void)unused;
    Job *job = data;
    GError *error = NULL;
    EngineConn *conn = begin_job(job, &error);
    if (conn) {
        bool ok = retrieve(job, conn, &error);
        g_mutex_lock(&job->jobs->lock);
        job->conn = NULL;
        g_mutex_unlock(&job->jobs->lock);
        engine_disconnect(conn);
        if (!ok && !error) {
            base_fail(&error, BASE_E_INTERNAL, "the retrieval failed without a reason");
        }
    }
    end_job(job, error);
}

/* ---- all jobs --------------------------------------------------------------------------------------------
 */

FeaturesJobs *features_jobs_new(Engine *engine, Features *features, const char *dir)
{
    FeaturesJobs *jobs = g_new0(FeaturesJobs, 1);
    jobs->engine = engine;
    jobs->features = features;
    jobs->dir = g_strdup(dir);
    jobs->all = g_ptr_array_new();
    jobs->workers = g_thread_pool_new(run_job, NULL, FEATURES_JOBS_RUNNING, FALSE, NULL);
    g_mutex_init(&jobs->lock);
    g_cond_init(&jobs->changed);
    return jobs;
}

/* With the lock, which it lets go of while it waits. A job that waits ends at once; of one that runs whatever
 * its connection does is interrupted, again and again, because what begins forgets what came before. */
static void cancel(Job *job)
{
    g_atomic_int_set(&job->cancel, 1);
    if (!job->started_us && !is_over(job)) {
        job->state = "cancelled";
        job->ended_us = base_time_now_us();
        job->jobs->waiting--;
    }
    job->refs++;
    while (!is_over(job)) {
        if (job->conn) {
            engine_conn_interrupt(job->conn);
        }
        (void)g_cond_wait_until(&job->jobs->changed, &job->jobs->lock,
                                g_get_monotonic_time() + CANCEL_AGAIN_US);
    }
    job_unref(job);
}

void features_jobs_free(FeaturesJobs *jobs)
{
    if (!jobs) {
        return;
    }
    g_mutex_lock(&jobs->lock);
    for (guint i = jobs->all->len; i > 0; i--) { /* what waits first, so that it does not begin */
        cancel(g_ptr_array_index(jobs->all, i - 1));
    }
    g_mutex_unlock(&jobs->lock);
    g_thread_pool_free(jobs->workers, FALSE, TRUE);
    g_mutex_lock(&jobs->lock);
    for (guint i = 0; i < jobs->all->len; i++) {
        job_unref(g_ptr_array_index(jobs->all, i));
    }
    g_mutex_unlock(&jobs->lock);
    g_ptr_array_unref(jobs->all);
    g_mutex_clear(&jobs->lock);
    g_cond_clear(&jobs->changed);
    g_free(jobs->dir);
    g_free(jobs);
}

static char *new_id(FeaturesJobs *jobs)
{
    return g_strdup_printf("%" G_GINT64_FORMAT "-%" G_GUINT64_FORMAT, base_time_now_us() / 1000,
                           ++jobs->next);
}

char *features_jobs_start(FeaturesJobs *jobs, FeaturesJobSpec *spec, GError **error)
{
    g_mutex_lock(&jobs->lock);
    forget_old(jobs);
    if (jobs->waiting >= FEATURES_JOBS_WAITING) {
        g_mutex_unlock(&jobs->lock);
        features_job_spec_clear(spec);
        base_fail(error, BASE_E_TOO_MANY, "%d retrievals wait already", FEATURES_JOBS_WAITING);
        return NULL;
    }
    Job *job = g_new0(Job, 1);
    job->jobs = jobs;
    job->spec = *spec;
    *spec = (FeaturesJobSpec){0};
    job->id = new_id(jobs);
    job->path = g_strdup_printf("%s/features-%s.%s", jobs->dir, job->id, FORMATS[job->spec.format]);
    job->state = "waiting";
    job->rows = -1;
    job->refs = 2; /* the list's and the worker's */
    jobs->waiting++;
    g_ptr_array_add(jobs->all, job);
    char *id = g_strdup(job->id);
    g_mutex_unlock(&jobs->lock);
    g_thread_pool_push(jobs->workers, job, NULL);
    return id;
}

/* ---- looking ---------------------------------------------------------------------------------------------
 */

static void copy_job(const Job *job, FeaturesJob *ret)
{
    bool has = is_over(job) && !job->error && !job->spec.end && g_str_equal(job->state, "done");
    *ret = (FeaturesJob){.id = g_strdup(job->id),
                         .state = job->state,
                         .phase = is_over(job) || !job->phase ? "" : job->phase,
                         .started_us = job->started_us,
                         .ended_us = job->ended_us,
                         .rows = job->rows,
                         .bytes = job->bytes,
                         .share = job->share,
                         .format = job->spec.format,
                         .out = g_strdup(job->spec.out),
                         .path = has ? g_strdup(job->path) : NULL,
                         .user = g_strdup(job->spec.user),
                         .error = job->error ? g_error_copy(job->error) : NULL};
}

void features_job_clear(FeaturesJob *job)
{
    g_free(job->id);
    g_free(job->out);
    g_free(job->path);
    g_free(job->user);
    g_clear_error(&job->error);
    *job = (FeaturesJob){0};
}

/* With the lock; NULL + FEATURE_JOB. */
static Job *find_job(FeaturesJobs *jobs, const char *id, GError **error)
{
    for (guint i = 0; i < jobs->all->len; i++) {
        Job *job = g_ptr_array_index(jobs->all, i);
        if (g_str_equal(job->id, id)) {
            return job;
        }
    }
    base_fail(error, BASE_E_FEATURE_JOB, "no retrieval `%s`, or it ended too long ago", id);
    return NULL;
}

bool features_jobs_get(FeaturesJobs *jobs, const char *id, gint64 wait_us, FeaturesJob *ret, GError **error)
{
    gint64 until = g_get_monotonic_time() + MAX(wait_us, 0);
    g_mutex_lock(&jobs->lock);
    forget_old(jobs);
    Job *job = find_job(jobs, id, error);
    if (job) {
        job->refs++;
        while (wait_us > 0 && !is_over(job) && g_cond_wait_until(&jobs->changed, &jobs->lock, until)) {
        }
        copy_job(job, ret);
        job_unref(job);
    }
    g_mutex_unlock(&jobs->lock);
    return job != NULL;
}

static void clear_one(gpointer data)
{
    features_job_clear(data);
}

GArray *features_jobs_list(FeaturesJobs *jobs, const char *user)
{
    GArray *list = g_array_new(FALSE, FALSE, sizeof(FeaturesJob));
    g_array_set_clear_func(list, clear_one);
    g_mutex_lock(&jobs->lock);
    forget_old(jobs);
    for (guint i = jobs->all->len; i > 0; i--) {
        const Job *job = g_ptr_array_index(jobs->all, i - 1);
        if (!user || g_strcmp0(job->spec.user, user) == 0) {
            FeaturesJob copy;
            copy_job(job, &copy);
            g_array_append_val(list, copy);
        }
    }
    g_mutex_unlock(&jobs->lock);
    return list;
}

bool features_jobs_cancel(FeaturesJobs *jobs, const char *id, GError **error)
{
    g_mutex_lock(&jobs->lock);
    Job *job = find_job(jobs, id, error);
    if (job && is_over(job)) {
        g_ptr_array_remove(jobs->all, job);
        job_unref(job);
    } else if (job) {
        cancel(job);
    }
    g_mutex_unlock(&jobs->lock);
    return job != NULL;
}
