/* Reading a project: what is right is kept whole; what is wrong is told, all of it, at its place. */
#include "catalog_test.h"

static void test_every_kind_is_read(void)
{
    Fixture fixture;
    fixture_open(&fixture);
    put_music(&fixture);
    g_autoptr(CatalogSnapshot) snapshot = load_good(&fixture);
    g_assert_cmpstr(catalog_project_name(snapshot), ==, "music");
    g_assert_cmpstr(catalog_project_timezone(snapshot), ==, "Asia/Shanghai");
    guint seen = 0;
    for (guint i = 0; i < catalog_objects(snapshot)->len; i++) {
        const CatalogObject *one = g_ptr_array_index(catalog_objects(snapshot), i);
        seen |= 1u << one->kind;
    }
    g_assert_cmphex(seen | 1u << CATALOG_DIMENSION, ==, (1u << CATALOG_N_KINDS) - 1);
    const char *const *domains = catalog_domains(snapshot);
    g_assert_cmpstr(domains[0], ==, "interactions");
    g_assert_cmpstr(domains[1], ==, "users");
    g_assert_null(domains[2]);
    fixture_close(&fixture);
}

static void test_model_has_all_that_its_file_says(void)
{
    Fixture fixture;
    fixture_open(&fixture);
    put_music(&fixture);
    g_autoptr(CatalogSnapshot) snapshot = load_good(&fixture);
    const CatalogObject *model = object(snapshot, "model:interactions.dwd_play_event_i");
    g_assert_cmpstr(model->layer, ==, "dwd");
    g_assert_cmpstr(model->title_zh, ==, "播放明细");
    g_assert_cmpstr(model->grade, ==, "P1");
    g_assert_cmpint(model->model->kind, ==, CATALOG_MODEL_INCREMENTAL);
    g_assert_cmpstr(model->model->time, ==, "played_at");
    g_assert_cmpstr(model->model->key[0], ==, "play_id");
    g_assert_null(model->model->key[1]);
    g_assert_cmpint(model->model->lookback_us, ==, G_GINT64_CONSTANT(7200000000));
    g_assert_cmpuint(model->model->sql_line, ==, 16);
    g_assert_true(model->model->uses_interval);
    g_assert_nonnull(strstr(model->model->sql_resolved,
                            "FROM \"interactions\".\"ods_play_event_i\" p LEFT JOIN "
                            "\"users\".\"dim_user\" u ON"));
    g_assert_nonnull(strstr(model->model->sql_resolved, ">= $start"));
    g_assert_cmpuint(model->columns->len, ==, 5);
    const CatalogColumn *seconds = g_ptr_array_index(model->columns, 2);
    g_assert_cmpstr(seconds->name, ==, "seconds");
    g_assert_cmpstr(seconds->type, ==, "INTEGER");
    fixture_close(&fixture);
}

static void test_checks_are_normalised(void)
{
    Fixture fixture;
    fixture_open(&fixture);
    put_music(&fixture);
    g_autoptr(CatalogSnapshot) snapshot = load_good(&fixture);
    const CatalogObject *model = object(snapshot, "model:interactions.dwd_play_event_i");
    g_autofree char *text = base_json_text(json_object_get(model->definition, "checks"));
    g_assert_cmpstr(
        text, ==,
        "[{\"type\":\"not_null\",\"column\":\"play_id\",\"severity\":\"error\"},"
        "{\"type\":\"unique\",\"column\":\"play_id\",\"severity\":\"error\"},"
        "{\"type\":\"between\",\"column\":\"seconds\",\"low\":0,\"high\":100,\"severity\":\"warn\"},"
        "{\"type\":\"relationship\",\"column\":\"user_id\",\"to\":\"users.dim_user\",\"severity\":\"error\"},"
        "{\"type\":\"row_count\",\"min\":1,\"severity\":\"error\"}]");
    const CatalogObject *user = object(snapshot, "model:users.dim_user");
    g_autofree char *other = base_json_text(json_object_get(user->definition, "checks"));
    g_assert_nonnull(
        strstr(other, "{\"type\":\"accepted_values\",\"column\":\"plan\",\"values\":[\"free\",\"basic\"]"));
    fixture_close(&fixture);
}

