/* Makes the engine match a snapshot. The order keeps every step before the version row one that can be taken
 * back:
 *
 *   1  drops are allowed, or nothing is done
 *   2  schemas; new tables; columns added or changed, and those that will go made nullable
 *   3  views, all in one transaction
 *   4  the version row
 *   5  what goes: tables, columns, tables of models.
 *
 * A failure in 2 to 4 takes back what was done. Where a process that died cut it off, recover.c makes what
 * stands what the last version says: before 4 that takes back, after it that finishes. Tables of models are
 * made by the next run: a view over one that is not made yet (or whose logic changed) is made by that run
 * too. A kind that changes under one name (model to table) is the one case where the old goes first; it too
 * has to be allowed. */
#include <string.h>

#include "engine/sql.h"
#include "warehouse/warehouse_int.h"

typedef struct {
    Warehouse *warehouse;
    const CatalogDiff *diff;
    GPtrArray *created;         /* const CatalogChange*: tables made */
    GPtrArray *altered;         /* const CatalogChange*: tables changed in place */
    WarehouseStanding standing; /* before anything is done */
} Apply;

/* ---- 1: what goes -------------------------------------------------------------------------------------- */

static bool rows_in(EngineConn *conn, const WarehouseStanding *standing, const CatalogObject *object,
                    gint64 *ret, GError **error)
{
    *ret = 0;
    g_autofree char *table = warehouse_table_of(object);
    if (warehouse_relation(standing, object->domain, table) != WAREHOUSE_TABLE) {
        return true;
    }
    g_autofree char *name = engine_sql_table(object->domain, table);
    g_autofree char *sql = g_strdup_printf("SELECT count(*) FROM %s", name);
    return engine_query_int(conn, sql, ret, error);
}

static bool allowed(const CatalogObject *object, const char *const *allow)
{
    for (size_t i = 0; allow && allow[i]; i++) {
        if (g_str_equal(allow[i], object->full_name) || g_str_equal(allow[i], object->name) ||
            g_str_equal(allow[i], object->id)) {
            return true;
        }
    }
    return false;
}

static bool check_drops(Apply *apply, const char *const *allow, GError **error)
{
    g_autoptr(EngineConn) conn = engine_connect(apply->warehouse->engine, error);
    if (!conn || !warehouse_standing_read(conn, &apply->standing, error)) {
        return false;
    }
    g_autoptr(GString) names = g_string_new(NULL);
    for (guint i = 0; i < apply->diff->changes->len; i++) {
        const CatalogChange *change = apply->diff->changes->pdata[i];
        gint64 rows = 0;
        if (!warehouse_change_drops(change) || allowed(change->before, allow)) {
            continue;
        }
        if (!rows_in(conn, &apply->standing, change->before, &rows, error)) {
            return false;
        }
        if (rows > 0) {
            g_string_append_printf(names, "%s`%s` (%" G_GINT64_FORMAT " rows)", names->len ? ", " : "",
                                   change->before->full_name, rows);
        }
    }
    if (names->len == 0) {
        return true;
    }
    base_fail(error, BASE_E_DROP_NOT_ALLOWED, "the plan takes away data of %s", names->str);
    base_error_hint(error, "--allow-drop NAME for each, if this is meant");
    return false;
}

/* ---- 2: schemas and tables --------------------------------------------------------------------------------
 */

static bool begin_work(EngineConn *conn, void *user, GError **error)
{
    Apply *apply = user;
    const GPtrArray *objects = catalog_objects(apply->diff->after);
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < objects->len; i++) {
        const CatalogObject *object = objects->pdata[i];
        const char *schema = object->kind == CATALOG_DOMAIN ? object->name : object->domain;
        bool wants =
            object->kind == CATALOG_DOMAIN || object->kind == CATALOG_TABLE || object->kind == CATALOG_MODEL;
        if (!wants || !*schema || !g_hash_table_add(seen, (gpointer)(guintptr)schema)) {
            continue;
        }
        g_autoptr(GString) sql = g_string_new("CREATE SCHEMA IF NOT EXISTS ");
        engine_sql_append_name(sql, schema);
        if (!engine_exec(conn, sql->str, error)) {
            return false;
        }
    }
    return warehouse_recover_begin(conn, apply->diff, error);
}

static bool is_table(const CatalogObject *object)
{
    return object && object->kind == CATALOG_TABLE && object->table;
}

