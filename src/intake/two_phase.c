/* The second phase: a prepared load's stage is merged and dropped, and its row says VISIBLE, in one
 * transaction; or the stage is dropped and the row says ABORTED. What the merge needs to know stands in the
 * row, so that it works after a restart. */
#include "base/time.h"
#include "intake/intake_int.h"

typedef struct {
    gint64 txn_id;
    bool abort;
    GPtrArray *statements;
} Second;

static bool read_plan(EngineConn *conn, gint64 txn_id, json_t **ret, GError **error)
{
    g_autofree char *sql =
        g_strdup_printf("SELECT plan FROM _weir.loads WHERE txn_id = %" G_GINT64_FORMAT, txn_id);
    g_autofree char *text = NULL;
    if (!engine_query_text(conn, sql, &text, error)) {
        return false;
    }
    if (!text) {
        return base_fail(error, BASE_E_TXN_UNKNOWN, "transaction [%" G_GINT64_FORMAT "] not found.", txn_id);
    }
    *ret = base_json_parse(text, strlen(text), error);
    return *ret != NULL;
}

static bool merge_stage(EngineConn *conn, gint64 txn_id, json_t *plan, GError **error)
{
    g_autoptr(CatalogTable) table = catalog_table_from_json(json_object_get(plan, "table"), error);
    if (!table) {
        return false;
    }
    json_t *list = json_object_get(plan, "columns");
    g_autofree const char **columns = g_new0(const char *, json_array_size(list) + 1);
    for (size_t i = 0; i < json_array_size(list); i++) {
        columns[i] = json_string_value(json_array_get(list, i));
    }
    const IntakeMerging merging = {table,
                                   columns,
                                   base_json_bool(plan, "has_delete", false),
                                   base_json_bool(plan, "partial", false),
                                   base_json_bool(plan, "new_key_error", false),
                                   base_json_bool(plan, "replace", false)};
    g_autofree char *stage = intake_stage_name(txn_id);
    g_autoptr(GPtrArray) statements = intake_merge_sql(&merging, stage);
    if (!engine_set_time_zone(conn, base_json_string(plan, "zone", NULL), error)) { /* of defaults */
        return false;
    }
    const IntakeMergeRun merge = {statements, merging.has_delete, -1, &txn_id, 1};
    return intake_merge_run(conn, &merge, error);
}

static bool set_state(EngineConn *conn, gint64 txn_id, const char *state, GError **error)
{
    g_autofree char *stage = intake_stage_name(txn_id);
    g_autofree char *sql = g_strdup_printf(
        "DROP TABLE IF EXISTS %s; UPDATE _weir.load_log SET state = '%s', "
        "detail = json_merge_patch(detail, '{\"plan\":null}')::VARCHAR, finished_us = %" G_GINT64_FORMAT
        " WHERE txn_id = %" G_GINT64_FORMAT,
        stage, state, base_time_now_us(), txn_id);
    return engine_exec(conn, sql, error);
}

static bool second_phase(EngineConn *conn, void *user, GError **error)
{
    const Second *second = user;
    if (second->abort) {
        return set_state(conn, second->txn_id, "ABORTED", error);
    }
    g_autoptr(json_t) plan = NULL;
    return read_plan(conn, second->txn_id, &plan, error) && merge_stage(conn, second->txn_id, plan, error) &&
           set_state(conn, second->txn_id, "VISIBLE", error);
}

/* "db.table" of a prepared load, to wait for those who hold it. */
static char *key_of(Intake *intake, gint64 txn_id, GError **error)
{
    EngineConn *conn = intake_conn_take(intake, error);
    if (!conn) {
        return NULL;
    }
    g_autofree char *sql = g_strdup_printf(
        "SELECT lower(db || '.' || tbl) FROM _weir.loads WHERE txn_id = %" G_GINT64_FORMAT, txn_id);
    char *key = NULL;
    bool ok = engine_query_text(conn, sql, &key, error);
    intake_conn_give(intake, conn);
    if (ok && !key) {
        base_fail(error, BASE_E_TXN_UNKNOWN, "transaction [%" G_GINT64_FORMAT "] not found.", txn_id);
    }
    return key;
}

static bool run(Intake *intake, const char *db, gint64 txn_id, const char *label, bool abort,
                gint64 *ret_txn_id, GError **error)
{
    gint64 id;
    if (!intake_check_healthy(intake, error) ||
        !intake_txns_claim(intake->txns, db, txn_id, label, abort, &id, error)) {
        return false;
    }
    g_autofree char *key = key_of(intake, id, error);
    Second second = {.txn_id = id, .abort = abort};
    IntakeJob job = {.work = second_phase, .user = &second, .table_key = key};
    if (!key || !intake_commit_job(intake, &job, error)) {
        intake_txns_release(intake->txns, id);
        return false;
    }
    intake_txns_finish(intake->txns, id, abort ? INTAKE_TXN_ABORTED : INTAKE_TXN_VISIBLE, base_time_now_us());
    *ret_txn_id = id;
    return true;
}

bool intake_commit(Intake *intake, const char *db, gint64 txn_id, const char *label, gint64 *ret_txn_id,
                   GError **error)
{
    return run(intake, db, txn_id, label, false, ret_txn_id, error);
}

bool intake_abort(Intake *intake, const char *db, gint64 txn_id, const char *label, gint64 *ret_txn_id,
                  GError **error)
{
    return run(intake, db, txn_id, label, true, ret_txn_id, error);
}

bool intake_abort_overdue(Intake *intake, EngineConn *conn, gint64 txn_id, GError **error)
{
    if (!intake_txns_claim_free(intake->txns, txn_id)) {
        return true;
    }
    bool ok =
        engine_begin(conn, error) && set_state(conn, txn_id, "ABORTED", error) && engine_commit(conn, error);
    if (!ok) {
        engine_rollback(conn);
        intake_txns_release(intake->txns, txn_id);
        return false;
    }
    intake_txns_finish(intake->txns, txn_id, INTAKE_TXN_ABORTED, base_time_now_us());
    return true;
}
