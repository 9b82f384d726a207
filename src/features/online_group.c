/* Group commit: a commit costs two fdatasync whatever is in it. While one thread commits, what others bring
 * is gathered; the first of them to see the store free takes all of it along. */
#include "features/online_int.h"

#define GROUP_BYTES ((size_t)32 << 20)

void features_int_group_init(FeaturesGroup *group)
{
    g_mutex_init(&group->mutex);
    g_cond_init(&group->changed);
    group->waiting = g_ptr_array_new();
    group->busy = false;
}

void features_int_group_clear(FeaturesGroup *group)
{
    g_ptr_array_unref(group->waiting);
    g_cond_clear(&group->changed);
    g_mutex_clear(&group->mutex);
}

/* The longest waiting, as many as fit into GROUP_BYTES; at least one. */
static GPtrArray *take_waiting(FeaturesGroup *group)
{
    GPtrArray *taken = g_ptr_array_new();
    size_t bytes = 0;
    guint n = 0;
    for (; n < group->waiting->len; n++) {
        FeaturesGroupJob *job = group->waiting->pdata[n];
        if (n && bytes + job->bytes > GROUP_BYTES) {
            break;
        }
        bytes += job->bytes;
        g_ptr_array_add(taken, job);
    }
    g_ptr_array_remove_range(group->waiting, 0, n);
    return taken;
}

static void carry_out(GPtrArray *jobs, FeaturesGroupRun run, void *user)
{
    FeaturesGroupJob *const *all = (FeaturesGroupJob *const *)jobs->pdata;
    if (jobs->len > 1 && run(user, all, jobs->len, NULL)) {
        for (guint i = 0; i < jobs->len; i++) {
            all[i]->ok = true;
        }
        return;
    }
    for (guint i = 0; i < jobs->len; i++) {
        all[i]->ok = run(user, all + i, 1, &all[i]->error);
    }
}

bool features_int_group_do(FeaturesGroup *group, FeaturesGroupJob *job, FeaturesGroupRun run, void *user,
                           GError **error)
{
    job->done = false;
    g_mutex_lock(&group->mutex);
    g_ptr_array_add(group->waiting, job);
    while (!job->done) {
        if (group->busy) {
            g_cond_wait(&group->changed, &group->mutex);
            continue;
        }
        group->busy = true;
        g_autoptr(GPtrArray) jobs = take_waiting(group);
        g_mutex_unlock(&group->mutex);
        carry_out(jobs, run, user);
        g_mutex_lock(&group->mutex);
        for (guint i = 0; i < jobs->len; i++) {
            ((FeaturesGroupJob *)jobs->pdata[i])->done = true;
        }
        group->busy = false;
        g_cond_broadcast(&group->changed);
    }
    g_mutex_unlock(&group->mutex);
    if (!job->ok) {
        g_propagate_error(error, g_steal_pointer(&job->error));
    }
    return job->ok;
}
