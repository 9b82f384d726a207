#include "world.h"

static void put_view(const World *world, const char *body)
{
    g_autofree char *text = g_strconcat("feature_views:\n"
                                        "  - name: driver_stats\n"
                                        "    entities: [driver]\n"
                                        "    source: ods_stats_i\n"
                                        "    time: event_timestamp\n",
                                        body, NULL);
    world_put(world, "domains/rides/views.yml", text);
}

static void a_view_is_resolved(void)
{
    World world;
    world_open(&world);
    world_driver(&world);
    world_apply(&world);
    const FeaturesView *view = world_view(&world, "driver_stats");
    g_assert_cmpstr(view->project, ==, "rides");
    g_assert_cmpstr(view->domain, ==, "rides");
    g_assert_cmpuint(view->version, ==, 1);
    g_assert_cmpstr(view->stored, ==, "driver_stats");
    g_assert_true(view->latest);
    g_assert_cmpint(view->from, ==, FEATURES_FROM_TABLE);
    g_assert_cmpstr(view->relation, ==, "\"rides\".\"ods_stats_i\"");
    g_assert_cmpstr(view->table, ==, "rides.ods_stats_i");
    g_assert_cmpstr(view->time, ==, "event_timestamp");
    g_assert_cmpstr(view->created, ==, "created");
    g_assert_cmpint(view->ttl_us, ==, G_GINT64_CONSTANT(86400000000));
    g_assert_false(view->exclusive);
    g_assert_cmpuint(view->n_keys, ==, 1);
    g_assert_cmpstr(view->keys[0].name, ==, "driver_id");
    g_assert_cmpstr(view->keys[0].entity, ==, "driver");
    g_assert_cmpint(view->keys[0].type, ==, FEATURES_INT64);
    g_assert_cmpuint(view->n_features, ==, 2);
    g_assert_cmpint(view->features[0].type, ==, FEATURES_FLOAT);
    g_assert_cmpstr(view->features[1].name, ==, "acc_rate");
    g_assert_cmpint(view->features[1].type, ==, FEATURES_FLOAT);
    g_assert_null(view->gone);
    world_close(&world);
}

static void what_changes_the_meaning_makes_a_version(void)
{
    World world;
    world_open(&world);
    world_driver(&world);
    world_apply(&world);
    put_view(&world, "    features:\n      - {name: conv_rate, type: float}\n");
    world_apply(&world);
    put_view(&world, "    where: \"trips > 0\"\n    features:\n      - {name: conv_rate, type: double}\n");
    world_apply(&world);
    const FeaturesView *now = world_view(&world, "driver_stats");
    g_assert_cmpuint(now->version, ==, 3);
    g_assert_cmpstr(now->stored, ==, "driver_stats_v3");
    g_assert_cmpstr(now->relation, ==,
                    "(SELECT * FROM \"rides\".\"ods_stats_i\" AS source WHERE trips > 0\n)");
    g_assert_cmpint(now->features[0].type, ==, FEATURES_DOUBLE);
    const FeaturesView *first = world_view(&world, "driver_stats@v1");
    g_assert_cmpuint(first->n_features, ==, 2);
    g_assert_cmpstr(first->stored, ==, "driver_stats");
    g_assert_false(first->latest);
    g_assert_true(world_view(&world, "driver_stats@latest") == now);
    g_assert_true(world_view(&world, "rides.driver_stats@V3") == now);
    g_assert_cmpuint(world_view(&world, "driver_stats@v2")->n_features, ==, 1);
    world_close(&world);
}

