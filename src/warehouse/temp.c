/* Tables with a life of their own: `temp` goes when the run that made it ends, unless `lifecycle` says how
 * long it stays; `mid` goes so long after it was last built, a week when not said. What reads one that is
 * gone makes it again: a run takes the temp models that its models read (select.c). */
#include "base/text.h"
#include "warehouse/warehouse_int.h"

#define MID_KEEP_US (7 * BASE_TIME_DAY_US)

static bool is_passing(const CatalogObject *object)
{
    return object->kind == CATALOG_MODEL &&
           (object->model->kind == CATALOG_MODEL_TEMP || object->model->kind == CATALOG_MODEL_MID);
}

/* How long the table stays after it was built; 0 = to the end of the run. What is not understood keeps it. */
static gint64 keep_us(const CatalogObject *model)
{
    const json_t *lifecycle = json_object_get(model->definition, "lifecycle");
    const json_t *keep = json_is_object(lifecycle) ? json_object_get(lifecycle, "keep") : lifecycle;
    gint64 us = CATALOG_KEEP_FOREVER;
    if (!keep) {
        return model->model->kind == CATALOG_MODEL_MID ? MID_KEEP_US : 0;
    }
    return catalog_keep_parse(keep, true, &us) ? us : CATALOG_KEEP_FOREVER;
}

typedef struct {
    const CatalogObject *model;
    WarehouseRelation relation;
} Drop;

static bool drop_work(EngineConn *conn, void *user, GError **error)
{
    const Drop *drop = user;
    return warehouse_drop_relation(conn, drop->model->domain, drop->model->name, drop->relation, error) &&
           warehouse_state_forget(conn, drop->model->id, error);
}

static bool drop(Warehouse *warehouse, const CatalogObject *model, GError **error)
{
    Drop work = {model, WAREHOUSE_TABLE};
    return intake_transact(warehouse->intake, drop_work, &work, error);
}

static bool contains(const GPtrArray *models, const CatalogObject *model)
{
    return g_ptr_array_find((GPtrArray *)(guintptr)models, model, NULL);
}

/* When the table was last built; 0 = it does not stand. */
static bool built_at(EngineConn *conn, const CatalogObject *model, gint64 *ret, GError **error)
{
    EngineValue value = {.id = ENGINE_TEXT, .text = {model->id, strlen(model->id)}};
    g_autoptr(json_t) rows = engine_query_json(
        conn,
        "SELECT coalesce(max(r.started_us), 0) AS us FROM _weir.builds b JOIN _weir.runs r ON r.run_id = "
        "b.run_id AND r.model = b.model WHERE b.model = $1",
        &value, 1, 1, error);
    *ret = base_json_int(json_array_get(rows, 0), "us", 0);
    return rows != NULL;
}

/* A table that is past its time and that no run works on. */
static bool expire(Warehouse *warehouse, EngineConn *conn, const CatalogObject *model, gint64 now_us,
                   GError **error)
{
    gint64 at_us;
    if (!built_at(conn, model, &at_us, error)) {
        return false;
    }
    if (at_us == 0 || keep_us(model) > now_us - at_us) {
        return true;
    }
    g_autoptr(GPtrArray) own = g_ptr_array_new();
    g_ptr_array_add(own, (gpointer)(guintptr)model);
    if (!warehouse_try_claim(warehouse, own)) {
        return true; /* the run that works on it ends with this too */
    }
    bool ok = drop(warehouse, model, error);
    warehouse_release(warehouse, own);
    return ok;
}

bool warehouse_drop_temps(Warehouse *warehouse, CatalogSnapshot *snapshot, const GPtrArray *models,
                          GError **error)
{
    g_autoptr(EngineConn) conn = NULL;
    const GPtrArray *objects = catalog_objects(snapshot);
    for (guint i = 0; i < objects->len; i++) {
        const CatalogObject *object = objects->pdata[i];
        if (!is_passing(object)) {
            continue;
        }
        bool own = contains(models, object);
        if (own && keep_us(object) == 0 && !drop(warehouse, object, error)) {
            return false;
        }
        if (own) {
            continue;
        }
        if (!conn && !(conn = engine_connect(warehouse->engine, error))) {
            return false;
        }
        if (!expire(warehouse, conn, object, base_time_now_us(), error)) {
            return false;
        }
    }
    return true;
}
