/* One run of a model's checks: what they count goes into one statement over each relation (a full build has
 * one), then each is judged, and of what fails some rows are kept: only the checked columns and the model's
 * key, so that a record of runs does not become a copy of personal data. */
#include <string.h>

#include "base/text.h"
#include "quality/quality_int.h"

/* ---- helpers of types -----------------------------------------------------------------------------------
 */

char *quality_quote(const char *name)
{
    g_autoptr(GString) text = g_string_new(NULL);
    engine_sql_append_name(text, name);
    return g_string_free(g_steal_pointer(&text), FALSE);
}

char *quality_time(const QualityRows *rows)
{
    g_autofree char *name = quality_quote(rows->time);
    return rows->time_type == ENGINE_TEXT ? g_strdup_printf("TRY_CAST(%s AS TIMESTAMP)", name)
                                          : g_steal_pointer(&name);
}

char *quality_join(const GPtrArray *parts, const char *suffix, const char *separator)
{
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < parts->len; i++) {
        g_string_append_printf(text, "%s%s%s", i ? separator : "", (const char *)parts->pdata[i], suffix);
    }
    return g_string_free(text, FALSE);
}

void quality_append_literal(GString *out, const json_t *value)
{
    if (json_is_string(value)) {
        engine_sql_append_text(out, json_string_value(value));
        return;
    }
    g_autofree char *text = base_json_text(value);
    if (json_is_boolean(value)) {
        engine_sql_append_text(out, text);
    } else {
        g_string_append(out, text);
    }
}

const char *quality_where(const QualityCheck *check)
{
    return base_json_string(check->definition, "where", "TRUE");
}

char *quality_filter(const QualityCheck *check)
{
    const char *where = base_json_string(check->definition, "where", NULL);
    return where ? g_strdup_printf(" FILTER (WHERE %s)", where) : g_strdup("");
}

char *quality_number(double value)
{
    if (isnan(value)) {
        return g_strdup("nothing");
    }
    return fabs(value) < 1e15 && fabs(value - rint(value)) < 1e-9 ? base_text_from_count((gint64)rint(value))
                                                                  : g_strdup_printf("%.4g", value);
}

QualityLevel quality_severity(const QualityCheck *check)
{
    const char *severity = base_json_string(check->definition, "severity", "error");
    return g_str_equal(severity, "warn") ? QUALITY_WARN : QUALITY_ERROR;
}

void quality_say(QualityCheck *check, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_free(check->message);
    check->message = g_strdup_vprintf(format, args);
    va_end(args);
}

double quality_bar(const QualityCheck *check, const char *key)
{
    const json_t *bar = json_object_get(check->definition, key);
    double value = NAN;
    if (json_is_number(bar)) {
        return json_number_value(bar);
    }
    return json_is_string(bar) && catalog_check_share(json_string_value(bar), &value) ? value : (double)NAN;
}

/* "10" is ten rows; "1%" and 0.01 a share of those looked at. */
static double row_bar(const QualityCheck *check, const char *key)
{
    double bar = quality_bar(check, key);
    const char *text = json_string_value(json_object_get(check->definition, key));
    bool share = (text && strchr(text, '%')) || (bar > 0 && bar < 1);
    return share ? bar * (double)MAX(check->n_checked, 0) : bar;
}

void quality_judge_rows(QualityCheck *check, gint64 n_failed, gint64 n_checked)
{
    check->n_failed = n_failed;
    check->n_checked = n_checked;
    double warn = row_bar(check, "warn"), bar = row_bar(check, "error");
    if (!isnan(warn) || !isnan(bar)) {
        check->pair = true;
        check->level = quality_level_above((double)n_failed, warn, bar);
    } else if (n_failed > 0) {
        check->level = quality_severity(check);
    }
}

/* ---- scans ----------------------------------------------------------------------------------------------
 */

guint quality_scan_add(QualityScan *scan, char *expression_taken)
{
    guint found = GPOINTER_TO_UINT(g_hash_table_lookup(scan->index, expression_taken));
    if (found) {
        g_free(expression_taken);
        return found - 1;
    }
    g_ptr_array_add(scan->expressions, expression_taken);
    g_hash_table_insert(scan->index, expression_taken, GUINT_TO_POINTER(scan->expressions->len));
    return scan->expressions->len - 1;
}

void quality_add_slot(QualityCheck *check, QualityScan *scan, char *expression_taken)
{
    check->scan = scan;
    check->slots[check->n_slots++] = quality_scan_add(scan, expression_taken);
}

