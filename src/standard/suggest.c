/* Names proposed from words, and explained: `weir name`.
 *
 * A phrase is cut into the longest terms that the roots know (codes, titles, aliases, in either language) and
 * periods ("近7天", "last 7 days"); the parts are put in the order of the grammar: modifiers, root,
 * aggregation, period. What no root knows is told, not guessed. */
#include "base/term.h"
#include "standard/standard_int.h"

#include <string.h>

#define PHRASE_MAX_BYTES 1000

typedef struct {
    char *text; /* folded */
    const char *code, *category, *title_en, *title_zh, *type;
} Term;

typedef struct {
    const char *category;
    char *code, *text;
    const char *title_en, *title_zh, *type;
} Part;

static void clear_term(gpointer data)
{
    g_free(((Term *)data)->text);
}

static void clear_part(gpointer data)
{
    g_free(((Part *)data)->code);
    g_free(((Part *)data)->text);
}

static void add_term(GArray *terms, const char *text, const Term *of)
{
    if (text == NULL || *text == '\0') {
        return;
    }
    Term term = *of;
    term.text = g_utf8_strdown(text, -1);
    g_array_append_val(terms, term);
}

static const char *category_of(const StandardCatalog *catalog, const StandardRoot *root)
{
    return standard_is_base_root(catalog, root->code) ? "base"
           : standard_is_aggregation(root->code)      ? "aggregation"
           : standard_is_period(root->code)           ? "date"
                                                      : "word";
}

static void add_root(const StandardCatalog *catalog, const StandardRoot *root, GArray *terms)
{
    Term term = {.code = root->code,
                 .category = category_of(catalog, root),
                 .title_en = root->title_en,
                 .title_zh = root->title_zh,
                 .type = root->type};
    add_term(terms, root->code, &term);
    add_term(terms, root->title_en, &term);
    add_term(terms, root->title_zh, &term);
    for (guint i = 0; i < root->aliases->len; i++) {
        add_term(terms, g_ptr_array_index(root->aliases, i), &term);
    }
}

static void add_seed(const StandardSeedRoot *seed, GArray *terms)
{
    Term term = {.code = seed->code,
                 .category = seed->category,
                 .title_en = seed->title_en,
                 .title_zh = seed->title_zh,
                 .type = seed->type};
    add_term(terms, seed->code, &term);
    add_term(terms, seed->title_en, &term);
    add_term(terms, seed->title_zh, &term);
    g_auto(GStrv) aliases = g_strsplit(seed->aliases, ",", -1);
    for (char **alias = aliases; *alias != NULL; alias++) {
        add_term(terms, *alias, &term);
    }
}

/* The catalog's own words first: of two terms of one length the first is taken. */
static GArray *all_terms(const StandardCatalog *catalog)
{
    GArray *terms = g_array_new(FALSE, FALSE, sizeof(Term));
    g_array_set_clear_func(terms, clear_term);
    for (guint i = 0; i < catalog->roots->len; i++) {
        add_root(catalog, g_ptr_array_index(catalog->roots, i), terms);
    }
    for (size_t i = 0; i < STANDARD_N_SEED_ROOTS; i++) {
        add_seed(&standard_seed_roots[i], terms);
    }
    return terms;
}

/* ---- periods
 * ----------------------------------------------------------------------------------------------- */

static bool skip(const char **at, const char *text)
{
    if (g_str_has_prefix(*at, text)) {
        *at += strlen(text);
        return true;
    }
    return false;
}

static const struct {
    const char *text;
    char unit;
} UNITS[] = {{"个小时", 'h'},   {"小时", 'h'},    {"天", 'd'},    {"日", 'd'},     {"个星期", 'w'},
             {"星期", 'w'},     {"周", 'w'},      {"个月", 'm'},  {"月", 'm'},     {"个季度", 'q'},
             {"季度", 'q'},     {"年", 'y'},      {"hours", 'h'}, {"hour", 'h'},   {"days", 'd'},
             {"day", 'd'},      {"weeks", 'w'},   {"week", 'w'},  {"months", 'm'}, {"month", 'm'},
             {"quarters", 'q'}, {"quarter", 'q'}, {"years", 'y'}, {"year", 'y'},   {"d", 'd'}};

