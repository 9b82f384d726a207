/* One job: training rows retrieved, written, kept as its result. See jobs_int.h. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/fs.h"
#include "base/time.h"
#include "engine/sql.h"
#include "features/jobs_int.h"
#include "features/store_int.h"

#define RESULT_TABLE "weir_training_rows"

static void on_progress(const FeaturesProgress *progress, void *user)
{
    FeaturesJobItem *job = user;
    g_mutex_lock(&job->jobs->lock);
    job->phase = progress->phase;
    job->rows = progress->asked;
    /* the last twentieth is the file */
    job->share = progress->asked > 0 ? 0.95 * (double)progress->done / (double)progress->asked : 0;
    g_mutex_unlock(&job->jobs->lock);
}

/* Row by row in the order of the asking rows. */
static bool write_file(const FeaturesJobItem *job, EngineConn *conn, GError **error)
{
    static const char *const options[] = {[FEATURES_PARQUET] = "FORMAT parquet, COMPRESSION zstd",
                                          [FEATURES_CSV] = "FORMAT csv, HEADER",
                                          [FEATURES_JSON] = "FORMAT json, ARRAY true",
                                          [FEATURES_NDJSON] = "FORMAT json"};
    g_autoptr(GString) sql =
        g_string_new("COPY (SELECT * FROM temp.main." RESULT_TABLE " ORDER BY rowid) TO ");
    engine_sql_append_text(sql, job->part);
    g_string_append_printf(sql, " (%s)", options[job->spec.format]);
    return engine_exec(conn, sql->str, error);
}

static bool end_with(const FeaturesJobItem *job, GError **error)
{
    g_autofree char *label = features_job_label(job->id);
    bool ok = job->spec.end(job->part, label, job->spec.end_user, error);
    (void)BASE_FAULT("features-job-loaded");
    return ok;
}

static bool retrieve(FeaturesJobItem *job, EngineConn *conn, GError **error)
{
    const FeaturesJobSpec *spec = &job->spec;
    const FeaturesAsk ask = {.selection = spec->selection,
                             .relation = spec->relation,
                             .time = spec->time,
                             .start_us = spec->start_us,
                             .end_us = spec->end_us,
                             .snapshot = spec->snapshot,
                             .known_at = spec->known_at,
                             .known_at_us = spec->known_at_us,
                             .memory_bytes = features_retrieval_memory(job->jobs->features)};
    int64_t rows = 0;
    if (!features_retrieve(conn, &ask, RESULT_TABLE, on_progress, job, &job->cancel, error) ||
        !engine_query_int(conn, "SELECT count(*) FROM temp.main." RESULT_TABLE, &rows, error)) {
        return false;
    }
    const FeaturesProgress written = {.asked = rows, .done = rows, .phase = "writing"};
    on_progress(&written, job);
    return features_trained(job->jobs->features, conn, spec->selection, RESULT_TABLE, error) &&
           write_file(job, conn, error) && (!spec->end || end_with(job, error));
}

/* The file that was written becomes the result, for good. */
static bool keep_result(const FeaturesJobItem *job, gint64 *ret_bytes, GError **error)
{
    struct stat info;
    int fd = open(job->part, O_RDONLY | O_CLOEXEC);
    bool ok = fd >= 0 && fsync(fd) == 0 && fstat(fd, &info) == 0 && rename(job->part, job->path) == 0;
    int why = errno;
    if (fd >= 0) {
        close(fd);
    }
    if (!ok) {
        return base_fs_fail(error, why, "keep", job->path);
    }
    *ret_bytes = info.st_size;
    return base_fs_sync_dir(job->jobs->results, error);
}

/* How it ended, as a record; the error is borrowed. */
static FeaturesJob ending(const FeaturesJobItem *job, bool cancelled, gint64 bytes, GError *error)
{
    FeaturesJobs *jobs = job->jobs;
    g_mutex_lock(&jobs->lock);
    const FeaturesJob record = {.id = job->id,
                                .state = cancelled ? "cancelled"
                                         : error   ? "failed"
                                                   : "done",
                                .started_us = job->started_us,
                                .ended_us = base_time_now_us(),
                                .rows = job->rows,
                                .bytes = bytes,
                                .error = cancelled ? NULL : error};
    g_mutex_unlock(&jobs->lock);
    return record;
}

/* The row first: what was told to be done is done after a restart too. One that the close ended has no end in
 * its row; the next start gives it one. */
static FeaturesJob record_end(FeaturesJobItem *job, gint64 bytes, GError **error)
{
    FeaturesJobs *jobs = job->jobs;
    g_mutex_lock(&jobs->lock);
    bool closing = jobs->closing;
    g_mutex_unlock(&jobs->lock);
    bool cancelled = *error && g_atomic_int_get(&job->cancel);
    FeaturesJob record = ending(job, cancelled, bytes, *error);
    GError *unwritten = NULL;
    if ((cancelled && closing) || features_job_record_end(jobs->features, &record, &unwritten)) {
        return record;
    }
    if (*error) {
        g_error_free(unwritten);
    } else {
        *error = unwritten;
    }
    return ending(job, cancelled, 0, *error);
}

static void end_job(FeaturesJobItem *job, GError *error)
{
    FeaturesJobs *jobs = job->jobs;
    gint64 bytes = 0;
    bool kept = !error && !job->spec.end && keep_result(job, &bytes, &error);
    (void)unlink(job->part);  /* when it is there still */
    if (job->spec.end_free) { /* what it was given is not needed any more */
        job->spec.end_free(job->spec.end_user);
        job->spec.end_free = NULL;
    }
    const FeaturesJob record = record_end(job, bytes, &error);
    if (kept && error) {
        (void)unlink(job->path);
    }
    g_mutex_lock(&jobs->lock);
    job->state = record.state;
    job->share = error ? job->share : 1;
    job->bytes = record.bytes;
    job->has_result = kept && !error;
    job->ended_us = record.ended_us;
    job->error = record.error ? g_steal_pointer(&error) : NULL;
    g_clear_error(&error);
    g_clear_pointer(&job->spec.selection, features_selection_unref);
    g_cond_broadcast(&jobs->changed);
    features_job_unref(job);
    g_mutex_unlock(&jobs->lock);
}

/* A connection that a cancel can interrupt; NULL + error when the job was cancelled before. */
static EngineConn *begin_job(FeaturesJobItem *job, GError **error)
{
    FeaturesJobs *jobs = job->jobs;
    g_autoptr(EngineConn) conn = engine_connect(jobs->features->engine, error);
    g_mutex_lock(&jobs->lock);
    bool go = conn && !job->cancel;
    if (!features_job_is_over(job)) { /* also of one that has no connection: it waits no more */
        jobs->waiting--;
        job->started_us = base_time_now_us();
    }
    if (go) {
        job->state = "running";
        job->phase = "reading";
        job->conn = conn;
    }
    g_mutex_unlock(&jobs->lock);
    if (conn && !go) {
        base_fail(error, BASE_E_INTERRUPTED, "the job was cancelled");
    }
    return go ? g_steal_pointer(&conn) : NULL;
}

void features_job_run(gpointer data, gpointer unused)
{
    (void)unused;
    FeaturesJobItem *job = data;
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
