/* Names of columns as MySQL gives them. See sql_int.h. Only where it is sure that an item has no alias: one
 * that ends with a bracket, or is a single literal, variable or parameter. */
#include "server/sql_int.h"

#define MAX_NAME_CHARACTERS 256 /* MySQL's limit for the name of a column */

/* The item [start, end) has no alias and no name of its own. */
static bool needs_name(const GPtrArray *tokens, guint start, guint end)
{
    if (end <= start) {
        return false;
    }
    const EngineToken *last = g_ptr_array_index(tokens, end - 1);
    if (engine_token_is(last, ")")) {
        return true;
    }
    return end == start + 1 && (last->type == ENGINE_TOKEN_NUMBER || last->type == ENGINE_TOKEN_TEXT ||
                                last->type == ENGINE_TOKEN_VARIABLE || engine_token_is(last, "null") ||
                                engine_token_is(last, "true") || engine_token_is(last, "false"));
}

static void append_name(GString *out, const char *sql, const EngineToken *first, const EngineToken *last)
{
    /* a text is named by what it says, everything else by how it is written */
    bool text = first == last && first->type == ENGINE_TOKEN_TEXT;
    g_autofree char *name =
        text ? g_strdup(first->text) : g_strndup(sql + first->start, last->end - first->start);
    if (!*name || g_utf8_strlen(name, -1) > MAX_NAME_CHARACTERS) {
        return;
    }
    g_string_append(out, " AS `");
    for (const char *at = name; *at; at++) {
        g_string_append_len(out, *at == '`' ? "``" : at, *at == '`' ? 2 : 1);
    }
    g_string_append_c(out, '`');
}

static bool ends_items(const EngineToken *token)
{
    static const char *const WORDS[] = {"from",  "where", "group",     "having", "order", "limit",
                                        "union", "into",  "intersect", "except", ";",     "procedure"};
    for (size_t i = 0; i < G_N_ELEMENTS(WORDS); i++) {
        if (engine_token_is(token, WORDS[i])) {
            return true;
        }
    }
    return token->type == ENGINE_TOKEN_END;
}

char *sql_alias_items(const char *sql, const GPtrArray *tokens)
{
    if (!engine_token_is(g_ptr_array_index(tokens, 0), "select")) {
        return NULL;
    }
    g_autoptr(GString) out = g_string_new(NULL);
    guint i = 1, start = 1;
    while (engine_token_is(g_ptr_array_index(tokens, i), "distinct") ||
           engine_token_is(g_ptr_array_index(tokens, i), "all")) {
        start = ++i;
    }
    size_t at = 0;
    for (int depth = 0;; i++) {
        const EngineToken *token = g_ptr_array_index(tokens, i);
        bool end = depth == 0 && ends_items(token);
        end = end || token->type == ENGINE_TOKEN_END;
        depth += engine_token_is(token, "(") ? 1 : engine_token_is(token, ")") ? -1 : 0;
        if (!end && !(depth == 0 && engine_token_is(token, ","))) {
            continue;
        }
        if (needs_name(tokens, start, i)) {
            const EngineToken *last = g_ptr_array_index(tokens, i - 1);
            g_string_append_len(out, sql + at, (gssize)(last->end - at));
            append_name(out, sql, g_ptr_array_index(tokens, start), last);
            at = last->end;
        }
        start = i + 1;
        if (end) {
            break;
        }
    }
    g_string_append(out, sql + at);
    return at > 0 ? g_strdup(out->str) : NULL;
}
