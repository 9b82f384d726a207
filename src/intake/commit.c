/* The one committer: group commit, checkpoints, housekeeping.
 *
 * It takes everything that queued while the last commit ran and commits it as one transaction (writer.c). A
 * lone load is committed at once, many at once share one fsync: after a commit of many their clients come
 * back within moments, and the next waits for half of them (gather).
 *
 * Rows of a table are only deleted by one writer at a time: by this thread, or by who holds the table
 * (intake_table_hold): a large load while it merges, a DELETE beside this thread, other work on its rows
 * (intake_transact_on). Jobs for a held table stay in the queue, in their order. So no two transactions
 * delete the same rows, and the engine never meets a conflict.
 *
 * Checkpoints stop commits, so they are taken here, between groups, when the log is large enough. */
#include "base/time.h"
#include "engine/sql.h"
#include "intake/intake_int.h"

#define IDLE_US         (1 * BASE_TIME_SECOND_US) /* housekeeping when nothing comes */
#define EXPIRE_EVERY_US (60 * BASE_TIME_SECOND_US)
#define GATHER_MAX_US   5000

typedef struct {
    unsigned shared; /* large appends */
    bool merging;    /* a merge, here or in a large load */
    bool closed;     /* DDL waits or runs: no new holds */
} Hold;

struct IntakeCommitter {
    Intake *intake;
    GThread *thread;
    GMutex lock;
    GCond wake, done;
    GQueue jobs;       /* IntakeJob* */
    guint wanted;      /* so many are waited for; fewer do not wake the thread */
    guint last_group;  /* jobs of the last commit, */
    gint64 last_us;    /* and how long it took */
    GHashTable *holds; /* table key -> Hold* */
    bool stop;
    IntakeWriter *writer;
};

/* ---- the queue
 * ---------------------------------------------------------------------------------------------------- */

static Hold *hold_of(IntakeCommitter *c, const char *key)
{
    Hold *hold = g_hash_table_lookup(c->holds, key);
    if (!hold) {
        hold = g_new0(Hold, 1);
        g_hash_table_insert(c->holds, g_strdup(key), hold);
    }
    return hold;
}

static void drop_hold(IntakeCommitter *c, const char *key)
{
    const Hold *hold = g_hash_table_lookup(c->holds, key);
    if (hold && hold->shared == 0 && !hold->merging && !hold->closed) {
        g_hash_table_remove(c->holds, key);
    }
}

/* Whether a job may run now; takes its table when so. @locks: held. */
static bool take_table(IntakeCommitter *c, IntakeJob *job, GHashTable *mine)
{
    if (!job->table_key || g_hash_table_contains(mine, job->table_key)) {
        return !job->exclusive || !job->table_key;
    }
    Hold *hold = hold_of(c, job->table_key);
    if (job->exclusive) {
        hold->closed = true;
    }
    if (hold->merging || (job->exclusive && hold->shared > 0)) {
        return false;
    }
    hold->merging = true;
    g_hash_table_add(mine, g_strdup(job->table_key));
    return true;
}

/* Moves what can run now from the queue to `group`; a job that wants its own transaction comes alone. @locks:
 * held. */
static void take_group(IntakeCommitter *c, GPtrArray *group, GHashTable *mine)
{
    g_autoptr(GHashTable) blocked = g_hash_table_new(g_str_hash, g_str_equal);
    gint64 rows = 0;
    for (GList *link = c->jobs.head, *next; link && rows < INTAKE_GROUP_MAX_ROWS; link = next) {
        next = link->next;
        IntakeJob *job = link->data;
        if (job->alone && group->len > 0) {
            break;
        }
        if (job->table_key && g_hash_table_contains(blocked, job->table_key)) {
            continue;
        }
        if (!take_table(c, job, mine)) {
            g_hash_table_add(blocked, (gpointer)(uintptr_t)job->table_key);
            continue;
        }
        g_queue_delete_link(&c->jobs, link);
        g_ptr_array_add(group, job);
        rows += job->n_rows;
        if (job->alone) {
            break;
        }
    }
}

