/* Rights: what is granted, worked out for a user, asked for an object.
 *
 * A user's rules come from three places: grants to the user or to one of their roles (`weir user`, GRANT),
 * `can` of the project's roles that have the user as a member, and membership of a domain, which gives read,
 * load, write and run in it: a domain owns its data. Rules add up; the role `admin` may everything. Objects:
 * "*", "domain:d", "layer:dws", "tag:pii", "table:d.name" (tables and models), "product:p" (its tables), or
 * "kind:name" of any other kind. * and ? match inside names. A domain's rule covers domains below it. */
#include "access/access_int.h"
#include "base/text.h"

#define ACCESS_ROLE_ADMIN       "admin"
#define ACCESS_MAX_DOMAIN_DEPTH 16

static const struct {
    const char *name;
    unsigned bits;
} RIGHTS[] = {
    {"read", ACCESS_READ}, {"load", ACCESS_LOAD},   {"write", ACCESS_WRITE},
    {"run", ACCESS_RUN},   {"admin", ACCESS_ADMIN},
};

bool access_right_parse(const char *text, unsigned *ret_rights)
{
    for (size_t i = 0; i < G_N_ELEMENTS(RIGHTS); i++) {
        if (!g_ascii_strcasecmp(text, RIGHTS[i].name)) {
            *ret_rights = RIGHTS[i].bits;
            return true;
        }
    }
    return false;
}

static const char *right_name(unsigned right)
{
    for (size_t i = 0; i < G_N_ELEMENTS(RIGHTS); i++) {
        if (right & RIGHTS[i].bits) {
            return RIGHTS[i].name;
        }
    }
    return "no";
}

void access_rule_free(AccessRule *rule)
{
    g_free(rule->name);
    g_free(rule);
}

static bool object_type(const char *word, AccessRule *rule)
{
    if (g_str_equal(word, "domain")) {
        rule->type = ACCESS_OBJECT_DOMAIN;
    } else if (g_str_equal(word, "layer")) {
        rule->type = ACCESS_OBJECT_LAYER;
    } else if (g_str_equal(word, "tag")) {
        rule->type = ACCESS_OBJECT_TAG;
    } else if (g_str_equal(word, "table") || g_str_equal(word, "model")) {
        rule->type = ACCESS_OBJECT_TABLE;
    } else {
        rule->type = ACCESS_OBJECT_KIND;
        return catalog_kind_by_name(word, &rule->kind);
    }
    return true;
}

bool access_rule_parse(const char *object, AccessRule *ret, GError **error)
{
    AccessRule rule = {0};
    if (!g_strcmp0(object, "*")) {
        rule.type = ACCESS_OBJECT_ALL;
        *ret = rule;
        return true;
    }
    const char *colon = object ? strchr(object, ':') : NULL;
    g_autofree char *word = colon ? g_strndup(object, (gsize)(colon - object)) : NULL;
    if (!colon || !colon[1] || strlen(colon + 1) > 256 || !object_type(word, &rule)) {
        base_fail(error, BASE_E_VALUE_INVALID, "`%s` names no object of a grant", object ? object : "");
        base_error_hint(error,
                        "write *, domain:NAME, layer:NAME, tag:NAME, table:DOMAIN.NAME or product:NAME");
        return false;
    }
    rule.name = g_ascii_strdown(colon + 1, -1);
    *ret = rule;
    return true;
}

/* ---- granting ---------------------------------------------------------------------------------- */

static bool grant_ok(const char *grantee, const char *right, const char *object, GError **error)
{
    unsigned rights = 0;
    AccessRule rule = {0};
    if (!access_name_ok(grantee, error)) {
        return false;
    }
    if (!access_right_parse(right, &rights)) {
        base_fail(error, BASE_E_VALUE_INVALID, "`%s` is no right", right);
        base_error_hint(error, "rights are read, load, write, run and admin");
        return false;
    }
    if (!access_rule_parse(object, &rule, error)) {
        return false;
    }
    g_free(rule.name);
    if ((rights & ACCESS_ADMIN) && rule.type != ACCESS_OBJECT_ALL) {
        return base_fail(error, BASE_E_VALUE_INVALID, "the right admin is granted on * only, not on `%s`",
                         object);
    }
    return true;
}

