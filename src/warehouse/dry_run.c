/* What a run would do: the models in order, the action, interval and batches of each; nothing is written. */
#include "warehouse/warehouse_int.h"

static json_t *plan_models(const WarehouseRunContext *context, const GPtrArray *models, GError **error)
{
    g_autoptr(EngineConn) conn = engine_connect(context->warehouse->engine, error);
    if (!conn || !engine_set_time_zone(conn, catalog_project_timezone(context->snapshot), error)) {
        return NULL;
    }
    g_autoptr(json_t) rows = json_array();
    for (guint i = 0; i < models->len; i++) {
        const CatalogObject *model = models->pdata[i];
        json_t *row = warehouse_build_dry(context, conn, model, error);
        if (!row) {
            g_prefix_error(error, "`%s`: ", model->full_name);
            base_error_place(error, model->file, model->line, model->column);
            return NULL;
        }
        json_array_append_new(rows, row);
    }
    return g_steal_pointer(&rows);
}

json_t *warehouse_dry_run(Warehouse *warehouse, CatalogSnapshot *snapshot, const WarehouseRunOptions *options,
                          GError **error)
{
    g_autoptr(GPtrArray) models = warehouse_select(snapshot, options->select, error);
    WarehouseRunContext context = {.warehouse = warehouse, .snapshot = snapshot, .options = options};
    if (models) {
        warehouse_keep_own(snapshot, models);
    }
    if (!models || !warehouse_context_open(&context, error)) {
        return NULL;
    }
    json_t *rows = plan_models(&context, models, error);
    warehouse_context_close(&context);
    return rows;
}
