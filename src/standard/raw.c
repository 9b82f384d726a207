/* Reading keys of an exported or defined object that may be absent or written another way. */
#include "base/text.h"
#include "standard/standard_int.h"

const char *standard_raw_text(const json_t *raw, const char *key)
{
    return base_json_string(raw, key, "");
}

gint64 standard_raw_int(const json_t *raw, const char *key, gint64 fallback)
{
    const json_t *value = json_object_get(raw, key);
    gint64 number = 0;
    if (json_is_integer(value)) {
        return json_integer_value(value);
    }
    if (json_is_real(value)) {
        return (gint64)json_real_value(value);
    }
    return json_is_string(value) &&
                   base_text_to_int(json_string_value(value), G_MININT64, G_MAXINT64, &number)
               ? number
               : fallback;
}

bool standard_raw_bool(const json_t *raw, const char *key, bool fallback)
{
    const json_t *value = json_object_get(raw, key);
    if (json_is_boolean(value)) {
        return json_is_true(value);
    }
    if (json_is_integer(value)) {
        return json_integer_value(value) != 0;
    }
    if (!json_is_string(value)) {
        return fallback;
    }
    static const char *const YES[] = {"true", "on", "yes", "1"};
    for (size_t i = 0; i < G_N_ELEMENTS(YES); i++) {
        if (g_ascii_strcasecmp(json_string_value(value), YES[i]) == 0) {
            return true;
        }
    }
    return false;
}

bool standard_raw_has(const json_t *raw, const char *key)
{
    const json_t *value = json_object_get(raw, key);
    return value != NULL && !json_is_null(value);
}

const json_t *standard_raw_array(const json_t *raw, const char *key)
{
    const json_t *value = json_object_get(raw, key);
    return json_is_array(value) ? value : NULL;
}

bool standard_any(const GPtrArray *texts, const char *text)
{
    for (guint i = 0; texts != NULL && i < texts->len; i++) {
        if (g_ascii_strcasecmp(g_ptr_array_index(texts, i), text) == 0) {
            return true;
        }
    }
    return false;
}
