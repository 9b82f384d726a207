/* MySQL's HAVING without groups: a condition on the columns of the result, after their aliases (Connector/J's
 * getTables asks so). See sql_int.h. Written as SELECT * FROM (SELECT ... ORDER BY ...) WHERE condition LIMIT
 * n: ORDER BY stays inside because it may name columns that are not in the result; the engine keeps the order
 * of a subquery. */
#include "server/sql_int.h"

static const EngineToken *at(const GPtrArray *tokens, guint i)
{
    return g_ptr_array_index(tokens, i);
}

static bool is_aggregate(const GPtrArray *tokens, guint i)
{
    static const char *const NAMES[] = {
        "count",      "sum",    "min",        "max",           "avg",           "group_concat",
        "std",        "stddev", "variance",   "any_value",     "bit_and",       "bit_or",
        "bit_xor",    "ndv",    "stddev_pop", "stddev_samp",   "var_pop",       "var_samp",
        "string_agg", "list",   "array_agg",  "json_arrayagg", "json_objectagg"};
    for (size_t n = 0; n < G_N_ELEMENTS(NAMES); n++) {
        if (engine_token_is(at(tokens, i), NAMES[n]) && engine_token_is(at(tokens, i + 1), "(")) {
            return true;
        }
    }
    return false;
}

/* Tokens of the clauses at the top; 0 = absent. `end` is where the text's statement ends. */
typedef struct {
    guint having, order, limit, end;
} Clauses;

/* False = it is none of ours: groups, aggregates, UNION. */
static bool find_clauses(const GPtrArray *tokens, Clauses *ret)
{
    static const char *const OTHERS[] = {"group", "union", "intersect", "except", "into", "for", "window"};
    int depth = 0;
    guint i = 0;
    for (; at(tokens, i)->type != ENGINE_TOKEN_END; i++) {
        const EngineToken *token = at(tokens, i);
        depth += engine_token_is(token, "(") ? 1 : engine_token_is(token, ")") ? -1 : 0;
        if (is_aggregate(tokens, i)) {
            return false;
        }
        if (depth != 0) {
            continue;
        }
        for (size_t n = 0; n < G_N_ELEMENTS(OTHERS); n++) {
            if (engine_token_is(token, OTHERS[n])) {
                return false;
            }
        }
        if (engine_token_is(token, ";")) {
            break;
        }
        guint *clause = engine_token_is(token, "having")  ? &ret->having
                        : engine_token_is(token, "order") ? &ret->order
                        : engine_token_is(token, "limit") ? &ret->limit
                                                          : NULL;
        if (clause && *clause == 0) {
            *clause = i;
        }
    }
    ret->end = i;
    return ret->having > 0;
}

static void append(GString *out, const char *sql, const GPtrArray *tokens, guint from, guint to)
{
    size_t start = at(tokens, from)->start;
    g_string_append_len(out, sql + start, (gssize)(at(tokens, to - 1)->end - start));
}

char *sql_wrap_having(const char *sql, const GPtrArray *tokens)
{
    Clauses clauses = {0};
    if (!engine_token_is(at(tokens, 0), "select") || !find_clauses(tokens, &clauses)) {
        return NULL;
    }
    guint after_order = clauses.limit ? clauses.limit : clauses.end;
    guint after_having = clauses.order ? clauses.order : after_order;
    if (after_having < clauses.having + 2) {
        return NULL; /* out of order or empty: the engine says what is wrong */
    }
    for (guint i = clauses.order; clauses.order && i < after_order; i++) {
        if (at(tokens, i)->type == ENGINE_TOKEN_PARAM) {
            return NULL; /* it would come before those of HAVING */
        }
    }
    g_autoptr(GString) out = g_string_new("SELECT * FROM (");
    append(out, sql, tokens, 0, clauses.having);
    if (clauses.order) {
        g_string_append_c(out, ' ');
        append(out, sql, tokens, clauses.order, after_order);
    }
    g_string_append(out, ") WHERE ");
    append(out, sql, tokens, clauses.having + 1, after_having);
    if (clauses.limit) {
        g_string_append_c(out, ' ');
        append(out, sql, tokens, clauses.limit, clauses.end);
    }
    return g_strdup(out->str);
}
