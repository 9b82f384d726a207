/* A statement as tokens that know where they stand: part of the query, alias, table, function. */
#include "standard/sql_int.h"

#include <string.h>

/* Words of the grammar that end an expression or cannot be an alias. Sorted. */
static const char *const GRAMMAR[] = {
    "all",       "and",       "anti",      "as",      "asc",         "asof",      "between",  "by",
    "case",      "cast",      "cross",     "desc",    "distinct",    "else",      "end",      "except",
    "exclude",   "exists",    "fetch",     "filter",  "following",   "from",      "full",     "group",
    "having",    "ilike",     "in",        "inner",   "insert",      "intersect", "interval", "into",
    "is",        "join",      "lateral",   "left",    "like",        "limit",     "natural",  "not",
    "null",      "nulls",     "offset",    "on",      "or",          "order",     "outer",    "over",
    "overwrite", "partition", "preceding", "qualify", "range",       "recursive", "right",    "rows",
    "sample",    "select",    "semi",      "set",     "tablesample", "then",      "try_cast", "unbounded",
    "union",     "update",    "using",     "values",  "when",        "where",     "window",   "with",
};

/* Where the words of each letter begin in GRAMMAR; [26] = its end. */
static const guint8 *grammar_starts(void)
{
    static guint8 starts[27];
    static gsize once = 0;
    if (g_once_init_enter(&once)) {
        guint at = 0;
        for (guint letter = 0; letter < 27; letter++) {
            while (at < G_N_ELEMENTS(GRAMMAR) && (guint)(GRAMMAR[at][0] - 'a') < letter) {
                at++;
            }
            starts[letter] = (guint8)at;
        }
        g_once_init_leave(&once, 1);
    }
    return starts;
}

/* Asked of every word of every model: only the words of its letter are compared. */
static bool is_grammar(const EngineToken *token)
{
    guint letter = (guint)(g_ascii_tolower(token->text[0]) - 'a');
    if (token->type != ENGINE_TOKEN_WORD || letter >= 26) {
        return false;
    }
    const guint8 *starts = grammar_starts();
    for (guint at = starts[letter]; at < starts[letter + 1]; at++) {
        if (g_ascii_strcasecmp(token->text, GRAMMAR[at]) == 0) {
            return true;
        }
    }
    return false;
}

/* ${biz_date} of other warehouses is a parameter; its place is kept. In a text it stands as it is. */
static char *without_braces(const char *sql)
{
    char *copy = g_strdup(sql);
    bool quoted = false;
    for (char *at = copy; *at != '\0'; at++) {
        if (!quoted && at[0] == '-' && at[1] == '-') {
            at += strcspn(at, "\n"); /* a comment's quotes are none */
            if (*at == '\0') {
                break;
            }
        }
        quoted = quoted != (*at == '\'');
        char *close = !quoted && at[0] == '$' && at[1] == '{' ? strchr(at, '}') : NULL;
        if (close == NULL) {
            continue;
        }
        at[1] = 'p';
        for (char *c = at + 2; c <= close; c++) {
            *c = g_ascii_isalnum(*c) || *c == '_' ? *c : ' ';
        }
        at = close;
    }
    return copy;
}

typedef struct {
    guint level;
    SqlPart part;
    bool selected; /* a SELECT stands in it */
    bool call;     /* of a function or CAST: its FROM and AS are its own */
} Pair;

static SqlPart part_of(const SqlText *text, guint i, const Pair *pair)
{
    static const struct {
        const char *word;
        SqlPart part;
    } STARTS[] = {{"select", SQL_PART_SELECT},   {"from", SQL_PART_FROM},     {"where", SQL_PART_WHERE},
                  {"having", SQL_PART_WHERE},    {"qualify", SQL_PART_WHERE}, {"with", SQL_PART_WITH},
                  {"limit", SQL_PART_OTHER},     {"union", SQL_PART_OTHER},   {"except", SQL_PART_OTHER},
                  {"intersect", SQL_PART_OTHER}, {"window", SQL_PART_OTHER}};
    if (pair->call && !pair->selected && !sql_is(text, i, "select")) {
        return pair->part;
    }
    for (size_t s = 0; s < G_N_ELEMENTS(STARTS); s++) {
        if (sql_is(text, i, STARTS[s].word)) {
            bool distinct_from = STARTS[s].part == SQL_PART_FROM && i > 0 && sql_is(text, i - 1, "distinct");
            return distinct_from ? pair->part : STARTS[s].part;
        }
    }
    if (sql_is(text, i, "group") && text->words[i + 1].token != NULL) {
        return SQL_PART_GROUP;
    }
    return sql_is(text, i, "order") ? SQL_PART_ORDER : pair->part;
}