const json_t *quality_slot_json(const QualityCheck *check, guint i)
{
    g_autofree char *key = g_strdup_printf("c%u", check->slots[i]);
    return json_object_get(check->scan->values, key);
}

double quality_slot(const QualityCheck *check, guint i)
{
    const json_t *value = quality_slot_json(check, i);
    return json_is_number(value) ? json_number_value(value) : (double)NAN;
}

static void scan_init(QualityScan *scan, const char *from)
{
    *scan = (QualityScan){.from = from,
                          .expressions = g_ptr_array_new_with_free_func(g_free),
                          .index = g_hash_table_new(g_str_hash, g_str_equal)};
}

static void scan_clear(QualityScan *scan)
{
    g_clear_pointer(&scan->index, g_hash_table_unref);
    g_clear_pointer(&scan->expressions, g_ptr_array_unref);
    g_clear_pointer(&scan->values, json_decref);
}

static bool scan_run(QualityScan *scan, EngineConn *conn, GError **error)
{
    if (scan->expressions->len == 0) {
        return true;
    }
    g_autoptr(GString) sql = g_string_new("SELECT ");
    for (guint i = 0; i < scan->expressions->len; i++) {
        g_string_append_printf(sql, "%s%s AS c%u", i ? ", " : "", (const char *)scan->expressions->pdata[i],
                               i);
    }
    g_string_append_printf(sql, " FROM %s AS t", scan->from);
    g_autoptr(json_t) rows = engine_query_json(conn, sql->str, NULL, 0, 1, error);
    if (!rows) {
        return false;
    }
    scan->values = json_incref(json_array_get(rows, 0));
    return true;
}

/* ---- checks ---------------------------------------------------------------------------------------------
 */

static void check_free(gpointer data)
{
    QualityCheck *check = data;
    g_free(check->name);
    g_ptr_array_unref(check->columns);
    g_free(check->condition);
    g_free(check->failing_sql);
    g_free(check->message);
    g_free(check->detail);
    json_decref(check->kept);
    json_decref(check->extra);
    g_free(check);
}

static GPtrArray *columns_of(const json_t *check)
{
    GPtrArray *columns = g_ptr_array_new_with_free_func(g_free);
    const char *one = base_json_string(check, "column", NULL);
    if (one) {
        g_ptr_array_add(columns, quality_quote(one));
    }
    size_t i;
    json_t *item;
    json_array_foreach (json_object_get(check, "columns"), i, item) {
        if (json_is_string(item)) {
            g_ptr_array_add(columns, quality_quote(json_string_value(item)));
        }
    }
    return columns;
}

static QualityCheck *check_new(const json_t *definition, const char *name)
{
    QualityCheck *check = g_new0(QualityCheck, 1);
    check->definition = definition;
    check->type = quality_type_by_name(base_json_string(definition, "type", ""));
    check->name = g_strdup(name);
    check->columns = columns_of(definition);
    check->n_checked = -1;
    check->value = check->baseline = check->z = check->percent = NAN;
    return check;
}

static void run_init(QualityRun *run, EngineConn *conn, const QualityRows *rows)
{
    *run = (QualityRun){.conn = conn, .rows = rows, .checks = g_ptr_array_new_with_free_func(check_free)};
    scan_init(&run->rows_scan, rows->rows_sql);
    scan_init(&run->whole_scan, rows->whole_sql);
    run->whole = g_str_equal(rows->rows_sql, rows->whole_sql) ? &run->rows_scan : &run->whole_scan;
    g_autoptr(GPtrArray) names = quality_check_names(rows->model);
    size_t i;
    json_t *definition;
    json_array_foreach (json_object_get(rows->model->definition, "checks"), i, definition) {
        QualityCheck *check = check_new(definition, names->pdata[i]);
        g_ptr_array_add(run->checks, check);
    }
}

static void run_clear(QualityRun *run)
{
    g_ptr_array_unref(run->checks);
    scan_clear(&run->rows_scan);
    scan_clear(&run->whole_scan);
    g_clear_pointer(&run->history, g_hash_table_unref);
    g_clear_pointer(&run->details, g_hash_table_unref);
    g_clear_pointer(&run->waivers, json_decref);
}

