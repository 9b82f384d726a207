/* Jobs: queued, run, cancelled, forgotten. */
#include <string.h>
#include <unistd.h>

#include "features/jobs.h"
#include "store_world.h"

static const char SLOW[] =
    "(SELECT 1 AS driver_id, now() AS event_timestamp, count(*) AS n FROM range(100000000000) t(i))";
static const char QUICK[] = "(SELECT unnest([1, 2]) AS driver_id, TIMESTAMP '2026-01-02' AS event_timestamp)";

typedef struct {
    Place place;
    FeaturesJobs *jobs;
    char *results;
} Desk;

static void jobs_open(Desk *desk)
{
    g_autoptr(GError) error = NULL;
    desk->jobs = features_jobs_open(desk->place.features, desk->place.spool, desk->results, &error);
    g_assert_no_error(error);
}

static void desk_open(Desk *desk)
{
    g_autoptr(GError) error = NULL;
    place_open(&desk->place);
    g_assert_true(engine_exec(
        desk->place.conn,
        "INSERT INTO rides.ods_stats_i VALUES (1, '2026-01-01', '2026-01-01', 0.5, 0.25, 7)", &error));
    g_assert_no_error(error);
    desk->results = g_build_filename(desk->place.world.data, "retrievals", NULL);
    jobs_open(desk);
}

static guint n_files(const char *dir)
{
    g_autoptr(GDir) files = g_dir_open(dir, 0, NULL);
    guint n = 0;
    while (g_dir_read_name(files)) {
        n++;
    }
    return n;
}

/* Nothing is left of any job but results. */
static void desk_close(Desk *desk)
{
    features_jobs_close(desk->jobs);
    g_assert_cmpuint(n_files(desk->place.spool), ==, 0);
    place_close(&desk->place);
    g_free(desk->results);
}

static char *start(Desk *desk, const char *relation, const char *user, GError **error)
{
    const char *const refs[] = {"driver_stats:conv_rate", NULL};
    FeaturesJobSpec spec = {.selection =
                                features_select(desk->place.world.registry, refs, NULL, false, error),
                            .relation = g_strdup(relation),
                            .format = FEATURES_CSV,
                            .user = g_strdup(user)};
    g_assert_nonnull(spec.selection);
    return features_jobs_start(desk->jobs, &spec, error);
}

static FeaturesJob ended(Desk *desk, const char *id)
{
    FeaturesJob job;
    g_autoptr(GError) error = NULL;
    do {
        g_assert_true(features_jobs_get(desk->jobs, id, 1000000, &job, &error));
        if (!job.ended_us) {
            features_job_clear(&job);
        }
    } while (!job.ended_us);
    return job;
}

/* Its id; caller frees. */
static char *done_job(Desk *desk, const char *relation, FeaturesJob *ret)
{
    g_autoptr(GError) error = NULL;
    char *id = start(desk, relation, "ann", &error);
    g_assert_no_error(error);
    *ret = ended(desk, id);
    g_assert_cmpstr(ret->state, ==, "done");
    return id;
}

static void a_job_writes_its_rows_and_is_forgotten(void)
{
    Desk desk;
    desk_open(&desk);
    g_autoptr(GError) error = NULL;
    FeaturesJob job;
    g_autofree char *id = done_job(&desk, QUICK, &job);
    g_assert_cmpint(job.rows, ==, 2);
    g_autofree char *text = base_fs_read(job.path, 1000, NULL, &error);
    g_assert_cmpstr(
        text, ==, "driver_id,event_timestamp,conv_rate\n1,2026-01-02 00:00:00,0.5\n2,2026-01-02 00:00:00,\n");
    g_assert_true(features_jobs_cancel(desk.jobs, id, &error));
    g_assert_cmpint(access(job.path, F_OK), !=, 0);
    features_job_clear(&job);
    g_assert_false(features_jobs_get(desk.jobs, id, 0, &job, &error));
    g_assert_cmpint(base_error_info(error)->code, ==, BASE_E_FEATURE_JOB);
    desk_close(&desk);
}