static void test_lineage_runs_through_all_kinds(void)
{
    Fixture fixture;
    fixture_open(&fixture);
    put_music(&fixture);
    g_autoptr(CatalogSnapshot) s = load_good(&fixture);
    const char *dwd = "model:interactions.dwd_play_event_i";
    g_assert_true(has_edge(s, "source:users.account_db", NULL, "table:users.ods_user_f", NULL));
    g_assert_true(has_edge(s, "stream:interactions.plays", "user_id", "table:interactions.ods_play_event_i",
                           "user_id"));
    g_assert_true(has_edge(s, "table:users.ods_user_f", "email", "model:users.dim_user", "email"));
    g_assert_true(has_edge(s, "model:users.dim_user", "plan", dwd, "plan"));
    g_assert_true(has_edge(s, dwd, "seconds", "metric:interactions.play_secs", NULL));
    g_assert_true(
        has_edge(s, "metric:interactions.play_cnt", NULL, "metric:interactions.paid_play_cnt", NULL));
    g_assert_true(has_edge(s, "model:users.dim_user", "plan", "metric:interactions.paid_play_cnt", NULL));
    g_assert_true(
        has_edge(s, "metric:interactions.play_secs", NULL, "metric:interactions.secs_per_play", NULL));
    g_assert_true(has_edge(s, dwd, "seconds", "feature_view:interactions.user_listening", "secs_7d"));
    g_assert_true(has_edge(s, "feature_view:interactions.user_listening", "secs_7d",
                           "feature_service:interactions.home_v1", "secs_7d"));
    g_assert_true(
        has_edge(s, "feature_service:interactions.home_v1", NULL, "recommender:interactions.home", NULL));
    g_assert_true(has_edge(s, "metric:interactions.play_cnt", NULL, "dashboard:interactions.overview", NULL));
    g_assert_true(has_edge(s, "dashboard:interactions.overview", NULL, "report:interactions.weekly", NULL));
    g_assert_true(has_edge(s, dwd, NULL, "product:interactions.listening", NULL));
    g_autoptr(GPtrArray) down = catalog_downstream(s, object(s, "table:users.ods_user_f"));
    bool reached = false;
    for (guint i = 0; i < down->len; i++) {
        const CatalogObject *one = g_ptr_array_index(down, i);
        reached = reached || g_str_equal(one->id, "report:interactions.weekly");
    }
    g_assert_true(reached);
    fixture_close(&fixture);
}

static void test_tree_of_a_column_reaches_its_source(void)
{
    Fixture fixture;
    fixture_open(&fixture);
    put_music(&fixture);
    g_autoptr(CatalogSnapshot) s = load_good(&fixture);
    g_autoptr(json_t) tree =
        catalog_lineage_tree(s, object(s, "model:interactions.dwd_play_event_i"), "plan", true);
    const char *const path[] = {"interactions.dwd_play_event_i", "users.dim_user", "users.ods_user_f",
                                "users.account_db"};
    const json_t *at = tree;
    for (size_t i = 0; i < G_N_ELEMENTS(path); i++) {
        g_assert_cmpstr(base_json_string(at, "object", ""), ==, path[i]);
        const json_t *next = NULL;
        for (size_t k = 0; k < json_array_size(json_object_get(at, "children")); k++) {
            const json_t *child = json_array_get(json_object_get(at, "children"), k);
            next = g_str_equal(base_json_string(child, "how", ""), "direct") ? child : next;
        }
        at = next;
    }
    fixture_close(&fixture);
}

static void test_a_table_of_a_source_may_come_later(void)
{
    Fixture fixture;
    fixture_open(&fixture);
    put_music(&fixture);
    put(&fixture, "domains/users/models/dwd_fresh_f.sql", "SELECT f.anything AS thing FROM ods_fresh_f f");
    g_autoptr(CatalogSnapshot) s = load_good(&fixture);
    const CatalogObject *fresh = object(s, "table:users.ods_fresh_f");
    g_assert_cmpstr(fresh->status, ==, "expected");
    g_assert_null(fresh->table);
    g_assert_true(has_edge(s, fresh->id, "anything", "model:users.dwd_fresh_f", "thing"));
    fixture_close(&fixture);
}

