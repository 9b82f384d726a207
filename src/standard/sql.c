/* What the SQL of a table says, read from its tokens: cheap enough for every model at every save, and for the
 * SQL of other warehouses, which the engine's parser does not know. */
#include "standard/sql_int.h"

#include <string.h>

static bool one_of(const char *text, const char *const *words)
{
    for (; *words != NULL; words++) {
        if (sql_may_be(text, *words) && g_ascii_strcasecmp(text, *words) == 0) {
            return true;
        }
    }
    return false;
}

bool standard_is_aggregate(const char *function)
{
    static const char *const AGGREGATES[] = {"sum",
                                             "count",
                                             "avg",
                                             "min",
                                             "max",
                                             "any_value",
                                             "approx_count_distinct",
                                             "array_agg",
                                             "bitmap_union",
                                             "collect_list",
                                             "collect_set",
                                             "count_if",
                                             "first",
                                             "group_concat",
                                             "last",
                                             "listagg",
                                             "median",
                                             "mode",
                                             "percentile",
                                             "percentile_approx",
                                             "quantile",
                                             "quantile_cont",
                                             "string_agg",
                                             "stddev",
                                             "stddev_pop",
                                             "stddev_samp",
                                             "sum_distinct",
                                             "var_pop",
                                             "var_samp",
                                             "variance",
                                             "arg_max",
                                             "arg_min",
                                             "max_by",
                                             "min_by",
                                             "bool_or",
                                             "bool_and",
                                             NULL};
    return one_of(function, AGGREGATES);
}

/* ---- one fact each -------------------------------------------------------------------------------- */

/* Calls that give another answer at another time; some stand without parentheses. */
static const char *moment_of(const SqlText *text, guint i)
{
    static const char *const BARE[] = {"current_date",   "current_timestamp", "current_time", "localtime",
                                       "localtimestamp", "sysdate",           "rownum",       NULL};
    static const char *const CALLED[] = {"now",
                                         "rand",
                                         "random",
                                         "uuid",
                                         "gen_random_uuid",
                                         "newid",
                                         "getdate",
                                         "sysdate",
                                         "curdate",
                                         "curtime",
                                         "today",
                                         "utc_date",
                                         "utc_time",
                                         "utc_timestamp",
                                         "clock_timestamp",
                                         "get_current_timestamp",
                                         "transaction_timestamp",
                                         "statement_timestamp",
                                         "randn",
                                         NULL};
    const EngineToken *token = text->words[i].token;
    bool column = (i > 0 && sql_is(text, i - 1, ".")) || sql_is(text, i + 1, ".") || text->words[i].alias;
    if (token->type != ENGINE_TOKEN_WORD || column) {
        return NULL;
    }
    bool called = sql_is(text, i + 1, "(");
    bool empty = called && sql_is(text, i + 2, ")");
    if (one_of(token->text, BARE) || (called && one_of(token->text, CALLED)) ||
        (empty && g_ascii_strcasecmp(token->text, "unix_timestamp") == 0)) {
        return token->text;
    }
    return NULL;
}

/* The ")" of the "(" at i. */
static guint close_of(const SqlText *text, guint i)
{
    guint open = 0;
    for (; i < text->n; i++) {
        open += sql_is(text, i, "(") ? 1 : 0;
        if (sql_is(text, i, ")") && --open == 0) {
            return i;
        }
    }
    return text->n;
}

static bool has_order(const SqlText *text, guint from, guint to)
{
    for (guint i = from; i < to; i++) {
        if (sql_is(text, i, "order")) {
            return true;
        }
    }
    return false;
}

/* ORDER BY of the same query as the LIMIT at i. */
static bool is_ordered(const SqlText *text, guint i)
{
    guint level = text->words[i].level;
    for (guint at = i; at-- > 0;) {
        if (text->words[at].level == level && sql_is(text, at, "order")) {
            return true;
        }
        if (text->words[at].level == level && sql_is(text, at, "select")) {
            return false;
        }
    }
    return false;
}

static void read_limit(const SqlText *text, guint i, StandardSql *facts)
{
    bool limit = sql_is(text, i, "limit") && !text->words[i].alias && i > 0 && !sql_is(text, i - 1, ".");
    bool fetch = sql_is(text, i, "fetch") && (sql_is(text, i + 1, "first") || sql_is(text, i + 1, "next"));
    bool top = sql_is(text, i, "top") && i > 0 && sql_is(text, i - 1, "select") && i + 1 < text->n &&
               text->words[i + 1].token->type == ENGINE_TOKEN_NUMBER;
    if (top) {
        bool ordered = has_order(text, i, text->n);
        facts->bare_limit = facts->bare_limit || !ordered;
    } else if (limit || fetch) {
        bool ordered = is_ordered(text, i);
        facts->bare_limit = facts->bare_limit || !ordered;
        facts->order_by = facts->order_by || ordered;
    }
}

