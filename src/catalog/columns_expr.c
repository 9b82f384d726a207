/* Expressions: which columns a value comes from, and how.
 *
 * A name is looked for, in this order: parameters of lambdas; columns of FROM; what the select list calls it
 * (first of all in ORDER BY); the query around. `t.c`, `s.t.c`, and fields of structs behind any of them. */
#include "base/term.h"
#include "base/text.h"
#include "catalog/columns_int.h"

static const Value nothing = {.type = ""};

const Origins *scope_rows(Walk *walk, const Scope *scope)
{
    const Origins *rows = NULL;
    for (const Relation *r = scope->relations; r; r = r->next) {
        rows = origins_union(walk, rows, r->rows);
    }
    return rows;
}

/* ---- names
 * -------------------------------------------------------------------------------------------------- */

typedef struct {
    const EngineNode *node;
    const char *parts[8];
    size_t n;
} Name;

static void read_name(const EngineNode *node, Name *name)
{
    const EngineNode *parts = engine_node_get(node, "column_names");
    name->node = node;
    name->n = MIN(engine_node_size(parts), G_N_ELEMENTS(name->parts));
    for (size_t i = 0; i < name->n; i++) {
        const char *text = engine_node_string(engine_node_at(parts, i));
        name->parts[i] = text ? text : "";
    }
}

static bool is_lambda(const Scope *scope, const char *name)
{
    for (const Names *at = scope->lambdas; at; at = at->next) {
        if (g_ascii_strcasecmp(at->name, name) == 0) {
            return true;
        }
    }
    return false;
}

/* A field of a struct is computed from the column. */
static Value value_of(Walk *walk, const Column *column, bool field)
{
    Value value = {.origins = column->origins, .type = field ? "" : column->type};
    if (field) {
        value.origins = origins_at_least(walk, value.origins, CATALOG_HOW_DERIVED);
    }
    return value;
}

static bool has_open(const Scope *scope)
{
    for (const Relation *r = scope->relations; r; r = r->next) {
        if (r->open) {
            return true;
        }
    }
    return false;
}

/* The column of a relation whose columns are not all known. */
static const Origins *open_origin(Walk *walk, const Relation *relation, const char *name)
{
    return relation->object ? origins_one(walk, relation->object, walk_text(walk, name), CATALOG_HOW_DIRECT)
                            : origins_at_least(walk, relation->rows, CATALOG_HOW_DERIVED);
}

static bool in_visible(Walk *walk, const Scope *scope, const Name *name, bool field, Value *ret)
{
    const Visible *found = NULL;
    for (guint i = 0; i < scope->visible->len; i++) {
        const Visible *visible = &g_array_index(scope->visible, Visible, i);
        if (!visible->column.name || g_ascii_strcasecmp(visible->column.name, name->parts[0]) != 0) {
            continue;
        }
        if (found) {
            BaseDiag *diag =
                walk_complain(walk, node_offset(name->node), strlen(name->parts[0]), BASE_E_NAME_AMBIGUOUS,
                              "column `%s` is in more than one table", name->parts[0]);
            if (diag && found->relation->alias && visible->relation->alias) {
                base_diag_hint(diag, "write `%s.%s` or `%s.%s`", found->relation->alias, name->parts[0],
                               visible->relation->alias, name->parts[0]);
            }
            break;
        }
        found = visible;
    }
    if (found) {
        *ret = value_of(walk, &found->column, field);
    }
    return found != NULL;
}

typedef enum { ALIAS_NEW, ALIAS_BUSY, ALIAS_KNOWN } AliasState;
typedef struct AliasValue {
    AliasState state;
    Value value;
} AliasValue;

/* Each item is walked once, however often its alias is used: a, b = a + a, c = b + b ... would double. */
static Value alias_value(Walk *walk, Scope *scope, size_t i, const EngineNode *item)
{
    if (!scope->aliases) {
        size_t bytes = sizeof(AliasValue) * engine_node_size(scope->select_list);
        scope->aliases = memset(walk_alloc(walk, bytes), 0, bytes);
    }
    AliasValue *alias = &scope->aliases[i];
    if (alias->state == ALIAS_NEW) {
        bool first = scope->alias_first;
        alias->state = ALIAS_BUSY;
        scope->alias_first = false;
        alias->value = walk_expr(walk, item, scope);
        scope->alias_first = first;
        alias->state = ALIAS_KNOWN;
    }
    return alias->state == ALIAS_KNOWN ? alias->value : nothing;
}