static void test_names_are_found_as_people_write_them(void)
{
    Fixture fixture;
    fixture_open(&fixture);
    put_music(&fixture);
    g_autoptr(CatalogSnapshot) s = load_good(&fixture);
    const char *const names[][2] = {{"dim_user", "model:users.dim_user"},
                                    {"users.dim_user", "model:users.dim_user"},
                                    {"model:dim_user", "model:users.dim_user"},
                                    {"metrics:interactions.play_cnt", "metric:interactions.play_cnt"},
                                    {"heavy listener", "term:heavy listener"}};
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autoptr(GError) error = NULL;
        const CatalogObject *found = catalog_find(s, names[i][0], NULL, &error);
        g_assert_no_error(error);
        g_assert_cmpstr(found->id, ==, names[i][1]);
    }
    g_autoptr(GError) error = NULL;
    g_assert_null(catalog_find(s, "dim_usr", NULL, &error));
    g_assert_error(error, BASE_ERROR, BASE_E_REFERENCE_UNKNOWN);
    g_assert_nonnull(strstr(base_error_get_hint(error), "dim_user"));
    fixture_close(&fixture);
}

static void test_ignored_files_are_not_read(void)
{
    Fixture fixture;
    fixture_open(&fixture);
    put_music(&fixture);
    put(&fixture, "notes/broken.yml", "a: [\n");
    put(&fixture, "deep/old/broken.sql", "SELEC 1");
    put(&fixture, "keep/me.yml", "terms: [{name: kept, means: x}]\n");
    put(&fixture, "keep/not.yml", "a: [\n");
    put(&fixture, ".weirignore", "# what is not ours\nnotes/\nold\nkeep/*\n!keep/me.yml\n");
    g_autoptr(CatalogSnapshot) s = load_good(&fixture);
    object(s, "term:kept");
    fixture_close(&fixture);
}

/* ---- mistakes
 * ---------------------------------------------------------------------------------------------- */

typedef struct {
    const char *path, *text;
    BaseErrorCode code;
    unsigned line, column;
    const char *message, *hint; /* parts of them */
} Mistake;

