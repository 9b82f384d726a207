/* `*`, `t.*` with EXCLUDE, REPLACE and RENAME, `* LIKE 'x%'`, COLUMNS('regex'), COLUMNS(c -> ...),
 * COLUMNS([a, b]), alone or inside an expression, which then becomes one column for each. */
#include "catalog/columns_int.h"

static bool is(const EngineNode *node, const char *kind)
{
    return g_str_equal(engine_node_text(node, "class"), kind);
}

const EngineNode *find_star(const EngineNode *node)
{
    if (!engine_node_is_object(node) || is(node, "SUBQUERY")) {
        return NULL;
    }
    if (is(node, "STAR")) {
        return node;
    }
    EngineNodeIter iter = engine_node_iter(node);
    for (const EngineNode *member; (member = engine_node_next(&iter)) != NULL;) {
        const EngineNode *found = engine_node_is_object(member) ? find_star(member) : NULL;
        size_t i;
        const EngineNode *entry;
        if (!found) {
            engine_node_foreach(member, i, entry)
            {
                found = engine_node_is_object(entry) && !found ? find_star(entry) : found;
            }
        }
        if (found) {
            return found;
        }
    }
    return NULL;
}

/* ---- which names match ------------------------------------------------------------------------------------
 */

/* Yes, no, or not to be known here. */
typedef enum { NO, YES, UNKNOWN } Match;

static const char *constant_text(const EngineNode *node)
{
    return is(node, "CONSTANT") ? engine_node_string(engine_node_get(engine_node_get(node, "value"), "value"))
                                : NULL;
}

static bool like(const char *pattern, const char *text, bool fold)
{
    g_autoptr(GString) regex = g_string_new("^");
    for (const char *p = pattern; *p; p++) {
        if (*p == '%') {
            g_string_append(regex, ".*");
        } else if (*p == '_') {
            g_string_append_c(regex, '.');
        } else {
            g_autofree char *plain = g_regex_escape_string(p, 1);
            g_string_append(regex, plain);
        }
    }
    g_string_append_c(regex, '$');
    return g_regex_match_simple(regex->str, text, fold ? G_REGEX_CASELESS : 0, 0);
}

static Match match_operator(const char *operator, const char * pattern, const char *name)
{
    bool fold = g_str_has_suffix(operator, "*");
    if (g_str_has_prefix(operator, "~~") && !g_str_equal(operator, "~~~")) {
        return like(pattern, name, fold);
    }
    if (g_str_has_prefix(operator, "!~~")) {
        return !like(pattern, name, fold);
    }
    if (g_str_equal(operator, "~~~")) {
        return g_pattern_match_simple(pattern, name);
    }
    if (g_str_equal(operator, "starts_with") || g_str_equal(operator, "prefix") ||
        g_str_equal(operator, "^@")) {
        return g_str_has_prefix(name, pattern);
    }
    if (g_str_equal(operator, "ends_with") || g_str_equal(operator, "suffix")) {
        return g_str_has_suffix(name, pattern);
    }
    if (g_str_equal(operator, "contains")) {
        return strstr(name, pattern) != NULL;
    }
    if (g_str_equal(operator, "regexp_matches")) {
        return g_regex_match_simple(pattern, name, 0, 0);
    }
    if (g_str_equal(operator, "regexp_full_match")) {
        g_autofree char *whole = g_strdup_printf("^(?:%s)$", pattern);
        return g_regex_match_simple(whole, name, 0, 0);
    }
    return UNKNOWN;
}

static Match match_in(const EngineNode *children, const char *name, bool negated)
{
    for (size_t i = 1; i < engine_node_size(children); i++) {
        const char *text = constant_text(engine_node_at(children, i));
        if (!text) {
            return UNKNOWN;
        }
        if (g_str_equal(text, name)) {
            return negated ? NO : YES;
        }
    }
    return negated ? YES : NO;
}

