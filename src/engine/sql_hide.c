/* Keeps bookkeeping columns out of SELECT *.
 *
 * A star gets the names in its EXCLUDE list when the tables it covers have them. NATURAL joins and PIVOT use
 * every column of their inputs without a star, so their tables become (SELECT * EXCLUDE (...) FROM t) AS t.
 * So does a table whose name, or alias, stands where a value does: it may mean the whole row. That it may be
 * a column's name too does no harm; but who asks for a hidden column by its name needs the table as it is. */
#include "engine/sql_int.h"

typedef struct {
    const char *const *names;
    EngineHidden hidden;
    void *user;
    GHashTable *words;   /* last names of all column references, folded */
    GHashTable *wrapped; /* "schema.table" of those that are a subquery now, folded */
    bool asked;          /* one of `names` is among the words */
} Hide;

static bool is_type(const json_t *node, const char *type)
{
    return strcmp(base_json_string(node, "type", ""), type) == 0;
}

static bool is_hidden_table(const Hide *hide, const json_t *node)
{
    const char *schema = base_json_string(node, "schema_name", "");
    return is_type(node, "BASE_TABLE") && *schema &&
           hide->hidden(schema, base_json_string(node, "table_name", ""), hide->user);
}

static const char *shown_name(const json_t *table)
{
    const char *alias = base_json_string(table, "alias", "");
    return *alias ? alias : base_json_string(table, "table_name", "");
}

/* Whether the FROM tree `from` shows columns of a hidden table under `relation` ("" = any). */
static bool covers(const Hide *hide, const json_t *from, const char *relation)
{
    if (is_type(from, "JOIN")) {
        const char *join = base_json_string(from, "join_type", "INNER");
        bool left_only = strcmp(join, "SEMI") == 0 || strcmp(join, "ANTI") == 0;
        return covers(hide, json_object_get(from, "left"), relation) ||
               (!left_only && covers(hide, json_object_get(from, "right"), relation));
    }
    return is_hidden_table(hide, from) && (!*relation || g_ascii_strcasecmp(relation, shown_name(from)) == 0);
}

static bool lists(const json_t *list, const char *name)
{
    const json_t *item;
    size_t i;
    json_array_foreach (list, i, item) {
        if (json_is_string(item) && g_ascii_strcasecmp(json_string_value(item), name) == 0) {
            return true;
        }
    }
    return false;
}

static void exclude(const Hide *hide, json_t *star)
{
    json_t *list = json_object_get(star, "exclude_list");
    if (!json_is_array(list)) {
        list = json_array();
        json_object_set_new(star, "exclude_list", list);
    }
    for (const char *const *name = hide->names; *name; name++) {
        if (!lists(list, *name)) {
            json_array_append_new(list, json_string(*name));
        }
    }
}

/* Stars of one SELECT: those in its own expressions, not in its subqueries. */
static void hide_stars(const Hide *hide, json_t *node, const json_t *from)
{
    size_t i;
    json_t *item;
    json_array_foreach (node, i, item) {
        hide_stars(hide, item, from);
    }
    if (!json_is_object(node) || json_object_get(node, "cte_map")) {
        return;
    }
    /* COLUMNS('regex') and COLUMNS(lambda) have an expression and take no list. */
    if (is_type(node, "STAR") && !json_object_get(node, "expr") &&
        covers(hide, from, base_json_string(node, "relation_name", ""))) {
        exclude(hide, node);
    }
    const char *key;
    json_t *value;
    json_object_foreach (node, key, value) {
        hide_stars(hide, value, from);
    }
}

/* t becomes (SELECT * EXCLUDE (names) FROM t) AS t, in place. */
static void wrap(const Hide *hide, json_t *table)
{
    g_autofree char *name = g_strdup(shown_name(table));
    g_autofree char *full = g_strconcat(base_json_string(table, "schema_name", ""), ".",
                                        base_json_string(table, "table_name", ""), NULL);
    g_hash_table_add(hide->wrapped, g_ascii_strdown(full, -1));
    g_autoptr(json_t) inner = json_copy(table);
    json_t *column_names = json_incref(json_object_get(table, "column_name_alias"));
    json_object_del(inner, "column_name_alias");
    json_t *star = json_pack("{s:s, s:s, s:[]}", "class", "STAR", "type", "STAR", "exclude_list");
    exclude(hide, star);
    json_object_clear(table);
    json_object_set_new(table, "type", json_string("SUBQUERY"));
    json_object_set_new(table, "alias", json_string(name));
    if (column_names) {
        json_object_set_new(table, "column_name_alias", column_names);
    }
    json_object_set_new(table, "subquery",
                        json_pack("{s:{s:s, s:{}, s:[o], s:O, s:s}}", "node", "type", "SELECT_NODE",
                                  "cte_map", "select_list", star, "from_table", inner, "aggregate_handling",
                                  "STANDARD_HANDLING"));
}

