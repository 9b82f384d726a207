/* What was materialised: one row of _weir.feature_intervals for each slice of a run. Rows older than
 * features.history_keep are folded: those that touch or overlap become one with their sums, so that the table
 * grows with gaps and not with time. What a run goes by is the same before and after: the rows together, not
 * one by one. */
#include "base/time.h"
#include "features/read_int.h"

#define LIST_MAX 100000

/* Rows with the island that each is in: intervals that touch or overlap are one. `since`: when the first of
 * its runs was. %s = a condition. */
#define ISLANDS_SQL                                                                                          \
    "(SELECT *, sum(CASE WHEN start_us <= reach_us THEN 0 ELSE 1 END) OVER (PARTITION BY view, version "     \
    "ORDER BY start_us, end_us, at_us ROWS UNBOUNDED PRECEDING) AS island FROM (SELECT *, "                  \
    "coalesce(since_us, at_us) AS since, max(end_us) OVER (PARTITION BY view, version ORDER BY start_us, "   \
    "end_us, at_us ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS reach_us FROM "                      \
    "_weir.feature_intervals WHERE %s))"

/* An interval that began after the end of those before it left a gap: it does not count, else no later run
 * would read the gap. */
bool features_past_read(EngineConn *conn, const FeaturesView *view, FeaturesPast *ret, GError **error)
{
    const EngineValue values[] = {engine_value_text(view->name), engine_value_int(view->version)};
    g_autofree char *islands = g_strdup_printf(ISLANDS_SQL, "view = $1 AND version = $2");
    g_autofree char *sql = g_strdup_printf(
        "SELECT min_by(end_us, since) AS end_us, max_by(mark, at_us) AS mark, "
        "sum(rejected)::BIGINT AS rejected FROM (SELECT max(end_us) AS end_us, min(since) AS "
        "since, max_by(mark, at_us) AS mark, max(at_us) AS at_us, sum(n_rejected) AS rejected "
        "FROM %s GROUP BY island)",
        islands);
    g_autoptr(json_t) rows = engine_query_json(conn, sql, values, G_N_ELEMENTS(values), 1, error);
    if (!rows) {
        return false;
    }
    const json_t *row = json_array_get(rows, 0);
    *ret = (FeaturesPast){.end_us = base_json_int(row, "end_us", G_MININT64),
                          .rejected = base_json_int(row, "rejected", 0),
                          .mark = g_strdup(base_json_string(row, "mark", NULL))};
    return true;
}

/* ---- one more ---------------------------------------------------------------------------------------- */

typedef struct {
    const FeaturesView *view;
    const FeaturesInterval *interval;
} Record;

static bool insert_interval(EngineConn *conn, void *user, GError **error)
{
    const Record *record = user;
    const FeaturesInterval *interval = record->interval;
    const EngineValue values[] = {
        engine_value_text(record->view->name), engine_value_int(record->view->version),
        engine_value_int(interval->start_us),  engine_value_int(interval->end_us),
        engine_value_int(interval->read),      engine_value_int(interval->written),
        engine_value_int(interval->late),      engine_value_text(interval->mark),
        engine_value_int(base_time_now_us()),  engine_value_int(interval->rejected)};
    return engine_exec_values(
        conn,
        "INSERT INTO _weir.feature_intervals (view, version, start_us, end_us, n_read, "
        "n_written, n_late, mark, at_us, n_rejected) VALUES ($1, $2, $3, $4, $5, $6, $7, "
        "$8, $9, $10)",
        values, G_N_ELEMENTS(values), NULL, error);
}

bool features_interval_record(Features *features, const FeaturesView *view, const FeaturesInterval *interval,
                              const json_t *rejects, GError **error)
{
    Record record = {.view = view, .interval = interval};
    return features_rejects_record(features, view, "materialise", rejects, insert_interval, &record, error);
}

/* ---- old ones ------------------------------------------------------------------------------------------ */

bool features_intervals_fold(EngineConn *conn, gint64 before_us, GError **error)
{
    const EngineValue before = engine_value_int(before_us);
    g_autofree char *islands = g_strdup_printf(ISLANDS_SQL, "at_us < $1");
    g_autofree char *fold = g_strdup_printf(
        "CREATE OR REPLACE TEMP TABLE _weir_fold AS SELECT view, version, min(start_us) AS start_us, "
        "max(end_us) AS end_us, sum(n_read)::BIGINT AS n_read, sum(n_written)::BIGINT AS n_written, "
        "sum(n_late)::BIGINT AS n_late, sum(n_rejected)::BIGINT AS n_rejected, max_by(mark, at_us) AS mark, "
        "max(at_us) AS at_us, min(since) AS since_us, sum(coalesce(n_slices, 1))::BIGINT AS n_slices FROM %s "
        "GROUP BY view, version, island",
        islands);
    return engine_exec_values(conn, fold, &before, 1, NULL, error) &&
           engine_exec_values(conn, "DELETE FROM _weir.feature_intervals WHERE at_us < $1", &before, 1, NULL,
                              error) &&
           engine_exec(conn, "INSERT INTO _weir.feature_intervals BY NAME FROM temp.main._weir_fold",
                       error) &&
           engine_exec(conn, "DROP TABLE temp.main._weir_fold", error);
}

json_t *features_materialised(Features *features, const char *view, GError **error)
{
    g_autoptr(EngineConn) conn = engine_connect(features->engine, error);
    const EngineValue value = engine_value_text(view);
    return conn ? engine_query_json(conn,
                                    "SELECT view, version, make_timestamptz(start_us) AS start, "
                                    "make_timestamptz(end_us) AS \"end\", n_read AS read, n_written AS "
                                    "written, n_late AS late, n_rejected AS rejected, coalesce(n_slices, 1) "
                                    "AS slices, make_timestamptz(at_us) AS at FROM "
                                    "_weir.feature_intervals WHERE CAST($1 AS VARCHAR) IS NULL OR view = $1 "
                                    "ORDER BY at_us DESC",
                                    &value, 1, LIST_MAX, error)
                : NULL;
}
