/* Labels, transaction ids and states, and their rows in _weir.load_log (_weir.loads shows them).
 *
 * In memory: every label that may not be used again, by database, and every transaction that two-phase
 * requests may name; filled at open from _weir.loads, changed when a load begins (RUNNING: in memory only)
 * and after its commit. A label is looked up and taken under one lock, so of many loads with one label
 * exactly one begins. A load that fails gives its label back; that its row (ABORTED) is in _weir.loads does
 * not hinder.
 *
 * Ids grow over restarts: _weir.ids holds a high water; a start goes on above it. No id is given out that is
 * not below a high water that is on disk, so none is given twice, also when a load was killed before it
 * committed anything. The first load of a process moves the high water (a process that loads nothing writes
 * nothing), later the transactions of loads do, long before it is reached. */
#include "base/time.h"
#include "engine/sql.h"
#include "intake/intake_int.h"

#define ID_STEP 10000

typedef struct {
    gint64 txn_id;
    char *db, *label;
    IntakeTxnState state;
    gint64 at_us; /* begun (PREPARED), finished (VISIBLE, ABORTED) */
    bool claimed; /* a commit or abort is at work */
} Entry;

struct IntakeTxns {
    GMutex lock;
    GCond changed;
    GHashTable *by_label; /* set of Entry by db and label, borrowed; never ABORTED ones */
    GHashTable *by_id;    /* gint64* -> Entry* */
    gint64 next_id;
    gint64 high_id; /* on disk for this process: ids up to it may be given out; 0 = none yet */
};

static void entry_free(gpointer data)
{
    Entry *entry = data;
    g_free(entry->db);
    g_free(entry->label);
    g_free(entry);
}

void intake_txn_free(IntakeTxn *txn)
{
    if (!txn) {
        return;
    }
    g_free(txn->label);
    g_free(txn->db);
    g_free(txn->table);
    g_free(txn->user);
    g_free(txn->peer);
    g_free(txn->message);
    g_free(txn->error_log);
    g_free(txn->plan);
    g_free(txn->detail);
    g_free(txn);
}

static const char *const STATE_NAMES[] = {"PREPARE", "PRECOMMITTED", "VISIBLE", "ABORTED"};

char *intake_stage_name(gint64 txn_id)
{
    return g_strdup_printf("_weir.\"txn_%" G_GINT64_FORMAT "\"", txn_id);
}

/* ---- the table of loads
 * ---------------------------------------------------------------------------------------- */

/* A column costs each commit as much as hundreds of its values, so a load's row has one for each thing that
 * is searched by, and the rest as JSON: what is null, 0 or false, and total_rows where all were loaded, is
 * left out. The view _weir.loads shows all as columns. */
#define N_COLUMNS 8
static const char *const NAMES[N_COLUMNS + 1] = {"txn_id", "label",       "db",          "tbl", "state",
                                                 "detail", "loaded_rows", "finished_us", NULL};
const size_t INTAKE_LOADS_N_COLUMNS = N_COLUMNS;

const char *const *intake_loads_names(void)
{
    return NAMES;
}

const EngineType *intake_loads_types(void)
{
    static const EngineType TYPES[N_COLUMNS] = {
        {ENGINE_INT64, 0, 0}, {ENGINE_TEXT, 0, 0}, {ENGINE_TEXT, 0, 0},  {ENGINE_TEXT, 0, 0},
        {ENGINE_TEXT, 0, 0},  {ENGINE_TEXT, 0, 0}, {ENGINE_INT64, 0, 0}, {ENGINE_INT64, 0, 0}};
    return TYPES;
}

static void detail_name(GString *out, const char *name)
{
    g_string_append(out, out->len > 1 ? ",\"" : "\"");
    g_string_append(out, name);
    g_string_append(out, "\":");
}

static void detail_text(GString *out, const char *name, const char *text)
{
    if (text) {
        detail_name(out, name);
        base_json_append_string(out, text, strlen(text));
    }
}

static void detail_int(GString *out, const char *name, gint64 value)
{
    if (value != 0) {
        char digits[ENGINE_NUMBER_MAX_BYTES];
        detail_name(out, name);
        g_string_append_len(out, digits, engine_put_int(digits, value) - digits);
    }
}

