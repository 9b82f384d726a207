/* Every rule finds what breaks it, names it, and leaves alone what does not: cases/<section>.json hold, for
 * each rule, a catalog that breaks it with the objects to be found, and one that does not. */
#include "base/json.h"
#include "engine/engine.h"
#include "standard/standard.h"

#include <string.h>

typedef struct {
    char *label;
    StandardRuleId rule;
    json_t *catalog;
    json_t *expected; /* sorted texts */
    char *profile;
} Case;

static Engine *engine;

static gint compare_texts(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Objects of the findings, sorted, as one text. */
static char *found_objects(const GPtrArray *findings)
{
    g_autoptr(GPtrArray) objects = g_ptr_array_new();
    for (guint i = 0; i < findings->len; i++) {
        g_ptr_array_add(objects, ((StandardFinding *)g_ptr_array_index(findings, i))->object);
    }
    g_ptr_array_sort(objects, compare_texts);
    GString *out = g_string_new(NULL);
    for (guint i = 0; i < objects->len; i++) {
        g_string_append_printf(out, "[%s]", (const char *)g_ptr_array_index(objects, i));
    }
    return g_string_free(out, FALSE);
}

static char *expected_objects(const json_t *expected)
{
    GString *out = g_string_new(NULL);
    size_t i = 0;
    const json_t *one = NULL;
    json_array_foreach (expected, i, one) {
        g_string_append_printf(out, "[%s]", json_string_value(one));
    }
    return g_string_free(out, FALSE);
}

static void assert_texts(const StandardFinding *finding)
{
    g_autoptr(json_t) en = standard_finding_to_json(finding, "en");
    g_autoptr(json_t) zh = standard_finding_to_json(finding, "zh");
    g_assert_cmpstr(base_json_string(en, "message", ""), !=, "");
    g_assert_cmpstr(base_json_string(en, "fix", ""), !=, "");
    g_assert_cmpstr(base_json_string(zh, "message", ""), !=, base_json_string(en, "message", ""));
    g_assert_cmpstr(base_json_string(zh, "fix", ""), !=, base_json_string(en, "fix", ""));
}

static void test_case(gconstpointer data)
{
    const Case *one = data;
    g_autoptr(GError) error = NULL;
    g_autoptr(StandardCatalog) catalog = standard_catalog_from_json(one->catalog, &error);
    g_assert_no_error(error);
    g_autoptr(json_t) settings = json_pack("{s:{s:s}}", "standard", "profile", one->profile);
    g_autoptr(StandardConfig) config = standard_config_new(settings);
    standard_config_only(config, one->rule);
    g_autoptr(EngineConn) conn = engine_connect(engine, &error);
    g_assert_no_error(error);
    g_autoptr(GPtrArray) findings =
        standard_judge(catalog, config, STANDARD_PHASES_ALL, conn, "2026-01-01", &error);
    g_assert_no_error(error);
    g_autofree char *found = found_objects(findings);
    g_autofree char *expected = expected_objects(one->expected);
    g_assert_cmpstr(found, ==, expected);
    for (guint i = 0; i < findings->len; i++) {
        assert_texts(g_ptr_array_index(findings, i));
    }
}

static void free_case(gpointer data)
{
    Case *one = data;
    g_free(one->label);
    g_free(one->profile);
    json_decref(one->catalog);
    json_decref(one->expected);
    g_free(one);
}

static void add_case(const json_t *row, const char *id, const char *which, const char *expected)
{
    const StandardRule *rule = standard_rule_by_id(id);
    g_assert_nonnull(rule);
    json_t *catalog = json_object_get(row, which);
    g_assert_true(json_is_object(catalog)); /* every rule has both */
    const char *title = base_json_string(row, "title", "");
    Case *one = g_new0(Case, 1);
    *one = (Case){.label = g_strdup_printf("/standard/cases/%s/%s%s%s", id, which, *title ? " " : "", title),
                  .rule = rule->rule,
                  .catalog = json_incref(catalog),
                  .expected = expected != NULL ? json_incref(json_object_get(row, expected)) : json_array(),
                  .profile = g_strdup(base_json_string(row, "profile", "v4"))};
    g_test_add_data_func_full(one->label, one, test_case, free_case);
}

static void add_file(const char *name, GHashTable *seen)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = g_build_filename(g_getenv("WEIR_TEST_DIR"), "cases", name, NULL);
    g_autoptr(json_t) rows = base_json_read_file(path, &error);
    g_assert_no_error(error);
    size_t i = 0;
    const json_t *row = NULL;
    json_array_foreach (rows, i, row) {
        const char *id = base_json_string(row, "rule", "");
        g_hash_table_add(seen, g_strdup(id));
        add_case(row, id, "bad", "finds");
        add_case(row, id, "good", NULL);
    }
}

