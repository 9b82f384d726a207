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
 * guesses, but for coercions (sql_coerce.c). */
#include <string.h>

#include "base/text.h"
#include "engine/sql_mysql_int.h"

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
bool mysql_name(Run *run)
{
    size_t end = mysql_name_end(run->m, run->i, run->end);
    size_t first = run->i;
    if (end - first == 5 && engine_token_is(mysql_token_at(run->m, end - 1, run->end), "*")) {
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
char *mysql_right_operand(Run *run)
{
    size_t end = mysql_operand_end(run->m, run->i + 1, run->end);
    char *text = mysql_text(run->m, run->i + 1, end);
    if (text) {
        run->i = end;
    }
    return text;
}

/* What begins at `place` becomes the first argument of `function`. */
bool mysql_infix(Run *run, size_t place, const char *function)
{
    g_autofree char *right = mysql_right_operand(run);
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
    mysql_put(run, "/ ");
    run->multiplying = true;
    g_autofree char *right = mysql_right_operand(run);
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
    bool call = before && run->operand != NO_PLACE && engine_token_is_name(before, false) &&
                !mysql_is_keyword(before);
    size_t operand = run->operand, term = run->term;
    g_autofree char *inner = mysql_text(run->m, run->i + 1, close);
    if (!inner) {
        return false;
    }
    g_autofree char *text = g_strdup_printf("%s%s%s", open, inner, sql_token(run->m->tokens, close)->text);
    mysql_operand(run, text);
    if (call) {
        run->operand = operand;
        run->term = term;
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

bool mysql_or(Run *run, const char *text)
{
    mysql_close_xor(run);
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
        return mysql_or(run, "OR");
    } else if (engine_token_is(token, "<=>")) {
        mysql_plain(run, "IS NOT DISTINCT FROM");
    } else if (engine_token_is(token, "!")) {
        return write_not(run);
    } else if (engine_token_is(token, "/")) {
        return write_division(run);
    } else if (engine_token_is(token, "^") && run->operand != NO_PLACE) {
        return mysql_infix(run, run->operand, "xor");
    } else if (engine_token_is(token, "\\") && run_is(run, 1, "N")) {
        run->i++;
        mysql_operand(run, "NULL");
    } else {
        if (engine_token_is(token, ",")) {
            mysql_end_order_item(run);
            mysql_end_condition(run);
        }
        mysql_plain(run, token->text);
        run->condition = engine_token_is(token, ",") ? NO_PLACE : run->condition;
        run->multiplying = engine_token_is(token, "*") || engine_token_is(token, "%");
    }
    run->i++;
    return true;
}

/* ---- one token ------------------------------------------------------------------------------- */

static bool is_arithmetic(const EngineToken *token)
{
    return token->type == ENGINE_TOKEN_SYMBOL && token->len == 1 && strchr("+-*/%", *token->text);
}

/* MySQL takes 'x' behind a value for its alias. */
static bool is_alias(const Run *run)
{
    if (run->i == 0 || run->operand == NO_PLACE) {
        return false;
    }
    const EngineToken *before = sql_token(run->m->tokens, run->i - 1);
    bool word = before->type == ENGINE_TOKEN_WORD && run->item != NO_PLACE &&
                (!mysql_is_keyword(before) || engine_token_is(before, "end")) &&
                !engine_token_is(before, "zone");
    return word || before->type == ENGINE_TOKEN_NAME || before->type == ENGINE_TOKEN_NUMBER ||
           engine_token_is(before, ")");
}

/* '5' + 3: a text that is a number, beside an operator of numbers. The engine would take it for the type of
 * the other side: '1.5' * 2 is 4. */
static bool is_number(const Run *run, const EngineToken *token)
{
    bool before =
        run->i > 0 && run->operand == NO_PLACE && is_arithmetic(sql_token(run->m->tokens, run->i - 1));
    bool behind = is_arithmetic(run_token(run, 1)) && !run_is(run, 2, "interval");
    double value;
    return (before || behind) && base_text_to_real(token->text, &value) &&
           g_ascii_isdigit(token->text[token->len - 1]);
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
    if (is_number(run, token)) {
        g_autofree char *text = g_strdup_printf("CAST('%s' AS DOUBLE)", token->text);
        mysql_operand(run, text);
    } else {
        mysql_literal(run, token);
    }
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
    if (hex && !mysql_hex(run, token->text + 2)) {
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
    mysql_watch_items(run);
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
        return mysql_name(run);
    case ENGINE_TOKEN_WORD:
        return mysql_step_word(run);
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
               .condition = NO_PLACE,
               .item = NO_PLACE};
    bool ok = true;
    while (ok && run.i < end) {
        ok = spend(m, run.i) && step(&run);
    }
    if (ok && run.out->len > max_bytes) {
        ok =
            sql_fail_at(m->error, m->sql, sql_token(m->tokens, start)->start, "the statement is too complex");
    }
    if (ok) {
        mysql_end_order_item(&run);
        mysql_close_xor(&run);
        mysql_end_item(&run);
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
    *ret = sql_mode_flags(mode);
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
