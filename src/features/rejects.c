/* Rows that were rejected: kept in _weir.feature_rejects with their reasons, for features.rejects_keep and up
 * to features.rejects_max of a view. */
#include "base/time.h"
#include "engine/sql.h"
#include "features/read_int.h"

#define TRIM_EVERY 10000 /* rows that come between two looks at how many there are */

typedef struct {
    Features *features;
    const FeaturesView *view;
    const char *way;
    guint64 feed; /* reason, row */
    bool trim;
    IntakeWork also; /* NULL = nothing */
    void *user;
} Record;

bool features_rejects_trim(Features *features, EngineConn *conn, GError **error)
{
    const EngineValue values[] = {
        engine_value_int(base_time_now_us() -
                         base_config_int(features->config, BASE_CONFIG_FEATURES_REJECTS_KEEP)),
        engine_value_int(base_config_int(features->config, BASE_CONFIG_FEATURES_REJECTS_MAX))};
    return engine_exec_values(
        conn,
        "DELETE FROM _weir.feature_rejects WHERE at_us < $1 OR rowid IN (SELECT rowid FROM "
        "_weir.feature_rejects QUALIFY row_number() OVER (PARTITION BY view ORDER BY at_us DESC, rowid "
        "DESC) > $2)",
        values, G_N_ELEMENTS(values), NULL, error);
}

static bool insert_rejects(EngineConn *conn, void *user, GError **error)
{
    const Record *record = user;
    const EngineValue values[] = {engine_value_text(record->view->name),
                                  engine_value_int(record->view->version),
                                  engine_value_int(base_time_now_us()), engine_value_text(record->way)};
    g_autofree char *sql =
        g_strdup_printf("INSERT INTO _weir.feature_rejects (view, version, at_us, way, reason, row_json) "
                        "SELECT $1, $2, $3, $4, reason, row FROM weir_feed(%" G_GUINT64_FORMAT ")",
                        record->feed);
    return engine_exec_values(conn, sql, values, G_N_ELEMENTS(values), NULL, error) &&
           (!record->trim || features_rejects_trim(record->features, conn, error)) &&
           (!record->also || record->also(conn, record->user, error));
}

/* Reasons in front, then the rows. */
static FeaturesValue *texts_of(const json_t *rejects, size_t n, GPtrArray *kept)
{
    FeaturesValue *values = g_new0(FeaturesValue, 2 * n);
    for (size_t i = 0; i < n; i++) {
        const json_t *reject = json_array_get(rejects, i);
        char *row = base_json_text(reject);
        const char *reason = base_json_string(reject, "reason", "");
        g_ptr_array_add(kept, row);
        values[i] = (FeaturesValue){.type = FEATURES_STRING, .text = {reason, strlen(reason)}};
        values[n + i] = (FeaturesValue){.type = FEATURES_STRING, .text = {row, strlen(row)}};
    }
    return values;
}

bool features_rejects_record(Features *features, const FeaturesView *view, const char *way,
                             const json_t *rejects, IntakeWork also, void *user, GError **error)
{
    static const FeaturesType TYPES[] = {FEATURES_STRING, FEATURES_STRING};
    const char *names[] = {"reason", "row"};
    size_t n = json_array_size(rejects);
    if (n == 0) {
        return !also || intake_transact(features->intake, also, user, error);
    }
    g_autoptr(GPtrArray) kept = g_ptr_array_new_with_free_func(g_free);
    g_autofree FeaturesValue *values = texts_of(rejects, n, kept);
    const FeaturesValue *const columns[] = {values, values + n};
    const FeaturesTable rows = {.n_columns = 2, .n = n, .names = names, .types = TYPES, .columns = columns};
    FeaturesFeed feed;
    features_feed_init(&feed, &rows);
    gint before = g_atomic_int_add(&features->rejected, (gint)n);
    Record record = {.features = features,
                     .view = view,
                     .way = way,
                     .feed = engine_feed_add(features->engine, &feed.feed),
                     .also = also,
                     .user = user,
                     .trim = before / TRIM_EVERY != (before + (gint)n) / TRIM_EVERY};
    bool ok = intake_transact(features->intake, insert_rejects, &record, error);
    engine_feed_remove(features->engine, record.feed);
    features_feed_clear(&feed);
    return ok;
}

json_t *features_rejects(Features *features, const char *view, size_t limit, GError **error)
{
    g_autoptr(EngineConn) conn = engine_connect(features->engine, error);
    const EngineValue values[] = {engine_value_text(view), engine_value_int((gint64)limit)};
    return conn ? engine_query_json(conn,
                                    "SELECT view, version, make_timestamptz(at_us) AS at, way, reason, "
                                    "row_json AS row FROM _weir.feature_rejects WHERE CAST($1 AS VARCHAR) IS "
                                    "NULL OR view = $1 ORDER BY at_us DESC LIMIT $2",
                                    values, G_N_ELEMENTS(values), limit, error)
                : NULL;
}
