/* A batch against a history. Where nothing is there yet, the changes are the history. Else one join with the
 * open versions leaves the rows that say something new; all that follows reads only those and their keys. */
#include "warehouse/scd2_int.h"

#define NEW_VERSIONS "SELECT count(*) FROM {changes} WHERE _weir_op = 'i'"

/* ---- the first load -------------------------------------------------------------------------------------
 */

/* Versions of a key in a chain that, with check, differ from the one before. */
static char *chain_rows(const Scd2 *s)
{
    static const char differs[] =
        "SELECT * FROM (SELECT b.*, {value:b} AS _weir_value, lag({value:b}) OVER own AS _weir_before, "
        "row_number() OVER own AS _weir_n FROM (SELECT DISTINCT {columns}, " SCD2_AT
        " FROM {stage}) b WINDOW own AS (PARTITION BY {key:b} ORDER BY b." SCD2_AT
        ")) WHERE _weir_n = 1 OR _weir_value IS DISTINCT FROM _weir_before";
    return scd2_sql(s, s->spec->check
                           ? differs
                           : "SELECT b.*, row_number() OVER (PARTITION BY {key:b} ORDER BY b." SCD2_AT
                             ") AS _weir_n FROM (SELECT DISTINCT {columns}, " SCD2_AT " FROM {stage}) b");
}

static bool first_chain(const Scd2 *s, EngineConn *conn, GError **error)
{
    g_autofree char *rows = chain_rows(s);
    bool run = s->spec->first_from == CATALOG_FROM_RUN_TIME;
    g_autofree char *text = g_strdup_printf(
        "CREATE TABLE {changes} AS SELECT {columns:v}, v._weir_begin AS " SCD2_FROM
        ", v._weir_end AS " SCD2_TO ", FALSE AS " SCD2_DELETED
        " FROM (SELECT *, lead(_weir_begin) OVER (PARTITION BY {key} ORDER BY "
        "_weir_begin, " SCD2_AT
        ") AS _weir_end FROM (SELECT b.*, CASE WHEN _weir_n = 1 THEN {first} ELSE %s END AS "
        "_weir_begin FROM (%s) b)) v WHERE v._weir_end IS NULL OR v._weir_end > v._weir_begin",
        run ? "greatest(b." SCD2_AT ", {run})" : "b." SCD2_AT, rows);
    return scd2_exec(s, conn, text, error);
}

static bool first_load(Scd2 *s, EngineConn *conn, GError **error)
{
    bool ok = s->duplicates ? first_chain(s, conn, error)
                            : scd2_exec(s, conn,
                                        "CREATE TABLE {changes} AS SELECT {columns:b}, {first} AS " SCD2_FROM
                                        ", CAST(NULL AS TIMESTAMP) AS " SCD2_TO ", FALSE AS " SCD2_DELETED
                                        " FROM {stage} b",
                                        error);
    gint64 n = 0;
    if (!ok || !scd2_count(s, conn, "SELECT count(*) FROM {stage}", &n, error) ||
        !scd2_count(s, conn, "SELECT count(*) FROM {changes}", &s->n_inserted, error)) {
        return false;
    }
    s->n_begun = s->n_inserted;
    s->n_same = s->duplicates ? n - s->n_begun : 0;
    return true;
}

/* ---- what is new ------------------------------------------------------------------------------------------
 */

/* _weir_state of a row that is not in the table _weir_new: nothing to do. `late` with check: the run's clock
 * stands before the open version (what a whole source says now, it says of now); with timestamp, and of a
 * source that gives changes: the version does. */
