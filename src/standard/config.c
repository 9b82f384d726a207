/* `standard:` of weir.yml: which rules are judged, how hard, what is let off and until when. */
#include "standard/standard_int.h"

#include <string.h>

struct StandardConfig {
    StandardLevel levels[STANDARD_N_RULES];
    char *profile;
    bool dwm, dwm_said, dim_reads_ods;
    json_t *limits;      /* object; NULL = none */
    json_t *departments; /* list; NULL = none named */
    GPtrArray *waivers;  /* StandardWaiver* */
};

static void free_waiver(StandardWaiver *waiver)
{
    g_free(waiver->rule);
    g_free(waiver->object);
    g_free(waiver->owner);
    g_free(waiver->reason);
    g_free(waiver->until);
    g_pattern_spec_free(waiver->pattern);
    g_free(waiver);
}

void standard_config_free(StandardConfig *config)
{
    if (config == NULL) {
        return;
    }
    g_free(config->profile);
    json_decref(config->limits);
    json_decref(config->departments);
    g_ptr_array_unref(config->waivers);
    g_free(config);
}

/* What aliyun's published rules do not ask for, or ask less of: no light aggregation layer, two-letter
 * suffixes, its own retention table. */
static const struct {
    StandardRuleId rule;
    StandardLevel level;
} ALIYUN[] = {
    {STANDARD_LD_10, STANDARD_OFF}, {STANDARD_LD_11, STANDARD_OFF}, {STANDARD_LD_12, STANDARD_OFF},
    {STANDARD_LR_01, STANDARD_OFF}, {STANDARD_LR_02, STANDARD_OFF}, {STANDARD_LR_03, STANDARD_OFF},
    {STANDARD_TY_05, STANDARD_OFF}, {STANDARD_NU_01, STANDARD_W},   {STANDARD_NU_02, STANDARD_W},
};

static bool set_profile(StandardConfig *config, const char *profile)
{
    static const char *const PROFILES[] = {"v4", "aliyun", "own", NULL};
    if (!g_strv_contains(PROFILES, profile)) {
        return false;
    }
    g_free(config->profile);
    config->profile = g_strdup(profile);
    for (size_t i = 0; i < STANDARD_N_RULES; i++) {
        const StandardRule *rule = standard_rule((StandardRuleId)i);
        bool on = strcmp(profile, "own") != 0 && strcmp(rule->section, "EX") != 0;
        config->levels[i] = on ? rule->level : STANDARD_OFF;
    }
    for (size_t i = 0; strcmp(profile, "aliyun") == 0 && i < G_N_ELEMENTS(ALIYUN); i++) {
        config->levels[ALIYUN[i].rule] = ALIYUN[i].level;
    }
    return true;
}

/* One rule, or all of a section: "LD-04", "LD-*". */
static bool set_rule(StandardConfig *config, const char *id, StandardLevel level)
{
    bool any = false;
    for (size_t i = 0; i < STANDARD_N_RULES; i++) {
        if (g_pattern_match_simple(id, standard_rule((StandardRuleId)i)->id)) {
            config->levels[i] = level;
            any = true;
        }
    }
    return any;
}

/* Where what is wrong stands is not kept in settings: the message names it. */
#define COMPLAIN(diags, ...)                                                                                 \
    ((diags) != NULL ? base_diags_add((diags), BASE_E_VALUE_INVALID, "weir.yml", 1, 1, __VA_ARGS__) : NULL)

static void read_rules(StandardConfig *config, const json_t *rules, BaseDiags *diags)
{
    const char *id = NULL;
    json_t *value = NULL;
    json_t *map = json_is_object(rules) ? (json_t *)(guintptr)rules : NULL;
    if (rules != NULL && map == NULL) {
        COMPLAIN(diags, "`standard.rules` is a map such as {LD-06: off}");
    }
    json_object_foreach (map, id, value) {
        const char *text = json_is_boolean(value) ? "false" : json_string_value(value);
        StandardLevel level = STANDARD_OFF;
        if (text == NULL || json_is_true(value) || !standard_level_by_name(text, &level)) {
            BaseDiag *diag = COMPLAIN(diags, "the level of `%s` under `standard.rules` is none", id);
            if (diag != NULL) {
                base_diag_hint(diag, "off, advice, warning or error");
            }
        } else if (!set_rule(config, id, level)) {
            BaseDiag *diag = COMPLAIN(diags, "no rule `%s` (`standard.rules`)", id);
            if (diag != NULL) {
                base_diag_hint(diag, "weir lint --explain lists them; LD-* is all of a section");
            }
        }
    }
}

static bool is_day(const char *text)
{
    for (size_t i = 0; i < 10; i++) {
        if (i == 4 || i == 7 ? text[i] != '-' : !g_ascii_isdigit(text[i])) {
            return false;
        }
    }
    return text[10] == '\0';
}