static void release_tables(IntakeCommitter *c, GHashTable *mine)
{
    GHashTableIter iter;
    gpointer key;
    g_hash_table_iter_init(&iter, mine);
    while (g_hash_table_iter_next(&iter, &key, NULL)) {
        Hold *hold = hold_of(c, key);
        hold->merging = hold->closed = false;
        drop_hold(c, key);
    }
}

static void detached_free(IntakeJob *job)
{
    intake_txn_free(job->txn);
    g_clear_error(&job->error);
    g_free(job);
}

/* Each job's owner is woken alone: a hundred that wake for one lock would cost more than their loads. The job
 * is its owner's again as soon as its lock is free. */
static void answer(IntakeJob *job)
{
    g_mutex_lock(&job->lock);
    job->done = true;
    g_cond_signal(&job->changed);
    g_mutex_unlock(&job->lock);
}

static void finish_group(IntakeCommitter *c, GPtrArray *group, GHashTable *mine)
{
    g_mutex_lock(&c->lock);
    release_tables(c, mine);
    g_cond_broadcast(&c->done);
    g_mutex_unlock(&c->lock);
    for (guint i = 0; i < group->len; i++) {
        IntakeJob *job = group->pdata[i];
        if (job->detached) {
            detached_free(job);
        } else if (job->posted) {
            job->posted(job);
        } else {
            answer(job);
        }
    }
}

/* ---- housekeeping
 * --------------------------------------------------------------------------------------------------- */

static void checkpoint(IntakeCommitter *c)
{
    if (engine_checkpoint_due(c->intake->engine)) {
        g_autoptr(GError) why = NULL;
        if (!engine_checkpoint(c->intake->engine, &why)) {
            return; /* something is in the way: the next group tries again */
        }
    }
}

static void expire(IntakeCommitter *c, gint64 now)
{
    Intake *intake = c->intake;
    EngineConn *conn = intake_writer_conn(c->writer);
    g_autoptr(GArray) overdue = intake_txns_overdue(intake->txns, now - intake->precommit_timeout_us);
    for (guint i = 0; i < overdue->len; i++) {
        g_autoptr(GError) why = NULL;
        if (!intake_abort_overdue(intake, conn, g_array_index(overdue, gint64, i), &why)) {
            return; /* tried again at the next round */
        }
    }
    gint64 before = now - intake->label_keep_us;
    if (intake_txns_expire(intake->txns, before)) {
        const EngineValue value = {.id = ENGINE_INT64, .i64 = before};
        g_autoptr(GError) why = NULL;
        if (!engine_exec_values(
                conn,
                "DELETE FROM _weir.load_log WHERE state <> 'PRECOMMITTED' AND finished_us < $1 "
                "AND NOT (state = 'VISIBLE' AND starts_with(label, '" INTAKE_SOURCE_LABEL "'))",
                &value, 1, NULL, &why) ||
            !engine_exec(conn,
                         "DELETE FROM _weir.merged WHERE txn_id NOT IN (SELECT txn_id FROM _weir.load_log)",
                         &why)) {
            return;
        }
    }
    intake_rejects_expire(intake, before);
}

static void housekeeping(IntakeCommitter *c)
{
    gint64 now = base_time_now_us();
    intake_running_check(c->intake, base_time_monotonic_us());
    if (now >= c->intake->next_expiry_us) {
        c->intake->next_expiry_us = now + EXPIRE_EVERY_US;
        expire(c, now);
    }
}

/* ---- the thread
 * ---------------------------------------------------------------------------------------------------------
 */

/* Clients that were answered together send their next loads together, but one after the other: a commit for
 * the first and another for the rest would cost twice. So after a commit of many the next waits until half as
 * many are there again, at most half as long as that commit took: with many clients one half of them is
 * committed while the other half is answered and parsed (waiting for all left a core idle in turns). @locks:
 * held. */
