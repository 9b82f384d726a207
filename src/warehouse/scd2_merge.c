/* The table of changes into the history. Its caller's transaction makes it one step for readers and for a
 * crash. */
#include "warehouse/scd2_int.h"

/* All that began since the restated time goes; what was valid then is open again. */
static bool cut(const Scd2 *s, EngineConn *conn, GError **error)
{
    return scd2_exec(s, conn, "DELETE FROM {history} WHERE " SCD2_FROM " >= {restate}", error) &&
           scd2_exec(s, conn, "UPDATE {history} SET " SCD2_TO " = NULL WHERE " SCD2_TO " >= {restate}",
                     error);
}

static bool has_op(const Scd2 *s, EngineConn *conn, const char *op, bool *ret, GError **error)
{
    g_autofree char *text = g_strdup_printf("SELECT count(*) FROM {changes} WHERE _weir_op = '%s'", op);
    gint64 n = 0;
    bool ok = scd2_count(s, conn, text, &n, error);
    *ret = n > 0;
    return ok;
}

/* A version is known by its key and its beginning; that it is open lets the engine pass over the rest. */
static bool apply_op(const Scd2 *s, EngineConn *conn, const char *op, const char *what, GError **error)
{
    bool there = false;
    if (!has_op(s, conn, op, &there, error) || !there) {
        return !there;
    }
    g_autofree char *text =
        g_strdup_printf("%s WHERE {h=c} AND h." SCD2_FROM " = c._weir_old AND c._weir_op = '%s'%s", what, op,
                        s->closed ? "" : " AND h." SCD2_TO " IS NULL");
    return scd2_exec(s, conn, text, error);
}

bool scd2_merge(const Scd2 *s, EngineConn *conn, GError **error)
{
    return (!s->restate || cut(s, conn, error)) &&
           apply_op(s, conn, "d", "DELETE FROM {history} h USING {changes} c", error) &&
           apply_op(s, conn, "u", "UPDATE {history} h SET " SCD2_TO " = c." SCD2_TO " FROM {changes} c",
                    error) &&
           apply_op(s, conn, "f",
                    "UPDATE {history} h SET " SCD2_TO " = c." SCD2_TO ", " SCD2_FROM " = c." SCD2_FROM
                    " FROM {changes} c",
                    error) &&
           scd2_exec(
               s, conn,
               "INSERT INTO {history} BY NAME SELECT * EXCLUDE (_weir_op, _weir_old) FROM {changes} WHERE "
               "_weir_op = 'i'",
               error) &&
           scd2_exec(s, conn, "DROP TABLE {changes}", error);
}
