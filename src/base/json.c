/* JSON on top of jansson: errors with positions, lenient access, strings that are always valid UTF-8. */
#include "base/json.h"

#include "base/error.h"
#include "base/fs.h"
#include "base/time.h"

#define JSON_MAX_FILE_BYTES ((size_t)256 * 1024 * 1024)

json_t *base_json_parse(const char *text, size_t len, GError **error)
{
    json_error_t why;
    json_t *value = json_loadb(text, len, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &why);
    if (value == NULL) {
        base_fail(error, BASE_E_JSON_INVALID, "%s", why.text);
        base_error_place(error, NULL, why.line > 0 ? (unsigned)why.line : 0,
                         why.column > 0 ? (unsigned)why.column : 0);
    }
    return value;
}

json_t *base_json_read_file(const char *path, GError **error)
{
    size_t len = 0;
    g_autofree char *text = base_fs_read(path, JSON_MAX_FILE_BYTES, &len, error);
    if (text == NULL) {
        return NULL;
    }
    GError *why = NULL;
    json_t *value = base_json_parse(text, len, &why);
    if (value == NULL) {
        unsigned line = 0;
        unsigned column = 0;
        base_error_get_file(why, &line, &column);
        base_error_place(&why, path, line, column);
        g_propagate_error(error, why);
    }
    return value;
}

static int append_dump(const char *buffer, size_t size, void *user)
{
    g_string_append_len(user, buffer, (gssize)size);
    return 0;
}

static char *dump(const json_t *value, size_t flags)
{
    GString *out = g_string_new(NULL);
    if (json_dump_callback(value, append_dump, out, flags | JSON_ENCODE_ANY) != 0) {
        /* Only a circle or a nesting past jansson's own limit gets here: neither can be built by parsing. */
        g_string_assign(out, "null");
    }
    return g_string_free(out, FALSE);
}

char *base_json_text(const json_t *value)
{
    return dump(value, JSON_COMPACT);
}

char *base_json_text_pretty(const json_t *value)
{
    return dump(value, JSON_INDENT(2));
}

const char *base_json_string(const json_t *object, const char *key, const char *fallback)
{
    const json_t *value = json_object_get(object, key);
    return json_is_string(value) ? json_string_value(value) : fallback;
}

gint64 base_json_int(const json_t *object, const char *key, gint64 fallback)
{
    const json_t *value = json_object_get(object, key);
    return json_is_integer(value) ? json_integer_value(value) : fallback;
}

double base_json_real(const json_t *object, const char *key, double fallback)
{
    const json_t *value = json_object_get(object, key);
    return json_is_number(value) ? json_number_value(value) : fallback;
}

bool base_json_bool(const json_t *object, const char *key, bool fallback)
{
    const json_t *value = json_object_get(object, key);
    return json_is_boolean(value) ? json_is_true(value) : fallback;
}

void base_json_set_string(json_t *object, const char *key, const char *value)
{
    if (value == NULL) {
        json_object_set_new(object, key, json_null());
        return;
    }
    json_t *text = json_string(value);
    if (text == NULL) { /* not UTF-8 */
        g_autofree char *valid = g_utf8_make_valid(value, -1);
        text = json_string(valid);
    }
    json_object_set_new(object, key, text);
}

void base_json_set_int(json_t *object, const char *key, gint64 value)
{
    json_object_set_new(object, key, json_integer(value));
}

/* Bytes that go into a JSON string as they are: everything but control characters, " and \. */
static size_t plain_run(const char *text, size_t len)
{
    size_t n = 0;
    while (n < len && (unsigned char)text[n] >= 0x20 && text[n] != '"' && text[n] != '\\') {
        n++;
    }
    return n;
}

static void append_escape(GString *out, char c)
{
    switch (c) {
    case '"':
        g_string_append(out, "\\\"");
        break;
    case '\\':
        g_string_append(out, "\\\\");
        break;
    case '\n':
        g_string_append(out, "\\n");
        break;
    case '\r':
        g_string_append(out, "\\r");
        break;
    case '\t':
        g_string_append(out, "\\t");
        break;
    default:
        g_string_append_printf(out, "\\u%04x", (unsigned char)c);
    }
}

static void append_valid(GString *out, const char *text, size_t len)
{
    while (len > 0) {
        size_t run = plain_run(text, len);
        g_string_append_len(out, text, (gssize)run);
        text += run;
        len -= run;
        if (len > 0) {
            append_escape(out, *text);
            text++;
            len--;
        }
    }
}

void base_json_append_string(GString *out, const char *text, size_t len)
{
    g_string_append_c(out, '"');
    while (len > 0) {
        const char *end = NULL;
        /* g_utf8_validate_len stops at NUL, which JSON can carry as \u0000. */
        g_utf8_validate_len(text, len, &end);
        size_t good = (size_t)(end - text);
        append_valid(out, text, good);
        text += good;
        len -= good;
        if (len > 0) {
            g_string_append(out, *text == '\0' ? "\\u0000" : "\xEF\xBF\xBD");
            text++;
            len--;
        }
    }
    g_string_append_c(out, '"');
}

void base_json_set_time(json_t *object, const char *key, gint64 us)
{
    g_autofree char *text = us ? base_time_format_iso(us) : NULL;
    base_json_set_string(object, key, text);
}

json_t *base_json_find(const json_t *list, const char *key, const char *text)
{
    size_t i;
    json_t *entry;
    json_array_foreach (list, i, entry) {
        if (g_str_equal(base_json_string(entry, key, ""), text)) {
            return entry;
        }
    }
    return NULL;
}

size_t base_json_n_entries(const json_t *value)
{
    return json_is_array(value) ? json_array_size(value) : value && !json_is_null(value);
}

json_t *base_json_entry(const json_t *value, size_t i)
{
    return i >= base_json_n_entries(value) ? NULL
           : json_is_array(value)          ? json_array_get(value, i)
                                           : (json_t *)(guintptr)value;
}

void base_json_append_texts(GString *out, const json_t *value)
{
    if (json_is_string(value)) {
        g_string_append_printf(out, "%s%s", out->len ? "\n" : "", json_string_value(value));
    }
    size_t i;
    json_t *entry;
    json_array_foreach (value, i, entry) {
        base_json_append_texts(out, entry);
    }
    const char *key;
    json_object_foreach ((json_t *)(guintptr)value, key, entry) {
        base_json_append_texts(out, entry);
    }
}
