/* The long way, for the few keys of which a batch has several versions, or a version older than the open one.
 *
 * All versions of such a key, old and new, are put in order of where they begin; each ends where the next
 * begins, or where a deletion closed it. What differs from the history then are the changes. A new version
 * begins at its own time; with one exception each: where the history knows an older value from later on (a
 * key that came back, a history that began with a run), it takes that version's place, and before a first
 * version that holds since the epoch it takes over that beginning. With check, a version like the one before
 * it is none. */
#include "warehouse/scd2_int.h"

static bool read_old(const Scd2 *s, EngineConn *conn, GError **error)
{
    return scd2_exec(s, conn,
                     "CREATE OR REPLACE TEMP TABLE _weir_versions AS SELECT {key:h}, h." SCD2_FROM
                     " AS _w_f, h." SCD2_TO " AS _w_t, h." SCD2_DELETED
                     " AS _w_d, {u:h} AS _w_u, {value:h,old} AS _w_v, lead(h." SCD2_FROM
                     ") OVER own AS _w_nf, row_number() OVER own AS _w_n FROM {past} h SEMI JOIN _weir_slow "
                     "w ON {h=w} WINDOW "
                     "own AS (PARTITION BY {key:h} ORDER BY h." SCD2_FROM ")",
                     error);
}

/* One row of the batch with what its key's history is (per key: o* the open version, last_* the end) and
 * where in it the row's time falls (p1, p2). */
static bool read_new(const Scd2 *s, EngineConn *conn, GError **error)
{
    return scd2_exec(s, conn,
                     "CREATE OR REPLACE TEMP TABLE _weir_rows AS SELECT *, row_number() OVER () AS _w_id, "
                     "row_number() "
                     "OVER (PARTITION BY {key:b} ORDER BY b." SCD2_AT
                     ") AS _w_rank, row_number() OVER (PARTITION BY "
                     "{key:b} ORDER BY b." SCD2_AT
                     " DESC) AS _w_back FROM (SELECT DISTINCT {columns:b}, b." SCD2_AT
                     " FROM {stage} b SEMI JOIN _weir_slow w ON {b=w}) b",
                     error) &&
           scd2_exec(
               s, conn,
               "CREATE OR REPLACE TEMP TABLE _weir_facts AS SELECT b._w_id, count(e._w_f) AS _w_versions, "
               "max(e._w_f) FILTER (e._w_t IS NULL) AS _w_o_f, max(e._w_u) FILTER (e._w_t IS NULL) AS "
               "_w_o_u, "
               "coalesce(bool_or(e._w_d) FILTER (e._w_t IS NULL), FALSE) AS _w_o_d, max(e._w_t) AS "
               "_w_last_t, "
               "max(e._w_u) FILTER (NOT e._w_d) AS _w_last_u, min(e._w_f) AS _w_first_f, "
               "max(e._w_f) FILTER (e._w_f <= b." SCD2_AT " AND e._w_u <= b." SCD2_AT ") AS _w_p1, "
               "min(e._w_f) FILTER (e._w_u <= b." SCD2_AT ") AS _w_p2, "
               "coalesce(bool_or(e._w_u = b." SCD2_AT " AND NOT e._w_d), FALSE) AS _w_known "
               "FROM _weir_rows b LEFT JOIN _weir_versions e ON {b=e} GROUP BY b._w_id",
               error);
}

/* What a row is to its key's history: first, newer, back (the key was deleted), known, late. */
static const char *class_sql(const Scd2 *s)
{
    if (s->spec->check && s->spec->delta) {
        return "CASE WHEN _w_versions = 0 THEN 'first' "
               "WHEN b." SCD2_AT " > CASE WHEN _w_o_d OR _w_o_f IS NULL THEN coalesce(_w_o_f, _w_last_t) "
               "ELSE _w_o_u END THEN 'newer' ELSE 'late' END";
    }
    if (s->spec->check) {
        return "CASE WHEN _w_versions = 0 THEN 'first' "
               "WHEN _w_o_f IS NOT NULL AND NOT _w_o_d AND b." SCD2_AT
               " > greatest(_w_o_f, _w_o_u) THEN 'newer' "
               "WHEN (_w_o_f IS NULL OR _w_o_d) AND b." SCD2_AT " > coalesce(_w_o_f, _w_last_t) THEN 'newer' "
               "WHEN _w_back = 1 AND {run} >= coalesce(_w_o_f, _w_last_t) THEN 'back' ELSE 'late' END";
    }
    return s->spec->delta ? "CASE WHEN _w_versions = 0 THEN 'first' "
                            "WHEN _w_o_f IS NOT NULL AND NOT _w_o_d AND b." SCD2_AT " > _w_o_u THEN 'newer' "
                            "WHEN _w_known THEN 'known' "
                            "WHEN (_w_o_f IS NULL OR _w_o_d) AND b." SCD2_AT
                            " > coalesce(_w_o_f, _w_last_t) THEN 'newer' "
                            "WHEN (_w_o_f IS NULL OR _w_o_d) AND _w_back = 1 AND b." SCD2_AT
                            " > _w_last_u THEN 'back' "
                            "ELSE 'late' END"
                          : "CASE WHEN _w_versions = 0 THEN 'first' "
                            "WHEN _w_o_f IS NOT NULL AND NOT _w_o_d AND b." SCD2_AT " > _w_o_u THEN 'newer' "
                            "WHEN (_w_o_f IS NULL OR _w_o_d) AND b." SCD2_AT
                            " > coalesce(_w_o_f, _w_last_t) THEN 'newer' "
                            "WHEN (_w_o_f IS NULL OR _w_o_d) AND _w_back = 1 THEN 'back' "
                            "WHEN _w_known THEN 'known' ELSE 'late' END";
}

