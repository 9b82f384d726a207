/* Lines that are read without a tree, and lines that are left to the parser of trees. */
#include "intake/intake_int.h"

static const char *const NAMES[] = {"id", "name", "ok"};
static const size_t LENS[] = {2, 4, 2};
static const guint ORDER[] = {0, 1, 2};
static const IntakeJsonFlat FLAT = {NAMES, LENS, 3, ORDER, 3};

static void assert_cell(const IntakeCell *cell, const char *expected)
{
    g_autofree char *text = cell->bytes ? g_strndup(cell->bytes, cell->len) : NULL;
    g_assert_cmpstr(text, ==, expected);
}

static void test_plain_objects_are_cells(void)
{
    static const struct {
        const char *line, *id, *name, *ok, *rest;
    } LINES[] = {
        {"{\"id\":1,\"name\":\"a b\",\"ok\":true}", "1", "a b", "true", ""},
        {" { \"id\" : -1.5e+3 , \"name\" : \"\" , \"ok\" : null } \r", "-1.5e+3", "", NULL, " \r"},
        {"{\"id\":0}", "0", NULL, NULL, ""},
        {"{\"id\":\"7\",\"name\":\"{},:\",\"ok\":false} x", "7", "{},:", "false", " x"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(LINES); i++) {
        IntakeCell cells[3];
        g_assert_cmpstr(intake_json_flat(&FLAT, LINES[i].line, cells), ==, LINES[i].rest);
        assert_cell(&cells[0], LINES[i].id);
        assert_cell(&cells[1], LINES[i].name);
        assert_cell(&cells[2], LINES[i].ok);
    }
}

static void test_all_else_is_left_to_the_parser(void)
{
    static const char *const LINES[] = {
        "",
        "{}",
        "[1]",
        "{\"id\":1",
        "{\"id\":1,}",
        "{\"name\":\"x\",\"id\":1}",
        "{\"id\":1,\"other\":2}",
        "{\"id\":1,\"name\":\"a\",\"ok\":true,\"id\":2}",
        "{\"id\":01}",
        "{\"id\":1.}",
        "{\"id\":.5}",
        "{\"id\":-}",
        "{\"id\":1e}",
        "{\"id\":1 2}",
        "{\"id\":[1]}",
        "{\"id\":{\"a\":1}}",
        "{\"id\":truE}",
        "{\"id\":\"a\\\"b\"}",
        "{\"id\":\"a\tb\"}",
        "{\"id\":\"\xC3\xA9\"}",
        "{\"id\":\"open",
        "{\"id\" 1}",
        "{'id':1}",
    };
    for (size_t i = 0; i < G_N_ELEMENTS(LINES); i++) {
        IntakeCell cells[3];
        g_assert_null(intake_json_flat(&FLAT, LINES[i], cells));
    }
    g_assert_true(intake_json_name_is_plain("héé 1"));
    g_assert_false(intake_json_name_is_plain("a\"b"));
    g_assert_false(intake_json_name_is_plain("a\\b"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/json-flat/plain objects are cells", test_plain_objects_are_cells);
    g_test_add_func("/json-flat/all else is left to the parser", test_all_else_is_left_to_the_parser);
    return g_test_run();
}
