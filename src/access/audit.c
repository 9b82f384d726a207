/* The audit log: who did what, in catalog.sqlite.
 *
 * A row costs its caller copies and a push on a queue; one thread writes what has gathered in AUDIT_GATHER_US
 * with one statement, hence one fsync for many rows. The queue is bounded: what does not fit is counted,
 * never waited for. The newest AUDIT_KEEP_ROWS rows are kept. */
#include "access/access_int.h"
#include "base/time.h"

#define AUDIT_QUEUE_ROWS     10000
#define AUDIT_BATCH_ROWS     500
#define AUDIT_GATHER_US      (20 * 1000) /* a row waits so long for others: one fsync for many */
#define AUDIT_KEEP_ROWS      1000000
#define AUDIT_TRIM_ROWS      10000
#define AUDIT_MAX_TEXT_BYTES 4096
#define AUDIT_COLUMNS        6
#define AUDIT_TEXTS          4

typedef struct {
    gint64 at_us;
    char *texts[AUDIT_TEXTS]; /* user, action, object, detail */
    bool ok;
} Row;

struct AccessAudit {
    CatalogStore *store;
    GThread *thread;
    GMutex lock;
    GCond changed;
    GQueue rows;
    guint64 pushed, settled, lost; /* settled: written or lost */
    guint waiting;                 /* flushes: nothing is gathered then */
    bool stopping;
};

static void row_free(Row *row)
{
    for (size_t i = 0; i < AUDIT_TEXTS; i++) {
        g_free(row->texts[i]);
    }
    g_free(row);
}

/* Text of at most AUDIT_MAX_TEXT_BYTES that is valid UTF-8: clients choose some of it. */
static char *clip(const char *text)
{
    if (!text || (strlen(text) <= AUDIT_MAX_TEXT_BYTES && g_utf8_validate(text, -1, NULL))) {
        return g_strdup(text);
    }
    g_autofree char *cut = g_strndup(text, AUDIT_MAX_TEXT_BYTES);
    return g_utf8_make_valid(cut, -1);
}

static bool write_batch(AccessAudit *audit, GPtrArray *batch)
{
    g_autoptr(GString) sql =
        g_string_new("INSERT INTO access_audit(at, user, action, object, detail, ok) VALUES");
    g_autofree const char **values = g_new0(const char *, batch->len *AUDIT_COLUMNS);
    g_autoptr(GPtrArray) times = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < batch->len; i++) {
        const Row *row = g_ptr_array_index(batch, i);
        g_string_append(sql, i ? ",(?,?,?,?,?,?)" : "(?,?,?,?,?,?)");
        char *at = base_time_format_iso(row->at_us);
        g_ptr_array_add(times, at);
        const char **value = &values[i * AUDIT_COLUMNS];
        value[0] = at;
        memcpy(value + 1, row->texts, sizeof row->texts);
        value[AUDIT_COLUMNS - 1] = row->ok ? "1" : "0";
    }
    return catalog_store_exec(audit->store, sql->str, values, batch->len * AUDIT_COLUMNS, NULL);
}

/* Old rows go now and then, so that the table stays bounded; false = try again after the next batch. */
static bool trim(AccessAudit *audit)
{
    g_autofree char *sql = g_strdup_printf(
        "DELETE FROM access_audit WHERE id <= (SELECT max(id) FROM access_audit) - %d", AUDIT_KEEP_ROWS);
    return catalog_store_exec(audit->store, sql, NULL, 0, NULL);
}

static GPtrArray *take_batch(AccessAudit *audit)
{
    GPtrArray *batch = g_ptr_array_new_with_free_func((GDestroyNotify)row_free);
    g_mutex_lock(&audit->lock);
    while (g_queue_is_empty(&audit->rows) && !audit->stopping) {
        g_cond_wait(&audit->changed, &audit->lock);
    }
    gint64 until_us = g_get_monotonic_time() + AUDIT_GATHER_US;
    while (g_queue_get_length(&audit->rows) < AUDIT_BATCH_ROWS && !audit->stopping && audit->waiting == 0 &&
           g_cond_wait_until(&audit->changed, &audit->lock, until_us)) {
    }
    while (batch->len < AUDIT_BATCH_ROWS && !g_queue_is_empty(&audit->rows)) {
        g_ptr_array_add(batch, g_queue_pop_head(&audit->rows));
    }
    g_mutex_unlock(&audit->lock);
    return batch;
}

