/* A project with features in a temporary folder, its catalog.sqlite, and what is applied of it. */
#ifndef WEIR_TESTS_FEATURES_WORLD_H
#define WEIR_TESTS_FEATURES_WORLD_H

#include <glib/gstdio.h>

#include "base/fs.h"
#include "features/registry.h"

typedef struct {
    Engine *engine;
    EngineConn *conn;
    char *root, *data;
    CatalogStore *store;
    FeaturesRegistry *registry;
} World;

static inline void world_open(World *world)
{
    g_autoptr(GError) error = NULL;
    EngineOptions options = {.threads = 1};
    *world = (World){0};
    world->engine = engine_open(&options, &error);
    g_assert_no_error(error);
    world->conn = engine_connect(world->engine, &error);
    g_assert_no_error(error);
    world->root = g_dir_make_tmp("weir-features-XXXXXX", &error);
    g_assert_no_error(error);
    world->data = g_build_filename(world->root, ".weir", NULL);
    world->store = catalog_store_open(world->data, &error);
    g_assert_no_error(error);
    g_assert_true(features_registry_migrate(world->store, &error));
    g_assert_no_error(error);
}

static inline void world_close(World *world)
{
    features_registry_unref(world->registry);
    catalog_store_close(world->store);
    engine_disconnect(world->conn);
    engine_unref(world->engine);
    g_assert_true(base_fs_remove_tree(world->root, NULL));
    g_free(world->root);
    g_free(world->data);
}

static inline void world_put(const World *world, const char *path, const char *text)
{
    g_autofree char *full = g_build_filename(world->root, path, NULL);
    g_autofree char *dir = g_path_get_dirname(full);
    g_assert_cmpint(g_mkdir_with_parents(dir, 0755), ==, 0);
    g_assert_true(g_file_set_contents(full, text, -1, NULL));
}

/* The project as it stands on disk; what is wrong with it is in `diags` (may be NULL: then nothing may be).
 */
static inline CatalogSnapshot *world_load(const World *world, BaseDiags *diags)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(BaseDiags) own = base_diags_new();
    BaseDiags *used = diags ? diags : own;
    CatalogSnapshot *snapshot = catalog_load(world->root, world->conn, NULL, used, &error);
    g_assert_no_error(error);
    for (size_t i = 0; i < base_diags_length(used); i++) {
        const BaseDiag *diag = base_diags_get(used, i);
        g_test_message("%s:%u:%u %s | %s", diag->file, diag->line, diag->column, diag->message,
                       diag->hint ? diag->hint : "");
    }
    g_assert_cmpuint(base_diags_length(own), ==, 0);
    return snapshot;
}

/* Applies what stands on disk, as the server does. */
static inline void world_apply(World *world)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(CatalogSnapshot) before = catalog_store_applied(world->store, world->conn, &error);
    g_assert_no_error(error);
    g_autoptr(CatalogSnapshot) after = world_load(world, NULL);
    g_assert_true(features_registry_may_apply(world->store, after, &error));
    g_assert_no_error(error);
    g_autoptr(CatalogDiff) diff = catalog_diff(before, after);
    g_assert_true(catalog_store_apply(world->store, diff, "ann", NULL, NULL, &error));
    g_assert_no_error(error);
    g_assert_true(features_registry_record(world->store, after, "ann", &error));
    g_assert_no_error(error);
    features_registry_unref(world->registry);
    world->registry = features_registry_load(world->store, after, &error);
    g_assert_no_error(error);
}

static inline const FeaturesView *world_view(const World *world, const char *name)
{
    g_autoptr(GError) error = NULL;
    const FeaturesView *view = features_registry_view(world->registry, name, &error);
    g_assert_no_error(error);
    return view;
}

#define WORLD_TABLE                                                                                          \
    "tables:\n"                                                                                              \
    "  - name: ods_stats_i\n"                                                                                \
    "    columns:\n"                                                                                         \
    "      - {name: driver_id, type: bigint}\n"                                                              \
    "      - {name: event_timestamp, type: datetime}\n"                                                      \
    "      - {name: created, type: datetime}\n"                                                              \
    "      - {name: conv_rate, type: float}\n"                                                               \
    "      - {name: acc_rate, type: float}\n"                                                                \
    "      - {name: trips, type: int}\n"

#define WORLD_ENTITY                                                                                         \
    "entities:\n"                                                                                            \
    "  - {name: driver, key: driver_id, type: int64}\n"

#define WORLD_VIEW                                                                                           \
    "feature_views:\n"                                                                                       \
    "  - name: driver_stats\n"                                                                               \
    "    title: {en: Driver statistics, zh: 司机统计}\n"                                                     \
    "    entities: [driver]\n"                                                                               \
    "    source: ods_stats_i\n"                                                                              \
    "    time: event_timestamp\n"                                                                            \
    "    created: created\n"                                                                                 \
    "    ttl: 1d\n"                                                                                          \
    "    features:\n"                                                                                        \
    "      - {name: conv_rate, type: float}\n"                                                               \
    "      - {name: acc_rate}\n"

static inline void world_driver(World *world)
{
    world_put(world, "weir.yml", "name: rides\n");
    world_put(world, "domains/rides/tables.yml", WORLD_TABLE);
    world_put(world, "domains/rides/entities.yml", WORLD_ENTITY);
    world_put(world, "domains/rides/views.yml", WORLD_VIEW);
}

#endif