/* A model or table of the same name that goes in this apply; NULL = none. */
static const CatalogObject *replaced(const CatalogDiff *diff, const CatalogObject *added)
{
    for (guint i = 0; i < diff->changes->len; i++) {
        const CatalogChange *change = diff->changes->pdata[i];
        const CatalogObject *old = change->before;
        if (change->type == CATALOG_REMOVED && (old->kind == CATALOG_TABLE || old->kind == CATALOG_MODEL) &&
            g_str_equal(old->full_name, added->full_name)) {
            return old;
        }
    }
    return NULL;
}

typedef struct {
    const Apply *apply;
    const CatalogObject *object;
} Drop;

static bool drop_relation(EngineConn *conn, const WarehouseStanding *standing, const CatalogObject *object,
                          GError **error)
{
    WarehouseRelation relation = warehouse_relation(standing, object->domain, object->name);
    return warehouse_drop_relation(conn, object->domain, object->name, relation, error) &&
           warehouse_drop_history(conn, standing, object, error);
}

static bool drop_work(EngineConn *conn, void *user, GError **error)
{
    const Drop *drop = user;
    return drop_relation(conn, &drop->apply->standing, drop->object, error) &&
           warehouse_state_forget(conn, drop->object->id, error);
}

static bool drop_object(Apply *apply, const CatalogObject *object, GError **error)
{
    if (is_table(object)) {
        return !intake_table_exists(apply->warehouse->intake, object->table->schema, object->table->name) ||
               intake_table_drop(apply->warehouse->intake, object->table->schema, object->table->name, error);
    }
    Drop drop = {apply, object};
    return intake_transact(apply->warehouse->intake, drop_work, &drop, error);
}

/* What a changed table is between steps 2 and 5: all that it will be, and the columns that go. Those keep
 * nothing from being loaded, and were one a key, step 2 refuses: step 5 must have no reason to. */
static CatalogTable *between(const CatalogChange *change)
{
    CatalogTable *table = catalog_table_copy(change->after->table);
    g_autoptr(CatalogTable) goes = catalog_table_copy(change->before->table);
    for (guint i = goes->columns->len; i > 0; i--) {
        const CatalogColumn *column = goes->columns->pdata[i - 1];
        if (catalog_table_column(table, column->name)) {
            g_ptr_array_remove_index(goes->columns, i - 1);
        }
    }
    while (goes->columns->len > 0) {
        CatalogColumn *column = g_ptr_array_steal_index(goes->columns, 0);
        column->key = column->not_null = false;
        g_ptr_array_add(table->columns, column);
    }
    return table;
}

static bool make_tables(Apply *apply, GError **error)
{
    for (guint i = 0; i < apply->diff->changes->len; i++) {
        CatalogChange *change = apply->diff->changes->pdata[i];
        (void)BASE_FAULT("apply.before_table");
        if (change->type == CATALOG_ADDED && is_table(change->after)) {
            const CatalogObject *old = replaced(apply->diff, change->after);
            if ((old && !drop_object(apply, old, error)) ||
                !intake_table_create(apply->warehouse->intake, change->after->table, error)) {
                return false;
            }
            g_ptr_array_add(apply->created, change);
        } else if (change->type == CATALOG_CHANGED && is_table(change->after) && is_table(change->before)) {
            g_autoptr(CatalogTable) table = between(change);
            if (!intake_table_alter(apply->warehouse->intake, change->before->table, table, error)) {
                return false;
            }
            g_ptr_array_add(apply->altered, change);
        }
    }
    (void)BASE_FAULT("apply.before_views");
    return true;
}

/* ---- 3: views
 * ------------------------------------------------------------------------------------------------- */

bool warehouse_is_view(const CatalogObject *object)
{
    return object && object->kind == CATALOG_MODEL && object->model->kind == CATALOG_MODEL_VIEW;
}

/* A model whose table is not there, or was made from other logic. */
static bool is_pending(const WarehouseStanding *standing, const CatalogObject *model)
{
    if (model->kind != CATALOG_MODEL || warehouse_is_view(model)) {
        return false;
    }
    g_autofree char *hash = warehouse_logic_hash(model);
    g_autofree char *table = warehouse_table_of(model);
    return warehouse_relation(standing, model->domain, table) != WAREHOUSE_TABLE ||
           g_strcmp0(warehouse_built_hash(standing, model->id), hash) != 0;
}

static bool waits_for_run(const WarehouseStanding *standing, CatalogSnapshot *snapshot,
                          const CatalogObject *view)
{
    g_autoptr(GPtrArray) above = catalog_upstream(snapshot, view);
    for (guint i = 0; above && i < above->len; i++) {
        if (is_pending(standing, above->pdata[i])) {
            return true;
        }
    }
    return false;
}