static void gather(IntakeCommitter *c)
{
    if (c->last_group <= 1 || g_queue_is_empty(&c->jobs)) {
        return;
    }
    gint64 until_us = g_get_monotonic_time() + MIN(c->last_us / 2, GATHER_MAX_US);
    c->wanted = MAX(c->last_group / 2, 1);
    while (c->jobs.length < c->wanted && !c->stop && g_cond_wait_until(&c->wake, &c->lock, until_us)) {
    }
    c->wanted = 1;
}

/* Waits for jobs and takes what can run now; an empty group = it is time for housekeeping. False = stop. */
static bool next_group(IntakeCommitter *c, GPtrArray *group, GHashTable *mine)
{
    g_mutex_lock(&c->lock);
    gather(c);
    take_group(c, group, mine);
    bool over = group->len == 0 && c->stop && g_queue_is_empty(&c->jobs);
    if (group->len == 0 && !over) {
        if (!g_cond_wait_until(&c->wake, &c->lock, g_get_monotonic_time() + IDLE_US)) {
            c->last_group = 0; /* those clients are gone */
        }
        gather(c);
        take_group(c, group, mine);
    }
    g_mutex_unlock(&c->lock);
    return !over;
}

static gpointer committer_main(gpointer user)
{
    IntakeCommitter *c = user;
    g_autoptr(GPtrArray) group = g_ptr_array_new();
    g_autoptr(GHashTable) mine = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (;;) {
        g_ptr_array_set_size(group, 0);
        g_hash_table_remove_all(mine);
        if (!next_group(c, group, mine)) {
            break;
        }
        if (group->len > 0) {
            gint64 start_us = base_time_monotonic_us();
            intake_writer_run(c->writer, group);
            c->last_us = base_time_monotonic_us() - start_us;
            c->last_group = group->len;
            finish_group(c, group, mine);
        }
        checkpoint(c);
        housekeeping(c);
    }
    intake_committer_forget(c);
    return NULL;
}

static void committer_free(IntakeCommitter *c)
{
    intake_writer_free(c->writer);
    g_hash_table_unref(c->holds);
    g_mutex_clear(&c->lock);
    g_cond_clear(&c->wake);
    g_cond_clear(&c->done);
    g_free(c);
}

IntakeCommitter *intake_committer_start(Intake *intake, GError **error)
{
    IntakeCommitter *c = g_new0(IntakeCommitter, 1);
    c->intake = intake;
    c->wanted = 1;
    g_mutex_init(&c->lock);
    g_cond_init(&c->wake);
    g_cond_init(&c->done);
    g_queue_init(&c->jobs);
    c->holds = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    c->writer = intake_writer_new(intake, error);
    if (!c->writer) {
        committer_free(c);
        return NULL;
    }
    c->thread = g_thread_new("weir-commit", committer_main, c);
    return c;
}

void intake_committer_stop(IntakeCommitter *committer)
{
    if (!committer) {
        return;
    }
    g_mutex_lock(&committer->lock);
    committer->stop = true;
    g_cond_broadcast(&committer->wake);
    g_mutex_unlock(&committer->lock);
    g_thread_join(committer->thread);
    committer_free(committer);
}

void intake_committer_forget(IntakeCommitter *committer)
{
    intake_writer_forget(committer->writer);
}

/* ---- callers' side
 * ---------------------------------------------------------------------------------------------------------
 */

bool intake_check_healthy(Intake *intake, GError **error)
{
    if (!engine_poisoned(intake->engine)) {
        return true;
    }
    base_fail(error, BASE_E_ENGINE_STOPPED, "the engine met a fatal error and must be opened again");
    base_error_not_done(error, "Nothing was changed.");
    return false;
}

static void queue(IntakeCommitter *c, IntakeJob *job)
{
    g_mutex_lock(&c->lock);
    g_queue_push_tail(&c->jobs, job);
    if (c->jobs.length >= c->wanted) {
        g_cond_signal(&c->wake);
    }
    g_mutex_unlock(&c->lock);
}

void intake_commit_post(Intake *intake, IntakeJob *job)
{
    queue(intake->committer, job);
}

