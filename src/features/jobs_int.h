/* Private to jobs:
 *
 * jobs.c         the queue, and what people ask of it
 * job_run.c      one job, on a worker's thread
 * job_records.c  what is kept of each in _weir.feature_jobs, so that a restart forgets none
 */
#ifndef WEIR_FEATURES_JOBS_INT_H
#define WEIR_FEATURES_JOBS_INT_H

#include "features/jobs.h"

/* A job as the queue has it. */
typedef struct {
    FeaturesJobs *jobs;
    FeaturesJobSpec spec;
    char *id;
    char *part; /* the file that is written; NULL = it was not begun by this process */
    char *path; /* the result, when there is one */
    gint refs;  /* under the lock */
    /* under the lock */
    const char *state, *phase;
    gint64 started_us, ended_us, rows, bytes;
    double share;
    bool has_result;
    GError *error;
    EngineConn *conn; /* while it runs */
    gint cancel;      /* atomic too */
} FeaturesJobItem;

struct FeaturesJobs {
    Features *features;
    char *spool, *results;
    GThreadPool *workers;
    GMutex lock; /* guards the members below */
    GCond changed;
    GPtrArray *all;       /* FeaturesJobItem*, oldest first */
    GPtrArray *forgotten; /* char*: ids whose rows are to be deleted */
    guint64 next;
    guint waiting;
    bool closing; /* what is cancelled now was ended by the close */
};

static inline bool features_job_is_over(const FeaturesJobItem *job)
{
    return job->ended_us != 0;
}
/* With the lock. (jobs.c) */
void features_job_unref(FeaturesJobItem *job);
/* The work of a pool's thread; `data` is a FeaturesJobItem with a reference for it. (job_run.c) */
void features_job_run(gpointer data, gpointer unused);

/* ---- rows (job_records.c) ------------------------------------------------------------------------------ */

/* Of the load of its rows into a table. Caller frees. */
char *features_job_label(const char *id);
/* Of a job that was asked for: id, user, format, out. */
bool features_job_record(Features *features, const FeaturesJob *job,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* How it ended: state, times, rows, bytes, error. */
bool features_job_record_end(Features *features, const FeaturesJob *job,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* `ids`: char*. */
bool features_job_records_forget(Features *features, const GPtrArray *ids,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* FeaturesJob, oldest first, all ended: one that had not is done if its rows were loaded and failed if not,
 * because the process that ran it is gone. `path` is not set. Free with g_array_unref. */
GArray *features_job_records_open(Features *features, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
