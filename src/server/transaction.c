/* Writes carried out, now or at COMMIT. See sql.h for what a transaction is.
 *
 * INSERTs of one transaction into one table and the same columns are one load: they are committed together,
 * under one label. A transaction that holds anything else is carried out in steps, in order, each of which is
 * committed on its own; COMMIT says so with a note when there is more than one. */
#include "server/dml_int.h"

#define VALUES_MAX_ROWS  1000 /* more go through a feed */
#define VALUES_MAX_BYTES (256u * 1024u)

void session_write_free(SessionWrite *write)
{
    if (!write) {
        return;
    }
    g_strfreev(write->columns);
    g_free(write->select);
    g_free(write->set);
    g_free(write->where);
    g_free(write->label);
    g_free(write->zone);
    g_clear_pointer(&write->cells, g_ptr_array_unref);
    catalog_snapshot_unref(write->snapshot);
    g_free(write);
}

static void free_write(gpointer write)
{
    session_write_free(write);
}

/* ---- INSERT of literals
 * ------------------------------------------------------------------------------------------- */

typedef struct {
    EngineFeed feed; /* first: the engine gives it back */
    const GPtrArray *cells;
    size_t n_columns, n_rows;
    gint next_row; /* atomic */
} CellFeed;

static void *open_cells(EngineFeed *feed, GError **error)
{
    (void)error;
    return feed;
}

static bool next_cells(EngineFeed *feed, void *local, EngineBatch *batch, GError **error)
{
    (void)local;
    (void)error;
    CellFeed *cells = (CellFeed *)(void *)feed;
    size_t from = (size_t)g_atomic_int_add(&cells->next_row, ENGINE_CHUNK_ROWS);
    size_t n = from < cells->n_rows ? MIN(cells->n_rows - from, ENGINE_CHUNK_ROWS) : 0;
    for (size_t column = 0; column < cells->n_columns; column++) {
        for (size_t row = 0; engine_batch_wanted(batch, column) && row < n; row++) {
            const char *text = g_ptr_array_index(cells->cells, (from + row) * cells->n_columns + column);
            if (text) {
                engine_batch_set_bytes(batch, column, row, text, strlen(text));
            } else {
                engine_batch_set_null(batch, column, row);
            }
        }
    }
    engine_batch_set_rows(batch, n);
    return true;
}

static void close_cells(void *local)
{
    (void)local;
}

static bool insert_feed(ServerApp *app, const SessionWrite *write, const IntakeSession *by, const char *user,
                        IntakeResult *result, GError **error)
{
    size_t n_columns = g_strv_length(write->columns);
    g_autofree EngineType *types = g_new0(EngineType, n_columns);
    for (size_t i = 0; i < n_columns; i++) {
        types[i].id = ENGINE_TEXT;
    }
    Engine *engine = server_app_engine(app);
    CellFeed cells = {.feed = {.n_columns = n_columns,
                               .names = (const char *const *)write->columns,
                               .types = types,
                               .max_threads = 1, /* the order of rows decides which of one key wins */
                               .rows_estimate = write->rows,
                               .open = open_cells,
                               .next = next_cells,
                               .close = close_cells},
                      .cells = write->cells,
                      .n_columns = n_columns,
                      .n_rows = (size_t)write->rows};
    guint64 id = engine_feed_add(engine, &cells.feed);
    g_autofree char *select = g_strdup_printf("SELECT * FROM weir_feed(%" G_GUINT64_FORMAT ")", id);
    bool ok = intake_insert(server_app_intake(app), write->object->table, (const char *const *)write->columns,
                            select, NULL, 0, by, write->label, user, result, error);
    engine_feed_remove(engine, id);
    return ok;
}

static char *values_text(const SessionWrite *write)
{
    size_t n_columns = g_strv_length(write->columns);
    GString *sql = g_string_new("VALUES ");
    for (guint i = 0; i < write->cells->len; i++) {
        const char *text = g_ptr_array_index(write->cells, i);
        g_string_append(sql, i % n_columns ? ", " : i ? "), (" : "(");
        if (text) {
            engine_sql_append_text(sql, text);
        } else {
            g_string_append(sql, "NULL");
        }
    }
    g_string_append_c(sql, ')');
    return g_string_free(sql, FALSE);
}