static const Mistake mistakes[] = {
    {"domains/users/models/m01_key.sql",
     "-- ---\n-- kind: full\n-- shedule: \"0 3 * * *\"\n-- ---\nSELECT 1 AS x", BASE_E_KEY_UNKNOWN, 3, 4,
     "unknown key `shedule` in a model", "`schedule`"},
    {"domains/users/models/m02_column.sql", "SELECT u.plan,\n  u.user_idd\nFROM dim_user u",
     BASE_E_COLUMN_UNKNOWN, 2, 5, "`u` has no column `user_idd`", "`user_id`"},
    {"domains/users/models/m03_table.sql", "-- ---\n-- kind: full\n-- ---\nSELECT plan\nFROM dim_usr",
     BASE_E_TABLE_UNKNOWN, 5, 6, "no table or model `dim_usr`", "`dim_user`"},
    {"domains/users/models/m04_syntax.sql", "SELECT plan\nFROM dim_user\nWHERE WHERE plan = 1",
     BASE_E_SQL_SYNTAX, 3, 7, "", NULL},
    {"domains/users/m05_yaml.yml", "terms:\n  - {name: x, means: y\n", BASE_E_YAML_SYNTAX, 3, 1, "", NULL},
    {"domains/users/m06_metric.yml",
     "metrics:\n  - {name: m06, type: atomic, table: dim_user, agg: sum, expr: user_ix}\n",
     BASE_E_COLUMN_UNKNOWN, 2, 64, "no column `user_ix`", "`user_id`"},
    {"domains/users/m07_reference.yml", "metrics:\n  - name: m07\n    type: derived\n    of: play_cnx\n",
     BASE_E_REFERENCE_UNKNOWN, 4, 9, "no metric `play_cnx`", "`play_cnt`"},
    {"domains/users/m08_type.yml",
     "tables:\n  - name: ods_m08\n    columns:\n      - {name: a, type: bigintt}\n", BASE_E_VALUE_INVALID, 4,
     25, "bigintt", "`bigint`"},
    {"domains/users/m09_duplicate.yml",
     "terms:\n  - name: heavy listener\n    means: x\n  - name: heavy listener\n    means: y\n",
     BASE_E_NAME_DUPLICATE, 4, 11, "is defined twice", "domains/users/m09_duplicate.yml:2"},
    {"domains/users/m10_word.yml",
     "alerts:\n  - {name: m10, metric: interactions.play_cnt, when: x, grade: P9}\n", BASE_E_VALUE_INVALID, 2,
     64, "`grade` cannot be `P9`", "P0, P1, P2, P3"},
    {"domains/users/m11_secret.yml",
     "sources:\n  - name: m11\n    connector: mysql\n    connection: {host: h, password: hunter2}\n",
     BASE_E_VALUE_INVALID, 4, 37, "written out in a file", "${PASSWORD}"},
    {"domains/users/m12_reserved.yml", "metrics:\n  - {name: select, type: composite, expr: \"1\"}\n",
     BASE_E_NAME_INVALID, 2, 12, "reserved word", NULL},
    {"domains/users/models/m13_time.sql",
     "-- ---\n-- kind: incremental\n-- time: at\n-- ---\nSELECT user_id FROM dim_user", BASE_E_COLUMN_UNKNOWN,
     3, 10, "no column `at`", NULL},
    {"domains/users/models/m14_engine.sql", "SELECT user_id,\n  sqrt(plan, 2) AS s\nFROM dim_user",
     BASE_E_SQL_FAILED, 2, 3, "sqrt", NULL},
    {"domains/users/models/m15_check.sql",
     "-- ---\n-- columns:\n--   - {name: plan, checks: [uniqe]}\n-- ---\nSELECT plan FROM dim_user",
     BASE_E_KEY_UNKNOWN, 3, 30, "unknown check `uniqe`", "`unique`"},
    {"domains/users/m16_feature.yml",
     "feature_services:\n  - {name: m16, features: [\"interactions.user_listening:secs\"]}\n",
     BASE_E_REFERENCE_UNKNOWN, 2, 28, "has no feature `secs`", NULL},
    {"domains/users/m17_missing.yml", "streams:\n  - {name: m17, to: nowhere_i}\n", BASE_E_REFERENCE_UNKNOWN,
     2, 21, "no table `nowhere_i`", NULL},
    {"domains/users/m18_top.yml", "metrix: []\n", BASE_E_KEY_UNKNOWN, 1, 1, "unknown key `metrix`",
     "`metrics`"},
    {"domains/users/m19_twice.yml",
     "tables:\n  - name: ods_m19\n    key: [a]\n    columns: [{name: a, type: int, key: true}]\n",
     BASE_E_VALUE_INVALID, 4, 36, "set twice", "line 3"},
    {"domains/users/m20_domain.yml", "terms:\n  - {name: m20, means: x, domain: songs}\n",
     BASE_E_VALUE_INVALID, 2, 35, "set twice: `songs` here, `users` by the folder", NULL},
    {"domains/users/models/m21_circle_a.sql", "SELECT x FROM m21_circle_b", 0, 0, 0, NULL, NULL},
    {"domains/users/models/m21_circle_b.sql", "SELECT x FROM m21_circle_a", BASE_E_CYCLE, 1, 1,
     "m21_circle_a", NULL},
    {"domains/users/m22_report.yml", "reports:\n  - {name: m22, schedule: \"0 8 * * *\", to: [a@b.c]}\n",
     BASE_E_KEY_MISSING, 2, 12, "report `m22` shows nothing", "`dashboard`"},
    {"domains/users/m23_alert.yml", "alerts:\n  - {name: m23, to: [a@b.c]}\n", BASE_E_KEY_MISSING, 2, 12,
     "alert `m23` watches nothing", "on: run"},
    {"domains/users/m24_when.yml", "alerts:\n  - {name: m24, metric: interactions.play_cnt, to: [a@b.c]}\n",
     BASE_E_KEY_MISSING, 2, 12, "no `when`", NULL},
    {"domains/users/m25_hours.yml", "alerts:\n  - {name: m25, on: run, hours: \"8:00-22:00\", to: [a@b.c]}\n",
     BASE_E_VALUE_INVALID, 2, 33, "`8:00-22:00` are no hours", "08:00-22:00"},
    {"domains/users/m26_channel.yml", "alerts:\n  - {name: m26, on: run, to: [a@b.c, oncal]}\n",
     BASE_E_CHANNEL_UNKNOWN, 2, 38, "no channel `oncal`", "`oncall`"},
    {"domains/users/m27_address.yml", "alerts:\n  - {name: m27, on: run, to: [\"email:a@b.c\"]}\n",
     BASE_E_CHANNEL_UNKNOWN, 2, 31, "no mail address", "channels:"},
    {"domains/users/m28_ignored.yml",
     "alerts:\n  - {name: m28, on: deadline, query: SELECT 1 AS n, to: [a@b.c]}\n", BASE_E_VALUE_INVALID, 2,
     38, "`query` is not looked at with `on: deadline`", NULL},
    {"domains/users/m29_syntax.yml",
     "alerts:\n  - {name: m29, query: SELECT 1 AS n, when: n < < 1, to: [a@b.c]}\n", BASE_E_SQL_SYNTAX, 2, 49,
     "syntax error", NULL},
    {"domains/users/m30_metric.yml", "reports:\n  - {name: m30, metrics: [interactions.secs_per_play]}\n",
     BASE_E_METRIC_UNSUPPORTED, 2, 27, "metric `interactions.secs_per_play` is not atomic", "`query`"},
    {"domains/users/m31_dimension.yml",
     "alerts:\n  - {name: m31, metric: interactions.play_cnt, by: [artist_name], when: play_cnt < 1, to: "
     "[a@b.c]}\n",
     BASE_E_METRIC_UNSUPPORTED, 2, 25, "`artist_name` is no column of", "`query`"},
    {"domains/users/m32_dashboard.yml", "reports:\n  - {name: m32, dashboard: interactions.board}\n",
     BASE_E_METRIC_UNSUPPORTED, 2, 28, "a tile of dashboard `interactions.board` cannot be sent",
     "domains/interactions/interactions.yml"},
    {"domains/users/m34_mail.yml", "reports:\n  - {name: m34, query: SELEC 1, to: [oncall]}\n",
     BASE_E_SQL_SYNTAX, 2, 24, "syntax error", NULL},
    {"domains/users/m33_nobody.yml", "alerts:\n  - {name: m33, on: run}\n", BASE_E_KEY_MISSING, 2, 12,
     "names nobody in `to`", "channels:"},
};

