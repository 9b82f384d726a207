/* Kinds without history: a view is CREATE OR REPLACE VIEW when it is not there or changed; a full table is
 * built anew and takes the place of the old one. */
#include "warehouse/build_int.h"

char *warehouse_view_sql(const CatalogObject *model)
{
    g_autofree char *name = warehouse_name(model->domain, model->name);
    return g_strdup_printf("CREATE OR REPLACE VIEW %s AS %s", name, model->model->sql_resolved);
}

bool warehouse_view_make(Build *build, GError **error)
{
    g_autofree char *rows = g_strdup_printf("(%s)", build->model->model->sql_resolved);
    return warehouse_build_check(build, rows, error) && warehouse_build_swap(build, error);
}

bool warehouse_view_swap(Build *build, EngineConn *conn, GError **error)
{
    if (build->relation == WAREHOUSE_TABLE &&
        !warehouse_drop_relation(conn, build->model->domain, build->model->name, build->relation, error)) {
        return false;
    }
    g_autofree char *sql = warehouse_view_sql(build->model);
    return engine_exec(conn, sql, error);
}

bool warehouse_full_plan(Build *build, GError **error)
{
    (void)error;
    build->replace = true;
    return true;
}
