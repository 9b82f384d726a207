/* Calls of the MySQL dialect: functions with a grammar of their own (CAST, EXTRACT, GROUP_CONCAT), functions
 * whose name means something else to the engine (length, week, log), and those that only the session can
 * answer (database()). All others go through unchanged; many of them are macros (duckdb/functions_macros.c).
 */
#include "engine/sql_mysql_int.h"

#include <string.h>

#define MYSQL_MAX_ARGS 1024

typedef struct {
    size_t start, end;
} Arg;

/* A call: its arguments are tokens between top-level commas. */
typedef struct {
    Run *run;
    Mysql *m;
    size_t open, close;
    GArray *args; /* Arg */
} Call;

static Arg arg_of(const Call *call, size_t i)
{
    return g_array_index(call->args, Arg, i);
}

static char *arg_text(const Call *call, size_t i)
{
    Arg arg = arg_of(call, i);
    return mysql_text(call->m, arg.start, arg.end);
}

static const EngineToken *token_of(const Mysql *m, size_t i, size_t end)
{
    return sql_token(m->tokens, i < end ? i : m->tokens->len - 1);
}

static GArray *split_args(const Mysql *m, size_t start, size_t end)
{
    GArray *args = g_array_new(FALSE, FALSE, sizeof(Arg));
    Arg arg = {.start = start};
    for (size_t i = start; i < end; i++) {
        if (m->close[i]) {
            i = m->close[i];
        } else if (engine_token_is(sql_token(m->tokens, i), ",") && args->len < MYSQL_MAX_ARGS) {
            arg.end = i;
            g_array_append_val(args, arg);
            arg.start = i + 1;
        }
    }
    if (end > start) {
        arg.end = end;
        g_array_append_val(args, arg);
    }
    return args;
}

/* The first top-level token `word` in [start, end); end when there is none. */
static size_t find_word(const Mysql *m, size_t start, size_t end, const char *word)
{
    for (size_t i = start; i < end; i++) {
        if (m->close[i]) {
            i = m->close[i];
        } else if (engine_token_is(sql_token(m->tokens, i), word)) {
            return i;
        }
    }
    return end;
}

static bool finish(Call *call, char *text)
{
    g_autofree char *owned = text;
    mysql_operand(call->run, owned);
    call->run->i = call->close + 1;
    return true;
}

static bool is_text_literal(const Mysql *m, Arg arg)
{
    return arg.end == arg.start + 1 && token_of(m, arg.start, arg.end)->type == ENGINE_TOKEN_TEXT;
}

/* The argument as text, whatever it is. */
static char *as_text(Mysql *m, Arg arg)
{
    g_autofree char *text = mysql_text(m, arg.start, arg.end);
    if (!text || is_text_literal(m, arg)) {
        return g_steal_pointer(&text);
    }
    return g_strdup_printf("CAST(%s AS VARCHAR)", text);
}

/* name(arg, arg, ...); those that `as_texts` has a bit of, as text. */
static bool write_text_call(Call *call, const char *name, const char *first, unsigned as_texts)
{
    g_autoptr(GString) text = g_string_new(name);
    g_string_append_printf(text, "(%s", first);
    for (guint i = 0; i < call->args->len; i++) {
        bool is_text = i < 32 && (as_texts >> i & 1);
        g_autofree char *arg = is_text ? as_text(call->m, arg_of(call, i)) : arg_text(call, i);
        if (!arg) {
            return false;
        }
        g_string_append_printf(text, "%s%s", i > 0 ? ", " : "", arg);
    }
    g_string_append_c(text, ')');
    return finish(call, g_strdup(text->str));
}

static bool write_call(Call *call, const char *name, const char *first)
{
    return write_text_call(call, name, first, 0);
}

/* ---- values of time -------------------------------------------------------------------------- */

static bool is_date_text(const char *text)
{
    size_t len = strlen(text);
    return len >= 6 && len <= 10 && strspn(text, "0123456789-/.") == len && !strchr(text, ' ');
}

