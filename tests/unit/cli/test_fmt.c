#include "cli/cli_int.h"

static void assert_yaml(const char *before, const char *after)
{
    g_autofree char *tidy = cli_fmt_yaml(before);
    g_assert_cmpstr(tidy, ==, after);
    g_autofree char *again = cli_fmt_yaml(tidy);
    g_assert_cmpstr(again, ==, tidy);
}

static void assert_sql(const char *before, const char *after)
{
    g_autofree char *tidy = cli_fmt_sql(before);
    g_assert_cmpstr(tidy, ==, after);
    g_autofree char *again = cli_fmt_sql(tidy);
    g_assert_cmpstr(again, ==, tidy);
}

static void yaml_loses_blanks_that_mean_nothing(void)
{
    assert_yaml("a: 1  \nb:\t\n  - x \t\n\n\n", "a: 1\nb:\n  - x\n");
    assert_yaml("a: 1\r\nb: 2", "a: 1\nb: 2\n");
    assert_yaml("", "");
    assert_yaml("# only a comment   \n", "# only a comment\n");
}

static void yaml_keeps_blanks_that_mean_something(void)
{
    assert_yaml("a: |\n  x  \n  y\nb: 1\n", "a: |\n  x  \n  y\nb: 1\n");
    assert_yaml("a: |+\n  x\n\n\n", "a: |+\n  x\n\n\n");
}

static void yaml_that_does_not_parse_is_not_touched(void)
{
    assert_yaml("a: [1,  \n", "a: [1,  \n");
    assert_yaml("a: 1\na: 2  \n\xff", "a: 1\na: 2  \n\xff");
}

static void sql_loses_blanks_at_line_ends(void)
{
    assert_sql("-- ---  \n-- kind: full\t\n-- ---\nSELECT 1  \nFROM t \r\n\n\n",
               "-- ---\n-- kind: full\n-- ---\nSELECT 1\nFROM t\n");
    assert_sql("SELECT $1  \nFROM t", "SELECT $1\nFROM t\n");
    assert_sql("SELECT $start AS s, $end AS e  \n", "SELECT $start AS s, $end AS e\n");
}

static void sql_keeps_what_is_inside_quotes(void)
{
    assert_sql("SELECT 'a  \n  b', \"c  \nd\", `e  \nf`, $$g  \nh$$, $t$ i  \n$$  \n$t$\n",
               "SELECT 'a  \n  b', \"c  \nd\", `e  \nf`, $$g  \nh$$, $t$ i  \n$$  \n$t$\n");
    assert_sql("SELECT 'it''s  \n' -- don't  \n, 2  \n", "SELECT 'it''s  \n' -- don't\n, 2\n");
    assert_sql("/* it's  \n */ SELECT 1  \n", "/* it's\n */ SELECT 1\n");
}

static void sql_with_an_open_quote_is_not_touched(void)
{
    assert_sql("SELECT 'open  \nx  \n", "SELECT 'open  \nx  \n");
}

#define ADD(f) g_test_add_func("/fmt/" #f, f)
int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD(yaml_loses_blanks_that_mean_nothing);
    ADD(yaml_keeps_blanks_that_mean_something);
    ADD(yaml_that_does_not_parse_is_not_touched);
    ADD(sql_loses_blanks_at_line_ends);
    ADD(sql_keeps_what_is_inside_quotes);
    ADD(sql_with_an_open_quote_is_not_touched);
    return g_test_run();
}
