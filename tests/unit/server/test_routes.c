/* The table of routes: what a path finds, what it refuses, and what OpenAPI says of it. */
#include "server/api.h"

static void assert_route(const char *method, const char *path, const char *pattern, const char *name,
                         const char *value)
{
    g_autoptr(GHashTable) params = NULL;
    g_autoptr(GError) error = NULL;
    const ServerRoute *route = server_route_find(method, path, &params, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(route->path, ==, pattern);
    if (name) {
        g_assert_cmpstr(g_hash_table_lookup(params, name), ==, value);
    }
}

static void test_a_path_finds_its_route_and_parameters(void)
{
    assert_route("GET", "/", "/", NULL, NULL);
    assert_route("GET", "/healthz", "/healthz", NULL, NULL);
    assert_route("HEAD", "/healthz", "/healthz", NULL, NULL);
    assert_route("GET", "/api/v1/objects/model:shop.x", "/api/v1/objects/{id}", "id", "model:shop.x");
    assert_route("PUT", "/api/v1/load/shop.%E4%B8%AD", "/api/v1/load/{table}", "table", "shop.中");
    assert_route("PUT", "/api/shop/t/_stream_load", "/api/{db}/{table}/_stream_load", "table", "t");
    assert_route("PUT", "/api/shop/_stream_load_2pc", "/api/{db}/_stream_load_2pc", "db", "shop");
    assert_route("PUT", "/api/shop/t/_stream_load_2pc", "/api/{db}/{table}/_stream_load_2pc", "db", "shop");
    assert_route("GET", "/api/c/shop/t/_schema", "/api/{cat}/{db}/{table}/_schema", "cat", "c");
}

static void test_a_word_goes_before_a_parameter(void)
{
    assert_route("POST", "/api/query/default_cluster/shop", "/api/query/{ns}/{db}", "db", "shop");
    assert_route("GET", "/api/_load_error_log", "/api/_load_error_log", NULL, NULL);
    assert_route("GET", "/api/enable_light_schema_change/shop/t",
                 "/api/enable_light_schema_change/{db}/{table}", "db", "shop");
    assert_route("GET", "/api/shop/get_load_state", "/api/{db}/get_load_state", "db", "shop");
}

static void test_an_escaped_slash_stays_inside_its_parameter(void)
{
    assert_route("GET", "/api/v1/objects/a%2Fb", "/api/v1/objects/{id}", "id", "a/b");
    assert_route("GET", "/api/v1/objects/..%2F..", "/api/v1/objects/{id}", "id", "../..");
}

static void test_what_is_no_route_is_refused_with_the_methods_there_are(void)
{
    static const char *const bad[][2] = {{"GET", ""},
                                         {"GET", "/api"},
                                         {"GET", "/api/v1/objects/"},
                                         {"GET", "/api/v1/objects/a/b"},
                                         {"GET", "//"},
                                         {"GET", "/healthz/"},
                                         {"GET", "/HEALTHZ"},
                                         {"DELETE", "/healthz"},
                                         {"get", "/healthz"},
                                         {"GET", "/api/v1/objects/%00"},
                                         {"GET", "/api/v1/objects/%ff"},
                                         {"GET", "/api/v1/objects/%zz"}};
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GHashTable) params = NULL;
        g_autoptr(GError) error = NULL;
        g_assert_null(server_route_find(bad[i][0], bad[i][1], &params, &error));
        g_assert_error(error, BASE_ERROR, BASE_E_ROUTE_UNKNOWN);
        g_assert_null(params);
    }
    g_autoptr(GHashTable) params = NULL;
    g_autoptr(GError) error = NULL;
    g_assert_null(server_route_find("DELETE", "/api/v1/users", &params, &error));
    g_assert_cmpstr(base_error_get_hint(error), ==, "the methods here are: GET, POST");
}

static void test_every_row_is_whole_and_no_two_are_alike(void)
{
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (size_t i = 0; i < SERVER_N_ROUTES; i++) {
        const ServerRoute *route = &SERVER_ROUTES[i];
        g_assert_true(route->handler && route->title && route->path[0] == '/');
        g_assert_false(route->is_public && route->right);
        g_assert_false(route->upload && route->body_schema);
        g_assert_true(g_hash_table_add(seen, g_strconcat(route->method, " ", route->path, NULL)));
    }
}

static void test_openapi_has_every_route_with_its_keys(void)
{
    g_autoptr(json_t) api = server_openapi();
    g_assert_nonnull(api);
    json_t *paths = json_object_get(api, "paths");
    for (size_t i = 0; i < SERVER_N_ROUTES; i++) {
        g_autofree char *method = g_ascii_strdown(SERVER_ROUTES[i].method, -1);
        json_t *operation = json_object_get(json_object_get(paths, SERVER_ROUTES[i].path), method);
        g_assert_cmpstr(base_json_string(operation, "summary", NULL), ==, SERVER_ROUTES[i].title);
        g_assert_true(!!json_object_get(operation, "requestBody") ==
                      (SERVER_ROUTES[i].upload || SERVER_ROUTES[i].body_schema));
    }
    json_t *query = json_object_get(json_object_get(paths, "/api/v1/query"), "post");
    json_t *content = json_object_get(json_object_get(query, "requestBody"), "content");
    json_t *schema = json_object_get(json_object_get(content, "application/json"), "schema");
    g_assert_cmpstr(json_string_value(json_array_get(json_object_get(schema, "required"), 0)), ==, "sql");
    g_assert_cmpstr(
        base_json_string(json_object_get(json_object_get(schema, "properties"), "max_rows"), "type", ""), ==,
        "integer");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/server/routes/find", test_a_path_finds_its_route_and_parameters);
    g_test_add_func("/server/routes/word-first", test_a_word_goes_before_a_parameter);
    g_test_add_func("/server/routes/escapes", test_an_escaped_slash_stays_inside_its_parameter);
    g_test_add_func("/server/routes/refused", test_what_is_no_route_is_refused_with_the_methods_there_are);
    g_test_add_func("/server/routes/whole", test_every_row_is_whole_and_no_two_are_alike);
    g_test_add_func("/server/routes/openapi", test_openapi_has_every_route_with_its_keys);
    return g_test_run();
}