char *mysql_temporal(Mysql *m, size_t start, size_t end)
{
    const EngineToken *token = token_of(m, start, end);
    g_autofree char *text = mysql_text(m, start, end);
    if (!text) {
        return NULL;
    }
    bool date = end == start + 1 && token->type == ENGINE_TOKEN_TEXT && is_date_text(token->text);
    return g_strdup_printf(date ? "fn_date(%s)" : "fn_temporal(%s)", text);
}

typedef struct {
    const char *unit, *function, *type;
    int factor;
    bool dates_only;
} IntervalUnit;

static const IntervalUnit UNITS[] = {
    {"microsecond", "to_microseconds", "BIGINT", 1, false},
    {"second", "to_seconds", "DOUBLE", 1, false},
    {"minute", "to_minutes", "BIGINT", 1, false},
    {"hour", "to_hours", "BIGINT", 1, false},
    {"day", "to_days", "INTEGER", 1, true},
    {"week", "to_weeks", "INTEGER", 1, true},
    {"month", "to_months", "INTEGER", 1, true},
    {"quarter", "to_months", "INTEGER", 3, true},
    {"year", "to_years", "INTEGER", 1, true},
};

/* Without the prefix SQL_TSI_. */
static const IntervalUnit *unit_of(const EngineToken *token)
{
    const char *name = token->text;
    if (token->type != ENGINE_TOKEN_WORD && token->type != ENGINE_TOKEN_TEXT) {
        return NULL;
    }
    name += g_ascii_strncasecmp(name, "sql_tsi_", 8) == 0 ? 8 : 0;
    for (size_t i = 0; i < G_N_ELEMENTS(UNITS); i++) {
        if (g_ascii_strcasecmp(name, UNITS[i].unit) == 0) {
            return &UNITS[i];
        }
    }
    return NULL;
}

static bool is_pair_unit(const EngineToken *token)
{
    static const char *const PAIRS[] = {"second_microsecond", "minute_microsecond", "minute_second",
                                        "hour_microsecond",   "hour_second",        "hour_minute",
                                        "day_microsecond",    "day_second",         "day_minute",
                                        "day_hour",           "year_month"};
    for (size_t i = 0; i < G_N_ELEMENTS(PAIRS); i++) {
        if (engine_token_is(token, PAIRS[i])) {
            return true;
        }
    }
    return false;
}

static char *span_text(const IntervalUnit *unit, const char *amount)
{
    g_autofree char *factor = unit->factor == 1 ? g_strdup("") : g_strdup_printf("%d * ", unit->factor);
    return g_strdup_printf("%s(%sCAST(%s AS %s))", unit->function, factor, amount, unit->type);
}

char *mysql_interval(Mysql *m, size_t i, size_t end, size_t *ret_end, bool *ret_dates_only)
{
    /* an amount may be an expression without parentheses (INTERVAL a + 1 DAY): the unit ends it */
    size_t at = mysql_operand_end(m, i + 1, end);
    const IntervalUnit *unit = NULL;
    bool pair = false;
    for (; at < end; at = mysql_operand_end(m, at + 1, end)) {
        unit = unit_of(token_of(m, at, end));
        pair = is_pair_unit(token_of(m, at, end));
        if (unit || pair || !strchr("+-*/%", *token_of(m, at, end)->text)) {
            break;
        }
    }
    if ((!unit && !pair) || at >= end) {
        return NULL;
    }
    g_autofree char *amount = mysql_text(m, i + 1, at);
    if (!amount) {
        return NULL;
    }
    *ret_end = at + 1;
    *ret_dates_only = pair ? engine_token_is(token_of(m, at, end), "year_month") : unit->dates_only;
    if (pair) {
        g_autofree char *name = g_ascii_strdown(token_of(m, at, end)->text, -1);
        return g_strdup_printf("fn_interval(CAST(%s AS VARCHAR), '%s')", amount, name);
    }
    return span_text(unit, amount);
}