static char *detail_of(const IntakeTxn *txn)
{
    GString *out = g_string_sized_new(128);
    g_string_append_c(out, '{');
    detail_text(out, "usr", txn->user);
    detail_text(out, "peer", txn->peer);
    detail_text(out, "message", txn->message);
    detail_text(out, "error_log", txn->error_log);
    detail_text(out, "plan", txn->plan);
    if (txn->two_phase) {
        detail_name(out, "two_phase");
        g_string_append(out, "true");
    }
    if (txn->total_rows != txn->loaded_rows) {
        detail_name(out, "total_rows");
        g_string_append_printf(out, "%" G_GINT64_FORMAT, txn->total_rows);
    }
    detail_int(out, "filtered_rows", txn->filtered_rows);
    detail_int(out, "unselected_rows", txn->unselected_rows);
    detail_int(out, "bytes", txn->bytes);
    detail_int(out, "started_us", txn->started_us);
    g_string_append_c(out, '}');
    return g_string_free(out, FALSE);
}

static void put_text(IntakeChunk *chunk, size_t column, size_t row, const char *text)
{
    IntakeCell *cells = chunk->data[column];
    cells[row] = text ? (IntakeCell){.bytes = text, .len = (guint32)strlen(text)} : (IntakeCell){0};
}

void intake_txn_to_chunk(IntakeTxn *txn, IntakeChunk *chunk, size_t row)
{
    g_free(txn->detail);
    txn->detail = detail_of(txn);
    const char *const texts[] = {txn->label, txn->db, txn->table, STATE_NAMES[txn->state], txn->detail};
    ((gint64 *)chunk->data[0])[row] = txn->txn_id;
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        put_text(chunk, 1 + i, row, texts[i]);
    }
    ((gint64 *)chunk->data[6])[row] = txn->loaded_rows;
    ((gint64 *)chunk->data[7])[row] = txn->finished_us;
}

bool intake_write_txn(EngineConn *conn, const IntakeTxn *txn, GError **error)
{
    g_autofree char *detail = detail_of(txn);
    const EngineValue values[] = {engine_value_int(txn->txn_id),
                                  engine_value_text(txn->label),
                                  engine_value_text(txn->db),
                                  engine_value_text(txn->table),
                                  engine_value_text(STATE_NAMES[txn->state]),
                                  engine_value_text(detail),
                                  engine_value_int(txn->loaded_rows),
                                  engine_value_int(txn->finished_us)};
    return engine_exec_values(conn, "INSERT INTO _weir.load_log VALUES ($1,$2,$3,$4,$5,$6,$7,$8)", values,
                              G_N_ELEMENTS(values), NULL, error);
}

/* After a COMMIT that failed. The row of the load cannot be there by another one's hand: ids are never given
 * twice. An engine that is poisoned cannot say; nothing is asked of these labels until it was opened anew and
 * they were read from its file. */
static bool is_durable(EngineConn *conn, gint64 txn_id)
{
    gint64 n = 0;
    g_autoptr(GError) unknown = NULL;
    g_autofree char *sql =
        g_strdup_printf("SELECT count(*) FROM _weir.load_log WHERE txn_id = %" G_GINT64_FORMAT, txn_id);
    engine_rollback(conn);
    return !engine_poisoned(engine_conn_engine(conn)) && engine_query_int(conn, sql, &n, &unknown) && n > 0;
}

bool intake_commit_txn(EngineConn *conn, gint64 txn_id, GError **error)
{
    GError *why = NULL;
    int fault = BASE_FAULT("load.before_commit");
    bool ok = fault ? base_fail(&why, BASE_E_DISK_FULL, "the commit failed: %s", g_strerror(fault))
                    : engine_commit(conn, &why);
    if (ok) {
        (void)BASE_FAULT("load.after_commit");
    }
    fault = ok && txn_id > 0 ? BASE_FAULT("load.commit_denied") : 0;
    if (fault) {
        ok = base_fail(&why, BASE_E_SQL_FAILED, "the commit said that it failed: %s", g_strerror(fault));
    }
    if (!ok && txn_id > 0 && is_durable(conn, txn_id)) {
        g_clear_error(&why);
        ok = true;
    }
    if (why) {
        g_propagate_error(error, why);
    }
    return ok;
}

