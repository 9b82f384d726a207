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
#define MODEL(more)     "-- ---\n-- kind: full\n-- " more "\n-- ---\nSELECT id, dt FROM ods_x_i\n"
#define ALERT(more)     "alerts: [{name: a, to: [oncall], " more "}]\n"
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
    /* names of tables, columns, keys */
    {"tables: [{name: ods_u_i, model: unique, key: [episod_id], columns: [{name: episode_id, type: int}]}]\n",
     W(COLUMN_UNKNOWN), "episod_id", "episode_id"},
    {"-- ---\n-- kind: full\n-- partition: nope\n-- ---\nSELECT id, dt FROM ods_x_i\n", W(COLUMN_UNKNOWN),
     "nope", NULL},
    {"-- ---\n-- kind: full\n-- partition: {by: dt, unit: fortnight}\n-- ---\nSELECT id, dt FROM ods_x_i\n",
     W(VALUE_INVALID), "fortnight", "month"},
    {MODEL("start: 2026-02-31"), W(VALUE_INVALID), "2026-02-31", "2026-01-31"},
    {MODEL("start: 2026-02-28"), 0, NULL, NULL},
    {MODEL("grain: fortnight"), W(VALUE_INVALID), "fortnight", "month"},
    {MODEL("columns: [{name: id, checks: [{between: [10, 1]}]}]"), W(VALUE_INVALID), "10", "first"},
    {MODEL("columns: [{name: id, checks: [{range: {min: 10, max: 1}}]}]"), W(VALUE_INVALID), "10", "first"},
    {MODEL("checks: [{sql: \"select * from this where idd = 1\"}]"), W(COLUMN_UNKNOWN), "idd", "id"},
    {MODEL("checks: [{sql: \"select * from this where id not in (select id from ods_x_i)\"}]"), 0, NULL,
     NULL},
    {MODEL("checks: [{sql: \"select * from thsi\"}]"), W(TABLE_UNKNOWN), "thsi", NULL},
    {MODEL("checks: [{sql: \"select from from\"}]"), W(SQL_SYNTAX), "from\"}", "this"},
    /* rights */
    {"roles: [{name: r, can: [{raed: \"*\"}]}]\n", W(VALUE_INVALID), "raed", "read"},
    {"roles: [{name: r, can: [{read: \"layr:dws\"}]}]\n", W(VALUE_INVALID), "\"layr", "layer:NAME"},
    {"roles: [{name: r, can: [{read: \"layer:dwz\"}]}]\n", W(VALUE_INVALID), "\"layer", "dws"},
    {"roles: [{name: r, can: [{read: \"domain:saless\"}]}]\n", W(REFERENCE_UNKNOWN), "\"domain", "sales"},
    {"roles: [{name: r, can: [{read: [\"*\", \"table:ods_z_i\"]}]}]\n", W(REFERENCE_UNKNOWN), "\"table",
     NULL},
    {"roles: [{name: r, can: [{write: 5}]}]\n", W(VALUE_INVALID), "5", "layer:NAME"},
    {"roles: [{name: r, can: [red]}]\n", W(VALUE_INVALID), "red", "read"},
    {"roles: [{name: r, can: [5]}]\n", W(VALUE_INVALID), "5", "read"},
    {"roles: [{name: r, can: {read: \"*\"}}]\n", W(VALUE_INVALID), "{read", "can: ["},
    {"roles: [{name: r, can: [{admin: \"layer:dws\"}]}]\n", W(VALUE_INVALID), "\"layer", "*"},
    {"roles: [{name: r, can: [read layr:dws]}]\n", W(VALUE_INVALID), "read layr", "layer:NAME"},
    {"roles: [{name: r, members: [\"rle:x\"], can: [read]}]\n", W(VALUE_INVALID), "\"rle", "role:NAME"},
    {"roles: [{name: r, members: ann, can: [ask, read, read layer:dws, {READ: [\"domain:s*\", "
     "\"table:main.ods_x_i\"], admin: \"*\"}]}]\n",
     0, NULL, NULL},
    {"policies: [{name: p, on: \"tag:pii\", mask: hsh}]\n", W(VALUE_INVALID), "hsh", "hash"},
    {"policies: [{name: p, on: ods_x_i.id, mask: 5}]\n", W(VALUE_INVALID), "5", "hash"},
    {"policies: [{name: p, on: ods_x_i, mask: {idd: hash}}]\n", W(COLUMN_UNKNOWN), "idd", "id"},
    {"policies: [{name: p, on: ods_x_i.id, mask: \"abs(idd)\"}]\n", W(COLUMN_UNKNOWN), "idd", "id"},
    {"policies: [{name: p, on: ods_x_i.idd, mask: hash}]\n", W(COLUMN_UNKNOWN), "ods_x_i.idd", "id"},
    {"policies: [{name: p, on: \"layr:ods\", mask: hash}]\n", W(VALUE_INVALID), "\"layr", "layer:NAME"},
    {"policies: [{name: p, on: ods_x_i, rows: \"idd = 2\"}]\n", W(COLUMN_UNKNOWN), "idd", "id"},
    {"policies: [{name: p, on: ods_x_i, rows: \"id = \"}]\n", W(SQL_SYNTAX), "\"id = ", NULL},
    {"policies: [{name: p, on: ods_x_i, rows: \"id = 2\", except: [\"rle:x\"]}]\n", W(VALUE_INVALID), "\"rle",
     "role:NAME"},
    {"policies: [{name: p, on: ods_x_i, deny: 7}]\n", W(VALUE_INVALID), "7", "true"},
    {"policies: [{name: p, on: ods_x_i, deny: [idd]}]\n", W(COLUMN_UNKNOWN), "idd", "id"},
    {"policies: [{name: p, on: [ods_x_i, \"tag:pii\"], mask: \"upper($viewer.name)\", rows: \"$viewer.name = "
     "'x' "
     "OR list_contains($viewer.roles, 'x')\", for: ann}]\n",
     0, NULL, NULL},
    /* what is shown and told */
    {"reports: [{name: r, query: SELECT idd FROM ods_x_i}]\n", W(COLUMN_UNKNOWN), "idd", "id"},
    {"reports: [{name: r, query: SELECT id FROM ods_z_i}]\n", W(TABLE_UNKNOWN), "ods_z_i", "ods_x_i"},
    {"reports: [{name: r, query: \"SELECT FROM FROM\"}]\n", W(SQL_SYNTAX), "FROM\"}", NULL},
    {"reports: [{name: r, query: SELECT model FROM _weir.runs}]\n", 0, NULL, NULL},
    {"reports: [{name: r, query: SELECT id FROM ods_x_i, attach: [xls]}]\n", W(VALUE_INVALID), "xls", "xlsx"},
    {"reports: [{name: r, query: SELECT id FROM ods_x_i, attach: csv}]\n", 0, NULL, NULL},
    {ALERT("query: SELECT idd FROM ods_x_i"), W(COLUMN_UNKNOWN), "idd", "id"},
    {ALERT("query: SELECT id FROM ods_x_i, when: idd > 5"), W(COLUMN_UNKNOWN), "idd", "id"},
    {ALERT("query: SELECT id FROM ods_x_i, when: id >"), W(SQL_SYNTAX), "}]", NULL},
    {ALERT("when: id > 5, query: SELECT FROM ods_x_i FROM"), W(SQL_SYNTAX), "FROM}", NULL},
    {ALERT("query: \"SELECT id, amount FROM ods_x_i\", by: [amont]"), W(COLUMN_UNKNOWN), "amont", "amount"},
    {ALERT("query: \"SELECT id, amount FROM ods_x_i\", by: [amount], when: amount > id"), 0, NULL, NULL},
    {ALERT("on: run, of: [\"grade:P9\"]"), W(VALUE_INVALID), "\"grade", "P3"},
    {ALERT("on: run, of: [nope]"), W(REFERENCE_UNKNOWN), "nope", NULL},
    {ALERT("on: run, of: [ods_x_i, \"grade:P1\", \"owner:me\", \"domain:sales\", \"layer:ods\"]"), 0, NULL,
     NULL},
    {ALERT("on: run, hours: 25-99"), W(VALUE_INVALID), "25-99", "22:00"},
    {"dashboards: [{name: d, rows: [[{chart: pye, query: SELECT id FROM ods_x_i}]]}]\n", W(VALUE_INVALID),
     "pye", "pie"},
    {"dashboards: [{name: d, rows: [[{chart: pie, query: SELECT idd FROM ods_x_i}]]}]\n", W(COLUMN_UNKNOWN),
     "idd", "id"},
    {"products: [{name: p, tables: [ods_x_i], contract: {freshness: 2x}}]\n", W(VALUE_INVALID), "2x", "2h"},
    {"products: [{name: p, tables: [ods_x_i], contract: {freshnes: 2h}}]\n", W(KEY_UNKNOWN), "freshnes",
     "freshness"},
    {"metrics: [{name: n, type: atomic, table: ods_x_i, agg: count}, {name: m, type: derived, of: n, window: "
     "30x}]\n",
     W(VALUE_INVALID), "30x", "7d"},
    {"entities: [{name: u, key: id}]\nrecommenders: [{name: r, for: u, items: u, recall: [{type: "
     "popuar}]}]\n",
     W(VALUE_INVALID), "popuar", "popular"},
    /* weir.yml */
    {"name: shop\ntimezone: 8\n", W(TIMEZONE_UNKNOWN), "8", "+08:00"},
    {"name: shop\nenvironments: {dev: {engine: dukdb}}\n", W(VALUE_INVALID), "dukdb", "duckdb"},
    {"name: shop\nenvironments: {dev: {engne: duckdb}}\n", W(KEY_UNKNOWN), "engne", "engine"},
    {"name: shop\nenvironments: {prod: {engine: {type: dorsi}}}\n", W(VALUE_INVALID), "dorsi", "doris"},
    {"name: shop\nenvironments: {prod: {engine: {type: doris, password: x}}}\n", W(VALUE_INVALID), "x}",
     "${"},
    {"name: shop\nchannels: {me: {type: hook, url: \"http://x\"}}\n", W(VALUE_INVALID), "hook", "webhook"},
    {"name: shop\nchannels: {me: {type: webhook, url: \"http://x\", secret: abc}}\n", W(VALUE_INVALID), "abc",
     "${"},
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