static char *moved(const char *date, const char *span, bool minus, bool dates_only)
{
    if (dates_only) {
        return g_strdup_printf("mysql_date_%s(%s, %s)", minus ? "sub" : "add", date, span);
    }
    return g_strdup_printf("(%s %c %s)", date, minus ? '-' : '+', span);
}

/* DATE_ADD(d, INTERVAL n UNIT), ADDDATE(d, n). */
static bool call_date_add(Call *call, bool minus)
{
    if (call->args->len != 2) {
        return write_call(call, minus ? "date_sub" : "date_add", "");
    }
    Arg second = arg_of(call, 1);
    g_autofree char *date = mysql_temporal(call->m, arg_of(call, 0).start, arg_of(call, 0).end);
    size_t end;
    bool dates_only = true;
    g_autofree char *span = NULL;
    if (engine_token_is(sql_token(call->m->tokens, second.start), "interval")) {
        span = mysql_interval(call->m, second.start, second.end, &end, &dates_only);
    }
    if (!span && *call->m->error == NULL) {
        g_autofree char *amount = arg_text(call, 1);
        span = amount ? span_text(unit_of(&(EngineToken){.type = ENGINE_TOKEN_WORD, .text = (char[]){"day"}}),
                                  amount)
                      : NULL;
    }
    return date && span && finish(call, moved(date, span, minus, dates_only));
}

static bool call_date_plus(Call *call)
{
    return call_date_add(call, false);
}

static bool call_date_minus(Call *call)
{
    return call_date_add(call, true);
}

static bool call_timestampadd(Call *call)
{
    const IntervalUnit *unit =
        call->args->len == 3 ? unit_of(sql_token(call->m->tokens, arg_of(call, 0).start)) : NULL;
    if (!unit) {
        return write_call(call, "timestampadd", "");
    }
    g_autofree char *amount = arg_text(call, 1);
    g_autofree char *date =
        amount ? mysql_temporal(call->m, arg_of(call, 2).start, arg_of(call, 2).end) : NULL;
    g_autofree char *span = date ? span_text(unit, amount) : NULL;
    return span && finish(call, moved(date, span, false, unit->dates_only));
}

/* DATE_TRUNC(t, 'month') of Doris, and the engine's DATE_TRUNC('month', t). */
static bool call_date_trunc(Call *call)
{
    if (call->args->len != 2) {
        return write_call(call, "date_trunc", "");
    }
    bool first = is_text_literal(call->m, arg_of(call, 0)) &&
                 unit_of(sql_token(call->m->tokens, arg_of(call, 0).start));
    bool second = is_text_literal(call->m, arg_of(call, 1)) &&
                  unit_of(sql_token(call->m->tokens, arg_of(call, 1).start));
    g_autofree char *unit = arg_text(call, second && !first);
    g_autofree char *value = unit ? arg_text(call, !second || first) : NULL;
    return value && finish(call, g_strdup_printf("mysql_date_trunc(%s, %s)", unit, value));
}

static bool call_timestampdiff(Call *call)
{
    const IntervalUnit *unit =
        call->args->len == 3 ? unit_of(sql_token(call->m->tokens, arg_of(call, 0).start)) : NULL;
    if (!unit) {
        return write_call(call, "timestampdiff", "");
    }
    g_autofree char *from = arg_text(call, 1);
    g_autofree char *to = from ? arg_text(call, 2) : NULL;
    return to && finish(call, g_strdup_printf("%ss_diff(%s, %s)", unit->unit, to, from));
}