/* 一 .. 九十九; 0 = none. Moves *at behind it. */
static guint read_han_number(const char **at)
{
    static const char *const DIGITS[] = {"一", "二", "三", "四", "五", "六", "七", "八", "九", "两"};
    guint before = 0;
    guint number = 0;
    for (size_t i = 0; i < G_N_ELEMENTS(DIGITS) && before == 0; i++) {
        before = skip(at, DIGITS[i]) ? (i == 9 ? 2 : (guint)i + 1) : 0;
    }
    number = before;
    if (skip(at, "十")) {
        guint ten = before == 0 ? 10 : before * 10;
        guint unit = 0;
        for (size_t i = 0; i < 9 && unit == 0; i++) {
            unit = skip(at, DIGITS[i]) ? (guint)i + 1 : 0;
        }
        number = ten + unit;
    }
    return number;
}

/* How many; behind "最近" also in words, and none is one: "last week". false = there is no number (or it is
 * 0). */
static bool read_count(const char **at, bool led, guint *ret)
{
    size_t digits = strspn(*at, "0123456789");
    if (digits > 4) {
        return false;
    }
    *ret = (guint)g_ascii_strtoull(*at, NULL, 10);
    if (digits > 0) {
        *at += digits;
    } else if (led) {
        *ret = read_han_number(at);
        *ret = *ret == 0 && (**at & 0x80) == 0 ? 1 : *ret;
    }
    return *ret > 0;
}

/* The unit at `at`, as a whole word; *ret_end is behind it. 0 = none. */
static char read_unit(const char *at, const char **ret_end)
{
    for (size_t u = 0; u < G_N_ELEMENTS(UNITS); u++) {
        const char *end = at;
        if (skip(&end, UNITS[u].text) && !(g_ascii_islower(*end) && (*UNITS[u].text & 0x80) == 0)) {
            *ret_end = end;
            return UNITS[u].unit;
        }
    }
    return 0;
}

/* What may stand behind a period and says no more: 近7天内. */
static const char *behind_period(const char *end)
{
    static const char *const TAILS[] = {"以内", "之内", "内", "以来"};
    for (size_t i = 0; i < G_N_ELEMENTS(TAILS); i++) {
        if (skip(&end, TAILS[i])) {
            break;
        }
    }
    return end;
}

/* "近7天", "最近 30 日", "近一个月", "近半年", "last 7 days", "over the last week", "7-day": the bytes taken;
 * 0 = none. */
static size_t read_period(const char *text, char **ret_code)
{
    static const char *const LEADS[] = {"最近",
                                        "近",
                                        "过去",
                                        "last ",
                                        "past ",
                                        "in the last ",
                                        "in the past ",
                                        "over the last ",
                                        "over the past ",
                                        "during the last ",
                                        "within the last ",
                                        "recent ",
                                        ""};
    for (size_t l = 0; l < G_N_ELEMENTS(LEADS); l++) {
        const char *at = text;
        if (!skip(&at, LEADS[l])) {
            continue;
        }
        at += strspn(at, " ");
        if (*LEADS[l] != '\0' && skip(&at, "半年")) {
            *ret_code = g_strdup("6m");
            return (size_t)(behind_period(at) - text);
        }
        guint count = 0;
        if (!read_count(&at, *LEADS[l] != '\0', &count)) {
            continue;
        }
        at += strspn(at, " -");
        const char *end = NULL;
        char unit = read_unit(at, &end);
        if (unit != 0) {
            *ret_code = g_strdup_printf("%u%c", count, unit);
            return (size_t)(behind_period(end) - text);
        }
    }
    static const struct {
        const char *text, *code;
    } WORDS[] = {{"当日", "1d"},  {"今日", "1d"},   {"当天", "1d"},    {"昨日", "1d"},      {"每日", "1d"},
                 {"上周", "1w"},  {"每周", "1w"},   {"上月", "1m"},    {"每月", "1m"},      {"去年", "1y"},
                 {"daily", "1d"}, {"weekly", "1w"}, {"monthly", "1m"}, {"yesterday", "1d"}, {"today", "1d"}};
    for (size_t i = 0; i < G_N_ELEMENTS(WORDS); i++) {
        if (g_str_has_prefix(text, WORDS[i].text)) {
            *ret_code = g_strdup(WORDS[i].code);
            return strlen(WORDS[i].text);
        }
    }
    return 0;
}

/* ---- cutting a phrase
 * ------------------------------------------------------------------------------------------ */

static bool is_letter(char c)
{
    return g_ascii_isalnum(c);
}

/* A term of Latin letters stands as a whole word, in the plural too. Bytes taken; 0 = it does not. */
static size_t term_at(const char *text, bool at_start, const Term *term)
{
    size_t len = strlen(term->text);
    if (strncmp(text, term->text, len) != 0) {
        return 0;
    }
    if (!is_letter(term->text[len - 1])) {
        return len;
    }
    if (!at_start) {
        return 0;
    }
    len += text[len] == 's' && len > 2 ? 1 : 0;
    return is_letter(text[len]) ? 0 : len;
}