static bool prepare(QualityRun *run, GError **error)
{
    for (guint i = 0; i < run->checks->len; i++) {
        QualityCheck *check = run->checks->pdata[i];
        if (!check->type) {
            return base_fail(error, BASE_E_INTERNAL, "a check of type `%s`",
                             base_json_string(check->definition, "type", ""));
        }
        if (check->type->prepare && !check->type->prepare(run, check, error)) {
            return false;
        }
    }
    return true;
}

/* ---- rows that are kept ---------------------------------------------------------------------------------
 */

/* Columns of the check and key of the model, each once; "*" where there is neither. */
static char *kept_columns(const QualityRun *run, const QualityCheck *check)
{
    g_autoptr(GPtrArray) columns = columns_of(check->definition);
    const CatalogModelInfo *info = run->rows->model->model;
    for (size_t i = 0; info && info->key && info->key[i]; i++) {
        g_autofree char *name = quality_quote(info->key[i]);
        if (!g_ptr_array_find_with_equal_func(columns, name, g_str_equal, NULL)) {
            g_ptr_array_add(columns, g_steal_pointer(&name));
        }
    }
    return columns->len ? quality_join(columns, "", ", ") : g_strdup("*");
}

/* The check's outcome stands without them: rows that cannot be had, or are too much text, are left out. */
static void keep_rows(QualityRun *run, QualityCheck *check)
{
    gint64 keep =
        CLAMP(base_json_int(check->definition, "keep", QUALITY_KEEP_ROWS), 0, QUALITY_MAX_KEEP_ROWS);
    if (check->n_failed == 0 || keep == 0 || (!check->condition && !check->failing_sql)) {
        return;
    }
    g_autofree char *columns = kept_columns(run, check);
    g_autofree char *sql = check->failing_sql
                               ? g_strdup_printf("%s LIMIT %" G_GINT64_FORMAT, check->failing_sql, keep)
                               : g_strdup_printf("SELECT %s FROM %s AS t WHERE %s LIMIT %" G_GINT64_FORMAT,
                                                 columns, run->rows->rows_sql, check->condition, keep);
    g_autoptr(json_t) rows = engine_query_json(run->conn, sql, NULL, 0, (size_t)keep, NULL);
    while (rows && json_array_size(rows) > 0) {
        g_autofree char *text = base_json_text(rows);
        if (strlen(text) <= QUALITY_KEEP_TEXT_BYTES) {
            check->kept = json_incref(rows);
            return;
        }
        size_t half = json_array_size(rows) / 2;
        while (json_array_size(rows) > half) {
            json_array_remove(rows, json_array_size(rows) - 1);
        }
    }
}

/* ---- the outcome ----------------------------------------------------------------------------------------
 */

static bool blocks(const QualityCheck *check)
{
    const json_t *said = json_object_get(check->definition, "blocking");
    const json_t *strong = json_object_get(check->definition, "strong");
    if (said || strong) {
        return json_is_true(said ? said : strong);
    }
    /* Bars of change are about what is usual: they hold data back when they are called strong. */
    bool change = json_object_get(check->definition, "orange") || json_object_get(check->definition, "red");
    return check->type->holds && !change;
}

/* `per_unit`: to 1 / per_unit, 0 = as it is. Dividing gives the number nearest to the decimal one; times
 * 0.001 would not. */
static void set_real(json_t *result, const char *key, double value, double per_unit)
{
    if (!isnan(value) && isfinite(value)) {
        json_object_set_new(result, key,
                            json_real(per_unit > 0 ? round(value * per_unit) / per_unit : value));
    }
}

static const char *state_name(const QualityCheck *check)
{
    static const char *const names[] = {"ok", "warn", "failed", "skipped"};
    return names[check->level];
}

static const char *verdict_name(const QualityCheck *check)
{
    static const char *const names[] = {"pass", "warn", "error", "skip"};
    bool failed = check->level == QUALITY_WARN || check->level == QUALITY_ERROR;
    return failed && !check->pair ? "fail" : names[check->level];
}

/* A few of the kept rows. */
static json_t *sample_of(const QualityCheck *check)
{
    g_autoptr(json_t) rows = json_array();
    for (size_t i = 0; i < MIN(json_array_size(check->kept), QUALITY_SAMPLE_ROWS); i++) {
        json_array_append(rows, json_array_get(check->kept, i));
    }
    g_autofree char *text = base_json_text(rows);
    return json_array_size(rows) && strlen(text) <= QUALITY_SAMPLE_TEXT_BYTES ? g_steal_pointer(&rows) : NULL;
}

