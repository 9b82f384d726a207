#include "base/yaml.h"

static BaseYaml *parse(const char *text, BaseDiags *diags)
{
    return base_yaml_parse(text, strlen(text), "t.yml", 0, 0, diags);
}

static BaseYaml *good(const char *text)
{
    g_autoptr(BaseDiags) diags = base_diags_new();
    BaseYaml *root = parse(text, diags);
    if (base_diags_length(diags) > 0) {
        g_test_message("%s", base_diags_get(diags, 0)->message);
    }
    g_assert_cmpuint(base_diags_length(diags), ==, 0);
    g_assert_nonnull(root);
    return root;
}

/* Parses, expects exactly one error that holds `message` at line:column. */
static void bad(const char *text, const char *message, unsigned line, unsigned column)
{
    g_autoptr(BaseDiags) diags = base_diags_new();
    g_autoptr(BaseYaml) root = parse(text, diags);
    g_assert_cmpuint(base_diags_length(diags), ==, 1);
    const BaseDiag *diag = base_diags_get(diags, 0);
    g_test_message("%u:%u %s", diag->line, diag->column, diag->message);
    g_assert_nonnull(strstr(diag->message, message));
    g_assert_cmpuint(diag->line, ==, line);
    g_assert_cmpuint(diag->column, ==, column);
}

static void nodes_know_where_they_stand(void)
{
    g_autoptr(BaseYaml) root = good("a: 1\nlist:\n  - x\n  - {k: \"v w\"}\n");
    const BaseYaml *key = NULL;
    const BaseYaml *list = base_yaml_get(root, "list", &key);
    g_assert_cmpuint(key->line, ==, 2);
    g_assert_cmpuint(key->column, ==, 1);
    g_assert_cmpuint(key->end_column, ==, 5);
    const BaseYaml *map = g_ptr_array_index(list->items, 1);
    const BaseYaml *value = base_yaml_get(map, "k", NULL);
    g_assert_cmpuint(value->line, ==, 4);
    g_assert_cmpuint(value->column, ==, 9);
    g_assert_cmpuint(value->end_column, ==, 14);
    g_assert_true(value->quoted);
}

static void columns_are_bytes_behind_chinese_text(void)
{
    g_autoptr(BaseYaml) root = good("{名: 1, b: 2}");
    const BaseYaml *key = NULL;
    g_assert_nonnull(base_yaml_get(root, "b", &key));
    g_assert_cmpuint(key->column, ==, 10); /* {, 3 bytes, ": 1, " */
}

static void windows_line_ends_and_other_breaks_count_as_editors_do(void)
{
    g_autoptr(BaseYaml) root = good("a: 1\r\nb: 2\r\nd: \"x \xE2\x80\xA8 y\"\r\nc: 3\r\n");
    const BaseYaml *key = NULL;
    g_assert_nonnull(base_yaml_get(root, "c", &key));
    g_assert_cmpuint(key->line, ==, 4);
    g_assert_cmpuint(key->column, ==, 1);
}

static void a_header_in_a_sql_file_points_into_that_file(void)
{
    g_autoptr(BaseDiags) diags = base_diags_new();
    g_autoptr(BaseYaml) root = base_yaml_parse("kind: full\n", 11, "m.sql", 4, 3, diags);
    const BaseYaml *key = NULL;
    g_assert_nonnull(base_yaml_get(root, "kind", &key));
    g_assert_cmpuint(key->line, ==, 5);
    g_assert_cmpuint(key->column, ==, 4);
}

static void scalars_follow_the_core_schema(void)
{
    g_autoptr(BaseYaml) root =
        good("[no, on, 'true', true, ~, '', 0x1F, 0o17, 010, -3, 1.5, 1e3, .inf, 12:30, '7']");
    g_autoptr(json_t) json = base_yaml_to_json(root);
    g_autofree char *text = base_json_text(json);
    g_assert_cmpstr(
        text, ==, "[\"no\",\"on\",\"true\",true,null,\"\",31,15,10,-3,1.5,1000.0,\".inf\",\"12:30\",\"7\"]");
}

