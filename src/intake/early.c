/* Large appends, whose body may still come while it is inserted (spool.c, flow.c): one INSERT after the
 * other, each of what is there, all in one transaction. When the load waited for its client for longer than
 * load.stream_wait in all, it parks: the rows so far are set aside in a stage, durable but nobody's, and the
 * transaction ends; once the body is whole, stage and rest go into the table in a second one. */
#include "base/time.h"
#include "engine/sql.h"
#include "intake/load_int.h"

static void run_until(IntakeLoad *load, gint64 deadline_us)
{
    load->deadline_us = deadline_us;
    intake_running_remove(load->intake, load->txn->txn_id);
    intake_running_add(load->intake, load->txn->txn_id, load->conn, deadline_us);
}

void intake_load_hold(IntakeLoad *load, bool holds)
{
    if (holds && !load->holds) {
        intake_table_hold(load->intake, load->key, false);
    } else if (!holds && load->holds) {
        intake_table_release(load->intake, load->key, false);
    }
    load->holds = holds;
}

/* The rows so far into a stage that no row of _weir.loads names: a start drops it. */
static bool set_aside(IntakeLoad *load, const char *target, const char *stage, GError **error)
{
    g_autofree char *sql =
        g_strdup_printf("CREATE TABLE %s AS SELECT * FROM %s WHERE " INTAKE_LOAD_ID " = %" G_GINT64_FORMAT
                        "; DELETE FROM %s WHERE " INTAKE_LOAD_ID " = %" G_GINT64_FORMAT,
                        stage, target, load->txn->txn_id, target, load->txn->txn_id);
    return engine_exec(load->conn, sql, error) && engine_commit(load->conn, error);
}

static bool take_back(IntakeLoad *load, const char *target, const char *stage, GError **error)
{
    g_autofree char *sql =
        g_strdup_printf("INSERT INTO %s BY NAME SELECT * FROM %s; DROP TABLE %s", target, stage, stage);
    return engine_begin(load->conn, error) && engine_exec(load->conn, sql, error);
}

/* A client that is this slow may take hours: until its body is whole there is no transaction, no hold of the
 * table, no place among the large loads; only a thread that waits, the stage, and the file. */
static bool park(IntakeLoad *load, GError **error)
{
    Intake *intake = load->intake;
    g_autofree char *target = engine_sql_table(load->table->schema, load->table->name);
    g_autofree char *stage = intake_stage_name(load->txn->txn_id);
    bool late;
    if (!set_aside(load, target, stage, error)) {
        return false;
    }
    (void)BASE_FAULT("load.parked");
    load->parked = true;
    gint64 left_us = load->deadline_us - base_time_monotonic_us();
    run_until(load, G_MAXINT64);
    intake_load_hold(load, false);
    intake_large_end(intake);
    intake_committer_poke(intake); /* a checkpoint may have waited */
    gint64 start = base_time_monotonic_us();
    bool ok =
        intake_spool_park(load->spool, error) && intake_spool_wait(load->spool, G_MAXINT64, -1, &late, error);
    load->waited_us += base_time_monotonic_us() - start;
    intake_large_begin(intake);
    intake_load_hold(load, true);
    run_until(load, base_time_monotonic_us() + left_us);
    return ok && take_back(load, target, stage, error);
}

/* Waits for what makes another INSERT worth while. Waiting does not count as the load's time. */
static bool next_segment(IntakeLoad *load, GError **error)
{
    gint64 start = base_time_monotonic_us();
    gint64 wait_us = MAX(load->intake->stream_wait_us - load->waited_us, 0);
    bool late;
    if (!intake_spool_wait(load->spool, intake_spool_segment_bytes(load->spool), load->parked ? -1 : wait_us,
                           &late, error)) {
        return false;
    }
    gint64 waited_us = base_time_monotonic_us() - start;
    load->waited_us += waited_us;
    run_until(load, load->deadline_us + waited_us);
    if (late && !park(load, error)) {
        return false;
    }
    intake_reader_go_on(load->reader);
    return true;
}

/* The engine does not read rows that cannot be selected (a WHERE that is always false): the body is let go as
 * it comes, without a transaction meanwhile. */
static bool pass_over(IntakeLoad *load, gint64 rows, GError **error)
{
    bool late;
    if (rows != 0) {
        return base_fail(error, BASE_E_INTERNAL, "the engine left rows of the body unread");
    }
    engine_rollback(load->conn);
    intake_spool_drop(load->spool);
    return intake_spool_wait(load->spool, G_MAXINT64, -1, &late, error) && engine_begin(load->conn, error);
}

bool intake_load_append(IntakeLoad *load, const char *sql_head, gint64 *ret_rows, GError **error)
{
    gint64 rows = 0;
    if (!intake_load_select(load, sql_head, ret_rows, error)) {
        return false;
    }
    while (load->flows && intake_reader_paused(load->reader)) {
        if (!next_segment(load, error) || !intake_load_select(load, sql_head, &rows, error)) {
            return false;
        }
        *ret_rows += rows;
    }
    if (load->flows && !intake_reader_at_end(load->reader) && !pass_over(load, *ret_rows, error)) {
        return false;
    }
    load->txn->bytes = intake_spool_bytes(load->spool); /* whole now */
    return true;
}

void intake_load_drop_parked(IntakeLoad *load)
{
    g_autofree char *stage = intake_stage_name(load->txn->txn_id);
    g_autofree char *sql = g_strconcat("DROP TABLE IF EXISTS ", stage, NULL);
    g_autoptr(GError) why = NULL;
    (void)!engine_exec(load->conn, sql, &why); /* else the next start does */
}