static const Term *longest(const GArray *terms, const char *text, bool at_start, size_t *ret_len)
{
    const Term *best = NULL;
    *ret_len = 0;
    for (guint i = 0; i < terms->len; i++) {
        const Term *term = &g_array_index(terms, Term, i);
        size_t len = term_at(text, at_start, term);
        if (len > *ret_len) {
            *ret_len = len;
            best = term;
        }
    }
    return best;
}

static bool is_filler(const char *word)
{
    static const char *const FILLERS[] = {"of", "the",  "a",     "an", "per", "by",   "for",
                                          "in", "each", "total", "的", "总",  "数据", NULL};
    return g_strv_contains(FILLERS, word);
}

static void add_unknown(GPtrArray *unknown, GString *text)
{
    g_autofree char *word = g_strstrip(g_strdup(text->str));
    g_string_truncate(text, 0);
    if (*word != '\0' && !is_filler(word)) {
        g_ptr_array_add(unknown, g_steal_pointer(&word));
    }
}

static void cut_phrase(const GArray *terms, const char *phrase, GArray *parts, GPtrArray *unknown)
{
    g_autofree char *text = g_utf8_strdown(phrase, -1);
    g_autoptr(GString) rest = g_string_new(NULL);
    bool start = true;
    for (const char *at = text; *at != '\0';) {
        size_t len = 0;
        char *code = NULL;
        size_t period = start || (*at & 0x80) ? read_period(at, &code) : 0;
        const Term *term = longest(terms, at, start, &len);
        if (period > 0 && period >= len) {
            add_unknown(unknown, rest);
            Part part = {.category = "date",
                         .code = code,
                         .text = g_strndup(at, period),
                         .title_en = "",
                         .title_zh = "",
                         .type = ""};
            g_array_append_val(parts, part);
            at += period;
            start = true;
            continue;
        }
        g_free(code);
        if (term != NULL) {
            add_unknown(unknown, rest);
            Part part = {.category = term->category,
                         .code = g_strdup(term->code),
                         .text = g_strndup(at, len),
                         .title_en = term->title_en,
                         .title_zh = term->title_zh,
                         .type = term->type};
            g_array_append_val(parts, part);
            at += len;
            start = true;
            continue;
        }
        const char *next = at + g_utf8_skip[(guchar)*at];
        bool space = g_ascii_isspace(*at) || *at == '_' || *at == '-' || *at == ',';
        if (space) {
            add_unknown(unknown, rest);
        } else {
            g_string_append_len(rest, at, next - at);
        }
        start = space || (*at & 0x80);
        at = next;
    }
    add_unknown(unknown, rest);
}

/* ---- answers
 * ---------------------------------------------------------------------------------------------------- */

static void append_code(GString *name, const char *code)
{
    if (name->len > 0) {
        g_string_append_c(name, '_');
    }
    g_string_append(name, code);
}

/* Parts of one category in their order; of roots and periods the last. */
static void append_category(GString *name, const GArray *parts, const char *category)
{
    const Part *last = NULL;
    bool one = strcmp(category, "base") == 0 || strcmp(category, "date") == 0;
    for (guint i = 0; i < parts->len; i++) {
        const Part *part = &g_array_index(parts, Part, i);
        if (strcmp(part->category, category) != 0) {
            continue;
        }
        if (!one) {
            append_code(name, part->code);
        }
        last = part;
    }
    if (one && last != NULL) {
        append_code(name, last->code);
    }
}

static json_t *part_to_json(const char *text, const char *code, const char *role, const char *en,
                            const char *zh)
{
    json_t *json = json_object();
    base_json_set_string(json, "text", text);
    base_json_set_string(json, "code", code);
    base_json_set_string(json, "role", role);
    base_json_set_string(json, "title_en", en);
    base_json_set_string(json, "title_zh", zh);
    return json;
}

