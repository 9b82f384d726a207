/* MySQL's dialect: words. Clauses, operators that are words, literals with a word before them, and what
 * MySQL knows and the engine need not (hints, locks, COLLATE). */
#include "engine/sql_mysql_int.h"

#include <string.h>

/* ---- OR, XOR, ORDER BY ----------------------------------------------------------------------- */

void mysql_close_xor(Run *run)
{
    if (run->xor_open) {
        g_string_append(run->out, ") AS BOOLEAN)");
        run->xor_open = false;
    }
}

/* A token that ends the operands of OR. */
void mysql_end_condition(Run *run)
{
    mysql_close_xor(run);
    run->condition = NO_PLACE;
}

static void write_xor(Run *run)
{
    mysql_close_xor(run);
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
void mysql_end_order_item(Run *run)
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
    mysql_begin_items(run);
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

/* Whether the last operand is all that stands left of a comparison: nothing before it binds tighter. */
static bool stands_alone(const Run *run)
{
    static const char *const BEFORE[] = {"(",  ",",    "SELECT", "WHERE", "AND",    "OR",   "NOT",
                                         "ON", "WHEN", "THEN",   "ELSE",  "HAVING", "CASE", "DISTINCT"};
    if (run->operand == NO_PLACE || run->out->str[run->operand] == '[') {
        return false;
    }
    size_t end = run->operand;
    while (end > 0 && g_ascii_isspace(run->out->str[end - 1])) {
        end--;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(BEFORE); i++) {
        size_t len = strlen(BEFORE[i]);
        bool here = end >= len && g_ascii_strncasecmp(run->out->str + end - len, BEFORE[i], len) == 0;
        bool word = g_ascii_isalpha(*BEFORE[i]) && end > len && !strchr(" \n(", run->out->str[end - len - 1]);
        if (here && !word) {
            return true;
        }
    }
    return end == 0;
}

/* What stands left of LIKE and REGEXP, and the pattern, are texts whatever they are. */
static void left_as_text(Run *run)
{
    if (stands_alone(run) && run->out->str[run->operand] != '\'') {
        g_string_insert(run->out, (gssize)run->operand, "CAST(");
        g_string_append(run->out, " AS VARCHAR)");
    }
}

static char *pattern_operand(Run *run)
{
    bool literal = run_token(run, 1)->type == ENGINE_TOKEN_TEXT;
    char *text = mysql_right_operand(run);
    if (!text || literal) {
        return text;
    }
    g_autofree char *owned = text;
    return g_strdup_printf("CAST(%s AS VARCHAR)", owned);
}

/* [NOT] REGEXP p: a part of the text may match; the engine's ~ wants all of it. */
static bool write_regexp(Run *run, bool negated)
{
    left_as_text(run);
    run->i += negated;
    g_autofree char *pattern = pattern_operand(run);
    if (!pattern) {
        return false;
    }
    g_string_append_printf(run->out, " %s ('(?s).*(?:' || %s || ').*')", negated ? "!~" : "~", pattern);
    run->operand = NO_PLACE;
    return true;
}

static bool write_like(Run *run, bool negated)
{
    left_as_text(run);
    if (negated) {
        mysql_plain(run, "NOT");
        run->i++;
    }
    size_t end = mysql_operand_end(run->m, run->i + 1, run->end);
    const EngineToken *pattern = run_token(run, 1);
    bool literal = pattern->type == ENGINE_TOKEN_TEXT && end == run->i + 2;
    bool escape = !engine_token_is(mysql_token_at(run->m, end, run->end), "escape") &&
                  (!literal || strchr(pattern->text, '\\'));
    mysql_plain(run, "LIKE ");
    g_autofree char *text = pattern_operand(run);
    if (!text) {
        return false;
    }
    g_string_append_printf(run->out, "%s%s", text, escape ? " ESCAPE '\\'" : "");
    return true;
}

/* Behind the part of a CASE that begins at i: at the next WHEN, THEN, ELSE of this CASE, or at `end`. */
static size_t case_part_end(const Mysql *m, size_t i, size_t end)
{
    for (; i < end; i++) {
        const EngineToken *token = sql_token(m->tokens, i);
        if (m->close[i]) {
            i = m->close[i];
        } else if (engine_token_is(token, "case")) {
            i = mysql_case_end(m, i, end) - 1;
        } else if (engine_token_is(token, "when") || engine_token_is(token, "then") ||
                   engine_token_is(token, "else")) {
            return i;
        }
    }
    return end;
}

/* The parts of a CASE, [i, end) without CASE and END; its results as texts when one of them is a text. */
static char *case_text(Mysql *m, size_t start, size_t end)
{
    bool texts = false, others = false;
    for (size_t at = start; at < end; at = case_part_end(m, at + 1, end)) {
        size_t next = case_part_end(m, at + 1, end);
        bool result = !engine_token_is(sql_token(m->tokens, at), "when") && at + 1 < next && at > start;
        texts = texts || (result && mysql_is_plain_text(m, at + 1, next));
        others = others || (result && sql_token(m->tokens, at + 1)->type != ENGINE_TOKEN_TEXT);
    }
    if (!texts || !others) {
        return mysql_text(m, start, end);
    }
    g_autoptr(GString) out = g_string_new(NULL);
    for (size_t at = start, next; at < end; at = next) {
        const EngineToken *word = sql_token(m->tokens, at);
        bool result = engine_token_is(word, "then") || engine_token_is(word, "else");
        next = case_part_end(m, at + 1, end);
        g_autofree char *part = mysql_text(m, at + result, next);
        if (!part) {
            return NULL;
        }
        g_string_append_printf(out, result ? "%s CAST(%s AS VARCHAR) " : "%s%s ", result ? word->text : "",
                               part);
    }
    return g_strdup(out->str);
}

static bool write_case(Run *run)
{
    size_t end = mysql_case_end(run->m, run->i, run->end);
    if (!engine_token_is(mysql_token_at(run->m, end - 1, run->end), "end") || end < run->i + 2) {
        mysql_plain(run, run_token(run, 0)->text);
        run->i++;
        return true;
    }
    g_autofree char *inner = case_text(run->m, run->i + 1, end - 1);
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
        return value && !mysql_is_keyword(next);
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
        return mysql_hex(run, text->text);
    }
    if (adjacent && engine_token_is(word, "b")) {
        run->i += 2;
        return mysql_bits(run, text->text);
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
    static const char *const WORDS[][2] = {{"current_timestamp", "mysql_now()"},
                                           {"localtime", "mysql_now()"},
                                           {"localtimestamp", "mysql_now()"},
                                           {"current_time", "curtime()"},
                                           {"current_date", "curdate()"},
                                           {"utc_timestamp", "utc_timestamp()"},
                                           {"utc_date", "utc_date()"},
                                           {"utc_time", "utc_time()"},
                                           {"sysdate", "mysql_now()"}};
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
    bool not_like = run_is(run, 0, "not") && run_is(run, 1, "like");
    if (run_is(run, 0, "div") && operand) {
        return mysql_infix(run, run->term, "fn_div");
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
    if (not_like || run_is(run, 0, "like")) {
        return write_like(run, not_like);
    }
    if (run_is(run, 0, "or")) {
        return mysql_or(run, "OR");
    }
    if (run_is(run, 0, "case")) {
        return write_case(run);
    }
    *ret_done = false;
    return true;
}

/* FROM t PARTITION (p): rows of all partitions would be another answer. */
static bool refuse_partition(const Run *run)
{
    base_fail(run->m->error, BASE_E_STATEMENT_REFUSED, "PARTITION (..) of a table is not read");
    base_error_hint(run->m->error,
                    "say which rows are meant: WHERE over the column that the table is partitioned by");
    sql_place_at(run->m->error, run->m->sql, run_token(run, 0)->start);
    return false;
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
    if (run_is(run, 0, "order") && run_is(run, 1, "by") && run_is(run, 2, "null") && !run_is(run, 3, ",")) {
        run->i += run_is(run, 3, "asc") || run_is(run, 3, "desc") ? 4 : 3; /* MySQL's way to say: no order */
        return true;
    }
    if (run_is(run, 0, "partition") && run_is(run, 1, "(")) {
        return refuse_partition(run);
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
    if (!mysql_is_keyword(token)) {
        return mysql_name(run);
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
        mysql_end_order_item(run);
        run->ordering = false;
    }
    for (size_t i = 0; run->xor_open && i < G_N_ELEMENTS(ENDS); i++) {
        if (run_is(run, 0, ENDS[i])) {
            mysql_close_xor(run);
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

bool mysql_step_word(Run *run)
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
