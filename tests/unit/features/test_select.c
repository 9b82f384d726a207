#include "world.h"

#define SERVICES                                                                                             \
    "feature_services:\n"                                                                                    \
    "  - {name: ranker, features: [\"driver_stats:acc_rate\", \"driver_age\"]}\n"

static void open_two(World *world)
{
    world_open(world);
    world_driver(world);
    world_put(world, "domains/rides/more.yml",
              "feature_views:\n"
              "  - name: driver_age\n"
              "    entities: [driver]\n"
              "    source: ods_stats_i\n"
              "    time: event_timestamp\n"
              "    features:\n"
              "      - {name: trips}\n"
              "      - {name: conv_rate}\n" SERVICES);
    world_apply(world);
}

static FeaturesSelection *choose(const World *world, bool full, const char *const *refs)
{
    g_autoptr(GError) error = NULL;
    FeaturesSelection *selection = features_select(world->registry, refs, NULL, full, &error);
    g_assert_no_error(error);
    return selection;
}

static void fails(const World *world, const char *const *refs, bool full, BaseErrorCode code,
                  const char *word)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(features_select(world->registry, refs, NULL, full, &error));
    g_assert_error(error, BASE_ERROR, (int)code);
    g_test_message("%s | %s", error->message, base_error_get_hint(error));
    g_assert_true(strstr(error->message, word) ||
                  (base_error_get_hint(error) && strstr(base_error_get_hint(error), word)));
}

static void columns_are_in_the_order_asked_for(void)
{
    World world;
    open_two(&world);
    const char *const refs[] = {"driver_age:trips", "driver_stats:conv_rate", "driver_stats:acc_rate", NULL};
    g_autoptr(FeaturesSelection) selection = choose(&world, false, refs);
    g_assert_cmpuint(selection->n_uses, ==, 2);
    g_assert_cmpuint(selection->n_picks, ==, 3);
    g_assert_cmpstr(selection->picks[0].name, ==, "trips");
    g_assert_cmpstr(selection->picks[1].name, ==, "conv_rate");
    g_assert_cmpstr(selection->picks[2].name, ==, "acc_rate");
    g_assert_cmpuint(selection->picks[1].use, ==, 1);
    g_assert_cmpuint(selection->n_keys, ==, 1);
    g_assert_cmpstr(selection->keys[0], ==, "driver_id");
    g_assert_cmpint(selection->key_types[0], ==, FEATURES_INT64);
    g_assert_cmpstr(selection->uses[0].keys[0], ==, "driver_id");
    world_close(&world);
}

static void a_view_means_all_of_it(void)
{
    World world;
    open_two(&world);
    const char *const refs[] = {"driver_stats", NULL};
    g_autoptr(FeaturesSelection) selection = choose(&world, true, refs);
    g_assert_cmpuint(selection->n_picks, ==, 2);
    g_assert_cmpstr(selection->picks[0].name, ==, "driver_stats__conv_rate");
    g_assert_cmpstr(selection->picks[1].name, ==, "driver_stats__acc_rate");
    world_close(&world);
}

static void two_columns_of_one_name_are_refused(void)
{
    World world;
    open_two(&world);
    const char *const refs[] = {"driver_stats:conv_rate", "driver_age:conv_rate", NULL};
    fails(&world, refs, false, BASE_E_FEATURE_COLLISION, "driver_age:conv_rate");
    g_autoptr(FeaturesSelection) selection = choose(&world, true, refs);
    g_assert_cmpuint(selection->n_picks, ==, 2);
    const char *const twice[] = {"driver_stats:conv_rate", "driver_stats:conv_rate", NULL};
    fails(&world, twice, true, BASE_E_FEATURE_COLLISION, "driver_stats__conv_rate");
    world_close(&world);
}

