/* An INSERT from a feed whose plan is kept from transaction to transaction.
 *
 * Planning costs as much as a small group's rows. A plan over a feed holds no statistics (a feed has none),
 * so the engine's trap of kept plans (engine_prepare) is none here; when definitions change, the engine plans
 * anew by itself. But once it has, it does so at every run from then on (DuckDB 1.5.6 marks such a statement
 * as one with open parameters): the feed counts its plans, and a statement that was planned again is dropped
 * and prepared anew at its next run.
 *
 * Planned with the order of rows kept, the INSERT appends to the transaction's rows at once. Without, each
 * thread gathers rows of its own that are appended again when it ends, and a feed in memory has but one
 * thread. */
#include "intake/intake_int.h"

struct IntakeKept {
    EngineConn *conn;
    EngineFeed *feed;
    char *sql;
    EngineStmt *insert; /* NULL: to be prepared */
    gint n_plans;       /* of the feed, when it was prepared */
};

static bool prepare(IntakeKept *kept, GError **error)
{
    if (kept->insert) {
        return true;
    }
    if (!engine_conn_keep_order(kept->conn, true, error)) {
        return false;
    }
    EngineStmt *insert = engine_prepare(kept->conn, kept->sql, error);
    if (!engine_conn_keep_order(kept->conn, false, insert ? error : NULL)) {
        engine_stmt_free(insert);
        return false;
    }
    kept->insert = insert;
    kept->n_plans = g_atomic_int_get(&kept->feed->n_plans);
    return insert != NULL;
}

IntakeKept *intake_kept_new(EngineConn *conn, EngineFeed *feed, const char *sql, GError **error)
{
    IntakeKept *kept = g_new0(IntakeKept, 1);
    kept->conn = conn;
    kept->feed = feed;
    kept->sql = g_strdup(sql);
    if (!prepare(kept, error)) {
        intake_kept_free(kept);
        return NULL;
    }
    return kept;
}

void intake_kept_free(IntakeKept *kept)
{
    if (kept) {
        engine_stmt_free(kept->insert);
        g_free(kept->sql);
        g_free(kept);
    }
}

static bool run_to_end(EngineStmt *statement, GError **error)
{
    g_autoptr(EngineResult) result = engine_stmt_run(statement, error);
    if (!result) {
        return false;
    }
    GError *why = NULL;
    while (engine_result_next(result, &why)) {
    }
    if (why) {
        g_propagate_error(error, why);
        return false;
    }
    return true;
}

bool intake_kept_run(IntakeKept *kept, GError **error)
{
    bool ok = prepare(kept, error) && run_to_end(kept->insert, error);
    if (!ok || g_atomic_int_get(&kept->feed->n_plans) != kept->n_plans) {
        g_clear_pointer(&kept->insert, engine_stmt_free);
    }
    return ok;
}
