/* Training rows as jobs: begun, watched, cancelled, and their results kept for a while.
 *
 * A job retrieves on a worker thread and writes one file into the folder that the engine may write to; when
 * it is whole it goes to the folder of results. Results and what is known of ended jobs are kept
 * FEATURES_JOB_KEPT_US, at most FEATURES_JOBS_KEPT of them, also over a restart; a job that had not ended
 * then is failed (INTERRUPTED), unless its rows had been loaded into a table under its label: then it is done
 * (labels are kept for load.label_keep: after a longer outage that is not known any more). A FeaturesJobs is
 * shared and thread-safe. */
#ifndef WEIR_FEATURES_JOBS_H
#define WEIR_FEATURES_JOBS_H

#include "features/store.h"

#define FEATURES_JOBS_RUNNING 2
#define FEATURES_JOBS_WAITING 100
#define FEATURES_JOBS_KEPT    100
#define FEATURES_JOB_KEPT_US  (G_GINT64_CONSTANT(3600) * 1000000)

typedef struct FeaturesJobs FeaturesJobs;
/* `features` keeps the jobs' rows and takes the training profiles of what is retrieved (features_trained); it
 * must live longer. `spool`: inside the engine's spool folder; must exist. `results`: on the same disk; is
 * made.
 */
FeaturesJobs *features_jobs_open(Features *features, const char *spool, const char *results,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Stops what runs and waits for its end. */
void features_jobs_close(FeaturesJobs *jobs);

/* What is to be done with the rows once they are in the file `path`: on the worker's thread. NULL = they stay
 * there. A load of them bears `label`, by which a restart knows that they were loaded. */
typedef bool (*FeaturesJobEnd)(const char *path, const char *label, void *user, GError **error);

typedef enum { FEATURES_PARQUET, FEATURES_CSV, FEATURES_JSON, FEATURES_NDJSON } FeaturesFormat;
const char *features_format_name(FeaturesFormat format); /* "parquet" */
bool features_format_by_name(const char *name, FeaturesFormat *ret);

/* All of it is taken over by features_jobs_start, also when that fails. */
typedef struct {
    FeaturesSelection *selection;
    char *relation, *time; /* as in FeaturesAsk */
    gint64 start_us, end_us;
    bool snapshot, known_at;
    gint64 known_at_us;
    FeaturesFormat format;
    char *user; /* who asked */
    char *out;  /* for people: where the rows go; NULL = the job's own file */
    FeaturesJobEnd end;
    void *end_user;
    GDestroyNotify end_free; /* on a worker's thread, when the job has ended */
} FeaturesJobSpec;
void features_job_spec_clear(FeaturesJobSpec *spec);

/* The job's id; caller frees. TOO_MANY when FEATURES_JOBS_WAITING wait already. */
char *features_jobs_start(FeaturesJobs *jobs, FeaturesJobSpec *spec,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

typedef struct {
    char *id;
    const char *state;           /* "waiting", "running", "done", "failed", "cancelled" */
    const char *phase;           /* of a running one: "reading", "joining", "writing" */
    gint64 started_us, ended_us; /* 0 = not yet */
    gint64 rows;                 /* -1 = not known */
    gint64 bytes;                /* of the result; 0 = none */
    double share;                /* 0..1 */
    FeaturesFormat format;
    char *out;  /* NULL = the result */
    char *path; /* of the result; NULL = none */
    char *user;
    GError *error; /* of a failed one */
} FeaturesJob;
void features_job_clear(FeaturesJob *job);

/* What is known of a job; FEATURE_JOB. With `wait_us` > 0 it waits that long at most for the job's end. */
bool features_jobs_get(FeaturesJobs *jobs, const char *id, gint64 wait_us, FeaturesJob *ret,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* FeaturesJob, newest first; of `user` alone (NULL = all). Free with g_array_unref. */
GArray *features_jobs_list(FeaturesJobs *jobs, const char *user);
/* Cancels a job that waits or runs, and returns when it has ended; forgets one that has ended, with its
 * result. FEATURE_JOB. */
bool features_jobs_cancel(FeaturesJobs *jobs, const char *id, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Takes away results and rows of jobs that ended FEATURES_JOB_KEPT_US before `now_us`; a server does it once
 * a minute, whether anybody asks for jobs or not. */
bool features_jobs_forget_old(FeaturesJobs *jobs, gint64 now_us, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
