#include "base/text.h"

static void width_counts_terminal_columns(void)
{
    g_assert_cmpuint(base_text_width("abc"), ==, 3);
    g_assert_cmpuint(base_text_width("播放量"), ==, 6);
    g_assert_cmpuint(base_text_width("e\xCC\x81"), ==, 1); /* e + combining acute */
    g_assert_cmpuint(base_text_width("ｱ"), ==, 1);         /* half-width kana */
    g_assert_cmpuint(base_text_width("a\xff"), ==, 2);
}

static void fitting_never_passes_the_width(void)
{
    const char *const texts[] = {"hello world", "播放量最高的歌手", "a播b放c", ""};
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        for (size_t width = 0; width < 20; width++) {
            g_autofree char *fit = base_text_fit(texts[i], width);
            g_assert_cmpuint(base_text_width(fit), <=, width);
            g_assert_true(g_utf8_validate(fit, -1, NULL));
        }
    }
    g_autofree char *cut = base_text_fit("播放量", 4);
    g_assert_cmpstr(cut, ==, "播…");
    g_autofree char *whole = base_text_fit("播放量", 6);
    g_assert_cmpstr(whole, ==, "播放量");
}

static void the_nearest_word_is_within_a_third(void)
{
    const char *const names[] = {"schedule", "columns", "kind", "user_id", NULL};
    g_assert_cmpstr(base_text_nearest("shedule", names), ==, "schedule");
    g_assert_cmpstr(base_text_nearest("SCHEDULE", names), ==, "schedule");
    g_assert_cmpstr(base_text_nearest("user_di", names), ==, "user_id");
    g_assert_cmpstr(base_text_nearest("knid", names), ==, "kind");
    g_assert_null(base_text_nearest("owner", names));
    g_assert_null(base_text_nearest("", names));
}

static void names_are_lower_case_and_short(void)
{
    g_autofree char *long_name = g_strnfill(65, 'a');
    g_assert_true(base_text_is_name("dws_user_1d"));
    g_assert_false(base_text_is_name(""));
    g_assert_false(base_text_is_name("1a"));
    g_assert_false(base_text_is_name("Ab"));
    g_assert_false(base_text_is_name("a-b"));
    g_assert_false(base_text_is_name("表"));
    g_assert_false(base_text_is_name(long_name));
    long_name[64] = '\0';
    g_assert_true(base_text_is_name(long_name));
}

static void integers_are_whole_and_in_range(void)
{
    gint64 n = 0;
    g_assert_true(base_text_to_int("-9223372036854775808", G_MININT64, G_MAXINT64, &n));
    g_assert_cmpint(n, ==, G_MININT64);
    const char *const wrong[] = {"", " 1", "1 ", "1x", "0x10", "+", "--1", "9223372036854775808", "1.0"};
    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_assert_false(base_text_to_int(wrong[i], G_MININT64, G_MAXINT64, &n));
    }
    g_assert_false(base_text_to_int("11", 0, 10, &n));
}

static void reals_are_decimal_and_finite(void)
{
    double real = 0;
    g_assert_true(base_text_to_real("-1.5e3", &real));
    g_assert_cmpfloat(real, ==, -1500);
    const char *const wrong[] = {"", "nan", "inf", "0x1p3", "1e999", "1.2.3", " 1", "e5"};
    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_assert_false(base_text_to_real(wrong[i], &real));
    }
}

static void sizes_are_powers_of_1024(void)
{
    const struct {
        const char *text;
        gint64 bytes;
    } rows[] = {{"64", 64},      {"64B", 64},
                {"64KB", 65536}, {"1.5GiB", 1610612736},
                {"2m", 2097152}, {"1 TB", G_GINT64_CONSTANT(1) << 40}};
    gint64 bytes = 0;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_assert_true(base_text_to_bytes(rows[i].text, &bytes));
        g_assert_cmpint(bytes, ==, rows[i].bytes);
    }
    const char *const wrong[] = {"", "-1", "KB", "1XB", "1KBs", "99999999999TB", "1..5K"};
    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_assert_false(base_text_to_bytes(wrong[i], &bytes));
    }
}

