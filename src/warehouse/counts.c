/* _weir.run_counts: what became of the rows that a model's SELECT gave, one row a run that is done. `written`
 * is counted in the rows that are swapped in, the others where rows are taken out, so that the sum can be
 * wrong: then rows were lost, and the ledger says so. */
#include "warehouse/build_int.h"

bool warehouse_counts_open(EngineConn *conn, GError **error)
{
    return engine_exec(
        conn,
        "CREATE TABLE IF NOT EXISTS _weir.run_counts (run_id VARCHAR NOT NULL, model VARCHAR NOT "
        "NULL, n_in BIGINT NOT NULL, n_written BIGINT NOT NULL, n_rejected BIGINT NOT NULL, "
        "n_deduplicated BIGINT NOT NULL, n_unselected BIGINT NOT NULL)",
        error);
}

bool warehouse_counts_written(Build *build, GError **error)
{
    g_autofree char *sql = g_strdup_printf("SELECT count(*) FROM %s", build->build_sql);
    gint64 n = 0;
    if (!engine_query_int(build->conn, sql, &n, error)) {
        return false;
    }
    build->counts.written += n;
    return true;
}

bool warehouse_counts_record(const Build *build, EngineConn *conn, GError **error)
{
    const WarehouseCounts *counts = &build->counts;
    const EngineValue values[] = {
        engine_value_text(build->run->run_id), engine_value_text(build->model->id),
        engine_value_int(counts->in),          engine_value_int(counts->written),
        engine_value_int(counts->rejected),    engine_value_int(counts->deduplicated),
        engine_value_int(counts->unselected)};
    return build->model->model->kind == CATALOG_MODEL_VIEW || /* has no rows */
           engine_exec_values(conn,
                              "INSERT INTO _weir.run_counts VALUES ($1, $2, $3, $4, $5, "
                              "$6, $7)",
                              values, G_N_ELEMENTS(values), NULL, error);
}

bool warehouse_counts_prune(EngineConn *conn, GError **error)
{
    return engine_exec(
        conn,
        "DELETE FROM _weir.run_counts AS c WHERE NOT EXISTS (SELECT 1 FROM _weir.runs AS r WHERE "
        "r.run_id = c.run_id AND r.model = c.model)",
        error);
}
