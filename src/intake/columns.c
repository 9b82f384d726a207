/* The `columns` header, and expressions from headers (columns, where, delete).
 *
 *   columns: a, b, tmp, c = tmp + 1, d = upper(b)
 * Names without "=" are the source's fields in order; the others compute columns. Expressions are the
 * client's text: they are translated from MySQL's dialect, parsed by the engine's own parser, and their tree
 * is looked through: only fields of the load, no subqueries, no parameters, no star. That they hold no
 * aggregate or window is left to the binder (plan.c puts them into a WHERE, where neither may stand).
 *
 * Doris's fields are text and it casts them by itself; the engine does not: typing.c. */
#include "engine/sql.h"
#include "intake/intake_int.h"

static void item_free(gpointer data)
{
    IntakeColumnItem *item = data;
    g_free(item->name);
    g_free(item->sql);
    g_free(item);
}

/* Index of the token that ends the item that begins at `i`: a comma outside parentheses, or END. */
static guint item_end(const GPtrArray *tokens, guint i)
{
    int depth = 0;
    for (; ((EngineToken *)tokens->pdata[i])->type != ENGINE_TOKEN_END; i++) {
        const EngineToken *token = tokens->pdata[i];
        depth += engine_token_is(token, "(") ? 1 : engine_token_is(token, ")") ? -1 : 0;
        if (depth == 0 && engine_token_is(token, ",")) {
            break;
        }
    }
    return i;
}

static bool parse_item(const char *text, const GPtrArray *tokens, guint from, guint to, GPtrArray *items,
                       GError **error)
{
    const EngineToken *name = tokens->pdata[from];
    if (from == to || (name->type != ENGINE_TOKEN_WORD && name->type != ENGINE_TOKEN_NAME)) {
        return base_fail(error, BASE_E_LOAD_HEADER, "`columns`: a name is expected at byte %zu",
                         name->start + 1);
    }
    char *sql = NULL;
    if (to > from + 1) {
        const EngineToken *equals = tokens->pdata[from + 1];
        if (!engine_token_is(equals, "=") || to == from + 2) {
            return base_fail(error, BASE_E_LOAD_HEADER,
                             "`columns`: after `%s`, `,` or `= expression` is expected", name->text);
        }
        size_t start = ((EngineToken *)tokens->pdata[from + 2])->start,
               end = ((EngineToken *)tokens->pdata[to - 1])->end;
        sql = g_strndup(text + start, end - start);
    }
    IntakeColumnItem *item = g_new0(IntakeColumnItem, 1);
    item->name = g_strdup(name->text);
    item->sql = sql;
    g_ptr_array_add(items, item);
    return true;
}

GPtrArray *intake_columns_parse(const char *text, GError **error)
{
    g_autoptr(GPtrArray) tokens = engine_sql_tokens(text, ENGINE_DIALECT_MYSQL, error);
    if (!tokens) {
        return NULL;
    }
    g_autoptr(GPtrArray) items = g_ptr_array_new_with_free_func(item_free);
    guint i = 0;
    for (;;) {
        guint end = item_end(tokens, i);
        if (!parse_item(text, tokens, i, end, items, error)) {
            return NULL;
        }
        if (items->len > INTAKE_MAX_FIELDS) {
            base_fail(error, BASE_E_LOAD_HEADER, "`columns` has more than %d items", INTAKE_MAX_FIELDS);
            return NULL;
        }
        if (((EngineToken *)tokens->pdata[end])->type == ENGINE_TOKEN_END) {
            return g_steal_pointer(&items);
        }
        i = end + 1;
    }
}

/* ---- expressions
 * -------------------------------------------------------------------------------------------- */

typedef struct {
    const IntakeNames *names;
    const IntakeReading *reading;
    GHashTable *used; /* lower-case names */
    const char *what;
} Walk;

static bool walk(json_t *node, Walk *w, GError **error);

static bool refuse(const Walk *w, GError **error, const char *reason)
{
    base_fail(error, BASE_E_LOAD_HEADER, "`%s`: %s", w->what, reason);
    base_error_not_done(error, "Nothing was loaded.");
    return false;
}

/* A reference to a field: spelled as the feed has it. */
static bool walk_column(json_t *node, Walk *w, GError **error)
{
    json_t *parts = json_object_get(node, "column_names");
    const char *name = json_string_value(json_array_get(parts, json_array_size(parts) - 1));
    if (!name || json_array_size(parts) != 1) {
        return refuse(w, error, "a column is named without its table");
    }
    g_autofree char *folded = g_utf8_strdown(name, -1);
    const char *known = g_hash_table_lookup(w->names->names, folded);
    if (!known) {
        base_fail(error, BASE_E_LOAD_HEADER, "`%s`: no field or column `%s`", w->what, name);
        return false;
    }
    if (w->used) {
        g_hash_table_add(w->used, g_strdup(folded));
    }
    json_array_set_new(parts, 0, json_string(known));
    return true;
}

