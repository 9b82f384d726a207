/* Names of tables taken apart; rules as data. */
#include "standard/standard.h"

#include <string.h>

static StandardCatalog *empty(void)
{
    g_autoptr(json_t) json = json_object();
    GError *error = NULL;
    StandardCatalog *catalog = standard_catalog_from_json(json, &error);
    g_assert_no_error(error);
    return catalog;
}

static char *outline(const StandardCatalog *catalog, const char *text)
{
    g_autoptr(StandardName) name = standard_name_parse(catalog, text);
    GString *out = g_string_new(standard_layer_name(name->layer));
    const char *const PARTS[] = {name->dept, name->domain, name->subject};
    for (size_t i = 0; i < G_N_ELEMENTS(PARTS); i++) {
        g_string_append_printf(out, "|%s", PARTS[i] != NULL ? PARTS[i] : "");
    }
    g_string_append_c(out, '|');
    for (const char **word = name->words; *word != NULL; word++) {
        g_string_append_printf(out, "%s%s", word > name->words ? "," : "", *word);
    }
    g_string_append_printf(out, "|%s|%s", name->period != NULL ? name->period : "",
                           name->refresh != NULL ? name->refresh : "");
    if (name->mid_target != NULL) {
        g_string_append_printf(out, "|%s", name->mid_target);
    }
    return g_string_free(out, FALSE);
}

static void names_are_taken_apart(void)
{
    static const char *const CASES[][2] = {
        {"dws_mkt_trade_user_active_1d_d", "dws|mkt|trade|user|active|1d|d"},
        {"dwd_mkt_trade_order_di", "dwd|mkt|trade|order|||di"},
        {"dwd_order", "dwd|order|||||"},
        {"dim_user_l", "dim|||user|||l"},
        {"dwd_trade_manual_target", "dwd||trade||target||"},
        {"mid_dws_user_0", "mid||||||"
                           "|dws_user"},
        {"mid_dws_user_dim_20240501", "mid||||||"
                                      "|dws_user"},
        {"ads_mkt_trade_shop_rank_td_f", "app|mkt|trade|shop|rank|td|f"},
        {"orders_clean", "|clean|||||"},
        {"tmp_abc_d", "tmp||||abc,d||"},
        {"dwd_mkt__user_order_d", "dwd|mkt||user|order||d"},
    };
    g_autoptr(StandardCatalog) catalog = empty();
    for (size_t i = 0; i < G_N_ELEMENTS(CASES); i++) {
        g_autofree char *got = outline(catalog, CASES[i][0]);
        g_assert_cmpstr(got, ==, CASES[i][1]);
    }
}

static void every_rule_is_whole(void)
{
    for (size_t i = 0; i < STANDARD_N_RULES; i++) {
        StandardRuleId id = (StandardRuleId)i;
        const StandardText *texts[] = {standard_rule_statement(id), standard_rule_example(id),
                                       standard_rule_fix(id)};
        for (size_t t = 0; t < G_N_ELEMENTS(texts); t++) {
            if (texts[t]->en == NULL || texts[t]->zh == NULL || strcmp(texts[t]->en, "") == 0) {
                g_error("%s lacks words", standard_rule(id)->id);
            }
        }
        g_assert_true(standard_rule_by_id(standard_rule(id)->id) == standard_rule(id));
    }
}

/* What becomes of a phrase without a project: its name, or "-". */
static void phrases_are_named(void)
{
    static const char *const CASES[][2] = {
        {"average price of the last 7 days", "price_avg_7d"},
        {"近7天平均单价", "price_avg_7d"},
        {"最近一周单价", "price_1w"},
        {"近一个月单价", "price_1m"},
        {"近七天单价", "price_7d"},
        {"近三十天单价", "price_30d"},
        {"近半年单价", "price_6m"},
        {"近7天内单价", "price_7d"},
        {"历史累计金额", "amt_td"},
        {"年初至今金额", "amt_ytd"},
        {"月初至今金额", "amt_mtd"},
        {"周初至今金额", "amt_wtd"},
        {"price over the last week", "price_1w"},
        {"price in the past 24 hours", "price_24h"},
        {"近7天", "-"},
        {"近0天金额", "-"},
        {"average", "-"},
        {"nosuch amount", "-"},
    };
    g_autoptr(StandardCatalog) catalog = empty();
    for (size_t i = 0; i < G_N_ELEMENTS(CASES); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(json_t) answer = standard_name_answer(catalog, CASES[i][0], &error);
        g_assert_no_error(error);
        g_test_message("%s", CASES[i][0]);
        g_assert_cmpstr(base_json_string(answer, "name", "-"), ==, CASES[i][1]);
    }
}