/* A condition on the name `c` of a column, as in COLUMNS(c -> c LIKE 'x%'). */
static Match match_condition(const EngineNode *node, const char *name)
{
    const EngineNode *children = engine_node_get(node, "children");
    const char *type = engine_node_text(node, "type");
    if (is(node, "FUNCTION") && engine_node_size(children) == 2) {
        const char *pattern = constant_text(engine_node_at(children, 1));
        return pattern ? match_operator(engine_node_text(node, "function_name"), pattern, name) : UNKNOWN;
    }
    if (is(node, "COMPARISON")) {
        const char *text = constant_text(engine_node_get(node, "right"));
        bool equal = text && g_str_equal(text, name);
        return !text                                   ? UNKNOWN
               : g_str_equal(type, "COMPARE_EQUAL")    ? (equal ? YES : NO)
               : g_str_equal(type, "COMPARE_NOTEQUAL") ? (equal ? NO : YES)
                                                       : UNKNOWN;
    }
    if (is(node, "OPERATOR") && (g_str_equal(type, "COMPARE_IN") || g_str_equal(type, "COMPARE_NOT_IN"))) {
        return match_in(children, name, g_str_equal(type, "COMPARE_NOT_IN"));
    }
    if (is(node, "OPERATOR") && g_str_equal(type, "OPERATOR_NOT")) {
        Match inner = match_condition(engine_node_at(children, 0), name);
        return inner == UNKNOWN ? UNKNOWN : inner == YES ? NO : YES;
    }
    if (is(node, "CONJUNCTION")) {
        bool all = g_str_equal(type, "CONJUNCTION_AND");
        Match out = all ? YES : NO;
        for (size_t i = 0; i < engine_node_size(children); i++) {
            Match one = match_condition(engine_node_at(children, i), name);
            if (one == UNKNOWN) {
                return UNKNOWN;
            }
            out = all ? MIN(out, one) : MAX(out, one);
        }
        return out;
    }
    return UNKNOWN;
}

static Match match_named(const EngineNode *list, const char *name)
{
    for (size_t i = 0; i < engine_node_size(list); i++) {
        const EngineNode *entry = engine_node_at(list, i);
        const EngineNode *parts = engine_node_get(entry, "column_names");
        const char *text = parts ? engine_node_string(engine_node_at(parts, engine_node_size(parts) - 1))
                                 : constant_text(entry);
        if (!text) {
            return UNKNOWN;
        }
        if (g_ascii_strcasecmp(text, name) == 0) {
            return YES;
        }
    }
    return NO;
}

static Match match_columns(const EngineNode *star, const char *name)
{
    const EngineNode *expr = engine_node_get(star, "expr");
    const char *regex = constant_text(expr);
    if (!engine_node_is_object(expr)) {
        return YES;
    }
    if (regex) {
        return g_regex_match_simple(regex, name, 0, 0) ? YES : NO;
    }
    const char *function = engine_node_text(expr, "function_name");
    const EngineNode *children = engine_node_get(expr, "children");
    if (g_str_equal(function, "list_filter")) {
        return match_condition(engine_node_get(engine_node_at(children, 1), "expr"), name);
    }
    return g_str_equal(function, "list_value") ? match_named(children, name) : UNKNOWN;
}

/* ---- EXCLUDE, REPLACE, RENAME
 * ------------------------------------------------------------------------------ */

static bool is_excluded(const EngineNode *star, const Visible *visible)
{
    size_t i;
    const EngineNode *entry;
    engine_node_foreach(engine_node_get(star, "exclude_list"), i, entry)
    {
        const char *text = engine_node_string(entry);
        if (text && g_ascii_strcasecmp(text, visible->column.name) == 0) {
            return true;
        }
    }
    engine_node_foreach(engine_node_get(star, "qualified_exclude_list"), i, entry)
    {
        const char *table = engine_node_text(entry, "table");
        if (g_ascii_strcasecmp(engine_node_text(entry, "column"), visible->column.name) == 0 &&
            (!*table ||
             g_ascii_strcasecmp(table, visible->relation->alias ? visible->relation->alias : "") == 0)) {
            return true;
        }
    }
    return false;
}