static bool find_new(const Scd2 *s, EngineConn *conn, GError **error)
{
    const char *differs =
        s->spec->check ? "{differs:b,o}" : "(o._weir_u IS NULL OR b." SCD2_AT " <> o._weir_u)";
    const char *late = !s->spec->check  ? "b." SCD2_AT " < o._weir_u"
                       : s->spec->delta ? "b." SCD2_AT " < o._weir_u"
                                        : "b." SCD2_AT " <= o." SCD2_FROM " AND {run} < o." SCD2_FROM;
    g_autofree char *text = g_strdup_printf(
        "CREATE OR REPLACE TEMP TABLE _weir_new AS SELECT b.*, o." SCD2_FROM
        " AS _weir_old, o._weir_u AS _weir_was, CASE WHEN o." SCD2_FROM
        " IS NULL THEN 'absent' WHEN o." SCD2_DELETED
        " THEN 'deleted' WHEN %s THEN 'late' ELSE 'changed' END AS "
        "_weir_state FROM {stage} b LEFT JOIN (SELECT h.*, {u:h} AS _weir_u FROM {past} h WHERE h." SCD2_TO
        " IS NULL) o ON {b=o} WHERE (o." SCD2_FROM " IS NULL OR o." SCD2_DELETED " OR %s)%s",
        late, differs, s->duplicates ? " AND NOT EXISTS (SELECT 1 FROM _weir_slow w WHERE {b=w})" : "");
    return scd2_exec(s, conn, text, error);
}

/* Keys that are not open may have been: when they ended, and the time of their last version. */
static bool find_ends(const Scd2 *s, EngineConn *conn, GError **error)
{
    gint64 n = 0;
    if (!scd2_count(s, conn, "SELECT count(*) FROM _weir_new WHERE _weir_state = 'absent'", &n, error)) {
        return false;
    }
    return scd2_exec(
        s, conn,
        n > 0 ? "CREATE OR REPLACE TEMP TABLE _weir_ends AS SELECT {key:h}, max(h." SCD2_TO
                ") AS _weir_end, max({u:h}) AS _weir_last FROM {past} h SEMI JOIN (SELECT {key} FROM "
                "_weir_new WHERE _weir_state = 'absent') n ON {h=n} GROUP BY {key:h}"
              : "CREATE OR REPLACE TEMP TABLE _weir_ends AS SELECT {key}, " SCD2_FROM
                " AS _weir_end, " SCD2_FROM " AS _weir_last FROM {history} LIMIT 0",
        error);
}

/* Where a row's version begins; NULL = it does not: it is late, or there already. A deletion that a version
 * begins with is a deletion that never was. A key that comes back begins where its deletion closed it, unless
 * its version is later; where the deletion is a version of its own, that one lasts until this run. */
static char *begin_sql(const Scd2 *s)
{
    GString *out = g_string_new("CASE WHEN b._weir_state = 'absent' AND e._weir_end IS NULL THEN {first} "
                                "WHEN b._weir_state = 'absent' ");
    if (s->spec->check) {
        g_string_append(out, "AND {run} < e._weir_end AND b." SCD2_AT " < e._weir_end THEN NULL ");
    } else if (s->spec->delta) {
        g_string_append(out, "AND b." SCD2_AT " <= e._weir_last THEN NULL ");
    } else {
        g_string_append(out, "AND FALSE THEN NULL ");
    }
    g_string_append(out, "WHEN b._weir_state = 'absent' THEN greatest(b." SCD2_AT ", e._weir_end) "
                         "WHEN b._weir_state = 'late' THEN NULL ");
    g_string_append_printf(out, "WHEN b." SCD2_AT " > %s THEN b." SCD2_AT " ",
                           s->spec->check ? "greatest(b._weir_old, b._weir_was)" : "b._weir_old");
    if (s->spec->check) {
        g_string_append(out, "WHEN {run} < b._weir_old THEN NULL ");
    }
    g_string_append(out, s->spec->check ? "ELSE {run} END"
                                        : "WHEN b._weir_state = 'deleted' THEN greatest({run}, b._weir_old) "
                                          "ELSE b._weir_old END");
    return g_string_free(out, FALSE);
}