static void durations_need_a_unit(void)
{
    const struct {
        const char *text;
        gint64 us;
    } rows[] = {{"250ms", 250000},
                {"10s", 10000000},
                {"2h", G_GINT64_CONSTANT(7200000000)},
                {"7d", G_GINT64_CONSTANT(604800000000)},
                {"2w", G_GINT64_CONSTANT(1209600000000)},
                {"0.5s", 500000}};
    gint64 us = 0;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_assert_true(base_text_to_duration(rows[i].text, &us));
        g_assert_cmpint(us, ==, rows[i].us);
    }
    const char *const wrong[] = {"", "10", "10 parsecs", "-1s", "s", "1M", "99999999999w"};
    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_assert_false(base_text_to_duration(wrong[i], &us));
    }
}

static void assert_text(char *made, const char *expected)
{
    g_assert_cmpstr(made, ==, expected);
    g_free(made);
}

static void amounts_are_written_for_people(void)
{
    assert_text(base_text_from_bytes(0), "0 B");
    assert_text(base_text_from_bytes(1023), "1023 B");
    assert_text(base_text_from_bytes(1536), "1.5 KB");
    assert_text(base_text_from_bytes(1048575), "1.0 MB");
    assert_text(base_text_from_count(1000000), "1,000,000");
    assert_text(base_text_from_count(-999), "-999");
    assert_text(base_text_from_count(G_MININT64), "-9,223,372,036,854,775,808");
    assert_text(base_text_from_duration(3440000), "3.4s");
    assert_text(base_text_from_duration(G_GINT64_CONSTANT(130000000)), "2m 10s");
    assert_text(base_text_from_duration(999), "999us");
    assert_text(base_text_from_duration(-1500), "-1ms");
}

static void globs_know_folders(void)
{
    g_assert_true(base_text_glob("*.csv", "a.csv"));
    g_assert_false(base_text_glob("*.csv", "d/a.csv"));
    g_assert_true(base_text_glob("**/*.csv", "a.csv"));
    g_assert_true(base_text_glob("**/*.csv", "x/y/a.csv"));
    g_assert_true(base_text_glob("d/**", "d/x/y"));
    g_assert_true(base_text_glob("d/**/z", "d/z"));
    g_assert_true(base_text_glob("d/**/z", "d/a/b/z"));
    g_assert_false(base_text_glob("d/**/z", "d/az"));
    g_assert_true(base_text_glob("p[0-9]?.x", "p7_.x"));
    g_assert_false(base_text_glob("p[!0-9]", "p7"));
    g_assert_true(base_text_glob("[]]", "]"));
    g_assert_true(base_text_glob("a\\*b", "a*b"));
    g_assert_false(base_text_glob("a\\*b", "axb"));
    g_assert_true(base_text_glob("*a*b*c", "xaybzac"));
    g_assert_false(base_text_glob("a?c", "a/c"));
    g_assert_true(base_text_glob("", ""));
    g_assert_false(base_text_glob("", "a"));
    g_assert_true(base_text_glob("a[", "a["));
}

static void a_hostile_glob_costs_little(void)
{
    GString *pattern = g_string_new(NULL);
    for (int i = 0; i < 200; i++) {
        g_string_append(pattern, "*a");
    }
    g_autofree char *path = g_strnfill(4000, 'a');
    path[3999] = 'b';
    g_assert_false(base_text_glob(pattern->str, path));
    g_string_free(pattern, TRUE);
}

/* ---- diff ---- */

static void assert_diff(const char *before, const char *after, unsigned context, const char *expected)
{
    g_autofree char *diff = base_text_diff(before, after, context);
    g_assert_cmpstr(diff, ==, expected);
}

static void diffs_are_unified_and_shortest(void)
{
    assert_diff("a\nb\n", "a\nb\n", 3, "");
    assert_diff("a\nb\nc\n", "a\nX\nc\n", 1, "@@ -1,3 +1,3 @@\n a\n-b\n+X\n c\n");
    assert_diff("", "a\n", 3, "@@ -0,0 +1 @@\n+a\n");
    assert_diff("a\n", "", 3, "@@ -1 +0,0 @@\n-a\n");
    assert_diff("a", "a\n", 3, "@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n");
}

