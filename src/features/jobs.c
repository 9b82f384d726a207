/* Jobs: a queue, a few workers, and what is known of each. See jobs.h. */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/time.h"
#include "features/jobs_int.h"
#include "features/store_int.h"

#define RESULT_PREFIX   "features-"
#define CANCEL_AGAIN_US 10000

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
    g_clear_pointer(&spec->selection, features_selection_unref);
    g_free(spec->relation);
    g_free(spec->time);
    g_free(spec->user);
    g_free(spec->out);
    if (spec->end_free) {
        spec->end_free(spec->end_user);
    }
    *spec = (FeaturesJobSpec){0};
}

void features_job_unref(FeaturesJobItem *job)
{
    if (--job->refs > 0) {
        return;
    }
    features_job_spec_clear(&job->spec);
    g_clear_error(&job->error);
    g_free(job->id);
    g_free(job->part);
    g_free(job->path);
    g_free(job);
}

/* With the lock; its row goes with the next sweep. Who reads the result goes on. */
static void forget(FeaturesJobs *jobs, guint i)
{
    FeaturesJobItem *job = g_ptr_array_remove_index(jobs->all, i);
    if (job->has_result) {
        (void)unlink(job->path);
    }
    g_ptr_array_add(jobs->forgotten, g_strdup(job->id));
    features_job_unref(job);
}

/* Without the lock: deletes the rows of jobs that were forgotten. What cannot be deleted now is tried again.
 */
static bool sweep(FeaturesJobs *jobs, GError **error)
{
    g_autoptr(GPtrArray) ids = g_ptr_array_new_with_free_func(g_free);
    g_mutex_lock(&jobs->lock);
    g_ptr_array_extend_and_steal(ids, g_steal_pointer(&jobs->forgotten));
    jobs->forgotten = g_ptr_array_new_with_free_func(g_free);
    g_mutex_unlock(&jobs->lock);
    if (features_job_records_forget(jobs->features, ids, error)) {
        return true;
    }
    g_mutex_lock(&jobs->lock);
    g_ptr_array_extend_and_steal(jobs->forgotten, g_steal_pointer(&ids));
    g_mutex_unlock(&jobs->lock);
    return false;
}

/* With the lock: what ended long ago, and the oldest where there are too many. */
static void forget_old(FeaturesJobs *jobs, gint64 now_us)
{
    guint ended = 0;
    for (guint i = 0; i < jobs->all->len; i++) {
        ended += features_job_is_over(g_ptr_array_index(jobs->all, i));
    }
    for (guint i = 0; i < jobs->all->len;) {
        FeaturesJobItem *job = g_ptr_array_index(jobs->all, i);
        if (features_job_is_over(job) &&
            (ended > FEATURES_JOBS_KEPT || now_us - job->ended_us > FEATURES_JOB_KEPT_US)) {
            forget(jobs, i);
            ended--;
        } else {
            i++;
        }
    }
}

bool features_jobs_forget_old(FeaturesJobs *jobs, gint64 now_us, GError **error)
{
    g_mutex_lock(&jobs->lock);
    forget_old(jobs, now_us);
    g_mutex_unlock(&jobs->lock);
    return sweep(jobs, error);
}

/* ---- all jobs --------------------------------------------------------------------------------------------
 */

/* The result is there, or the job has none to give. */
static void take_result(FeaturesJobItem *job)
{
    struct stat info;
    bool due = g_str_equal(job->state, "done") && !job->spec.out;
    job->has_result = due && stat(job->path, &info) == 0;
    if (due && !job->has_result) {
        job->state = "failed";
        job->bytes = 0;
        base_fail(&job->error, BASE_E_FEATURE_JOB, "the result of retrieval `%s` is gone", job->id);
    }
}

static char *result_path(const char *dir, const char *id, FeaturesFormat format)
{
    return g_strdup_printf("%s/" RESULT_PREFIX "%s.%s", dir, id, FORMATS[format]);
}