/* A rule without a case would go unnoticed when it stops finding anything. */
static GHashTable *seen;

static void test_all_covered(void)
{
    for (size_t i = 0; i < STANDARD_N_RULES; i++) {
        const StandardRule *rule = standard_rule((StandardRuleId)i);
        bool covered =
            strstr("TY RD NU ME TK LC OD DM DW DS", (char[]){rule->id[0], rule->id[1], '\0'}) != NULL;
        if (covered && !g_hash_table_contains(seen, rule->id)) {
            g_error("the rule %s has no case", rule->id);
        }
        g_assert_true(!covered || standard_rule_judged(rule->rule));
    }
}

/* ---- what is declared and what is named need not agree ---- */

static const char *const LAYER_WORDS[] = {"",    "ods", "dim", "dwd", "dwm", "dm",    "dws",
                                          "app", "ads", "mid", "tmp", "raw", "nosuch"};
static const char *const NAME_FORMS[] = {"%s",
                                         "%s_",
                                         "_%s",
                                         "%s_a",
                                         "%s_order",
                                         "%s_order_d",
                                         "%s_1d_d",
                                         "%s__d",
                                         "%s_mkt__order_d",
                                         "%s_manual",
                                         "%s_trade_manual",
                                         "%s_trade_manual_goal",
                                         "%s_mkt_trade",
                                         "%s_dwd_pay_0",
                                         "%s_dws_a_dim",
                                         "%s_dim_20240501",
                                         "%s_mkt_trade_user_active_1d_d"};

static json_t *odd_table(const char *layer, const char *name, bool full)
{
    if (!full) {
        return json_pack("{s:s, s:s}", "name", name, "layer", layer);
    }
    return json_pack("{s:s, s:s, s:s, s:[s], s:[s], s:[{s:s, s:s}, {s:s}], s:[s, s], s:s}", "name", name,
                     "layer", layer, "kind", "snapshot", "key", "id", "partitions", "dt", "columns", "name",
                     "id", "type", "bigint", "name", "dt", "reads", "ods_x", "mid_dwd_pay_0", "sql",
                     "SELECT id, dt FROM ods_x");
}

/* Every layer as declared with names of every layer's form. */
static json_t *odd_catalog(bool full, bool roots)
{
    json_t *tables = json_array();
    for (size_t d = 0; d < G_N_ELEMENTS(LAYER_WORDS); d++) {
        for (size_t n = 0; n < G_N_ELEMENTS(LAYER_WORDS); n++) {
            for (size_t f = 0; f < G_N_ELEMENTS(NAME_FORMS); f++) {
                g_auto(GStrv) parts = g_strsplit(NAME_FORMS[f], "%s", 2);
                g_autofree char *name = g_strconcat(parts[0], LAYER_WORDS[n], parts[1], NULL);
                if (*name != '\0') {
                    json_array_append_new(tables, odd_table(LAYER_WORDS[d], name, full));
                }
            }
        }
    }
    json_t *catalog = json_pack("{s:o}", "tables", tables);
    if (roots) {
        json_object_set_new(catalog, "roots", json_pack("[s, {s:s}]", "order", "name", "artist"));
    }
    return catalog;
}

static void test_odd_names(void)
{
    for (unsigned i = 0; i < 4; i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(json_t) json = odd_catalog((i & 1) != 0, (i & 2) != 0);
        g_autoptr(StandardCatalog) catalog = standard_catalog_from_json(json, &error);
        g_assert_no_error(error);
        g_autoptr(StandardConfig) config = standard_config_new(NULL);
        g_autoptr(EngineConn) conn = engine_connect(engine, &error);
        g_autoptr(GPtrArray) findings =
            standard_judge(catalog, config, STANDARD_PHASES_ALL, conn, "2026-01-01", &error);
        g_assert_no_error(error);
        g_assert_cmpuint(findings->len, >, 100);
        for (guint f = 0; f < findings->len; f++) {
            assert_texts(g_ptr_array_index(findings, f));
        }
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_autoptr(GError) error = NULL;
    engine = engine_open(&(EngineOptions){.threads = 1, .memory_bytes = (int64_t)256 << 20}, &error);
    g_assert_no_error(error);
    static const char *const FILES[] = {"ty.json", "me.json", "tk.json", "lc.json", "od.json", "dm.json",
                                        "dw.json", "ds.json", "nm.json", "ld.json", "pr.json", "lr.json"};
    seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(FILES); i++) {
        add_file(FILES[i], seen);
    }
    g_test_add_func("/standard/cases/all covered", test_all_covered);
    g_test_add_func("/standard/cases/names of another layer than the declared", test_odd_names);
    int result = g_test_run();
    g_hash_table_unref(seen);
    engine_unref(engine);
    return result;
}