#define LOAD_LOG                                                                                             \
    "CREATE TABLE IF NOT EXISTS _weir.load_log (txn_id BIGINT, label VARCHAR, db VARCHAR, tbl VARCHAR, "     \
    "state VARCHAR, detail VARCHAR, loaded_rows BIGINT, finished_us BIGINT);"
#define LOADS_VIEW                                                                                           \
    "CREATE VIEW IF NOT EXISTS _weir.loads AS SELECT txn_id, label, db, tbl, state, detail->>'$.usr' AS "    \
    "usr, detail->>'$.peer' AS peer, detail->>'$.message' AS message, detail->>'$.error_log' AS error_log, " \
    "detail->>'$.plan' AS plan, coalesce((detail->>'$.two_phase')::BOOLEAN, false) AS two_phase, "           \
    "coalesce((detail->>'$.total_rows')::BIGINT, loaded_rows) AS total_rows, loaded_rows, "                  \
    "coalesce((detail->>'$.filtered_rows')::BIGINT, 0) AS filtered_rows, "                                   \
    "coalesce((detail->>'$.unselected_rows')::BIGINT, 0) AS unselected_rows, "                               \
    "coalesce((detail->>'$.bytes')::BIGINT, 0) AS bytes, "                                                   \
    "coalesce((detail->>'$.started_us')::BIGINT, 0) AS started_us, finished_us FROM _weir.load_log;"

#define FORMAT 2
static const char SCHEMA[] =
    "CREATE SCHEMA IF NOT EXISTS _weir;"
    "CREATE TABLE IF NOT EXISTS _weir.format (version INTEGER);"
    "CREATE TABLE IF NOT EXISTS _weir.ids (high BIGINT);"
    "CREATE TABLE IF NOT EXISTS _weir.merged (txn_id BIGINT, written BIGINT, deleted BIGINT);"
    "INSERT INTO _weir.ids SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM _weir.ids);";

/* Format 1 had a table of 18 columns. */
static const char FROM_FORMAT_1[] = LOAD_LOG
    "INSERT INTO _weir.load_log SELECT txn_id, label, db, tbl, state, json_object('usr', usr, 'peer', "
    "peer, 'message', message, 'error_log', error_log, 'plan', plan, 'two_phase', two_phase, "
    "'total_rows', total_rows, 'filtered_rows', filtered_rows, 'unselected_rows', unselected_rows, "
    "'bytes', bytes, 'started_us', started_us)::VARCHAR, loaded_rows, finished_us FROM _weir.loads;"
    "DROP TABLE _weir.loads;" LOADS_VIEW "UPDATE _weir.format SET version = 2;";

/* ---- entries
 * ------------------------------------------------------------------------------------------------------ */

static guint label_hash(gconstpointer entry)
{
    const Entry *e = entry;
    return g_str_hash(e->label) * 31 + g_str_hash(e->db);
}

static gboolean label_equal(gconstpointer a, gconstpointer b)
{
    const Entry *x = a, *y = b;
    return strcmp(x->label, y->label) == 0 && strcmp(x->db, y->db) == 0;
}

static Entry *find_label(IntakeTxns *txns, const char *db, const char *label)
{
    const Entry key = {.db = (char *)(guintptr)db, .label = (char *)(guintptr)label};
    return g_hash_table_lookup(txns->by_label, &key);
}

static Entry *add_entry(IntakeTxns *txns, gint64 txn_id, const char *db, const char *label,
                        IntakeTxnState state, gint64 at_us)
{
    Entry *entry = g_new0(Entry, 1);
    *entry = (Entry){
        .txn_id = txn_id, .db = g_strdup(db), .label = g_strdup(label), .state = state, .at_us = at_us};
    g_hash_table_insert(txns->by_id, &entry->txn_id, entry);
    if (state != INTAKE_TXN_ABORTED) {
        g_hash_table_add(txns->by_label, entry);
    }
    return entry;
}

static void forget_label(IntakeTxns *txns, const Entry *entry)
{
    if (g_hash_table_lookup(txns->by_label, entry) == entry) {
        g_hash_table_remove(txns->by_label, entry);
    }
}