/* EXTRACT(unit FROM x); a pair of units is the decimal digits of both, one behind the other. */
static bool call_extract(Call *call)
{
    size_t from = call->open + 2;
    if (!engine_token_is(token_of(call->m, from, call->close), "from")) {
        return write_call(call, "extract", "");
    }
    const EngineToken *unit = sql_token(call->m->tokens, call->open + 1);
    g_autofree char *value = mysql_text(call->m, from + 1, call->close);
    if (!value) {
        return false;
    }
    if (!is_pair_unit(unit)) {
        g_autofree char *name = g_ascii_strdown(unit->text, -1);
        return finish(call,
                      g_strdup_printf(unit_of(unit) ? "mysql_%s(%s)"
                                                    : "extract(%s FROM CAST(fn_temporal(%s) AS TIMESTAMP))",
                                      name, value));
    }
    static const struct {
        const char *from, *to, *format;
    } FORMATS[] = {{"year", "month", "%Y%m"},
                   {"day", "hour", "%d%H"},
                   {"day", "minute", "%d%H%i"},
                   {"day", "second", "%d%H%i%s"},
                   {"day", "microsecond", "%d%H%i%s%f"},
                   {"hour", "minute", "%H%i"},
                   {"hour", "second", "%H%i%s"},
                   {"hour", "microsecond", "%H%i%s%f"},
                   {"minute", "second", "%i%s"},
                   {"minute", "microsecond", "%i%s%f"},
                   {"second", "microsecond", "%s%f"}};
    for (size_t i = 0; i < G_N_ELEMENTS(FORMATS); i++) {
        g_autofree char *pair = g_strconcat(FORMATS[i].from, "_", FORMATS[i].to, NULL);
        if (g_ascii_strcasecmp(unit->text, pair) == 0) {
            const char *function = strchr("ydm", *pair) && strcmp(FORMATS[i].from, "minute") != 0
                                       ? "date_format"
                                       : "time_format";
            return finish(
                call, g_strdup_printf("CAST(%s(%s, '%s') AS BIGINT)", function, value, FORMATS[i].format));
        }
    }
    return write_call(call, "extract", "");
}

/* ---- CAST and CONVERT ------------------------------------------------------------------------ */

static const char *const CAST_TYPES[][2] = {
    {"signed", "BIGINT"},     {"unsigned", "UBIGINT"},   {"char", "VARCHAR"},        {"nchar", "VARCHAR"},
    {"varchar", "VARCHAR"},   {"string", "VARCHAR"},     {"text", "VARCHAR"},        {"binary", "VARCHAR"},
    {"date", "DATE"},         {"datetime", "TIMESTAMP"}, {"timestamp", "TIMESTAMP"}, {"time", "TIME"},
    {"json", "JSON"},         {"float", "FLOAT"},        {"double", "DOUBLE"},       {"real", "DOUBLE"},
    {"year", "INTEGER"},      {"int", "INTEGER"},        {"integer", "INTEGER"},     {"bigint", "BIGINT"},
    {"smallint", "SMALLINT"}, {"tinyint", "TINYINT"},    {"largeint", "HUGEINT"},    {"boolean", "BOOLEAN"},
    {"bool", "BOOLEAN"},      {"datev2", "DATE"},        {"datetimev2", "TIMESTAMP"}};

char *mysql_cast_type(Mysql *m, size_t start, size_t end)
{
    const EngineToken *word = token_of(m, start, end);
    if (engine_token_is(word, "decimal") || engine_token_is(word, "dec") ||
        engine_token_is(word, "numeric")) {
        g_autofree char *size = mysql_text(m, start + 1, end);
        return size ? g_strdup_printf("DECIMAL%s", *size ? size : "(10,0)") : NULL;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(CAST_TYPES); i++) {
        if (engine_token_is(word, CAST_TYPES[i][0])) {
            return g_strdup(CAST_TYPES[i][1]);
        }
    }
    return mysql_text(m, start, end);
}

static bool has_subquery(const Mysql *m, Arg value)
{
    for (size_t i = value.start; i < value.end; i++) {
        if (engine_token_is(sql_token(m->tokens, i), "select")) {
            return true;
        }
    }
    return false;
}

