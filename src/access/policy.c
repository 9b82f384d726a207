/* Policies: which rows of a table a user sees, and which columns are hidden or masked.
 *
 *   policies:
 *     - {name: mask_pii,    on: "tag:pii",             mask: hash, except: ["role:privacy"]}
 *     - {name: own_country, on: interactions.dwd_play, rows: "country = 'CN'", for: ["role:partner"]}
 * `on`: table, domain.table, table.column, tag:x (of a table or of columns), layer:x, domain:x, *; one or a
 * list. `mask`: hash, null, redact, partial, or a SQL expression of the column's table; or a map of column to
 * one of these. `deny`: true, or columns. `rows` is a SQL condition; $viewer.name and $viewer.roles stand for
 * the user's. Policies add up: a row must pass all filters, the first mask of a column holds. A policy that
 * cannot be understood refuses the table: it never shows more than was meant. They bind all but the machine's
 * own user, administrators too (name them in `except`). What is kept of rows beside their table (rejected and
 * wrong rows, samples, messages with values) has no filter: whom a policy limits needs more than `read` for
 * it (access_check_raw). */
#include "access/access_int.h"
#include "base/text.h"

void access_policy_free(AccessPolicy *policy)
{
    if (policy) {
        g_ptr_array_unref(policy->filters);
        g_hash_table_unref(policy->masks);
        g_free(policy);
    }
}

/* ---- whom a policy binds ------------------------------------------------------------------------- */

static bool names_user(const AccessUser *user, const char *who)
{
    const char *colon = strchr(who, ':');
    const char *name = colon ? colon + 1 : who;
    bool as_user = !colon || g_str_has_prefix(who, "user:"), as_role = !g_str_has_prefix(who, "user:");
    return (as_user && g_str_equal(name, user->name)) ||
           (as_role && g_strv_contains((const char *const *)user->roles, name));
}

static bool lists_user(const AccessUser *user, const json_t *list)
{
    if (json_is_string(list)) {
        return names_user(user, json_string_value(list));
    }
    size_t i;
    json_t *who;
    json_array_foreach (list, i, who) {
        if (json_is_string(who) && names_user(user, json_string_value(who))) {
            return true;
        }
    }
    return false;
}

static bool binds(const AccessUser *user, const CatalogObject *policy)
{
    const json_t *whom = json_object_get(policy->definition, "for");
    return !user->local && (!whom || lists_user(user, whom)) &&
           !lists_user(user, json_object_get(policy->definition, "except"));
}

/* ---- what it is on ----------------------------------------------------------------------------------- */

typedef struct {
    bool whole;         /* the table as such */
    GPtrArray *columns; /* const char *: columns named or tagged */
} Target;

static bool tagged(const json_t *definition, const char *tag)
{
    const json_t *tags = json_object_get(definition, "tags");
    for (size_t i = 0; i < base_json_n_entries(tags); i++) {
        if (!g_strcmp0(json_string_value(base_json_entry(tags, i)), tag)) {
            return true;
        }
    }
    return false;
}

static void target_tag(const CatalogObject *object, const char *tag, Target *target)
{
    size_t i;
    json_t *column;
    target->whole = target->whole || tagged(object->definition, tag);
    json_array_foreach (json_object_get(object->definition, "columns"), i, column) {
        const char *name = base_json_string(column, "name", NULL);
        if (name && tagged(column, tag)) {
            g_ptr_array_add(target->columns, (char *)(gintptr)name);
        }
    }
}

static const char *column_of(const CatalogObject *object, const char *name)
{
    for (guint i = 0; object->columns && i < object->columns->len; i++) {
        const CatalogColumn *column = g_ptr_array_index(object->columns, i);
        if (!g_ascii_strcasecmp(column->name, name)) {
            return column->name;
        }
    }
    return NULL;
}

/* "table", "domain.table", "table.column" or "domain.table.column". */
static void target_name(const CatalogObject *object, const char *on, Target *target)
{
    const char *const prefixes[] = {object->plain_full_name, object->plain_name};
    for (size_t i = 0; i < G_N_ELEMENTS(prefixes); i++) {
        size_t len = strlen(prefixes[i]);
        if (g_ascii_strncasecmp(on, prefixes[i], len)) {
            continue;
        }
        if (!on[len]) {
            target->whole = true;
            return;
        }
        const char *column = on[len] == '.' ? column_of(object, on + len + 1) : NULL;
        if (column) {
            g_ptr_array_add(target->columns, (char *)(gintptr)column);
            return;
        }
    }
}

static void target_add(const CatalogObject *object, const char *on, Target *target)
{
    if (g_str_equal(on, "*")) {
        target->whole = true;
    } else if (g_str_has_prefix(on, "tag:")) {
        target_tag(object, on + 4, target);
    } else if (g_str_has_prefix(on, "layer:")) {
        target->whole = target->whole || !g_ascii_strcasecmp(on + 6, object->layer);
    } else if (g_str_has_prefix(on, "domain:")) {
        target->whole = target->whole || base_text_glob(on + 7, object->domain);
    } else {
        const char *colon = strchr(on, ':'); /* table:x, model:x */
        target_name(object, colon ? colon + 1 : on, target);
    }
}