static bool place_rows(const Scd2 *s, EngineConn *conn, GError **error)
{
    bool run = s->spec->first_from == CATALOG_FROM_RUN_TIME;
    g_autofree char *text = g_strdup_printf(
        "CREATE OR REPLACE TEMP TABLE _weir_chain AS SELECT * EXCLUDE (_w_place), %s AS _w_begins FROM "
        "(SELECT *, "
        "CASE _w_class WHEN 'first' THEN CASE WHEN _w_rank = 1 THEN {first} ELSE %s END "
        "WHEN 'newer' THEN %s "
        "WHEN 'back' THEN CASE WHEN _w_o_f IS NOT NULL THEN greatest({run}, _w_o_f) ELSE greatest(%s, "
        "_w_last_t) END "
        "ELSE CASE WHEN _w_p1 IS NOT NULL THEN b." SCD2_AT " WHEN _w_p2 IS NOT NULL THEN _w_p2 "
        "ELSE least(_w_first_f, b." SCD2_AT
        ") END END AS _w_place FROM (SELECT b.*, f.* EXCLUDE (_w_id), %s AS "
        "_w_class FROM _weir_rows b JOIN _weir_facts f ON b._w_id = f._w_id) b)",
        s->restate ? "greatest(_w_place, {restate})" : "_w_place",
        run ? "greatest(b." SCD2_AT ", {run})" : "b." SCD2_AT,
        s->spec->check ? "CASE WHEN b." SCD2_AT " < _w_o_f THEN greatest({run}, _w_o_f) ELSE b." SCD2_AT
                         " END"
                       : "greatest(b." SCD2_AT ", _w_o_f)",
        s->spec->check ? "{run}" : "b." SCD2_AT, class_sql(s));
    return scd2_exec(s, conn, text, error);
}

/* What the history does not hold already is counted. Before a restated time nothing is put in. */
static bool leave_late(Scd2 *s, EngineConn *conn, GError **error)
{
    const char *count = s->spec->check ? "SELECT count(*) FROM _weir_chain c WHERE _w_class = 'late' AND NOT "
                                         "EXISTS (SELECT 1 FROM _weir_versions "
                                         "e WHERE {e=c} AND e._w_f <= c." SCD2_AT
                                         " AND (e._w_t IS NULL OR e._w_t > c." SCD2_AT
                                         ") AND NOT e._w_d AND e._w_v IS NOT DISTINCT FROM {value:c})"
                                       : "SELECT count(*) FROM _weir_chain WHERE _w_class = 'late'";
    gint64 n = 0;
    if (s->spec->splice && !s->restate) {
        return true;
    }
    if (!scd2_count(s, conn, count, &n, error)) {
        return false;
    }
    s->n_late += n;
    return scd2_exec(s, conn, "DELETE FROM _weir_chain WHERE _w_class = 'late'", error);
}

/* ---- in order ---------------------------------------------------------------------------------------------
 */

#define OWN "WINDOW own AS (PARTITION BY {key} ORDER BY _w_b, _w_id IS NOT NULL, _w_at)"

