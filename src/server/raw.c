/* What is told of tables and made of their rows. See raw.h. */
#include "server/raw.h"

#define NOT_SHOWN "not shown: it may hold values that you may not see"

struct ServerRaw {
    const AccessUser *user;
    const CatalogSnapshot *snapshot;
    GHashTable *known; /* CatalogObject -> Known */
};

typedef enum { KNOWN_NOT_YET, KNOWN_MAY, KNOWN_MAY_NOT } Known;

ServerRaw *server_raw_new(const AccessUser *user, const CatalogSnapshot *snapshot)
{
    ServerRaw *raw = g_new0(ServerRaw, 1);
    raw->user = user;
    raw->snapshot = snapshot;
    raw->known = g_hash_table_new(NULL, NULL);
    return raw;
}

void server_raw_free(ServerRaw *raw)
{
    if (raw) {
        g_hash_table_unref(raw->known);
        g_free(raw);
    }
}

bool server_raw_may_read(ServerRaw *raw, const CatalogObject *object)
{
    Known known = GPOINTER_TO_UINT(g_hash_table_lookup(raw->known, object));
    if (known == KNOWN_NOT_YET) {
        known = access_check_raw(raw->user, raw->snapshot, object, NULL) ? KNOWN_MAY : KNOWN_MAY_NOT;
        g_hash_table_insert(raw->known, (gpointer)(guintptr)object, GUINT_TO_POINTER(known));
    }
    return known == KNOWN_MAY;
}

static bool may_know(ServerRaw *raw, const CatalogObject *object)
{
    return object ? access_check(raw->user, ACCESS_RUN, object, NULL) || server_raw_may_read(raw, object)
                  : access_user_is_admin(raw->user);
}

/* Values go; a text gives way to why it is not there. */
static void take_out(json_t *row, const char *const *values, const char *text)
{
    for (size_t i = 0; values[i]; i++) {
        json_object_del(row, values[i]);
    }
    if (base_json_string(row, text, NULL)) {
        base_json_set_string(row, text, NOT_SHOWN);
    }
}

static void take_out_of_check(json_t *check)
{
    static const char *const VALUES[] = {"value",      "baseline",        "z", "percent", "sample",
                                         "new_values", "vanished_values", NULL};
    take_out(check, VALUES, "message");
}

void server_raw_hide_check(ServerRaw *raw, const CatalogObject *object, json_t *check)
{
    if (!may_know(raw, object)) {
        take_out_of_check(check);
    }
}

void server_raw_hide_run(ServerRaw *raw, const CatalogObject *object, json_t *run)
{
    static const char *const NONE[] = {NULL};
    if (may_know(raw, object)) {
        return;
    }
    take_out(run, NONE, "message");
    take_out(run, NONE, "reason");
    size_t i;
    json_t *check;
    json_array_foreach (json_object_get(run, "checks"), i, check) {
        take_out_of_check(check);
    }
}

void server_raw_hide_load(ServerRaw *raw, const CatalogObject *object, json_t *load)
{
    static const char *const VALUES[] = {"error_log", NULL};
    bool own = g_str_equal(base_json_string(load, "user", ""), access_user_name(raw->user));
    if (!own && !may_know(raw, object)) {
        take_out(load, VALUES, "message");
    }
}