static bool is_told(const BaseDiags *diags, const Row *row, const char *path)
{
    if (base_diags_length(diags) != (row->code ? 1 : 0)) {
        return false;
    }
    if (!row->code) {
        return true;
    }
    const BaseDiag *diag = base_diags_get(diags, 0);
    unsigned line, column;
    place_of(row, &line, &column);
    return diag->code == row->code && g_strcmp0(diag->file, path) == 0 && diag->line == line &&
           diag->column == column && (!row->hint || (diag->hint && strstr(diag->hint, row->hint)));
}

static void check_row(const Fixture *fixture, const Row *row)
{
    bool project = g_str_has_prefix(row->text, "name:"), sql = g_str_has_prefix(row->text, "-- ---");
    const char *path = project ? "weir.yml" : sql ? "dwd_row_i.sql" : "row.yml";
    put(fixture, "weir.yml", "name: shop\nchannels: {oncall: {type: webhook, url: \"http://127.0.0.1/\"}}\n");
    put(fixture, path, row->text);
    g_autoptr(BaseDiags) diags = base_diags_new();
    g_autoptr(CatalogSnapshot) snapshot = load(fixture, diags);
    if (!is_told(diags, row, path)) {
        g_test_message("WRONG: %s", row->text);
        fail_with(diags);
        g_test_fail();
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