static int count_edits(const char *diff)
{
    int edits = 0;
    g_auto(GStrv) lines = g_strsplit(diff, "\n", -1);
    for (char **line = lines; *line != NULL; line++) {
        edits += **line == '-' || **line == '+' ? 1 : 0;
    }
    return edits;
}

static void the_example_of_myers_takes_five_edits(void)
{
    g_autofree char *diff = base_text_diff("A\nB\nC\nA\nB\nB\nA\n", "C\nB\nA\nB\nA\nC\n", 9);
    g_assert_cmpint(count_edits(diff), ==, 5);
}

static void near_changes_share_a_hunk_and_far_ones_do_not(void)
{
    assert_diff("1\n2\n3\n4\n5\n", "x\n2\n3\n4\ny\n", 1,
                "@@ -1,2 +1,2 @@\n-1\n+x\n 2\n@@ -4,2 +4,2 @@\n 4\n-5\n+y\n");
    assert_diff("1\n2\n3\n4\n", "x\n2\n3\ny\n", 1, "@@ -1,4 +1,4 @@\n-1\n+x\n 2\n 3\n-4\n+y\n");
}

/* Applies a diff with full context: every line of `before` must be found again. */
static char *apply(const char *before, const char *diff)
{
    if (*diff == '\0') {
        return g_strdup(before);
    }
    GString *out = g_string_new(NULL);
    GString *seen = g_string_new(NULL);
    g_auto(GStrv) lines = g_strsplit(diff, "\n", -1);
    for (char **line = lines; *line != NULL; line++) {
        if (**line == ' ' || **line == '-') {
            g_string_append_printf(seen, "%s\n", *line + 1);
        }
        if (**line == ' ' || **line == '+') {
            g_string_append_printf(out, "%s\n", *line + 1);
        }
    }
    g_assert_cmpstr(seen->str, ==, before);
    g_string_free(seen, TRUE);
    return g_string_free(out, FALSE);
}

static char *random_text(GRand *rand, int lines, int alphabet)
{
    GString *text = g_string_new(NULL);
    for (int i = 0; i < lines; i++) {
        g_string_append_printf(text, "%d\n", g_rand_int_range(rand, 0, alphabet));
    }
    return g_string_free(text, FALSE);
}

static void a_diff_applied_gives_the_other_text(void)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(7);
    for (int round = 0; round < 300; round++) {
        g_autofree char *before = random_text(rand, g_rand_int_range(rand, 0, 40), 1 + round % 9);
        g_autofree char *after = random_text(rand, g_rand_int_range(rand, 0, 40), 1 + round % 9);
        g_autofree char *diff = base_text_diff(before, after, 1000);
        g_autofree char *applied = apply(before, diff);
        g_assert_cmpstr(applied, ==, after);
    }
}

static void large_texts_without_anything_in_common_are_still_done(void)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(8);
    g_autofree char *before = random_text(rand, 20000, 1000000);
    g_autofree char *after = random_text(rand, 20000, 1000000);
    g_autofree char *diff = base_text_diff(before, after, 100000);
    g_autofree char *applied = apply(before, diff);
    g_assert_cmpstr(applied, ==, after);
}

#define ADD(f) g_test_add_func("/text/" #f, f)
int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD(width_counts_terminal_columns);
    ADD(fitting_never_passes_the_width);
    ADD(the_nearest_word_is_within_a_third);
    ADD(names_are_lower_case_and_short);
    ADD(integers_are_whole_and_in_range);
    ADD(reals_are_decimal_and_finite);
    ADD(sizes_are_powers_of_1024);
    ADD(durations_need_a_unit);
    ADD(amounts_are_written_for_people);
    ADD(globs_know_folders);
    ADD(a_hostile_glob_costs_little);
    ADD(diffs_are_unified_and_shortest);
    ADD(the_example_of_myers_takes_five_edits);
    ADD(near_changes_share_a_hunk_and_far_ones_do_not);
    ADD(a_diff_applied_gives_the_other_text);
    ADD(large_texts_without_anything_in_common_are_still_done);
    return g_test_run();
}