static bool do_insert(ServerSession *session, const SessionWrite *write, const IntakeSession *by,
                      IntakeResult *result, GError **error)
{
    Intake *intake = server_app_intake(session->app);
    const char *user = access_user_name(session->user);
    if (write->cells && (write->rows > VALUES_MAX_ROWS || write->bytes > VALUES_MAX_BYTES)) {
        return insert_feed(session->app, write, by, user, result, error);
    }
    g_autofree char *select = write->cells ? values_text(write) : g_strdup(write->select);
    return intake_insert(intake, write->object->table, (const char *const *)write->columns, select, NULL, 0,
                         by, write->label, user, result, error);
}

/* ---- one write
 * ------------------------------------------------------------------------------------------------------- */

static char *info_text(const char *label, const char *status, gint64 txn_id)
{
    return g_strdup_printf("{'label':'%s', 'status':'%s', 'txnId':'%" G_GINT64_FORMAT "'}",
                           label ? label : "", status, txn_id);
}

static bool do_write(ServerSession *session, const SessionWrite *write, gint64 *ret_changed, char **ret_info,
                     GError **error)
{
    Intake *intake = server_app_intake(session->app);
    const CatalogTable *table = write->object->table;
    const IntakeSession by = session_writing(session, write->zone);
    IntakeResult result = {0};
    bool ok = write->type == WRITE_UPDATE
                  ? intake_update(intake, table, write->set, write->where, NULL, 0, &by, ret_changed, error)
              : write->type == WRITE_DELETE
                  ? intake_delete(intake, table, write->where, NULL, 0, &by, ret_changed, error)
                  : do_insert(session, write, &by, &result, error);
    session_explain_stop(session, error);
    if (ok && write->type == WRITE_INSERT) {
        *ret_changed = result.loaded_rows;
        g_free(*ret_info);
        *ret_info = info_text(result.label, "VISIBLE", result.txn_id);
    }
    intake_result_clear(&result);
    return ok;
}

static bool collects(const ServerSession *session)
{
    return session->in_transaction || !server_session_autocommit(session);
}

static bool collect(const SqlRun *run, SessionWrite *write, GError **error)
{
    ServerSession *session = run->session;
    if (!session->transaction) {
        session->transaction = g_ptr_array_new_with_free_func(free_write);
    }
    if (session->transaction->len >= SESSION_MAX_TXN_STATEMENTS ||
        write->bytes > SESSION_MAX_TXN_BYTES - session->transaction_bytes) {
        session_write_free(write);
        base_fail(error, BASE_E_LOAD_TOO_LARGE, "a transaction may hold %u statements and %u bytes",
                  SESSION_MAX_TXN_STATEMENTS, SESSION_MAX_TXN_BYTES);
        base_error_hint(error, "COMMIT more often, or use Stream Load");
        return false;
    }
    session->in_transaction = true;
    session->transaction_bytes += write->bytes;
    g_ptr_array_add(session->transaction, write);
    run->ret->changed = MAX(write->rows, 0);
    if (write->type == WRITE_INSERT) {
        run->ret->info = info_text(session->transaction_label, "PREPARE", 0);
    }
    return true;
}

bool session_write(const SqlRun *run, SessionWrite *write, GError **error)
{
    write->zone = g_strdup(session_zone_name(run->session));
    if (collects(run->session)) {
        return collect(run, write, error);
    }
    bool ok = do_write(run->session, write, &run->ret->changed, &run->ret->info, error);
    session_write_free(write);
    return ok;
}

/* ---- transactions
 * ----------------------------------------------------------------------------------------------------- */

void session_forget_transaction(ServerSession *session)
{
    g_clear_pointer(&session->transaction, g_ptr_array_unref);
    g_clear_pointer(&session->transaction_label, g_free);
    session->transaction_bytes = 0;
    session->in_transaction = false;
}

