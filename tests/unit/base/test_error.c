#include "base/error.h"

static void an_error_carries_code_hint_place_and_what_was_not_done(void)
{
    GError *error = NULL;
    g_assert_false(base_fail(&error, BASE_E_TABLE_UNKNOWN, "no table `%s`", "plays"));
    base_error_hint(&error, "did you mean `%s`?", "play");
    base_error_place(&error, "a.sql", 3, 7);
    base_error_not_done(&error, "Nothing was loaded.");
    g_autoptr(GError) copy = g_error_copy(error);
    g_error_free(error);

    unsigned line = 0;
    unsigned column = 0;
    g_assert_error(copy, BASE_ERROR, BASE_E_TABLE_UNKNOWN);
    g_assert_cmpstr(copy->message, ==, "no table `plays`");
    g_assert_cmpstr(base_error_get_hint(copy), ==, "did you mean `play`?");
    g_assert_cmpstr(base_error_get_not_done(copy), ==, "Nothing was loaded.");
    g_assert_cmpstr(base_error_get_file(copy, &line, &column), ==, "a.sql");
    g_assert_cmpuint(line, ==, 3);
    g_assert_cmpuint(column, ==, 7);
    g_assert_cmpint(base_error_info(copy)->mysql_errno, ==, 1146);
    g_assert_cmpstr(base_error_info(copy)->sqlstate, ==, "42S02");
}

static void bytes_of_a_client_do_not_spoil_a_message(void)
{
    g_autoptr(GError) error = NULL;
    base_fail(&error, BASE_E_TABLE_UNKNOWN, "no table `%s`", "a\xff");
    base_error_hint(&error, "did you mean `%.2s`?", "b\xe6\x92\xad"); /* cut inside a character */
    g_assert_cmpstr(error->message, ==, "no table `a\xef\xbf\xbd`");
    g_assert_cmpstr(base_error_get_hint(error), ==, "did you mean `b\xef\xbf\xbd`?");
}

static void no_place_to_put_an_error_is_allowed(void)
{
    g_assert_false(base_fail(NULL, BASE_E_INTERNAL, "x"));
    base_error_hint(NULL, "x");
    GError *none = NULL;
    base_error_hint(&none, "x");
    g_assert_null(none);
}

static void a_foreign_error_is_a_bug_and_takes_no_hint(void)
{
    g_autoptr(GError) error = g_error_new(G_FILE_ERROR, G_FILE_ERROR_NOENT, "gone");
    base_error_hint(&error, "x");
    g_assert_null(base_error_get_hint(error));
    g_assert_cmpint(base_error_info(error)->code, ==, BASE_E_INTERNAL);
}

static void a_hint_may_be_made_from_the_hint_before(void)
{
    g_autoptr(GError) error = NULL;
    base_fail(&error, BASE_E_INTERNAL, "x");
    base_error_hint(&error, "one");
    base_error_hint(&error, "%s, two", base_error_get_hint(error));
    g_assert_cmpstr(base_error_get_hint(error), ==, "one, two");
}

static void codes_are_found_by_number_and_by_name(void)
{
    const BaseErrorInfo *info = base_error_info_of(BASE_E_KEY_UNKNOWN);
    g_assert_true(base_error_info_by_name("W1003") == info);
    g_assert_true(base_error_info_by_name("w1003") == info);
    g_assert_true(base_error_info_by_name("1003") == info);
    g_assert_true(base_error_info_by_name("key_unknown") == info);
    g_assert_null(base_error_info_by_name("W1"));
    g_assert_null(base_error_info_by_name(""));
}

static void every_row_of_the_table_is_complete_and_unique(void)
{
    size_t n = 0;
    const BaseErrorInfo *all = base_error_info_all(&n);
    g_assert_cmpuint(n, >, 30);
    for (size_t i = 0; i < n; i++) {
        g_assert_cmpint(all[i].code / 1000, >=, 1);
        g_assert_cmpint(all[i].code / 1000, <=, 9);
        g_assert_true(all[i].http_status >= 200 && all[i].http_status < 600);
        g_assert_cmpuint(strlen(all[i].sqlstate), ==, 5);
        g_assert_cmpint(all[i].exit_code, >, 0);
        g_assert_true(*all[i].title_en != '\0' && *all[i].title_zh != '\0');
        g_assert_true(*all[i].text_en != '\0' && *all[i].text_zh != '\0');
        g_assert_true(i == 0 || all[i - 1].code < all[i].code);
    }
}

static void a_problem_object_and_back_is_the_same_error(void)
{
    g_autoptr(GError) error = NULL;
    base_fail(&error, BASE_E_KEY_UNKNOWN, "unknown key");
    base_error_hint(&error, "did you mean `x`?");
    base_error_place(&error, "a.yml", 2, 4);
    base_error_not_done(&error, "Nothing was changed.");
    g_autoptr(json_t) problem = base_error_to_problem(error, "zh");
    g_assert_cmpint(base_json_int(problem, "status", 0), ==, 422);
    g_assert_cmpstr(base_json_string(problem, "code", NULL), ==, "W1003");
    g_assert_cmpstr(base_json_string(problem, "title", NULL), ==, "未知的键");

    g_autoptr(GError) back = NULL;
    base_error_from_problem(&back, problem);
    unsigned line = 0;
    g_assert_error(back, BASE_ERROR, BASE_E_KEY_UNKNOWN);
    g_assert_cmpstr(back->message, ==, error->message);
    g_assert_cmpstr(base_error_get_hint(back), ==, "did you mean `x`?");
    g_assert_cmpstr(base_error_get_file(back, &line, NULL), ==, "a.yml");
    g_assert_cmpuint(line, ==, 2);
    g_assert_cmpstr(base_error_get_not_done(back), ==, "Nothing was changed.");
}

static void a_problem_of_an_unknown_server_is_still_an_error(void)
{
    g_autoptr(json_t) problem = json_pack("{s:s}", "title", "teapot");
    g_autoptr(GError) error = NULL;
    base_error_from_problem(&error, problem);
    g_assert_error(error, BASE_ERROR, BASE_E_INTERNAL);
    g_assert_cmpstr(error->message, ==, "teapot");
}

#define ADD(f) g_test_add_func("/error/" #f, f)
int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD(an_error_carries_code_hint_place_and_what_was_not_done);
    ADD(bytes_of_a_client_do_not_spoil_a_message);
    ADD(no_place_to_put_an_error_is_allowed);
    ADD(a_foreign_error_is_a_bug_and_takes_no_hint);
    ADD(a_hint_may_be_made_from_the_hint_before);
    ADD(codes_are_found_by_number_and_by_name);
    ADD(every_row_of_the_table_is_complete_and_unique);
    ADD(a_problem_object_and_back_is_the_same_error);
    ADD(a_problem_of_an_unknown_server_is_still_an_error);
    return g_test_run();
}
