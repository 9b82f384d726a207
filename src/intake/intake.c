/* Opening and closing; what every load shares: connections, the limit on large loads, running loads that may
 * be timed out, rejects found in SQL. */
#include "base/fs.h"
#include "base/time.h"
#include "intake/intake_int.h"

#define STREAM_MIN_BYTES     (1 << 20) /* a segment must hold rows */
#define MAX_IDLE_CONNECTIONS 16
#define MAX_FLOWS            4 /* each may hold load.stream_memory */

typedef struct {
    gint64 txn_id, deadline_us;
    EngineConn *conn;
} Running;

/* ---- rejects found in SQL ---------------------------------------------------------------------------------
 */

/* weir_reject(load id, order, reason || chr(31) || line): notes the row and is false. */
static bool note_reject(void *user, int64_t handle, int64_t row, const char *text, size_t len)
{
    (void)row;
    Intake *intake = user;
    gint64 id = handle;
    g_mutex_lock(&intake->rejects_lock);
    IntakeRejects *rejects = g_hash_table_lookup(intake->rejects_by_txn, &id);
    if (rejects) {
        const char *mark = text ? memchr(text, 31, len) : NULL;
        g_autofree char *reason = g_strndup(text ? text : "", mark ? (size_t)(mark - text) : len);
        const char *line = mark ? mark + 1 : "";
        intake_rejects_add(rejects, line, mark ? len - (size_t)(line - text) : 0, reason);
    }
    g_mutex_unlock(&intake->rejects_lock);
    return false;
}

void intake_rejects_bind(Intake *intake, gint64 txn_id, IntakeRejects *rejects)
{
    g_mutex_lock(&intake->rejects_lock);
    if (rejects) {
        gint64 *key = g_new(gint64, 1);
        *key = txn_id;
        g_hash_table_insert(intake->rejects_by_txn, key, rejects);
    } else {
        g_hash_table_remove(intake->rejects_by_txn, &txn_id);
    }
    g_mutex_unlock(&intake->rejects_lock);
}

/* ---- running loads
 * --------------------------------------------------------------------------------------------- */

void intake_running_add(Intake *intake, gint64 txn_id, EngineConn *conn, gint64 deadline_us)
{
    Running *running = g_new(Running, 1);
    *running = (Running){txn_id, deadline_us, conn};
    g_mutex_lock(&intake->running_lock);
    g_hash_table_insert(intake->running, &running->txn_id, running);
    g_mutex_unlock(&intake->running_lock);
}

void intake_running_remove(Intake *intake, gint64 txn_id)
{
    g_mutex_lock(&intake->running_lock);
    g_hash_table_remove(intake->running, &txn_id);
    g_mutex_unlock(&intake->running_lock);
}

void intake_running_check(Intake *intake, gint64 now_us)
{
    g_mutex_lock(&intake->running_lock);
    GHashTableIter iter;
    gpointer value;
    g_hash_table_iter_init(&iter, intake->running);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const Running *running = value;
        if (running->deadline_us < now_us) {
            engine_conn_interrupt(running->conn);
        }
    }
    g_mutex_unlock(&intake->running_lock);
}

/* ---- connections
 * ---------------------------------------------------------------------------------------------------- */

EngineConn *intake_conn_take_in(Intake *intake, const char *zone, GError **error)
{
    g_mutex_lock(&intake->conns_lock);
    g_autoptr(EngineConn) conn = g_queue_pop_tail(&intake->conns);
    g_mutex_unlock(&intake->conns_lock);
    conn = conn ? conn : engine_connect(intake->engine, error);
    return conn && engine_set_time_zone(conn, zone, error) ? g_steal_pointer(&conn) : NULL;
}

EngineConn *intake_conn_take(Intake *intake, GError **error)
{
    return intake_conn_take_in(intake, NULL, error);
}

void intake_conn_give(Intake *intake, EngineConn *conn)
{
    if (!conn) {
        return;
    }
    g_mutex_lock(&intake->conns_lock);
    bool keep = intake->conns.length < MAX_IDLE_CONNECTIONS;
    if (keep) {
        g_queue_push_tail(&intake->conns, conn);
    }
    g_mutex_unlock(&intake->conns_lock);
    if (!keep) {
        engine_disconnect(conn);
    }
}

void intake_large_begin(Intake *intake)
{
    g_mutex_lock(&intake->large_lock);
    intake->large_waiting++;
    while (intake->large_running >= intake->large_max) {
        g_cond_wait(&intake->large_cond, &intake->large_lock);
    }
    intake->large_waiting--;
    intake->large_running++;
    g_mutex_unlock(&intake->large_lock);
}

bool intake_large_try(Intake *intake)
{
    g_mutex_lock(&intake->large_lock);
    bool ok = intake->large_waiting == 0 && intake->large_running < intake->large_max;
    intake->large_running += ok;
    g_mutex_unlock(&intake->large_lock);
    return ok;
}

void intake_large_end(Intake *intake)
{
    g_mutex_lock(&intake->large_lock);
    intake->large_running--;
    g_cond_signal(&intake->large_cond);
    g_mutex_unlock(&intake->large_lock);
}