static bool in_aliases(Walk *walk, Scope *scope, const char *name, Value *ret)
{
    size_t i;
    const EngineNode *item;
    engine_node_foreach(scope->select_list, i, item)
    {
        bool busy = scope->aliases && scope->aliases[i].state == ALIAS_BUSY;
        if (!busy && g_ascii_strcasecmp(engine_node_text(item, "alias"), name) == 0) {
            *ret = alias_value(walk, scope, i, item);
            return true;
        }
    }
    return false;
}

static const Column *column_of(const Relation *relation, const char *name)
{
    for (size_t i = 0; i < relation->n_columns; i++) {
        if (relation->columns[i].name && g_ascii_strcasecmp(relation->columns[i].name, name) == 0) {
            return &relation->columns[i];
        }
    }
    return NULL;
}

static bool is_relation(const Relation *relation, const char *schema, const char *name)
{
    return relation->alias && g_ascii_strcasecmp(relation->alias, name) == 0 &&
           (!schema || !relation->schema || g_ascii_strcasecmp(relation->schema, schema) == 0);
}

/* `domain.t.c`: where the domain stands, since a text that is bound elsewhere has another one there. */
static void note_schema(Walk *walk, const Name *name, const CatalogObject *object)
{
    CatalogTableUse use = {.offset = node_offset(name->node),
                           .object = object,
                           .schema = "",
                           .name = walk_text(walk, name->parts[0])};
    if (!walk->quiet && use.offset != NOWHERE) {
        g_array_append_val(walk->result->schemas, use);
    }
}

/* `t.c` with t at part `at`; *ret_table tells that there is such a table, whatever of the column. */
static bool in_relation(Walk *walk, const Scope *scope, const Name *name, size_t at, Value *ret,
                        const Relation **ret_table)
{
    for (const Relation *r = scope->relations; r; r = r->next) {
        if (!is_relation(r, at ? name->parts[at - 1] : NULL, name->parts[at])) {
            continue;
        }
        *ret_table = r;
        if (at && r->object) {
            note_schema(walk, name, r->object);
        }
        const Column *column = column_of(r, name->parts[at + 1]);
        if (column) {
            *ret = value_of(walk, column, name->n > at + 2);
            return true;
        }
        if (r->open) {
            *ret = (Value){.origins = open_origin(walk, r, name->parts[at + 1]), .type = ""};
            return true;
        }
    }
    return false;
}

static bool in_scope(Walk *walk, Scope *scope, const Name *name, Value *ret, const Relation **ret_table)
{
    if (is_lambda(scope, name->parts[0])) {
        *ret = nothing;
        return true;
    }
    if (name->n > 1 && in_relation(walk, scope, name, 0, ret, ret_table)) {
        return true;
    }
    if (name->n > 2 && in_relation(walk, scope, name, 1, ret, ret_table)) {
        return true;
    }
    if (scope->alias_first && name->n == 1 && in_aliases(walk, scope, name->parts[0], ret)) {
        return true;
    }
    return in_visible(walk, scope, name, name->n > 1, ret) ||
           (name->n == 1 && in_aliases(walk, scope, name->parts[0], ret));
}

/* A table's name as a value is the whole row. */
static bool as_row(Walk *walk, const Scope *scope, const char *name, Value *ret)
{
    for (const Relation *r = scope->relations; r; r = r->next) {
        if (is_relation(r, NULL, name)) {
            Value value = nothing;
            for (size_t i = 0; i < r->n_columns; i++) {
                value.origins = origins_union(walk, value.origins, r->columns[i].origins);
            }
            value.origins = origins_at_least(walk, value.origins, CATALOG_HOW_DERIVED);
            *ret = value;
            return true;
        }
    }
    return false;
}

