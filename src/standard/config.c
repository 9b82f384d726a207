/* `standard:` of weir.yml: which rules are judged, how hard, what is let off and until when. */
#include "standard/standard_int.h"

#include <string.h>

#include "base/yaml.h"

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

static bool level_of(const json_t *value, StandardLevel *ret)
{
    const char *text = json_is_boolean(value) ? "false" : json_string_value(value);
    return text != NULL && !json_is_true(value) && standard_level_by_name(text, ret);
}

static void read_rules(StandardConfig *config, const json_t *rules)
{
    const char *id = NULL;
    json_t *value = NULL;
    json_object_foreach ((json_t *)(guintptr)rules, id, value) {
        StandardLevel level = STANDARD_OFF;
        if (level_of(value, &level)) {
            set_rule(config, id, level);
        }
    }
}

/* Days are compared as text: the one form that compares. */
static bool is_day(const char *text)
{
    gint64 day;
    return strchr(text, '-') != NULL && catalog_day_parse(text, &day);
}

/* Nothing is let off without a name, a reason and an end. */
static void read_waiver(StandardConfig *config, const json_t *item)
{
    static const char *const KEYS[] = {"rule", "object", "owner", "reason", "until"};
    const char *values[G_N_ELEMENTS(KEYS)];
    for (size_t i = 0; i < G_N_ELEMENTS(KEYS); i++) {
        values[i] = standard_raw_text(item, KEYS[i]);
        if (*values[i] == '\0') {
            return;
        }
    }
    if (standard_rule_by_id(values[0]) == NULL || !is_day(values[4])) {
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

StandardConfig *standard_config_new(const json_t *settings)
{
    const json_t *standard = json_object_get(settings, "standard");
    StandardConfig *config = g_new0(StandardConfig, 1);
    config->waivers = g_ptr_array_new_with_free_func((GDestroyNotify)free_waiver);
    const char *profile = base_json_string(standard, "profile", "v4");
    if (!set_profile(config, profile)) {
        set_profile(config, "v4");
    }
    read_layers(config, json_object_get(standard, "layers"));
    read_rules(config, json_object_get(standard, "rules"));
    size_t i = 0;
    const json_t *item = NULL;
    json_array_foreach (json_object_get(standard, "waivers"), i, item) {
        read_waiver(config, item);
    }
    json_t *limits = json_object_get(standard, "limits");
    config->limits = json_is_object(limits) ? json_incref(limits) : NULL;
    json_t *departments = json_object_get(standard, "departments");
    config->departments = json_is_array(departments)    ? json_incref(departments)
                          : json_is_string(departments) ? json_pack("[O]", departments)
                                                        : NULL;
    return config;
}

/* ---- what is wrong in it ------------------------------------------------------------------------------ */

/* Figures that rules ask for: standard_config_limit. */
static const char *const LIMITS[] = {"accumulating",
                                     "analysis_queries",
                                     "code_models",
                                     "degenerate_readers",
                                     "delay_min",
                                     "depth",
                                     "duplicate_percent",
                                     "dws_cover_percent",
                                     "expression_operators",
                                     "fanout",
                                     "filter_percent",
                                     "full_load_percent",
                                     "join_readers",
                                     "joins",
                                     "junk_rows",
                                     "junk_tables",
                                     "large_rows",
                                     "redundant_readers",
                                     "subset_percent",
                                     "unchanged_percent",
                                     "unread_days",
                                     "volume_percent",
                                     "wide_columns",
                                     NULL};

typedef struct {
    BaseDiags *diags;
    const char *file;
} Look;

static BaseDiag *complain(const Look *look, const BaseYaml *node, const char *format, const char *text)
{
    g_autoptr(GString) message = g_string_new(format);
    g_string_replace(message, "%s", text, 1);
    BaseDiag *diag = base_diags_add(look->diags, BASE_E_VALUE_INVALID, look->file, node->line, node->column,
                                    "%s", message->str);
    diag->end_column = node->end_column;
    return diag;
}

static void look_at_rule(const Look *look, const BaseYaml *id)
{
    bool known = false;
    for (size_t i = 0; i < STANDARD_N_RULES; i++) {
        known = known || g_pattern_match_simple(id->text, standard_rule((StandardRuleId)i)->id);
    }
    if (!known) {
        base_diag_hint(complain(look, id, "no rule `%s`", id->text),
                       "weir lint --explain lists them; LD-* is all of a section");
    }
}

static void look_at_rules(const Look *look, const BaseYaml *rules)
{
    for (guint i = 0; rules->type == BASE_YAML_MAP && i < rules->items->len; i++) {
        const BaseYaml *level = g_ptr_array_index(rules->items, i);
        g_autoptr(json_t) value = base_yaml_to_json(level);
        StandardLevel known;
        look_at_rule(look, g_ptr_array_index(rules->keys, i));
        if (!level_of(value, &known)) {
            base_diag_hint(
                complain(look, level, "`%s` is no level of a rule", level->text ? level->text : ""),
                "off, advice, warning or error");
        }
    }
    if (rules->type != BASE_YAML_MAP) {
        complain(look, rules, "`%s` is a map such as {LD-06: off}", "rules");
    }
}

static void look_at_limits(const Look *look, const BaseYaml *limits)
{
    for (guint i = 0; limits->type == BASE_YAML_MAP && i < limits->items->len; i++) {
        const BaseYaml *name = g_ptr_array_index(limits->keys, i),
                       *value = g_ptr_array_index(limits->items, i);
        gint64 n;
        if (!g_strv_contains(LIMITS, name->text)) {
            base_diag_hint_nearest(complain(look, name, "no limit `%s`", name->text), name->text, LIMITS);
        } else if (!base_yaml_to_int(value, &n)) {
            complain(look, value, "`%s` must be a whole number", name->text);
        }
    }
    if (limits->type != BASE_YAML_MAP) {
        complain(look, limits, "`%s` is a map such as {depth: 10}", "limits");
    }
}

static void look_at_waivers(const Look *look, const BaseYaml *waivers)
{
    for (guint i = 0; waivers->type == BASE_YAML_LIST && i < waivers->items->len; i++) {
        const BaseYaml *waiver = g_ptr_array_index(waivers->items, i);
        const BaseYaml *rule = waiver->type == BASE_YAML_MAP ? base_yaml_get(waiver, "rule", NULL) : NULL;
        if (rule && rule->type == BASE_YAML_SCALAR && standard_rule_by_id(rule->text) == NULL) {
            base_diag_hint(complain(look, rule, "no rule `%s`", rule->text),
                           "weir lint --explain lists them");
        }
    }
}

void standard_config_check(const CatalogSnapshot *snapshot, BaseDiags *diags)
{
    size_t len = 0;
    const char *text = catalog_file_text(snapshot, "weir.yml", &len);
    g_autoptr(BaseDiags) told = base_diags_new(); /* what is no YAML was told by whoever read the files */
    g_autoptr(BaseYaml) doc = text ? base_yaml_parse(text, len, "weir.yml", 0, 0, told) : NULL;
    const BaseYaml *standard =
        doc && doc->type == BASE_YAML_MAP ? base_yaml_get(doc, "standard", NULL) : NULL;
    static const struct {
        const char *key;
        void (*look)(const Look *look, const BaseYaml *node);
    } PARTS[] = {{"rules", look_at_rules}, {"limits", look_at_limits}, {"waivers", look_at_waivers}};
    Look look = {diags, "weir.yml"};
    for (size_t i = 0; standard && standard->type == BASE_YAML_MAP && i < G_N_ELEMENTS(PARTS); i++) {
        const BaseYaml *node = base_yaml_get(standard, PARTS[i].key, NULL);
        if (node && !base_yaml_is_null(node)) {
            PARTS[i].look(&look, node);
        }
    }
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
