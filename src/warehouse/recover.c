/* An apply that was cut off by a kill or a power cut. Its steps (apply.c) are transactions of their own, and
 * the version row is in another file: what stands may be of either version, or between them. Before its first
 * step an apply notes what it will touch, in _weir.applying; when all is done, or taken back, the note goes.
 * Where a note stands at open, or when the next apply begins, what it names is made what the last version
 * says.
 *
 * That is the same before and after the version row: before it, it takes back; after it, it finishes. Loads
 * cannot have come between, and rows go only where the apply was allowed to take them. */
#include "engine/sql.h"
#include "warehouse/warehouse_int.h"

#define MAX_NOTED 10000000

/* ---- the note -------------------------------------------------------------------------------------------
 */

static const CatalogObject *touched(const CatalogChange *change)
{
    const CatalogObject *object = change->after ? change->after : change->before;
    return object->kind == CATALOG_TABLE || object->kind == CATALOG_MODEL ? object : NULL;
}

bool warehouse_recover_begin(EngineConn *conn, const CatalogDiff *diff, GError **error)
{
    g_autoptr(GString) sql = g_string_new(NULL);
    for (guint i = 0; i < diff->changes->len; i++) {
        const CatalogChange *change = diff->changes->pdata[i];
        const CatalogObject *object = touched(change);
        if (object) {
            g_string_append(sql, sql->len ? ", (" : "INSERT INTO _weir.applying VALUES (");
            engine_sql_append_text(sql, object->id);
            g_string_append(sql, change->type == CATALOG_ADDED ? ", true)" : ", false)");
        }
    }
    return sql->len == 0 || engine_exec(conn, sql->str, error);
}

static bool forget_note(EngineConn *conn, void *user, GError **error)
{
    (void)user;
    return engine_exec(conn, "DELETE FROM _weir.applying", error);
}

bool warehouse_recover_end(Warehouse *warehouse, const CatalogDiff *diff, GError **error)
{
    for (guint i = 0; i < diff->changes->len; i++) {
        if (touched(diff->changes->pdata[i])) {
            return intake_transact(warehouse->intake, forget_note, NULL, error);
        }
    }
    return true;
}

/* ---- making good ----------------------------------------------------------------------------------------
 */

typedef struct {
    Warehouse *warehouse;
    CatalogSnapshot *applied;
    json_t *rows; /* [{id, added}] */
    WarehouseStanding standing;
} Recover;

/* Calls `work` for all that is noted; `object` is what the last version has of that id, NULL = nothing. */
typedef struct {
    const char *id, *domain, *name;
    const CatalogObject *object;
    bool added;
} Noted;
typedef bool (*NotedWork)(const Recover *recover, EngineConn *conn, const Noted *noted, GError **error);

static bool each_noted(const Recover *recover, EngineConn *conn, NotedWork work, GError **error)
{
    size_t i;
    const json_t *row;
    json_array_foreach (recover->rows, i, row) {
        Noted noted = {.id = base_json_string(row, "id", ""), .added = base_json_bool(row, "added", false)};
        g_autofree char *domain = NULL, *name = NULL;
        warehouse_environment_table(noted.id, &domain, &name);
        noted.domain = domain;
        noted.name = name;
        noted.object = catalog_by_id(recover->applied, noted.id);
        if (!work(recover, conn, &noted, error)) {
            g_prefix_error(error, "`%s.%s`: ", domain, name);
            return false;
        }
    }
    return true;
}

/* The last version has something of that name, of whatever kind. */
static bool is_known(const Recover *recover, const Noted *noted)
{
    bool ambiguous = false;
    return catalog_resolve_table(recover->applied, noted->domain, noted->name, NULL, &ambiguous) != NULL;
}

/* Models that are no more, and views that stand where a table was. */
static bool drop_what_went(const Recover *recover, EngineConn *conn, const Noted *noted, GError **error)
{
    WarehouseRelation relation = warehouse_relation(&recover->standing, noted->domain, noted->name);
    bool in_the_way = noted->object && noted->object->table && relation == WAREHOUSE_VIEW;
    if (in_the_way) {
        return warehouse_drop_relation(conn, noted->domain, noted->name, relation, error);
    }
    if (noted->object || !g_str_has_prefix(noted->id, "model:")) {
        return true;
    }
    bool keeps = is_known(recover, noted) || (noted->added && relation == WAREHOUSE_TABLE);
    return keeps ? warehouse_state_forget(conn, noted->id, error)
                 : warehouse_environment_forget(conn, &recover->standing, noted->id, error);
}

