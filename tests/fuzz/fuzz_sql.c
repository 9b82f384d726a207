/* Any text as SQL of both dialects: tokens lie inside the text in order, a translation has balanced quotes
 * (it can be cut into tokens again), and whatever fails says so. */
#include <string.h>

#include "engine/sql.h"
#include "fuzz.h"

static char *variable(const char *name, void *user, GError **error)
{
    const char *mode = user;
    if (strcmp(name, "@@sql_mode") == 0) {
        return g_strdup(mode);
    }
    if (strlen(name) % 5 == 0) {
        base_fail(error, BASE_E_VARIABLE_UNKNOWN, "unknown system variable `%s`", name);
        return NULL;
    }
    return g_strdup("1");
}

static void check_tokens(const char *sql, EngineDialect dialect)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) tokens = engine_sql_tokens(sql, dialect, &error);
    if ((tokens == NULL) == (error == NULL)) {
        g_error("tokens and error, or neither");
    }
    size_t at = 0, len = strlen(sql);
    for (guint i = 0; tokens && i < tokens->len; i++) {
        const EngineToken *token = g_ptr_array_index(tokens, i);
        if (token->start < at || token->end < token->start || token->end > len || !token->text) {
            g_error("token %u lies outside", i);
        }
        at = token->end;
    }
    if (tokens) {
        engine_sql_kind(tokens);
        g_autoptr(GPtrArray) parts = engine_sql_split(sql, dialect, NULL);
        g_assert_nonnull(parts);
    }
}

static void check_translation(const char *sql, const char *mode)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *copy = g_strdup(mode);
    g_autofree char *text = engine_sql_from_mysql(sql, variable, copy, &error);
    if ((text == NULL) == (error == NULL)) {
        g_error("text and error, or neither");
    }
    if (text && !strchr(sql, '$')) { /* $$ is a name to MySQL and a quote to the engine */
        g_autoptr(GError) why = NULL;
        g_autoptr(GPtrArray) tokens = engine_sql_tokens(text, ENGINE_DIALECT_WEIR, &why);
        if (!tokens && !strstr(sql, "/") && !strstr(sql, "*")) {
            g_error("the translation `%s` does not read: %s", text, why->message);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 4096) {
        return 0;
    }
    g_autofree char *sql = g_strndup((const char *)data, size);
    check_tokens(sql, ENGINE_DIALECT_WEIR);
    check_tokens(sql, ENGINE_DIALECT_MYSQL);
    check_translation(sql, "''");
    check_translation(sql, "'ANSI_QUOTES,PIPES_AS_CONCAT,NO_BACKSLASH_ESCAPES'");
    return 0;
}