static void target_find(const CatalogObject *policy, const CatalogObject *object, Target *target)
{
    const json_t *on = json_object_get(policy->definition, "on");
    size_t i;
    json_t *item;
    if (json_is_string(on)) {
        target_add(object, json_string_value(on), target);
    }
    json_array_foreach (on, i, item) {
        if (json_is_string(item)) {
            target_add(object, json_string_value(item), target);
        }
    }
}

/* ---- masks and filters -----------------------------------------------------------------------------------
 */

static char *mask_expression(const char *column, const char *mask)
{
    g_autofree char *name = engine_sql_name(column);
    if (g_str_equal(mask, "hash")) { /* equal values stay equal: joins and counts still work */
        return g_strdup_printf("left(sha256(CAST(%s AS VARCHAR)), 16)", name);
    }
    if (g_str_equal(mask, "null")) {
        return g_strdup("NULL");
    }
    if (g_str_equal(mask, "redact")) {
        return g_strdup_printf("CASE WHEN %s IS NULL THEN NULL ELSE '***' END", name);
    }
    if (g_str_equal(mask, "partial")) {
        return g_strdup_printf(
            "left(CAST(%s AS VARCHAR), 1) || '***' || CASE WHEN length(CAST(%s AS VARCHAR)) > 4 THEN"
            " right(CAST(%s AS VARCHAR), 1) ELSE '' END",
            name, name, name);
    }
    return g_strdup_printf("(%s)", mask);
}

static void mask_column(AccessPolicy *policy, const char *column, const char *mask)
{
    if (!g_hash_table_contains(policy->masks, column)) {
        g_hash_table_replace(policy->masks, g_strdup(column), mask ? mask_expression(column, mask) : NULL);
    }
}

static bool not_understood(const CatalogObject *source, const char *what, GError **error)
{
    base_fail(error, BASE_E_FORBIDDEN, "policy `%s` hides this table: %s", source->name, what);
    base_error_place(error, source->file, source->line, source->column);
    return false;
}

static bool add_masks(AccessPolicy *policy, const CatalogObject *source, const CatalogObject *object,
                      const Target *target, GError **error)
{
    const json_t *mask = json_object_get(source->definition, "mask");
    const char *text = json_is_null(mask) ? "null" : json_string_value(mask);
    if (!mask) {
        return true;
    }
    if (json_is_object(mask)) {
        const char *column;
        json_t *how;
        json_object_foreach ((json_t *)(gintptr)mask, column, how) {
            if (column_of(object, column)) {
                mask_column(policy, column_of(object, column),
                            json_is_string(how) ? json_string_value(how) : "null");
            }
        }
        return true;
    }
    if (!text) {
        return not_understood(source, "its mask is neither a word, an expression nor a map", error);
    }
    for (guint i = 0; i < target->columns->len; i++) {
        mask_column(policy, g_ptr_array_index(target->columns, i), text);
    }
    for (guint i = 0; target->whole && object->columns && i < object->columns->len; i++) {
        const CatalogColumn *column = g_ptr_array_index(object->columns, i);
        mask_column(policy, column->name, text);
    }
    if (target->whole && (!object->columns || object->columns->len == 0)) {
        return not_understood(source, "the columns to mask are not known", error);
    }
    return true;
}

static bool add_denied(AccessPolicy *policy, const CatalogObject *source, const CatalogObject *object,
                       const Target *target, GError **error)
{
    const json_t *deny = json_object_get(source->definition, "deny");
    size_t i;
    json_t *item;
    if (!deny || json_is_false(deny)) {
        return true;
    }
    if (target->whole && json_is_true(deny)) {
        return not_understood(source, "it denies all of it", error);
    }
    for (guint c = 0; c < target->columns->len; c++) {
        mask_column(policy, g_ptr_array_index(target->columns, c), NULL);
    }
    if (json_is_string(deny) && column_of(object, json_string_value(deny))) {
        mask_column(policy, column_of(object, json_string_value(deny)), NULL);
    }
    json_array_foreach (deny, i, item) {
        const char *column = json_is_string(item) ? column_of(object, json_string_value(item)) : NULL;
        if (column) {
            mask_column(policy, column, NULL);
        }
    }
    return true;
}

static void append_roles(GString *out, const AccessUser *user)
{
    g_string_append(out, "CAST([");
    for (size_t i = 0; user->roles[i]; i++) {
        g_string_append(out, i ? ", " : "");
        engine_sql_append_text(out, user->roles[i]);
    }
    g_string_append(out, "] AS VARCHAR[])");
}