/* A table that the last version does not know. One that came is empty: an apply refuses to take one that
 * stands with rows. */
static bool may_go(const Recover *recover, EngineConn *conn, const Noted *noted, bool *ret, GError **error)
{
    *ret = !noted->added && !is_known(recover, noted);
    if (!noted->added ||
        warehouse_relation(&recover->standing, noted->domain, noted->name) != WAREHOUSE_TABLE) {
        return true;
    }
    g_autofree char *table = engine_sql_table(noted->domain, noted->name);
    g_autofree char *sql = g_strdup_printf("SELECT count(*) FROM %s", table);
    gint64 rows = 0;
    bool ok = engine_query_int(conn, sql, &rows, error);
    *ret = ok && rows == 0;
    return ok;
}

static bool match_table(const Recover *recover, EngineConn *conn, const Noted *noted, GError **error)
{
    Intake *intake = recover->warehouse->intake;
    if (noted->object) {
        return !noted->object->table || intake_table_match(intake, noted->object->table, error);
    }
    bool goes = false;
    return !g_str_has_prefix(noted->id, "table:") ||
           (may_go(recover, conn, noted, &goes, error) &&
            (!goes || intake_table_drop(intake, noted->domain, noted->name, error)));
}

static bool drops_work(EngineConn *conn, void *user, GError **error)
{
    return each_noted(user, conn, drop_what_went, error);
}

/* And the note goes. */
static bool views_work(EngineConn *conn, void *user, GError **error)
{
    Recover *recover = user;
    g_autoptr(GPtrArray) order = catalog_model_order(recover->applied, error);
    g_autoptr(GHashTable) ids = g_hash_table_new(g_str_hash, g_str_equal);
    size_t n;
    json_t *row;
    json_array_foreach (recover->rows, n, row) {
        g_hash_table_add(ids, (gpointer)(guintptr)base_json_string(row, "id", ""));
    }
    warehouse_standing_clear(&recover->standing);
    if (!order || !warehouse_standing_read(conn, &recover->standing, error)) {
        return false;
    }
    for (guint i = 0; i < order->len; i++) {
        const CatalogObject *model = order->pdata[i];
        if (warehouse_is_view(model) && g_hash_table_contains(ids, model->id) &&
            !warehouse_make_view(conn, &recover->standing, recover->applied, model, error)) {
            return false;
        }
    }
    return forget_note(conn, NULL, error);
}

bool warehouse_recover_claimed(Warehouse *warehouse, CatalogSnapshot *applied, GError **error)
{
    g_autoptr(EngineConn) conn = engine_connect(warehouse->engine, error);
    g_autoptr(json_t) rows = conn ? engine_query_json(conn, "SELECT DISTINCT id, added FROM _weir.applying",
                                                      NULL, 0, MAX_NOTED, error)
                                  : NULL;
    if (!rows || json_array_size(rows) == 0) {
        return rows != NULL;
    }
    Recover recover = {.warehouse = warehouse, .applied = applied, .rows = rows};
    bool ok = warehouse_standing_read(conn, &recover.standing, error) &&
              intake_transact(warehouse->intake, drops_work, &recover, error) &&
              each_noted(&recover, conn, match_table, error) &&
              intake_transact(warehouse->intake, views_work, &recover, error);
    warehouse_standing_clear(&recover.standing);
    if (!ok) {
        g_prefix_error(error, "an apply that was cut off is not made good yet: ");
    }
    return ok;
}

bool warehouse_recover(Warehouse *warehouse, CatalogSnapshot *applied, GError **error)
{
    warehouse_claim_all(warehouse);
    bool ok = warehouse_recover_claimed(warehouse, applied, error);
    warehouse_release_all(warehouse);
    return ok;
}
