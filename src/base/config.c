/* Settings: values by key, each with where it came from. A stronger origin is never overwritten by a weaker
 * one, whatever the order of the calls. */
#include "base/config.h"

#include "base/text.h"

typedef enum { RANK_DEFAULT, RANK_FILE, RANK_ENVIRONMENT, RANK_FLAG } Rank;

typedef struct {
    Rank rank;
    char *text;
    gint64 number; /* INT, BYTES, DURATION, BOOL */
    char *origin;
} Value;

struct BaseConfig {
    Value values[BASE_CONFIG_N_KEYS];
};

static const BaseConfigInfo INFOS[BASE_CONFIG_N_KEYS] = {
#define X(id, key, type, value, min, max, secret, doc_en, doc_zh)                                            \
    {key, type, value, min, max, secret, doc_en, doc_zh},
#include "base/config_keys.h"
#undef X
};

/* Words that a TEXT key takes; keys that are not here take any. */
static const struct {
    BaseConfigKey key;
    const char *const words[6];
} CHOICES[] = {
    {BASE_CONFIG_LANG, {"", "en", "zh", NULL}},
    {BASE_CONFIG_LOG_LEVEL, {"error", "warn", "info", "debug", NULL}},
};

const BaseConfigInfo *base_config_info(BaseConfigKey key)
{
    return &INFOS[key];
}

static bool parse_bool(const char *text, gint64 *ret)
{
    static const char *const TRUES[] = {"true", "on", "yes", "1", NULL};
    static const char *const FALSES[] = {"false", "off", "no", "0", NULL};
    g_autofree char *low = g_ascii_strdown(text, -1);
    *ret = g_strv_contains(TRUES, low) ? 1 : 0;
    return *ret == 1 || g_strv_contains(FALSES, low);
}

static const char *const TYPE_WORDS[] = {"a text", "a whole number", "true or false", "a size such as 512MB",
                                         "a duration such as 10s"};

static char *text_of(const BaseConfigInfo *info, gint64 number)
{
    if (info->type == BASE_CONFIG_BYTES) {
        return base_text_from_bytes(number);
    }
    if (info->type == BASE_CONFIG_DURATION) {
        return base_text_from_duration(number);
    }
    return g_strdup_printf("%" G_GINT64_FORMAT, number);
}

static bool parse_number(const BaseConfigInfo *info, const char *text, gint64 *ret)
{
    switch (info->type) {
    case BASE_CONFIG_INT:
        return base_text_to_int(text, G_MININT64, G_MAXINT64, ret);
    case BASE_CONFIG_BOOL:
        return parse_bool(text, ret);
    case BASE_CONFIG_BYTES:
        return base_text_to_bytes(text, ret);
    case BASE_CONFIG_DURATION:
        return base_text_to_duration(text, ret);
    case BASE_CONFIG_TEXT:
    default:
        *ret = 0;
        return true;
    }
}

static bool check_choice(BaseConfigKey key, const char *text, GError **error)
{
    for (size_t i = 0; i < G_N_ELEMENTS(CHOICES); i++) {
        if (CHOICES[i].key != key || g_strv_contains(CHOICES[i].words, text)) {
            continue;
        }
        base_fail(error, BASE_E_CONFIG_INVALID, "`%s` cannot be `%s`", INFOS[key].key, text);
        g_autoptr(GString) words = g_string_new(NULL);
        for (const char *const *word = CHOICES[i].words; *word != NULL; word++) {
            g_string_append_printf(words, "%s%s", word == CHOICES[i].words ? "" : ", ",
                                   **word == '\0' ? "(empty)" : *word);
        }
        base_error_hint(error, "one of: %s", words->str);
        return false;
    }
    return true;
}