static void an_integer_past_64_bits_is_not_an_integer(void)
{
    g_autoptr(BaseYaml) root = good("9223372036854775808");
    gint64 number = 0;
    double real = 0;
    g_assert_false(base_yaml_to_int(root, &number));
    g_assert_true(base_yaml_to_real(root, &real));
}

static void an_empty_file_is_an_empty_map(void)
{
    const char *const texts[] = {"", "# only a comment\n", "---\n", "~\n"};
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(BaseYaml) root = good(texts[i]);
        g_assert_cmpint(root->type, ==, BASE_YAML_MAP);
        g_assert_cmpuint(root->items->len, ==, 0);
    }
}

static void aliases_are_copies_that_stand_where_they_are_used(void)
{
    g_autoptr(BaseYaml) root = good("a: &x {k: 1}\nb: *x\n");
    const BaseYaml *b = base_yaml_get(root, "b", NULL);
    g_assert_cmpuint(b->line, ==, 2);
    g_assert_cmpuint(b->column, ==, 4);
    g_assert_cmpstr(base_yaml_get(b, "k", NULL)->text, ==, "1");
}

static void merge_keys_give_way_to_explicit_keys_and_earlier_maps(void)
{
    g_autoptr(BaseYaml) root =
        good("a: &a {x: 1, y: 1}\nb: &b {y: 2, z: 2}\nc:\n  <<: [*a, *b]\n  x: 9\nd: {\"<<\": text}\n");
    g_autoptr(json_t) json = base_yaml_to_json(base_yaml_get(root, "c", NULL));
    g_autofree char *text = base_json_text(json);
    g_assert_cmpstr(text, ==, "{\"x\":9,\"y\":1,\"z\":2}");
    g_assert_nonnull(base_yaml_get(base_yaml_get(root, "d", NULL), "<<", NULL));
}

static void an_anchor_inside_what_was_merged_away_can_still_be_used(void)
{
    g_autoptr(BaseYaml) root = good("a: {<<: {x: &deep [1]}, x: 2}\nb: *deep\n");
    g_assert_cmpint(base_yaml_get(root, "b", NULL)->type, ==, BASE_YAML_LIST);
}

static void a_key_that_stands_twice_is_an_error_but_the_rest_is_read(void)
{
    g_autoptr(BaseDiags) diags = base_diags_new();
    g_autoptr(BaseYaml) root = parse("a: 1\nb: 2\na: &x 3\nc: *x\n", diags);
    g_assert_nonnull(root);
    g_assert_cmpuint(base_diags_length(diags), ==, 1);
    const BaseDiag *diag = base_diags_get(diags, 0);
    g_assert_cmpuint(diag->line, ==, 3);
    g_assert_cmpstr(diag->hint, ==, "the first is in line 1");
    g_assert_cmpstr(base_yaml_get(root, "a", NULL)->text, ==, "1");
    g_assert_cmpstr(base_yaml_get(root, "c", NULL)->text, ==, "3");
}

static void syntax_errors_say_where(void)
{
    bad("a: b: c\n", "mapping values are not allowed", 1, 5);
    bad("a: [1, 2\nb: 3\n", "did not find expected", 2, 2);
    bad("a: *nobody\n", "no anchor `&nobody`", 1, 4);
    bad("a: &a [*a]\n", "no anchor `&a`", 1, 8);
    bad("? [a]\n: b\n", "a key must be text", 1, 3);
    bad("a: !!python/object x\n", "has no meaning here", 1, 4);
    bad("a: 1\n---\nb: 2\n", "a second begins", 2, 1);
    bad("a: \"x\\0y\"\n", "zero byte", 1, 4);
    bad("<<: 5\n", "takes a map", 1, 5);
    bad("ok: 1\na: \xff\n", "0xff is not UTF-8", 2, 4);
    bad("ok: 1\na: \x01\n", "control characters", 2, 4);
    bad("a:\n\t- b\n", "cannot start any token", 2, 1);
}