static void test_all_mistakes_are_told_together(void)
{
    Fixture fixture;
    fixture_open(&fixture);
    put_music(&fixture);
    for (size_t i = 0; i < G_N_ELEMENTS(mistakes); i++) {
        put(&fixture, mistakes[i].path, mistakes[i].text);
    }
    g_autoptr(BaseDiags) diags = base_diags_new();
    g_autoptr(CatalogSnapshot) snapshot = load(&fixture, diags);
    fail_with(diags);
    size_t wanted = 0;
    for (size_t i = 0; i < G_N_ELEMENTS(mistakes); i++) {
        const Mistake *mistake = &mistakes[i];
        const BaseDiag *found = NULL;
        size_t n = 0;
        for (size_t k = 0; k < base_diags_length(diags); k++) {
            const BaseDiag *diag = base_diags_get(diags, k);
            if (g_strcmp0(diag->file, mistake->path) == 0) {
                found = diag;
                n++;
            }
        }
        g_test_message("%s", mistake->path);
        g_assert_cmpuint(n, ==, mistake->code ? 1 : 0); /* one mistake, one complaint */
        if (!mistake->code) {
            continue;
        }
        wanted++;
        g_assert_cmpint(found->code, ==, mistake->code);
        g_assert_cmpuint(found->line, ==, mistake->line);
        g_assert_cmpuint(found->column, ==, mistake->column);
        g_assert_nonnull(strstr(found->message, mistake->message));
        if (mistake->hint) {
            g_assert_nonnull(found->hint);
            g_assert_nonnull(strstr(found->hint, mistake->hint));
        }
    }
    g_assert_cmpuint(base_diags_length(diags), ==, wanted);
    /* what is right is there all the same */
    object(snapshot, "model:interactions.dwd_play_event_i");
    g_assert_null(catalog_by_id(snapshot, "model:users.m02_column"));
    fixture_close(&fixture);
}

static void test_a_file_that_is_no_text_is_told(void)
{
    Fixture fixture;
    fixture_open(&fixture);
    put_music(&fixture);
    put(&fixture, "bad.yml", "terms: [{name: \xff\xfe, means: x}]\n");
    g_autoptr(BaseDiags) diags = base_diags_new();
    g_autoptr(CatalogSnapshot) snapshot = load(&fixture, diags);
    g_assert_cmpuint(base_diags_length(diags), ==, 1);
    g_assert_cmpstr(base_diags_get(diags, 0)->file, ==, "bad.yml");
    fixture_close(&fixture);
}

static void test_no_project_is_an_error_with_a_hint(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *root = g_dir_make_tmp("weir-none-XXXXXX", NULL);
    g_assert_null(catalog_find_project(root, &error));
    g_assert_error(error, BASE_ERROR, BASE_E_PROJECT_NOT_FOUND);
    g_assert_nonnull(base_error_get_hint(error));
    g_rmdir(root);
}

