/* Settings: one table (base/config_keys.h), from which YAML (`settings:` in weir.yml), WEIR_*
 * environment, flags, `weir config` and docs/reference/config.md are all made.
 *
 * Order: flag > environment > weir.yml > default. Immutable after base_config_load. */
#ifndef WEIR_BASE_CONFIG_H
#define WEIR_BASE_CONFIG_H

#include <glib.h>
#include <stdbool.h>

#include "base/diag.h"
#include "base/yaml.h"

typedef enum {
    BASE_CONFIG_TEXT,
    BASE_CONFIG_INT,
    BASE_CONFIG_BOOL,
    BASE_CONFIG_BYTES,   /* "512MB" */
    BASE_CONFIG_DURATION /* "10s" */
} BaseConfigType;

typedef enum {
#define X(id, key, type, value, min, max, secret, doc_en, doc_zh) BASE_CONFIG_##id,
#include "base/config_keys.h"
#undef X
    BASE_CONFIG_N_KEYS
} BaseConfigKey;

typedef struct {
    const char *key; /* "http.listen"; the variable is WEIR_HTTP_LISTEN */
    BaseConfigType type;
    const char *value; /* default, as a user would write it */
    gint64 min, max;   /* of INT, BYTES, DURATION (us) */
    bool secret;
    const char *doc_en, *doc_zh;
} BaseConfigInfo;

const BaseConfigInfo *base_config_info(BaseConfigKey key);

typedef struct BaseConfig BaseConfig;
BaseConfig *base_config_new(void); /* defaults */
void base_config_free(BaseConfig *config);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BaseConfig, base_config_free)

/* Reads `settings` (a YAML map, dotted or nested keys; NULL = none) and the environment. */
bool base_config_load(BaseConfig *config, const BaseYaml *settings, const char *file,
                      BaseDiags *diags) G_GNUC_WARN_UNUSED_RESULT;
/* What is wrong with `settings` alone, in the order of its text. */
void base_config_check(const BaseYaml *settings, const char *file, BaseDiags *diags);
/* Sets one key from text, as a flag does. Errors: CONFIG_INVALID. */
bool base_config_set(BaseConfig *config, const char *key, const char *value,
                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

const char *base_config_text(const BaseConfig *config, BaseConfigKey key);
gint64 base_config_int(const BaseConfig *config, BaseConfigKey key); /* INT, BYTES, DURATION (us) */
bool base_config_bool(const BaseConfig *config, BaseConfigKey key);
/* "default", "weir.yml:4", "WEIR_HTTP_LISTEN", "flag". */
const char *base_config_origin(const BaseConfig *config, BaseConfigKey key);

#endif