static void an_alias_bomb_ends_at_the_limit(void)
{
    GString *text = g_string_new("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for (int i = 1; i < 12; i++) {
        g_string_append_printf(text, "a%d: &a%d [", i, i);
        for (int k = 0; k < 10; k++) {
            g_string_append_printf(text, "%s*a%d", k == 0 ? "" : ", ", i - 1);
        }
        g_string_append(text, "]\n");
    }
    g_autoptr(BaseDiags) diags = base_diags_new();
    g_autoptr(BaseYaml) root = parse(text->str, diags);
    g_string_free(text, TRUE);
    g_assert_null(root);
    g_assert_cmpint(base_diags_get(diags, 0)->code, ==, BASE_E_FILE_TOO_LARGE);
}

static void a_bomb_of_one_large_text_ends_at_the_limit(void)
{
    GString *text = g_string_new("a: &a '");
    for (int i = 0; i < 1024 * 1024; i++) {
        g_string_append_c(text, 'x');
    }
    g_string_append(text, "'\nb: [");
    for (int i = 0; i < 10000; i++) {
        g_string_append(text, "*a, ");
    }
    g_string_append(text, "]\n");
    g_autoptr(BaseDiags) diags = base_diags_new();
    g_autoptr(BaseYaml) root = parse(text->str, diags);
    g_string_free(text, TRUE);
    g_assert_null(root);
    g_assert_cmpint(base_diags_get(diags, 0)->code, ==, BASE_E_FILE_TOO_LARGE);
}

static void deep_nesting_is_refused_also_through_aliases(void)
{
    g_autofree char *open = g_strnfill(100000, '[');
    bad(open, "nested deeper than 64", 1, 65);

    g_autofree char *fifty = g_strnfill(50, '[');
    g_autofree char *closed = g_strnfill(50, ']');
    g_autofree char *text = g_strdup_printf("- &a %s%s\n- %s*a%s\n", fifty, closed, fifty, closed);
    bad(text, "nested deeper than 64", 2, 53);
}

static void a_file_past_the_size_limit_is_not_read(void)
{
    size_t len = BASE_YAML_MAX_BYTES + 1;
    g_autofree char *text = g_strnfill(len, '#');
    g_autoptr(BaseDiags) diags = base_diags_new();
    g_assert_null(base_yaml_parse(text, len, "t.yml", 0, 0, diags));
    g_assert_cmpint(base_diags_get(diags, 0)->code, ==, BASE_E_FILE_TOO_LARGE);
}

static void one_long_line_is_read_in_linear_time(void)
{
    GString *text = g_string_new("[");
    for (int i = 0; i < 300000; i++) {
        g_string_append(text, "歌, ");
    }
    g_string_append(text, "z]");
    g_autoptr(BaseYaml) root = good(text->str);
    const BaseYaml *last = g_ptr_array_index(root->items, root->items->len - 1);
    g_assert_cmpuint(last->column, ==, text->len - 1);
    g_string_free(text, TRUE);
}

#define ADD(f) g_test_add_func("/yaml/" #f, f)
int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD(nodes_know_where_they_stand);
    ADD(columns_are_bytes_behind_chinese_text);
    ADD(windows_line_ends_and_other_breaks_count_as_editors_do);
    ADD(a_header_in_a_sql_file_points_into_that_file);
    ADD(scalars_follow_the_core_schema);
    ADD(an_integer_past_64_bits_is_not_an_integer);
    ADD(an_empty_file_is_an_empty_map);
    ADD(aliases_are_copies_that_stand_where_they_are_used);
    ADD(merge_keys_give_way_to_explicit_keys_and_earlier_maps);
    ADD(an_anchor_inside_what_was_merged_away_can_still_be_used);
    ADD(a_key_that_stands_twice_is_an_error_but_the_rest_is_read);
    ADD(syntax_errors_say_where);
    ADD(an_alias_bomb_ends_at_the_limit);
    ADD(a_bomb_of_one_large_text_ends_at_the_limit);
    ADD(deep_nesting_is_refused_also_through_aliases);
    ADD(a_file_past_the_size_limit_is_not_read);
    ADD(one_long_line_is_read_in_linear_time);
    return g_test_run();
}