static char *cast_text(Mysql *m, Arg value, Arg type)
{
    g_autofree char *name = mysql_cast_type(m, type.start, type.end);
    bool date = name && strcmp(name, "DATE") == 0, timestamp = name && strcmp(name, "TIMESTAMP") == 0;
    g_autofree char *text = mysql_text(m, value.start, value.end);
    if (!text || !name) {
        return NULL;
    }
    const EngineToken *size = token_of(m, type.start + 2, type.end);
    if (strcmp(name, "VARCHAR") == 0 && size->type == ENGINE_TOKEN_NUMBER) {
        return g_strdup_printf("left(CAST(%s AS VARCHAR), %s)", text, size->text);
    }
    if (engine_token_is(token_of(m, type.start, type.end), "signed") &&
        !has_subquery(m, value)) { /* the macro names its argument more than once */
        return g_strdup_printf("mysql_signed(%s)", text);
    }
    if (date || timestamp) { /* what is no date is NULL, not an error */
        return g_strdup_printf("CAST(fn_temporal(%s) AS %s)", text, name);
    }
    return g_strdup_printf("CAST(%s AS %s)", text, name);
}

static bool call_cast(Call *call)
{
    size_t as = find_word(call->m, call->open + 1, call->close, "as");
    if (as == call->close) {
        return write_call(call, "cast", "");
    }
    char *text = cast_text(call->m, (Arg){call->open + 1, as}, (Arg){as + 1, call->close});
    return text && finish(call, text);
}

/* CONVERT(x, type) and CONVERT(x USING charset). */
static bool call_convert(Call *call)
{
    size_t using = find_word(call->m, call->open + 1, call->close, "using");
    if (using < call->close) {
        g_autofree char *value = mysql_text(call->m, call->open + 1, using);
        return value && finish(call, g_strdup_printf("CAST(%s AS VARCHAR)", value));
    }
    if (call->args->len != 2) {
        return write_call(call, "convert", "");
    }
    char *text = cast_text(call->m, arg_of(call, 0), arg_of(call, 1));
    return text && finish(call, text);
}

/* ---- conditions, lists ----------------------------------------------------------------------- */

/* A text among values of another type makes all of them texts: IFNULL(v, '-'). */
static bool any_plain_text(const Call *call, guint first)
{
    for (guint i = first; i < call->args->len; i++) {
        if (mysql_is_plain_text(call->m, arg_of(call, i).start, arg_of(call, i).end)) {
            return true;
        }
    }
    return false;
}

static bool call_coalesce(Call *call)
{
    return write_text_call(call, "coalesce", "", any_plain_text(call, 0) ? ~0u : 0);
}

static bool call_if(Call *call)
{
    if (call->args->len != 3) {
        return write_call(call, "if", "");
    }
    bool texts = any_plain_text(call, 1);
    g_autofree char *condition = arg_text(call, 0);
    g_autofree char *yes = !condition ? NULL : texts ? as_text(call->m, arg_of(call, 1)) : arg_text(call, 1);
    g_autofree char *no = !yes ? NULL : texts ? as_text(call->m, arg_of(call, 2)) : arg_text(call, 2);
    return no && finish(call, g_strdup_printf("CASE WHEN %s THEN %s ELSE %s END", condition, yes, no));
}

static bool call_isnull(Call *call)
{
    g_autofree char *text = mysql_text(call->m, call->open + 1, call->close);
    return text && finish(call, g_strdup_printf("((%s) IS NULL)", text));
}

/* NULL when any argument is: the engine's concat and greatest skip NULLs. */
static bool call_concat(Call *call)
{
    g_autoptr(GString) text = g_string_new("(");
    for (guint i = 0; i < call->args->len; i++) {
        g_autofree char *arg = arg_text(call, i);
        if (!arg) {
            return false;
        }
        g_string_append_printf(text, "%sCAST(%s AS VARCHAR)", i > 0 ? " || " : "", arg);
    }
    g_string_append_c(text, ')');
    return finish(call, g_strdup(text->str));
}