static bool from_open(Walk *walk, const Scope *scope, const Name *name, Value *ret)
{
    if (!has_open(scope)) {
        return false;
    }
    *ret = nothing;
    for (const Relation *r = scope->relations; r; r = r->next) {
        if (r->open) {
            ret->origins = origins_union(walk, ret->origins, open_origin(walk, r, name->parts[0]));
        }
    }
    return true;
}

/* ---- complaints
 * ----------------------------------------------------------------------------------------------- */

/* The place of part `i` where the text says it plainly, else of the whole name. */
static size_t part_offset(const Walk *walk, const Name *name, size_t i)
{
    size_t start = node_offset(name->node);
    size_t len = strlen(walk->context->sql);
    size_t at = start;
    for (size_t k = 0; k < i; k++) {
        at += strlen(name->parts[k]) + 1;
    }
    bool plain = start != NOWHERE && at < len &&
                 g_ascii_strncasecmp(walk->context->sql + at, name->parts[i], strlen(name->parts[i])) == 0;
    return plain ? at : start;
}

static void add_names(GPtrArray *names, const Relation *relation)
{
    for (size_t i = 0; i < relation->n_columns; i++) {
        if (relation->columns[i].name) {
            g_ptr_array_add(names, (gpointer)(guintptr)relation->columns[i].name);
        }
    }
}

static void complain_column(Walk *walk, const Scope *scope, const Name *name, const Relation *table)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    const char *column = name->parts[0];
    size_t offset = node_offset(name->node);
    if (table) {
        size_t at = g_ascii_strcasecmp(name->parts[0], table->alias) == 0 ? 1 : 2;
        column = name->parts[at];
        offset = part_offset(walk, name, at);
        add_names(names, table);
    }
    for (const Scope *s = scope; !table && s; s = s->outer) {
        for (const Relation *r = s->relations; r; r = r->next) {
            add_names(names, r);
        }
    }
    g_ptr_array_add(names, NULL);
    bool one = !table && scope->relations && !scope->relations->next && scope->relations->alias;
    const char *place = table ? table->alias : one ? scope->relations->alias : NULL;
    BaseDiag *diag =
        place ? walk_complain(walk, offset, strlen(column), BASE_E_COLUMN_UNKNOWN,
                              base_tr("`%s` has no column `%s`", "`%s` 没有列 `%s`"), place, column)
              : walk_complain(walk, offset, strlen(column), BASE_E_COLUMN_UNKNOWN,
                              base_tr("no table in FROM has a column `%s`", "FROM 中没有表含有列 `%s`"),
                              column);
    if (diag) {
        base_diag_hint_nearest(diag, column, (const char *const *)names->pdata);
    }
}

static void complain_qualifier(Walk *walk, const Scope *scope, const Name *name)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    for (const Scope *s = scope; s; s = s->outer) {
        for (const Relation *r = s->relations; r; r = r->next) {
            if (r->alias) {
                g_ptr_array_add(names, (gpointer)(guintptr)r->alias);
            }
        }
    }
    g_ptr_array_add(names, NULL);
    BaseDiag *diag = walk_complain(walk, node_offset(name->node), strlen(name->parts[0]),
                                   BASE_E_TABLE_UNKNOWN, "no table or alias `%s` in FROM", name->parts[0]);
    if (diag) {
        base_diag_hint_nearest(diag, name->parts[0], (const char *const *)names->pdata);
    }
}

/* `user.plan` in a metric's filter: the entity's table, though it is not in FROM. */
static bool in_implied(Walk *walk, const Name *name, Value *ret)
{
    const CatalogObject *object = walk->context->implied(walk->context->user, name->parts[0]);
    if (!object) {
        return false;
    }
    bool open = false;
    const GPtrArray *columns = walk->context->columns(walk->context->user, object, &open);
    const CatalogColumn *column = catalog_columns_find(columns, name->parts[1]);
    if (column) {
        *ret = (Value){.origins = origins_one(walk, object, column->name, CATALOG_HOW_DIRECT),
                       .type = column->type};
        return true;
    }
    if (!open) {
        g_autoptr(GPtrArray) names = g_ptr_array_new();
        for (guint i = 0; columns && i < columns->len; i++) {
            const CatalogColumn *known = g_ptr_array_index(columns, i);
            g_ptr_array_add(names, known->name);
        }
        g_ptr_array_add(names, NULL);
        BaseDiag *diag =
            walk_complain(walk, part_offset(walk, name, 1), strlen(name->parts[1]), BASE_E_COLUMN_UNKNOWN,
                          "`%s` has no column `%s`", object->full_name, name->parts[1]);
        if (diag) {
            base_diag_hint_nearest(diag, name->parts[1], (const char *const *)names->pdata);
        }
    }
    *ret = nothing;
    return true;
}