static bool place_new(const Scd2 *s, EngineConn *conn, GError **error)
{
    g_autofree char *begin = begin_sql(s);
    g_autofree char *clipped = s->restate ? g_strdup_printf("greatest(%s, {restate})", begin) : NULL;
    g_autofree char *text = g_strdup_printf(
        "CREATE OR REPLACE TEMP TABLE _weir_placed AS SELECT b.*, CASE WHEN (%s) IS NOT NULL THEN %s END AS "
        "_weir_begin FROM _weir_new b LEFT JOIN _weir_ends e ON {b=e}",
        begin, clipped ? clipped : begin);
    return scd2_exec(s, conn, text, error);
}

/* ---- late -------------------------------------------------------------------------------------------------
 */

/* A late row whose version is there already says nothing: the batch was run before. */
static bool count_late(Scd2 *s, EngineConn *conn, GError **error)
{
    gint64 n = 0;
    if (!scd2_count(s, conn, "SELECT count(*) FROM _weir_placed WHERE _weir_begin IS NULL", &n, error) ||
        n == 0) {
        return n == 0;
    }
    const char *same = s->spec->check ? "h." SCD2_FROM " <= b." SCD2_AT " AND (h." SCD2_TO
                                        " IS NULL OR h." SCD2_TO " > b." SCD2_AT ") AND NOT {differs:b,h}"
                                      : "{u:h} = b." SCD2_AT;
    g_autofree char *text =
        g_strdup_printf("SELECT count(*) FROM _weir_placed b WHERE b._weir_begin IS NULL AND NOT "
                        "EXISTS (SELECT 1 FROM {past} h WHERE {h=b} AND NOT h." SCD2_DELETED " AND %s)",
                        same);
    return scd2_count(s, conn, text, &s->n_late, error);
}

/* Their keys go the long way. */
static bool splice_late(Scd2 *s, EngineConn *conn, gint64 *ret_slow, GError **error)
{
    return scd2_exec(
               s, conn,
               "INSERT INTO _weir_slow SELECT DISTINCT {key} FROM _weir_placed WHERE _weir_begin IS NULL",
               error) &&
           scd2_exec(s, conn, "DELETE FROM _weir_placed WHERE _weir_begin IS NULL", error) &&
           scd2_count(s, conn, "SELECT count(*) FROM _weir_slow", ret_slow, error);
}

/* ---- the table of changes
 * ----------------------------------------------------------------------------------- */

/* With all columns of both, in types that hold both. */
static bool write_changes(const Scd2 *s, EngineConn *conn, GError **error)
{
    return scd2_exec(
               s, conn,
               "CREATE TABLE {changes} AS SELECT 'i' AS _weir_op, {columns:b}, CAST(NULL AS TIMESTAMP) AS "
               "_weir_old, b._weir_begin AS " SCD2_FROM ", CAST(NULL AS TIMESTAMP) AS " SCD2_TO
               ", FALSE AS " SCD2_DELETED " FROM _weir_placed b WHERE b._weir_begin IS NOT NULL "
               "UNION ALL BY NAME SELECT {known} FROM {history} WHERE FALSE",
               error) &&
           scd2_exec(
               s, conn,
               "INSERT INTO {changes} BY NAME SELECT CASE WHEN b._weir_begin > b._weir_old THEN 'u' ELSE 'd' "
               "END AS _weir_op, {key:b}, b._weir_old, b._weir_begin AS " SCD2_TO
               " FROM _weir_placed b WHERE b._weir_begin IS NOT NULL AND b._weir_old IS NOT NULL",
               error);
}

/* When a key that the batch no longer has was deleted: now; what is restated keeps the time that was noted.
 */