bool warehouse_make_view(EngineConn *conn, const WarehouseStanding *standing, CatalogSnapshot *snapshot,
                         const CatalogObject *model, GError **error)
{
    if (waits_for_run(standing, snapshot, model)) {
        return true;
    }
    bool was_table = warehouse_relation(standing, model->domain, model->name) == WAREHOUSE_TABLE;
    g_autofree char *sql = warehouse_view_sql(conn, snapshot, model, error);
    if (!sql || (was_table && !drop_relation(conn, standing, model, error)) ||
        !engine_exec(conn, sql, error)) {
        base_error_place(error, model->file, model->model->sql_line, 1);
        return false;
    }
    return true;
}

/* Views that go, or, on the way back, that came. */
static bool drop_views(EngineConn *conn, const Apply *apply, bool back, GError **error)
{
    for (guint i = 0; i < apply->diff->changes->len; i++) {
        const CatalogChange *change = apply->diff->changes->pdata[i];
        const CatalogObject *gone = back ? change->after : change->before;
        bool goes = change->type == (back ? CATALOG_ADDED : CATALOG_REMOVED) && warehouse_is_view(gone);
        WarehouseRelation relation =
            goes && !back ? warehouse_relation(&apply->standing, gone->domain, gone->name) : WAREHOUSE_VIEW;
        if (goes && (!warehouse_drop_relation(conn, gone->domain, gone->name, relation, error) ||
                     !warehouse_state_forget(conn, gone->id, error))) {
            return false;
        }
    }
    return true;
}

typedef struct {
    const Apply *apply;
    CatalogSnapshot *snapshot;
    bool back;
} Views;

static bool views_work(EngineConn *conn, void *user, GError **error)
{
    const Views *views = user;
    const CatalogDiff *diff = views->apply->diff;
    g_autoptr(GPtrArray) order = catalog_model_order(views->snapshot, error);
    g_autoptr(GHashTable) touched = g_hash_table_new(NULL, NULL);
    if (!order || !drop_views(conn, views->apply, views->back, error)) {
        return false;
    }
    for (guint i = 0; i < diff->changes->len; i++) {
        const CatalogChange *change = diff->changes->pdata[i];
        const CatalogObject *object = views->back ? change->before : change->after;
        if (warehouse_is_view(object)) {
            g_hash_table_add(touched, (gpointer)(guintptr)object);
        }
    }
    for (guint i = 0; i < order->len; i++) {
        const CatalogObject *model = order->pdata[i];
        if (g_hash_table_contains(touched, model) &&
            !warehouse_make_view(conn, &views->apply->standing, views->snapshot, model, error)) {
            return false;
        }
    }
    return true;
}

/* ---- 5: what goes
 * ------------------------------------------------------------------------------------------------ */

static bool finish(Apply *apply, GError **error)
{
    for (guint i = 0; i < apply->diff->changes->len; i++) {
        const CatalogChange *change = apply->diff->changes->pdata[i];
        const CatalogObject *object = change->before;
        if (!warehouse_change_drops(change)) {
            continue;
        }
        bool ok = true;
        (void)BASE_FAULT("apply.before_drop");
        if (change->type == CATALOG_CHANGED) {
            g_autoptr(CatalogTable) table = between(change);
            ok = intake_table_alter(apply->warehouse->intake, table, change->after->table, error);
        } else if (!catalog_resolve_table(apply->diff->after, object->domain, object->name, NULL,
                                          &(bool){false})) {
            ok = drop_object(apply, object, error);
        }
        if (!ok) {
            g_prefix_error(error, "applied, but `%s` could not be taken away: ", object->full_name);
            return false;
        }
    }
    return true;
}

/* ---- taking back
 * --------------------------------------------------------------------------------------------------- */

/* Notes in the error what could not be taken back; it is an error already. false = something could not. */
static bool take_back(Apply *apply, GError **error)
{
    g_autoptr(GString) left = g_string_new(NULL);
    for (guint i = apply->altered->len; i > 0; i--) {
        const CatalogChange *change = apply->altered->pdata[i - 1];
        g_autoptr(CatalogTable) table = between(change);
        g_autoptr(GError) failure = NULL;
        if (!intake_table_alter(apply->warehouse->intake, table, change->before->table, &failure)) {
            g_string_append_printf(left, " `%s`: %s.", change->after->full_name, failure->message);
        }
    }
    for (guint i = apply->created->len; i > 0; i--) {
        const CatalogTable *table = ((const CatalogChange *)apply->created->pdata[i - 1])->after->table;
        g_autoptr(GError) failure = NULL;
        if (!intake_table_drop(apply->warehouse->intake, table->schema, table->name, &failure)) {
            g_string_append_printf(left, " `%s.%s`: %s.", table->schema, table->name, failure->message);
        }
    }
    g_autofree char *sentence =
        left->len ? g_strdup_printf("Not taken back:%s", left->str) : g_strdup("Nothing was applied.");
    base_error_not_done(error, sentence);
    return left->len == 0;
}