static Value walk_name(Walk *walk, const EngineNode *node, Scope *scope)
{
    Name name;
    Value value = nothing;
    const Relation *table = NULL;
    read_name(node, &name);
    if (name.n == 0) {
        return value;
    }
    for (Scope *s = scope; s; s = s->outer) {
        if (in_scope(walk, s, &name, &value, &table)) {
            return value;
        }
    }
    for (Scope *s = scope; s; s = s->outer) {
        if ((name.n == 1 && as_row(walk, s, name.parts[0], &value)) ||
            (!table && from_open(walk, s, &name, &value))) {
            return value;
        }
    }
    if (!table && name.n > 1 && walk->context->implied && in_implied(walk, &name, &value)) {
        return value;
    }
    if (table || name.n == 1) {
        complain_column(walk, scope, &name, table);
    } else {
        complain_qualifier(walk, scope, &name);
    }
    return value;
}

/* ---- kinds of expressions
 * ------------------------------------------------------------------------------------ */

static Value as(Walk *walk, const Origins *origins, CatalogHow how, const char *type)
{
    return (Value){.origins = origins_at_least(walk, origins, how), .type = type};
}

Value walk_list(Walk *walk, const EngineNode *list, Scope *scope)
{
    Value out = nothing;
    size_t i;
    const EngineNode *node;
    engine_node_foreach(list, i, node)
    {
        out.origins = origins_union(walk, out.origins, walk_expr(walk, node, scope).origins);
    }
    return out;
}

static const Origins *walk_orders(Walk *walk, const EngineNode *orders, Scope *scope)
{
    const Origins *out = NULL;
    size_t i;
    const EngineNode *order;
    engine_node_foreach(orders, i, order)
    {
        out = origins_union(walk, out, walk_expr(walk, engine_node_get(order, "expression"), scope).origins);
    }
    return out;
}

static const Origins *optional(Walk *walk, const EngineNode *node, const char *key, Scope *scope)
{
    const EngineNode *child = engine_node_get(node, key);
    return engine_node_is_object(child) ? walk_expr(walk, child, scope).origins : NULL;
}

/* x -> f(x): the parameter is one name, or several in a row(...) call. */
static Value walk_lambda(Walk *walk, const EngineNode *node, Scope *scope)
{
    const EngineNode *lhs = engine_node_get(node, "lhs");
    const EngineNode *children = engine_node_get(lhs, "children");
    const Names *before = scope->lambdas;
    size_t n = children ? engine_node_size(children) : 1;
    for (size_t i = 0; i < n; i++) {
        const EngineNode *parts =
            engine_node_get(children ? engine_node_at(children, i) : lhs, "column_names");
        Names *names = walk_alloc(walk, sizeof *names);
        const char *text = engine_node_string(engine_node_at(parts, 0));
        *names = (Names){.next = scope->lambdas, .name = text ? walk_text(walk, text) : ""};
        scope->lambdas = names;
    }
    Value value = walk_expr(walk, engine_node_get(node, "expr"), scope);
    scope->lambdas = before;
    return as(walk, value.origins, CATALOG_HOW_DERIVED, "");
}

static bool same_type_aggregate(const char *name)
{
    static const char *const names[] = {"min", "max", "any_value", "first", "last", "arbitrary", NULL};
    return g_strv_contains(names, name);
}

static Value walk_arguments(Walk *walk, const EngineNode *children, Scope *scope)
{
    return engine_node_size(children) == 1 ? walk_expr(walk, engine_node_at(children, 0), scope)
                                           : walk_list(walk, children, scope);
}

