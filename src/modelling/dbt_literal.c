/* The arguments of a Jinja call where all of them are literals: texts, numbers, true, false, none, lists,
 * maps. */
#include "modelling/dbt_int.h"

#include <string.h>

#define LITERAL_MAX_DEPTH 16

typedef struct {
    const char *at;
    unsigned depth;
} Reader;

static json_t *read_value(Reader *reader);

static void skip_blank(Reader *reader)
{
    while (g_ascii_isspace(*reader->at)) {
        reader->at++;
    }
}

static bool take(Reader *reader, char c)
{
    skip_blank(reader);
    bool there = *reader->at == c;
    reader->at += there ? 1 : 0;
    return there;
}

static char *read_quoted(Reader *reader)
{
    char quote = *reader->at++;
    g_autoptr(GString) text = g_string_new(NULL);
    while (*reader->at != quote) {
        if (*reader->at == '\0') {
            return NULL;
        }
        if (*reader->at == '\\' && reader->at[1] != '\0') {
            reader->at++;
            char c = *reader->at == 'n' ? '\n' : *reader->at == 't' ? '\t' : *reader->at;
            g_string_append_c(text, c);
        } else {
            g_string_append_c(text, *reader->at);
        }
        reader->at++;
    }
    reader->at++;
    return g_string_free(g_steal_pointer(&text), FALSE);
}

/* Texts that stand side by side are one, as in Python. */
static json_t *read_text(Reader *reader)
{
    g_autoptr(GString) whole = g_string_new(NULL);
    while (*reader->at == '\'' || *reader->at == '"') {
        g_autofree char *part = read_quoted(reader);
        if (!part) {
            return NULL;
        }
        g_string_append(whole, part);
        skip_blank(reader);
    }
    return json_stringn(whole->str, whole->len);
}

static json_t *read_word(Reader *reader)
{
    const char *from = reader->at;
    while (g_ascii_isalnum(*reader->at) || *reader->at == '_' || *reader->at == '.' || *reader->at == '-') {
        reader->at++;
    }
    g_autofree char *word = g_strndup(from, (gsize)(reader->at - from));
    g_autofree char *folded = g_ascii_strdown(word, -1);
    if (g_str_equal(folded, "true") || g_str_equal(folded, "false")) {
        return json_boolean(*folded == 't');
    }
    if (g_str_equal(folded, "none") || g_str_equal(folded, "null")) {
        return json_null();
    }
    bool number = g_ascii_isdigit(*word) || (*word == '-' && g_ascii_isdigit(word[1]));
    return number ? json_loads(word, JSON_DECODE_ANY, NULL) : NULL;
}

static json_t *read_list(Reader *reader, char end)
{
    g_autoptr(json_t) list = json_array();
    while (!take(reader, end)) {
        json_t *item = read_value(reader);
        if (!item || json_array_append_new(list, item) != 0) {
            return NULL;
        }
        if (!take(reader, ',')) {
            return take(reader, end) ? g_steal_pointer(&list) : NULL;
        }
    }
    return g_steal_pointer(&list);
}

static json_t *read_map(Reader *reader)
{
    g_autoptr(json_t) map = json_object();
    while (!take(reader, '}')) {
        g_autoptr(json_t) key = read_value(reader);
        json_t *value = json_is_string(key) && take(reader, ':') ? read_value(reader) : NULL;
        if (!value || json_object_set_new(map, json_string_value(key), value) != 0) {
            return NULL;
        }
        if (!take(reader, ',')) {
            return take(reader, '}') ? g_steal_pointer(&map) : NULL;
        }
    }
    return g_steal_pointer(&map);
}

static json_t *read_value(Reader *reader)
{
    skip_blank(reader);
    json_t *value = NULL;
    if (++reader->depth > LITERAL_MAX_DEPTH) {
        return NULL;
    }
    if (*reader->at == '\'' || *reader->at == '"') {
        value = read_text(reader);
    } else if (take(reader, '[')) {
        value = read_list(reader, ']');
    } else if (take(reader, '(')) {
        value = read_list(reader, ')');
    } else if (take(reader, '{')) {
        value = read_map(reader);
    } else {
        value = read_word(reader);
    }
    reader->depth--;
    return value;
}

/* `name =` before a value; NULL when there is none. */
static char *read_keyword(Reader *reader)
{
    skip_blank(reader);
    const char *end = reader->at;
    while (g_ascii_isalnum(*end) || *end == '_') {
        end++;
    }
    const char *sign = end;
    while (g_ascii_isspace(*sign)) {
        sign++;
    }
    if (end == reader->at || *sign != '=' || sign[1] == '=') {
        return NULL;
    }
    char *name = g_strndup(reader->at, (gsize)(end - reader->at));
    reader->at = sign + 1;
    return name;
}

json_t *dbt_arguments(const char *text)
{
    Reader reader = {.at = text};
    g_autoptr(json_t) args = json_array();
    g_autoptr(json_t) kwargs = json_object();
    skip_blank(&reader);
    while (*reader.at != '\0') {
        g_autofree char *name = read_keyword(&reader);
        json_t *value = read_value(&reader);
        if (!value) {
            return NULL;
        }
        (void)(name ? json_object_set_new(kwargs, name, value) : json_array_append_new(args, value));
        bool comma = take(&reader, ',');
        skip_blank(&reader);
        if (!comma && *reader.at != '\0') {
            return NULL;
        }
    }
    return json_pack("{s:O, s:O}", "args", args, "kwargs", kwargs);
}
