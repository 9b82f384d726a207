/* MySQL's dialect: what is written, and where operands end. */
#include "engine/sql_mysql_int.h"

#include <string.h>

/* ---- writing --------------------------------------------------------------------------------- */

static bool is_word_byte(char c)
{
    return g_ascii_isalnum(c) || c == '_' || c == '$' || (c & 0x80);
}

/* The white space that stood before token i, comments taken out. */
static void put_gap(Run *run, char next)
{
    if (run->out->len == 0) {
        return;
    }
    const EngineToken *token = run_token(run, 0);
    size_t from = run->i > 0 ? sql_token(run->m->tokens, run->i - 1)->end : 0;
    size_t newlines = 0;
    for (size_t at = from; at < token->start; at++) {
        newlines += run->m->sql[at] == '\n';
    }
    char last = run->out->str[run->out->len - 1];
    if (newlines > 0) {
        for (; newlines > 0; newlines--) {
            g_string_append_c(run->out, '\n');
        }
    } else if (token->start > from || (is_word_byte(last) && is_word_byte(next)) ||
               (last == '-' && next == '-')) {
        if (!g_ascii_isspace(last)) {
            g_string_append_c(run->out, ' ');
        }
    }
}

void mysql_put(Run *run, const char *text)
{
    put_gap(run, *text);
    if (run->condition == NO_PLACE) {
        run->condition = run->out->len;
    }
    g_string_append(run->out, text);
}

void mysql_operand(Run *run, const char *text)
{
    mysql_put(run, text);
    run->operand = run->out->len - strlen(text);
    if (!run->multiplying) {
        run->term = run->operand;
    }
    run->multiplying = false;
}

void mysql_plain(Run *run, const char *text)
{
    mysql_put(run, text);
    run->operand = NO_PLACE;
    run->multiplying = false;
}

void mysql_append_text(GString *out, const char *text, size_t len)
{
    if (!memchr(text, '\0', len)) {
        engine_sql_append_text(out, text);
        return;
    }
    /* the engine's text of a statement cannot hold NUL, its values can */
    g_string_append_c(out, '(');
    for (size_t at = 0; at <= len;) {
        size_t n = strnlen(text + at, len - at);
        g_autofree char *part = g_strndup(text + at, n);
        engine_sql_append_text(out, part);
        at += n;
        if (at < len) {
            g_string_append(out, " || chr(0) || ");
        }
        at++;
    }
    g_string_append_c(out, ')');
}

bool mysql_literal(Run *run, const EngineToken *token)
{
    g_autoptr(GString) text = g_string_new(NULL);
    mysql_append_text(text, token->text, token->len);
    mysql_operand(run, text->str);
    return true;
}

/* x'4D7953' and 0x4D7953: bytes; shown as text when they are printable. */
bool mysql_hex(Run *run, const char *digits)
{
    g_autoptr(GString) bytes = g_string_new(NULL);
    size_t len = strlen(digits);
    bool plain = true;
    for (size_t i = 0; i < len;) {
        bool half = i == 0 && len % 2 == 1;
        int high = half ? 0 : g_ascii_xdigit_value(digits[i]);
        int low = g_ascii_xdigit_value(digits[half ? i : i + 1]);
        if (high < 0 || low < 0) {
            return sql_fail_at(run->m->error, run->m->sql, run_token(run, 0)->start,
                               "x'%s' is no hexadecimal text", digits);
        }
        char byte = (char)(high * 16 + low);
        plain = plain && g_ascii_isprint(byte);
        g_string_append_c(bytes, byte);
        i += half ? 1 : 2;
    }
    g_autoptr(GString) text = g_string_new(NULL);
    if (plain) {
        engine_sql_append_text(text, bytes->str);
    } else {
        g_string_append(text, "'");
        for (size_t i = 0; i < bytes->len; i++) {
            g_string_append_printf(text, "\\x%02X", (guint8)bytes->str[i]);
        }
        g_string_append(text, "'::BLOB");
    }
    mysql_operand(run, text->str);
    return true;
}

bool mysql_bits(Run *run, const char *digits)
{
    guint64 value = 0;
    for (const char *p = digits; *p; p++) {
        if ((*p != '0' && *p != '1') || p - digits >= 64) {
            return sql_fail_at(run->m->error, run->m->sql, run_token(run, 0)->start,
                               "b'%s' is no binary number", digits);
        }
        value = value * 2 + (guint64)(*p - '0');
    }
    g_autofree char *text = g_strdup_printf("%" G_GUINT64_FORMAT, value);
    mysql_operand(run, text);
    return true;
}

