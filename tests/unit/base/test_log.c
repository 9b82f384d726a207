#include "base/error.h"
#include "base/log.h"

static void a_line_is_logfmt(void)
{
    if (g_test_subprocess()) {
        base_log(BASE_LOG_INFO, "load done", "label", "a b=\"c\"", "rows", "12", "empty", "", NULL);
        base_log(BASE_LOG_DEBUG, "not shown", NULL);
        return;
    }
    g_test_trap_subprocess(NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
    g_test_trap_assert_passed();
    g_test_trap_assert_stderr(
        "time=20*Z level=info msg=\"load done\" label=\"a b=\\\"c\\\"\" rows=12 empty=\"\"\n");
    g_test_trap_assert_stderr_unmatched("*not shown*");
}

static void an_error_brings_code_place_and_hint(void)
{
    if (g_test_subprocess()) {
        g_autoptr(GError) error = NULL;
        base_fail(&error, BASE_E_KEY_UNKNOWN, "unknown key");
        base_error_place(&error, "a.yml", 3, 4);
        base_error_hint(&error, "try");
        base_log_error("reload failed", error);
        return;
    }
    g_test_trap_subprocess(NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
    g_test_trap_assert_stderr(
        "*level=error msg=\"reload failed\" code=W1003 error=\"unknown key\" place=a.yml:3:4 hint=try\n");
}

static void levels_are_words(void)
{
    g_assert_true(base_log_set_level("DEBUG"));
    g_assert_true(base_log_enabled(BASE_LOG_DEBUG));
    g_assert_true(base_log_set_level("error"));
    g_assert_false(base_log_enabled(BASE_LOG_WARN));
    g_assert_false(base_log_set_level("loud"));
}

#define ADD(f) g_test_add_func("/log/" #f, f)
int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD(a_line_is_logfmt);
    ADD(an_error_brings_code_place_and_hint);
    ADD(levels_are_words);
    return g_test_run();
}