static void wrap_tables(const Hide *hide, json_t *from)
{
    if (is_type(from, "JOIN")) {
        wrap_tables(hide, json_object_get(from, "left"));
        wrap_tables(hide, json_object_get(from, "right"));
    } else if (is_hidden_table(hide, from)) {
        wrap(hide, from);
    }
}

static bool is_word(const Hide *hide, const char *name)
{
    g_autofree char *folded = g_ascii_strdown(name, -1);
    return g_hash_table_contains(hide->words, folded);
}

static void wrap_where_needed(const Hide *hide, json_t *from)
{
    if (is_type(from, "PIVOT")) {
        wrap_tables(hide, json_object_get(from, "source"));
    } else if (is_type(from, "JOIN") && strcmp(base_json_string(from, "ref_type", ""), "NATURAL") == 0) {
        wrap_tables(hide, from);
    } else if (is_type(from, "JOIN")) {
        wrap_where_needed(hide, json_object_get(from, "left"));
        wrap_where_needed(hide, json_object_get(from, "right"));
    } else if (!hide->asked && is_hidden_table(hide, from) && is_word(hide, shown_name(from))) {
        wrap(hide, from);
    }
}

static void hide_select(const Hide *hide, json_t *select)
{
    json_t *from = json_object_get(select, "from_table");
    wrap_where_needed(hide, from);
    const char *key;
    json_t *value;
    json_object_foreach (select, key, value) {
        if (value != from && strcmp(key, "cte_map") != 0) {
            hide_stars(hide, value, from);
        }
    }
}

static void walk(const Hide *hide, json_t *node)
{
    size_t i;
    json_t *item;
    json_array_foreach (node, i, item) {
        walk(hide, item);
    }
    if (!json_is_object(node)) {
        return;
    }
    const char *key;
    json_t *value;
    json_object_foreach (node, key, value) {
        walk(hide, value);
    }
    if (is_type(node, "SELECT_NODE")) {
        hide_select(hide, node);
    }
}

/* ---- names -------------------------------------------------------------------------------------------- */

typedef void (*EachReference)(const Hide *hide, json_t *names);

static void visit_references(const Hide *hide, json_t *node, EachReference each)
{
    size_t i;
    const char *key;
    json_t *item;
    json_t *names = json_object_get(node, "column_names");
    if (json_array_size(names) > 0 && strcmp(base_json_string(node, "class", ""), "COLUMN_REF") == 0) {
        each(hide, names);
    }
    json_array_foreach (node, i, item) {
        visit_references(hide, item, each);
    }
    json_object_foreach (node, key, item) {
        visit_references(hide, item, each);
    }
}

static void note_word(const Hide *hide, json_t *names)
{
    const char *last = json_string_value(json_array_get(names, json_array_size(names) - 1));
    g_hash_table_add(hide->words, g_ascii_strdown(last ? last : "", -1));
}

/* schema.table.column of a table that is a subquery now: that has the bare name. */
static void shorten(const Hide *hide, json_t *names)
{
    const char *schema = json_string_value(json_array_get(names, 0));
    const char *table = json_string_value(json_array_get(names, 1));
    if (json_array_size(names) < 3 || !schema || !table) {
        return;
    }
    g_autofree char *full = g_strconcat(schema, ".", table, NULL);
    g_autofree char *folded = g_ascii_strdown(full, -1);
    if (g_hash_table_contains(hide->wrapped, folded)) {
        json_array_remove(names, 0);
    }
}

bool engine_sql_hide_columns(json_t *tree, const char *const *names, EngineHidden hidden, void *user,
                             GError **error)
{
    if (!json_is_object(tree)) {
        return base_fail(error, BASE_E_INTERNAL, "no tree to hide columns in");
    }
    g_autoptr(GHashTable) words = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GHashTable) wrapped = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    Hide hide = {.names = names, .hidden = hidden, .user = user, .words = words, .wrapped = wrapped};
    visit_references(&hide, tree, note_word);
    for (const char *const *name = names; *name; name++) {
        hide.asked = hide.asked || is_word(&hide, *name);
    }
    walk(&hide, tree);
    if (g_hash_table_size(wrapped) > 0) {
        visit_references(&hide, tree, shorten);
    }
    return true;
}
