/* Strategies that join new rows to old ones by key, or not at all.
 *
 *   append         INSERT. A run again adds its rows again.
 *   merge          rows with the key of a new row take its values (all, update_columns, or all but
 *                  exclude_columns); new keys are added. One new row for each key.
 *   delete+insert  rows with the key of a new row go, then all new rows are added: several rows of one key
 * are no question here, as none has to win.
 *
 * `predicate` narrows the rows of the table that can be met: a new row whose partner it leaves out is added
 * beside it. It is the reader's own business then that the key is there twice. */
#include "warehouse/build_int.h"

/* ---- predicate -------------------------------------------------------------------------------------------
 */

static void append_value(GString *out, const json_t *value)
{
    if (json_is_string(value)) {
        engine_sql_append_text(out, json_string_value(value));
        return;
    }
    g_autofree char *text = base_json_text(value);
    g_string_append(out, text);
}

/* A row with NULL is in no list; of one value there need be none. */
static void append_list(GString *out, const char *column, const json_t *values, bool in)
{
    size_t i;
    json_t *value;
    g_string_append_printf(out, "%scoalesce(%s %s (", out->len ? " AND " : "", column, in ? "IN" : "NOT IN");
    if (!json_is_array(values)) {
        append_value(out, values);
    } else if (json_array_size(values) == 0) {
        g_string_append(out, "NULL");
    }
    json_array_foreach (values, i, value) {
        g_string_append(out, i ? ", " : "");
        append_value(out, value);
    }
    g_string_append_printf(out, "), %s)", in ? "FALSE" : "TRUE");
}

/* {column, not_equal: 2} */
static void append_condition(GString *out, const char *alias, const json_t *map)
{
    static const char *const OPERATORS[][2] = {{"equal", "IS NOT DISTINCT FROM"},
                                               {"not_equal", "IS DISTINCT FROM"},
                                               {"less", "<"},
                                               {"less_equal", "<="},
                                               {"greater", ">"},
                                               {"greater_equal", ">="}};
    g_autoptr(GString) column = g_string_new(alias);
    g_string_append_c(column, '.');
    engine_sql_append_name(column, base_json_string(map, "column", ""));
    for (size_t i = 0; i < G_N_ELEMENTS(OPERATORS); i++) {
        const json_t *value = json_object_get(map, OPERATORS[i][0]);
        if (value) {
            g_string_append_printf(out, "%s%s %s ", out->len ? " AND " : "", column->str, OPERATORS[i][1]);
            append_value(out, value);
        }
    }
    const json_t *in = json_object_get(map, "in"), *not_in = json_object_get(map, "not_in");
    if (in) {
        append_list(out, column->str, in, true);
    }
    if (not_in) {
        append_list(out, column->str, not_in, false);
    }
}

/* A word of the expression that is a column of the table, and not a function, a part of a name or the type of
 * a literal. */
static bool is_column(const Build *build, const GPtrArray *tokens, guint i)
{
    const EngineToken *token = tokens->pdata[i];
    const EngineToken *next = tokens->pdata[i + 1];
    if (!engine_token_is_name(token, false) || engine_token_is(next, "(") || engine_token_is(next, ".") ||
        next->type == ENGINE_TOKEN_TEXT || (i > 0 && engine_token_is(tokens->pdata[i - 1], "."))) {
        return false;
    }
    for (guint k = 0; k < build->columns->len; k++) {
        if (g_ascii_strcasecmp(((const WarehouseColumn *)build->columns->pdata[k])->name, token->text) == 0) {
            return true;
        }
    }
    return false;
}

/* SQL over the table's columns, each with the alias in front: the new rows have the same names. */
static bool append_sql(const Build *build, GString *out, const char *alias, const char *sql, GError **error)
{
    g_autoptr(GPtrArray) tokens = engine_sql_tokens(sql, ENGINE_DIALECT_WEIR, error);
    if (!tokens) {
        return false;
    }
    size_t at = 0;
    g_string_append(out, "(");
    for (guint i = 0; i + 1 < tokens->len; i++) {
        const EngineToken *token = tokens->pdata[i];
        g_string_append_len(out, sql + at, (gssize)(token->start - at));
        if (is_column(build, tokens, i)) {
            g_string_append_printf(out, "%s.", alias);
        }
        g_string_append_len(out, sql + token->start, (gssize)(token->end - token->start));
        at = token->end;
    }
    g_string_append(out, ")");
    return true;
}