bool intake_commit_job(Intake *intake, IntakeJob *job, GError **error)
{
    IntakeCommitter *c = intake->committer;
    if (!intake_check_healthy(intake, error)) {
        return false;
    }
    g_mutex_init(&job->lock);
    g_cond_init(&job->changed);
    queue(c, job);
    g_mutex_lock(&job->lock);
    while (!job->done) {
        g_cond_wait(&job->changed, &job->lock);
    }
    g_mutex_unlock(&job->lock);
    g_mutex_clear(&job->lock);
    g_cond_clear(&job->changed);
    if (!job->ok) {
        g_propagate_error(error, g_steal_pointer(&job->error));
    }
    return job->ok;
}

void intake_commit_record(Intake *intake, IntakeTxn *txn)
{
    IntakeCommitter *c = intake->committer;
    if (engine_poisoned(intake->engine)) {
        intake_txns_finish(intake->txns, txn->txn_id, txn->state, base_time_now_us());
        intake_txn_free(txn);
        return;
    }
    IntakeJob *job = g_new0(IntakeJob, 1);
    job->txn = txn;
    job->detached = true;
    queue(c, job);
}

void intake_table_hold(Intake *intake, const char *key, bool merging)
{
    IntakeCommitter *c = intake->committer;
    g_mutex_lock(&c->lock);
    for (;;) {
        Hold *hold = hold_of(c, key);
        if (!hold->closed && !(merging && hold->merging)) {
            hold->shared += !merging;
            hold->merging = hold->merging || merging;
            break;
        }
        g_cond_wait(&c->done, &c->lock);
    }
    g_mutex_unlock(&c->lock);
}

void intake_table_release(Intake *intake, const char *key, bool merging)
{
    IntakeCommitter *c = intake->committer;
    g_mutex_lock(&c->lock);
    Hold *hold = hold_of(c, key);
    if (merging) {
        hold->merging = false;
    } else {
        hold->shared--;
    }
    drop_hold(c, key);
    g_cond_broadcast(&c->done);
    g_cond_signal(&c->wake);
    g_mutex_unlock(&c->lock);
}

void intake_committer_poke(Intake *intake)
{
    g_mutex_lock(&intake->committer->lock);
    g_cond_signal(&intake->committer->wake);
    g_mutex_unlock(&intake->committer->lock);
}

typedef struct {
    IntakeTxns *txns;
    gint64 high;
} Reserving;

static bool reserve_work(EngineConn *conn, void *user, GError **error)
{
    Reserving *reserving = user;
    return intake_writer_reserve(conn, reserving->txns, &reserving->high, error);
}

bool intake_reserve_ids(Intake *intake, GError **error)
{
    Reserving reserving = {.txns = intake->txns};
    IntakeJob job = {.work = reserve_work, .user = &reserving};
    bool ok = intake_commit_job(intake, &job, error);
    if (ok) {
        intake_txns_reserved(intake->txns, reserving.high);
    }
    return ok;
}

/* ---- other writes
 * ------------------------------------------------------------------------------------------------ */

bool intake_transact(Intake *intake, IntakeWork work, void *user, GError **error)
{
    IntakeJob job = {.work = work, .user = user, .alone = true};
    return intake_commit_job(intake, &job, error);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Held by the caller, before its job is queued: a job in the queue can wait for one table only. In one order,
 * so that two who want the same tables do not wait for each other. */
bool intake_transact_on(Intake *intake, const GPtrArray *tables, IntakeWork work, void *user, GError **error)
{
    g_autoptr(GPtrArray) keys = g_ptr_array_new();
    for (guint i = 0; i < tables->len; i++) {
        g_ptr_array_add(keys, tables->pdata[i]);
    }
    g_ptr_array_sort(keys, by_text);
    for (guint i = keys->len; i > 1; i--) {
        if (g_str_equal(keys->pdata[i - 1], keys->pdata[i - 2])) {
            g_ptr_array_remove_index(keys, i - 1);
        }
    }
    for (guint i = 0; i < keys->len; i++) {
        intake_table_hold(intake, keys->pdata[i], true);
    }
    bool ok = intake_transact(intake, work, user, error);
    for (guint i = 0; i < keys->len; i++) {
        intake_table_release(intake, keys->pdata[i], true);
    }
    return ok;
}