static bool parse_value(BaseConfigKey key, const char *text, gint64 *ret, GError **error)
{
    const BaseConfigInfo *info = &INFOS[key];
    if (!parse_number(info, text, ret)) {
        base_fail(error, BASE_E_CONFIG_INVALID, "`%s` cannot be `%s`", info->key,
                  info->secret ? "***" : text);
        base_error_hint(error, "it takes %s", TYPE_WORDS[info->type]);
        return false;
    }
    bool ranged = info->type != BASE_CONFIG_TEXT && info->type != BASE_CONFIG_BOOL;
    if (ranged && (*ret < info->min || *ret > info->max)) {
        g_autofree char *low = text_of(info, info->min);
        g_autofree char *high = text_of(info, info->max);
        base_fail(error, BASE_E_CONFIG_INVALID, "`%s` cannot be `%s`", info->key, text);
        if (info->max == G_MAXINT64) {
            base_error_hint(error, "at least %s", low);
        } else {
            base_error_hint(error, "from %s to %s", low, high);
        }
        return false;
    }
    return check_choice(key, text, error);
}

static bool set_value(BaseConfig *config, BaseConfigKey key, const char *text, Rank rank, const char *origin,
                      GError **error)
{
    gint64 number = 0;
    if (!parse_value(key, text, &number, error)) {
        return false;
    }
    Value *value = &config->values[key];
    if (value->text != NULL && rank < value->rank) {
        return true;
    }
    g_free(value->text);
    g_free(value->origin);
    *value = (Value){.rank = rank, .text = g_strdup(text), .number = number, .origin = g_strdup(origin)};
    return true;
}

BaseConfig *base_config_new(void)
{
    BaseConfig *config = g_new0(BaseConfig, 1);
    for (int key = 0; key < BASE_CONFIG_N_KEYS; key++) {
        GError *error = NULL;
        if (!set_value(config, (BaseConfigKey)key, INFOS[key].value, RANK_DEFAULT, "default", &error)) {
            g_error("config_keys.h: %s", error->message);
        }
    }
    return config;
}

void base_config_free(BaseConfig *config)
{
    if (config == NULL) {
        return;
    }
    for (int key = 0; key < BASE_CONFIG_N_KEYS; key++) {
        g_free(config->values[key].text);
        g_free(config->values[key].origin);
    }
    g_free(config);
}

static int find_key(const char *name)
{
    for (int key = 0; key < BASE_CONFIG_N_KEYS; key++) {
        if (strcmp(INFOS[key].key, name) == 0) {
            return key;
        }
    }
    return -1;
}

static const char *const *all_keys(void)
{
    static const char *names[BASE_CONFIG_N_KEYS + 1];
    static gsize once = 0;
    if (g_once_init_enter(&once)) {
        for (int key = 0; key < BASE_CONFIG_N_KEYS; key++) {
            names[key] = INFOS[key].key;
        }
        g_once_init_leave(&once, 1);
    }
    return names;
}

bool base_config_set(BaseConfig *config, const char *name, const char *value, GError **error)
{
    int key = find_key(name);
    if (key < 0) {
        base_fail(error, BASE_E_CONFIG_INVALID, "no setting `%s`", name);
        const char *near = base_text_nearest(name, all_keys());
        if (near != NULL) {
            base_error_hint(error, "did you mean `%s`?", near);
        } else {
            base_error_hint(error, "`weir config` lists all");
        }
        return false;
    }
    return set_value(config, (BaseConfigKey)key, value, RANK_FLAG, "flag", error);
}

/* ---- weir.yml ---- */

typedef struct {
    BaseConfig *config;
    const char *file;
    BaseDiags *diags;
} Reader;

static bool is_group(const char *prefix)
{
    g_autofree char *dotted = g_strconcat(prefix, ".", NULL);
    for (int key = 0; key < BASE_CONFIG_N_KEYS; key++) {
        if (g_str_has_prefix(INFOS[key].key, dotted)) {
            return true;
        }
    }
    return false;
}

static void read_one(Reader *reader, int key, const BaseYaml *value)
{
    if (value->type != BASE_YAML_SCALAR) {
        BaseDiag *diag =
            base_diags_add(reader->diags, BASE_E_CONFIG_INVALID, reader->file, value->line, value->column,
                           "`%s` takes %s", INFOS[key].key, TYPE_WORDS[INFOS[key].type]);
        diag->end_column = value->end_column;
        return;
    }
    g_autofree char *origin =
        g_strdup_printf("%s:%u", reader->file == NULL ? "weir.yml" : reader->file, value->line);
    g_autoptr(GError) error = NULL;
    if (!set_value(reader->config, (BaseConfigKey)key, value->text, RANK_FILE, origin, &error)) {
        BaseDiag *diag = base_diags_add(reader->diags, BASE_E_CONFIG_INVALID, reader->file, value->line,
                                        value->column, "%s", error->message);
        diag->end_column = value->end_column;
        if (base_error_get_hint(error) != NULL) {
            base_diag_hint(diag, "%s", base_error_get_hint(error));
        }
    }
}

