/* Names and literals of the engine's dialect, its reserved words, and what kind of statement tokens are. */
#include "engine/sql_int.h"

/* Words that cannot stand bare as the name of a table or column: duckdb_keywords(), categories reserved and
 * type_function. Sorted. */
static const char *const RESERVED[] = {"all",
                                       "analyse",
                                       "analyze",
                                       "and",
                                       "anti",
                                       "any",
                                       "array",
                                       "as",
                                       "asc",
                                       "asof",
                                       "asymmetric",
                                       "at",
                                       "authorization",
                                       "binary",
                                       "both",
                                       "by",
                                       "case",
                                       "cast",
                                       "check",
                                       "collate",
                                       "collation",
                                       "column",
                                       "columns",
                                       "concurrently",
                                       "constraint",
                                       "create",
                                       "cross",
                                       "default",
                                       "deferrable",
                                       "desc",
                                       "describe",
                                       "distinct",
                                       "do",
                                       "else",
                                       "end",
                                       "except",
                                       "false",
                                       "fetch",
                                       "for",
                                       "foreign",
                                       "freeze",
                                       "from",
                                       "full",
                                       "generated",
                                       "glob",
                                       "group",
                                       "having",
                                       "ilike",
                                       "in",
                                       "initially",
                                       "inner",
                                       "intersect",
                                       "into",
                                       "is",
                                       "isnull",
                                       "join",
                                       "lambda",
                                       "lateral",
                                       "leading",
                                       "left",
                                       "like",
                                       "limit",
                                       "map",
                                       "natural",
                                       "not",
                                       "notnull",
                                       "null",
                                       "offset",
                                       "on",
                                       "only",
                                       "or",
                                       "order",
                                       "outer",
                                       "overlaps",
                                       "pivot",
                                       "pivot_longer",
                                       "pivot_wider",
                                       "placing",
                                       "positional",
                                       "primary",
                                       "qualify",
                                       "references",
                                       "returning",
                                       "right",
                                       "select",
                                       "semi",
                                       "show",
                                       "similar",
                                       "some",
                                       "struct",
                                       "summarize",
                                       "symmetric",
                                       "table",
                                       "tablesample",
                                       "then",
                                       "to",
                                       "trailing",
                                       "true",
                                       "try_cast",
                                       "union",
                                       "unique",
                                       "unpack",
                                       "unpivot",
                                       "using",
                                       "variadic",
                                       "verbose",
                                       "when",
                                       "where",
                                       "window",
                                       "with"};

static int compare_word(const void *a, const void *b)
{
    return g_ascii_strcasecmp(a, *(const char *const *)b);
}

bool engine_sql_reserved(const char *word)
{
    return bsearch(word, RESERVED, G_N_ELEMENTS(RESERVED), sizeof *RESERVED, compare_word) != NULL;
}

static void append_quoted(GString *out, const char *text, char quote)
{
    g_string_append_c(out, quote);
    for (const char *p = text; *p; p++) {
        if (*p == quote) {
            g_string_append_c(out, quote);
        }
        g_string_append_c(out, *p);
    }
    g_string_append_c(out, quote);
}

void engine_sql_append_name(GString *out, const char *name)
{
    append_quoted(out, name, '"');
}

void engine_sql_append_table(GString *out, const char *schema, const char *name)
{
    engine_sql_append_name(out, schema);
    g_string_append_c(out, '.');
    engine_sql_append_name(out, name);
}

char *engine_sql_table(const char *schema, const char *name)
{
    GString *sql = g_string_new(NULL);
    engine_sql_append_table(sql, schema, name);
    return g_string_free(sql, FALSE);
}

void engine_sql_append_text(GString *out, const char *text)
{
    append_quoted(out, text, '\'');
}

char *engine_sql_text(const char *text)
{
    GString *out = g_string_new(NULL);
    engine_sql_append_text(out, text);
    return g_string_free(out, FALSE);
}

static bool is_plain(const char *name)
{
    if (!g_ascii_isalpha(*name) && *name != '_') {
        return false;
    }
    for (const char *p = name; *p; p++) {
        if (!g_ascii_isalnum(*p) && *p != '_') {
            return false;
        }
    }
    return !engine_sql_reserved(name);
}

char *engine_sql_name(const char *name)
{
    if (is_plain(name)) {
        return g_strdup(name);
    }
    GString *out = g_string_new(NULL);
    engine_sql_append_name(out, name);
    return g_string_free(out, FALSE);
}

/* ---- kind ------------------------------------------------------------------------------------ */

typedef struct {
    const char *word;
    EngineStatement kind;
} StatementWord;

