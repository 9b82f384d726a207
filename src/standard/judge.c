/* Runs the rules over a catalog. */
#include "standard/look.h"

#include <string.h>

static void judge_tables(StandardRun *run, const StandardCheck *check)
{
    for (guint i = 0; i < run->catalog->tables->len; i++) {
        check->table(run, g_ptr_array_index(run->catalog->tables, i));
    }
}

static void judge_columns(StandardRun *run, const StandardCheck *check)
{
    for (guint i = 0; i < run->catalog->tables->len; i++) {
        StandardTable *table = g_ptr_array_index(run->catalog->tables, i);
        for (guint c = 0; c < table->columns->len; c++) {
            check->column(run, table, g_ptr_array_index(table->columns, c));
        }
    }
}

/* A part of a job hands on what it reads: the table that it is made for reads that too. */
static void judge_through(StandardRun *run, const StandardCheck *check, StandardTable *to)
{
    g_autoptr(GPtrArray) inputs = g_ptr_array_new();
    standard_inputs(to, inputs);
    for (guint i = 0; i < inputs->len; i++) {
        StandardTable *from = g_ptr_array_index(inputs, i);
        if (!g_ptr_array_find(to->reads, from, NULL)) {
            check->edge(run, from, to);
        }
    }
}

/* Of tables that are described; those only read by them may stand at the other end. */
static void judge_edges(StandardRun *run, const StandardCheck *check, const GPtrArray *tables)
{
    for (guint i = 0; i < tables->len; i++) {
        StandardTable *to = g_ptr_array_index(tables, i);
        for (guint r = 0; r < to->reads->len; r++) {
            check->edge(run, g_ptr_array_index(to->reads, r), to);
        }
        judge_through(run, check, to);
    }
}

static void judge_metrics(StandardRun *run, const StandardCheck *check)
{
    for (guint i = 0; i < run->catalog->metrics->len; i++) {
        check->metric(run, g_ptr_array_index(run->catalog->metrics, i));
    }
}

static void judge_syncs(StandardRun *run, const StandardCheck *check)
{
    for (guint i = 0; i < run->catalog->syncs->len; i++) {
        check->sync(run, g_ptr_array_index(run->catalog->syncs, i));
    }
}

static void judge_rule(StandardRun *run, const StandardCheck *check)
{
    if (check->table != NULL) {
        judge_tables(run, check);
    } else if (check->column != NULL) {
        judge_columns(run, check);
    } else if (check->edge != NULL) {
        judge_edges(run, check, run->catalog->tables);
        judge_edges(run, check, run->catalog->implied);
    } else if (check->metric != NULL) {
        judge_metrics(run, check);
    } else if (check->sync != NULL) {
        judge_syncs(run, check);
    } else {
        check->catalog(run);
    }
}

static void waive(const StandardConfig *config, StandardFinding *finding, const char *today)
{
    const StandardWaiver *waiver = standard_config_waiver(config, finding, today);
    if (waiver != NULL) {
        finding->waived_by = g_strdup(waiver->owner);
        finding->waived_until = g_strdup(waiver->until);
        finding->waived_reason = g_strdup(waiver->reason);
    }
}

static gint compare(gconstpointer a, gconstpointer b)
{
    const StandardFinding *left = *(const StandardFinding *const *)a;
    const StandardFinding *right = *(const StandardFinding *const *)b;
    int order = g_strcmp0(left->file, right->file);
    order = order != 0 ? order : (int)(left->line > right->line) - (int)(left->line < right->line);
    order = order != 0 ? order : (int)left->rule - (int)right->rule;
    return order != 0 ? order : strcmp(left->object, right->object);
}

GPtrArray *standard_judge(StandardCatalog *catalog, const StandardConfig *config, unsigned phases,
                          EngineConn *conn, const char *today, GError **error)
{
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GHashTable) memo = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, standard_memo_free);
    g_autoptr(GPtrArray) findings = g_ptr_array_new_with_free_func((GDestroyNotify)standard_finding_free);
    StandardRun run = {
        .catalog = catalog, .config = config, .conn = conn, .findings = findings, .seen = seen, .memo = memo};
    for (size_t i = 0; i < STANDARD_N_RULES && run.error == NULL; i++) {
        const StandardCheck *check = standard_check_of((StandardRuleId)i);
        run.rule = (StandardRuleId)i;
        run.level = standard_config_level(config, run.rule);
        g_hash_table_remove_all(seen);
        if (check != NULL && run.level != STANDARD_OFF &&
            (phases & (1u << standard_rule(run.rule)->phase)) != 0) {
            judge_rule(&run, check);
        }
    }
    if (run.error != NULL) {
        g_propagate_error(error, run.error);
        return NULL;
    }
    for (guint i = 0; i < findings->len; i++) {
        StandardFinding *finding = g_ptr_array_index(findings, i);
        waive(config, finding, today);
        standard_place(&run, finding);
    }
    g_ptr_array_sort(findings, compare);
    return g_steal_pointer(&findings);
}
