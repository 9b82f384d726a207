/* The feature store over a project of one view and its table, in memory, with a folder to write files into.
 */
#ifndef WEIR_TESTS_FEATURES_STORE_WORLD_H
#define WEIR_TESTS_FEATURES_STORE_WORLD_H

#include "features/store_int.h"
#include "world.h"

typedef struct {
    World world;
    char *spool;
    Engine *engine;
    EngineConn *conn;
    BaseConfig *config;
    Intake *intake;
    Features *features;
} Place;

/* rides.ods_stats_i is there, without rows. */
static inline void place_open(Place *place)
{
    g_autoptr(GError) error = NULL;
    *place = (Place){.config = base_config_new()};
    g_assert_true(base_config_set(place->config, "features.online_max", "64MB", &error));
    g_assert_true(base_config_set(place->config, "features.retrieval_memory", "32MB", &error));
    world_open(&place->world);
    world_driver(&place->world);
    world_apply(&place->world);
    place->spool = g_build_filename(place->world.data, "spool", NULL);
    g_assert_true(base_fs_mkdir(place->spool, &error));
    const EngineOptions options = {.threads = 2, .spool_dir = place->spool};
    place->engine = engine_open(&options, &error);
    g_assert_no_error(error);
    place->conn = engine_connect(place->engine, &error);
    g_assert_no_error(error);
    place->intake = intake_open(place->engine, place->world.data, place->config, &error);
    g_assert_no_error(error);
    place->features = features_open(place->engine, place->world.store, place->intake, place->world.data,
                                    place->config, &error);
    g_assert_no_error(error);
    g_autoptr(CatalogSnapshot) snapshot = world_load(&place->world, NULL);
    g_assert_true(features_refresh(place->features, snapshot, "ann", &error));
    g_assert_true(
        engine_exec(place->conn,
                    "CREATE SCHEMA rides; CREATE TABLE rides.ods_stats_i(driver_id BIGINT, "
                    "event_timestamp TIMESTAMP, created TIMESTAMP, conv_rate FLOAT, acc_rate FLOAT, "
                    "trips INTEGER)",
                    &error));
    g_assert_no_error(error);
}

static inline void place_close(Place *place)
{
    features_close(place->features);
    intake_close(place->intake);
    engine_disconnect(place->conn);
    engine_unref(place->engine);
    base_config_free(place->config);
    world_close(&place->world);
    g_free(place->spool);
}

#endif
