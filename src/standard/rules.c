/* Rules by id, their words, and the function that judges each. */
#include "standard/standard_int.h"

#include <string.h>

static const StandardRule rules[STANDARD_N_RULES] = {
#define X(name, id, section, object, phase, level)                                                           \
    {STANDARD_##name, id, section, object, STANDARD_##phase, STANDARD_##level},
#include "standard/rules.h"
#undef X
};

static const StandardCheck *const sections[] = {
    standard_checks_ld, standard_checks_sj, standard_checks_pr, standard_checks_lr, standard_checks_ty,
    standard_checks_me, standard_checks_tk, standard_checks_lc, standard_checks_od, standard_checks_dm,
    standard_checks_dw, standard_checks_ds, standard_checks_nm, standard_checks_nr, standard_checks_ex,
};

const StandardRule *standard_rule(StandardRuleId rule)
{
    return &rules[rule];
}

const StandardRule *standard_rule_by_id(const char *id)
{
    for (size_t i = 0; i < STANDARD_N_RULES; i++) {
        if (g_ascii_strcasecmp(rules[i].id, id) == 0) {
            return &rules[i];
        }
    }
    return NULL;
}

/* Filled once: rule -> its row. */
static gpointer index_checks(gpointer unused)
{
    (void)unused;
    const StandardCheck **of = g_new0(const StandardCheck *, STANDARD_N_RULES);
    for (size_t i = 0; i < G_N_ELEMENTS(sections); i++) {
        for (const StandardCheck *check = sections[i]; check->rule != STANDARD_N_RULES; check++) {
            of[check->rule] = check;
        }
    }
    return of;
}

const StandardCheck *standard_check_of(StandardRuleId rule)
{
    static GOnce once = G_ONCE_INIT;
    const StandardCheck *const *of = g_once(&once, index_checks, NULL);
    return of[rule];
}

bool standard_rule_judged(StandardRuleId rule)
{
    return standard_check_of(rule) != NULL;
}

const StandardText *standard_rule_statement(StandardRuleId rule)
{
    return &standard_rule_words[rule].statement;
}

const StandardText *standard_rule_example(StandardRuleId rule)
{
    return &standard_rule_words[rule].example;
}

const StandardText *standard_rule_fix(StandardRuleId rule)
{
    return &standard_rule_words[rule].fix;
}

static const char *const LEVELS[] = {"off", "advice", "warning", "error"};
static const char *const PHASES[] = {"S", "R", "G", "D", "U"};

const char *standard_level_name(StandardLevel level)
{
    return LEVELS[level];
}

const char *standard_level_letter(StandardLevel level)
{
    static const char *const LETTERS[] = {"-", "I", "W", "E"};
    return LETTERS[level];
}

bool standard_level_by_name(const char *text, StandardLevel *ret)
{
    static const struct {
        const char *word;
        StandardLevel level;
    } WORDS[] = {{"off", STANDARD_OFF}, {"advice", STANDARD_I},  {"warning", STANDARD_W},
                 {"error", STANDARD_E}, {"false", STANDARD_OFF}, {"info", STANDARD_I},
                 {"warn", STANDARD_W},  {"e", STANDARD_E},       {"w", STANDARD_W},
                 {"i", STANDARD_I}};
    for (size_t i = 0; i < G_N_ELEMENTS(WORDS); i++) {
        if (g_ascii_strcasecmp(text, WORDS[i].word) == 0) {
            *ret = WORDS[i].level;
            return true;
        }
    }
    return false;
}

static void set_text(json_t *json, const char *key, const StandardText *text)
{
    g_autofree char *en = g_strconcat(key, "_en", NULL);
    g_autofree char *zh = g_strconcat(key, "_zh", NULL);
    base_json_set_string(json, en, text->en);
    base_json_set_string(json, zh, text->zh);
}

json_t *standard_rule_to_json(StandardRuleId rule)
{
    const StandardRule *row = &rules[rule];
    json_t *json = json_object();
    base_json_set_string(json, "id", row->id);
    base_json_set_string(json, "section", row->section);
    base_json_set_string(json, "object", row->object);
    base_json_set_string(json, "phase", PHASES[row->phase]);
    base_json_set_string(json, "level", standard_level_letter(row->level));
    json_object_set_new(json, "judged", json_boolean(standard_rule_judged(rule)));
    set_text(json, "statement", standard_rule_statement(rule));
    set_text(json, "example", standard_rule_example(rule));
    set_text(json, "fix", standard_rule_fix(rule));
    return json;
}