/* ---- life
 * -----------------------------------------------------------------------------------------------------------
 */

static bool make_folders(Intake *intake, const char *data_dir, GError **error)
{
    intake->data_dir = g_strdup(data_dir);
    intake->spool_dir = g_build_filename(data_dir, "spool", NULL);
    intake->errors_dir = g_build_filename(data_dir, "errors", NULL);
    if (g_file_test(intake->spool_dir, G_FILE_TEST_IS_DIR) &&
        !base_fs_remove_tree(intake->spool_dir, error)) {
        return false;
    }
    return base_fs_mkdir(intake->spool_dir, error) && base_fs_mkdir(intake->errors_dir, error);
}

static void read_limits(Intake *intake, const BaseConfig *config)
{
    intake->max_bytes = base_config_int(config, BASE_CONFIG_LOAD_MAX_BYTES);
    intake->max_json_bytes = base_config_int(config, BASE_CONFIG_LOAD_MAX_JSON_BYTES);
    intake->max_line_bytes = base_config_int(config, BASE_CONFIG_LOAD_MAX_LINE_BYTES);
    intake->spool_memory = base_config_int(config, BASE_CONFIG_LOAD_SPOOL_MEMORY);
    intake->precommit_timeout_us = base_config_int(config, BASE_CONFIG_LOAD_PRECOMMIT_TIMEOUT);
    intake->label_keep_us = base_config_int(config, BASE_CONFIG_LOAD_LABEL_KEEP);
    intake->large_max = MAX(2, g_get_num_processors());
    gint64 stream_memory = base_config_int(config, BASE_CONFIG_LOAD_STREAM_MEMORY);
    intake->stream_memory = stream_memory > 0 ? MAX(stream_memory, STREAM_MIN_BYTES) : 0;
    intake->stream_wait_us = base_config_int(config, BASE_CONFIG_LOAD_STREAM_WAIT);
    intake->flows_max = MIN(intake->large_max, MAX_FLOWS);
}

/* Stages that no prepared load has: of loads that were parked when the process ended. */
static bool drop_parked(EngineConn *conn, GError **error)
{
    g_autofree char *statements = NULL;
    if (!engine_query_text(conn,
                           "SELECT string_agg('DROP TABLE _weir.\"' || table_name || '\"', ';') FROM "
                           "duckdb_tables() WHERE schema_name = '_weir' AND "
                           "regexp_full_match(table_name, 'txn_[0-9]+') AND table_name NOT IN "
                           "(SELECT 'txn_' || txn_id FROM _weir.loads WHERE state = 'PRECOMMITTED')",
                           &statements, error)) {
        return false;
    }
    return !statements || engine_exec(conn, statements, error);
}

static bool start(Intake *intake, GError **error)
{
    EngineConn *conn = intake_conn_take(intake, error);
    if (!conn) {
        return false;
    }
    intake->txns = intake_txns_open(conn, intake->label_keep_us, error);
    bool ok = intake->txns && drop_parked(conn, error);
    intake_conn_give(intake, conn);
    if (!ok || !engine_add_note_function(intake->engine, "weir_reject", note_reject, intake, error)) {
        return false;
    }
    intake->committer = intake_committer_start(intake, error);
    return intake->committer != NULL;
}

Intake *intake_open(Engine *engine, const char *data_dir, const BaseConfig *config, GError **error)
{
    g_autoptr(Intake) intake = g_new0(Intake, 1);
    intake->engine = engine_ref(engine);
    g_mutex_init(&intake->large_lock);
    g_cond_init(&intake->large_cond);
    g_mutex_init(&intake->rejects_lock);
    g_mutex_init(&intake->running_lock);
    g_mutex_init(&intake->conns_lock);
    g_queue_init(&intake->conns);
    intake->plans = intake_plans_new();
    intake->rejects_by_txn = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    intake->running = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, g_free);
    read_limits(intake, config);
    if (!make_folders(intake, data_dir, error) || !start(intake, error)) {
        return NULL;
    }
    return g_steal_pointer(&intake);
}

void intake_close(Intake *intake)
{
    if (!intake) {
        return;
    }
    intake_committer_stop(intake->committer);
    intake_txns_close(intake->txns);
    for (EngineConn *conn; (conn = g_queue_pop_tail(&intake->conns));) {
        engine_disconnect(conn);
    }
    intake_plans_free(intake->plans);
    g_hash_table_unref(intake->rejects_by_txn);
    g_hash_table_unref(intake->running);
    g_mutex_clear(&intake->large_lock);
    g_cond_clear(&intake->large_cond);
    g_mutex_clear(&intake->rejects_lock);
    g_mutex_clear(&intake->running_lock);
    g_mutex_clear(&intake->conns_lock);
    g_free(intake->data_dir);
    g_free(intake->spool_dir);
    g_free(intake->errors_dir);
    engine_unref(intake->engine);
    g_free(intake);
}

bool intake_healthy(Intake *intake)
{
    return !engine_poisoned(intake->engine);
}