static void versions_stand_side_by_side(void)
{
    World world;
    open_two(&world);
    g_autoptr(GString) view = g_string_new(WORLD_VIEW);
    g_string_replace(view, "ttl: 1d", "ttl: 2d", 0);
    world_put(&world, "domains/rides/views.yml", view->str);
    world_apply(&world);
    const char *const refs[] = {"driver_stats@v1:conv_rate", "driver_stats:conv_rate", NULL};
    g_autoptr(FeaturesSelection) selection = choose(&world, true, refs);
    g_assert_cmpuint(selection->n_uses, ==, 2);
    g_assert_cmpuint(selection->uses[0].view->version, ==, 1);
    g_assert_cmpuint(selection->uses[1].view->version, ==, 2);
    g_assert_cmpstr(selection->picks[0].name, ==, "driver_stats@v1__conv_rate");
    g_assert_cmpstr(selection->picks[1].name, ==, "driver_stats__conv_rate");
    world_close(&world);
}

static void what_is_unknown_is_named(void)
{
    World world;
    open_two(&world);
    const char *const view[] = {"driver_stat:conv_rate", NULL};
    fails(&world, view, false, BASE_E_FEATURE_UNKNOWN, "driver_stats");
    const char *const feature[] = {"driver_stats:conv_rat", NULL};
    fails(&world, feature, false, BASE_E_FEATURE_UNKNOWN, "did you mean `conv_rate`");
    const char *const none[] = {NULL};
    fails(&world, none, false, BASE_E_VALUE_INVALID, "1 to");
    g_autoptr(GError) error = NULL;
    g_assert_null(features_select(world.registry, NULL, "rankr", false, &error));
    g_assert_error(error, BASE_ERROR, BASE_E_FEATURE_UNKNOWN);
    g_assert_cmpstr(base_error_get_hint(error), ==, "did you mean `ranker`?");
    world_close(&world);
}

