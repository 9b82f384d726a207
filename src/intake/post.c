/* Small loads that nobody waits for.
 *
 * A load of ten rows costs less than waking the thread that waits for its commit. So the caller (a thread
 * that serves many sockets) parses it here and goes on; the committer tells when it is durable. Only what
 * cannot block and cannot go wrong comes this way: a few plain rows in memory, every one accepted, a label
 * that is free. Anything else is left to intake_load as if it had never been here, so there is one place that
 * says what is wrong with a load. */
#include "base/time.h"
#include "intake/intake_int.h"

#define POST_MAX_BYTES (64 * 1024)

struct IntakePosted {
    IntakeJob job; /* first: intake_commit_post gives it back */
    Intake *intake;
    IntakeReader *reader;
    IntakePlan *plan;
    IntakeRejects *rejects;
    IntakeParser *parser;
    GPtrArray *chunks;
    char *key;
    IntakeResult result;
    IntakeDone done;
    void *done_user;
};

static void post_free(IntakePosted *post)
{
    g_clear_pointer(&post->chunks, g_ptr_array_unref);
    intake_parser_free(post->parser);
    intake_plan_unref(post->plan);
    intake_reader_free(post->reader);
    intake_rejects_free(post->rejects);
    intake_txn_free(post->job.txn);
    g_free(post->key);
    g_free(post);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(IntakePosted, post_free)

static bool is_plain(const IntakeOptions *options, const IntakeSpool *spool)
{
    return options->checked && options->format != INTAKE_PARQUET && options->compression == INTAKE_PLAIN &&
           options->header_lines == 0 && !options->header_auto && !options->json_auto &&
           !options->two_phase && !options->columns && !options->where && !options->delete_on &&
           !options->replace && intake_spool_in_memory(spool) && intake_spool_bytes(spool) <= POST_MAX_BYTES;
}

/* False: not all of its rows are plainly good. */
static bool parse(IntakePosted *post, CatalogSnapshot *snapshot, const CatalogTable *table,
                  const IntakeOptions *options, IntakeSpool *spool)
{
    g_autoptr(GError) why = NULL;
    GPtrArray *header = NULL;
    const char *const none[] = {NULL};
    post->reader = intake_reader_new(post->intake, spool, options, &why);
    if (!post->reader || !intake_reader_header(post->reader, none, &header, &why) ||
        !intake_reader_is_small(post->reader)) {
        return false;
    }
    post->plan = intake_plans_get(post->intake, snapshot, table, options, &why);
    if (!post->plan || post->plan->in_sql) {
        return false;
    }
    post->rejects = intake_rejects_new(post->intake);
    intake_rejects_count_only(post->rejects);
    post->parser = intake_parser_new(post->reader, post->plan, post->rejects);
    post->chunks = g_ptr_array_new_with_free_func((GDestroyNotify)intake_chunk_free);
    for (IntakeChunk *chunk; (chunk = intake_parser_chunk(post->parser, &why));) {
        g_ptr_array_add(post->chunks, chunk);
        post->job.n_rows += (gint64)chunk->n_rows;
    }
    return !why && post->chunks->len > 0 && intake_rejects_count(post->rejects) == 0;
}

/* On the committer's thread. */
static void posted(IntakeJob *job)
{
    IntakePosted *post = (IntakePosted *)job;
    post->done(post->done_user, post);
}

bool intake_posted_end(IntakePosted *posted, IntakeResult *ret, GError **error)
{
    *ret = posted->result;
    ret->commit_ms = posted->job.commit_ms;
    bool ok = intake_load_end(posted->intake, g_steal_pointer(&posted->job.txn),
                              g_steal_pointer(&posted->job.error), ret, error);
    post_free(posted);
    return ok;
}

bool intake_load_post(Intake *intake, CatalogSnapshot *snapshot, const CatalogTable *table,
                      const IntakeOptions *options, IntakeSpool *spool, const char *user, const char *peer,
                      IntakeDone done, void *done_user)
{
    if (!is_plain(options, spool) || engine_poisoned(intake->engine)) {
        return false;
    }
    gint64 start_us = base_time_monotonic_us();
    g_autoptr(IntakePosted) post = g_new0(IntakePosted, 1);
    post->intake = intake;
    post->done = done;
    post->done_user = done_user;
    IntakeTxn *txn = post->job.txn = intake_load_txn(table, options, spool, user, peer);
    const char *existing = NULL;
    gint64 owner = 0;
    if (!parse(post, snapshot, table, options, spool) ||
        !intake_txns_begin(intake->txns, txn, &existing, &owner, NULL)) {
        return false;
    }
    txn->total_rows = txn->loaded_rows = post->job.n_rows;
    post->result.group = options->group;
    post->result.read_ms = (base_time_monotonic_us() - start_us) / 1000;
    post->key = intake_needs_merge(table) ? intake_table_key(table->schema, table->name) : NULL;
    post->job.plan = post->plan;
    post->job.chunks = post->chunks;
    post->job.table_key = post->key;
    post->job.posted = posted;
    intake_commit_post(intake, &g_steal_pointer(&post)->job);
    return true;
}
