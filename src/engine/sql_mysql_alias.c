/* Names of result columns.
 *
 * MySQL names a column that has no alias by the text of its expression: COUNT(*), @@version, DATABASE().
 * Clients look columns up by these names, and the engine's own (count_star()) differ, so each such item of a
 * SELECT list gets its text as alias. In doubt an item is taken to have an alias: the engine's name is then
 * shown, and nothing breaks. */
#include "engine/sql_mysql_int.h"

#include <string.h>

static bool is_one_of(const EngineToken *token, const char *const *words)
{
    for (; *words; words++) {
        if (engine_token_is(token, *words)) {
            return true;
        }
    }
    return false;
}

void mysql_begin_items(Run *run)
{
    static const char *const SKIPPED[] = {"distinct", "all", "distinctrow", NULL};
    size_t ahead = 0;
    while (is_one_of(run_token(run, ahead), SKIPPED)) {
        ahead++;
    }
    run->item =
        run_is(run, ahead, "on") ? NO_PLACE : run->i + ahead; /* DISTINCT ON (..) is the engine's form */
}

static bool ends_list(const EngineToken *token)
{
    static const char *const WORDS[] = {"from",   "where",     "group",     "having", "order", "limit",
                                        "union",  "except",    "intersect", "into",   "for",   "lock",
                                        "window", "procedure", ";",         NULL};
    return is_one_of(token, WORDS);
}

/* A token that can end an operand. */
static bool ends_operand(const EngineToken *token)
{
    switch (token->type) {
    case ENGINE_TOKEN_SYMBOL:
        return engine_token_is(token, ")") || engine_token_is(token, "]");
    case ENGINE_TOKEN_WORD:
        return !mysql_is_keyword(token) || engine_token_is(token, "end");
    default:
        return true;
    }
}

static bool is_name_chain(const Run *run, size_t start, size_t end)
{
    return engine_token_is_name(sql_token(run->m->tokens, start), false) &&
           mysql_name_end(run->m, start, end) == end;
}

/* CURRENT_TIMESTAMP and its like look like a column's name and become a call. */
static bool is_constant(const Run *run, size_t start, size_t end)
{
    static const char *const WORDS[] = {
        "current_timestamp", "localtime", "localtimestamp", "current_time", "current_date",
        "utc_timestamp",     "utc_date",  "utc_time",       "current_user", NULL};
    return end == start + 1 && is_one_of(sql_token(run->m->tokens, start), WORDS);
}

static bool has_as(const Run *run, size_t start, size_t end)
{
    for (size_t i = start; i < end; i++) {
        if (run->m->close[i]) {
            i = run->m->close[i];
        } else if (engine_token_is(sql_token(run->m->tokens, i), "as")) {
            return true;
        }
    }
    return false;
}

/* Whether the last token is the unit of an INTERVAL of the item. */
static bool is_unit(const Run *run, size_t start, size_t last)
{
    for (size_t i = start; i < last; i++) {
        if (engine_token_is(sql_token(run->m->tokens, i), "interval")) {
            return true;
        }
    }
    return false;
}

/* Without AS. */
static bool has_alias(const Run *run, size_t start, size_t end)
{
    const EngineToken *last = sql_token(run->m->tokens, end - 1);
    if (end - start < 2 || !engine_token_is_name(last, true) || mysql_is_keyword(last)) {
        return false;
    }
    static const char *const PREFIXES[] = {"date", "time", "timestamp", "binary", "collate",
                                           "x",    "b",    "n",         "not",    NULL};
    const EngineToken *before = sql_token(run->m->tokens, end - 2);
    bool prefixed =
        is_one_of(before, PREFIXES) || (before->type == ENGINE_TOKEN_WORD && *before->text == '_');
    return ends_operand(before) && !prefixed &&
           !(last->type == ENGINE_TOKEN_WORD && is_unit(run, start, end - 1));
}

/* `3 TYPE`: the engine takes its keywords, of which it has more than MySQL, as aliases after AS only. Left
 * alone where the word may belong to what stands before it (AT TIME ZONE utc). */
static void write_as(const Run *run, size_t start, size_t end)
{
    const EngineToken *last = sql_token(run->m->tokens, end - 1),
                      *before = sql_token(run->m->tokens, end - 2);
    bool sure = end - start == 2 || before->type != ENGINE_TOKEN_WORD;
    if (sure && last->type == ENGINE_TOKEN_WORD && g_str_has_suffix(run->out->str, last->text)) {
        g_string_truncate(run->out, run->out->len - strlen(last->text));
        g_string_append(run->out, "AS ");
        engine_sql_append_name(run->out, last->text);
    }
}

/* MySQL's name: the source text; of a string its content. */
static char *name_of(const Run *run, size_t start, size_t end)
{
    const EngineToken *first = sql_token(run->m->tokens, start), *last = sql_token(run->m->tokens, end - 1);
    if (end == start + 1 && first->type == ENGINE_TOKEN_TEXT) {
        return g_strdup(first->text);
    }
    return g_strndup(run->m->sql + first->start, last->end - first->start);
}

void mysql_end_item(Run *run)
{
    size_t start = run->item, end = MIN(run->i, run->end);
    run->item = NO_PLACE;
    if (start == NO_PLACE || end <= start) {
        return;
    }
    const EngineToken *last = sql_token(run->m->tokens, end - 1);
    bool number = end == start + 1 && last->type == ENGINE_TOKEN_NUMBER;
    if (number || engine_token_is(last, "*") || !ends_operand(last) ||
        (is_name_chain(run, start, end) && !is_constant(run, start, end)) || has_as(run, start, end)) {
        return;
    }
    if (has_alias(run, start, end)) {
        write_as(run, start, end);
        return;
    }
    g_autofree char *name = name_of(run, start, end);
    if (*name && strlen(name) <= 256) {
        mysql_close_xor(run);
        g_string_append(run->out, " AS ");
        engine_sql_append_name(run->out, name);
    }
}

void mysql_watch_items(Run *run)
{
    if (run->item == NO_PLACE) {
        return;
    }
    const EngineToken *token = run_token(run, 0);
    if (engine_token_is(token, ",")) {
        mysql_end_item(run);
        run->item = run->i + 1;
    } else if (ends_list(token)) {
        mysql_end_item(run);
    }
}