static IntakeTxnState state_by_name(const char *name)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(STATE_NAMES); i++) {
        if (g_strcmp0(name, STATE_NAMES[i]) == 0) {
            return (IntakeTxnState)i;
        }
    }
    return INTAKE_TXN_ABORTED;
}

static char *cell_text(const EngineChunk *chunk, size_t column, size_t row)
{
    EngineColumn c = engine_chunk_column(chunk, column);
    if (engine_column_is_null(&c, row)) {
        return g_strdup("");
    }
    size_t len;
    const char *bytes = engine_column_bytes(&c, row, &len);
    return g_strndup(bytes, len);
}

static bool read_entries(IntakeTxns *txns, EngineConn *conn, gint64 since_us, GError **error)
{
    g_autofree char *sql = g_strdup_printf(
        "SELECT txn_id, CASE state WHEN 'PRECOMMITTED' THEN started_us ELSE finished_us END, db, label, "
        "state FROM _weir.loads "
        "WHERE state = 'PRECOMMITTED' OR starts_with(label, '" INTAKE_SOURCE_LABEL
        "') OR finished_us >= %" G_GINT64_FORMAT " ORDER BY txn_id",
        since_us);
    g_autoptr(EngineResult) result = engine_query(conn, sql, error);
    if (!result) {
        return false;
    }
    GError *why = NULL;
    for (EngineChunk *chunk; (chunk = engine_result_next(result, &why));) {
        EngineColumn ids = engine_chunk_column(chunk, 0), at = engine_chunk_column(chunk, 1);
        for (size_t row = 0; row < engine_chunk_rows(chunk); row++) {
            g_autofree char *db = cell_text(chunk, 2, row), *label = cell_text(chunk, 3, row),
                            *state = cell_text(chunk, 4, row);
            IntakeTxnState s = state_by_name(state);
            add_entry(txns, ((const gint64 *)ids.data)[row], db, label, s, ((const gint64 *)at.data)[row]);
        }
    }
    if (why) {
        g_propagate_error(error, why);
        return false;
    }
    return true;
}

static bool open_ids(IntakeTxns *txns, EngineConn *conn, GError **error)
{
    gint64 high = 0, highest = 0;
    if (!engine_query_int(conn, "SELECT max(high) FROM _weir.ids", &high, error) ||
        !engine_query_int(conn, "SELECT coalesce(max(txn_id), 0) FROM _weir.loads", &highest, error)) {
        return false;
    }
    txns->next_id = MAX(high, highest) + 1;
    return true;
}

/* Of a file that says none: it is new, or of a process that was killed before it said 1. */
static bool say_format(EngineConn *conn, gint64 *ret_version, GError **error)
{
    gint64 n = 0;
    if (!engine_query_int(
            conn, "SELECT count(*) FROM duckdb_tables() WHERE schema_name = '_weir' AND table_name = 'loads'",
            &n, error)) {
        return false;
    }
    *ret_version = n > 0 ? 1 : FORMAT;
    const EngineValue value = engine_value_int(*ret_version);
    return engine_exec_values(conn, "INSERT INTO _weir.format VALUES ($1)", &value, 1, NULL, error);
}

static bool move_from_1(EngineConn *conn, GError **error)
{
    bool ok =
        engine_begin(conn, error) && engine_exec(conn, FROM_FORMAT_1, error) && engine_commit(conn, error);
    if (!ok) {
        engine_rollback(conn);
    }
    return ok;
}

static bool open_schema(EngineConn *conn, GError **error)
{
    gint64 version = 0;
    if (!engine_exec(conn, SCHEMA, error) ||
        !engine_query_int(conn, "SELECT coalesce(max(version), 0) FROM _weir.format", &version, error) ||
        (version == 0 && !say_format(conn, &version, error))) {
        return false;
    }
    if (version > FORMAT) {
        return base_fail(error, BASE_E_FORMAT_NEWER,
                         "the warehouse has format %" G_GINT64_FORMAT ", this program knows %d", version,
                         FORMAT);
    }
    return (version > 1 || move_from_1(conn, error)) && engine_exec(conn, LOAD_LOG LOADS_VIEW, error);
}

