/* One row for each mistake: told once, with its code, where it stands, with a hint. */
#include <string.h>

#include "catalog_test.h"

typedef struct {
    const char *text;   /* a definition file */
    BaseErrorCode code; /* 0: nothing is wrong with it */
    const char *at;     /* the complaint begins at these words */
    const char *hint;   /* what the hint holds */
} Row;

#define TABLE(more)                                                                                          \
    "tables:\n  - {name: ods_y_i, columns: [{name: id, type: int}, {name: dt, type: date}], " more "}\n"
#define LIFECYCLE(more) TABLE("lifecycle: " more)
#define W(name)         BASE_E_##name

static const Row ROWS[] = {
    /* how long data is kept */
    {LIFECYCLE("{keep: 3 years}"), W(VALUE_INVALID), "3 years", "3y"},
    {LIFECYCLE("{keep: 12mo}"), W(VALUE_INVALID), "12mo", "18m"},
    {LIFECYCLE("{keep: 1000 days}"), W(VALUE_INVALID), "1000 days", "90d"},
    {LIFECYCLE("{keep: 900x}"), W(VALUE_INVALID), "900x", "90d"},
    {LIFECYCLE("{keep: 4q}"), W(VALUE_INVALID), "4q", "90d"},
    {LIFECYCLE("{keep: -5d}"), W(VALUE_INVALID), "-5d", "90d"},
    {LIFECYCLE("{keep: 2h}"), W(VALUE_INVALID), "2h", "90d"},
    {LIFECYCLE("3 years"), W(VALUE_INVALID), "3 years", "3y"},
    {LIFECYCLE("{keep: [90d]}"), W(VALUE_INVALID), "[90d]", NULL},
    {LIFECYCLE("{keep: 3y, keep_dates: 2025-11-11, keep_months: [02, 2020-02]}"), 0, NULL, NULL},
    {LIFECYCLE("{keep: forever, hold: {until: 2027-01-31, reason: law}}"), 0, NULL, NULL},
    {LIFECYCLE("90"), 0, NULL, NULL},
    {LIFECYCLE("{keep_dates: [11-11, 2025-02-30]}"), W(VALUE_INVALID), "2025-02-30", "11-11"},
    {LIFECYCLE("{keep_months: [13]}"), W(VALUE_INVALID), "13", "2026-02"},
    {LIFECYCLE("{hold: {until: soon, reason: law}}"), W(VALUE_INVALID), "soon", "2026-01-31"},
    {LIFECYCLE("{hold: [{until: 2027-02-30, reason: law}]}"), W(VALUE_INVALID), "2027-02-30", "2026-01-31"},
    {LIFECYCLE("{hold: {untl: 2027-01-31}}"), W(KEY_UNKNOWN), "untl", "until"},
    {TABLE("status: deprecated, until: tomorrow"), W(VALUE_INVALID), "tomorrow", "2026-01-31"},
};

static void place_of(const Row *row, unsigned *ret_line, unsigned *ret_column)
{
    const char *at = strstr(row->text, row->at);
    g_assert_nonnull(at);
    *ret_line = *ret_column = 1;
    for (const char *p = row->text; p < at; p++) {
        *ret_line += *p == '\n';
        *ret_column = *p == '\n' ? 1 : *ret_column + 1;
    }
}

static void check_row(const Fixture *fixture, const Row *row)
{
    bool project = g_str_has_prefix(row->text, "name:"), sql = g_str_has_prefix(row->text, "-- ---");
    const char *path = project ? "weir.yml" : sql ? "dwd_row_i.sql" : "row.yml";
    put(fixture, "weir.yml", "name: shop\nchannels: {oncall: {type: webhook, url: \"http://127.0.0.1/\"}}\n");
    put(fixture, path, row->text);
    g_autoptr(BaseDiags) diags = base_diags_new();
    g_autoptr(CatalogSnapshot) snapshot = load(fixture, diags);
    g_test_message("%s", row->text);
    fail_with(diags);
    g_assert_cmpuint(base_diags_length(diags), ==, row->code ? 1 : 0);
    if (row->code) {
        const BaseDiag *diag = base_diags_get(diags, 0);
        unsigned line, column;
        place_of(row, &line, &column);
        g_assert_cmpint(diag->code, ==, row->code);
        g_assert_cmpstr(diag->file, ==, path);
        g_assert_cmpuint(diag->line, ==, line);
        g_assert_cmpuint(diag->column, ==, column);
        g_assert_true(!row->hint || (diag->hint && strstr(diag->hint, row->hint)));
    }
    if (!project) {
        take_away(fixture, path);
    }
}

static void test_each_mistake_is_told_once_where_it_is(void)
{
    Fixture fixture;
    fixture_open(&fixture);
    put(&fixture, "base.yml",
        "domains: [{name: sales}]\n"
        "tables:\n"
        "  - {name: ods_x_i, columns: [{name: id, type: bigint}, {name: amount, type: int}, {name: dt, type: "
        "date}]}\n");
    for (size_t i = 0; i < G_N_ELEMENTS(ROWS); i++) {
        check_row(&fixture, &ROWS[i]);
    }
    fixture_close(&fixture);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/mistakes/each_is_told_once_where_it_is", test_each_mistake_is_told_once_where_it_is);
    return g_test_run();
}
