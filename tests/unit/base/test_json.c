#include "base/error.h"
#include "base/json.h"

static void integers_are_exact_and_order_is_kept(void)
{
    const char *text = "{\"z\":9007199254740993,\"a\":-9223372036854775808,\"m\":[1.5,null,true]}";
    g_autoptr(json_t) value = base_json_parse(text, strlen(text), NULL);
    g_autofree char *back = base_json_text(value);
    g_assert_cmpstr(back, ==, text);
}

static void errors_say_where(void)
{
    g_autoptr(GError) error = NULL;
    const char *text = "{\"a\": 1,\n \"b\": x}";
    g_assert_null(base_json_parse(text, strlen(text), &error));
    g_assert_error(error, BASE_ERROR, BASE_E_JSON_INVALID);
    unsigned line = 0;
    base_error_get_file(error, &line, NULL);
    g_assert_cmpuint(line, ==, 2);
}

static void hostile_documents_are_refused(void)
{
    g_autofree char *deep = g_strnfill(1000000, '[');
    const char *const texts[] = {"", "{\"a\":1,\"a\":2}", "[1,]", "\xff", "\"\\ud800\"", "1 2", deep};
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(base_json_parse(texts[i], strlen(texts[i]), &error));
        g_assert_error(error, BASE_ERROR, BASE_E_JSON_INVALID);
    }
}

static void members_of_another_type_give_the_fallback(void)
{
    const char *text = "{\"s\":\"x\",\"i\":7,\"r\":1.5,\"b\":true}";
    g_autoptr(json_t) value = base_json_parse(text, strlen(text), NULL);
    g_assert_cmpstr(base_json_string(value, "s", "-"), ==, "x");
    g_assert_cmpstr(base_json_string(value, "i", "-"), ==, "-");
    g_assert_cmpint(base_json_int(value, "i", 0), ==, 7);
    g_assert_cmpint(base_json_int(value, "r", -1), ==, -1);
    g_assert_cmpfloat(base_json_real(value, "i", 0), ==, 7);
    g_assert_true(base_json_bool(value, "b", false));
    g_assert_true(base_json_bool(value, "none", true));
    g_assert_cmpint(base_json_int(NULL, "x", 5), ==, 5);
}

static void strings_are_escaped_and_always_valid(void)
{
    GString *out = g_string_new(NULL);
    const char text[] = "a\"\\\n\x01\0\xff播";
    base_json_append_string(out, text, sizeof text - 1);
    g_assert_cmpstr(out->str, ==, "\"a\\\"\\\\\\n\\u0001\\u0000\xEF\xBF\xBD播\"");
    g_autoptr(json_t) value = base_json_parse(out->str, out->len, NULL);
    g_assert_true(json_is_string(value));
    g_string_free(out, TRUE);
}

static void a_text_that_is_not_utf8_can_be_set(void)
{
    g_autoptr(json_t) object = json_object();
    base_json_set_string(object, "bad", "a\xff");
    base_json_set_string(object, "none", NULL);
    g_assert_cmpstr(base_json_string(object, "bad", NULL), ==, "a\xEF\xBF\xBD");
    g_assert_true(json_is_null(json_object_get(object, "none")));
}

static void one_alone_is_a_list_of_one(void)
{
    g_autoptr(json_t) object =
        base_json_parse("{\"list\": [\"a\", \"b\"], \"one\": \"a\", \"none\": null}", 46, NULL);
    json_t *list = json_object_get(object, "list"), *one = json_object_get(object, "one");
    g_assert_cmpuint(base_json_n_entries(list), ==, 2);
    g_assert_cmpstr(json_string_value(base_json_entry(list, 1)), ==, "b");
    g_assert_null(base_json_entry(list, 2));
    g_assert_cmpuint(base_json_n_entries(one), ==, 1);
    g_assert_cmpstr(json_string_value(base_json_entry(one, 0)), ==, "a");
    g_assert_null(base_json_entry(one, 1));
    g_assert_cmpuint(base_json_n_entries(json_object_get(object, "none")), ==, 0);
    g_assert_cmpuint(base_json_n_entries(NULL), ==, 0);
}

#define ADD(f) g_test_add_func("/json/" #f, f)
int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD(integers_are_exact_and_order_is_kept);
    ADD(errors_say_where);
    ADD(hostile_documents_are_refused);
    ADD(members_of_another_type_give_the_fallback);
    ADD(strings_are_escaped_and_always_valid);
    ADD(a_text_that_is_not_utf8_can_be_set);
    ADD(one_alone_is_a_list_of_one);
    return g_test_run();
}
