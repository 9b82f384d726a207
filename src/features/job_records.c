/* Rows of _weir.feature_jobs. See jobs_int.h. */
#include "base/time.h"
#include "features/jobs_int.h"
#include "features/store_int.h"

#define RECORDS_MAX 10000

char *features_job_label(const char *id)
{
    return g_strconcat("features-", id, NULL);
}

static bool insert_job(EngineConn *conn, void *user, GError **error)
{
    const FeaturesJob *job = user;
    const EngineValue values[] = {engine_value_text(job->id), engine_value_text(job->user),
                                  engine_value_text(features_format_name(job->format)),
                                  engine_value_text(job->out), engine_value_int(base_time_now_us())};
    return engine_exec_values(conn,
                              "INSERT INTO _weir.feature_jobs (id, user_name, format, out, asked_us) VALUES "
                              "($1, $2, $3, $4, $5)",
                              values, G_N_ELEMENTS(values), NULL, error);
}

bool features_job_record(Features *features, const FeaturesJob *job, GError **error)
{
    return intake_transact(features->intake, insert_job, (void *)(guintptr)job, error);
}

/* The error as a problem document, which can be made an error of again. */
static char *problem_text(const GError *error)
{
    g_autoptr(json_t) problem = error ? base_error_to_problem(error, "en") : NULL;
    return problem ? base_json_text(problem) : NULL;
}

static bool update_job(EngineConn *conn, void *user, GError **error)
{
    const FeaturesJob *job = user;
    g_autofree char *problem = problem_text(job->error);
    const EngineValue values[] = {engine_value_text(job->id),        engine_value_text(job->state),
                                  engine_value_int(job->started_us), engine_value_int(job->ended_us),
                                  engine_value_int(job->rows),       engine_value_int(job->bytes),
                                  engine_value_text(problem)};
    return engine_exec_values(
        conn,
        "UPDATE _weir.feature_jobs SET state = $2, started_us = $3, ended_us = $4, n_rows "
        "= $5, bytes = $6, problem = $7 WHERE id = $1",
        values, G_N_ELEMENTS(values), NULL, error);
}

bool features_job_record_end(Features *features, const FeaturesJob *job, GError **error)
{
    return intake_transact(features->intake, update_job, (void *)(guintptr)job, error);
}

static bool delete_jobs(EngineConn *conn, void *user, GError **error)
{
    const GPtrArray *ids = user;
    for (guint i = 0; i < ids->len; i++) {
        const EngineValue id = engine_value_text(g_ptr_array_index(ids, i));
        if (!engine_exec_values(conn, "DELETE FROM _weir.feature_jobs WHERE id = $1", &id, 1, NULL, error)) {
            return false;
        }
    }
    return true;
}

bool features_job_records_forget(Features *features, const GPtrArray *ids, GError **error)
{
    return ids->len == 0 || intake_transact(features->intake, delete_jobs, (void *)(guintptr)ids, error);
}

/* ---- at start -------------------------------------------------------------------------------------------
 */

static void clear_job(gpointer data)
{
    features_job_clear(data);
}

static const char *state_of(const char *text)
{
    static const char *const STATES[] = {"done", "failed", "cancelled"};
    for (size_t i = 0; i < G_N_ELEMENTS(STATES); i++) {
        if (g_str_equal(text, STATES[i])) {
            return STATES[i];
        }
    }
    return NULL;
}

static void job_of_row(const json_t *row, FeaturesJob *ret)
{
    const char *problem = base_json_string(row, "problem", NULL);
    g_autoptr(json_t) parsed = problem ? base_json_parse(problem, strlen(problem), NULL) : NULL;
    *ret = (FeaturesJob){.id = g_strdup(base_json_string(row, "id", "")),
                         .state = state_of(base_json_string(row, "state", "")),
                         .phase = "",
                         .started_us = base_json_int(row, "started_us", 0),
                         .ended_us = base_json_int(row, "ended_us", 0),
                         .rows = base_json_int(row, "n_rows", -1),
                         .bytes = base_json_int(row, "bytes", 0),
                         .out = g_strdup(base_json_string(row, "out", NULL)),
                         .user = g_strdup(base_json_string(row, "user_name", NULL))};
    (void)!features_format_by_name(base_json_string(row, "format", ""), &ret->format);
    if (parsed) {
        base_error_from_problem(&ret->error, parsed);
    }
}

/* {} = its rows were not loaded. */
static json_t *load_of(Features *features, const FeaturesJob *job, GError **error)
{
    g_autofree char *label = features_job_label(job->id);
    g_autoptr(json_t) loads = intake_loads(features->intake, NULL, label, "VISIBLE", 1, error);
    return !loads                               ? NULL
           : job->out && json_array_size(loads) ? json_incref(json_array_get(loads, 0))
                                                : json_object();
}

static bool end_by_restart(Features *features, FeaturesJob *job, GError **error)
{
    g_autoptr(json_t) load = load_of(features, job, error);
    if (!load) {
        return false;
    }
    job->rows = base_json_int(load, "loaded", -1);
    job->state = job->rows >= 0 ? "done" : "failed";
    job->ended_us = base_json_int(load, "finished_us", base_time_now_us());
    if (job->rows < 0) {
        base_fail(&job->error, BASE_E_INTERRUPTED, "the server ended before the retrieval did");
        base_error_hint(&job->error, "ask for it again");
    }
    return features_job_record_end(features, job, error);
}

GArray *features_job_records_open(Features *features, GError **error)
{
    g_autoptr(EngineConn) conn = engine_connect(features->engine, error);
    g_autoptr(json_t) rows =
        conn ? engine_query_json(conn, "SELECT * FROM _weir.feature_jobs ORDER BY asked_us, id", NULL, 0,
                                 RECORDS_MAX, error)
             : NULL;
    if (!rows) {
        return NULL;
    }
    g_autoptr(GArray) jobs = g_array_new(FALSE, FALSE, sizeof(FeaturesJob));
    g_array_set_clear_func(jobs, clear_job);
    size_t i;
    json_t *row;
    json_array_foreach (rows, i, row) {
        FeaturesJob job;
        job_of_row(row, &job);
        bool ok = job.state || end_by_restart(features, &job, error);
        g_array_append_val(jobs, job);
        if (!ok) {
            return NULL;
        }
    }
    return g_steal_pointer(&jobs);
}