static bool change_grant(Access *access, const char *sql, const char *grantee, const char *right,
                         const char *object, GError **error)
{
    if (!grant_ok(grantee, right, object, error)) {
        return false;
    }
    g_autofree char *word = g_ascii_strdown(right, -1);
    g_autofree char *target = g_ascii_strdown(object, -1);
    const char *const values[] = {grantee, word, target};
    g_mutex_lock(&access->change_lock);
    bool ok = access_change(access, sql, values, 3, error);
    g_mutex_unlock(&access->change_lock);
    return ok;
}

bool access_grant(Access *access, const char *grantee, const char *right, const char *object, GError **error)
{
    return change_grant(access, "INSERT OR IGNORE INTO access_grants VALUES(?, ?, ?)", grantee, right, object,
                        error);
}

bool access_revoke(Access *access, const char *grantee, const char *right, const char *object, GError **error)
{
    return change_grant(access,
                        "DELETE FROM access_grants WHERE grantee = ? AND \"right\" = ? AND object = ?",
                        grantee, right, object, error);
}

json_t *access_grants_to_json(Access *access, const char *grantee)
{
    json_t *list = json_array();
    g_mutex_lock(&access->lock);
    for (guint i = 0; i < access->state->grants->len; i++) {
        const AccessGrantRow *row = g_ptr_array_index(access->state->grants, i);
        if (!grantee || g_str_equal(row->grantee, grantee)) {
            json_t *grant = json_object();
            base_json_set_string(grant, "grantee", row->grantee);
            base_json_set_string(grant, "right", row->right);
            base_json_set_string(grant, "object", row->object);
            json_array_append_new(list, grant);
        }
    }
    g_mutex_unlock(&access->lock);
    return list;
}

/* ---- working out ----------------------------------------------------------------------------------- */

/* What is gathered while a user's rights are worked out. */
typedef struct {
    CatalogSnapshot *snapshot;
    AccessUser *user;
    GHashTable *roles; /* set of names */
} Work;

static void add_rule(Work *work, unsigned rights, AccessObjectType type, CatalogKind kind, const char *name)
{
    AccessRule *rule = g_new0(AccessRule, 1);
    rule->rights = rights;
    rule->type = type;
    rule->kind = kind;
    rule->name = name ? g_ascii_strdown(name, -1) : NULL;
    g_ptr_array_add(work->user->rules, rule);
    if ((rights & ACCESS_ADMIN) && type == ACCESS_OBJECT_ALL) {
        work->user->admin = true;
    }
}

static const char *text_of(const json_t *value)
{
    return json_is_string(value) ? json_string_value(value) : "";
}

/* A rule on a product covers the tables it lists. */
static void add_product(Work *work, unsigned rights, const char *name)
{
    const GPtrArray *objects = catalog_objects(work->snapshot);
    for (guint i = 0; i < objects->len; i++) {
        const CatalogObject *object = g_ptr_array_index(objects, i);
        if (object->kind != CATALOG_PRODUCT ||
            !(base_text_glob(name, object->name) || base_text_glob(name, object->full_name))) {
            continue;
        }
        size_t j;
        json_t *table;
        json_array_foreach (json_object_get(object->definition, "tables"), j, table) {
            const CatalogObject *target = catalog_find(work->snapshot, text_of(table), object->domain, NULL);
            if (target) {
                add_rule(work, rights, ACCESS_OBJECT_TABLE, CATALOG_TABLE, target->full_name);
            }
        }
    }
}

static void add_granted(Work *work, const char *right, const char *object)
{
    unsigned rights = 0;
    AccessRule rule = {0};
    if (!access_right_parse(right, &rights) || !access_rule_parse(object, &rule, NULL)) {
        return; /* a word of a later issue (ask, export): it gives no right here */
    }
    if (!(rights & ACCESS_ADMIN) || rule.type == ACCESS_OBJECT_ALL) {
        add_rule(work, rights, rule.type, rule.kind, rule.name);
    }
    if (rule.type == ACCESS_OBJECT_KIND && rule.kind == CATALOG_PRODUCT) {
        add_product(work, rights, rule.name);
    }
    g_free(rule.name);
}

