#include "cli/cli_int.h"

static void assert_split(const char *text, guint n, const char *first)
{
    g_autoptr(GPtrArray) statements = cli_split_statements(text);
    g_assert_cmpuint(statements->len, ==, n);
    if (n > 0) {
        g_assert_cmpstr(g_ptr_array_index(statements, 0), ==, first);
    }
}

static void statements_are_split_outside_of_quotes_and_comments(void)
{
    assert_split("select 1; select 2", 2, "select 1");
    assert_split("select ';', \"a;b\", `c;d`; select 2;", 2, "select ';', \"a;b\", `c;d`");
    assert_split("select 'it''s; fine'", 1, "select 'it''s; fine'");
    assert_split("select 1 -- ; not here\n, 2; select 3", 2, "select 1 -- ; not here\n, 2");
    assert_split("select /* ; */ 1; ", 1, "select /* ; */ 1");
    assert_split("select $$a;b$$; select $x$ $$;$x$", 2, "select $$a;b$$");
    assert_split("select $1; select $2", 2, "select $1");
    assert_split("select 1\\G select 2\\G", 2, "select 1");
    assert_split(" ;; -- nothing\n ; /* nothing */", 0, NULL);
    assert_split("select 'open ; ", 1, "select 'open ;");
}

static void assert_ends(const char *text, bool ends, bool vertical)
{
    bool is_vertical = false;
    g_test_message("%s", text);
    g_assert_true(cli_statement_ends(text, &is_vertical) == ends);
    g_assert_true(!ends || is_vertical == vertical);
}

static void a_line_ends_a_statement_with_a_semicolon_or_backslash_g(void)
{
    assert_ends("select 1;", true, false);
    assert_ends("select 1; \n", true, false);
    assert_ends("select 1\\G", true, true);
    assert_ends("select 1", false, false);
    assert_ends("select ';", false, false);
    assert_ends("select ';'", false, false);
    assert_ends("select 1; select 2", false, false);
    assert_ends("select 1; select 2;", true, false);
    assert_ends("select 1 -- ;", false, false);
    assert_ends("", false, false);
}

static void formats_have_names(void)
{
    CliRows rows = CLI_ROWS_TABLE;
    g_assert_true(cli_rows_by_name("markdown", &rows));
    g_assert_cmpint(rows, ==, CLI_ROWS_MARKDOWN);
    g_assert_false(cli_rows_by_name("xml", &rows));
    const CliVerb *verb = cli_verb_find("query");
    for (const CliFlag *flag = verb->flags; flag->name != NULL; flag++) {
        g_auto(GStrv) words = g_strsplit(flag->values == NULL ? "" : flag->values, " ", -1);
        for (char **word = words; *word != NULL && **word != '\0'; word++) {
            g_assert_true(cli_rows_by_name(*word, &rows));
        }
    }
}

#define ADD(f) g_test_add_func("/query/" #f, f)
int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD(statements_are_split_outside_of_quotes_and_comments);
    ADD(a_line_ends_a_statement_with_a_semicolon_or_backslash_g);
    ADD(formats_have_names);
    return g_test_run();
}
