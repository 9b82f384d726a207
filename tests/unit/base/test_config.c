#include "base/config.h"

static BaseYaml *yaml(const char *text)
{
    g_autoptr(BaseDiags) diags = base_diags_new();
    BaseYaml *root = base_yaml_parse(text, strlen(text), "weir.yml", 0, 0, diags);
    g_assert_nonnull(root);
    return root;
}

static void defaults_hold_until_something_says_otherwise(void)
{
    g_autoptr(BaseConfig) config = base_config_new();
    g_assert_cmpstr(base_config_text(config, BASE_CONFIG_HTTP_LISTEN), ==, "127.0.0.1:8030");
    g_assert_cmpint(base_config_int(config, BASE_CONFIG_CHECKPOINT_WAL), ==, 32 * 1024 * 1024);
    g_assert_cmpint(base_config_int(config, BASE_CONFIG_QUERY_TIMEOUT), ==, 300 * G_GINT64_CONSTANT(1000000));
    g_assert_cmpstr(base_config_origin(config, BASE_CONFIG_HTTP_LISTEN), ==, "default");
}

static void dotted_and_nested_keys_are_the_same(void)
{
    g_autoptr(BaseDiags) diags = base_diags_new();
    g_autoptr(BaseConfig) config = base_config_new();
    g_autoptr(BaseYaml) settings =
        yaml("query.heavy_slots: 3\nmysql:\n  max_sessions: 7\nquery: {timeout: 10s}\n");
    g_assert_true(base_config_load(config, settings, "weir.yml", diags));
    g_assert_cmpint(base_config_int(config, BASE_CONFIG_QUERY_HEAVY_SLOTS), ==, 3);
    g_assert_cmpint(base_config_int(config, BASE_CONFIG_MYSQL_MAX_SESSIONS), ==, 7);
    g_assert_cmpint(base_config_int(config, BASE_CONFIG_QUERY_TIMEOUT), ==, 10000000);
    g_assert_cmpstr(base_config_origin(config, BASE_CONFIG_MYSQL_MAX_SESSIONS), ==, "weir.yml:3");
}

static void flag_beats_environment_beats_file(void)
{
    g_autoptr(BaseDiags) diags = base_diags_new();
    g_autoptr(BaseConfig) config = base_config_new();
    g_autoptr(BaseYaml) settings = yaml("http.listen: f:1\nmysql.listen: f:2\ntls.cert: f\n");
    g_assert_true(base_config_set(config, "http.listen", "flag:1", NULL));
    g_setenv("WEIR_HTTP_LISTEN", "env:1", TRUE);
    g_setenv("WEIR_MYSQL_LISTEN", "env:2", TRUE);
    g_assert_true(base_config_load(config, settings, "weir.yml", diags));
    g_unsetenv("WEIR_HTTP_LISTEN");
    g_unsetenv("WEIR_MYSQL_LISTEN");
    g_assert_cmpstr(base_config_text(config, BASE_CONFIG_HTTP_LISTEN), ==, "flag:1");
    g_assert_cmpstr(base_config_origin(config, BASE_CONFIG_HTTP_LISTEN), ==, "flag");
    g_assert_cmpstr(base_config_text(config, BASE_CONFIG_MYSQL_LISTEN), ==, "env:2");
    g_assert_cmpstr(base_config_origin(config, BASE_CONFIG_MYSQL_LISTEN), ==, "WEIR_MYSQL_LISTEN");
    g_assert_cmpstr(base_config_text(config, BASE_CONFIG_TLS_CERT), ==, "f");
}

static void every_mistake_of_the_file_is_told_with_its_place(void)
{
    g_autoptr(BaseDiags) diags = base_diags_new();
    g_autoptr(BaseConfig) config = base_config_new();
    g_autoptr(BaseYaml) settings =
        yaml("http.lisen: x\nmysql: {max_sessions: 0}\nquery.timeout: 10\nlang: fr\n"
             "log.level: [a]\nengine.memory: lots\n");
    g_assert_false(base_config_load(config, settings, "weir.yml", diags));
    g_assert_cmpuint(base_diags_length(diags), ==, 6);
    const BaseDiag *diag = base_diags_get(diags, 0);
    g_assert_cmpstr(diag->hint, ==, "did you mean `http.listen`?");
    diag = base_diags_get(diags, 1);
    g_assert_cmpuint(diag->line, ==, 2);
    g_assert_cmpuint(diag->column, ==, 23);
    g_assert_cmpstr(diag->hint, ==, "from 1 to 100000");
    g_assert_cmpint(base_config_int(config, BASE_CONFIG_MYSQL_MAX_SESSIONS), ==, 1000);
}

static void an_unknown_flag_names_the_nearest(void)
{
    g_autoptr(BaseConfig) config = base_config_new();
    g_autoptr(GError) error = NULL;
    g_assert_false(base_config_set(config, "mysql.listten", "x", &error));
    g_assert_error(error, BASE_ERROR, BASE_E_CONFIG_INVALID);
    g_assert_cmpstr(base_error_get_hint(error), ==, "did you mean `mysql.listen`?");
}

#define ADD(f) g_test_add_func("/config/" #f, f)
int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD(defaults_hold_until_something_says_otherwise);
    ADD(dotted_and_nested_keys_are_the_same);
    ADD(flag_beats_environment_beats_file);
    ADD(every_mistake_of_the_file_is_told_with_its_place);
    ADD(an_unknown_flag_names_the_nearest);
    return g_test_run();
}