static void titles_make_no_version(void)
{
    World world;
    world_open(&world);
    world_driver(&world);
    world_apply(&world);
    g_autofree char *hash = g_strdup(world_view(&world, "driver_stats")->hash);
    world_put(&world, "domains/rides/views.yml",
              "feature_views:\n"
              "  - name: driver_stats\n"
              "    title: Something else\n"
              "    owner: bob\n"
              "    tags: [gold]\n"
              "    entities: [driver]\n"
              "    source: ods_stats_i\n"
              "    time: event_timestamp\n"
              "    created: created\n"
              "    ttl: 24h\n"
              "    features:\n"
              "      - {name: conv_rate, type: float, title: Rate, tags: [x]}\n"
              "      - {name: acc_rate}\n");
    world_apply(&world);
    const FeaturesView *view = world_view(&world, "driver_stats");
    g_assert_cmpuint(view->version, ==, 1);
    g_assert_cmpstr(view->hash, ==, hash);
    g_assert_cmpstr(base_json_string(view->definition, "owner", ""), ==, "bob");
    g_assert_cmpstr(base_json_string(view->features[0].definition, "title", ""), ==, "Rate");
    world_close(&world);
}

static void a_derived_type_that_changes_makes_a_version(void)
{
    World world;
    world_open(&world);
    world_driver(&world);
    world_apply(&world);
    g_autoptr(GString) table = g_string_new(WORLD_TABLE);
    g_string_replace(table, "acc_rate, type: float", "acc_rate, type: double", 0);
    world_put(&world, "domains/rides/tables.yml", table->str);
    world_apply(&world);
    g_assert_cmpuint(world_view(&world, "driver_stats")->version, ==, 2);
    g_assert_cmpint(world_view(&world, "driver_stats")->features[1].type, ==, FEATURES_DOUBLE);
    g_assert_cmpint(world_view(&world, "driver_stats@v1")->features[1].type, ==, FEATURES_FLOAT);
    world_close(&world);
}

static void an_entity_keeps_its_type(void)
{
    World world;
    world_open(&world);
    world_driver(&world);
    world_apply(&world);
    world_put(&world, "domains/rides/entities.yml",
              "entities:\n  - {name: driver, key: driver_id, type: string}\n");
    g_autoptr(CatalogSnapshot) after = world_load(&world, NULL);
    g_autoptr(GError) error = NULL;
    g_assert_false(features_registry_may_apply(world.store, after, &error));
    g_assert_error(error, BASE_ERROR, BASE_E_ENTITY_TYPE);
    g_assert_nonnull(strstr(error->message, "driver_id int64"));
    g_assert_nonnull(strstr(error->message, "driver_id string"));
    world_close(&world);
}

static void an_old_version_says_what_has_gone(void)
{
    World world;
    world_open(&world);
    world_driver(&world);
    world_apply(&world);
    put_view(&world, "    features:\n      - {name: conv_rate}\n");
    g_autoptr(GString) table = g_string_new(WORLD_TABLE);
    g_string_replace(table, "      - {name: acc_rate, type: float}\n", "", 0);
    world_put(&world, "domains/rides/tables.yml", table->str);
    world_apply(&world);
    g_autoptr(GError) error = NULL;
    g_assert_true(features_view_readable(world_view(&world, "driver_stats"), &error));
    g_assert_no_error(error);
    g_assert_false(features_view_readable(world_view(&world, "driver_stats@v1"), &error));
    g_assert_error(error, BASE_ERROR, BASE_E_COLUMN_UNKNOWN);
    g_assert_nonnull(strstr(error->message, "acc_rate"));
    world_close(&world);
}

static void names_that_are_nothing_are_told(void)
{
    World world;
    world_open(&world);
    world_driver(&world);
    world_apply(&world);
    g_autoptr(GError) error = NULL;
    g_assert_null(features_registry_view(world.registry, "driver_stat", &error));
    g_assert_error(error, BASE_ERROR, BASE_E_FEATURE_UNKNOWN);
    g_assert_cmpstr(base_error_get_hint(error), ==, "did you mean `driver_stats`?");
    g_clear_error(&error);
    g_assert_null(features_registry_view(world.registry, "driver_stats@v7", &error));
    g_assert_error(error, BASE_ERROR, BASE_E_FEATURE_UNKNOWN);
    g_assert_nonnull(strstr(base_error_get_hint(error), "driver_stats@v1"));
    g_clear_error(&error);
    g_assert_null(features_registry_view(world.registry, "driver_stats@x", &error));
    g_assert_error(error, BASE_ERROR, BASE_E_FEATURE_UNKNOWN);
    world_close(&world);
}