static const EngineNode *keyed(const EngineNode *list, const char *name)
{
    size_t i;
    const EngineNode *entry;
    engine_node_foreach(list, i, entry)
    {
        const EngineNode *key = engine_node_get(entry, "key");
        const char *text =
            engine_node_is_object(key) ? engine_node_text(key, "column") : engine_node_string(key);
        if (text && g_ascii_strcasecmp(text, name) == 0) {
            return engine_node_get(entry, "value");
        }
    }
    return NULL;
}

static Column changed(Walk *walk, const EngineNode *star, const Visible *visible, Scope *scope)
{
    Column column = visible->column;
    const EngineNode *replace = keyed(engine_node_get(star, "replace_list"), column.name);
    const EngineNode *rename = keyed(engine_node_get(star, "rename_list"), column.name);
    if (replace) {
        Value value = walk_expr(walk, replace, scope);
        column.origins = value.origins;
        column.type = value.type;
    }
    if (engine_node_string(rename)) {
        column.name = walk_text(walk, engine_node_string(rename));
    }
    return column;
}

static bool visible_has(const Scope *scope, const char *name)
{
    for (guint i = 0; i < scope->visible->len; i++) {
        const char *own = g_array_index(scope->visible, Visible, i).column.name;
        if (own && g_ascii_strcasecmp(own, name) == 0) {
            return true;
        }
    }
    return false;
}

/* The tree keeps the names of EXCLUDE without their places: the first such word behind the star. */
static size_t word_offset(const char *sql, size_t offset, const char *name)
{
    size_t len = strlen(sql), word = strlen(name);
    for (size_t i = offset; i < len; i++) {
        bool starts = i == 0 || !(g_ascii_isalnum(sql[i - 1]) || sql[i - 1] == '_');
        if (starts && g_ascii_strncasecmp(sql + i, name, word) == 0 &&
            !(g_ascii_isalnum(sql[i + word]) || sql[i + word] == '_')) {
            return i;
        }
    }
    return offset;
}

static void check_lists(Walk *walk, const EngineNode *star, const Scope *scope)
{
    for (const Relation *r = scope->relations; r; r = r->next) {
        if (r->open) {
            return;
        }
    }
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    for (guint i = 0; i < scope->visible->len; i++) {
        const char *name = g_array_index(scope->visible, Visible, i).column.name;
        if (name) {
            g_ptr_array_add(names, (gpointer)(guintptr)name);
        }
    }
    g_ptr_array_add(names, NULL);
    size_t i;
    const EngineNode *entry;
    engine_node_foreach(engine_node_get(star, "exclude_list"), i, entry)
    {
        const char *text = engine_node_string(entry);
        if (text && !visible_has(scope, text)) {
            BaseDiag *diag =
                walk_complain(walk, word_offset(walk->context->sql, node_offset(star), text), strlen(text),
                              BASE_E_COLUMN_UNKNOWN, "EXCLUDE names a column `%s` that is not there", text);
            if (diag) {
                base_diag_hint_nearest(diag, text, (const char *const *)names->pdata);
            }
        }
    }
}

/* ---- items
 * ----------------------------------------------------------------------------------------------------- */

static bool of_relation(const Visible *visible, const char *relation)
{
    return !*relation ||
           (visible->relation->alias && g_ascii_strcasecmp(visible->relation->alias, relation) == 0);
}