static void add_record(FeaturesJobs *jobs, FeaturesJob *record)
{
    FeaturesJobItem *job = g_new0(FeaturesJobItem, 1);
    *job = (FeaturesJobItem){.jobs = jobs,
                             .spec = {.format = record->format,
                                      .user = g_steal_pointer(&record->user),
                                      .out = g_steal_pointer(&record->out)},
                             .path = result_path(jobs->results, record->id, record->format),
                             .refs = 1,
                             .state = record->state,
                             .started_us = record->started_us,
                             .ended_us = record->ended_us,
                             .rows = record->rows,
                             .bytes = record->bytes,
                             .share = g_str_equal(record->state, "done"),
                             .error = g_steal_pointer(&record->error)};
    job->id = g_steal_pointer(&record->id);
    take_result(job);
    g_ptr_array_add(jobs->all, job);
}

/* Files that no job has: of a process that was killed. */
static void remove_strays(const FeaturesJobs *jobs)
{
    g_autoptr(GHashTable) known = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < jobs->all->len; i++) {
        const FeaturesJobItem *job = g_ptr_array_index(jobs->all, i);
        g_hash_table_add(known, job->path);
    }
    g_autoptr(GDir) files = g_dir_open(jobs->results, 0, NULL);
    const char *name;
    while (files && (name = g_dir_read_name(files))) {
        g_autofree char *path = g_build_filename(jobs->results, name, NULL);
        if (!g_hash_table_contains(known, path)) {
            (void)unlink(path);
        }
    }
}

static bool open_records(FeaturesJobs *jobs, GError **error)
{
    g_autoptr(GArray) records = features_job_records_open(jobs->features, error);
    if (!records || !base_fs_mkdir(jobs->results, error)) {
        return false;
    }
    g_mutex_lock(&jobs->lock);
    for (guint i = 0; i < records->len; i++) {
        add_record(jobs, &g_array_index(records, FeaturesJob, i));
    }
    remove_strays(jobs);
    forget_old(jobs, base_time_now_us());
    g_mutex_unlock(&jobs->lock);
    return sweep(jobs, error);
}

FeaturesJobs *features_jobs_open(Features *features, const char *spool, const char *results, GError **error)
{
    FeaturesJobs *jobs = g_new0(FeaturesJobs, 1);
    jobs->features = features;
    jobs->spool = g_strdup(spool);
    jobs->results = g_strdup(results);
    jobs->all = g_ptr_array_new();
    jobs->forgotten = g_ptr_array_new_with_free_func(g_free);
    jobs->workers = g_thread_pool_new(features_job_run, NULL, FEATURES_JOBS_RUNNING, FALSE, NULL);
    g_mutex_init(&jobs->lock);
    g_cond_init(&jobs->changed);
    if (!open_records(jobs, error)) {
        features_jobs_close(jobs);
        return NULL;
    }
    return jobs;
}

/* With the lock, which it lets go of while it waits. A job that waits ends at once; of one that runs whatever
 * its connection does is interrupted, again and again, because what begins forgets what came before. */
static void cancel(FeaturesJobItem *job)
{
    g_atomic_int_set(&job->cancel, 1);
    if (!job->started_us && !features_job_is_over(job)) {
        job->state = "cancelled";
        job->ended_us = base_time_now_us();
        job->jobs->waiting--;
    }
    job->refs++;
    while (!features_job_is_over(job)) {
        if (job->conn) {
            engine_conn_interrupt(job->conn);
        }
        (void)g_cond_wait_until(&job->jobs->changed, &job->jobs->lock,
                                g_get_monotonic_time() + CANCEL_AGAIN_US);
    }
    features_job_unref(job);
}

void features_jobs_close(FeaturesJobs *jobs)
{
    if (!jobs) {
        return;
    }
    g_mutex_lock(&jobs->lock);
    jobs->closing = true;
    for (guint i = jobs->all->len; i > 0; i--) { /* what waits first, so that it does not begin */
        cancel(g_ptr_array_index(jobs->all, i - 1));
    }
    g_mutex_unlock(&jobs->lock);
    g_thread_pool_free(jobs->workers, FALSE, TRUE);
    g_mutex_lock(&jobs->lock);
    for (guint i = 0; i < jobs->all->len; i++) {
        features_job_unref(g_ptr_array_index(jobs->all, i));
    }
    g_mutex_unlock(&jobs->lock);
    g_ptr_array_unref(jobs->all);
    g_ptr_array_unref(jobs->forgotten);
    g_mutex_clear(&jobs->lock);
    g_cond_clear(&jobs->changed);
    g_free(jobs->spool);
    g_free(jobs->results);
    g_free(jobs);
}