/* Parentheses, parts, functions. */
static void mark_parts(SqlText *text)
{
    g_autoptr(GArray) stack = g_array_new(FALSE, TRUE, sizeof(Pair));
    g_array_set_size(stack, 1);
    guint levels = 0;
    for (guint i = 0; i < text->n; i++) {
        SqlWord *word = &text->words[i];
        Pair *pair = &g_array_index(stack, Pair, stack->len - 1);
        if (sql_is(text, i, ")") && stack->len > 1) {
            g_array_set_size(stack, stack->len - 1);
            pair = &g_array_index(stack, Pair, stack->len - 1);
        }
        if (word->keyword) {
            pair->part = part_of(text, i, pair);
            pair->selected = pair->selected || sql_is(text, i, "select");
        }
        word->part = pair->part;
        word->level = pair->level;
        word->depth = stack->len - 1;
        if (sql_is(text, i, "(")) {
            bool named = i > 0 && (sql_is_name(text, i - 1) || sql_is(text, i - 1, "cast") ||
                                   sql_is(text, i - 1, "try_cast"));
            bool call = named && pair->part != SQL_PART_WITH &&
                        !(pair->part == SQL_PART_FROM && i > 1 && sql_is(text, i - 2, "with"));
            if (call) {
                text->words[i - 1].function = true;
            }
            Pair inner = {.level = ++levels, .part = call ? pair->part : SQL_PART_NONE, .call = call};
            inner.part = call || pair->part == SQL_PART_SELECT || pair->part == SQL_PART_WHERE ? pair->part
                                                                                               : inner.part;
            g_array_append_val(stack, inner);
        }
    }
}

/* WITH a AS (...), b AS (...): named by their order. */
static void find_ctes(SqlText *text)
{
    for (guint i = 0; i + 1 < text->n; i++) {
        bool first = i > 0 && (sql_is(text, i - 1, "with") || sql_is(text, i - 1, "recursive"));
        bool next = i > 1 && sql_is(text, i - 1, ",") && sql_is(text, i - 2, ")");
        bool named = sql_is(text, i + 1, "as") && sql_is(text, i + 2, "(");
        if ((first || next) && named && engine_token_is_name(text->words[i].token, false)) {
            g_autofree char *number = g_strdup_printf("cte%u", g_hash_table_size(text->ctes) + 1);
            g_autofree char *name = g_ascii_strdown(text->words[i].token->text, -1);
            text->words[i].replace = g_string_chunk_insert(text->strings, number);
            g_hash_table_insert(text->ctes, g_string_chunk_insert(text->strings, name),
                                (gpointer)(guintptr)text->words[i].replace);
        }
    }
}

static void set_alias(SqlText *text, const char *alias, const char *table)
{
    g_autofree char *folded = g_ascii_strdown(alias, -1);
    g_autofree char *target = g_ascii_strdown(table, -1);
    const char *other = g_hash_table_lookup(text->aliases, folded);
    bool same = other == NULL || strcmp(other, target) == 0;
    g_hash_table_insert(text->aliases, g_string_chunk_insert(text->strings, folded),
                        g_string_chunk_insert(text->strings, same ? target : ""));
}

/* A table's name begins at i: marks its last part and its alias; returns where it ends. */
static guint mark_table(SqlText *text, guint i)
{
    guint last = i;
    while (sql_is(text, last + 1, ".") && last + 2 < text->n &&
           engine_token_is_name(text->words[last + 2].token, false)) {
        last += 2;
    }
    if (sql_is(text, last + 1, "(")) {
        return last; /* a table function */
    }
    const char *name = text->words[last].token->text;
    text->words[last].table = true;
    text->n_tables++;
    g_autofree char *folded = g_ascii_strdown(name, -1);
    const char *cte = last == i ? g_hash_table_lookup(text->ctes, folded) : NULL;
    text->words[last].replace = cte;
    set_alias(text, name, cte != NULL ? cte : name);
    guint at = last + 1;
    if (sql_is(text, at, "as")) {
        text->words[at++].alias = true;
    }
    if (sql_is_name(text, at)) {
        text->words[at].alias = true;
        set_alias(text, text->words[at].token->text, cte != NULL ? cte : name);
        last = at;
    }
    return last;
}