/* `can`: {read: "layer:dws"}, {read: [a, b]}, "read layer:dws", or "read" for everything. */
static void add_can(Work *work, json_t *can)
{
    if (json_is_string(can)) {
        g_auto(GStrv) words = g_strsplit(json_string_value(can), " ", 2);
        add_granted(work, words[0] ? words[0] : "", words[0] && words[1] ? g_strstrip(words[1]) : "*");
        return;
    }
    const char *right;
    json_t *value, *item;
    json_object_foreach (can, right, value) {
        size_t i;
        if (json_is_string(value)) {
            add_granted(work, right, json_string_value(value));
        }
        json_array_foreach (value, i, item) {
            add_granted(work, right, text_of(item));
        }
    }
}

/* "ann" (a user, or a role that the user has), "user:ann", "role:x", "group:x": groups are roles. */
static bool names_viewer(const Work *work, const char *text)
{
    const char *colon = strchr(text, ':');
    const char *name = colon ? colon + 1 : text;
    bool as_user = !colon || g_str_has_prefix(text, "user:"), as_role = !g_str_has_prefix(text, "user:");
    return (as_user && g_str_equal(name, work->user->name)) ||
           (as_role && g_hash_table_contains(work->roles, name));
}

/* One, or a list of them. */
static bool is_member(const Work *work, const json_t *members)
{
    for (size_t i = 0; i < base_json_n_entries(members); i++) {
        if (names_viewer(work, text_of(base_json_entry(members, i)))) {
            return true;
        }
    }
    return false;
}

/* Roles may have roles as members: repeated until nothing is added. */
static void add_project_roles(Work *work)
{
    const GPtrArray *objects = catalog_objects(work->snapshot);
    for (bool changed = true; changed;) {
        changed = false;
        for (guint i = 0; i < objects->len; i++) {
            const CatalogObject *object = g_ptr_array_index(objects, i);
            if (object->kind == CATALOG_ROLE && !g_hash_table_contains(work->roles, object->name) &&
                is_member(work, json_object_get(object->definition, "members"))) {
                g_hash_table_add(work->roles, g_strdup(object->name));
                changed = true;
            }
        }
    }
}

static void add_project_rules(Work *work)
{
    const GPtrArray *objects = catalog_objects(work->snapshot);
    for (guint i = 0; i < objects->len; i++) {
        const CatalogObject *object = g_ptr_array_index(objects, i);
        size_t j;
        json_t *can;
        if (object->kind == CATALOG_ROLE && g_hash_table_contains(work->roles, object->name)) {
            json_array_foreach (json_object_get(object->definition, "can"), j, can) {
                add_can(work, can);
            }
        }
        if (object->kind == CATALOG_DOMAIN &&
            is_member(work, json_object_get(object->definition, "members"))) {
            add_rule(work, ACCESS_READ | ACCESS_LOAD | ACCESS_WRITE | ACCESS_RUN, ACCESS_OBJECT_DOMAIN,
                     CATALOG_DOMAIN, object->name);
        }
    }
}

/* A rule on a domain covers those whose `parent` it is. */
static void add_child_domains(Work *work)
{
    const GPtrArray *objects = catalog_objects(work->snapshot);
    for (guint depth = 0, from = 0; depth < ACCESS_MAX_DOMAIN_DEPTH; depth++) {
        guint upto = work->user->rules->len;
        for (guint r = from; r < upto; r++) {
            const AccessRule *rule = g_ptr_array_index(work->user->rules, r);
            for (guint i = 0; rule->type == ACCESS_OBJECT_DOMAIN && i < objects->len; i++) {
                const CatalogObject *object = g_ptr_array_index(objects, i);
                const char *parent = object->kind == CATALOG_DOMAIN
                                         ? base_json_string(object->definition, "parent", NULL)
                                         : NULL;
                if (parent && base_text_glob(rule->name, parent)) {
                    add_rule(work, rule->rights, ACCESS_OBJECT_DOMAIN, CATALOG_DOMAIN, object->name);
                }
            }
        }
        from = upto;
    }
}