static bool is_ranking(const char *name)
{
    static const char *const RANKINGS[] = {"row_number", "first_value", "last_value", "nth_value",  "lag",
                                           "lead",       "ntile",       "rank",       "dense_rank", NULL};
    return one_of(name, RANKINGS);
}

static void read_call(const SqlText *text, guint i, StandardSql *facts)
{
    const char *name = text->words[i].token->text;
    guint close = close_of(text, i + 1);
    guint over = close + 1;
    if (sql_is(text, over, "filter")) {
        over = close_of(text, over + 1) + 1;
    }
    bool window = sql_is(text, over, "over");
    facts->window = facts->window || window;
    if (window && is_ranking(name) && sql_is(text, over + 1, "(") &&
        !has_order(text, over + 1, close_of(text, over + 1))) {
        facts->row_number_open = true;
    }
    facts->aggregate = facts->aggregate || (!window && standard_is_aggregate(name));
    facts->n_aggregates += !window && standard_is_aggregate(name) ? 1 : 0;
    static const char *const CHOOSING[] = {"min",     "max",     "any_value", "first",  "last",
                                           "arg_max", "arg_min", "max_by",    "min_by", NULL};
    facts->n_sums += !window && standard_is_aggregate(name) && !one_of(name, CHOOSING) ? 1 : 0;
    static const char *const NEWEST[] = {"max_pt", "max_partition", "latest_partition", NULL};
    facts->max_partition = facts->max_partition || one_of(name, NEWEST);
}

/* The query in the parentheses at i takes `day` only up to one that its run is told. */
static bool is_bounded(const SqlText *text, guint i, const char *day)
{
    guint close = close_of(text, i);
    for (; i < close && !sql_is(text, i, "where"); i++) {
    }
    for (; i + 2 < close; i++) {
        bool below = sql_is(text, i + 1, "<") || sql_is(text, i + 1, "<=") || sql_is(text, i + 1, "=");
        if (sql_is(text, i, day) && below && sql_is_filled_in(text, i + 2)) {
            return true;
        }
    }
    return false;
}

/* (SELECT max(dt) FROM ...) where a day is compared. */
static void read_newest(const SqlText *text, guint i, StandardSql *facts)
{
    static const char *const DAYS[] = {"dt",       "ds", "pt", "p_date", "part_date", "partition_date",
                                       "biz_date", NULL};
    guint at = i + 3;
    if (!sql_is(text, i, "select") || i == 0 || !sql_is(text, i - 1, "(") || !sql_is(text, i + 1, "max")) {
        return;
    }
    if (sql_is(text, at + 1, ".")) {
        at += 2;
    }
    if (at < text->n && one_of(text->words[at].token->text, DAYS) && sql_is(text, at + 1, ")") &&
        !is_bounded(text, i - 1, text->words[at].token->text)) {
        facts->max_partition = true;
    }
}

static void read_star(const SqlText *text, guint i, StandardSql *facts)
{
    bool after = i > 0 && (sql_is(text, i - 1, "select") || sql_is(text, i - 1, "distinct") ||
                           sql_is(text, i - 1, "all") || sql_is(text, i - 1, ".") ||
                           (sql_is(text, i - 1, ",") && text->words[i].part == SQL_PART_SELECT));
    /* Inside WITH and subqueries a star only hands columns to the query around it. */
    if (sql_is(text, i, "*") && after && text->words[i].part == SQL_PART_SELECT &&
        text->words[i].level == 0) {
        facts->star = true;
    }
}

/* The column (its qualifier skipped) that is at `i`; *ret_end is behind it. NULL = none. */
static const char *column_at(const SqlText *text, guint i, guint *ret_end)
{
    i = sql_is_name(text, i) && sql_is(text, i + 1, ".") ? i + 2 : i;
    *ret_end = i + 1;
    return sql_is_name(text, i) ? text->words[i].token->text : NULL;
}

/* The column of CASE column WHEN ... that the WHEN at `i` belongs to; NULL = there is none. */
static const char *case_column(const SqlText *text, guint i)
{
    guint inner = 0;
    while (i-- > 0) {
        inner += sql_is(text, i, "end") ? 1 : 0;
        if (sql_is(text, i, "case") && inner-- == 0) {
            guint end = 0;
            const char *column = column_at(text, i + 1, &end);
            return sql_is(text, end, "when") ? column : NULL;
        }
    }
    return NULL;
}

static bool is_literal(const SqlText *text, guint i)
{
    EngineTokenType type = i < text->n ? text->words[i].token->type : ENGINE_TOKEN_NAME;
    return type == ENGINE_TOKEN_NUMBER || type == ENGINE_TOKEN_TEXT;
}