static void a_service_names_what_it_takes(void)
{
    World world;
    open_two(&world);
    g_autoptr(GError) error = NULL;
    g_autoptr(FeaturesSelection) selection = features_select(world.registry, NULL, "ranker", false, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(selection->n_picks, ==, 3);
    g_assert_cmpstr(selection->picks[0].name, ==, "acc_rate");
    g_assert_cmpstr(selection->picks[2].name, ==, "conv_rate");
    world_close(&world);
}

static void the_same_view_stands_twice_under_aliases(void)
{
    World world;
    world_open(&world);
    world_driver(&world);
    world_put(
        &world, "domains/rides/cities.yml",
        "entities:\n"
        "  - {name: city, key: city_id, type: int64}\n"
        "feature_views:\n"
        "  - name: city_stats\n"
        "    entities: [{entity: city, key: driver_id}]\n"
        "    source: ods_stats_i\n"
        "    time: event_timestamp\n"
        "    features: [{name: trips}]\n"
        "feature_services:\n"
        "  - name: route\n"
        "    features:\n"
        "      - {view: city_stats, as: origin, keys: {city_id: origin_id}}\n"
        "      - {view: city_stats, as: destination, keys: {city_id: destination_id}, features: [trips]}\n");
    world_apply(&world);
    g_autoptr(GError) error = NULL;
    g_autoptr(FeaturesSelection) selection = features_select(world.registry, NULL, "route", true, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(selection->n_uses, ==, 2);
    g_assert_true(selection->uses[0].view == selection->uses[1].view);
    g_assert_cmpstr(selection->uses[0].view->keys[0].name, ==, "driver_id");
    g_assert_cmpstr(selection->uses[0].view->keys[0].stored, ==, "city_id");
    g_assert_cmpuint(selection->n_keys, ==, 2);
    g_assert_cmpstr(selection->keys[0], ==, "origin_id");
    g_assert_cmpstr(selection->keys[1], ==, "destination_id");
    g_assert_cmpstr(selection->picks[0].name, ==, "origin__trips");
    g_assert_cmpstr(selection->picks[1].name, ==, "destination__trips");
    g_assert_null(features_select(world.registry, NULL, "route", false, &error));
    g_assert_error(error, BASE_ERROR, BASE_E_FEATURE_COLLISION);
    world_close(&world);
}

static void what_is_computed_brings_what_it_is_computed_of(void)
{
    World world;
    open_two(&world);
    world_put(&world, "domains/rides/fit.yml",
              "feature_views:\n"
              "  - name: fit\n"
              "    request: [{name: fare, type: double}]\n"
              "    inputs: [\"driver_stats:conv_rate\", driver_age]\n"
              "    features:\n"
              "      - {name: worth, expr: \"fare * driver_stats__conv_rate / trips\"}\n");
    world_apply(&world);
    const FeaturesView *fit = world_view(&world, "fit");
    g_assert_cmpint(fit->from, ==, FEATURES_FROM_REQUEST);
    g_assert_cmpint(fit->features[0].type, ==, FEATURES_DOUBLE);
    g_assert_cmpuint(fit->n_inputs, ==, 3);
    g_assert_cmpstr(fit->inputs[0].name, ==, "driver_stats__conv_rate");
    g_assert_cmpstr(fit->inputs[1].name, ==, "trips");
    g_assert_cmpint(fit->inputs[1].type, ==, FEATURES_INT32);
    g_assert_cmpstr(fit->inputs[2].name, ==, "driver_age__conv_rate");
    const char *const refs[] = {"fit:worth", "driver_stats:acc_rate", NULL};
    g_autoptr(FeaturesSelection) selection = choose(&world, false, refs);
    g_assert_cmpuint(selection->n_picks, ==, 2);
    g_assert_cmpuint(selection->n_uses, ==, 3);
    const FeaturesUse *use = &selection->uses[selection->picks[0].use];
    g_assert_true(use->view == fit);
    for (size_t i = 0; i < fit->n_inputs; i++) {
        const FeaturesView *from = selection->uses[use->inputs[i].use].view;
        g_assert_cmpuint(use->inputs[i].use, <, selection->picks[0].use);
        g_assert_cmpstr(from->features[use->inputs[i].feature].name, ==, fit->inputs[i].feature);
    }
    g_assert_cmpuint(selection->n_request, ==, 1);
    g_assert_cmpstr(selection->request[0], ==, "fare");
    g_assert_cmpint(selection->request_types[0], ==, FEATURES_DOUBLE);
    g_assert_cmpuint(selection->n_keys, ==, 1);
    world_close(&world);
}

static void an_older_computed_view_keeps_its_inputs(void)
{
    World world;
    open_two(&world);
    static const char text[] = "feature_views:\n"
                               "  - name: fit\n"
                               "    inputs: [\"driver_stats:conv_rate\"]\n"
                               "    features: [{name: worth, type: double, expr: \"%s\"}]\n";
    g_autofree char *first = g_strdup_printf(text, "conv_rate * 2::DOUBLE");
    g_autofree char *second = g_strdup_printf(text, "conv_rate * 3::DOUBLE");
    world_put(&world, "domains/rides/fit.yml", first);
    world_apply(&world);
    world_put(&world, "domains/rides/fit.yml", second);
    world_apply(&world);
    g_autoptr(GString) view = g_string_new(WORLD_VIEW);
    g_string_replace(view, "ttl: 1d", "ttl: 2d", 0);
    world_put(&world, "domains/rides/views.yml", view->str);
    world_apply(&world);
    g_assert_cmpuint(world_view(&world, "fit")->version, ==, 2);
    g_assert_cmpstr(world_view(&world, "fit")->inputs[0].view, ==, "driver_stats");
    g_assert_cmpstr(world_view(&world, "fit@v1")->inputs[0].view, ==, "driver_stats@v1");
    const char *const refs[] = {"fit@v1:worth", NULL};
    g_autoptr(FeaturesSelection) selection = choose(&world, false, refs);
    g_assert_cmpuint(selection->uses[0].view->version, ==, 1);
    g_assert_cmpint(selection->uses[0].view->ttl_us, ==, G_TIME_SPAN_DAY);
    world_close(&world);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/features/select/order", columns_are_in_the_order_asked_for);
    g_test_add_func("/features/select/whole view", a_view_means_all_of_it);
    g_test_add_func("/features/select/collision", two_columns_of_one_name_are_refused);
    g_test_add_func("/features/select/versions", versions_stand_side_by_side);
    g_test_add_func("/features/select/unknown", what_is_unknown_is_named);
    g_test_add_func("/features/select/service", a_service_names_what_it_takes);
    g_test_add_func("/features/select/alias", the_same_view_stands_twice_under_aliases);
    g_test_add_func("/features/select/on demand", what_is_computed_brings_what_it_is_computed_of);
    g_test_add_func("/features/select/older inputs", an_older_computed_view_keeps_its_inputs);
    return g_test_run();
}