/* One of them: SQL, or a condition. */
static bool append_one(const Build *build, GString *out, const char *alias, const json_t *given,
                       GError **error)
{
    if (json_is_string(given)) {
        g_string_append(out, out->len ? " AND " : "");
        return append_sql(build, out, alias, json_string_value(given), error);
    }
    append_condition(out, alias, given);
    return true;
}

/* The predicate on rows `alias` of the table, all of them where it is a list; "" = none. NULL + error. Caller
 * frees. */
static char *predicate(const Build *build, const char *alias, GError **error)
{
    const json_t *given = json_object_get(build->model->definition, "predicate");
    g_autoptr(GString) out = g_string_new(NULL);
    if (given && !json_is_array(given) && !append_one(build, out, alias, given, error)) {
        return NULL;
    }
    size_t i;
    json_t *item;
    json_array_foreach (given, i, item) {
        if (!append_one(build, out, alias, item, error)) {
            return NULL;
        }
    }
    return g_string_free(g_steal_pointer(&out), FALSE);
}

/* ---- what all do ------------------------------------------------------------------------------------------
 */

typedef struct {
    char *match; /* t is a row of the table, b one of the run: they meet */
} Merge;

static void merge_free(gpointer data)
{
    Merge *merge = data;
    g_free(merge->match);
    g_free(merge);
}

static const Merge *merge_of(const Build *build)
{
    return build->state;
}

static bool prepare_match(Build *build, GError **error)
{
    g_autofree char *key = warehouse_key_match(build, "t", "b");
    g_autofree char *narrow = predicate(build, "t", error);
    if (!narrow) {
        return false;
    }
    Merge *merge = g_new0(Merge, 1);
    merge->match = g_strdup_printf("%s%s%s", key, *narrow ? " AND " : "", narrow);
    build->state = merge;
    build->state_free = merge_free;
    return true;
}

/* The table's rows that stay as they are, and then `fresh`. */
static char *stay_and(const Build *build, const char *fresh)
{
    g_autofree char *old = warehouse_columns_select(build, "t", true);
    return g_strdup_printf("(SELECT %s FROM %s AS t WHERE NOT EXISTS (SELECT 1 FROM %s AS b WHERE %s) UNION "
                           "ALL BY NAME %s)",
                           old, build->target_sql, build->build_sql, merge_of(build)->match, fresh);
}

static char *fresh_rows(const Build *build)
{
    g_autofree char *select = warehouse_columns_select(build, "b", false);
    return g_strdup_printf("SELECT %s FROM %s AS b", select, build->build_sql);
}

/* ---- append -----------------------------------------------------------------------------------------------
 */

bool warehouse_append_prepare(Build *build, GError **error)
{
    return warehouse_judge_outside(build, error) && warehouse_keys_judge(build, false, error) &&
           (build->replace || warehouse_columns_meet(build, error));
}

char *warehouse_append_whole(Build *build)
{
    g_autofree char *old = warehouse_columns_select(build, "t", true);
    g_autofree char *fresh = fresh_rows(build);
    return g_strdup_printf("(SELECT %s FROM %s AS t UNION ALL BY NAME %s)", old, build->target_sql, fresh);
}

bool warehouse_append_merge(Build *build, EngineConn *conn, GError **error)
{
    return warehouse_columns_alter(build, conn, error) && warehouse_columns_insert(build, conn, error) &&
           warehouse_build_drop(build, conn, error);
}

/* ---- delete+insert ----------------------------------------------------------------------------------------
 */

bool warehouse_delete_insert_prepare(Build *build, GError **error)
{
    return warehouse_judge_outside(build, error) && warehouse_keys_judge(build, false, error) &&
           (build->replace || (warehouse_columns_meet(build, error) && prepare_match(build, error)));
}

char *warehouse_delete_insert_whole(Build *build)
{
    g_autofree char *fresh = fresh_rows(build);
    return stay_and(build, fresh);
}

