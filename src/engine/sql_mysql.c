/* Statements of MySQL and Doris clients in the engine's dialect.
 *
 * One pass over tokens, no parser: most of both dialects is the same, so what is not known goes through
 * unchanged and the engine's parser has the last word. The pass knows enough structure to move operands: it
 * remembers where in the output the last operand, its chain of * / %, and its side of OR begin, so that `a
 * DIV b` can become fn_div(a, b), and it translates each call and parenthesis on its own. White space is
 * kept as lines, so that the line of an engine's error is the client's line.
 *
 * Semantics kept: || is OR, / by zero is NULL, NULLs come first in ORDER BY ASC, backslash escapes in LIKE,
 * || and XOR of truth values. Left to the engine: case-sensitive comparison, errors where MySQL warns and
 * guesses. */
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

static void put(Run *run, const char *text)
{
    put_gap(run, *text);
    if (run->condition == NO_PLACE) {
        run->condition = run->out->len;
    }
    g_string_append(run->out, text);
}

void mysql_operand(Run *run, const char *text)
{
    put(run, text);
    run->operand = run->out->len - strlen(text);
    if (!run->multiplying) {
        run->term = run->operand;
    }
    run->multiplying = false;
}

void mysql_plain(Run *run, const char *text)
{
    put(run, text);
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
static bool hex_literal(Run *run, const char *digits)
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

static bool bit_literal(Run *run, const char *digits)
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

/* ---- structure ------------------------------------------------------------------------------- */

static const char *const KEYWORDS[] = {
    "select",    "from",      "where",    "and",    "or",     "xor",       "not",    "in",      "exists",
    "on",        "using",     "having",   "when",   "then",   "else",      "by",     "as",      "between",
    "like",      "is",        "limit",    "offset", "union",  "all",       "any",    "some",    "over",
    "values",    "join",      "distinct", "case",   "set",    "with",      "order",  "group",   "into",
    "div",       "mod",       "regexp",   "rlike",  "except", "intersect", "window", "asc",     "desc",
    "recursive", "partition", "rows",     "range",  "escape", "separator", "end",    "lateral", "filter"};

static bool is_keyword(const EngineToken *token)
{
    for (size_t i = 0; i < G_N_ELEMENTS(KEYWORDS); i++) {
        if (engine_token_is(token, KEYWORDS[i])) {
            return true;
        }
    }
    return false;
}

static const EngineToken *token_at(const Mysql *m, size_t i, size_t end)
{
    return i < end ? sql_token(m->tokens, i) : sql_token(m->tokens, m->tokens->len - 1);
}

/* END of the CASE at i. */
static size_t case_end(const Mysql *m, size_t i, size_t end)
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

static size_t name_end(const Mysql *m, size_t i, size_t end)
{
    i++;
    while (engine_token_is(token_at(m, i, end), ".") && i + 1 < end &&
           (engine_token_is_name(token_at(m, i + 1, end), false) ||
            engine_token_is(token_at(m, i + 1, end), "*"))) {
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
    while (i < end && is_prefix(token_at(m, i, end))) {
        i++;
    }
    const EngineToken *token = token_at(m, i, end);
    if (i >= end) {
        return end;
    }
    if (engine_token_is(token, "case")) {
        i = case_end(m, i, end);
    } else if (m->close[i]) {
        i = m->close[i] + 1;
    } else if (engine_token_is_name(token, false)) {
        bool prefix = token->type == ENGINE_TOKEN_WORD && token_at(m, i + 1, end)->type == ENGINE_TOKEN_TEXT;
        i = prefix ? i + 2 : name_end(m, i, end);
        if (!prefix && m->close[i] && i < end && engine_token_is(token_at(m, i, end), "(")) {
            i = m->close[i] + 1;
        }
    } else {
        i++;
    }
    while (i + 1 < end &&
           (engine_token_is(token_at(m, i, end), "->") || engine_token_is(token_at(m, i, end), "->>") ||
            engine_token_is(token_at(m, i, end), "collate"))) {
        i += 2;
    }
    return MIN(i, end);
}

/* ---- OR, XOR, ORDER BY ----------------------------------------------------------------------- */

static void close_xor(Run *run)
{
    if (run->xor_open) {
        g_string_append(run->out, ") AS BOOLEAN)");
        run->xor_open = false;
    }
}

/* A token that ends the operands of OR. */
static void end_condition(Run *run)
{
    close_xor(run);
    run->condition = NO_PLACE;
}

static void write_xor(Run *run)
{
    close_xor(run);
    if (run->condition != NO_PLACE) {
        g_string_insert(run->out, (gssize)run->condition, "CAST((");
        g_string_append(run->out, ") AS BOOLEAN)");
    }
    size_t condition = run->condition;
    g_string_append(run->out, " <> CAST((");
    run->operand = NO_PLACE;
    run->condition = condition;
    run->xor_open = true;
    run->i++;
}

/* MySQL puts NULLs first going up and last going down. */
static void end_order_item(Run *run)
{
    if (run->ordering && !run->nulls_said) {
        g_string_append(run->out, run->descending ? " NULLS LAST" : " NULLS FIRST");
    }
    run->descending = run->nulls_said = false;
}

static bool ends_order(const EngineToken *token)
{
    static const char *const WORDS[] = {"limit",     "offset", "rows",      "range",     "groups",
                                        "separator", "for",    "union",     "into",      "lock",
                                        "fetch",     "except", "intersect", "procedure", ";"};
    for (size_t i = 0; i < G_N_ELEMENTS(WORDS); i++) {
        if (engine_token_is(token, WORDS[i])) {
            return true;
        }
    }
    return false;
}

/* ---- names ----------------------------------------------------------------------------------- */

static void append_name(GString *out, const EngineToken *token, bool part)
{
    if (token->type == ENGINE_TOKEN_NAME || (part && engine_sql_reserved(token->text))) {
        engine_sql_append_name(out, token->text);
    } else {
        g_string_append(out, token->text);
    }
}

/* Behind the operand just written: col->'$.a', col->>'$.a'. The engine's -> binds weaker than =. */
static bool write_arrows(Run *run)
{
    while ((run_is(run, 0, "->") || run_is(run, 0, "->>")) && run_token(run, 1)->type == ENGINE_TOKEN_TEXT) {
        bool text = run_is(run, 0, "->>");
        g_string_insert(run->out, (gssize)run->operand, text ? "json_extract_string(" : "json_extract(");
        g_string_append(run->out, ", ");
        mysql_append_text(run->out, run_token(run, 1)->text, run_token(run, 1)->len);
        g_string_append_c(run->out, ')');
        run->i += 2;
    }
    return true;
}

/* Words that the engine reserves and MySQL does not: quoted, where they are no call. */
static bool must_quote(const Run *run, const EngineToken *token)
{
    static const char *const WORDS[] = {
        "anti",      "at",       "authorization", "collation", "columns", "concurrently", "freeze",  "glob",
        "initially", "notnull",  "only",          "overlaps",  "placing", "semi",         "similar", "struct",
        "symmetric", "variadic", "verbose",       "analyse",   "lambda",  "unpack"};
    if (token->type != ENGINE_TOKEN_WORD || run_is(run, 1, "(") || run_is(run, 1, "join")) {
        return false;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(WORDS); i++) {
        if (engine_token_is(token, WORDS[i])) {
            return true;
        }
    }
    return false;
}

/* a, a.b, a.b.c, t.*, and db.t.*, which the engine writes t.*. */
static bool write_name(Run *run)
{
    size_t end = name_end(run->m, run->i, run->end);
    size_t first = run->i;
    if (end - first == 5 && engine_token_is(token_at(run->m, end - 1, run->end), "*")) {
        first += 2;
    }
    bool chain = end - run->i > 1;
    g_autoptr(GString) text = g_string_new(NULL);
    for (size_t i = first; i < end; i++) {
        const EngineToken *token = sql_token(run->m->tokens, i);
        if (token->type == ENGINE_TOKEN_SYMBOL) {
            g_string_append(text, token->text);
        } else {
            append_name(text, token, chain || must_quote(run, token));
        }
    }
    mysql_operand(run, text->str);
    run->i = end;
    return write_arrows(run);
}

/* ---- symbols --------------------------------------------------------------------------------- */

/* Translates the operand behind the operator at run->i and moves behind it. */
static char *right_operand(Run *run)
{
    size_t end = mysql_operand_end(run->m, run->i + 1, run->end);
    char *text = mysql_text(run->m, run->i + 1, end);
    if (text) {
        run->i = end;
    }
    return text;
}

/* What begins at `place` becomes the first argument of `function`. */
static bool write_infix(Run *run, size_t place, const char *function)
{
    g_autofree char *right = right_operand(run);
    if (!right) {
        return false;
    }
    g_string_insert(run->out, (gssize)place, "(");
    g_string_insert(run->out, (gssize)place, function);
    g_string_append_printf(run->out, ", %s)", right);
    run->operand = place;
    run->multiplying = false;
    return true;
}

static bool write_division(Run *run)
{
    const EngineToken *divisor = run_token(run, 1);
    bool constant = divisor->type == ENGINE_TOKEN_NUMBER && strpbrk(divisor->text, "123456789");
    if (constant) {
        mysql_plain(run, "/");
        run->multiplying = true;
        run->i++;
        return true;
    }
    put(run, "/ ");
    run->multiplying = true;
    g_autofree char *right = right_operand(run);
    if (!right) {
        return false;
    }
    g_string_append_printf(run->out, "nullif(%s, 0)", right);
    run->multiplying = false;
    run->operand = run->out->len - strlen(right) - strlen("nullif(, 0)");
    return true;
}

static bool write_not(Run *run)
{
    g_autofree char *right = NULL;
    size_t end = mysql_operand_end(run->m, run->i + 1, run->end);
    right = mysql_text(run->m, run->i + 1, end);
    if (!right) {
        return false;
    }
    g_autofree char *text = g_strdup_printf("(NOT %s)", right);
    mysql_operand(run, text);
    run->i = end;
    return true;
}

static bool write_parentheses(Run *run)
{
    size_t close = run->m->close[run->i];
    char open[2] = {*run_token(run, 0)->text, '\0'};
    const EngineToken *before = run->i > 0 ? sql_token(run->m->tokens, run->i - 1) : NULL;
    bool call =
        before && run->operand != NO_PLACE && engine_token_is_name(before, false) && !is_keyword(before);
    size_t operand = run->operand;
    g_autofree char *inner = mysql_text(run->m, run->i + 1, close);
    if (!inner) {
        return false;
    }
    g_autofree char *text = g_strdup_printf("%s%s%s", open, inner, sql_token(run->m->tokens, close)->text);
    mysql_operand(run, text);
    if (call) {
        run->operand = operand;
    }
    run->i = close + 1;
    return true;
}

/* {d '2020-01-01'}, {ts '..'}, {t '..'}, {fn f(x)} of ODBC and JDBC. */
static bool write_odbc(Run *run, bool *ret_done)
{
    static const char *const TYPES[][2] = {
        {"d", "DATE"}, {"t", "TIME"}, {"ts", "TIMESTAMP"}, {"fn", ""}, {"oj", ""}};
    size_t close = run->m->close[run->i];
    for (size_t i = 0; i < G_N_ELEMENTS(TYPES); i++) {
        bool wants_text = *TYPES[i][1] != '\0';
        if (!run_is(run, 1, TYPES[i][0]) || run_is(run, 2, ":") ||
            (wants_text && run_token(run, 2)->type != ENGINE_TOKEN_TEXT)) {
            continue;
        }
        g_autofree char *inner = mysql_text(run->m, run->i + 2, close);
        if (!inner) {
            return false;
        }
        g_autofree char *text = g_strdup_printf("%s%s%s", TYPES[i][1], wants_text ? " " : "", inner);
        mysql_operand(run, text);
        run->i = close + 1;
        *ret_done = true;
    }
    return true;
}

static bool write_interval_behind(Run *run, bool *ret_done)
{
    size_t end;
    bool dates_only;
    g_autofree char *interval = mysql_interval(run->m, run->i + 1, run->end, &end, &dates_only);
    if (!interval) {
        return *run->m->error == NULL;
    }
    const char *sign = run_token(run, 0)->text;
    g_string_insert(run->out, (gssize)run->operand,
                    dates_only ? (*sign == '+' ? "mysql_date_add(" : "mysql_date_sub(") : "(fn_temporal(");
    g_string_append_printf(run->out, dates_only ? ", %s)" : ") %s %s)", dates_only ? interval : sign,
                           interval);
    run->i = end;
    *ret_done = true;
    return true;
}

static bool write_boolean(Run *run, const char *text)
{
    close_xor(run);
    mysql_plain(run, text);
    run->condition = strcmp(text, "OR") == 0 ? NO_PLACE : run->condition;
    run->i++;
    return true;
}

static bool step_symbol(Run *run)
{
    const EngineToken *token = run_token(run, 0);
    bool done = false;
    if (engine_token_is(token, "{") && run->m->close[run->i] && !write_odbc(run, &done)) {
        return false;
    }
    if (done) {
        return true;
    }
    if (run->m->close[run->i]) {
        return write_parentheses(run);
    }
    bool sum = engine_token_is(token, "+") || engine_token_is(token, "-");
    bool interval = sum && run->operand != NO_PLACE && run_is(run, 1, "interval");
    if (interval && !write_interval_behind(run, &done)) {
        return false;
    }
    if (done) {
        return true;
    }
    if (engine_token_is(token, "&&")) {
        mysql_plain(run, "AND");
    } else if (engine_token_is(token, "||") && !(run->m->flags & SQL_PIPES_AS_CONCAT)) {
        return write_boolean(run, "OR");
    } else if (engine_token_is(token, "<=>")) {
        mysql_plain(run, "IS NOT DISTINCT FROM");
    } else if (engine_token_is(token, "!")) {
        return write_not(run);
    } else if (engine_token_is(token, "/")) {
        return write_division(run);
    } else if (engine_token_is(token, "^") && run->operand != NO_PLACE) {
        return write_infix(run, run->operand, "xor");
    } else if (engine_token_is(token, "\\") && run_is(run, 1, "N")) {
        run->i++;
        mysql_operand(run, "NULL");
    } else {
        if (engine_token_is(token, ",")) {
            end_order_item(run);
            end_condition(run);
        }
        mysql_plain(run, token->text);
        run->condition = engine_token_is(token, ",") ? NO_PLACE : run->condition;
        run->multiplying = engine_token_is(token, "*") || engine_token_is(token, "%");
    }
    run->i++;
    return true;
}

/* ---- clauses --------------------------------------------------------------------------------- */

static bool write_select(Run *run)
{
    static const char *const MODIFIERS[] = {"straight_join",  "high_priority",      "sql_small_result",
                                            "sql_big_result", "sql_buffer_result",  "sql_no_cache",
                                            "sql_cache",      "sql_calc_found_rows"};
    mysql_plain(run, run_token(run, 0)->text);
    run->i++;
    run->condition = NO_PLACE;
    for (size_t k = 0; k < G_N_ELEMENTS(MODIFIERS); k++) {
        if (run_is(run, 0, MODIFIERS[k])) {
            run->i++;
            k = (size_t)-1; /* any number, in any order */
        }
    }
    return true;
}

static bool write_limit(Run *run)
{
    if (!run_is(run, 2, ",")) {
        const EngineToken *n = run_token(run, 1);
        bool all = n->type == ENGINE_TOKEN_NUMBER && n->len >= 19;
        mysql_plain(run, all ? "LIMIT 9223372036854775807" : "LIMIT");
        run->i += all ? 2 : 1;
        return true;
    }
    g_autofree char *offset = mysql_text(run->m, run->i + 1, run->i + 2);
    g_autofree char *count = mysql_text(run->m, run->i + 3, run->i + 4);
    if (!offset || !count) {
        return false;
    }
    bool all = strlen(count) >= 19;
    g_autofree char *text =
        g_strdup_printf("LIMIT %s OFFSET %s", all ? "9223372036854775807" : count, offset);
    mysql_plain(run, text);
    run->i += 4;
    return true;
}

/* Place of WITH ROLLUP in the GROUP BY whose items begin at i; 0 = there is none. */
static size_t find_rollup(const Mysql *m, size_t i, size_t end)
{
    for (; i + 1 < end; i++) {
        if (m->close[i]) {
            i = m->close[i];
            continue;
        }
        const EngineToken *token = sql_token(m->tokens, i);
        if (engine_token_is(token, "with") && engine_token_is(sql_token(m->tokens, i + 1), "rollup")) {
            return i;
        }
        if (engine_token_is(token, "having") || engine_token_is(token, "order") || ends_order(token)) {
            return 0;
        }
    }
    return 0;
}

static bool write_group_by(Run *run)
{
    size_t with = find_rollup(run->m, run->i + 2, run->end);
    if (with == 0) {
        mysql_plain(run, "GROUP BY");
        run->i += 2;
        return true;
    }
    g_autofree char *items = mysql_text(run->m, run->i + 2, with);
    if (!items) {
        return false;
    }
    g_autofree char *text = g_strdup_printf("GROUP BY ROLLUP (%s)", items);
    mysql_plain(run, text);
    run->i = with + 2;
    return true;
}

/* [NOT] REGEXP p: a part of the text may match; the engine's ~ wants all of it. */
static bool write_regexp(Run *run, bool negated)
{
    run->i += negated;
    g_autofree char *pattern = right_operand(run);
    if (!pattern) {
        return false;
    }
    g_string_append_printf(run->out, " %s ('(?s).*(?:' || %s || ').*')", negated ? "!~" : "~", pattern);
    run->operand = NO_PLACE;
    return true;
}

static bool write_like(Run *run)
{
    size_t end = mysql_operand_end(run->m, run->i + 1, run->end);
    const EngineToken *pattern = run_token(run, 1);
    bool literal = pattern->type == ENGINE_TOKEN_TEXT && end == run->i + 2;
    bool escape = !engine_token_is(token_at(run->m, end, run->end), "escape") &&
                  (!literal || strchr(pattern->text, '\\'));
    mysql_plain(run, "LIKE ");
    g_autofree char *text = right_operand(run);
    if (!text) {
        return false;
    }
    g_string_append_printf(run->out, "%s%s", text, escape ? " ESCAPE '\\'" : "");
    return true;
}

static bool write_case(Run *run)
{
    size_t end = case_end(run->m, run->i, run->end);
    if (!engine_token_is(token_at(run->m, end - 1, run->end), "end") || end < run->i + 2) {
        mysql_plain(run, run_token(run, 0)->text);
        run->i++;
        return true;
    }
    g_autofree char *inner = mysql_text(run->m, run->i + 1, end - 1);
    if (!inner) {
        return false;
    }
    g_autofree char *text = g_strdup_printf("CASE %s END", inner);
    mysql_operand(run, text);
    run->i = end;
    return true;
}

/* Tokens that have no meaning here: index hints, locks, COLLATE, BINARY. Returns how many to leave out. */
static size_t dropped(const Run *run)
{
    bool hint = run_is(run, 0, "use") || run_is(run, 0, "force") || run_is(run, 0, "ignore");
    if (hint && (run_is(run, 1, "index") || run_is(run, 1, "key"))) {
        size_t open = 2 + (run_is(run, 2, "for") ? (run_is(run, 3, "join") ? 2 : 3) : 0);
        return run_is(run, open, "(") ? run->m->close[run->i + open] - run->i + 1 : 0;
    }
    if (run_is(run, 0, "for") && (run_is(run, 1, "update") || run_is(run, 1, "share"))) {
        size_t n = 2;
        n += run_is(run, n, "of") ? 2 : 0;
        n += run_is(run, n, "nowait") ? 1 : 0;
        return n + (run_is(run, n, "skip") && run_is(run, n + 1, "locked") ? 2 : 0);
    }
    if (run_is(run, 0, "lock") && run_is(run, 1, "in") && run_is(run, 2, "share") && run_is(run, 3, "mode")) {
        return 4;
    }
    if (run_is(run, 0, "from") && run_is(run, 1, "dual") && !run_is(run, 2, ".")) {
        return 2;
    }
    if (run_is(run, 0, "collate") && run->operand != NO_PLACE &&
        engine_token_is_name(run_token(run, 1), true)) {
        return 2;
    }
    if (run_is(run, 0, "binary") && run->operand == NO_PLACE) {
        const EngineToken *next = run_token(run, 1);
        bool value = next->type != ENGINE_TOKEN_END &&
                     (next->type != ENGINE_TOKEN_SYMBOL || engine_token_is(next, "("));
        return value && !is_keyword(next);
    }
    return 0;
}

/* _utf8mb4'x', N'x', x'4D', b'01'. */
static bool write_introduced(Run *run, bool *ret_done)
{
    const EngineToken *word = run_token(run, 0), *text = run_token(run, 1);
    bool adjacent = text->type == ENGINE_TOKEN_TEXT && word->end == text->start;
    *ret_done = true;
    if (adjacent && engine_token_is(word, "x")) {
        run->i += 2;
        return hex_literal(run, text->text);
    }
    if (adjacent && engine_token_is(word, "b")) {
        run->i += 2;
        return bit_literal(run, text->text);
    }
    bool charset = *word->text == '_' && (text->type == ENGINE_TOKEN_TEXT || engine_token_is(text, "x"));
    static const char *const CHARSETS[] = {"_utf8mb4", "_utf8mb3", "_utf8",    "_latin1", "_binary",
                                           "_ascii",   "_gbk",     "_gb18030", "_ucs2",   "_utf16"};
    for (size_t i = 0; charset && i < G_N_ELEMENTS(CHARSETS); i++) {
        if (engine_token_is(word, CHARSETS[i])) {
            run->i++;
            return true;
        }
    }
    if (adjacent && engine_token_is(word, "n")) {
        run->i++;
        return true;
    }
    *ret_done = false;
    return true;
}

/* DATE 'x', TIMESTAMP 'x', TIME 'x' */
static bool write_typed(Run *run, bool *ret_done)
{
    static const char *const TYPES[] = {"date", "timestamp", "time"};
    for (size_t i = 0; i < G_N_ELEMENTS(TYPES) && run_token(run, 1)->type == ENGINE_TOKEN_TEXT; i++) {
        if (run_is(run, 0, TYPES[i])) {
            g_autoptr(GString) text = g_string_new(TYPES[i]);
            g_string_append_c(text, ' ');
            engine_sql_append_text(text, run_token(run, 1)->text);
            mysql_operand(run, text->str);
            run->i += 2;
            *ret_done = true;
        }
    }
    return true;
}

/* Words without parentheses that are values. */
static bool write_constant(Run *run, bool *ret_done)
{
    static const char *const WORDS[][2] = {
        {"current_timestamp", "mysql_now()"}, {"localtime", "mysql_now()"},
        {"localtimestamp", "mysql_now()"},    {"current_time", "curtime()"},
        {"utc_timestamp", "utc_timestamp()"}, {"utc_date", "utc_date()"},
        {"utc_time", "utc_time()"},           {"sysdate", "mysql_now()"}};
    if (run_is(run, 1, "(")) {
        return true;
    }
    if (run_is(run, 0, "current_user")) {
        *ret_done = true;
        bool ok = mysql_variable(run, "current_user()");
        run->i++;
        return ok;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(WORDS); i++) {
        if (run_is(run, 0, WORDS[i][0]) && i + 1 < G_N_ELEMENTS(WORDS)) {
            mysql_operand(run, WORDS[i][1]);
            run->i++;
            *ret_done = true;
            return true;
        }
    }
    return true;
}

static bool step_operator_word(Run *run, bool *ret_done)
{
    *ret_done = true;
    bool operand = run->operand != NO_PLACE;
    bool negated = run_is(run, 0, "not") && (run_is(run, 1, "regexp") || run_is(run, 1, "rlike"));
    if (run_is(run, 0, "div") && operand) {
        return write_infix(run, run->term, "fn_div");
    }
    if (run_is(run, 0, "mod") && operand) {
        mysql_plain(run, "%");
        run->multiplying = true;
        run->i++;
        return true;
    }
    if (run_is(run, 0, "xor") && operand) {
        write_xor(run);
        return true;
    }
    if (operand && (negated || run_is(run, 0, "regexp") || run_is(run, 0, "rlike"))) {
        return write_regexp(run, negated);
    }
    if (run_is(run, 0, "like")) {
        return write_like(run);
    }
    if (run_is(run, 0, "or")) {
        return write_boolean(run, "OR");
    }
    if (run_is(run, 0, "case")) {
        return write_case(run);
    }
    *ret_done = false;
    return true;
}

static bool step_clause_word(Run *run, bool *ret_done)
{
    *ret_done = true;
    if (run_is(run, 0, "select")) {
        return write_select(run);
    }
    if (run_is(run, 0, "limit")) {
        return write_limit(run);
    }
    if (run_is(run, 0, "group") && run_is(run, 1, "by")) {
        return write_group_by(run);
    }
    if (run_is(run, 0, "order") && run_is(run, 1, "by")) {
        mysql_plain(run, "ORDER BY");
        run->ordering = true;
        run->i += 2;
        return true;
    }
    if (run_is(run, 0, "straight_join")) {
        mysql_plain(run, "JOIN");
        run->i++;
        return true;
    }
    if (run_is(run, 0, "distinctrow")) {
        mysql_plain(run, "DISTINCT");
        run->i++;
        return true;
    }
    if (run_is(run, 0, "as") && run_token(run, 1)->type == ENGINE_TOKEN_TEXT) {
        g_autoptr(GString) text = g_string_new("AS ");
        engine_sql_append_name(text, run_token(run, 1)->text);
        mysql_plain(run, text->str);
        run->i += 2;
        return true;
    }
    *ret_done = false;
    return true;
}

static bool write_interval(Run *run, bool *ret_done)
{
    size_t end;
    bool dates_only;
    g_autofree char *interval = mysql_interval(run->m, run->i, run->end, &end, &dates_only);
    if (!interval) {
        return *run->m->error == NULL;
    }
    mysql_operand(run, interval);
    run->i = end;
    *ret_done = true;
    return true;
}

static bool step_plain_word(Run *run)
{
    const EngineToken *token = run_token(run, 0);
    if (run->ordering && (run_is(run, 0, "desc") || run_is(run, 0, "nulls"))) {
        run->descending = run->descending || run_is(run, 0, "desc");
        run->nulls_said = run->nulls_said || run_is(run, 0, "nulls");
    }
    if (!is_keyword(token)) {
        return write_name(run);
    }
    static const char *const BOUNDARIES[] = {"where", "on", "having", "when", "then",  "else", "from",
                                             "by",    "as", "set",    "join", "union", "with"};
    mysql_plain(run, token->text);
    for (size_t i = 0; i < G_N_ELEMENTS(BOUNDARIES); i++) {
        if (engine_token_is(token, BOUNDARIES[i])) {
            run->condition = NO_PLACE;
        }
    }
    run->i++;
    return true;
}

static void before_word(Run *run)
{
    static const char *const ENDS[] = {"where", "on",    "having", "when", "then",  "else",  "from",
                                       "group", "order", "limit",  "as",   "union", "join",  "left",
                                       "right", "inner", "cross",  "asc",  "desc",  "window"};
    if (run->ordering && ends_order(run_token(run, 0))) {
        end_order_item(run);
        run->ordering = false;
    }
    for (size_t i = 0; run->xor_open && i < G_N_ELEMENTS(ENDS); i++) {
        if (run_is(run, 0, ENDS[i])) {
            close_xor(run);
        }
    }
}

static bool step_dropped(Run *run, bool *ret_done)
{
    size_t drop = dropped(run);
    run->i += drop;
    *ret_done = drop > 0;
    return true;
}

static bool step_interval(Run *run, bool *ret_done)
{
    return !run_is(run, 0, "interval") || write_interval(run, ret_done);
}

static bool step_call(Run *run, bool *ret_done)
{
    return !run_is(run, 1, "(") || !run->m->close[run->i + 1] || mysql_call(run, ret_done);
}

static bool step_word(Run *run)
{
    /* in this order: each may take the word */
    static bool (*const STEPS[])(Run *, bool *) = {step_dropped,  write_introduced,   write_typed,
                                                   step_interval, step_operator_word, step_clause_word,
                                                   step_call,     write_constant};
    before_word(run);
    for (size_t i = 0; i < G_N_ELEMENTS(STEPS); i++) {
        bool done = false;
        if (!STEPS[i](run, &done)) {
            return false;
        }
        if (done) {
            return true;
        }
    }
    return step_plain_word(run);
}

/* ---- one token ------------------------------------------------------------------------------- */

/* MySQL takes 'x' behind a value for its alias. */
static bool is_alias(const Run *run)
{
    if (run->i == 0 || run->operand == NO_PLACE) {
        return false;
    }
    const EngineToken *before = sql_token(run->m->tokens, run->i - 1);
    return before->type == ENGINE_TOKEN_NAME || before->type == ENGINE_TOKEN_NUMBER ||
           engine_token_is(before, ")");
}

static bool step_text(Run *run)
{
    const EngineToken *token = run_token(run, 0);
    if (is_alias(run)) {
        g_autoptr(GString) text = g_string_new(NULL);
        engine_sql_append_name(text, token->text);
        mysql_plain(run, text->str);
        run->i++;
        return true;
    }
    mysql_literal(run, token);
    run->i++;
    return true;
}

static bool step_param(Run *run)
{
    g_autofree char *text = g_strdup_printf("$%u", run->m->param[run->i]);
    mysql_operand(run, text);
    run->i++;
    return true;
}

static bool step_number(Run *run)
{
    const EngineToken *token = run_token(run, 0);
    bool hex = token->text[0] == '0' && (token->text[1] == 'x' || token->text[1] == 'X');
    if (hex && !hex_literal(run, token->text + 2)) {
        return false;
    }
    if (!hex) {
        mysql_operand(run, token->text);
    }
    run->i++;
    return true;
}

static bool step(Run *run)
{
    switch (run_token(run, 0)->type) {
    case ENGINE_TOKEN_VARIABLE: {
        bool ok = mysql_variable(run, run_token(run, 0)->text);
        run->i++;
        return ok;
    }
    case ENGINE_TOKEN_PARAM:
        return step_param(run);
    case ENGINE_TOKEN_TEXT:
        return step_text(run);
    case ENGINE_TOKEN_NUMBER:
        return step_number(run);
    case ENGINE_TOKEN_NAME:
        return write_name(run);
    case ENGINE_TOKEN_WORD:
        return step_word(run);
    default:
        return step_symbol(run);
    }
}

static bool spend(Mysql *m, size_t i)
{
    if (m->steps++ < MYSQL_MIN_BUDGET + MYSQL_MAX_GROWTH * m->tokens->len) {
        return true;
    }
    return sql_fail_at(m->error, m->sql, sql_token(m->tokens, i)->start, "the statement is too complex");
}

char *mysql_text(Mysql *m, size_t start, size_t end)
{
    if (m->depth >= MYSQL_MAX_DEPTH) {
        sql_fail_at(m->error, m->sql, sql_token(m->tokens, start)->start,
                    "more than %d levels of parentheses", MYSQL_MAX_DEPTH);
        return NULL;
    }
    m->depth++;
    size_t max_bytes = MYSQL_MIN_BUDGET + MYSQL_MAX_GROWTH * m->sql_bytes;
    Run run = {.m = m,
               .i = start,
               .end = end,
               .out = g_string_new(NULL),
               .operand = NO_PLACE,
               .condition = NO_PLACE};
    bool ok = true;
    while (ok && run.i < end) {
        ok = spend(m, run.i) && step(&run);
    }
    if (ok && run.out->len > max_bytes) {
        ok =
            sql_fail_at(m->error, m->sql, sql_token(m->tokens, start)->start, "the statement is too complex");
    }
    if (ok) {
        end_order_item(&run);
        close_xor(&run);
    }
    m->depth--;
    return g_string_free(run.out, !ok);
}

/* ---- the statement --------------------------------------------------------------------------- */

/* Pairs parentheses; one without partner has none, and the engine's parser will say so. */
static void pair(Mysql *m)
{
    static const char OPEN[] = "([{", CLOSE[] = ")]}";
    g_autoptr(GArray) stack = g_array_new(FALSE, FALSE, sizeof(size_t));
    unsigned params = 0;
    for (size_t i = 0; i < m->tokens->len; i++) {
        const EngineToken *token = sql_token(m->tokens, i);
        if (token->type == ENGINE_TOKEN_PARAM) {
            m->param[i] = ++params;
        }
        if (token->type != ENGINE_TOKEN_SYMBOL || token->len != 1) {
            continue;
        }
        if (strchr(OPEN, *token->text)) {
            g_array_append_val(stack, i);
        } else if (strchr(CLOSE, *token->text) && stack->len > 0) {
            size_t open = g_array_index(stack, size_t, stack->len - 1);
            if (strchr(OPEN, *sql_token(m->tokens, open)->text) - OPEN ==
                strchr(CLOSE, *token->text) - CLOSE) {
                m->close[open] = i;
                g_array_set_size(stack, stack->len - 1);
            }
        }
    }
}

/* sql_mode matters only where it changes the reading of this text. */
static bool read_flags(const char *sql, EngineVariable variable, void *user, SqlFlags *ret, GError **error)
{
    *ret = SQL_MYSQL;
    if (!variable || (!strchr(sql, '"') && !strchr(sql, '\\') && !strstr(sql, "||"))) {
        return true;
    }
    g_autofree char *mode = variable("@@sql_mode", user, error);
    if (!mode) {
        return false;
    }
    *ret |= strstr(mode, "ANSI_QUOTES") ? SQL_ANSI_QUOTES : 0;
    *ret |= strstr(mode, "NO_BACKSLASH_ESCAPES") ? SQL_NO_BACKSLASH_ESCAPES : 0;
    *ret |= strstr(mode, "PIPES_AS_CONCAT") ? SQL_PIPES_AS_CONCAT : 0;
    return true;
}

char *engine_sql_from_mysql(const char *sql, EngineVariable variable, void *user, GError **error)
{
    SqlFlags flags;
    g_autoptr(GError) why = NULL;
    g_autoptr(GPtrArray) tokens = NULL;
    char *text = NULL;
    if (read_flags(sql, variable, user, &flags, &why) && (tokens = sql_tokenize(sql, flags, &why))) {
        g_autofree size_t *close = g_new0(size_t, tokens->len);
        g_autofree unsigned *param = g_new0(unsigned, tokens->len);
        Mysql m = {.sql = sql,
                   .tokens = tokens,
                   .close = close,
                   .param = param,
                   .flags = flags,
                   .variable = variable,
                   .user = user,
                   .sql_bytes = strlen(sql),
                   .error = &why};
        pair(&m);
        text = mysql_text(&m, 0, tokens->len - 1);
    }
    if (!text) {
        g_propagate_error(error, g_steal_pointer(&why));
    }
    return text;
}
