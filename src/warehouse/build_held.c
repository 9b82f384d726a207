/* A release: the rows that a check held back come in as they were when they were judged, and not as the
 * source would give them now. They are taken where they are kept; from there on all goes as with a fresh
 * build. */
#include <string.h>

#include "warehouse/build_int.h"

/* The row of _weir.held with rows that this run would make again; NULL = none. */
static const json_t *usable(const Build *build, const json_t *rows, WarehouseInterval interval)
{
    const json_t *row = json_array_get(rows, 0);
    bool several = build->batches && build->batches->len > 1 && !build->replace; /* one of them is kept */
    bool same = row && base_json_string(row, "table_name", NULL) && !several &&
                g_strcmp0(base_json_string(row, "hash", NULL), build->hash) == 0 &&
                base_json_bool(row, "replaces", false) == build->replace &&
                base_json_int(row, "start_us", 0) == interval.start_us &&
                base_json_int(row, "end_us", 0) == interval.end_us;
    return same ? row : NULL;
}

/* Under the name of a build: what a crash leaves is dropped as any build is, and a waiver then builds anew.
 */
static bool rename_held(Build *build, const char *schema, const char *table, GError **error)
{
    g_autofree char *held = engine_sql_table(schema, table);
    return warehouse_rename_table(build->conn, held, build->build_name, error);
}

bool warehouse_build_take_held(Build *build, GError **error)
{
    EngineValue value = engine_value_text(build->model->id);
    g_autoptr(json_t) rows = engine_query_json(
        build->conn,
        "SELECT h.* FROM _weir.held h JOIN duckdb_tables() t ON t.schema_name = h.schema_name AND "
        "t.table_name = h.table_name WHERE h.model = $1",
        &value, 1, 1, error);
    WarehouseInterval interval = {build->run->start_us, build->run->end_us};
    const json_t *row = rows ? usable(build, rows, interval) : NULL;
    if (!row) {
        warehouse_build_note(build,
                             "built again: the rows that were held are not of this logic and interval");
        return rows != NULL;
    }
    if (!rename_held(build, base_json_string(row, "schema_name", ""), base_json_string(row, "table_name", ""),
                     error)) {
        return false;
    }
    build->released = build->began = true;
    build->run->rows = build->beside_rows = base_json_int(row, "n_rows", 0);
    build->counts.in = build->run->rows;
    warehouse_build_note(build, "the rows that were held came in as they were kept");
    return warehouse_build_measure(build, error);
}
