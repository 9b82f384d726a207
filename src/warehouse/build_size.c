/* How much a run made: bytes of its rows before compression, as they are in memory. Types of fixed size count
 * as such, texts by their length; of many rows the first ones tell for all. */
#include "warehouse/build_int.h"

#define SAMPLE_ROWS 10000

/* The bytes of one row, as SQL. Caller frees; NULL + error. */
static char *row_bytes(Build *build, GError **error)
{
    g_autofree char *all = g_strdup_printf("SELECT * FROM %s", build->build_sql);
    g_autoptr(EngineStmt) stmt = engine_prepare(build->conn, all, error);
    if (!stmt) {
        return NULL;
    }
    size_t fixed = 0;
    g_autoptr(GString) texts = g_string_new(NULL);
    for (size_t i = 0; i < engine_stmt_n_columns(stmt); i++) {
        size_t bytes = engine_type_bytes(engine_stmt_column_type(stmt, i).id);
        fixed += bytes;
        if (!bytes) {
            g_string_append(texts, " + coalesce(strlen(CAST(");
            engine_sql_append_name(texts, engine_stmt_column_name(stmt, i));
            g_string_append(texts, " AS VARCHAR)), 0)");
        }
    }
    return g_strdup_printf("%zu%s", fixed, texts->str);
}

bool warehouse_build_measure(Build *build, GError **error)
{
    gint64 rows = build->run->rows;
    g_autofree char *row = row_bytes(build, error);
    g_autofree char *sql = row ? g_strdup_printf("SELECT CAST(coalesce(avg(n), 0) * %" G_GINT64_FORMAT
                                                 " AS BIGINT) FROM (SELECT "
                                                 "%s AS n FROM %s LIMIT %d) AS sample",
                                                 rows, row, build->build_sql, SAMPLE_ROWS)
                               : NULL;
    int64_t bytes = 0;
    if (!sql || !engine_query_int(build->conn, sql, &bytes, error)) {
        return false;
    }
    build->run->bytes = bytes;
    return true;
}