/* After FROM, JOIN and a comma of FROM; the alias of a subquery after its ")". */
static void find_tables(SqlText *text)
{
    for (guint i = 1; i < text->n; i++) {
        const SqlWord *word = &text->words[i];
        bool begins = sql_is(text, i - 1, "from") || sql_is(text, i - 1, "join") ||
                      (sql_is(text, i - 1, ",") && text->words[i - 1].part == SQL_PART_FROM);
        if (word->part != SQL_PART_FROM) {
            continue;
        }
        if (begins && engine_token_is_name(word->token, false) && !word->keyword) {
            i = mark_table(text, i);
        } else if (sql_is(text, i - 1, ")") && text->words[i - 1].part == SQL_PART_FROM) {
            guint at = i;
            if (sql_is(text, at, "as")) {
                text->words[at++].alias = true;
            }
            if (sql_is_name(text, at)) {
                text->words[at].alias = true;
                set_alias(text, text->words[at].token->text, "");
            }
        }
    }
}

/* `expr AS name` and `expr name` of a SELECT list. */
static void find_output_aliases(SqlText *text)
{
    for (guint i = 1; i < text->n; i++) {
        SqlWord *word = &text->words[i];
        bool ends = i + 1 == text->n || sql_is(text, i + 1, ",") || sql_is(text, i + 1, "from") ||
                    sql_is(text, i + 1, ")") || sql_is(text, i + 1, "union") || sql_is(text, i + 1, ";");
        if (word->part != SQL_PART_SELECT || !ends || !engine_token_is_name(word->token, false)) {
            continue;
        }
        const SqlWord *before = &text->words[i - 1];
        bool in_cast = sql_is(text, i + 1, ")") && sql_is(text, i - 1, "as");
        if (sql_is(text, i - 1, "as") && !in_cast) {
            text->words[i - 1].alias = true;
            word->alias = true;
        } else if (!word->keyword &&
                   (sql_is(text, i - 1, ")") || sql_is(text, i - 1, "end") || sql_is_name(text, i - 1) ||
                    before->token->type == ENGINE_TOKEN_NUMBER || before->token->type == ENGINE_TOKEN_TEXT)) {
            word->alias = before->token->type != ENGINE_TOKEN_PARAM && !in_cast;
        }
    }
}

bool sql_text_init(SqlText *text, const char *sql)
{
    memset(text, 0, sizeof *text);
    g_autofree char *clean = without_braces(sql);
    text->tokens = engine_sql_tokens(clean, ENGINE_DIALECT_WEIR, NULL);
    if (text->tokens == NULL) {
        text->tokens = engine_sql_tokens(clean, ENGINE_DIALECT_MYSQL, NULL);
    }
    if (text->tokens == NULL) {
        return false;
    }
    text->n = text->tokens->len - 1; /* without END */
    text->words = g_new0(SqlWord, text->n + 1);
    for (guint i = 0; i <= text->n; i++) {
        text->words[i].token = g_ptr_array_index(text->tokens, i);
        text->words[i].keyword = is_grammar(text->words[i].token);
    }
    text->strings = g_string_chunk_new(512);
    text->aliases = g_hash_table_new(g_str_hash, g_str_equal);
    text->ctes = g_hash_table_new(g_str_hash, g_str_equal);
    mark_parts(text);
    find_ctes(text);
    find_tables(text);
    find_output_aliases(text);
    return true;
}

void sql_text_clear(SqlText *text)
{
    g_clear_pointer(&text->tokens, g_ptr_array_unref);
    g_clear_pointer(&text->aliases, g_hash_table_unref);
    g_clear_pointer(&text->ctes, g_hash_table_unref);
    g_clear_pointer(&text->strings, g_string_chunk_free);
    g_clear_pointer(&text->words, g_free);
}