/* Old and new versions of a key as one list: _w_g is where a deletion left a gap behind an old one. */
static bool line_up(const Scd2 *s, EngineConn *conn, GError **error)
{
    return scd2_exec(s, conn,
                     "CREATE OR REPLACE TEMP TABLE _weir_line AS SELECT {key:e}, CASE WHEN e._w_n = 1 AND "
                     "e._w_u > e._w_f AND EXISTS "
                     "(SELECT 1 FROM _weir_chain c WHERE {c=e} AND c._w_class = 'late' AND c._w_begins = "
                     "e._w_f AND c." SCD2_AT " < e._w_u) THEN e._w_u ELSE e._w_f END AS _w_b, e._w_f, "
                     "e._w_t, e._w_d, e._w_v, CASE WHEN e._w_t IS NOT NULL "
                     "AND (e._w_nf IS NULL OR e._w_nf > e._w_t) THEN e._w_t END AS _w_g, e._w_u AS _w_at, "
                     "CAST(NULL AS BIGINT) AS "
                     "_w_id FROM _weir_versions e UNION ALL SELECT {key:c}, c._w_begins, NULL, NULL, FALSE, "
                     "{value:c}, NULL, "
                     "c." SCD2_AT ", c._w_id FROM _weir_chain c WHERE c._w_class <> 'known'",
                     error);
}

/* With check, a version with the values of the one before it is none. */
static bool drop_same(const Scd2 *s, EngineConn *conn, GError **error)
{
    return !s->spec->check ||
           scd2_exec(s, conn,
                     "DELETE FROM _weir_line WHERE _w_id IN (SELECT _w_id FROM (SELECT _w_id, _w_v IS NOT "
                     "DISTINCT FROM "
                     "lag(_w_v) OVER own AND NOT coalesce(lag(_w_d) OVER own, FALSE) AND coalesce(lag(_w_g) "
                     "OVER own > "
                     "_w_b, TRUE) AND lag(_w_b) OVER own IS NOT NULL AS _w_same FROM _weir_line " OWN
                     ") WHERE _w_same AND _w_id IS NOT NULL)",
                     error);
}

/* Of two that begin together the later one counts. A new version ends where the next begins, or in the gap
 * that the old one before it had behind it. */
static bool set_ends(const Scd2 *s, EngineConn *conn, GError **error)
{
    return scd2_exec(s, conn,
                     "CREATE OR REPLACE TEMP TABLE _weir_result AS SELECT *, CASE WHEN _w_id IS NULL THEN "
                     "least(_w_t, "
                     "_w_nb) ELSE least(_w_nb, CASE WHEN _w_mark > _w_b THEN _w_mark END) END AS _w_ends "
                     "FROM (SELECT "
                     "*, lead(_w_b) OVER own AS _w_nb FROM (SELECT *, lead(_w_b) OVER own AS _w_after, "
                     "last_value(CASE WHEN _w_id IS NULL THEN coalesce(_w_g, TIMESTAMP 'infinity') END "
                     "IGNORE NULLS) "
                     "OVER own AS _w_mark FROM _weir_line " OWN
                     ") WHERE _w_after IS NULL OR _w_after > _w_b " OWN ")",
                     error) &&
           scd2_exec(s, conn, "UPDATE _weir_result SET _w_ends = NULL WHERE _w_ends = TIMESTAMP 'infinity'",
                     error);
}

static bool write_changes(Scd2 *s, EngineConn *conn, GError **error)
{
    s->closed = true;
    return scd2_exec(s, conn,
                     "INSERT INTO {changes} BY NAME SELECT 'i' AS _weir_op, {columns:c}, r._w_b AS " SCD2_FROM
                     ", r._w_ends AS " SCD2_TO ", FALSE AS " SCD2_DELETED
                     " FROM _weir_result r JOIN _weir_chain c ON c._w_id = r._w_id",
                     error) &&
           scd2_exec(s, conn,
                     "INSERT INTO {changes} BY NAME SELECT CASE WHEN r._w_b = r._w_f THEN 'u' ELSE 'f' END "
                     "AS _weir_op, "
                     "{key:r}, r._w_f AS _weir_old, r._w_b AS " SCD2_FROM ", r._w_ends AS " SCD2_TO
                     " FROM _weir_result r WHERE r._w_id IS NULL AND (r._w_b <> r._w_f OR r._w_ends IS "
                     "DISTINCT FROM "
                     "r._w_t)",
                     error) &&
           scd2_exec(
               s, conn,
               "INSERT INTO {changes} BY NAME SELECT 'd' AS _weir_op, {key:e}, e._w_f AS _weir_old FROM "
               "_weir_versions e WHERE NOT EXISTS (SELECT 1 FROM _weir_result r WHERE {r=e} AND r._w_id IS "
               "NULL AND "
               "r._w_f = e._w_f)",
               error);
}

bool scd2_chain(Scd2 *s, EngineConn *conn, GError **error)
{
    return read_old(s, conn, error) && read_new(s, conn, error) && place_rows(s, conn, error) &&
           leave_late(s, conn, error) && line_up(s, conn, error) && drop_same(s, conn, error) &&
           set_ends(s, conn, error) && write_changes(s, conn, error);
}
