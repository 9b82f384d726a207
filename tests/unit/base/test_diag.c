#include "base/diag.h"

#include <glib/gstdio.h>

static char *print(const BaseDiags *diags, const char *root, const char *not_done)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    base_diags_print(diags, out, root, false, not_done);
    fclose(out);
    return text;
}

static void a_diagnostic_shows_the_line_and_a_caret(void)
{
    g_autofree char *root = g_dir_make_tmp("weir-diag-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(root, "m.sql", NULL);
    g_assert_true(g_file_set_contents(path, "-- ---\n-- 名: 1, shedule: daily\n", -1, NULL));
    g_autoptr(BaseDiags) diags = base_diags_new();
    const char *const names[] = {"schedule", "kind", NULL};
    BaseDiag *diag =
        base_diags_add(diags, BASE_E_KEY_UNKNOWN, "m.sql", 2, 12, "unknown key `%s` in a model", "shedule");
    diag->end_column = 19;
    base_diag_hint_nearest(diag, "shedule", names);
    g_autofree char *text = print(diags, root, "Nothing was changed.");
    g_assert_cmpstr(text, ==,
                    "error[W1003]: unknown key `shedule` in a model\n"
                    "   --> m.sql:2:12\n"
                    "     |\n"
                    "   2 | -- 名: 1, shedule: daily\n"
                    "     |           ^^^^^^^\n"
                    "     = hint: did you mean `schedule`?\n"
                    "     = more: weir explain W1003\n\n"
                    "1 error in 1 file. Nothing was changed.\n");
    g_remove(path);
    g_rmdir(root);
}

static void a_place_past_the_end_of_the_file_is_not_drawn(void)
{
    g_autoptr(BaseDiags) diags = base_diags_new();
    base_diags_warn(diags, BASE_E_VALUE_INVALID, "gone.yml", 900, 900, "odd");
    g_autofree char *text = print(diags, "/nonexistent", NULL);
    g_assert_nonnull(strstr(text, "warning[W1005]: odd\n   --> gone.yml:900:900\n     = more"));
    g_assert_nonnull(strstr(text, "1 warning in 1 file.\n"));
}

static void diagnostics_are_sorted_by_place(void)
{
    g_autoptr(BaseDiags) diags = base_diags_new();
    base_diags_add(diags, BASE_E_VALUE_INVALID, "b.yml", 1, 1, "4");
    base_diags_add(diags, BASE_E_VALUE_INVALID, "a.yml", 10, 1, "3");
    base_diags_add(diags, BASE_E_VALUE_INVALID, "a.yml", 2, 9, "2");
    base_diags_add(diags, BASE_E_VALUE_INVALID, "a.yml", 2, 1, "1");
    base_diags_sort(diags);
    for (size_t i = 0; i < 4; i++) {
        g_assert_cmpint(base_diags_get(diags, i)->message[0], ==, '1' + (int)i);
    }
}

static void the_sum_counts_errors_and_files(void)
{
    g_autoptr(BaseDiags) diags = base_diags_new();
    base_diags_add(diags, BASE_E_VALUE_INVALID, "b.yml", 1, 1, "x");
    base_diags_add(diags, BASE_E_VALUE_INVALID, "a.yml", 1, 1, "x");
    base_diags_add(diags, BASE_E_VALUE_INVALID, "a.yml", 2, 1, "x");
    base_diags_warn(diags, BASE_E_VALUE_INVALID, "c.yml", 2, 1, "x");
    g_autoptr(GError) error = NULL;
    g_assert_false(base_diags_fail(diags, &error));
    g_assert_error(error, BASE_ERROR, BASE_E_DEFINITIONS_INVALID);
    g_assert_cmpstr(error->message, ==, "3 errors, 1 warning in 2 files");
    g_assert_cmpuint(base_diags_count(diags, BASE_DIAG_ERROR), ==, 3);
}

static void json_has_every_member(void)
{
    g_autoptr(BaseDiags) diags = base_diags_new();
    base_diags_add(diags, BASE_E_KEY_UNKNOWN, "a.yml", 1, 2, "x");
    g_autoptr(json_t) list = base_diags_to_json(diags);
    g_autofree char *text = base_json_text(list);
    g_assert_cmpstr(text, ==,
                    "[{\"code\":\"W1003\",\"severity\":\"error\",\"file\":\"a.yml\",\"line\":1,\"column\":2,"
                    "\"end_column\":2,\"message\":\"x\",\"hint\":null}]");
}

#define ADD(f) g_test_add_func("/diag/" #f, f)
int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD(a_diagnostic_shows_the_line_and_a_caret);
    ADD(a_place_past_the_end_of_the_file_is_not_drawn);
    ADD(diagnostics_are_sorted_by_place);
    ADD(the_sum_counts_errors_and_files);
    ADD(json_has_every_member);
    return g_test_run();
}