bool warehouse_delete_insert_merge(Build *build, EngineConn *conn, GError **error)
{
    g_autofree char *sql =
        g_strdup_printf("DELETE FROM %s AS t WHERE EXISTS (SELECT 1 FROM %s AS b WHERE %s)",
                        build->target_sql, build->build_sql, merge_of(build)->match);
    return warehouse_columns_alter(build, conn, error) && engine_exec(conn, sql, error) &&
           warehouse_columns_insert(build, conn, error) && warehouse_build_drop(build, conn, error);
}

/* ---- merge ------------------------------------------------------------------------------------------------
 */

static bool names(const Build *build, const char *key, const char *column)
{
    const json_t *list = json_object_get(build->model->definition, key);
    if (json_is_string(list)) {
        return g_ascii_strcasecmp(json_string_value(list), column) == 0;
    }
    size_t i;
    json_t *item;
    json_array_foreach (list, i, item) {
        if (g_ascii_strcasecmp(json_string_value(item), column) == 0) {
            return true;
        }
    }
    return false;
}

/* Whether a row that is there takes the new value of the column. */
static bool changes(const Build *build, const WarehouseColumn *column)
{
    if (!column->new_type || warehouse_key_has(build, column->name)) {
        return false;
    }
    return json_object_get(build->model->definition, "update_columns")
               ? names(build, "update_columns", column->name)
               : !names(build, "exclude_columns", column->name);
}

bool warehouse_merge_prepare(Build *build, GError **error)
{
    return warehouse_judge_outside(build, error) && warehouse_keys_judge(build, true, error) &&
           (build->replace || (warehouse_columns_meet(build, error) && prepare_match(build, error)));
}

/* Rows of the run as they will be: what does not change is the partner's. */
char *warehouse_merge_whole(Build *build)
{
    g_autoptr(GString) list = g_string_new(NULL);
    for (guint i = 0; i < build->columns->len; i++) {
        const WarehouseColumn *column = build->columns->pdata[i];
        const char *name = column->quoted;
        g_string_append(list, i ? ", " : "");
        if (changes(build, column) || !column->old_type || warehouse_key_has(build, column->name)) {
            g_string_append_printf(list, "b.%s", name);
        } else if (!column->new_type) {
            g_string_append_printf(list, "t.%s", name);
        } else {
            g_string_append_printf(list, "CASE WHEN t.rowid IS NULL THEN b.%s ELSE t.%s END AS %s", name,
                                   name, name);
        }
    }
    g_autofree char *fresh = g_strdup_printf("SELECT %s FROM %s AS b LEFT JOIN %s AS t ON %s", list->str,
                                             build->build_sql, build->target_sql, merge_of(build)->match);
    return stay_and(build, fresh);
}

/* WHEN MATCHED: only where a value differs, so that a batch twice writes nothing. */
static char *matched_sql(const Build *build)
{
    g_autoptr(GString) set = g_string_new(NULL);
    g_autoptr(GString) differs = g_string_new(NULL);
    for (guint i = 0; i < build->columns->len; i++) {
        const WarehouseColumn *column = build->columns->pdata[i];
        if (changes(build, column)) {
            g_string_append_printf(set, "%s%s = b.%s", set->len ? ", " : "", column->quoted, column->quoted);
            g_string_append_printf(differs, "%st.%s IS DISTINCT FROM b.%s", differs->len ? " OR " : "",
                                   column->quoted, column->quoted);
        }
    }
    return set->len ? g_strdup_printf("WHEN MATCHED AND (%s) THEN UPDATE SET %s ", differs->str, set->str)
                    : g_strdup("");
}

bool warehouse_merge_merge(Build *build, EngineConn *conn, GError **error)
{
    g_autofree char *matched = matched_sql(build);
    g_autofree char *columns = warehouse_columns_names(build);
    g_autofree char *values = warehouse_columns_values(build, "b");
    g_autofree char *sql = g_strdup_printf(
        "MERGE INTO %s AS t USING %s AS b ON (%s) %sWHEN NOT MATCHED THEN INSERT (%s) VALUES (%s)",
        build->target_sql, build->build_sql, merge_of(build)->match, matched, columns, values);
    return warehouse_columns_alter(build, conn, error) && engine_exec(conn, sql, error) &&
           warehouse_build_drop(build, conn, error);
}