static void read_map(Reader *reader, const BaseYaml *map, const char *prefix)
{
    for (guint i = 0; i < map->keys->len; i++) {
        const BaseYaml *name = g_ptr_array_index(map->keys, i);
        const BaseYaml *value = g_ptr_array_index(map->items, i);
        g_autofree char *full =
            prefix == NULL ? g_strdup(name->text) : g_strconcat(prefix, ".", name->text, NULL);
        int key = find_key(full);
        if (key >= 0) {
            read_one(reader, key, value);
        } else if (value->type == BASE_YAML_MAP && is_group(full)) {
            read_map(reader, value, full);
        } else {
            BaseDiag *diag = base_diags_add(reader->diags, BASE_E_CONFIG_INVALID, reader->file, name->line,
                                            name->column, "no setting `%s`", full);
            diag->end_column = name->end_column;
            base_diag_hint_nearest(diag, full, all_keys());
        }
    }
}

/* "http.listen" -> "WEIR_HTTP_LISTEN" */
static char *variable_of(const char *key)
{
    g_autofree char *upper = g_ascii_strup(key, -1);
    g_strdelimit(upper, ".", '_');
    return g_strconcat("WEIR_", upper, NULL);
}

static void read_environment(BaseConfig *config, BaseDiags *diags)
{
    for (int key = 0; key < BASE_CONFIG_N_KEYS; key++) {
        g_autofree char *variable = variable_of(INFOS[key].key);
        const char *text = g_getenv(variable);
        if (text == NULL || *text == '\0') {
            continue;
        }
        g_autoptr(GError) error = NULL;
        if (!set_value(config, (BaseConfigKey)key, text, RANK_ENVIRONMENT, variable, &error)) {
            BaseDiag *diag =
                base_diags_add(diags, BASE_E_CONFIG_INVALID, NULL, 0, 0, "%s: %s", variable, error->message);
            if (base_error_get_hint(error) != NULL) {
                base_diag_hint(diag, "%s", base_error_get_hint(error));
            }
        }
    }
}

static void read_settings(BaseConfig *config, const BaseYaml *settings, const char *file, BaseDiags *diags)
{
    if (settings != NULL && settings->type == BASE_YAML_MAP) {
        Reader reader = {.config = config, .file = file, .diags = diags};
        read_map(&reader, settings, NULL);
    } else if (settings != NULL && !base_yaml_is_null(settings)) {
        BaseDiag *diag = base_diags_add(diags, BASE_E_CONFIG_INVALID, file, settings->line, settings->column,
                                        "`settings` takes a map");
        diag->end_column = settings->end_column;
    }
}

bool base_config_load(BaseConfig *config, const BaseYaml *settings, const char *file, BaseDiags *diags)
{
    size_t before = base_diags_count(diags, BASE_DIAG_ERROR);
    read_settings(config, settings, file, diags);
    read_environment(config, diags);
    return base_diags_count(diags, BASE_DIAG_ERROR) == before;
}

void base_config_check(const BaseYaml *settings, const char *file, BaseDiags *diags)
{
    g_autoptr(BaseConfig) config = base_config_new();
    read_settings(config, settings, file, diags);
}

/* ---- reading ---- */

const char *base_config_text(const BaseConfig *config, BaseConfigKey key)
{
    return config->values[key].text;
}

gint64 base_config_int(const BaseConfig *config, BaseConfigKey key)
{
    return config->values[key].number;
}

bool base_config_bool(const BaseConfig *config, BaseConfigKey key)
{
    return config->values[key].number != 0;
}

const char *base_config_origin(const BaseConfig *config, BaseConfigKey key)
{
    return config->values[key].origin;
}
