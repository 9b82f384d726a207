/* Labels, transaction ids and states, and their rows in _weir.loads.
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
    g_free(txn);
}

static const char *const STATE_NAMES[] = {"PREPARE", "PRECOMMITTED", "VISIBLE", "ABORTED"};

const char *intake_txn_state_name(IntakeTxnState state)
{
    return STATE_NAMES[state];
}

char *intake_stage_name(gint64 txn_id)
{
    return g_strdup_printf("_weir.\"txn_%" G_GINT64_FORMAT "\"", txn_id);
}

/* ---- the table of loads
 * ---------------------------------------------------------------------------------------- */

#define N_COLUMNS 17
static const char *const NAMES[N_COLUMNS] = {
    "txn_id",          "label",     "db",        "tbl",       "state",      "usr",         "peer",
    "message",         "error_log", "plan",      "two_phase", "total_rows", "loaded_rows", "filtered_rows",
    "unselected_rows", "bytes",     "started_us"};
/* finished_us is the 18th. */
const size_t INTAKE_LOADS_N_COLUMNS = N_COLUMNS + 1;

const char *const *intake_loads_names(void)
{
    static const char *all[N_COLUMNS + 2];
    static gsize once = 0;
    if (g_once_init_enter(&once)) {
        memcpy(all, NAMES, sizeof NAMES);
        all[N_COLUMNS] = "finished_us";
        g_once_init_leave(&once, 1);
    }
    return all;
}

const EngineType *intake_loads_types(void)
{
    static const EngineType TYPES[N_COLUMNS + 1] = {
        {ENGINE_INT64, 0, 0}, {ENGINE_TEXT, 0, 0},  {ENGINE_TEXT, 0, 0},    {ENGINE_TEXT, 0, 0},
        {ENGINE_TEXT, 0, 0},  {ENGINE_TEXT, 0, 0},  {ENGINE_TEXT, 0, 0},    {ENGINE_TEXT, 0, 0},
        {ENGINE_TEXT, 0, 0},  {ENGINE_TEXT, 0, 0},  {ENGINE_BOOLEAN, 0, 0}, {ENGINE_INT64, 0, 0},
        {ENGINE_INT64, 0, 0}, {ENGINE_INT64, 0, 0}, {ENGINE_INT64, 0, 0},   {ENGINE_INT64, 0, 0},
        {ENGINE_INT64, 0, 0}, {ENGINE_INT64, 0, 0}};
    return TYPES;
}

static void put_text(IntakeChunk *chunk, size_t column, size_t row, const char *text)
{
    IntakeCell *cells = chunk->data[column];
    cells[row] = text ? (IntakeCell){.bytes = text, .len = (guint32)strlen(text)} : (IntakeCell){0};
}

void intake_txn_to_chunk(const IntakeTxn *txn, IntakeChunk *chunk, size_t row)
{
    const char *const texts[] = {txn->label, txn->db,   txn->table,   STATE_NAMES[txn->state],
                                 txn->user,  txn->peer, txn->message, txn->error_log,
                                 txn->plan};
    const gint64 numbers[] = {txn->total_rows, txn->loaded_rows, txn->filtered_rows, txn->unselected_rows,
                              txn->bytes,      txn->started_us,  txn->finished_us};
    ((gint64 *)chunk->data[0])[row] = txn->txn_id;
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        put_text(chunk, 1 + i, row, texts[i]);
    }
    ((bool *)chunk->data[10])[row] = txn->two_phase;
    for (size_t i = 0; i < G_N_ELEMENTS(numbers); i++) {
        ((gint64 *)chunk->data[11 + i])[row] = numbers[i];
    }
}

