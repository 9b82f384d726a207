/* Private to jobs: what is kept of each in _weir.feature_jobs (job_records.c), so that a restart forgets
 * none. */
#ifndef WEIR_FEATURES_JOBS_INT_H
#define WEIR_FEATURES_JOBS_INT_H

#include "features/jobs.h"

/* Of a job that was asked for: id, user, format, out. */
bool features_job_record(Features *features, const FeaturesJob *job,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* How it ended: state, times, rows, bytes, error. */
bool features_job_record_end(Features *features, const FeaturesJob *job,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* `ids`: char*. */
bool features_job_records_forget(Features *features, const GPtrArray *ids,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* FeaturesJob, oldest first, all ended: one that had not is failed from now on, because the process that ran
 * it is gone. `path` is not set. Free with g_array_unref. */
GArray *features_job_records_open(Features *features, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