static void a_view_that_went_keeps_its_versions(void)
{
    World world;
    world_open(&world);
    world_driver(&world);
    world_apply(&world);
    world_put(&world, "domains/rides/views.yml", "feature_views: []\n");
    world_apply(&world);
    g_autoptr(GError) error = NULL;
    g_assert_null(features_registry_view(world.registry, "driver_stats", &error));
    g_assert_error(error, BASE_ERROR, BASE_E_FEATURE_UNKNOWN);
    g_assert_cmpuint(world_view(&world, "driver_stats@v1")->n_features, ==, 2);
    world_put(&world, "domains/rides/views.yml", WORLD_VIEW);
    world_apply(&world);
    g_assert_cmpuint(world_view(&world, "driver_stats")->version, ==, 1);
    world_close(&world);
}

static void a_view_may_have_a_query_of_its_own(void)
{
    World world;
    world_open(&world);
    world_driver(&world);
    world_put(&world, "domains/rides/views.yml",
              "feature_views:\n"
              "  - name: busy\n"
              "    entities: [driver]\n"
              "    time: at\n"
              "    bound: exclusive\n"
              "    where: \"twice > 2\"\n"
              "    sql: |\n"
              "      SELECT driver_id, event_timestamp AS at, 2 * trips AS twice -- all of them\n"
              "      FROM ods_stats_i;\n"
              "    features:\n"
              "      - {name: twice}\n"
              "      - {name: half, expr: \"twice / 4\"}\n");
    world_apply(&world);
    const FeaturesView *view = world_view(&world, "busy");
    g_assert_cmpint(view->from, ==, FEATURES_FROM_SQL);
    g_assert_true(view->exclusive);
    g_assert_null(view->table);
    g_assert_nonnull(strstr(view->relation, "\"rides\".\"ods_stats_i\""));
    g_assert_cmpint(view->features[0].type, ==, FEATURES_INT32);
    g_assert_cmpint(view->features[1].type, ==, FEATURES_DOUBLE);
    g_autoptr(GError) error = NULL;
    g_assert_true(
        engine_exec(world.conn,
                    "CREATE SCHEMA rides; CREATE TABLE rides.ods_stats_i(driver_id BIGINT, "
                    "event_timestamp TIMESTAMP, created TIMESTAMP, conv_rate FLOAT, acc_rate FLOAT, "
                    "trips INTEGER); INSERT INTO rides.ods_stats_i (driver_id, trips) VALUES (1, 1), (2, "
                    "5)",
                    &error));
    g_assert_no_error(error);
    g_autofree char *sql = g_strdup_printf("SELECT max(twice) FROM %s AS r", view->relation);
    int64_t found = 0;
    g_assert_true(engine_query_int(world.conn, sql, &found, &error));
    g_assert_no_error(error);
    g_assert_cmpint(found, ==, 10);
    world_close(&world);
}

static void put_push(const World *world, const char *features)
{
    g_autofree char *text = g_strconcat("feature_views:\n"
                                        "  - name: live\n"
                                        "    entities: [driver]\n"
                                        "    push: true\n"
                                        "    created: created_at\n"
                                        "    features:\n",
                                        features, NULL);
    world_put(world, "domains/rides/views.yml", text);
}

static CatalogTable *push_table(const World *world, const char *name)
{
    g_autoptr(GError) error = NULL;
    CatalogTable *table = features_registry_push_table(world->registry, world_view(world, name), &error);
    g_assert_no_error(error);
    return table;
}