static char *new_id(FeaturesJobs *jobs)
{
    return g_strdup_printf("%" G_GINT64_FORMAT "-%" G_GUINT64_FORMAT, base_time_now_us() / 1000,
                           ++jobs->next);
}

/* A place in the queue is taken; NULL + TOO_MANY. */
static char *take_place(FeaturesJobs *jobs, GError **error)
{
    g_mutex_lock(&jobs->lock);
    forget_old(jobs, base_time_now_us());
    char *id = jobs->waiting < FEATURES_JOBS_WAITING ? new_id(jobs) : NULL;
    jobs->waiting += id != NULL;
    g_mutex_unlock(&jobs->lock);
    if (!id) {
        base_fail(error, BASE_E_TOO_MANY, "%d retrievals wait already", FEATURES_JOBS_WAITING);
    }
    return id;
}

static bool write_record(FeaturesJobs *jobs, const char *id, const FeaturesJobSpec *spec, GError **error)
{
    const FeaturesJob record = {
        .id = (char *)(guintptr)id, .user = spec->user, .out = spec->out, .format = spec->format};
    if (sweep(jobs, error) && features_job_record(jobs->features, &record, error)) {
        return true;
    }
    g_mutex_lock(&jobs->lock);
    jobs->waiting--;
    g_mutex_unlock(&jobs->lock);
    return false;
}

char *features_jobs_start(FeaturesJobs *jobs, FeaturesJobSpec *spec, GError **error)
{
    g_autofree char *id = take_place(jobs, error);
    if (!id || !write_record(jobs, id, spec, error)) {
        features_job_spec_clear(spec);
        return NULL;
    }
    FeaturesJobItem *job = g_new0(FeaturesJobItem, 1);
    *job = (FeaturesJobItem){.jobs = jobs,
                             .spec = *spec,
                             .id = g_strdup(id),
                             .part = result_path(jobs->spool, id, spec->format),
                             .path = result_path(jobs->results, id, spec->format),
                             .state = "waiting",
                             .rows = -1,
                             .refs = 2 /* the list's and the worker's */};
    *spec = (FeaturesJobSpec){0};
    g_mutex_lock(&jobs->lock);
    g_ptr_array_add(jobs->all, job);
    g_mutex_unlock(&jobs->lock);
    g_thread_pool_push(jobs->workers, job, NULL);
    return g_steal_pointer(&id);
}

/* ---- looking ---------------------------------------------------------------------------------------------
 */

static void copy_job(const FeaturesJobItem *job, FeaturesJob *ret)
{
    *ret = (FeaturesJob){.id = g_strdup(job->id),
                         .state = job->state,
                         .phase = features_job_is_over(job) || !job->phase ? "" : job->phase,
                         .started_us = job->started_us,
                         .ended_us = job->ended_us,
                         .rows = job->rows,
                         .bytes = job->bytes,
                         .share = job->share,
                         .format = job->spec.format,
                         .out = g_strdup(job->spec.out),
                         .path = job->has_result ? g_strdup(job->path) : NULL,
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
static FeaturesJobItem *find_job(FeaturesJobs *jobs, const char *id, GError **error)
{
    for (guint i = 0; i < jobs->all->len; i++) {
        FeaturesJobItem *job = g_ptr_array_index(jobs->all, i);
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
    forget_old(jobs, base_time_now_us());
    FeaturesJobItem *job = find_job(jobs, id, error);
    if (job) {
        job->refs++;
        while (wait_us > 0 && !features_job_is_over(job) &&
               g_cond_wait_until(&jobs->changed, &jobs->lock, until)) {
        }
        copy_job(job, ret);
        features_job_unref(job);
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
    forget_old(jobs, base_time_now_us());
    for (guint i = jobs->all->len; i > 0; i--) {
        const FeaturesJobItem *job = g_ptr_array_index(jobs->all, i - 1);
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
    guint i;
    g_mutex_lock(&jobs->lock);
    FeaturesJobItem *job = find_job(jobs, id, error);
    if (job && features_job_is_over(job) && g_ptr_array_find(jobs->all, job, &i)) {
        forget(jobs, i);
    } else if (job) {
        cancel(job);
    }
    g_mutex_unlock(&jobs->lock);
    return job && sweep(jobs, error);
}