IntakeTxns *intake_txns_open(EngineConn *conn, gint64 keep_us, GError **error)
{
    IntakeTxns *txns = g_new0(IntakeTxns, 1);
    g_mutex_init(&txns->lock);
    g_cond_init(&txns->changed);
    txns->by_label = g_hash_table_new(label_hash, label_equal);
    txns->by_id = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, entry_free);
    if (!open_schema(conn, error) || !open_ids(txns, conn, error) ||
        !read_entries(txns, conn, base_time_now_us() - keep_us, error)) {
        intake_txns_close(txns);
        return NULL;
    }
    return txns;
}

void intake_txns_close(IntakeTxns *txns)
{
    if (!txns) {
        return;
    }
    g_hash_table_unref(txns->by_label);
    g_hash_table_unref(txns->by_id);
    g_mutex_clear(&txns->lock);
    g_cond_clear(&txns->changed);
    g_free(txns);
}

/* ---- a load's life
 * -------------------------------------------------------------------------------------------------- */

static const char *existing_status(IntakeTxnState state)
{
    static const char *const WORDS[] = {"RUNNING", "PRECOMMITTED", "FINISHED", "ABORTED"};
    return WORDS[state];
}

bool intake_txns_begin(IntakeTxns *txns, IntakeTxn *txn, const char **ret_existing, gint64 *ret_owner,
                       GError **error)
{
    g_mutex_lock(&txns->lock);
    const Entry *owner = find_label(txns, txn->db, txn->label);
    if (!owner && txns->next_id > txns->high_id) {
        g_mutex_unlock(&txns->lock);
        return false;
    }
    if (!owner) {
        txn->txn_id = txns->next_id++;
        add_entry(txns, txn->txn_id, txn->db, txn->label, INTAKE_TXN_RUNNING, txn->started_us);
        g_mutex_unlock(&txns->lock);
        return true;
    }
    *ret_existing = existing_status(owner->state);
    *ret_owner = owner->txn_id;
    g_mutex_unlock(&txns->lock);
    return base_fail(error, BASE_E_LABEL_EXISTS,
                     "Label [%s] has already been used, relate to txn [%" G_GINT64_FORMAT "]", txn->label,
                     *ret_owner);
}

void intake_txns_finish(IntakeTxns *txns, gint64 txn_id, IntakeTxnState state, gint64 now_us)
{
    g_mutex_lock(&txns->lock);
    Entry *entry = g_hash_table_lookup(txns->by_id, &txn_id);
    if (entry) {
        entry->state = state;
        entry->claimed = false;
        entry->at_us = now_us;
        if (state == INTAKE_TXN_ABORTED) {
            forget_label(txns, entry);
        }
        g_cond_broadcast(&txns->changed);
    }
    g_mutex_unlock(&txns->lock);
}

static Entry *find(IntakeTxns *txns, const char *db, gint64 txn_id, const char *label, GError **error)
{
    Entry *entry = NULL;
    if (txn_id > 0) {
        entry = g_hash_table_lookup(txns->by_id, &txn_id);
        if (!entry || strcmp(entry->db, db) != 0) {
            base_fail(error, BASE_E_TXN_UNKNOWN, "transaction [%" G_GINT64_FORMAT "] not found.", txn_id);
            return NULL;
        }
        return entry;
    }
    if (!(entry = find_label(txns, db, label))) {
        base_fail(error, BASE_E_TXN_UNKNOWN, "transaction not found, label=%s", label);
    }
    return entry;
}

static bool check_state(const Entry *entry, bool for_abort, GError **error)
{
    if (entry->state == INTAKE_TXN_PREPARED) {
        return true;
    }
    if (entry->state == INTAKE_TXN_ABORTED) {
        return base_fail(error, BASE_E_TXN_STATE, "transaction [%" G_GINT64_FORMAT "] is already aborted",
                         entry->txn_id);
    }
    if (entry->state == INTAKE_TXN_RUNNING) {
        return base_fail(error, BASE_E_TXN_STATE,
                         "transaction [%" G_GINT64_FORMAT "] is PREPARE, not pre-committed.", entry->txn_id);
    }
    return base_fail(error, BASE_E_TXN_STATE,
                     for_abort ? "transaction [%" G_GINT64_FORMAT "] is already VISIBLE, could not abort."
                               : "transaction [%" G_GINT64_FORMAT "] is already VISIBLE, not pre-committed.",
                     entry->txn_id);
}