static Value walk_function(Walk *walk, const EngineNode *node, Scope *scope)
{
    const char *name = engine_node_text(node, "function_name");
    Value arguments = walk_arguments(walk, engine_node_get(node, "children"), scope);
    bool aggregate = catalog_is_aggregate(name);
    if (g_str_equal(name, "count_star")) {
        arguments.origins = scope_rows(walk, scope);
    }
    const Origins *orders =
        walk_orders(walk, engine_node_get(engine_node_get(node, "order_bys"), "orders"), scope);
    const Origins *all = origins_union(walk, arguments.origins, orders);
    all = origins_union(walk, all, optional(walk, node, "filter", scope));
    const char *type = !aggregate                        ? ""
                       : g_str_has_prefix(name, "count") ? "BIGINT"
                       : same_type_aggregate(name)       ? arguments.type
                                                         : "";
    return as(walk, all, aggregate ? CATALOG_HOW_AGGREGATED : CATALOG_HOW_DERIVED, type);
}

static Value walk_window(Walk *walk, const EngineNode *node, Scope *scope)
{
    bool aggregate = g_str_equal(engine_node_text(node, "type"), "WINDOW_AGGREGATE");
    Value value = walk_list(walk, engine_node_get(node, "children"), scope);
    if (g_str_equal(engine_node_text(node, "function_name"), "count_star")) {
        value.origins = scope_rows(walk, scope);
    }
    const Origins *origins =
        origins_at_least(walk, value.origins, aggregate ? CATALOG_HOW_AGGREGATED : CATALOG_HOW_DERIVED);
    const Origins *around = walk_list(walk, engine_node_get(node, "partitions"), scope).origins;
    around = origins_union(walk, around, walk_orders(walk, engine_node_get(node, "orders"), scope));
    around = origins_union(walk, around, walk_orders(walk, engine_node_get(node, "arg_orders"), scope));
    static const char *const more[] = {"start_expr", "end_expr", "offset_expr", "default_expr",
                                       "filter_expr"};
    for (size_t i = 0; i < G_N_ELEMENTS(more); i++) {
        around = origins_union(walk, around, optional(walk, node, more[i], scope));
    }
    origins = origins_union(walk, origins, origins_at_least(walk, around, CATALOG_HOW_DERIVED));
    return as(walk, origins, CATALOG_HOW_DERIVED, "");
}

static Value walk_case(Walk *walk, const EngineNode *node, Scope *scope)
{
    const Origins *all = NULL;
    size_t i;
    const EngineNode *check;
    engine_node_foreach(engine_node_get(node, "case_checks"), i, check)
    {
        all = origins_union(walk, all, optional(walk, check, "when_expr", scope));
        all = origins_union(walk, all, optional(walk, check, "then_expr", scope));
    }
    all = origins_union(walk, all, optional(walk, node, "else_expr", scope));
    return as(walk, all, CATALOG_HOW_DERIVED, "");
}

static Value walk_scalar_query(Walk *walk, const EngineNode *node, Scope *scope)
{
    Relation relation = {0};
    walk_query(walk, engine_node_get(engine_node_get(node, "subquery"), "node"), scope, scope->ctes,
               &relation);
    const char *type = engine_node_text(node, "subquery_type");
    if (g_str_equal(type, "SCALAR") || !*type) {
        Value value = nothing;
        if (relation.n_columns > 0) {
            value = (Value){.origins = relation.columns[0].origins, .type = relation.columns[0].type};
        }
        return value;
    }
    const Origins *all = optional(walk, node, "child", scope);
    if (g_str_equal(type, "EXISTS") || g_str_equal(type, "NOT_EXISTS")) {
        all = origins_union(walk, all, relation.rows);
    }
    for (size_t i = 0; i < relation.n_columns; i++) {
        all = origins_union(walk, all, relation.columns[i].origins);
    }
    return as(walk, all, CATALOG_HOW_DERIVED, "BOOLEAN");
}