bool intake_write_txn(EngineConn *conn, const IntakeTxn *txn, GError **error)
{
    const EngineValue values[] = {engine_value_int(txn->txn_id),
                                  engine_value_text(txn->label),
                                  engine_value_text(txn->db),
                                  engine_value_text(txn->table),
                                  engine_value_text(STATE_NAMES[txn->state]),
                                  engine_value_text(txn->user),
                                  engine_value_text(txn->peer),
                                  engine_value_text(txn->message),
                                  engine_value_text(txn->error_log),
                                  engine_value_text(txn->plan),
                                  {.id = ENGINE_BOOLEAN, .boolean = txn->two_phase},
                                  engine_value_int(txn->total_rows),
                                  engine_value_int(txn->loaded_rows),
                                  engine_value_int(txn->filtered_rows),
                                  engine_value_int(txn->unselected_rows),
                                  engine_value_int(txn->bytes),
                                  engine_value_int(txn->started_us),
                                  engine_value_int(txn->finished_us)};
    return engine_exec_values(
        conn,
        "INSERT INTO _weir.loads VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18)",
        values, G_N_ELEMENTS(values), NULL, error);
}

static const char SCHEMA[] =
    "CREATE SCHEMA IF NOT EXISTS _weir;"
    "CREATE TABLE IF NOT EXISTS _weir.format (version INTEGER);"
    "CREATE TABLE IF NOT EXISTS _weir.ids (high BIGINT);"
    "CREATE TABLE IF NOT EXISTS _weir.loads (txn_id BIGINT, label VARCHAR, db VARCHAR, tbl VARCHAR, state "
    "VARCHAR, usr VARCHAR,"
    " peer VARCHAR, message VARCHAR, error_log VARCHAR, plan VARCHAR, two_phase BOOLEAN, total_rows BIGINT, "
    "loaded_rows BIGINT,"
    " filtered_rows BIGINT, unselected_rows BIGINT, bytes BIGINT, started_us BIGINT, finished_us BIGINT);"
    "CREATE TABLE IF NOT EXISTS _weir.merged (txn_id BIGINT, written BIGINT, deleted BIGINT);"
    "INSERT INTO _weir.format SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM _weir.format);"
    "INSERT INTO _weir.ids SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM _weir.ids);";

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
    g_autofree char *sql =
        g_strdup_printf("SELECT txn_id, started_us, finished_us, db, label, state FROM _weir.loads "
                        "WHERE state = 'PRECOMMITTED' OR starts_with(label, '" INTAKE_SOURCE_LABEL
                        "') OR finished_us >= %" G_GINT64_FORMAT " ORDER BY txn_id",
                        since_us);
    g_autoptr(EngineResult) result = engine_query(conn, sql, error);
    if (!result) {
        return false;
    }
    GError *why = NULL;
    for (EngineChunk *chunk; (chunk = engine_result_next(result, &why));) {
        EngineColumn ids = engine_chunk_column(chunk, 0), started = engine_chunk_column(chunk, 1),
                     finished = engine_chunk_column(chunk, 2);
        for (size_t row = 0; row < engine_chunk_rows(chunk); row++) {
            g_autofree char *db = cell_text(chunk, 3, row), *label = cell_text(chunk, 4, row),
                            *state = cell_text(chunk, 5, row);
            IntakeTxnState s = state_by_name(state);
            const gint64 *at = s == INTAKE_TXN_PREPARED ? started.data : finished.data;
            add_entry(txns, ((const gint64 *)ids.data)[row], db, label, s, at[row]);
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

static bool check_format(EngineConn *conn, GError **error)
{
    gint64 version = 0;
    if (!engine_query_int(conn, "SELECT max(version) FROM _weir.format", &version, error)) {
        return false;
    }
    if (version > 1) {
        return base_fail(error, BASE_E_FORMAT_NEWER,
                         "the warehouse has format %" G_GINT64_FORMAT ", this program knows 1", version);
    }
    return true;
}

IntakeTxns *intake_txns_open(EngineConn *conn, gint64 keep_us, GError **error)
{
    IntakeTxns *txns = g_new0(IntakeTxns, 1);
    g_mutex_init(&txns->lock);
    g_cond_init(&txns->changed);
    txns->by_label = g_hash_table_new(label_hash, label_equal);
    txns->by_id = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, entry_free);
    if (!engine_exec(conn, SCHEMA, error) || !check_format(conn, error) || !open_ids(txns, conn, error) ||
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
