/* Serving at a given moment: the edge of the ttl to the microsecond, and training rows at the same edge. */
#include "features/offline.h"
#include "store_world.h"

#define DAY_US G_GINT64_CONSTANT(86400000000) /* the view's ttl */

/* Driver 1 of `event_us`, online and offline. */
static void put(Place *place, const FeaturesView *view, gint64 event_us)
{
    g_autoptr(GError) error = NULL;
    const FeaturesValue key = {.type = FEATURES_INT64, .i64 = 1};
    const FeaturesValue values[] = {{.type = FEATURES_FLOAT, .real32 = 0.5F},
                                    {.type = FEATURES_FLOAT, .null = true}};
    const FeaturesRow row = {
        .keys = &key, .values = values, .event_us = event_us, .created_us = FEATURES_NO_TIME};
    FeaturesPut done = {0};
    FeaturesOnline *online = features_online(place->features, &error);
    g_assert_no_error(error);
    g_assert_true(features_online_put(online, view, &row, 1, &done, &error));
    g_assert_cmpint(done.written, ==, 1);
    g_autofree char *sql =
        g_strdup_printf("DELETE FROM rides.ods_stats_i; INSERT INTO rides.ods_stats_i VALUES (1, "
                        "make_timestamp(%" G_GINT64_FORMAT "), NULL, 0.5, NULL, 7)",
                        event_us);
    g_assert_true(engine_exec(place->conn, sql, &error));
    g_assert_no_error(error);
}

static void assert_online(Place *place, const FeaturesSelection *selection, gint64 event_us, gint64 now_us,
                          bool fresh)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(FeaturesArena) arena = features_arena_new();
    const FeaturesValue ids[] = {{.type = FEATURES_INT64, .i64 = 1}, {.type = FEATURES_INT64, .i64 = 2}};
    const FeaturesValue *const keys[] = {ids};
    FeaturesCell *cells = NULL;
    g_assert_true(features_serve(place->features, selection, keys, NULL, 2, now_us, arena, &cells, &error));
    g_assert_no_error(error);
    g_assert_cmpint(cells[0].status, ==, fresh ? FEATURES_PRESENT : FEATURES_OUTSIDE_MAX_AGE);
    g_assert_false(cells[0].value.null);
    g_assert_cmpfloat(cells[0].value.real32, ==, 0.5F);
    g_assert_cmpint(cells[0].event_us, ==, event_us);
    g_assert_cmpint(cells[1].status, ==, FEATURES_NOT_FOUND);
    g_assert_cmpint(cells[2].status, ==, fresh ? FEATURES_NULL_VALUE : FEATURES_OUTSIDE_MAX_AGE);
    g_assert_true(cells[2].value.null);
}

static void assert_offline(Place *place, const FeaturesSelection *selection, gint64 now_us, bool fresh)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *asking = g_strdup_printf(
        "(SELECT 1 AS driver_id, make_timestamptz(%" G_GINT64_FORMAT ") AS event_timestamp)", now_us);
    const FeaturesAsk ask = {.selection = selection, .relation = asking, .known_at_us = G_MININT64};
    gint64 n = 0;
    g_assert_true(features_retrieve(place->conn, &ask, "answer", NULL, NULL, NULL, &error));
    g_assert_no_error(error);
    g_assert_true(engine_query_int(place->conn, "SELECT count(conv_rate) FROM temp.main.answer", &n, &error));
    g_assert_cmpint(n, ==, fresh);
}

/* Exactly as old as the ttl is not too old; a microsecond more is. The same online and offline, also on both
 * sides of 1970. */
static void the_edge_of_the_ttl_is_exact(void)
{
    static const gint64 events_us[] = {-1, 0, 1, -DAY_US, -DAY_US - 1, G_GINT64_CONSTANT(1767323045678901)};
    Place place;
    place_open(&place);
    g_autoptr(FeaturesRegistry) registry = features_registry(place.features);
    g_autoptr(GError) error = NULL;
    const FeaturesView *view = features_registry_view(registry, "driver_stats", &error);
    g_assert_cmpint(view->ttl_us, ==, DAY_US);
    const char *const names[] = {"driver_stats", NULL};
    g_autoptr(FeaturesSelection) selection = features_select(registry, names, NULL, false, &error);
    g_assert_no_error(error);
    for (size_t i = 0; i < G_N_ELEMENTS(events_us); i++) {
        gint64 edge_us = events_us[i] + DAY_US, erased = 0;
        put(&place, view, events_us[i]);
        for (gint64 beside_us = -1; beside_us <= 1; beside_us++) {
            assert_online(&place, selection, events_us[i], edge_us + beside_us, beside_us <= 0);
            assert_offline(&place, selection, edge_us + beside_us, beside_us <= 0);
        }
        assert_online(&place, selection, events_us[i], events_us[i] - 1,
                      true); /* of the future: it is there */
        assert_offline(&place, selection, events_us[i], true);
        assert_offline(&place, selection, events_us[i] - 1, false);
        g_assert_true(features_online_erase_all(features_online(place.features, &error), view->project, view,
                                                &erased, &error));
        g_assert_cmpint(erased, ==, 1);
    }
    place_close(&place);
}