static json_t *result_of(const QualityRun *run, const QualityCheck *check, bool block, const json_t *waiver)
{
    const char *owner = base_json_string(check->definition, "owner", run->rows->model->owner);
    const json_t *column = json_object_get(check->definition, "column");
    json_t *result = json_object();
    base_json_set_string(result, "name", check->name);
    base_json_set_string(result, "type", check->type->name);
    if (column) {
        json_object_set(result, "column", (json_t *)(guintptr)column);
    }
    base_json_set_string(result, "severity", base_json_string(check->definition, "severity", "error"));
    if (owner && *owner) {
        base_json_set_string(result, "owner", owner);
    }
    base_json_set_string(result, "state", state_name(check));
    base_json_set_string(result, "verdict", verdict_name(check));
    json_object_set_new(result, "block", json_boolean(block));
    base_json_set_int(result, "rows", check->n_failed);
    if (check->n_checked >= 0) {
        base_json_set_int(result, "checked", check->n_checked);
    }
    set_real(result, "value", check->value, 0);
    set_real(result, "baseline", check->baseline, 0);
    set_real(result, "z", check->z, 1000);
    set_real(result, "percent", check->percent, 1000);
    if (check->message && check->level != QUALITY_PASS) {
        base_json_set_string(result, "message", check->message);
    }
    json_t *sample = sample_of(check);
    if (sample) {
        json_object_set_new(result, "sample", sample);
    }
    if (check->extra) {
        json_object_update(result, check->extra);
    }
    if (waiver) {
        json_object_set(result, "waived", (json_t *)(guintptr)waiver);
    }
    return result;
}

static char *failure_of(const QualityCheck *check)
{
    if (check->message) {
        return g_strdup_printf("check %s: %s", check->name, check->message);
    }
    g_autofree char *count = base_text_from_count(check->n_failed);
    return g_strdup_printf("check %s: %s %s it", check->name, count,
                           check->n_failed == 1 ? "row fails" : "rows fail");
}

static bool add_result(QualityRun *run, QualityCheck *check, QualityOutcome *outcome, GError **error)
{
    const json_t *waiver = NULL;
    bool block = check->level == QUALITY_ERROR && blocks(check);
    if (block && !quality_waiver_of(run, check->name, &waiver, error)) {
        return false;
    }
    block = block && !waiver;
    json_array_append_new(outcome->checks, result_of(run, check, block, waiver));
    if (check->kept) {
        json_array_append_new(outcome->kept,
                              json_pack("{s:s, s:O}", "check", check->name, "rows", check->kept));
    }
    if (check->detail) {
        base_json_set_string(outcome->details, check->name, check->detail);
    }
    if (block && !outcome->failed) {
        outcome->failed = failure_of(check);
    }
    return true;
}

static bool judge_all(QualityRun *run, QualityOutcome *outcome, GError **error)
{
    for (guint i = 0; i < run->checks->len; i++) {
        QualityCheck *check = run->checks->pdata[i];
        if (!check->type->judge(run, check, error)) {
            return false;
        }
        if (check->level == QUALITY_WARN || check->level == QUALITY_ERROR) {
            keep_rows(run, check);
        }
        if (!add_result(run, check, outcome, error)) {
            return false;
        }
    }
    return true;
}

QualityOutcome *quality_check(EngineConn *conn, const QualityRows *rows, GError **error)
{
    QualityRun run;
    run_init(&run, conn, rows);
    g_autoptr(QualityOutcome) outcome = g_new0(QualityOutcome, 1);
    outcome->checks = json_array();
    outcome->kept = json_array();
    outcome->details = json_object();
    outcome->model = g_strdup(rows->model->id);
    outcome->at_us = rows->now_us;
    bool ok = prepare(&run, error) && scan_run(&run.rows_scan, conn, error) &&
              scan_run(&run.whole_scan, conn, error) && judge_all(&run, outcome, error);
    run_clear(&run);
    return ok ? g_steal_pointer(&outcome) : NULL;
}

void quality_outcome_free(QualityOutcome *outcome)
{
    if (outcome) {
        json_decref(outcome->checks);
        json_decref(outcome->kept);
        json_decref(outcome->details);
        g_free(outcome->model);
        g_free(outcome->failed);
        g_free(outcome);
    }
}

json_t *quality_outcome_checks(const QualityOutcome *outcome)
{
    return outcome->checks;
}

const char *quality_outcome_failed(const QualityOutcome *outcome)
{
    return outcome->failed;
}