static json_t *propose(const StandardCatalog *catalog, const char *phrase)
{
    static const char *const ORDER[] = {"word", "base", "aggregation", "date"};
    g_autoptr(GArray) terms = all_terms(catalog);
    g_autoptr(GArray) parts = g_array_new(FALSE, FALSE, sizeof(Part));
    g_array_set_clear_func(parts, clear_part);
    g_autoptr(GPtrArray) unknown = g_ptr_array_new_with_free_func(g_free);
    cut_phrase(terms, phrase, parts, unknown);
    g_autoptr(GString) name = g_string_new(NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(ORDER); i++) {
        append_category(name, parts, ORDER[i]);
    }
    bool says_what = false; /* a period alone, or an average of nothing, is no name */
    for (guint i = 0; i < parts->len; i++) {
        const char *category = g_array_index(parts, Part, i).category;
        says_what = says_what || strcmp(category, "word") == 0 || strcmp(category, "base") == 0;
    }
    bool named = unknown->len == 0 && says_what;
    json_t *answer = json_object();
    base_json_set_string(answer, "phrase", phrase);
    base_json_set_string(answer, "name", named ? name->str : NULL);
    base_json_set_string(answer, "so_far", name->str);
    json_t *list = json_array();
    bool root = false;
    for (guint i = 0; i < parts->len; i++) {
        const Part *part = &g_array_index(parts, Part, i);
        json_array_append_new(
            list, part_to_json(part->text, part->code, part->category, part->title_en, part->title_zh));
        if (strcmp(part->category, "base") == 0) {
            root = true;
            base_json_set_string(answer, "type", part->type);
        }
    }
    json_object_set_new(answer, "parts", list);
    json_object_set_new(answer, "has_root", json_boolean(root));
    json_t *open = json_array();
    for (guint i = 0; i < unknown->len; i++) {
        json_array_append_new(open, json_string(g_ptr_array_index(unknown, i)));
    }
    json_object_set_new(answer, "unknown", open);
    return answer;
}

/* ---- explaining
 * --------------------------------------------------------------------------------------------------- */

static void title_of(const StandardCatalog *catalog, const char *word, const char **ret_en,
                     const char **ret_zh)
{
    *ret_en = *ret_zh = "";
    const StandardRoot *root = standard_root_of_word(catalog, word);
    if (root != NULL) {
        *ret_en = root->title_en;
        *ret_zh = root->title_zh;
        return;
    }
    for (size_t i = 0; i < STANDARD_N_SEED_ROOTS; i++) {
        if (strcmp(standard_seed_roots[i].code, word) == 0) {
            *ret_en = standard_seed_roots[i].title_en;
            *ret_zh = standard_seed_roots[i].title_zh;
        }
    }
}

static const StandardText LAYER_TITLES[] = {
    {"", ""},
    {"source data as it is", "贴源层"},
    {"dimensions", "维度层"},
    {"cleaned detail", "明细层"},
    {"light aggregation", "轻度汇总层"},
    {"summary of a subject", "汇总层"},
    {"what an application uses", "应用层"},
    {"part of a job", "中间表"},
    {"temporary", "临时表"},
};

static StandardText refresh_title(const StandardName *name)
{
    static const struct {
        char code;
        StandardText scope;
    } SCOPES[] = {{'i', {"the increase of each day", "每日增量"}},
                  {'f', {"full", "全量"}},
                  {'d', {"a full copy of each day", "每日快照"}},
                  {'l', {"zipper: every version with its span", "拉链"}},
                  {'a', {"full, without partitions", "全量（无分区）"}}};
    static const struct {
        char code;
        StandardText cycle;
    } CYCLES[] = {{'h', {"each hour", "每小时"}},
                  {'w', {"each week", "每周"}},
                  {'m', {"each month", "每月"}},
                  {'q', {"each quarter", "每季"}},
                  {'y', {"each year", "每年"}}};
    for (size_t i = 0; i < G_N_ELEMENTS(SCOPES); i++) {
        if (SCOPES[i].code == name->scope) {
            return SCOPES[i].scope;
        }
    }
    for (size_t i = 0; i < G_N_ELEMENTS(CYCLES); i++) {
        if (CYCLES[i].code == name->frequency) {
            return CYCLES[i].cycle;
        }
    }
    return (StandardText){"", ""};
}

static void add_word(json_t *list, const StandardCatalog *catalog, const char *word, const char *role)
{
    if (word == NULL) {
        return;
    }
    const char *en = "";
    const char *zh = "";
    title_of(catalog, word, &en, &zh);
    json_t *part = part_to_json(word, word, role, en, zh);
    json_object_set_new(part, "registered", json_boolean(standard_word_registered(catalog, word)));
    json_array_append_new(list, part);
}