/* Views as they were, too. What could not be taken back stays noted for the next apply. */
static void give_up(Apply *apply, bool with_views, GError **error)
{
    Views back = {apply, apply->diff->before, true};
    g_autoptr(GError) failure = NULL;
    bool whole = take_back(apply, error);
    if (with_views && !intake_transact(apply->warehouse->intake, views_work, &back, &failure)) {
        g_autofree char *sentence = g_strdup_printf("Views were not put back: %s.", failure->message);
        base_error_not_done(error, sentence);
        whole = false;
    }
    g_autoptr(GError) untidy = NULL;
    if (whole && !warehouse_recover_end(apply->warehouse, apply->diff, &untidy)) {
        g_prefix_error(error, "(%s) ", untidy->message);
    }
}

static bool carry_out(Apply *apply, const char *user, const char *note, gint64 *ret_version, GError **error)
{
    Intake *intake = apply->warehouse->intake;
    Views forth = {apply, apply->diff->after, false};
    if (!intake_transact(intake, begin_work, apply, error) || !make_tables(apply, error) ||
        !intake_transact(intake, views_work, &forth, error)) {
        give_up(apply, false, error);
        return false;
    }
    if (BASE_FAULT("apply.before_version")
            ? !base_fail(error, BASE_E_FILE_IO, "a fault was asked for before the version row")
            : !catalog_store_apply(apply->warehouse->store, apply->diff, user, note, ret_version, error)) {
        give_up(apply, true, error);
        return false;
    }
    (void)BASE_FAULT("apply.after_version");
    if (!finish(apply, error)) {
        return false;
    }
    (void)BASE_FAULT("apply.before_end");
    return warehouse_recover_end(apply->warehouse, apply->diff, error);
}

static bool check_possible(const CatalogDiff *diff, GError **error)
{
    for (guint i = 0; i < diff->changes->len; i++) {
        const CatalogChange *change = diff->changes->pdata[i];
        if (!warehouse_change_can(change, error)) {
            base_error_place(error, change->after->file, change->after->line, change->after->column);
            return false;
        }
    }
    return true;
}

/* No table comes under a name that an environment's has. */
static bool check_names(const Apply *apply, GError **error)
{
    g_autoptr(EngineConn) conn = engine_connect(apply->warehouse->engine, error);
    g_autoptr(GHashTable) built = conn ? warehouse_environment_builds(conn, NULL, error) : NULL;
    for (guint i = 0; built && i < apply->diff->changes->len; i++) {
        const CatalogChange *change = apply->diff->changes->pdata[i];
        const CatalogObject *added = change->type == CATALOG_ADDED ? change->after : NULL;
        g_autofree char *id =
            added && (added->kind == CATALOG_TABLE || added->kind == CATALOG_MODEL)
                ? g_strdup_printf("%s:%s", catalog_kind_name(CATALOG_MODEL), added->full_name)
                : NULL;
        if (id && g_hash_table_contains(built, id)) {
            base_fail(error, BASE_E_NAME_DUPLICATE, "`%s` is a table of an environment", added->full_name);
            base_error_place(error, added->file, added->line, added->column);
            return false;
        }
    }
    return built != NULL;
}

bool warehouse_apply(Warehouse *warehouse, const CatalogDiff *diff, const char *const *allow_drop,
                     const char *user, const char *note, gint64 *ret_version, GError **error)
{
    warehouse_claim_all(warehouse);
    bool ok = warehouse_apply_claimed(warehouse, diff, allow_drop, user, note, ret_version, error);
    warehouse_release_all(warehouse);
    return ok;
}

bool warehouse_apply_claimed(Warehouse *warehouse, const CatalogDiff *diff, const char *const *allow_drop,
                             const char *user, const char *note, gint64 *ret_version, GError **error)
{
    g_autoptr(GPtrArray) created = g_ptr_array_new();
    g_autoptr(GPtrArray) altered = g_ptr_array_new();
    Apply apply = {.warehouse = warehouse, .diff = diff, .created = created, .altered = altered};
    bool ok = warehouse_recover_claimed(warehouse, diff->before, error) && check_possible(diff, error) &&
              check_names(&apply, error) &&
              check_drops(&apply, allow_drop, error); /* and reads what stands */
    if (!ok) {
        base_error_not_done(error, "Nothing was applied.");
    } else {
        ok = carry_out(&apply, user, note, ret_version, error);
    }
    warehouse_standing_clear(&apply.standing);
    return ok;
}
