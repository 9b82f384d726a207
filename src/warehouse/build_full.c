/* Kinds without history: a view is CREATE OR REPLACE VIEW when it is not there or changed; a full table is
 * built anew and takes the place of the old one. */
#include "warehouse/build_int.h"

char *warehouse_view_sql(EngineConn *conn, CatalogSnapshot *snapshot, const CatalogObject *model,
                         GError **error)
{
    g_autofree char *name = engine_sql_table(model->domain, model->name);
    g_autofree char *body = warehouse_body(conn, snapshot, model, error);
    return body ? g_strdup_printf("CREATE OR REPLACE VIEW %s AS %s", name, body) : NULL;
}

bool warehouse_view_make(Build *build, GError **error)
{
    g_autofree char *rows = g_strdup_printf("(%s)", build->body);
    return warehouse_build_check(build, rows, error) && warehouse_build_swap(build, error);
}

bool warehouse_view_swap(Build *build, EngineConn *conn, GError **error)
{
    if (build->relation == WAREHOUSE_TABLE &&
        !warehouse_drop_relation(conn, build->model->domain, build->model->name, build->relation, error)) {
        return false;
    }
    g_autofree char *sql = warehouse_view_sql(conn, build->context->snapshot, build->model, error);
    return sql && engine_exec(conn, sql, error);
}

bool warehouse_full_plan(Build *build, GError **error)
{
    (void)error;
    build->replace = true;
    return true;
}