/* `t.*` covers all of t, also what USING merged away from the plain `*`. */
static GArray *candidates(const Scope *scope, const char *relation, bool *ret_open, bool *ret_found)
{
    GArray *out = g_array_new(FALSE, FALSE, sizeof(Visible));
    for (guint i = 0; !*relation && i < scope->visible->len; i++) {
        g_array_append_val(out, g_array_index(scope->visible, Visible, i));
    }
    for (const Relation *r = scope->relations; r; r = r->next) {
        if (*relation && (!r->alias || g_ascii_strcasecmp(r->alias, relation) != 0)) {
            continue;
        }
        *ret_found = true;
        *ret_open = *ret_open || r->open;
        for (size_t i = 0; *relation && i < r->n_columns; i++) {
            Visible visible = {.relation = r, .column = r->columns[i]};
            g_array_append_val(out, visible);
        }
    }
    return out;
}

static void complain_star(Walk *walk, const EngineNode *star, const Scope *scope, const char *relation)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    for (const Relation *r = scope->relations; r; r = r->next) {
        if (r->alias) {
            g_ptr_array_add(names, (gpointer)(guintptr)r->alias);
        }
    }
    g_ptr_array_add(names, NULL);
    BaseDiag *diag = walk_complain(walk, node_offset(star), strlen(relation), BASE_E_TABLE_UNKNOWN,
                                   "no table or alias `%s` in FROM", relation);
    if (diag) {
        base_diag_hint_nearest(diag, relation, (const char *const *)names->pdata);
    }
}

/* `* LIKE 'x%'` is a function of a plain star: a condition on names, not on values. */
static const EngineNode *star_condition(const EngineNode *item, const EngineNode *star)
{
    static const char *const operators[] = {"~~", "!~~", "~~*", "!~~*", "~~~", "regexp_full_match", NULL};
    bool plain = engine_node_at(engine_node_get(item, "children"), 0) == star &&
                 !engine_node_is_true(engine_node_get(star, "columns"));
    return plain && g_strv_contains(operators, engine_node_text(item, "function_name")) ? item : NULL;
}

static void add_item(Walk *walk, const EngineNode *item, const EngineNode *star, const Visible *visible,
                     Scope *scope, GArray *out)
{
    Column column = changed(walk, star, visible, scope);
    if (item != star) {
        const Visible *before = scope->star;
        Visible bound = {.relation = visible->relation, .column = column};
        scope->star = &bound;
        Value value = walk_expr(walk, item, scope);
        scope->star = before;
        column.origins = value.origins;
        column.type = value.type;
    }
    const char *alias = engine_node_text(item, "alias");
    if (*alias && !engine_node_is_object(engine_node_get(star, "expr"))) {
        column.name = walk_text(walk, alias);
    } else if (*alias) {
        column.name = NULL; /* may hold \1: the engine knows */
    }
    g_array_append_val(out, column);
}

void walk_star_item(Walk *walk, const EngineNode *item, const EngineNode *star, Scope *scope, GArray *out,
                    bool *ret_open)
{
    const char *relation = engine_node_text(star, "relation_name");
    const EngineNode *condition = star_condition(item, star);
    bool open = false, found = false;
    g_autoptr(GArray) all = candidates(scope, relation, &open, &found);
    if (*relation && !found && !visible_has(scope, relation)) {
        complain_star(walk, star, scope, relation);
    }
    if (*relation && !found) { /* fields of a struct column */
        *ret_open = true;
        return;
    }
    check_lists(walk, star, scope);
    for (guint i = 0; i < all->len; i++) {
        const Visible *visible = &g_array_index(all, Visible, i);
        const char *name = visible->column.name;
        if (!of_relation(visible, relation) || (name && is_excluded(star, visible))) {
            continue;
        }
        Match match = !name       ? UNKNOWN
                      : condition ? match_condition(condition, name)
                                  : match_columns(star, name);
        if (match == NO) {
            continue;
        }
        open = open || (match == UNKNOWN && name);
        if (name) {
            add_item(walk, condition ? star : item, star, visible, scope, out);
        } else {
            g_array_append_val(out, visible->column);
        }
    }
    *ret_open = *ret_open || open;
}