/* Nobody has to ask for jobs for that. */
static void a_result_goes_when_its_time_is_over(void)
{
    Desk desk;
    desk_open(&desk);
    g_autoptr(GError) error = NULL;
    FeaturesJob job;
    g_autofree char *id = done_job(&desk, QUICK, &job);
    g_assert_true(features_jobs_forget_old(desk.jobs, job.ended_us + FEATURES_JOB_KEPT_US, &error));
    g_assert_cmpuint(n_files(desk.results), ==, 1);
    g_assert_true(features_jobs_forget_old(desk.jobs, job.ended_us + FEATURES_JOB_KEPT_US + 1, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(n_files(desk.results), ==, 0);
    gint64 n = -1;
    g_assert_true(engine_query_int(desk.place.conn, "SELECT count(*) FROM _weir.feature_jobs", &n, &error));
    g_assert_cmpint(n, ==, 0);
    features_job_clear(&job);
    desk_close(&desk);
}

/* Large enough for the engine to work on it with several threads. */
static void files_are_in_the_order_of_the_asking_rows(void)
{
    Desk desk;
    desk_open(&desk);
    g_autoptr(GError) error = NULL;
    FeaturesJob job;
    g_autofree char *id =
        done_job(&desk,
                 "(SELECT 1 + i % 2 AS driver_id, TIMESTAMP '2026-01-02' AS event_timestamp, "
                 "i AS label FROM range(400000) t(i) ORDER BY i)",
                 &job);
    gsize len;
    g_autofree char *text = base_fs_read(job.path, 100000000, &len, &error);
    g_assert_no_error(error);
    const char *line = strchr(text, '\n') + 1;
    for (int i = 0; i < 400000; i++) {
        g_autofree char *expected =
            g_strdup_printf("%d,2026-01-02 00:00:00,%d,%s\n", 1 + i % 2, i, i % 2 ? "" : "0.5");
        g_assert_true(g_str_has_prefix(line, expected));
        line += strlen(expected);
    }
    g_assert_cmpint(*line, ==, '\0');
    features_job_clear(&job);
    desk_close(&desk);
}

static void jobs_wait_their_turn_and_can_be_cancelled(void)
{
    Desk desk;
    desk_open(&desk);
    g_autoptr(GError) error = NULL;
    char *ids[FEATURES_JOBS_RUNNING + 1];
    for (size_t i = 0; i < G_N_ELEMENTS(ids); i++) {
        ids[i] = start(&desk, SLOW, i ? "ann" : "bob", &error);
        g_assert_no_error(error);
    }
    g_autoptr(GArray) own = features_jobs_list(desk.jobs, "bob"), all = features_jobs_list(desk.jobs, NULL);
    g_assert_cmpuint(own->len, ==, 1);
    g_assert_cmpuint(all->len, ==, G_N_ELEMENTS(ids));
    for (size_t i = G_N_ELEMENTS(ids); i > 0; i--) {
        g_assert_true(features_jobs_cancel(desk.jobs, ids[i - 1], &error));
        FeaturesJob job = ended(&desk, ids[i - 1]);
        g_assert_cmpstr(job.state, ==, "cancelled");
        g_assert_null(job.error);
        g_assert_null(job.path);
        features_job_clear(&job);
        g_free(ids[i - 1]);
    }
    desk_close(&desk);
}

static void a_failed_job_has_its_reason(void)
{
    Desk desk;
    desk_open(&desk);
    g_autoptr(GError) error = NULL;
    g_autofree char *id = start(&desk, "(SELECT 1 AS driver)", "ann", &error);
    FeaturesJob job = ended(&desk, id);
    g_assert_cmpstr(job.state, ==, "failed");
    g_assert_cmpint(base_error_info(job.error)->code, ==, BASE_E_ENTITY_ROWS);
    g_assert_null(job.path);
    features_job_clear(&job);
    desk_close(&desk);
}

static void closing_ends_what_runs(void)
{
    Desk desk;
    desk_open(&desk);
    for (int i = 0; i < 4; i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *id = start(&desk, i % 2 ? QUICK : SLOW, "ann", &error);
        g_assert_no_error(error);
    }
    desk_close(&desk);
}

/* What ended is there after a restart, results with it; what ran or waited was ended by it, and says so. */
static void a_restart_forgets_no_job(void)
{
    Desk desk;
    desk_open(&desk);
    g_autoptr(GError) error = NULL;
    g_autofree char *done = start(&desk, QUICK, "ann", &error),
                    *failed = start(&desk, "(SELECT 1 AS driver)", "bob", &error);
    g_assert_no_error(error);
    FeaturesJob before = ended(&desk, done), reason = ended(&desk, failed);
    char *cut[FEATURES_JOBS_RUNNING + 1];
    for (size_t i = 0; i < G_N_ELEMENTS(cut); i++) {
        cut[i] = start(&desk, SLOW, "ann", &error);
        g_assert_no_error(error);
    }
    g_autofree char *stray = g_build_filename(desk.results, "features-0-0.csv", NULL);
    g_assert_true(g_file_set_contents(stray, "cut off", -1, NULL));
    features_jobs_close(desk.jobs);
    jobs_open(&desk);
    g_assert_cmpuint(n_files(desk.results), ==, 1);
    FeaturesJob after = ended(&desk, done);
    g_assert_cmpstr(after.state, ==, "done");
    g_assert_cmpstr(after.path, ==, before.path);
    g_assert_cmpstr(after.user, ==, "ann");
    g_assert_cmpint(after.rows, ==, 2);
    g_assert_cmpint(after.bytes, ==, before.bytes);
    g_assert_cmpint(after.ended_us, ==, before.ended_us);
    g_autofree char *text = base_fs_read(after.path, 1000, NULL, &error);
    g_assert_cmpint((gint64)strlen(text), ==, after.bytes);
    FeaturesJob again = ended(&desk, failed);
    g_assert_cmpstr(again.error->message, ==, reason.error->message);
    g_assert_cmpint(again.error->code, ==, reason.error->code);
    for (size_t i = 0; i < G_N_ELEMENTS(cut); i++) {
        FeaturesJob job = ended(&desk, cut[i]);
        g_assert_cmpstr(job.state, ==, "failed");
        g_assert_error(job.error, BASE_ERROR, BASE_E_INTERRUPTED);
        g_assert_nonnull(strstr(job.error->message, "the server ended"));
        features_job_clear(&job);
        g_free(cut[i]);
    }
    g_autoptr(GArray) all = features_jobs_list(desk.jobs, NULL);
    g_assert_cmpuint(all->len, ==, 2 + G_N_ELEMENTS(cut));
    g_assert_true(features_jobs_cancel(desk.jobs, failed, &error)); /* forgotten is forgotten for good */
    g_assert_cmpint(g_unlink(after.path), ==, 0);                   /* a result that somebody removed */
    features_jobs_close(desk.jobs);
    jobs_open(&desk);
    features_job_clear(&again);
    g_assert_false(features_jobs_get(desk.jobs, failed, 0, &again, &error));
    g_assert_error(error, BASE_ERROR, BASE_E_FEATURE_JOB);
    features_job_clear(&after);
    after = ended(&desk, done);
    g_assert_cmpstr(after.state, ==, "failed");
    g_assert_null(after.path);
    g_assert_error(after.error, BASE_ERROR, BASE_E_FEATURE_JOB);
    features_job_clear(&after);
    features_job_clear(&before);
    features_job_clear(&reason);
    desk_close(&desk);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/features/jobs/rows", a_job_writes_its_rows_and_is_forgotten);
    g_test_add_func("/features/jobs/over", a_result_goes_when_its_time_is_over);
    g_test_add_func("/features/jobs/order", files_are_in_the_order_of_the_asking_rows);
    g_test_add_func("/features/jobs/cancel", jobs_wait_their_turn_and_can_be_cancelled);
    g_test_add_func("/features/jobs/failed", a_failed_job_has_its_reason);
    g_test_add_func("/features/jobs/restart", a_restart_forgets_no_job);
    g_test_add_func("/features/jobs/closing", closing_ends_what_runs);
    return g_test_run();
}