static FeaturesSelection *selected(Place *place, const char *first, const char *second, bool full_names)
{
    g_autoptr(GError) error = NULL;
    const char *const refs[] = {first, second, NULL};
    FeaturesSelection *selection = features_selected(place->features, refs, NULL, full_names, &error);
    g_assert_no_error(error);
    return selection;
}

/* Until definitions change; what only looks alike is another. */
static void a_selection_is_remembered(void)
{
    static const char ONE[] = "driver_stats:conv_rate", OTHER[] = "driver_stats:acc_rate";
    Place place;
    place_open(&place);
    g_autoptr(GError) error = NULL;
    g_autoptr(FeaturesSelection)
        first = selected(&place, ONE, OTHER, false),
        again = selected(&place, ONE, OTHER, false), turned = selected(&place, OTHER, ONE, false),
        full = selected(&place, ONE, OTHER, true), fewer = selected(&place, ONE, NULL, false);
    g_assert_true(first == again);
    g_assert_cmpstr(turned->picks[0].name, ==, "acc_rate");
    g_assert_cmpstr(full->picks[0].name, ==, "driver_stats__conv_rate");
    g_assert_cmpuint(fewer->n_picks, ==, 1);
    const char *const joined[] = {"driver_stats:conv_rate\ndriver_stats:acc_rate", NULL};
    g_assert_null(features_selected(place.features, joined, NULL, false, &error));
    g_assert_error(error, BASE_ERROR, BASE_E_FEATURE_UNKNOWN);
    g_clear_error(&error);

    g_autoptr(CatalogSnapshot) snapshot = world_load(&place.world, NULL);
    g_assert_true(features_refresh(place.features, snapshot, "ann", &error));
    g_autoptr(FeaturesRegistry) registry = features_registry(place.features);
    g_autoptr(FeaturesSelection) after = selected(&place, ONE, OTHER, false);
    g_assert_true(after->registry == registry && first->registry != registry);
    g_assert_cmpstr(first->picks[1].name, ==, "acc_rate"); /* who has it keeps it */
    place_close(&place);
}

static void the_memory_of_a_retrieval_is_a_setting(void)
{
    Place place;
    place_open(&place);
    g_assert_cmpint(features_retrieval_memory(place.features), ==,
                    base_config_int(place.config, BASE_CONFIG_FEATURES_RETRIEVAL_MEMORY));
    g_assert_cmpint(features_retrieval_memory(place.features), ==, 32 << 20);
    place_close(&place);
}

/* A view on demand has nothing online, but profiles of what was trained. */
static void a_version_on_demand_is_forgotten_too(void)
{
    Place place;
    place_open(&place);
    g_autoptr(GError) error = NULL;
    gint64 online = -1, n = -1;
    char project[] = "rides", name[] = "od", stored[] = "od";
    const FeaturesView view = {
        .project = project, .name = name, .stored = stored, .version = 1, .from = FEATURES_FROM_REQUEST};
    g_assert_true(engine_exec(place.conn,
                              "INSERT INTO _weir.feature_profiles (view, version, feature, at_us, profile) "
                              "VALUES ('od', 1, 'e', 1, '{}'), ('od', 2, 'e', 1, '{}')",
                              &error));
    g_assert_no_error(error);
    g_assert_true(features_forget_version(place.features, &view, &online, &error));
    g_assert_no_error(error);
    g_assert_cmpint(online, ==, 0);
    g_assert_true(
        engine_query_int(place.conn, "SELECT sum(version)::BIGINT FROM _weir.feature_profiles", &n, &error));
    g_assert_cmpint(n, ==, 2);
    place_close(&place);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/features/serve/the-edge-of-the-ttl-is-exact", the_edge_of_the_ttl_is_exact);
    g_test_add_func("/features/serve/the-memory-of-a-retrieval-is-a-setting",
                    the_memory_of_a_retrieval_is_a_setting);
    g_test_add_func("/features/serve/a-version-on-demand-is-forgotten", a_version_on_demand_is_forgotten_too);
    g_test_add_func("/features/serve/remembered", a_selection_is_remembered);
    return g_test_run();
}