bool mysql_variable(Run *run, const char *name)
{
    Mysql *m = run->m;
    if (!m->variable) {
        base_fail(m->error, BASE_E_VARIABLE_UNKNOWN, "`%s` has no meaning here", name);
        sql_place_at(m->error, m->sql, run_token(run, 0)->start);
        return false;
    }
    g_autofree char *literal = m->variable(name, m->user, m->error);
    if (!literal) {
        return false;
    }
    mysql_operand(run, literal);
    return true;
}

bool mysql_is_plain_text(const Mysql *m, size_t start, size_t end)
{
    const EngineToken *token = mysql_token_at(m, start, end);
    return end == start + 1 && token->type == ENGINE_TOKEN_TEXT && sql_is_plain_text(token->text);
}

/* ---- structure ------------------------------------------------------------------------------- */

static const char *const KEYWORDS[] = {
    "select",    "from",      "where",    "and",    "or",     "xor",       "not",    "in",      "exists",
    "on",        "using",     "having",   "when",   "then",   "else",      "by",     "as",      "between",
    "like",      "is",        "limit",    "offset", "union",  "all",       "any",    "some",    "over",
    "values",    "join",      "distinct", "case",   "set",    "with",      "order",  "group",   "into",
    "div",       "mod",       "regexp",   "rlike",  "except", "intersect", "window", "asc",     "desc",
    "recursive", "partition", "rows",     "range",  "escape", "separator", "end",    "lateral", "filter"};

bool mysql_is_keyword(const EngineToken *token)
{
    for (size_t i = 0; i < G_N_ELEMENTS(KEYWORDS); i++) {
        if (engine_token_is(token, KEYWORDS[i])) {
            return true;
        }
    }
    return false;
}

const EngineToken *mysql_token_at(const Mysql *m, size_t i, size_t end)
{
    return i < end ? sql_token(m->tokens, i) : sql_token(m->tokens, m->tokens->len - 1);
}

/* END of the CASE at i. */
size_t mysql_case_end(const Mysql *m, size_t i, size_t end)
{
    size_t depth = 0;
    for (; i < end; i++) {
        const EngineToken *token = sql_token(m->tokens, i);
        if (m->close[i]) {
            i = m->close[i];
        } else if (engine_token_is(token, "case")) {
            depth++;
        } else if (engine_token_is(token, "end") && --depth == 0) {
            return i + 1;
        }
    }
    return end;
}

size_t mysql_name_end(const Mysql *m, size_t i, size_t end)
{
    i++;
    while (engine_token_is(mysql_token_at(m, i, end), ".") && i + 1 < end &&
           (engine_token_is_name(mysql_token_at(m, i + 1, end), false) ||
            engine_token_is(mysql_token_at(m, i + 1, end), "*"))) {
        i += 2;
    }
    return i;
}

static bool is_prefix(const EngineToken *token)
{
    static const char *const PREFIXES[] = {"-", "+", "~", "!", "binary", "not", "distinct"};
    for (size_t i = 0; i < G_N_ELEMENTS(PREFIXES); i++) {
        if (engine_token_is(token, PREFIXES[i])) {
            return true;
        }
    }
    return false;
}

size_t mysql_operand_end(const Mysql *m, size_t i, size_t end)
{
    while (i < end && is_prefix(mysql_token_at(m, i, end))) {
        i++;
    }
    const EngineToken *token = mysql_token_at(m, i, end);
    if (i >= end) {
        return end;
    }
    if (engine_token_is(token, "case")) {
        i = mysql_case_end(m, i, end);
    } else if (m->close[i]) {
        i = m->close[i] + 1;
    } else if (engine_token_is_name(token, false)) {
        bool prefix =
            token->type == ENGINE_TOKEN_WORD && mysql_token_at(m, i + 1, end)->type == ENGINE_TOKEN_TEXT;
        i = prefix ? i + 2 : mysql_name_end(m, i, end);
        if (!prefix && m->close[i] && i < end && engine_token_is(mysql_token_at(m, i, end), "(")) {
            i = m->close[i] + 1;
        }
    } else {
        i++;
    }
    while (i + 1 < end && (engine_token_is(mysql_token_at(m, i, end), "->") ||
                           engine_token_is(mysql_token_at(m, i, end), "->>") ||
                           engine_token_is(mysql_token_at(m, i, end), "collate"))) {
        i += 2;
    }
    return MIN(i, end);
}