static gpointer run(gpointer data)
{
    AccessAudit *audit = data;
    guint untrimmed = AUDIT_TRIM_ROWS; /* once at the start */
    for (;;) {
        g_autoptr(GPtrArray) batch = take_batch(audit);
        if (batch->len == 0) {
            return NULL;
        }
        bool ok = write_batch(audit, batch);
        untrimmed += batch->len;
        if (untrimmed >= AUDIT_TRIM_ROWS && trim(audit)) {
            untrimmed = 0;
        }
        g_mutex_lock(&audit->lock);
        audit->settled += batch->len;
        audit->lost += ok ? 0 : batch->len;
        g_cond_broadcast(&audit->changed);
        g_mutex_unlock(&audit->lock);
    }
}

AccessAudit *access_audit_start(CatalogStore *store)
{
    AccessAudit *audit = g_new0(AccessAudit, 1);
    audit->store = store;
    g_mutex_init(&audit->lock);
    g_cond_init(&audit->changed);
    g_queue_init(&audit->rows);
    audit->thread = g_thread_new("weir-audit", run, audit);
    return audit;
}

void access_audit_stop(AccessAudit *audit)
{
    if (!audit) {
        return;
    }
    g_mutex_lock(&audit->lock);
    audit->stopping = true;
    g_cond_broadcast(&audit->changed);
    g_mutex_unlock(&audit->lock);
    g_thread_join(audit->thread);
    g_queue_clear_full(&audit->rows, (GDestroyNotify)row_free);
    g_mutex_clear(&audit->lock);
    g_cond_clear(&audit->changed);
    g_free(audit);
}

void access_audit(Access *access, const char *user, const char *action, const char *object,
                  const char *detail, bool ok)
{
    AccessAudit *audit = access->audit;
    Row *row = g_new0(Row, 1);
    row->at_us = base_time_now_us();
    row->texts[0] = clip(user ? user : "");
    row->texts[1] = clip(action);
    row->texts[2] = clip(object);
    row->texts[3] = clip(detail);
    row->ok = ok;
    g_mutex_lock(&audit->lock);
    if (g_queue_get_length(&audit->rows) < AUDIT_QUEUE_ROWS) {
        g_queue_push_tail(&audit->rows, g_steal_pointer(&row));
        audit->pushed++;
        guint n = g_queue_get_length(&audit->rows);
        if (n == 1 || n == AUDIT_BATCH_ROWS) {
            g_cond_broadcast(&audit->changed);
        }
    } else {
        audit->lost++;
    }
    g_mutex_unlock(&audit->lock);
    g_clear_pointer(&row, row_free);
}

static void flush(AccessAudit *audit)
{
    g_mutex_lock(&audit->lock);
    guint64 upto = audit->pushed;
    audit->waiting++;
    g_cond_broadcast(&audit->changed);
    while (audit->settled < upto) {
        g_cond_wait(&audit->changed, &audit->lock);
    }
    audit->waiting--;
    g_mutex_unlock(&audit->lock);
}

json_t *access_audit_to_json(Access *access, size_t limit)
{
    flush(access->audit);
    g_autofree char *sql = g_strdup_printf(
        "SELECT at, user, action, object, detail, ok FROM access_audit ORDER BY id DESC LIMIT %zu",
        MIN(limit, (size_t)AUDIT_KEEP_ROWS));
    json_t *rows = catalog_store_sql(access->store, sql, NULL, 0, NULL);
    if (!rows) {
        return json_array();
    }
    size_t i;
    json_t *row;
    json_array_foreach (rows, i, row) {
        const json_t *ok = json_object_get(row, "ok");
        bool done =
            json_is_integer(ok) ? json_integer_value(ok) != 0 : !g_strcmp0(json_string_value(ok), "1");
        json_object_set_new(row, "ok", json_boolean(done));
    }
    return rows;
}

guint64 access_audit_lost(Access *access)
{
    g_mutex_lock(&access->audit->lock);
    guint64 lost = access->audit->lost;
    g_mutex_unlock(&access->audit->lock);
    return lost;
}