/* Nothing is let off without a name, a reason and an end. */
static void read_waiver(StandardConfig *config, const json_t *item, BaseDiags *diags)
{
    static const char *const KEYS[] = {"rule", "object", "owner", "reason", "until"};
    const char *values[G_N_ELEMENTS(KEYS)];
    for (size_t i = 0; i < G_N_ELEMENTS(KEYS); i++) {
        values[i] = standard_raw_text(item, KEYS[i]);
        if (*values[i] == '\0') {
            COMPLAIN(diags, "a waiver has no `%s` (`standard.waivers`)", KEYS[i]);
            return;
        }
    }
    if (standard_rule_by_id(values[0]) == NULL) {
        COMPLAIN(diags, "no rule `%s` (`standard.waivers`)", values[0]);
        return;
    }
    if (!is_day(values[4])) {
        COMPLAIN(diags, "`until: %s` of a waiver is no day such as 2027-01-31", values[4]);
        return;
    }
    StandardWaiver *waiver = g_new0(StandardWaiver, 1);
    waiver->rule = g_strdup(values[0]);
    waiver->object = g_strdup(values[1]);
    waiver->owner = g_strdup(values[2]);
    waiver->reason = g_strdup(values[3]);
    waiver->until = g_strdup(values[4]);
    waiver->pattern = g_pattern_spec_new(values[1]);
    g_ptr_array_add(config->waivers, waiver);
}

/* LD-13: without DWM all of it sits in DWS, and nothing is asked of it. */
static const StandardRuleId OF_DWM[] = {STANDARD_LR_01, STANDARD_LR_02, STANDARD_LR_03, STANDARD_LD_12};

static void read_layers(StandardConfig *config, const json_t *layers)
{
    config->dwm_said = standard_raw_has(layers, "dwm");
    config->dwm = standard_raw_bool(layers, "dwm", true);
    config->dim_reads_ods = standard_raw_bool(layers, "dim_reads_ods", true);
    for (size_t i = 0; !config->dwm && i < G_N_ELEMENTS(OF_DWM); i++) {
        config->levels[OF_DWM[i]] = STANDARD_OFF;
    }
}

StandardConfig *standard_config_new(const json_t *settings, BaseDiags *diags)
{
    const json_t *standard = json_object_get(settings, "standard");
    StandardConfig *config = g_new0(StandardConfig, 1);
    config->waivers = g_ptr_array_new_with_free_func((GDestroyNotify)free_waiver);
    const char *profile = base_json_string(standard, "profile", "v4");
    if (!set_profile(config, profile)) {
        BaseDiag *diag = COMPLAIN(diags, "no profile `%s` (`standard.profile`)", profile);
        if (diag != NULL) {
            base_diag_hint(diag, "v4, aliyun or own");
        }
        set_profile(config, "v4");
    }
    read_layers(config, json_object_get(standard, "layers"));
    read_rules(config, json_object_get(standard, "rules"), diags);
    size_t i = 0;
    const json_t *item = NULL;
    json_array_foreach (json_object_get(standard, "waivers"), i, item) {
        read_waiver(config, item, diags);
    }
    json_t *limits = json_object_get(standard, "limits");
    config->limits = json_is_object(limits) ? json_incref(limits) : NULL;
    json_t *departments = json_object_get(standard, "departments");
    config->departments = json_is_array(departments)    ? json_incref(departments)
                          : json_is_string(departments) ? json_pack("[O]", departments)
                                                        : NULL;
    return config;
}

bool standard_config_named(const json_t *settings)
{
    return json_object_get(settings, "standard") != NULL;
}

StandardLevel standard_config_level(const StandardConfig *config, StandardRuleId rule)
{
    return config->levels[rule];
}

static bool off_without_dwm(const StandardConfig *config, StandardRuleId rule)
{
    bool of_dwm = false;
    for (size_t i = 0; i < G_N_ELEMENTS(OF_DWM); i++) {
        of_dwm = of_dwm || OF_DWM[i] == rule;
    }
    return of_dwm && !config->dwm;
}

void standard_config_only(StandardConfig *config, StandardRuleId rule)
{
    StandardLevel level = config->levels[rule];
    bool asked = level != STANDARD_OFF || off_without_dwm(config, rule);
    memset(config->levels, 0, sizeof config->levels);
    config->levels[rule] = asked ? level : standard_rule(rule)->level;
}

const char *standard_config_profile(const StandardConfig *config)
{
    return config->profile;
}

bool standard_config_dwm(const StandardConfig *config)
{
    return config->dwm;
}

bool standard_config_dwm_said(const StandardConfig *config)
{
    return config->dwm_said;
}

bool standard_config_dim_reads_ods(const StandardConfig *config)
{
    return config->dim_reads_ods;
}

gint64 standard_config_limit(const StandardConfig *config, const char *name, gint64 fallback)
{
    return standard_raw_int(config->limits, name, fallback);
}

bool standard_config_department(const StandardConfig *config, const char *word, bool *ret_any_named)
{
    size_t i = 0;
    const json_t *item = NULL;
    bool found = false;
    json_array_foreach (config->departments, i, item) {
        const char *text = json_is_string(item) ? json_string_value(item) : standard_raw_text(item, "name");
        found = found || g_ascii_strcasecmp(text, word) == 0;
    }
    *ret_any_named = json_array_size(config->departments) > 0;
    return found;
}

/* A waiver holds through its last day. Days as text compare as days. */
const StandardWaiver *standard_config_waiver(const StandardConfig *config, const StandardFinding *finding,
                                             const char *today)
{
    const char *id = standard_rule(finding->rule)->id;
    for (guint i = 0; i < config->waivers->len; i++) {
        const StandardWaiver *waiver = g_ptr_array_index(config->waivers, i);
        bool covers = g_ascii_strcasecmp(waiver->rule, id) == 0 && strcmp(today, waiver->until) <= 0;
        if (covers && (g_pattern_spec_match_string(waiver->pattern, finding->object) ||
                       (finding->table != NULL &&
                        g_pattern_spec_match_string(waiver->pattern, finding->table->name)))) {
            return waiver;
        }
    }
    return NULL;
}