static bool walk_function(json_t *node, Walk *w, GError **error)
{
    json_t *children = json_object_get(node, "children");
    size_t i;
    json_t *child;
    json_array_foreach (children, i, child) {
        if (!walk(child, w, error)) {
            return false;
        }
    }
    json_t *filter = json_object_get(node, "filter");
    if (json_is_object(filter) || json_is_true(json_object_get(node, "distinct"))) {
        return refuse(w, error, "aggregates have no meaning in a load");
    }
    return true;
}

/* Any other node: each object and array under it. */
static bool walk_members(json_t *node, Walk *w, GError **error)
{
    if (json_is_array(node)) {
        size_t i;
        json_t *item;
        json_array_foreach (node, i, item) {
            if (!walk(item, w, error)) {
                return false;
            }
        }
        return true;
    }
    const char *key;
    json_t *value;
    json_object_foreach (node, key, value) {
        if ((json_is_object(value) || json_is_array(value)) && !walk(value, w, error)) {
            return false;
        }
    }
    return true;
}

static bool walk(json_t *node, Walk *w, GError **error)
{
    const char *class = json_is_object(node) ? base_json_string(node, "class", "") : "";
    static const struct {
        const char *class, *reason;
    } REFUSED[] = {
        {"SUBQUERY", "subqueries are not allowed in a load"},
        {"WINDOW", "window functions are not allowed in a load"},
        {"STAR", "`*` is not allowed in a load"},
        {"PARAMETER", "parameters are not allowed in a load"},
        {"POSITIONAL_REFERENCE", "`#n` is not allowed in a load"},
        {"DEFAULT", "DEFAULT is not allowed in an expression"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(REFUSED); i++) {
        if (strcmp(class, REFUSED[i].class) == 0) {
            return refuse(w, error, REFUSED[i].reason);
        }
    }
    if (strcmp(class, "COLUMN_REF") == 0) {
        return walk_column(node, w, error);
    }
    if (!(strcmp(class, "FUNCTION") == 0 ? walk_function(node, w, error) : walk_members(node, w, error))) {
        return false;
    }
    if (*class) {
        intake_typing_node(node, w->names, w->reading);
    }
    return true;
}

static bool visit_function(const char *name, const json_t *node, void *user, GError **error)
{
    (void)node;
    const Walk *w = user;
    const char *why = engine_sql_function_refused(name);
    if (!why) {
        return true;
    }
    base_fail(error, BASE_E_LOAD_HEADER, "`%s`: function `%s` is refused: %s", w->what, name, why);
    base_error_not_done(error, "Nothing was loaded.");
    return false;
}

/* The statement must be `SELECT <one expression>` and nothing else. */
static json_t *only_expression(json_t *tree, const Walk *w, GError **error)
{
    json_t *node = json_object_get(tree, "node");
    json_t *list = json_object_get(node, "select_list");
    bool plain = json_array_size(list) == 1 && json_array_size(json_object_get(node, "modifiers")) == 0 &&
                 json_array_size(json_object_get(node, "group_expressions")) == 0;
    static const char *const ABSENT[] = {"where_clause", "having", "qualify", "sample"};
    for (size_t i = 0; i < G_N_ELEMENTS(ABSENT); i++) {
        const json_t *clause = json_object_get(node, ABSENT[i]);
        plain = plain && (!clause || json_is_null(clause));
    }
    plain = plain && strcmp(base_json_string(json_object_get(node, "from_table"), "type", ""), "EMPTY") == 0;
    if (!plain) {
        refuse(w, error, "one expression is expected");
        return NULL;
    }
    return list;
}

char *intake_expression(EngineConn *conn, const char *sql, const char *what, const IntakeNames *names,
                        const IntakeReading *reading, GHashTable *ret_used, bool *ret_may_fail,
                        GError **error)
{
    Walk w = {.names = names, .used = ret_used, .what = what, .reading = reading};
    g_autofree char *mysql = g_strconcat("SELECT ", sql, NULL);
    g_autofree char *select = engine_sql_from_mysql(mysql, NULL, NULL, error);
    g_autoptr(json_t) tree = select ? engine_sql_parse(conn, select, error) : NULL;
    if (!tree) {
        g_prefix_error(error, "`%s`: ", what);
        return NULL;
    }
    json_t *list = only_expression(tree, &w, error);
    if (!list || !engine_sql_visit_functions(tree, visit_function, &w, error) ||
        !walk(json_array_get(list, 0), &w, error)) {
        return NULL;
    }
    json_t *first = json_array_get(list, 0);
    *ret_may_fail =
        intake_typing_may_fail(first, names) || (reading->condition && !intake_typing_is_boolean(first));
    json_object_set_new(first, "alias", json_string(""));
    g_autofree char *printed = engine_sql_print(conn, tree, error);
    if (!printed) {
        return NULL;
    }
    g_strstrip(printed);
    size_t len = strlen(printed);
    if (len > 0 && printed[len - 1] == ';') {
        printed[len - 1] = '\0';
    }
    return g_strdup(g_str_has_prefix(printed, "SELECT ") ? printed + 7 : printed);
}
