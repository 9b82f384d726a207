/* Plans of small loads, kept: a client that sends ten rows at a time sends them to one table with the same
 * headers, and planning costs as much as parsing them.
 *
 * A plan is made from a table of one snapshot and from the load's options. Plans are kept for the newest
 * snapshot that loads came with, which is held meanwhile: so that a table's address stands for its definition
 * and cannot be another's. Loads that run keep their plan by a reference, and their table by their own. */
#include "intake/intake_int.h"

#define MAX_KEPT 256

struct IntakePlans {
    GMutex lock;
    CatalogSnapshot *snapshot; /* of all plans here */
    GHashTable *plans;         /* key -> IntakePlan* */
};

static void unref_plan(gpointer plan)
{
    intake_plan_unref(plan);
}

IntakePlans *intake_plans_new(void)
{
    IntakePlans *plans = g_new0(IntakePlans, 1);
    g_mutex_init(&plans->lock);
    plans->plans = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, unref_plan);
    return plans;
}

void intake_plans_free(IntakePlans *plans)
{
    if (plans) {
        g_hash_table_unref(plans->plans);
        catalog_snapshot_unref(plans->snapshot);
        g_mutex_clear(&plans->lock);
        g_free(plans);
    }
}

/* Options whose text goes into the plan: each load with one is planned for itself. */
static bool has_texts(const IntakeOptions *options)
{
    return options->columns || options->where || options->delete_on || options->hidden_columns ||
           options->json_root || options->jsonpaths || options->new_key_behavior || options->sequence_col;
}

/* The table and every other option that intake_plan_new reads. Caller frees. */
static char *key_of(const CatalogTable *table, const IntakeOptions *options)
{
    return g_strdup_printf("%p %d %d %d%d%d%d %s", (const void *)table, (int)options->format,
                           (int)options->merge, options->partial_columns, options->strict_mode,
                           options->read_json_by_line, options->strip_outer_array,
                           options->timezone ? options->timezone : "");
}

/* The kept plan, or NULL; plans of another snapshot go. */
static IntakePlan *find(IntakePlans *plans, CatalogSnapshot *snapshot, const char *key)
{
    g_mutex_lock(&plans->lock);
    if (plans->snapshot != snapshot) {
        g_hash_table_remove_all(plans->plans);
        catalog_snapshot_unref(plans->snapshot);
        plans->snapshot = catalog_snapshot_ref(snapshot);
    }
    IntakePlan *plan = g_hash_table_lookup(plans->plans, key);
    plan = plan ? intake_plan_ref(plan) : NULL;
    g_mutex_unlock(&plans->lock);
    return plan;
}

static void keep(IntakePlans *plans, const CatalogSnapshot *snapshot, const char *key, IntakePlan *plan)
{
    g_mutex_lock(&plans->lock);
    if (plans->snapshot == snapshot) {
        if (g_hash_table_size(plans->plans) >= MAX_KEPT) {
            g_hash_table_remove_all(plans->plans);
        }
        g_hash_table_replace(plans->plans, g_strdup(key), intake_plan_ref(plan));
    }
    g_mutex_unlock(&plans->lock);
}

IntakePlan *intake_plans_get(Intake *intake, CatalogSnapshot *snapshot, const CatalogTable *table,
                             const IntakeOptions *options, GError **error)
{
    if (has_texts(options)) {
        return intake_plan_new(intake, table, options, NULL, error);
    }
    g_autofree char *key = key_of(table, options);
    IntakePlan *plan = find(intake->plans, snapshot, key);
    if (!plan && (plan = intake_plan_new(intake, table, options, NULL, error))) {
        keep(intake->plans, snapshot, key, plan);
    }
    return plan;
}