static Value walk_parameter(Walk *walk, const EngineNode *node)
{
    const char *name = engine_node_text(node, "identifier");
    g_autofree char *text = g_strdup_printf("$%s", name);
    if (catalog_parameter_sample(text)) {
        bool interval = g_str_equal(name, "start") || g_str_equal(name, "end");
        walk->result->uses_interval = walk->result->uses_interval || interval;
        return nothing;
    }
    const char *at = strstr(walk->context->sql, text);
    BaseDiag *diag = walk_complain(walk, at ? (size_t)(at - walk->context->sql) : NOWHERE, strlen(text),
                                   BASE_E_REFERENCE_UNKNOWN, "no parameter `%s`", text);
    if (diag) {
        base_diag_hint(
            diag, "a model has $start and $end, the interval of a run, and $business_date, $ds, $bizdate");
    }
    return nothing;
}

/* The type of a CAST as the engine writes it, where it is a plain one. */
static const char *cast_type(const EngineNode *node)
{
    const EngineNode *type = engine_node_get(node, "cast_type");
    static const char *const plain[] = {"BIGINT",  "INTEGER", "SMALLINT", "TINYINT", "HUGEINT",
                                        "VARCHAR", "DOUBLE",  "FLOAT",    "DATE",    "TIMESTAMP",
                                        "BOOLEAN", "UBIGINT", "TIME",     NULL};
    const char *id = engine_node_text(type, "id");
    for (size_t i = 0; plain[i] && !engine_node_is_object(engine_node_get(type, "type_info")); i++) {
        if (g_str_equal(plain[i], id)) {
            return plain[i]; /* not the tree's: types outlive it */
        }
    }
    return "";
}

/* Comparisons, AND/OR, operators, BETWEEN, COLLATE and what a later engine may add: all that hangs below. */
static const Origins *walk_members(Walk *walk, const EngineNode *node, Scope *scope)
{
    const Origins *all = NULL;
    EngineNodeIter iter = engine_node_iter(node);
    for (const EngineNode *member; (member = engine_node_next(&iter)) != NULL;) {
        if (engine_node_is_object(member) && engine_node_get(member, "class")) {
            all = origins_union(walk, all, walk_expr(walk, member, scope).origins);
        } else if (engine_node_is_list(member) && engine_node_get(engine_node_at(member, 0), "class")) {
            all = origins_union(walk, all, walk_list(walk, member, scope).origins);
        }
    }
    return all;
}

static Value dispatch(Walk *walk, const EngineNode *node, Scope *scope)
{
    const char *kind = engine_node_text(node, "class");
    if (g_str_equal(kind, "COLUMN_REF")) {
        return walk_name(walk, node, scope);
    }
    if (g_str_equal(kind, "CONSTANT")) {
        return nothing;
    }
    if (g_str_equal(kind, "FUNCTION")) {
        return walk_function(walk, node, scope);
    }
    if (g_str_equal(kind, "WINDOW")) {
        return walk_window(walk, node, scope);
    }
    if (g_str_equal(kind, "CASE")) {
        return walk_case(walk, node, scope);
    }
    if (g_str_equal(kind, "SUBQUERY")) {
        return walk_scalar_query(walk, node, scope);
    }
    if (g_str_equal(kind, "LAMBDA")) {
        return walk_lambda(walk, node, scope);
    }
    if (g_str_equal(kind, "PARAMETER")) {
        return walk_parameter(walk, node);
    }
    if (g_str_equal(kind, "STAR")) {
        return scope->star ? (Value){scope->star->column.origins, scope->star->column.type}
                           : as(walk, scope_rows(walk, scope), CATALOG_HOW_DERIVED, "");
    }
    if (g_str_equal(kind, "CAST")) {
        Value child = walk_expr(walk, engine_node_get(node, "child"), scope);
        return as(walk, child.origins, CATALOG_HOW_DERIVED, cast_type(node));
    }
    bool truth =
        g_str_equal(kind, "COMPARISON") || g_str_equal(kind, "CONJUNCTION") || g_str_equal(kind, "BETWEEN");
    return as(walk, walk_members(walk, node, scope), CATALOG_HOW_DERIVED, truth ? "BOOLEAN" : "");
}

Value walk_expr(Walk *walk, const EngineNode *node, Scope *scope)
{
    if (!engine_node_is_object(node) || walk->depth >= COLUMNS_MAX_DEPTH * 4 ||
        ++walk->steps > COLUMNS_MAX_STEPS) {
        return nothing;
    }
    walk->depth++;
    Value value = dispatch(walk, node, scope);
    walk->depth--;
    return value;
}