static void add_visible_domains(Work *work)
{
    const GPtrArray *objects = catalog_objects(work->snapshot);
    for (guint i = 0; i < objects->len; i++) {
        const CatalogObject *object = g_ptr_array_index(objects, i);
        if ((object->kind == CATALOG_TABLE || object->kind == CATALOG_MODEL) &&
            !g_hash_table_contains(work->user->domains, object->domain) &&
            access_can_see(work->user, object)) {
            g_hash_table_add(work->user->domains, g_strdup(object->domain));
        }
    }
    for (guint i = 0; i < work->user->rules->len;
         i++) { /* a domain of one's own shows even while it is empty */
        const AccessRule *rule = g_ptr_array_index(work->user->rules, i);
        if (rule->type == ACCESS_OBJECT_DOMAIN) {
            g_hash_table_add(work->user->domains, g_strdup(rule->name));
        }
    }
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static char **sorted_roles(GHashTable *roles)
{
    GPtrArray *names = g_ptr_array_new();
    GHashTableIter iter;
    gpointer name;
    g_hash_table_iter_init(&iter, roles);
    while (g_hash_table_iter_next(&iter, &name, NULL)) {
        g_ptr_array_add(names, g_strdup(name));
    }
    g_ptr_array_sort(names, by_text);
    g_ptr_array_add(names, NULL);
    return (char **)g_ptr_array_free(names, FALSE);
}

/* The name is part of it: policies may speak of the viewer. */
static char *fingerprint(const AccessUser *user)
{
    g_autoptr(GString) text = g_string_new(user->name);
    g_string_append_printf(text, "\n%d", user->admin);
    for (size_t i = 0; user->roles[i]; i++) {
        g_string_append_printf(text, "\nrole %s", user->roles[i]);
    }
    for (guint i = 0; i < user->rules->len; i++) {
        const AccessRule *rule = g_ptr_array_index(user->rules, i);
        g_string_append_printf(text, "\n%u %d %d %s", rule->rights, (int)rule->type, (int)rule->kind,
                               rule->name ? rule->name : "");
    }
    guint8 out[ACCESS_SHA256_BYTES];
    access_sha256(text->str, text->len, NULL, 0, out);
    return access_hex(out, sizeof out);
}

static AccessUser *user_new(Access *access, const char *name)
{
    AccessUser *user = g_new0(AccessUser, 1);
    g_atomic_ref_count_init(&user->refs);
    user->access = access;
    user->name = g_strdup(name);
    user->rules = g_ptr_array_new_with_free_func((GDestroyNotify)access_rule_free);
    user->domains = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    return user;
}

static AccessUser *work_out(Access *access, CatalogSnapshot *snapshot, const AccessUserRow *row)
{
    AccessUser *user = user_new(access, row->name);
    g_autoptr(GHashTable) roles = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    Work work = {snapshot, user, roles};
    for (size_t i = 0; row->roles[i]; i++) {
        g_hash_table_add(roles, g_strdup(row->roles[i]));
    }
    add_project_roles(&work);
    user->admin = g_hash_table_contains(roles, ACCESS_ROLE_ADMIN);
    for (guint i = 0; i < access->state->grants->len; i++) {
        const AccessGrantRow *grant = g_ptr_array_index(access->state->grants, i);
        if (g_str_equal(grant->grantee, row->name) || g_hash_table_contains(roles, grant->grantee)) {
            add_granted(&work, grant->right, grant->object);
        }
    }
    add_project_rules(&work);
    add_child_domains(&work);
    user->roles = sorted_roles(roles);
    add_visible_domains(&work);
    user->fingerprint = fingerprint(user);
    return user;
}

AccessUser *access_user_work_out(Access *access, CatalogSnapshot *snapshot, const AccessUserRow *row)
{
    if (access->worked_out_for != snapshot) {
        g_hash_table_remove_all(access->worked_out);
        catalog_snapshot_unref(access->worked_out_for);
        access->worked_out_for = catalog_snapshot_ref(snapshot);
    }
    AccessUser *user = g_hash_table_lookup(access->worked_out, row->name);
    if (!user) {
        user = work_out(access, snapshot, row);
        g_hash_table_replace(access->worked_out, g_strdup(row->name), user);
    }
    return access_user_ref(user);
}

AccessUser *access_user_refresh(Access *access, CatalogSnapshot *snapshot, const AccessUser *user)
{
    if (user->local) {
        return access_user_ref(access->local);
    }
    g_mutex_lock(&access->lock);
    const AccessUserRow *row = g_hash_table_lookup(access->state->users, user->name);
    char *none[] = {NULL};
    AccessUserRow gone = {.name = user->name, .roles = none}; /* removed meanwhile: no rights are left */
    AccessUser *fresh = row ? access_user_work_out(access, snapshot, row) : work_out(access, snapshot, &gone);
    g_mutex_unlock(&access->lock);
    return fresh;
}

/* ---- asking -------------------------------------------------------------------------------------- */

static bool has_tag(const CatalogObject *object, const char *tag)
{
    const json_t *tags = json_object_get(object->definition, "tags");
    for (size_t i = 0; i < base_json_n_entries(tags); i++) {
        if (base_text_glob(tag, text_of(base_json_entry(tags, i)))) {
            return true;
        }
    }
    return false;
}

static bool covers(const AccessRule *rule, const CatalogObject *object)
{
    bool is_table = object->kind == CATALOG_TABLE || object->kind == CATALOG_MODEL;
    switch (rule->type) {
    case ACCESS_OBJECT_ALL:
        return true;
    case ACCESS_OBJECT_DOMAIN:
        return base_text_glob(rule->name, object->domain) ||
               (object->kind == CATALOG_DOMAIN && base_text_glob(rule->name, object->name));
    case ACCESS_OBJECT_LAYER:
        return object->layer[0] && !g_ascii_strcasecmp(rule->name, object->layer);
    case ACCESS_OBJECT_TAG:
        return has_tag(object, rule->name);
    case ACCESS_OBJECT_TABLE:
        return is_table && base_text_glob(rule->name, strchr(rule->name, '.') ? object->plain_full_name
                                                                              : object->plain_name);
    case ACCESS_OBJECT_KIND:
        return object->kind == rule->kind &&
               base_text_glob(rule->name,
                              strchr(rule->name, '.') ? object->plain_full_name : object->plain_name);
    }
    return false;
}

unsigned access_rights_on(const AccessUser *user, const CatalogObject *object)
{
    if (user->admin) {
        return ACCESS_READ | ACCESS_LOAD | ACCESS_WRITE | ACCESS_RUN | ACCESS_ADMIN;
    }
    unsigned rights = 0;
    for (guint i = 0; i < user->rules->len; i++) {
        const AccessRule *rule = g_ptr_array_index(user->rules, i);
        if (object ? covers(rule, object) : rule->type == ACCESS_OBJECT_ALL) {
            rights |= rule->rights;
        }
    }
    return rights;
}

static bool refuse(const AccessUser *user, AccessRight right, const char *what, GError **error)
{
    base_fail(error, BASE_E_FORBIDDEN, "user `%s` lacks the right %s on %s", user->name, right_name(right),
              what);
    base_error_hint(error, "an administrator can grant it: weir user grant %s %s OBJECT", user->name,
                    right_name(right));
    if (error) { /* a caller that only asks passes none */
        access_audit(user->access, user->name, "denied", what, right_name(right), false);
    }
    return false;
}

bool access_check(const AccessUser *user, AccessRight right, const CatalogObject *object, GError **error)
{
    if ((access_rights_on(user, object) & right) == (unsigned)right) {
        return true;
    }
    g_autofree char *what =
        object ? g_strdup_printf("%s `%s`", catalog_kind_name(object->kind), object->full_name)
               : g_strdup("everything");
    return refuse(user, right, what, error);
}

bool access_check_domain(const AccessUser *user, AccessRight right, const char *domain, GError **error)
{
    unsigned rights = user->admin ? (unsigned)right : 0;
    for (guint i = 0; i < user->rules->len; i++) {
        const AccessRule *rule = g_ptr_array_index(user->rules, i);
        if (rule->type == ACCESS_OBJECT_ALL ||
            (rule->type == ACCESS_OBJECT_DOMAIN && domain && base_text_glob(rule->name, domain))) {
            rights |= rule->rights;
        }
    }
    if ((rights & right) == (unsigned)right) {
        return true;
    }
    g_autofree char *what = g_strdup_printf("domain `%s`", domain ? domain : "");
    return refuse(user, right, what, error);
}

bool access_can_see(const AccessUser *user, const CatalogObject *object)
{
    return access_rights_on(user, object) != 0;
}

bool access_can_see_domain(const AccessUser *user, const char *domain)
{
    if (user->admin || g_hash_table_contains(user->domains, domain)) {
        return true;
    }
    for (guint i = 0; i < user->rules->len; i++) {
        const AccessRule *rule = g_ptr_array_index(user->rules, i);
        if (rule->type == ACCESS_OBJECT_ALL ||
            (rule->type == ACCESS_OBJECT_DOMAIN && base_text_glob(rule->name, domain))) {
            return true;
        }
    }
    return false;
}