/* Rules that an explained name breaks: "NM-06,NM-11". */
static void names_are_judged(void)
{
    static const char *const CASES[][2] = {
        {"dwd_mkt__user_order_d", "NM-06,NM-11"},
        {"dwd_mkt_trade_user_order_d", ""},
        {"trade_amt_lastweek", "NM-32"},
        {"trade_amt_mean_7d", "NM-33"},
        {"trade_total", "NM-30"},
        {"trade_amt_avg_7d", ""},
        {"mid_dwd_x_05", "NM-12"},
        {"tmp_abc", ""},
    };
    g_autoptr(StandardCatalog) catalog = empty();
    for (size_t i = 0; i < G_N_ELEMENTS(CASES); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(json_t) answer = standard_name_answer(catalog, CASES[i][0], &error);
        g_assert_no_error(error);
        g_autoptr(GString) found = g_string_new(NULL);
        size_t k = 0;
        const json_t *one = NULL;
        json_array_foreach (json_object_get(answer, "findings"), k, one) {
            g_string_append_printf(found, "%s%s", k > 0 ? "," : "", base_json_string(one, "rule", ""));
        }
        g_test_message("%s", CASES[i][0]);
        g_assert_cmpstr(found->str, ==, CASES[i][1]);
    }
}

static void catalogs_with_keys_written_wrong_are_refused(void)
{
    static const char *const CASES[][2] = {{"{\"table\": []}", "`tables`"},
                                           {"{\"tables\": [], \"metric\": []}", "`metrics`"},
                                           {"{\"x\": 1}", "lint-catalog"},
                                           {"{\"tables\": [], \"exported_at\": \"2024\"}", NULL},
                                           {"{}", NULL}};
    for (size_t i = 0; i < G_N_ELEMENTS(CASES); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(json_t) json = base_json_parse(CASES[i][0], strlen(CASES[i][0]), &error);
        g_assert_no_error(error);
        g_autoptr(StandardCatalog) catalog = standard_catalog_from_json(json, &error);
        g_assert_true((catalog != NULL) == (CASES[i][1] == NULL));
        g_assert_true(error == NULL || strstr(base_error_get_hint(error), CASES[i][1]) != NULL);
    }
}

static void keywords_are_sorted(void)
{
    static const char *const WORDS[] = {"order",    "select",     "ADD",   "zerofill",  "user",
                                        "group",    "year_month", "lead",  "signal",    "dual",
                                        "exchange", "commit",     "floor", "accessible"};
    for (size_t i = 0; i < G_N_ELEMENTS(WORDS); i++) {
        g_assert_true(standard_is_keyword(WORDS[i]));
    }
    g_assert_false(standard_is_keyword("order_cnt"));
    g_assert_false(standard_is_keyword("name"));
}

static void profiles_and_levels(void)
{
    g_autoptr(json_t) own =
        json_pack("{s:{s:s, s:{s:s}}}", "standard", "profile", "own", "rules", "NM-*", "warning");
    g_autoptr(StandardConfig) config = standard_config_new(own);
    g_assert_cmpint(standard_config_level(config, STANDARD_LD_01), ==, STANDARD_OFF);
    g_assert_cmpint(standard_config_level(config, STANDARD_NM_22), ==, STANDARD_W);
    g_autoptr(json_t) off = json_pack("{s:{s:{s:s}}}", "standard", "layers", "dwm", "off");
    g_autoptr(StandardConfig) without = standard_config_new(off);
    g_assert_cmpint(standard_config_level(without, STANDARD_LR_01), ==, STANDARD_OFF);
    g_assert_cmpint(standard_config_level(without, STANDARD_LR_04), ==, STANDARD_E);
    g_assert_cmpint(standard_config_level(without, STANDARD_EX_07), ==, STANDARD_OFF);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/standard/names/are taken apart", names_are_taken_apart);
    g_test_add_func("/standard/names/phrases are named", phrases_are_named);
    g_test_add_func("/standard/names/names are judged", names_are_judged);
    g_test_add_func("/standard/names/catalogs with keys written wrong are refused",
                    catalogs_with_keys_written_wrong_are_refused);
    g_test_add_func("/standard/names/keywords are found", keywords_are_sorted);
    g_test_add_func("/standard/rules/every rule is whole", every_rule_is_whole);
    g_test_add_func("/standard/rules/profiles and levels", profiles_and_levels);
    return g_test_run();
}