static bool joins(const SessionWrite *a, const SessionWrite *b)
{
    return a->type == WRITE_INSERT && b->type == WRITE_INSERT && a->object->table == b->object->table &&
           !b->label && g_str_equal(a->zone, b->zone) &&
           g_strv_equal((const char *const *)a->columns, (const char *const *)b->columns);
}

static void join_select(SessionWrite *into, SessionWrite *from)
{
    g_autofree char *a = into->cells ? values_text(into) : g_steal_pointer(&into->select);
    g_autofree char *b = from->cells ? values_text(from) : g_strdup(from->select);
    g_clear_pointer(&into->cells, g_ptr_array_unref);
    into->select = g_strdup_printf("SELECT * FROM (%s) UNION ALL SELECT * FROM (%s)", a, b);
}

/* Appends what `from` inserts to what `into` does. */
static void join(SessionWrite *into, SessionWrite *from)
{
    if (into->cells && from->cells) {
        for (guint i = 0; i < from->cells->len; i++) {
            g_ptr_array_add(into->cells, g_steal_pointer(&from->cells->pdata[i]));
        }
        into->rows += from->rows;
    } else {
        join_select(into, from);
    }
    into->bytes += from->bytes;
}

/* Neighbours that can be one load become one. */
static void join_all(GPtrArray *writes)
{
    guint kept = 0;
    for (guint i = 1; i < writes->len; i++) {
        SessionWrite *last = g_ptr_array_index(writes, kept);
        SessionWrite *write = g_ptr_array_index(writes, i);
        if (joins(last, write)) {
            join(last, write);
        } else {
            kept++;
            SessionWrite *swap = writes->pdata[kept];
            writes->pdata[kept] = write;
            writes->pdata[i] = swap;
        }
    }
    if (writes->len > 0) {
        g_ptr_array_set_size(writes, (gint)kept + 1);
    }
}

static bool commit_writes(ServerSession *session, GPtrArray *writes, char **ret_info, GError **error)
{
    for (guint i = 0; i < writes->len; i++) {
        SessionWrite *write = g_ptr_array_index(writes, i);
        gint64 changed = 0;
        if (i == 0 && write->type == WRITE_INSERT && !write->label) {
            write->label = g_strdup(session->transaction_label);
        }
        if (!do_write(session, write, &changed, ret_info, error)) {
            if (i > 0) {
                base_error_hint(error,
                                "the first %u of %u steps of this transaction stay: only INSERTs into one "
                                "table are one step",
                                i, writes->len);
            }
            return false;
        }
    }
    return true;
}

static bool commit(ServerSession *session, char **ret_info, GError **error)
{
    g_autoptr(GPtrArray) writes = g_steal_pointer(&session->transaction);
    bool ok = true;
    if (writes) {
        join_all(writes);
        ok = commit_writes(session, writes, ret_info, error);
        if (ok && writes->len > 1) {
            session_warn(session, "Note", 1105,
                         "the transaction was carried out in %u steps, each committed on its own",
                         writes->len);
        }
    }
    session_forget_transaction(session);
    return ok;
}

bool session_commit(ServerSession *session, GError **error)
{
    g_autofree char *info = NULL;
    return commit(session, &info, error);
}

/* BEGIN, START TRANSACTION [...], BEGIN WITH LABEL l; what was open is committed, as in MySQL. */
bool session_run_begin(const SqlRun *run, GError **error)
{
    ServerSession *session = run->session;
    if (!session_commit(session, error)) {
        return false;
    }
    SqlCursor cursor = {run->tokens, 1};
    sql_take(&cursor, "work");
    sql_take(&cursor, "transaction");
    if (sql_take_all(&cursor, "with label")) {
        const char *label = sql_take_name(&cursor);
        if (!label) {
            return sql_fail_near(&cursor, run->sql, error);
        }
        session->transaction_label = g_strdup(label);
    }
    session->in_transaction = true;
    return true;
}

bool session_run_commit(const SqlRun *run, GError **error)
{
    return commit(run->session, &run->ret->info, error);
}

bool session_run_rollback(const SqlRun *run, GError **error)
{
    (void)error;
    session_forget_transaction(run->session);
    return true;
}
