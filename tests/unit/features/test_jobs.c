/* Jobs: queued, run, cancelled, forgotten. */
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "features/jobs.h"
#include "world.h"

static const char SLOW[] =
    "(SELECT 1 AS driver_id, now() AS event_timestamp, count(*) AS n FROM range(100000000000) t(i))";
static const char QUICK[] = "(SELECT unnest([1, 2]) AS driver_id, TIMESTAMP '2026-01-02' AS event_timestamp)";

typedef struct {
    World world;
    Engine *engine;
    FeaturesJobs *jobs;
    char *dir;
} Place;

static void place_open(Place *place)
{
    g_autoptr(GError) error = NULL;
    world_open(&place->world);
    world_driver(&place->world);
    world_apply(&place->world);
    place->dir = g_dir_make_tmp("weir-jobs-XXXXXX", &error);
    EngineOptions options = {.threads = 2, .spool_dir = place->dir};
    place->engine = engine_open(&options, &error);
    g_assert_no_error(error);
    g_autoptr(EngineConn) conn = engine_connect(place->engine, &error);
    g_autofree char *sql = g_strdup_printf(
        "CREATE SCHEMA rides; CREATE TABLE rides.ods_stats_i AS SELECT 1::BIGINT AS driver_id, TIMESTAMP "
        "'2026-01-01' AS event_timestamp, TIMESTAMP '2026-01-01' AS created, 0.5::FLOAT AS conv_rate, "
        "0.25::FLOAT AS acc_rate, 7 AS trips");
    g_assert_true(engine_exec(conn, sql, &error));
    place->jobs = features_jobs_new(place->engine, NULL, place->dir);
}

static void place_close(Place *place)
{
    features_jobs_free(place->jobs);
    g_assert_cmpint(g_rmdir(place->dir), ==, 0); /* nothing is left of any job */
    engine_unref(place->engine);
    world_close(&place->world);
    g_free(place->dir);
}

static char *start(Place *place, const char *relation, const char *user, GError **error)
{
    const char *const refs[] = {"driver_stats:conv_rate", NULL};
    FeaturesJobSpec spec = {.selection = features_select(place->world.registry, refs, NULL, false, error),
                            .relation = g_strdup(relation),
                            .format = FEATURES_CSV,
                            .user = g_strdup(user)};
    g_assert_nonnull(spec.selection);
    return features_jobs_start(place->jobs, &spec, error);
}

static FeaturesJob ended(Place *place, const char *id)
{
    FeaturesJob job;
    g_autoptr(GError) error = NULL;
    do {
        g_assert_true(features_jobs_get(place->jobs, id, 1000000, &job, &error));
        if (!job.ended_us) {
            features_job_clear(&job);
        }
    } while (!job.ended_us);
    return job;
}

static void a_job_writes_its_rows_and_is_forgotten(void)
{
    Place place;
    place_open(&place);
    g_autoptr(GError) error = NULL;
    g_autofree char *id = start(&place, QUICK, "ann", &error);
    g_assert_no_error(error);
    FeaturesJob job = ended(&place, id);
    g_assert_cmpstr(job.state, ==, "done");
    g_assert_cmpint(job.rows, ==, 2);
    g_autofree char *text = base_fs_read(job.path, 1000, NULL, &error);
    g_assert_cmpstr(
        text, ==, "driver_id,event_timestamp,conv_rate\n1,2026-01-02 00:00:00,0.5\n2,2026-01-02 00:00:00,\n");
    g_assert_true(features_jobs_cancel(place.jobs, id, &error));
    g_assert_cmpint(access(job.path, F_OK), !=, 0);
    features_job_clear(&job);
    g_assert_false(features_jobs_get(place.jobs, id, 0, &job, &error));
    g_assert_cmpint(base_error_info(error)->code, ==, BASE_E_FEATURE_JOB);
    place_close(&place);
}

/* Large enough for the engine to work on it with several threads. */
static void files_are_in_the_order_of_the_asking_rows(void)
{
    Place place;
    place_open(&place);
    g_autoptr(GError) error = NULL;
    g_autofree char *id = start(&place,
                                "(SELECT 1 + i % 2 AS driver_id, TIMESTAMP '2026-01-02' AS event_timestamp, "
                                "i AS label FROM range(400000) t(i) ORDER BY i)",
                                "ann", &error);
    g_assert_no_error(error);
    FeaturesJob job = ended(&place, id);
    g_assert_cmpstr(job.state, ==, "done");
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
    place_close(&place);
}

static void jobs_wait_their_turn_and_can_be_cancelled(void)
{
    Place place;
    place_open(&place);
    g_autoptr(GError) error = NULL;
    char *ids[FEATURES_JOBS_RUNNING + 1];
    for (size_t i = 0; i < G_N_ELEMENTS(ids); i++) {
        ids[i] = start(&place, SLOW, i ? "ann" : "bob", &error);
        g_assert_no_error(error);
    }
    g_autoptr(GArray) own = features_jobs_list(place.jobs, "bob"), all = features_jobs_list(place.jobs, NULL);
    g_assert_cmpuint(own->len, ==, 1);
    g_assert_cmpuint(all->len, ==, G_N_ELEMENTS(ids));
    for (size_t i = G_N_ELEMENTS(ids); i > 0; i--) {
        g_assert_true(features_jobs_cancel(place.jobs, ids[i - 1], &error));
        FeaturesJob job = ended(&place, ids[i - 1]);
        g_assert_cmpstr(job.state, ==, "cancelled");
        g_assert_null(job.error);
        g_assert_null(job.path);
        features_job_clear(&job);
        g_free(ids[i - 1]);
    }
    place_close(&place);
}

static void a_failed_job_has_its_reason(void)
{
    Place place;
    place_open(&place);
    g_autoptr(GError) error = NULL;
    g_autofree char *id = start(&place, "(SELECT 1 AS driver)", "ann", &error);
    FeaturesJob job = ended(&place, id);
    g_assert_cmpstr(job.state, ==, "failed");
    g_assert_cmpint(base_error_info(job.error)->code, ==, BASE_E_ENTITY_ROWS);
    g_assert_null(job.path);
    features_job_clear(&job);
    place_close(&place);
}

static void closing_ends_what_runs(void)
{
    Place place;
    place_open(&place);
    for (int i = 0; i < 4; i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *id = start(&place, i % 2 ? QUICK : SLOW, "ann", &error);
        g_assert_no_error(error);
    }
    place_close(&place);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/features/jobs/rows", a_job_writes_its_rows_and_is_forgotten);
    g_test_add_func("/features/jobs/order", files_are_in_the_order_of_the_asking_rows);
    g_test_add_func("/features/jobs/cancel", jobs_wait_their_turn_and_can_be_cancelled);
    g_test_add_func("/features/jobs/failed", a_failed_job_has_its_reason);
    g_test_add_func("/features/jobs/closing", closing_ends_what_runs);
    return g_test_run();
}