static bool is_constant(const Mysql *m, Arg arg)
{
    EngineTokenType type = token_of(m, arg.start, arg.end)->type;
    return arg.end == arg.start + 1 && (type == ENGINE_TOKEN_NUMBER || type == ENGINE_TOKEN_TEXT);
}

static bool call_extreme(Call *call, const char *name)
{
    g_autoptr(GString) list = g_string_new(NULL), nulls = g_string_new(NULL);
    for (guint i = 0; i < call->args->len; i++) {
        g_autofree char *text = arg_text(call, i);
        if (!text) {
            return false;
        }
        g_string_append_printf(list, "%s%s", i > 0 ? ", " : "", text);
        if (!is_constant(call->m, arg_of(call, i))) {
            g_string_append_printf(nulls, "%s(%s) IS NOT NULL", nulls->len > 0 ? " AND " : "", text);
        }
    }
    return finish(call, nulls->len > 0
                            ? g_strdup_printf("CASE WHEN %s THEN %s(%s) END", nulls->str, name, list->str)
                            : g_strdup_printf("%s(%s)", name, list->str));
}

static bool call_greatest(Call *call)
{
    return call_extreme(call, "greatest");
}

static bool call_least(Call *call)
{
    return call_extreme(call, "least");
}

/* COUNT(DISTINCT a, b): combinations without any NULL. */
static bool call_count(Call *call)
{
    bool distinct = engine_token_is(token_of(call->m, call->open + 1, call->close), "distinct");
    if (!distinct || call->args->len < 2) {
        return write_call(call, "count", "");
    }
    g_autoptr(GString) list = g_string_new(NULL), nulls = g_string_new(NULL);
    for (guint i = 0; i < call->args->len; i++) {
        Arg arg = arg_of(call, i);
        g_autofree char *text = mysql_text(call->m, arg.start + (i == 0), arg.end);
        if (!text) {
            return false;
        }
        g_string_append_printf(list, "%s%s", i > 0 ? ", " : "", text);
        g_string_append_printf(nulls, "%s(%s) IS NOT NULL", i > 0 ? " AND " : "", text);
    }
    return finish(call,
                  g_strdup_printf("count(DISTINCT CASE WHEN %s THEN row(%s) END)", nulls->str, list->str));
}

/* GROUP_CONCAT([DISTINCT] a, b [ORDER BY ..] [SEPARATOR 'x']) */
static bool call_group_concat(Call *call)
{
    Mysql *m = call->m;
    size_t start = call->open + 1;
    bool distinct = engine_token_is(token_of(m, start, call->close), "distinct");
    start += distinct;
    size_t separator = find_word(m, start, call->close, "separator");
    size_t order = find_word(m, start, separator, "order");
    g_autoptr(GArray) args = split_args(m, start, order);
    g_autoptr(GString) value = g_string_new(NULL);
    for (guint i = 0; i < args->len; i++) {
        Arg arg = g_array_index(args, Arg, i);
        g_autofree char *text = mysql_text(m, arg.start, arg.end);
        if (!text) {
            return false;
        }
        g_string_append_printf(value, args->len > 1 ? "%sCAST(%s AS VARCHAR)" : "%s%s", i > 0 ? " || " : "",
                               text);
    }
    g_autofree char *by = order < separator ? mysql_text(m, order, separator) : g_strdup("");
    g_autofree char *mark =
        separator < call->close ? mysql_text(m, separator + 1, call->close) : g_strdup("','");
    return by && mark &&
           finish(call, g_strdup_printf("string_agg(%s%s, %s%s%s)", distinct ? "DISTINCT " : "", value->str,
                                        mark, *by ? " " : "", by));
}

/* FIELD(x, a, b, ...), ELT(n, a, b, ...) */
static bool call_list(Call *call, bool elt)
{
    if (call->args->len < 2) {
        return write_call(call, elt ? "elt" : "field", "");
    }
    g_autofree char *first = arg_text(call, 0);
    g_autofree char *rest = first ? mysql_text(call->m, arg_of(call, 1).start, call->close) : NULL;
    if (!rest) {
        return false;
    }
    return finish(call, elt ? g_strdup_printf("list_extract([%s], %s)", rest, first)
                            : g_strdup_printf("coalesce(list_position([%s], %s), 0)", rest, first));
}

