/* The list of loads, from _weir.loads. */
#include "base/time.h"
#include "intake/intake_int.h"

#define MAX_LISTED 100000

gint64 intake_oldest_open(Intake *intake)
{
    return intake_txns_oldest_open(intake->txns);
}

json_t *intake_loads(Intake *intake, const char *db, const char *label, const char *state, size_t limit,
                     GError **error)
{
    static const char SQL[] =
        "SELECT txn_id, label, db, tbl AS \"table\", state, CASE state WHEN 'VISIBLE' "
        "THEN 'Success' WHEN 'ABORTED' THEN 'Fail' ELSE "
        "'Prepared' END AS status, usr AS \"user\", peer, message, total_rows AS "
        "\"rows\", loaded_rows AS loaded, filtered_rows AS "
        "filtered, unselected_rows AS unselected, bytes, make_timestamp(started_us) AS "
        "started, make_timestamp(finished_us) AS finished, "
        "started_us, finished_us, two_phase, error_log FROM _weir.loads WHERE "
        "($1::VARCHAR IS NULL OR lower(db) = lower($1)) AND "
        "($2::VARCHAR IS NULL OR label LIKE $2 ESCAPE '\\') AND ($3::VARCHAR IS NULL OR state = "
        "upper($3)) ORDER BY txn_id DESC LIMIT $4";
    EngineConn *conn = intake_conn_take(intake, error);
    if (!conn) {
        return NULL;
    }
    const EngineValue values[] = {engine_value_text(db),
                                  engine_value_text(label),
                                  engine_value_text(state),
                                  {.id = ENGINE_INT64, .i64 = (gint64)MIN(limit, MAX_LISTED)}};
    json_t *rows = engine_query_json(conn, SQL, values, G_N_ELEMENTS(values), MIN(limit, MAX_LISTED), error);
    intake_conn_give(intake, conn);
    return rows;
}