static const StatementWord STATEMENTS[] = {
    {"select", ENGINE_STATEMENT_SELECT},     {"values", ENGINE_STATEMENT_SELECT},
    {"from", ENGINE_STATEMENT_SELECT},       {"table", ENGINE_STATEMENT_SELECT},
    {"insert", ENGINE_STATEMENT_INSERT},     {"update", ENGINE_STATEMENT_UPDATE},
    {"delete", ENGINE_STATEMENT_DELETE},     {"replace", ENGINE_STATEMENT_REPLACE},
    {"truncate", ENGINE_STATEMENT_TRUNCATE}, {"create", ENGINE_STATEMENT_CREATE},
    {"drop", ENGINE_STATEMENT_DROP},         {"alter", ENGINE_STATEMENT_ALTER},
    {"show", ENGINE_STATEMENT_SHOW},         {"set", ENGINE_STATEMENT_SET},
    {"use", ENGINE_STATEMENT_USE},           {"begin", ENGINE_STATEMENT_BEGIN},
    {"commit", ENGINE_STATEMENT_COMMIT},     {"rollback", ENGINE_STATEMENT_ROLLBACK},
    {"kill", ENGINE_STATEMENT_KILL},         {"lock", ENGINE_STATEMENT_LOCK},
    {"unlock", ENGINE_STATEMENT_LOCK},       {"flush", ENGINE_STATEMENT_LOCK},
};

static EngineStatement by_word(const EngineToken *token)
{
    for (size_t i = 0; i < G_N_ELEMENTS(STATEMENTS); i++) {
        if (engine_token_is(token, STATEMENTS[i].word)) {
            return STATEMENTS[i].kind;
        }
    }
    return ENGINE_STATEMENT_OTHER;
}

/* WITH ... then the first statement word outside parentheses. */
static EngineStatement kind_of_with(const GPtrArray *tokens, size_t i)
{
    size_t depth = 0;
    for (; i < tokens->len; i++) {
        const EngineToken *token = sql_token(tokens, i);
        if (engine_token_is(token, "(")) {
            depth++;
        } else if (engine_token_is(token, ")")) {
            depth -= depth > 0;
        } else if (depth == 0 && token->type == ENGINE_TOKEN_WORD &&
                   engine_token_is(sql_token(tokens, i - 1), ")") &&
                   by_word(token) != ENGINE_STATEMENT_OTHER) {
            return by_word(token);
        }
    }
    return ENGINE_STATEMENT_SELECT;
}

/* EXPLAIN t and DESC t describe a table; with a statement behind them both explain it. */
static EngineStatement kind_of_explain(const GPtrArray *tokens, size_t i)
{
    static const char *const OPTIONS[] = {"format", "analyze", "extended", "partitions",
                                          "for",    "with",    "(",        "verbose",
                                          "graph",  "shape",   "physical", "logical"};
    const EngineToken *next = sql_token(tokens, i);
    const EngineToken *after = sql_token(tokens, i + 1);
    if (by_word(next) != ENGINE_STATEMENT_OTHER) {
        return ENGINE_STATEMENT_EXPLAIN;
    }
    bool alone =
        after->type == ENGINE_TOKEN_END || engine_token_is(after, ".") || engine_token_is(after, ";");
    for (size_t k = 0; !alone && k < G_N_ELEMENTS(OPTIONS); k++) {
        if (engine_token_is(next, OPTIONS[k])) {
            return ENGINE_STATEMENT_EXPLAIN;
        }
    }
    return ENGINE_STATEMENT_DESCRIBE;
}

EngineStatement engine_sql_kind(const GPtrArray *tokens)
{
    size_t i = 0;
    while (engine_token_is(sql_token(tokens, i), "(")) {
        i++;
    }
    const EngineToken *first = sql_token(tokens, i);
    if (first->type == ENGINE_TOKEN_END || engine_token_is(first, ";")) {
        return i == 0 ? ENGINE_STATEMENT_EMPTY : ENGINE_STATEMENT_OTHER;
    }
    if (engine_token_is(first, "with")) {
        return kind_of_with(tokens, i + 1);
    }
    if (engine_token_is(first, "explain") || engine_token_is(first, "describe") ||
        engine_token_is(first, "desc")) {
        return kind_of_explain(tokens, i + 1);
    }
    if (engine_token_is(first, "start")) {
        return engine_token_is(sql_token(tokens, i + 1), "transaction") ? ENGINE_STATEMENT_BEGIN
                                                                        : ENGINE_STATEMENT_OTHER;
    }
    return by_word(first);
}

/* ---- names with a version --------------------------------------------------------------------- */

/* One token, in place: "t"@history -> "t@history", t@'x' -> "t@x", t@history -> t$history. */
static void mark_version(char *text, size_t start, size_t end)
{
    char *at = memchr(text + start, '@', end - start);
    if (text[start] == '"') {
        char *close;
        for (close = text + start + 1; *close != '"' || close[1] == '"'; close++) {
            close += *close == '"';
        }
        memmove(close, close + 1, (size_t)(text + end - close - 1));
        text[end - 1] = '"';
    } else if (text[end - 1] == '\'') {
        size_t name = (size_t)(at - text) - start;
        memmove(text + start + 1, text + start, name); /* the name moves over its @ */
        text[start] = '"';
        text[start + 1 + name] = '@';
        text[end - 1] = '"';
    } else {
        *at = '$';
    }
}

char *engine_sql_mark_versions(const char *sql)
{
    if (!strchr(sql, '@')) {
        return NULL;
    }
    g_autoptr(GPtrArray) tokens = engine_sql_tokens(sql, ENGINE_DIALECT_WEIR, NULL);
    char *out = NULL;
    for (guint i = 0; tokens && i < tokens->len; i++) {
        const EngineToken *token = tokens->pdata[i];
        if (token->version && sql[token->start] != '`') {
            out = out ? out : g_strdup(sql);
            mark_version(out, token->start, token->end);
        }
    }
    return out;
}