static void test_order_and_definition_text_are_canonical(void)
{
    Fixture fixture;
    fixture_open(&fixture);
    put(&fixture, "weir.yml", "name: x\n");
    put(&fixture, "domains/a/a.yml", "terms:\n  - {name: t, means: one two, owner: me}\n");
    g_autoptr(CatalogSnapshot) first = load_good(&fixture);
    put(&fixture, "domains/a/a.yml",
        "terms:\n  # the same, otherwise written\n  - owner: \"me\"\n    means: 'one two'\n    name: t\n");
    g_autoptr(CatalogSnapshot) second = load_good(&fixture);
    g_assert_cmpstr(object(first, "term:a.t")->text, ==, "name: t\nowner: me\nmeans: one two\n");
    g_assert_cmpstr(object(first, "term:a.t")->hash, ==, object(second, "term:a.t")->hash);
    g_assert_cmpstr(catalog_snapshot_hash(first), ==, catalog_snapshot_hash(second));
    fixture_close(&fixture);
}

static void test_graph_dot_and_openlineage(void)
{
    Fixture fixture;
    fixture_open(&fixture);
    put_music(&fixture);
    g_autoptr(CatalogSnapshot) s = load_good(&fixture);
    g_autoptr(json_t) graph =
        catalog_lineage_graph(s, object(s, "model:users.dim_user"), "email", true, false);
    g_assert_cmpuint(json_array_size(json_object_get(graph, "nodes")), ==, 3);
    g_autofree char *dot = catalog_lineage_dot(graph);
    g_assert_nonnull(
        strstr(dot, "\"table:users.ods_user_f\" -> \"model:users.dim_user\" [label=\"email > email\"]"));
    g_autoptr(json_t) events = catalog_lineage_openlineage(s, graph);
    bool found = false;
    size_t i;
    json_t *event;
    json_array_foreach (events, i, event) {
        const json_t *dataset = json_object_get(event, "dataset");
        const json_t *facet = json_object_get(json_object_get(dataset, "facets"), "columnLineage");
        const json_t *field = json_object_get(json_object_get(facet, "fields"), "email");
        const json_t *input = json_array_get(json_object_get(field, "inputFields"), 0);
        if (input) {
            found = true;
            g_assert_cmpstr(base_json_string(dataset, "name", ""), ==, "users.dim_user");
            g_assert_cmpstr(base_json_string(input, "name", ""), ==, "users.ods_user_f");
            g_assert_cmpstr(base_json_string(input, "field", ""), ==, "email");
            const json_t *how = json_array_get(json_object_get(input, "transformations"), 0);
            g_assert_cmpstr(base_json_string(how, "subtype", ""), ==, "TRANSFORMATION");
        }
    }
    g_assert_true(found);
    fixture_close(&fixture);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/catalog/project/every_kind_is_read", test_every_kind_is_read);
    g_test_add_func("/catalog/project/model_has_all_that_its_file_says",
                    test_model_has_all_that_its_file_says);
    g_test_add_func("/catalog/project/checks_are_normalised", test_checks_are_normalised);
    g_test_add_func("/catalog/project/lineage_runs_through_all_kinds", test_lineage_runs_through_all_kinds);
    g_test_add_func("/catalog/project/tree_of_a_column_reaches_its_source",
                    test_tree_of_a_column_reaches_its_source);
    g_test_add_func("/catalog/project/a_table_of_a_source_may_come_later",
                    test_a_table_of_a_source_may_come_later);
    g_test_add_func("/catalog/project/names_are_found_as_people_write_them",
                    test_names_are_found_as_people_write_them);
    g_test_add_func("/catalog/project/ignored_files_are_not_read", test_ignored_files_are_not_read);
    g_test_add_func("/catalog/project/all_mistakes_are_told_together", test_all_mistakes_are_told_together);
    g_test_add_func("/catalog/project/a_file_that_is_no_text_is_told", test_a_file_that_is_no_text_is_told);
    g_test_add_func("/catalog/project/no_project_is_an_error_with_a_hint",
                    test_no_project_is_an_error_with_a_hint);
    g_test_add_func("/catalog/project/order_and_definition_text_are_canonical",
                    test_order_and_definition_text_are_canonical);
    g_test_add_func("/catalog/project/graph_dot_and_openlineage", test_graph_dot_and_openlineage);
    return g_test_run();
}