static json_t *explain_table(const StandardCatalog *catalog, const StandardName *name)
{
    json_t *list = json_array();
    const StandardText *layer = &LAYER_TITLES[name->layer];
    json_array_append_new(list, part_to_json(name->layer_text, standard_layer_name(name->layer), "layer",
                                             layer->en, layer->zh));
    add_word(list, catalog, name->dept, "department");
    add_word(list, catalog, name->domain, "business domain");
    add_word(list, catalog, name->subject, "subject");
    for (const char **word = name->words; *word != NULL; word++) {
        add_word(list, catalog, *word, "word");
    }
    add_word(list, catalog, name->period, "period");
    if (name->refresh != NULL) {
        StandardText title = refresh_title(name);
        json_array_append_new(list,
                              part_to_json(name->refresh, name->refresh, "refresh", title.en, title.zh));
    }
    if (name->mid_target != NULL) {
        json_array_append_new(list, part_to_json(name->mid_target, name->mid_target, "target", "", ""));
    }
    return list;
}

static json_t *explain_metric(const StandardCatalog *catalog, char *const *words)
{
    json_t *list = json_array();
    for (; *words != NULL; words++) {
        const char *role = standard_is_base_root(catalog, *words) ? "base"
                           : standard_is_aggregation(*words)      ? "aggregation"
                           : standard_is_period(*words)           ? "date"
                                                                  : "word";
        add_word(list, catalog, *words, role);
    }
    return list;
}

/* The catalog's roots: what they are decides what a name means. */
static json_t *export_roots(const StandardCatalog *catalog)
{
    json_t *list = json_array();
    for (guint i = 0; i < catalog->roots->len; i++) {
        const StandardRoot *root = g_ptr_array_index(catalog->roots, i);
        json_array_append_new(list,
                              json_pack("{s:s, s:s, s:s, s:s}", "code", root->code, "category",
                                        root->category, "type", root->type, "additivity", root->additivity));
    }
    return list;
}

/* The rules of naming that the table or metric would break, were it to exist. */
static json_t *judge_name(const StandardCatalog *catalog, const char *text, bool table, GError **error)
{
    static const StandardRuleId TABLE[] = {STANDARD_LD_01, STANDARD_NM_01, STANDARD_NM_06, STANDARD_NM_09,
                                           STANDARD_NM_10, STANDARD_NM_11, STANDARD_NM_12};
    static const StandardRuleId METRIC[] = {STANDARD_NM_30, STANDARD_NM_32, STANDARD_NM_33, STANDARD_NM_36};
    const StandardRuleId *rules = table ? TABLE : METRIC;
    size_t n_rules = table ? G_N_ELEMENTS(TABLE) : G_N_ELEMENTS(METRIC);
    g_autoptr(json_t) export = json_pack("{s:[{s:s}], s:o}", table ? "tables" : "metrics", "name", text,
                                         "roots", export_roots(catalog));
    g_autoptr(StandardCatalog) alone = export != NULL ? standard_catalog_from_json(export, error) : NULL;
    json_t *list = json_array();
    for (size_t i = 0; alone != NULL && i < n_rules; i++) {
        g_autoptr(StandardConfig) config = standard_config_new(NULL);
        standard_config_only(config, rules[i]);
        g_autoptr(GPtrArray) findings =
            standard_judge(alone, config, STANDARD_PHASES_STATIC, NULL, "", error);
        for (guint k = 0; findings != NULL && k < findings->len; k++) {
            json_array_append_new(list,
                                  standard_finding_to_json(g_ptr_array_index(findings, k), base_lang()));
        }
    }
    return list;
}

static bool is_identifier(const char *text)
{
    bool underscore = false;
    for (const char *c = text; *c != '\0'; c++) {
        if (!g_ascii_isalnum(*c) && *c != '_') {
            return false;
        }
        underscore = underscore || *c == '_';
    }
    return underscore;
}

json_t *standard_name_answer(const StandardCatalog *catalog, const char *text, GError **error)
{
    if (strlen(text) > PHRASE_MAX_BYTES || !g_utf8_validate(text, -1, NULL)) {
        base_fail(error, BASE_E_VALUE_INVALID, "a phrase is text of at most %d bytes", PHRASE_MAX_BYTES);
        return NULL;
    }
    if (!is_identifier(text)) {
        return propose(catalog, text);
    }
    g_autoptr(StandardName) name = standard_name_parse(catalog, text);
    bool table = name->layer != STANDARD_LAYER_NONE;
    json_t *answer = json_object();
    base_json_set_string(answer, "name", text);
    base_json_set_string(answer, "kind", table ? "table" : "metric");
    json_object_set_new(answer, "parts",
                        table ? explain_table(catalog, name) : explain_metric(catalog, name->parts));
    json_object_set_new(answer, "findings", judge_name(catalog, text, table, error));
    return answer;
}
