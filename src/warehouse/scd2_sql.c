/* SQL of a history with names filled in: see scd2_int.h. */
#include <string.h>

#include "warehouse/scd2_int.h"

bool scd2_has(const GPtrArray *names, const char *name)
{
    for (guint i = 0; names && i < names->len; i++) {
        if (g_ascii_strcasecmp(names->pdata[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static void append_column(GString *out, const char *alias, const char *name)
{
    if (alias) {
        g_string_append(out, alias);
        g_string_append_c(out, '.');
    }
    engine_sql_append_name(out, name);
}

static void append_list(GString *out, const char *alias, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        g_string_append(out, i ? ", " : "");
        append_column(out, alias, names[i]);
    }
}

static void append_join(GString *out, const Scd2 *s, const char *left, const char *right)
{
    for (size_t i = 0; s->key[i]; i++) {
        g_string_append(out, i ? " AND " : "");
        append_column(out, left, s->key[i]);
        g_string_append(out, " = ");
        append_column(out, right, s->key[i]);
    }
}

static bool is_key(const Scd2 *s, const char *name)
{
    for (size_t i = 0; s->key[i]; i++) {
        if (g_ascii_strcasecmp(s->key[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_compared(const Scd2 *s, const char *name)
{
    const char *const *cols = s->spec->check_cols;
    for (size_t i = 0; cols && cols[i]; i++) {
        if (g_ascii_strcasecmp(cols[i], name) == 0) {
            return true;
        }
    }
    return !cols && !is_key(s, name);
}

/* A column that the history does not have yet is NULL in it. */
static void append_differs(GString *out, const Scd2 *s, const char *new, const char *old)
{
    size_t n = 0;
    for (guint i = 0; i < s->columns->len; i++) {
        const char *name = s->columns->pdata[i];
        if (!is_compared(s, name)) {
            continue;
        }
        g_string_append(out, n++ ? " OR " : "(");
        append_column(out, new, name);
        if (scd2_has(s->known, name)) {
            g_string_append(out, " IS DISTINCT FROM ");
            append_column(out, old, name);
        } else {
            g_string_append(out, " IS NOT NULL");
        }
    }
    g_string_append(out, n ? ")" : "FALSE");
}

/* The compared columns of a row as one value. */
static void append_value(GString *out, const Scd2 *s, const char *alias, bool of_history)
{
    g_string_append(out, "struct_pack(_w := 0");
    for (guint i = 0; i < s->columns->len; i++) {
        const char *name = s->columns->pdata[i];
        if (is_compared(s, name)) {
            g_string_append_printf(out, ", _w%u := ", i);
            if (of_history && !scd2_has(s->known, name)) {
                g_string_append(out, "NULL");
            } else {
                append_column(out, alias, name);
            }
        }
    }
    g_string_append_c(out, ')');
}

/* Without updated_at, versions of the history are known by where they begin; a deletion always is. */
static void append_u(GString *out, const Scd2 *s, const char *alias)
{
    const char *updated_at = s->spec->updated_at;
    if (!updated_at || !scd2_has(s->known, updated_at)) {
        append_column(out, alias, SCD2_FROM);
        return;
    }
    g_string_append_printf(out, "CASE WHEN %s." SCD2_DELETED " THEN %s." SCD2_FROM " ELSE %sCAST(", alias,
                           alias, s->spec->check ? "coalesce(" : "");
    append_column(out, alias, updated_at);
    g_string_append(out, " AS TIMESTAMP)");
    if (s->spec->check) { /* of versions from before the column came */
        g_string_append_printf(out, ", %s." SCD2_FROM ")", alias);
    }
    g_string_append(out, " END");
}

static void append_past(GString *out, const Scd2 *s)
{
    if (!s->restate) {
        g_string_append(out, s->history);
        return;
    }
    g_string_append_printf(out,
                           "(SELECT * REPLACE (CASE WHEN " SCD2_TO " < %s THEN " SCD2_TO " END AS " SCD2_TO
                           ") FROM %s WHERE " SCD2_FROM " < %s)",
                           s->restate, s->history, s->restate);
}

/* With timestamp, epoch holds for each key's first version: how late a key is first seen says nothing of when
 * it began. With check only for those of the first load: a key that comes later is known to be new. */
static void append_first(GString *out, const Scd2 *s)
{
    bool epoch = s->spec->first_from == CATALOG_FROM_EPOCH && !(s->spec->check && s->known);
    bool run = s->spec->first_from == CATALOG_FROM_RUN_TIME;
    g_string_append(out, epoch ? "TIMESTAMP '1970-01-01'" : run ? s->run_time : "b." SCD2_AT);
}

static void append_word(GString *out, const Scd2 *s, const char *word)
{
    g_auto(GStrv) parts = g_strsplit_set(word, ":,", 3);
    const char *name = parts[0], *a = parts[1], *b = a ? parts[2] : NULL;
    const char *equals = strchr(word, '=');
    if (equals) {
        g_autofree char *left = g_strndup(word, (gsize)(equals - word));
        append_join(out, s, left, equals + 1);
    } else if (g_str_equal(name, "key")) {
        append_list(out, a, s->key, g_strv_length((char **)(guintptr)s->key));
    } else if (g_str_equal(name, "columns")) {
        append_list(out, a, (const char *const *)s->columns->pdata, s->columns->len);
    } else if (g_str_equal(name, "known")) {
        append_list(out, a, (const char *const *)s->known->pdata, s->known->len);
    } else if (g_str_equal(name, "differs")) {
        append_differs(out, s, a, b);
    } else if (g_str_equal(name, "value")) {
        append_value(out, s, a, b != NULL);
    } else if (g_str_equal(name, "u")) {
        append_u(out, s, a);
    } else if (g_str_equal(name, "past")) {
        append_past(out, s);
    } else if (g_str_equal(name, "first")) {
        append_first(out, s);
    } else {
        const char *plain = g_str_equal(name, "stage")     ? s->stage
                            : g_str_equal(name, "history") ? s->history
                            : g_str_equal(name, "changes") ? s->changes
                            : g_str_equal(name, "run")     ? s->run_time
                                                           : s->restate;
        g_string_append(out, plain);
    }
}

char *scd2_sql(const Scd2 *s, const char *text)
{
    GString *out = g_string_new(NULL);
    while (*text) {
        const char *open = strchrnul(text, '{');
        g_string_append_len(out, text, open - text);
        if (!*open) {
            break;
        }
        const char *close = strchr(open, '}');
        g_assert(close);
        g_autofree char *word = g_strndup(open + 1, (gsize)(close - open - 1));
        append_word(out, s, word);
        text = close + 1;
    }
    return g_string_free(out, FALSE);
}

bool scd2_exec(const Scd2 *s, EngineConn *conn, const char *text, GError **error)
{
    g_autofree char *sql = scd2_sql(s, text);
    return engine_exec(conn, sql, error);
}

bool scd2_count(const Scd2 *s, EngineConn *conn, const char *text, gint64 *ret, GError **error)
{
    g_autofree char *sql = scd2_sql(s, text);
    int64_t n = 0;
    if (!engine_query_int(conn, sql, &n, error)) {
        return false;
    }
    *ret = n;
    return true;
}