bool intake_txns_claim(IntakeTxns *txns, const char *db, gint64 txn_id, const char *label, bool for_abort,
                       gint64 *ret_txn_id, GError **error)
{
    g_mutex_lock(&txns->lock);
    Entry *entry;
    while ((entry = find(txns, db, txn_id, label, error)) && entry->claimed) {
        g_cond_wait(&txns->changed, &txns->lock);
    }
    bool ok = entry && check_state(entry, for_abort, error);
    if (ok) {
        entry->claimed = true;
        *ret_txn_id = entry->txn_id;
    }
    g_mutex_unlock(&txns->lock);
    return ok;
}

bool intake_txns_claim_free(IntakeTxns *txns, gint64 txn_id)
{
    g_mutex_lock(&txns->lock);
    Entry *entry = g_hash_table_lookup(txns->by_id, &txn_id);
    bool ok = entry && !entry->claimed && entry->state == INTAKE_TXN_PREPARED;
    if (ok) {
        entry->claimed = true;
    }
    g_mutex_unlock(&txns->lock);
    return ok;
}

void intake_txns_release(IntakeTxns *txns, gint64 txn_id)
{
    g_mutex_lock(&txns->lock);
    Entry *entry = g_hash_table_lookup(txns->by_id, &txn_id);
    if (entry) {
        entry->claimed = false;
        g_cond_broadcast(&txns->changed);
    }
    g_mutex_unlock(&txns->lock);
}

gint64 intake_txns_oldest_open(IntakeTxns *txns)
{
    g_mutex_lock(&txns->lock);
    gint64 oldest = txns->next_id;
    GHashTableIter iter;
    gpointer value;
    g_hash_table_iter_init(&iter, txns->by_id);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const Entry *entry = value;
        if (entry->state == INTAKE_TXN_RUNNING || entry->state == INTAKE_TXN_PREPARED) {
            oldest = MIN(oldest, entry->txn_id);
        }
    }
    g_mutex_unlock(&txns->lock);
    return oldest;
}

GArray *intake_txns_overdue(IntakeTxns *txns, gint64 before_us)
{
    GArray *ids = g_array_new(FALSE, FALSE, sizeof(gint64));
    g_mutex_lock(&txns->lock);
    GHashTableIter iter;
    gpointer value;
    g_hash_table_iter_init(&iter, txns->by_id);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const Entry *entry = value;
        if (entry->state == INTAKE_TXN_PREPARED && !entry->claimed && entry->at_us < before_us) {
            g_array_append_val(ids, entry->txn_id);
        }
    }
    g_mutex_unlock(&txns->lock);
    return ids;
}

bool intake_txns_expire(IntakeTxns *txns, gint64 before_us)
{
    bool any = false;
    g_mutex_lock(&txns->lock);
    GHashTableIter iter;
    gpointer value;
    g_hash_table_iter_init(&iter, txns->by_id);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const Entry *entry = value;
        bool over = entry->state == INTAKE_TXN_VISIBLE || entry->state == INTAKE_TXN_ABORTED;
        bool kept = entry->state == INTAKE_TXN_VISIBLE && g_str_has_prefix(entry->label, INTAKE_SOURCE_LABEL);
        if (over && !kept && !entry->claimed && entry->at_us < before_us) {
            forget_label(txns, entry);
            g_hash_table_iter_remove(&iter);
            any = true;
        }
    }
    g_mutex_unlock(&txns->lock);
    return any;
}

/* With the lock held. */
static gint64 high_to_reserve(const IntakeTxns *txns)
{
    return txns->next_id + ID_STEP / 2 > txns->high_id ? txns->next_id + ID_STEP : 0;
}

gint64 intake_txns_reserve(IntakeTxns *txns)
{
    g_mutex_lock(&txns->lock);
    gint64 high = high_to_reserve(txns);
    g_mutex_unlock(&txns->lock);
    return high;
}

void intake_txns_reserved(IntakeTxns *txns, gint64 high)
{
    g_mutex_lock(&txns->lock);
    txns->high_id = MAX(txns->high_id, high);
    g_mutex_unlock(&txns->lock);
}