static bool call_field(Call *call)
{
    return call_list(call, false);
}

static bool call_elt(Call *call)
{
    return call_list(call, true);
}

/* CHAR(77, 121 [USING cs]) */
static bool call_char(Call *call)
{
    size_t end = find_word(call->m, call->open + 1, call->close, "using");
    g_autoptr(GArray) args = split_args(call->m, call->open + 1, end);
    g_autoptr(GString) text = g_string_new("(");
    for (guint i = 0; i < args->len; i++) {
        Arg arg = g_array_index(args, Arg, i);
        g_autofree char *code = mysql_text(call->m, arg.start, arg.end);
        if (!code) {
            return false;
        }
        g_string_append_printf(text, "%schr(CAST(%s AS INTEGER))", i > 0 ? " || " : "", code);
    }
    g_string_append_c(text, ')');
    return finish(call, g_strdup(text->str));
}

/* TRIM([BOTH | LEADING | TRAILING] [remstr] FROM s): the engine trims a set of characters, MySQL a string. */
static bool call_trim(Call *call)
{
    Mysql *m = call->m;
    size_t start = call->open + 1, from = find_word(m, start, call->close, "from");
    if (from == call->close) {
        return write_text_call(call, "trim", "", 3);
    }
    static const char *const SIDES[] = {"both", "leading", "trailing"};
    const char *side = "both";
    for (size_t i = 0; i < G_N_ELEMENTS(SIDES); i++) {
        if (engine_token_is(sql_token(m->tokens, start), SIDES[i])) {
            side = SIDES[i];
            start++;
            break;
        }
    }
    g_autofree char *what = start < from ? as_text(m, (Arg){start, from}) : g_strdup("' '");
    g_autofree char *text = what ? as_text(m, (Arg){from + 1, call->close}) : NULL;
    return text && finish(call, g_strdup_printf("mysql_trim_%s(%s, %s)", side, what, text));
}

/* SUBSTRING(s, a[, n]), SUBSTRING(s FROM a [FOR n]) */
static bool call_substring(Call *call)
{
    Mysql *m = call->m;
    size_t start = call->open + 1, from = find_word(m, start, call->close, "from");
    if (from == call->close) {
        return write_text_call(call, "mysql_substr", "", 1);
    }
    size_t count = find_word(m, from + 1, call->close, "for");
    g_autofree char *text = as_text(m, (Arg){start, from});
    g_autofree char *place = text ? mysql_text(m, from + 1, count) : NULL;
    g_autofree char *n = !place                ? NULL
                         : count < call->close ? mysql_text(m, count + 1, call->close)
                                               : g_strdup("");
    return n && finish(call, g_strdup_printf("mysql_substr(%s, %s%s%s)", text, place, *n ? ", " : "", n));
}

/* POSITION(part IN s) */
static bool call_position(Call *call)
{
    size_t in = find_word(call->m, call->open + 1, call->close, "in");
    if (in == call->close) {
        return write_call(call, "position", "");
    }
    g_autofree char *part = as_text(call->m, (Arg){call->open + 1, in});
    g_autofree char *text = part ? as_text(call->m, (Arg){in + 1, call->close}) : NULL;
    return text && finish(call, g_strdup_printf("instr(%s, %s)", text, part));
}

static bool call_log(Call *call)
{
    return write_call(call, call->args->len == 1 ? "mysql_ln" : "mysql_log", "");
}

static bool call_atan(Call *call)
{
    return write_call(call, call->args->len == 2 ? "atan2" : "atan", "");
}

static bool call_distinct_count(Call *call)
{
    return write_call(call, "count", "DISTINCT ");
}

static bool call_uuid(Call *call)
{
    return finish(call, g_strdup("CAST(uuid() AS VARCHAR)"));
}

