#include "base/term.h"
#include "base/text.h"

static BaseTable *sample(void)
{
    BaseTable *table = base_table_new();
    base_table_column(table, "歌手", false);
    base_table_column(table, "plays", true);
    base_table_cell(table, "周杰伦");
    base_table_cell(table, "12");
    base_table_cell(table, "a|b\n\"c\",d");
    base_table_cell(table, NULL);
    base_table_cell(table, "");
    base_table_cell(table, "3");
    return table;
}

static char *print(const BaseTable *table, BaseTableStyle style, unsigned columns)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    base_table_print(table, out, style, columns);
    fclose(out);
    return text;
}

static void a_box_lines_up_with_wide_characters(void)
{
    g_autoptr(BaseTable) table = sample();
    g_autofree char *text = print(table, BASE_TABLE_BOX, 0);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; **line != '\0'; line++) {
        g_assert_cmpuint(base_text_width(*line), ==, base_text_width(lines[0]));
    }
    g_assert_nonnull(strstr(text, "│ 周杰伦    │    12 │\n"));
    g_assert_nonnull(strstr(text, "│  NULL │\n"));
}

static void a_box_never_passes_the_terminal(void)
{
    g_autoptr(BaseTable) table = sample();
    for (unsigned columns = 13; columns < 30; columns++) {
        g_autofree char *text = print(table, BASE_TABLE_BOX, columns);
        g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
        for (char **line = lines; **line != '\0'; line++) {
            g_assert_cmpuint(base_text_width(*line), <=, columns);
        }
        g_autofree char *plain = print(table, BASE_TABLE_PLAIN, columns);
        g_auto(GStrv) plain_lines = g_strsplit(plain, "\n", -1);
        for (char **line = plain_lines; **line != '\0'; line++) {
            g_assert_cmpuint(base_text_width(*line), <=, columns);
        }
    }
}

static void csv_keeps_null_and_empty_apart(void)
{
    g_autoptr(BaseTable) table = sample();
    g_autofree char *text = print(table, BASE_TABLE_CSV, 0);
    g_assert_cmpstr(text, ==, "歌手,plays\n周杰伦,12\n\"a|b\n\"\"c\"\",d\",\n\"\",3\n");
}

static void tsv_is_one_line_a_row(void)
{
    g_autoptr(BaseTable) table = sample();
    g_autofree char *text = print(table, BASE_TABLE_TSV, 0);
    g_assert_cmpstr(text, ==, "歌手\tplays\n周杰伦\t12\na|b\\n\"c\",d\t\\N\n\t3\n");
}

static void markdown_escapes_its_own_signs(void)
{
    g_autoptr(BaseTable) table = sample();
    g_autofree char *text = print(table, BASE_TABLE_MARKDOWN, 0);
    g_assert_cmpstr(
        text, ==,
        "| 歌手 | plays |\n| --- | ---: |\n| 周杰伦 | 12 |\n| a\\|b<br>\"c\",d | NULL |\n|  | 3 |\n");
}

static void the_language_comes_from_the_flag_then_the_environment(void)
{
    g_setenv("LC_ALL", "zh_CN.UTF-8", TRUE);
    g_unsetenv("WEIR_LANG");
    base_lang_set(NULL);
    g_assert_cmpstr(base_lang(), ==, "zh");
    g_assert_cmpstr(base_tr("Loads", "导入"), ==, "导入");
    g_setenv("WEIR_LANG", "en", TRUE);
    base_lang_set(NULL);
    g_assert_cmpstr(base_lang(), ==, "en");
    base_lang_set("zh");
    g_assert_cmpstr(base_lang(), ==, "zh");
    base_lang_set("en");
}

static void colour_obeys_no_color(void)
{
    g_setenv("CLICOLOR_FORCE", "1", TRUE);
    g_unsetenv("NO_COLOR");
    g_assert_true(base_term_color(stdout));
    g_setenv("NO_COLOR", "1", TRUE);
    g_assert_false(base_term_color(stdout));
    g_unsetenv("NO_COLOR");
    g_unsetenv("CLICOLOR_FORCE");
}

#define ADD(f) g_test_add_func("/term/" #f, f)
int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD(a_box_lines_up_with_wide_characters);
    ADD(a_box_never_passes_the_terminal);
    ADD(csv_keeps_null_and_empty_apart);
    ADD(tsv_is_one_line_a_row);
    ADD(markdown_escapes_its_own_signs);
    ADD(the_language_comes_from_the_flag_then_the_environment);
    ADD(colour_obeys_no_color);
    return g_test_run();
}