static void pushed_rows_stay_in_one_table_while_types_hold(void)
{
    World world;
    world_open(&world);
    world_driver(&world);
    put_push(&world, "      - {name: clicks, type: int64, default: 0}\n");
    world_apply(&world);
    put_push(&world, "      - {name: page, type: string}\n");
    world_apply(&world);
    g_autoptr(CatalogTable) table = push_table(&world, "live");
    g_assert_cmpstr(table->schema, ==, "rides");
    g_assert_cmpstr(table->name, ==, "_weir_push__live");
    static const char *const columns[] = {"driver_id", "event_timestamp", "created_at", "clicks", "page"};
    g_assert_cmpuint(table->columns->len, ==, G_N_ELEMENTS(columns));
    for (guint i = 0; i < table->columns->len; i++) {
        g_assert_cmpstr(((CatalogColumn *)g_ptr_array_index(table->columns, i))->name, ==, columns[i]);
    }
    g_assert_cmpint(world_view(&world, "live@v1")->features[0].missing.type, ==, FEATURES_INT64);
    put_push(&world, "      - {name: page, type: int64}\n");
    world_apply(&world);
    g_assert_cmpstr(world_view(&world, "live")->table, ==, "rides._weir_push__live_v3");
    g_assert_cmpstr(world_view(&world, "live@v2")->table, ==, "rides._weir_push__live");
    put_push(&world, "      - {name: page, type: int64}\n      - {name: more, type: bool}\n");
    world_apply(&world);
    g_assert_cmpstr(world_view(&world, "live")->table, ==, "rides._weir_push__live_v3");
    world_close(&world);
}

static void a_pin_must_be_there(void)
{
    World world;
    world_open(&world);
    world_driver(&world);
    world_apply(&world);
    static const char service[] =
        "feature_services:\n  - {name: s, features: [\"driver_stats@v%d:conv_rate\"]}\n";
    g_autofree char *none = g_strdup_printf(service, 2);
    world_put(&world, "domains/rides/service.yml", none);
    g_autoptr(CatalogSnapshot) after = world_load(&world, NULL);
    g_autoptr(GError) error = NULL;
    g_assert_false(features_registry_may_apply(world.store, after, &error));
    g_assert_error(error, BASE_ERROR, BASE_E_FEATURE_UNKNOWN);
    g_clear_error(&error);
    put_view(&world, "    features: [{name: conv_rate}]\n"); /* version 2 comes with it */
    world_apply(&world);
    g_assert_false(features_registry_prune(world.store, world.registry, "driver_stats@v2", &error));
    g_assert_error(error, BASE_ERROR, BASE_E_FEATURE_IN_USE);
    g_clear_error(&error);
    g_assert_true(features_registry_prune(world.store, world.registry, "driver_stats@v1", &error));
    g_assert_no_error(error);
    world_close(&world);
}

static void recording_again_changes_nothing(void)
{
    World world;
    world_open(&world);
    world_driver(&world);
    world_apply(&world);
    g_autoptr(CatalogSnapshot) applied = world_load(&world, NULL);
    g_autoptr(GError) error = NULL;
    for (int i = 0; i < 3; i++) {
        g_assert_true(features_registry_record(world.store, applied, "bob", &error));
        g_assert_no_error(error);
    }
    g_autoptr(json_t) history = features_registry_history(world.store, "driver_stats", &error);
    g_assert_no_error(error);
    g_assert_cmpuint(json_array_size(history), ==, 1);
    g_assert_cmpstr(base_json_string(json_array_get(history, 0), "user", ""), ==, "ann");
    world_close(&world);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/features/registry/view", a_view_is_resolved);
    g_test_add_func("/features/registry/versions", what_changes_the_meaning_makes_a_version);
    g_test_add_func("/features/registry/titles", titles_make_no_version);
    g_test_add_func("/features/registry/derived type", a_derived_type_that_changes_makes_a_version);
    g_test_add_func("/features/registry/entity type", an_entity_keeps_its_type);
    g_test_add_func("/features/registry/gone", an_old_version_says_what_has_gone);
    g_test_add_func("/features/registry/unknown", names_that_are_nothing_are_told);
    g_test_add_func("/features/registry/removed", a_view_that_went_keeps_its_versions);
    g_test_add_func("/features/registry/sql", a_view_may_have_a_query_of_its_own);
    g_test_add_func("/features/registry/push", pushed_rows_stay_in_one_table_while_types_hold);
    g_test_add_func("/features/registry/pins", a_pin_must_be_there);
    g_test_add_func("/features/registry/again", recording_again_changes_nothing);
    return g_test_run();
}