/* CASE status WHEN 1 THEN 'paid', CASE WHEN o.status = 1 THEN 'paid'. */
static void read_case(const SqlText *text, guint i, StandardSql *facts)
{
    if (!sql_is(text, i, "when")) {
        return;
    }
    guint code = i + 1;
    const char *column = NULL;
    if (is_literal(text, code)) {
        column = case_column(text, i);
    } else {
        column = column_at(text, i + 1, &code);
        column = sql_is(text, code, "=") ? column : NULL;
        code++;
    }
    if (column == NULL || !is_literal(text, code) || !sql_is(text, code + 1, "then") || code + 2 >= text->n ||
        text->words[code + 2].token->type != ENGINE_TOKEN_TEXT) {
        return;
    }
    g_autofree char *lower = g_ascii_strdown(column, -1);
    g_autofree char *coding = g_strdup_printf("%s: %s = %s", lower, text->words[code].token->text,
                                              text->words[code + 2].token->text);
    if (!g_ptr_array_find_with_equal_func(facts->codings, coding, g_str_equal, NULL)) {
        g_ptr_array_add(facts->codings, g_steal_pointer(&coding));
    }
}

static void read_insert(const SqlText *text, StandardSql *facts)
{
    if (!sql_is(text, 0, "insert") || !sql_is(text, 1, "into")) {
        return;
    }
    facts->insert_into = true;
    for (guint i = 2; i + 1 < text->n; i++) {
        if (sql_is(text, i, "conflict") || (sql_is(text, i, "duplicate") && sql_is(text, i + 1, "key")) ||
            (sql_is(text, i, "not") && sql_is(text, i + 1, "exists"))) {
            facts->insert_into = false;
        }
    }
}

static void read_word(const SqlText *text, guint i, StandardSql *facts)
{
    const SqlWord *word = &text->words[i];
    if (facts->moment == NULL && moment_of(text, i) != NULL) {
        facts->moment = g_ascii_strdown(moment_of(text, i), -1);
    }
    if (word->function) {
        read_call(text, i, facts);
    }
    facts->group_by = facts->group_by || (sql_is(text, i, "group") && sql_is(text, i + 1, "by"));
    facts->distinct =
        facts->distinct || (sql_is(text, i, "distinct") && i > 0 && sql_is(text, i - 1, "select"));
    facts->where = facts->where || sql_is(text, i, "where");
    facts->filled_in = facts->filled_in || sql_is_filled_in(text, i);
    facts->union_all = facts->union_all || sql_is(text, i, "union");
    bool comma =
        sql_is(text, i, ",") && word->part == SQL_PART_FROM && i + 1 < text->n && text->words[i + 1].table;
    facts->n_joins += (sql_is(text, i, "join") && word->keyword) || comma ? 1 : 0;
    read_limit(text, i, facts);
    read_newest(text, i, facts);
    read_star(text, i, facts);
    read_case(text, i, facts);
}

static void read_tables(const SqlText *text, StandardSql *facts)
{
    for (guint i = 0; i < text->n; i++) {
        if (!text->words[i].table || text->words[i].replace != NULL) {
            continue;
        }
        bool qualified = i > 1 && sql_is(text, i - 1, ".");
        const char *name = text->words[i].token->text;
        g_ptr_array_add(facts->tables, qualified
                                           ? g_strconcat(text->words[i - 2].token->text, ".", name, NULL)
                                           : g_strdup(name));
    }
}

static void free_expression(StandardExpression *expression)
{
    g_free((gpointer)(guintptr)expression->alias);
    g_free((gpointer)(guintptr)expression->canonical);
    g_free(expression);
}

void standard_sql_free(void *facts_)
{
    StandardSql *facts = facts_;
    if (facts != NULL) {
        g_free((gpointer)(guintptr)facts->moment);
        g_free((gpointer)(guintptr)facts->canonical);
        g_ptr_array_unref(facts->tables);
        g_ptr_array_unref(facts->codings);
        g_ptr_array_unref(facts->expressions);
        g_free(facts);
    }
}

const StandardSql *standard_sql(StandardTable *table)
{
    if (table->facts != NULL) {
        return table->facts;
    }
    StandardSql *facts = g_new0(StandardSql, 1);
    facts->tables = g_ptr_array_new_with_free_func(g_free);
    facts->codings = g_ptr_array_new_with_free_func(g_free);
    facts->expressions = g_ptr_array_new_with_free_func((GDestroyNotify)free_expression);
    table->facts = facts;
    SqlText text;
    if (table->sql == NULL || !sql_text_init(&text, table->sql)) {
        return facts;
    }
    facts->ok = true;
    read_insert(&text, facts);
    for (guint i = 0; i < text.n; i++) {
        read_word(&text, i, facts);
    }
    facts->join = facts->n_joins > 0;
    read_tables(&text, facts);
    facts->canonical = sql_canonical(&text, 0, text.n);
    sql_expressions(&text, facts->expressions);
    sql_text_clear(&text);
    return facts;
}
