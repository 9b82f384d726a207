/* The meaning of a query as text: without case, comments, aliases. Equal texts mean equal queries; the
 * reverse does not hold (a + b and b + a differ). */
#include "standard/sql_int.h"

#include <string.h>

/* `o` in o.id: the table it stands for; with one table in the whole query no qualifier at all. */
static bool write_qualifier(const SqlText *text, guint i, GString *out)
{
    if (!sql_is(text, i + 1, ".") || text->words[i].table || (i > 0 && sql_is(text, i - 1, "."))) {
        return false;
    }
    g_autofree char *folded = g_ascii_strdown(text->words[i].token->text, -1);
    const char *table = g_hash_table_lookup(text->aliases, folded);
    if (table == NULL || *table == '\0') {
        return false;
    }
    if (text->n_tables > 1) {
        g_string_append(out, out->len > 0 ? " " : "");
        g_string_append(out, table);
        g_string_append_c(out, '.');
    }
    return true;
}

static void write_token(const SqlWord *word, GString *out)
{
    const EngineToken *token = word->token;
    if (word->replace != NULL) {
        g_string_append(out, word->replace);
    } else if (token->type == ENGINE_TOKEN_TEXT) {
        engine_sql_append_text(out, token->text);
    } else {
        for (const char *c = token->text; *c != '\0'; c++) {
            g_string_append_c(out, g_ascii_tolower(*c));
        }
    }
}

char *sql_canonical(const SqlText *text, guint from, guint to)
{
    GString *out = g_string_sized_new(64);
    for (guint i = from; i < to; i++) {
        const SqlWord *word = &text->words[i];
        if (word->alias || sql_is(text, i, ";")) {
            continue;
        }
        if (engine_token_is_name(word->token, false) && write_qualifier(text, i, out)) {
            i++; /* the dot */
            continue;
        }
        bool inner = sql_is(text, i, "inner") || sql_is(text, i, "outer"); /* say nothing more than JOIN */
        bool dot = sql_is(text, i, ".") ||
                   (i > from && sql_is(text, i - 1, ".") && (out->len == 0 || out->str[out->len - 1] == '.'));
        if (!inner) {
            if (out->len > 0 && !dot) {
                g_string_append_c(out, ' ');
            }
            write_token(word, out);
        }
    }
    return g_string_free(out, FALSE);
}

/* ---- expressions --------------------------------------------------------------------------------- */

/* Calls that only change a form, or add up: no logic of their own. */
static bool is_plain_call(const char *name)
{
    static const char *const PLAIN[] = {"cast",   "try_cast",   "coalesce", "nvl",   "ifnull",
                                        "nullif", "round",      "trim",     "upper", "lower",
                                        "date",   "date_trunc", "year",     "month", "day"};
    for (size_t i = 0; i < G_N_ELEMENTS(PLAIN); i++) {
        if (sql_may_be(name, PLAIN[i]) && g_ascii_strcasecmp(name, PLAIN[i]) == 0) {
            return true;
        }
    }
    return standard_is_aggregate(name);
}

bool sql_is_filled_in(const SqlText *text, guint i)
{
    const EngineToken *token = i < text->n ? text->words[i].token : NULL;
    return token != NULL &&
           (token->type == ENGINE_TOKEN_PARAM ||
            (token->type == ENGINE_TOKEN_TEXT && (strstr(token->text, "${") || strstr(token->text, "{{"))));
}

static guint count_operators(const SqlText *text, guint from, guint to, bool *ret_aggregate, bool *ret_open)
{
    guint n = 0;
    *ret_aggregate = *ret_open = false;
    for (guint i = from; i < to; i++) {
        const SqlWord *word = &text->words[i];
        const EngineToken *token = word->token;
        if (word->function) {
            n += is_plain_call(token->text) ? 0 : 1;
            *ret_aggregate = *ret_aggregate || standard_is_aggregate(token->text);
        } else if (sql_is(text, i, "case") || sql_is(text, i, "in") || sql_is(text, i, "like") ||
                   sql_is(text, i, "between")) {
            n++;
        } else if (token->type == ENGINE_TOKEN_SYMBOL && strchr("().,;", token->text[0]) == NULL &&
                   strcmp(token->text, "*") != 0) {
            n++;
        } else if (sql_is(text, i, "*") && i > from && i + 1 < to && !sql_is(text, i - 1, "(") &&
                   !sql_is(text, i - 1, ".")) {
            n++;
        }
        *ret_open = *ret_open || token->type == ENGINE_TOKEN_PARAM;
    }
    return n;
}

static void add_expression(const SqlText *text, guint from, guint to, bool filter, GPtrArray *list)
{
    bool aggregate = false;
    bool open = false;
    guint n = count_operators(text, from, to, &aggregate, &open);
    for (guint i = from; filter && i < to; i++) { /* the rows of a day are no logic */
        open = open || sql_is_filled_in(text, i);
    }
    if (from >= to || n == 0 || open) {
        return;
    }
    StandardExpression *expression = g_new0(StandardExpression, 1);
    bool named = text->words[to - 1].alias && !filter;
    expression->alias = named ? g_strdup(text->words[to - 1].token->text) : g_strdup("");
    expression->canonical = sql_canonical(text, from, to);
    expression->n_operators = n;
    expression->aggregate = aggregate;
    expression->filter = filter;
    g_ptr_array_add(list, expression);
}

/* The pieces of one clause at one level: between commas (SELECT) or ANDs (WHERE). */
static guint add_clause(const SqlText *text, guint i, GPtrArray *list)
{
    guint level = text->words[i].level;
    bool filter = text->words[i].part == SQL_PART_WHERE;
    SqlPart part = text->words[i].part;
    guint from = i + 1;
    if (!filter && sql_is(text, from, "distinct")) {
        from++;
    }
    guint at = from;
    guint between = 0;
    for (; at < text->n; at++) {
        const SqlWord *word = &text->words[at];
        bool here = word->level == level;
        if (here && word->part != part) {
            break;
        }
        if (here && word->depth < text->words[i].depth) {
            break;
        }
        between += here && sql_is(text, at, "between") ? 1 : 0;
        bool cut = here && (filter ? sql_is(text, at, "and") : sql_is(text, at, ","));
        if (cut && filter && between > 0) {
            between--;
        } else if (cut) {
            add_expression(text, from, at, filter, list);
            from = at + 1;
        }
        if (sql_is(text, at, ")") && word->depth < text->words[i].depth) {
            break;
        }
    }
    add_expression(text, from, at, filter, list);
    return at;
}

void sql_expressions(const SqlText *text, GPtrArray *to)
{
    for (guint i = 0; i < text->n; i++) {
        if (sql_is(text, i, "select") || sql_is(text, i, "where")) {
            add_clause(text, i, to);
        }
    }
}