static bool call_rand(Call *call)
{
    return finish(call, g_strdup("random()"));
}

static bool call_json_extract(Call *call)
{
    if (call->args->len < 3) {
        return write_call(call, "json_extract", "");
    }
    g_autoptr(GString) text = g_string_new("json_array(");
    g_autofree char *document = arg_text(call, 0);
    for (guint i = 1; document && i < call->args->len; i++) {
        g_autofree char *path = arg_text(call, i);
        if (!path) {
            return false;
        }
        g_string_append_printf(text, "%sjson_extract(%s, %s)", i > 1 ? ", " : "", document, path);
    }
    g_string_append_c(text, ')');
    return document && finish(call, g_strdup(text->str));
}

/* ---- the tables ------------------------------------------------------------------------------ */

static const struct {
    const char *name;
    bool (*write)(Call *call);
} CALLS[] = {
    {"adddate", call_date_plus},
    {"atan", call_atan},
    {"bitmap_union_count", call_distinct_count},
    {"cast", call_cast},
    {"char", call_char},
    {"coalesce", call_coalesce},
    {"concat", call_concat},
    {"convert", call_convert},
    {"count", call_count},
    {"date_add", call_date_plus},
    {"date_sub", call_date_minus},
    {"date_trunc", call_date_trunc},
    {"elt", call_elt},
    {"extract", call_extract},
    {"field", call_field},
    {"greatest", call_greatest},
    {"group_concat", call_group_concat},
    {"if", call_if},
    {"ifnull", call_coalesce},
    {"isnull", call_isnull},
    {"json_extract", call_json_extract},
    {"least", call_least},
    {"log", call_log},
    {"mid", call_substring},
    {"multi_distinct_count", call_distinct_count},
    {"nvl", call_coalesce},
    {"position", call_position},
    {"rand", call_rand},
    {"subdate", call_date_minus},
    {"substr", call_substring},
    {"substring", call_substring},
    {"timestampadd", call_timestampadd},
    {"timestampdiff", call_timestampdiff},
    {"trim", call_trim},
    {"uuid", call_uuid},
};

/* What only the session knows. */
static const char *const OF_SESSION[] = {"connection_id", "current_role",   "current_user", "database",
                                         "found_rows",    "last_insert_id", "row_count",    "schema",
                                         "session_user",  "system_user",    "user",         "version"};

/* DuckDB's own spellings stay usable: date_diff, strftime and the like are in no table. */
static bool write_known(Call *call, const EngineToken *name, bool *ret_done)
{
    *ret_done = true;
    for (size_t i = 0; i < G_N_ELEMENTS(CALLS); i++) {
        if (engine_token_is(name, CALLS[i].name)) {
            return CALLS[i].write(call);
        }
    }
    const MysqlName *known = mysql_name_of(name);
    if (known) {
        return write_text_call(call, known->engine, "", known->text);
    }
    *ret_done = false;
    return true;
}

static bool write_session(Call *call, const EngineToken *name, bool *ret_done)
{
    for (size_t i = 0; i < G_N_ELEMENTS(OF_SESSION) && call->args->len == 0; i++) {
        if (engine_token_is(name, OF_SESSION[i])) {
            g_autofree char *lower = g_ascii_strdown(name->text, -1);
            g_autofree char *text = g_strconcat(lower, "()", NULL);
            *ret_done = true;
            bool ok = mysql_variable(call->run, text);
            call->run->i = call->close + 1;
            return ok;
        }
    }
    return true;
}

bool mysql_call(Run *run, bool *ret_done)
{
    const EngineToken *name = run_token(run, 0);
    Call call = {.run = run, .m = run->m, .open = run->i + 1, .close = run->m->close[run->i + 1]};
    g_autoptr(GArray) args = split_args(run->m, call.open + 1, call.close);
    call.args = args;
    return write_session(&call, name, ret_done) && (*ret_done || write_known(&call, name, ret_done));
}