static bool find_gone(const Scd2 *s, EngineConn *conn, GError **error)
{
    static const char ended[] =
        "LEFT JOIN (SELECT {key:h}, max(CASE WHEN h." SCD2_DELETED " THEN h." SCD2_FROM " ELSE h." SCD2_TO
        " END) AS _weir_end FROM {history} h GROUP BY {key:h} HAVING count(*) FILTER (h." SCD2_TO
        " IS NULL AND NOT h." SCD2_DELETED ") = 0) e ON {o=e} ";
    const char *when = s->restate ? "greatest(coalesce(e._weir_end, {run}), {restate})" : "{run}";
    g_autofree char *text =
        g_strdup_printf("CREATE OR REPLACE TEMP TABLE _weir_gone AS SELECT {key:o}, o." SCD2_FROM
                        " AS _weir_old, %s AS _weir_end "
                        "FROM {past} o %sWHERE o." SCD2_TO " IS NULL AND NOT o." SCD2_DELETED
                        " AND o." SCD2_FROM " <= %s AND NOT EXISTS (SELECT 1 FROM {stage} b WHERE {b=o})",
                        when, s->restate ? ended : "", when);
    return scd2_exec(s, conn, text, error);
}

/* A version that began with this very run, and is gone in it, never was. */
static bool delete_gone(const Scd2 *s, EngineConn *conn, GError **error)
{
    if (s->spec->deletes == CATALOG_DELETES_IGNORE || s->spec->delta) {
        return true;
    }
    return find_gone(s, conn, error) &&
           scd2_exec(s, conn,
                     "INSERT INTO {changes} BY NAME SELECT CASE WHEN g._weir_end > g._weir_old THEN 'u' ELSE "
                     "'d' END "
                     "AS _weir_op, {key:g}, g._weir_old, g._weir_end AS " SCD2_TO " FROM _weir_gone g",
                     error) &&
           (s->spec->deletes != CATALOG_DELETES_NEW_RECORD ||
            scd2_exec(
                s, conn,
                "INSERT INTO {changes} BY NAME SELECT 'i' AS _weir_op, {known:o}, g._weir_end AS " SCD2_FROM
                ", TRUE AS " SCD2_DELETED " FROM _weir_gone g JOIN {past} o ON {g=o} AND o." SCD2_FROM
                " = g._weir_old",
                error));
}

/* Rows of the batch that begin a version; what does not, and is not late, says nothing new. `n_short`: those
 * that the changes had before the long way. One that was placed and is not among them is in neither figure:
 * then the ledger's sum is wrong. */
static bool account(Scd2 *s, EngineConn *conn, gint64 n_short, GError **error)
{
    gint64 n = 0, placed = 0;
    if (!scd2_count(s, conn, "SELECT count(*) FROM {stage}", &n, error) ||
        !scd2_count(s, conn, "SELECT count(_weir_begin) FROM _weir_placed", &placed, error) ||
        !scd2_count(s, conn, NEW_VERSIONS, &s->n_begun, error)) {
        return false;
    }
    s->n_same = n - placed - (s->n_begun - n_short) - s->n_late;
    return true;
}

static bool count_changes(Scd2 *s, EngineConn *conn, GError **error)
{
    return scd2_count(s, conn, NEW_VERSIONS, &s->n_inserted, error) &&
           scd2_count(s, conn, "SELECT count(*) FROM {changes} WHERE _weir_op <> 'i'", &s->n_ended, error);
}

bool scd2_diff(Scd2 *s, EngineConn *conn, GError **error)
{
    if (!s->known) {
        return first_load(s, conn, error);
    }
    gint64 slow = s->duplicates, n_short = 0;
    if (!scd2_exec(s, conn,
                   s->duplicates
                       ? "CREATE OR REPLACE TEMP TABLE _weir_slow AS SELECT {key} FROM _weir_many"
                       : "CREATE OR REPLACE TEMP TABLE _weir_slow AS SELECT {key} FROM {stage} LIMIT 0",
                   error) ||
        !find_new(s, conn, error) || !find_ends(s, conn, error) || !place_new(s, conn, error) ||
        !(s->spec->splice && !s->restate ? splice_late(s, conn, &slow, error) : count_late(s, conn, error)) ||
        !write_changes(s, conn, error) || !scd2_count(s, conn, NEW_VERSIONS, &n_short, error) ||
        (slow > 0 && !scd2_chain(s, conn, error)) || !account(s, conn, n_short, error)) {
        return false;
    }
    return delete_gone(s, conn, error) && count_changes(s, conn, error);
}
