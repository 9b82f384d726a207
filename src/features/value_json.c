/* Values from JSON of a request, strictly: nothing is guessed, nothing is cut. */
#include <math.h>

#include "base/text.h"
#include "base/time.h"
#include "features/types.h"

#define SHOWN_BYTES 60 /* of a value in a message */

static const char *word_of(const json_t *json)
{
    switch (json_typeof(json)) {
    case JSON_OBJECT:
        return "an object";
    case JSON_ARRAY:
        return "an array";
    case JSON_STRING:
        return "text";
    case JSON_INTEGER:
    case JSON_REAL:
        return "a number";
    case JSON_TRUE:
    case JSON_FALSE:
        return "a truth value";
    default:
        return "null";
    }
}

static char *shown(const json_t *json)
{
    g_autofree char *text = base_json_text(json);
    return base_text_fit(text, SHOWN_BYTES);
}

static bool wrong_type(const json_t *json, FeaturesType type, GError **error)
{
    g_autofree char *text = shown(json);
    return base_fail(error, BASE_E_TYPE_MISMATCH, "%s (`%s`) where %s is expected", word_of(json), text,
                     features_type_name(type));
}

static bool out_of_range(const json_t *json, FeaturesType type, GError **error)
{
    g_autofree char *text = shown(json);
    return base_fail(error, BASE_E_VALUE_OUT_OF_RANGE, "%s does not fit %s", text, features_type_name(type));
}

static bool int_of_json(const json_t *json, FeaturesValue *ret, GError **error)
{
    if (!json_is_integer(json)) {
        return wrong_type(json, ret->type, error);
    }
    ret->i64 = json_integer_value(json);
    return ret->type == FEATURES_INT64 || (ret->i64 >= G_MININT32 && ret->i64 <= G_MAXINT32) ||
           out_of_range(json, ret->type, error);
}

/* The words that stand for what JSON has no number for. */
static bool special_real(const json_t *json, double *ret)
{
    static const struct {
        const char *word;
        double value;
    } words[] = {{"NaN", NAN}, {"Infinity", INFINITY}, {"-Infinity", -INFINITY}};
    const char *text = json_string_value(json);
    for (size_t i = 0; text && i < G_N_ELEMENTS(words); i++) {
        if (!strcmp(text, words[i].word)) {
            *ret = words[i].value;
            return true;
        }
    }
    return false;
}

static bool real_of_json(const json_t *json, FeaturesValue *ret, GError **error)
{
    double real;
    if (json_is_number(json)) {
        real = json_number_value(json);
    } else if (!special_real(json, &real)) {
        return wrong_type(json, ret->type, error);
    }
    if (ret->type == FEATURES_DOUBLE) {
        ret->real = real;
        return true;
    }
    ret->real32 = (float)real;
    return !isinf(ret->real32) || isinf(real) || out_of_range(json, ret->type, error);
}

/* The years 1 to 9999 are those that RFC 3339 can say, and so every time that is taken can be answered. */
#define FIRST_US (G_GINT64_CONSTANT(-62135596800) * BASE_TIME_SECOND_US)
#define END_US   (G_GINT64_CONSTANT(253402300800) * BASE_TIME_SECOND_US)

static bool time_of_json(const json_t *json, FeaturesValue *ret, GError **error)
{
    bool fits = true;
    if (json_is_integer(json)) {
        fits = !__builtin_mul_overflow((gint64)json_integer_value(json), BASE_TIME_SECOND_US, &ret->i64);
    } else if (json_is_real(json)) {
        double us = nearbyint(json_real_value(json) * 1e6);
        fits = fabs(us) < 9.2e18;
        ret->i64 = fits ? (gint64)us : 0;
    } else if (!json_is_string(json) || !base_time_parse(json_string_value(json), NULL, &ret->i64)) {
        return wrong_type(json, ret->type, error);
    }
    return (fits && ret->i64 >= FIRST_US && ret->i64 < END_US) || out_of_range(json, ret->type, error);
}

/* RFC 4648 section 4, with its padding. */
static bool is_base64(const char *text, size_t len)
{
    size_t body = len;
    while (body > 0 && text[body - 1] == '=' && len - body < 2) {
        body--;
    }
    for (size_t i = 0; i < body; i++) {
        if (!g_ascii_isalnum(text[i]) && text[i] != '+' && text[i] != '/') {
            return false;
        }
    }
    return len % 4 == 0;
}

static bool bytes_of_json(const json_t *json, FeaturesArena *arena, FeaturesValue *ret, GError **error)
{
    if (!json_is_string(json)) {
        return wrong_type(json, ret->type, error);
    }
    const char *text = json_string_value(json);
    size_t len = json_string_length(json);
    if (!is_base64(text, len)) {
        g_autofree char *what = shown(json);
        return base_fail(error, BASE_E_TYPE_MISMATCH, "`%s` is not base64, which bytes are written in", what);
    }
    guchar *bytes = features_arena_take(arena, len / 4 * 3 + 3);
    gint state = 0;
    guint save = 0;
    ret->text.len = g_base64_decode_step(text, len, bytes, &state, &save);
    ret->text.bytes = (const char *)bytes;
    return true;
}

static bool text_of_json(const json_t *json, FeaturesArena *arena, FeaturesValue *ret, GError **error)
{
    if (!json_is_string(json)) {
        return wrong_type(json, ret->type, error);
    }
    ret->text.len = json_string_length(json);
    char *copy = features_arena_take(arena, ret->text.len);
    memcpy(copy, json_string_value(json), ret->text.len);
    ret->text.bytes = copy;
    return true;
}

static bool list_of_json(const json_t *json, FeaturesArena *arena, FeaturesValue *ret, GError **error)
{
    if (!json_is_array(json)) {
        return wrong_type(json, ret->type, error);
    }
    size_t n = json_array_size(json);
    FeaturesValue *items = features_arena_take(arena, n * sizeof *items);
    for (size_t i = 0; i < n; i++) {
        const json_t *item = json_array_get(json, i);
        if (json_is_null(item)) {
            return base_fail(error, BASE_E_TYPE_MISMATCH, "null inside a value of type %s",
                             features_type_name(ret->type));
        }
        if (!features_value_of_json(item, features_type_item(ret->type), arena, &items[i], error)) {
            return false;
        }
    }
    ret->list.items = items;
    ret->list.n = n;
    return true;
}

bool features_value_of_json(const json_t *json, FeaturesType type, FeaturesArena *arena, FeaturesValue *ret,
                            GError **error)
{
    *ret = (FeaturesValue){.type = type, .null = !json || json_is_null(json)};
    if (ret->null) {
        return true;
    }
    switch (type) {
    case FEATURES_BOOL:
        ret->boolean = json_is_true(json);
        return json_is_boolean(json) || wrong_type(json, type, error);
    case FEATURES_INT32:
    case FEATURES_INT64:
        return int_of_json(json, ret, error);
    case FEATURES_FLOAT:
    case FEATURES_DOUBLE:
        return real_of_json(json, ret, error);
    case FEATURES_STRING:
        return text_of_json(json, arena, ret, error);
    case FEATURES_BYTES:
        return bytes_of_json(json, arena, ret, error);
    case FEATURES_TIMESTAMP:
        return time_of_json(json, ret, error);
    case FEATURES_INVALID:
        return wrong_type(json, type, error);
    default:
        return list_of_json(json, arena, ret, error);
    }
}