static bool add_filter(AccessPolicy *policy, const CatalogObject *source, const AccessUser *user,
                       GError **error)
{
    static const char VIEWER[] = "$viewer.";
    const char *rows = base_json_string(source->definition, "rows", NULL);
    if (!rows) {
        return json_object_get(source->definition, "rows")
                   ? not_understood(source, "its `rows` is no condition", error)
                   : true;
    }
    g_autoptr(GString) out = g_string_new(NULL);
    for (const char *at = rows; *at;) {
        const char *next = strstr(at, VIEWER);
        g_string_append_len(out, at, next ? next - at : (gssize)strlen(at));
        if (!next) {
            break;
        }
        at = next + strlen(VIEWER);
        size_t len = strspn(at, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
        if (len == 4 && !strncmp(at, "name", len)) {
            engine_sql_append_text(out, user->name);
        } else if (len == 5 && !strncmp(at, "roles", len)) {
            append_roles(out, user);
        } else {
            return not_understood(source, "a viewer has `name` and `roles` only", error);
        }
        at += len;
    }
    g_ptr_array_add(policy->filters, g_string_free(g_steal_pointer(&out), FALSE));
    return true;
}

static bool apply(AccessPolicy *policy, const CatalogObject *source, const CatalogObject *object,
                  const AccessUser *user, GError **error)
{
    g_autoptr(GPtrArray) columns = g_ptr_array_new();
    Target target = {false, columns};
    target_find(source, object, &target);
    if (!target.whole && columns->len == 0) {
        return true;
    }
    return add_denied(policy, source, object, &target, error) &&
           add_masks(policy, source, object, &target, error) && add_filter(policy, source, user, error);
}

bool access_policy_of(const AccessUser *user, const CatalogSnapshot *snapshot, const CatalogObject *object,
                      AccessPolicy **ret, GError **error)
{
    g_autoptr(AccessPolicy) policy = g_new0(AccessPolicy, 1);
    policy->filters = g_ptr_array_new_with_free_func(g_free);
    policy->masks = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    const GPtrArray *objects = catalog_objects(snapshot);
    for (guint i = 0; i < objects->len; i++) {
        const CatalogObject *source = g_ptr_array_index(objects, i);
        if (source->kind == CATALOG_POLICY && binds(user, source) &&
            !apply(policy, source, object, user, error)) {
            return false;
        }
    }
    bool says = policy->filters->len > 0 || g_hash_table_size(policy->masks) > 0;
    *ret = says ? g_steal_pointer(&policy) : NULL;
    return true;
}

bool access_is_limited(const AccessUser *user, const CatalogSnapshot *snapshot, const CatalogObject *object)
{
    g_autoptr(AccessPolicy) policy = NULL;
    g_autoptr(GError) denied = NULL; /* one that refuses the table limits it most */
    return !access_policy_of(user, snapshot, object, &policy, &denied) || policy;
}

bool access_check_raw(const AccessUser *user, const CatalogSnapshot *snapshot, const CatalogObject *object,
                      GError **error)
{
    if (!access_check(user, ACCESS_READ, object, error)) {
        return false;
    }
    if (access_check(user, ACCESS_RUN, object, NULL) || !access_is_limited(user, snapshot, object)) {
        return true;
    }
    base_fail(error, BASE_E_FORBIDDEN, "a policy limits what user `%s` sees of `%s`", user->name,
              object->full_name);
    base_error_hint(error, "rows as they came, past the policy, need the right run on it");
    return false;
}

/* Bookkeeping and denied columns are left out, masked ones replaced. */
char *access_policy_select(const AccessPolicy *policy, const CatalogObject *object, const char *relation)
{
    GString *replaced = g_string_new(NULL), *excluded = g_string_new(NULL), *out = g_string_new("SELECT *");
    GHashTableIter iter;
    gpointer column, mask;
    for (size_t i = 0; object->kind == CATALOG_TABLE && ACCESS_HIDDEN_COLUMNS[i]; i++) {
        g_string_append(excluded, excluded->len ? ", " : "");
        engine_sql_append_name(excluded, ACCESS_HIDDEN_COLUMNS[i]);
    }
    g_hash_table_iter_init(&iter, policy->masks);
    while (g_hash_table_iter_next(&iter, &column, &mask)) {
        GString *list = mask ? replaced : excluded;
        g_string_append(list, list->len ? ", " : "");
        if (mask) {
            g_string_append_printf(list, "%s AS ", (const char *)mask);
        }
        engine_sql_append_name(list, column);
    }
    if (excluded->len) {
        g_string_append_printf(out, " EXCLUDE (%s)", excluded->str);
    }
    if (replaced->len) {
        g_string_append_printf(out, " REPLACE (%s)", replaced->str);
    }
    g_string_append(out, " FROM ");
    if (relation) {
        g_string_append_printf(out, "%s AS ", relation);
        engine_sql_append_name(out, object->plain_name);
    } else {
        engine_sql_append_table(out, object->domain, object->name);
        if (object->environment) { /* masks and filters call it by its plain name */
            g_string_append(out, " AS ");
            engine_sql_append_name(out, object->plain_name);
        }
    }
    for (guint i = 0; i < policy->filters->len; i++) {
        g_string_append_printf(out, "%s(%s)", i ? " AND " : " WHERE ",
                               (char *)g_ptr_array_index(policy->filters, i));
    }
    g_string_free(replaced, TRUE);
    g_string_free(excluded, TRUE);
    return g_string_free(out, FALSE);
}
