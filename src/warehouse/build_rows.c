/* The model's SELECT, run for an interval into the table beside the target. */
#include <string.h>

#include "warehouse/build_int.h"

/* ---- the type of the time column ----------------------------------------------------------------------- */

static EngineTypeId type_by_name(const char *type)
{
    if (g_ascii_strcasecmp(type, "DATE") == 0) {
        return ENGINE_DATE;
    }
    if (g_ascii_strncasecmp(type, "VARCHAR", strlen("VARCHAR")) == 0) {
        return ENGINE_TEXT;
    }
    bool zoned =
        g_ascii_strncasecmp(type, "TIMESTAMP WITH", 14) == 0 || g_ascii_strcasecmp(type, "TIMESTAMPTZ") == 0;
    return zoned ? ENGINE_TIMESTAMP_TZ : ENGINE_TIMESTAMP;
}

/* The body with literals for its parameters: what prepares without them. */
static char *body_with_literals(const char *sql, GError **error)
{
    g_autoptr(GPtrArray) tokens = engine_sql_tokens(sql, ENGINE_DIALECT_WEIR, error);
    if (!tokens) {
        return NULL;
    }
    GString *out = g_string_new(NULL);
    size_t at = 0;
    for (guint i = 0; i < tokens->len; i++) {
        const EngineToken *token = tokens->pdata[i];
        const char *sample = token->type == ENGINE_TOKEN_PARAM ? catalog_parameter_sample(token->text) : NULL;
        if (sample) {
            g_string_append_len(out, sql + at, (gssize)(token->start - at));
            g_string_append(out, sample);
            at = token->end;
        }
    }
    g_string_append(out, sql + at);
    return g_string_free(out, FALSE);
}

bool warehouse_build_time_type(Build *build, GError **error)
{
    const CatalogObject *model = build->model;
    for (guint i = 0; model->columns && i < model->columns->len; i++) {
        const CatalogColumn *known = model->columns->pdata[i];
        if (g_ascii_strcasecmp(known->name, build->time) == 0 && *known->type) {
            build->time_type = type_by_name(known->type);
            return true;
        }
    }
    g_autofree char *body = body_with_literals(build->body, error);
    g_autoptr(GString) sql = g_string_new("SELECT ");
    engine_sql_append_name(sql, build->time);
    g_string_append_printf(sql, " FROM (%s) AS body", body ? body : "");
    g_autoptr(EngineStmt) stmt = body ? engine_prepare(build->conn, sql->str, error) : NULL;
    if (!stmt) {
        return false;
    }
    EngineTypeId id = engine_stmt_column_type(stmt, 0).id;
    bool other = id != ENGINE_DATE && id != ENGINE_TIMESTAMP_TZ && id != ENGINE_TEXT;
    build->time_type = other ? ENGINE_TIMESTAMP : id;
    return true;
}

/* ---- running --------------------------------------------------------------------------------------------
 */

static bool bind_instant(Build *build, EngineStmt *stmt, const char *name, gint64 us, GError **error)
{
    size_t i;
    if (!engine_stmt_param_index(stmt, name, &i)) {
        return true;
    }
    EngineValue value = warehouse_interval_value(us, build->time_type, build->context->zone);
    return engine_stmt_bind(stmt, i, &value, error);
}

/* The day that the rows are about: of a batch its last, of anything else that of the run. */
static gint64 business_day(const Build *build)
{
    bool batch = build->batches && build->interval.start_us > WAREHOUSE_BEGINNING_US;
    return batch ? warehouse_day_of(build->interval.end_us - 1, build->context->zone)
                 : build->run->business_day;
}

/* $business_date, $ds, $bizdate: a DATE, and the texts that Airflow and DataWorks write. */
static bool bind_business_date(Build *build, EngineStmt *stmt, GError **error)
{
    gint64 days = business_day(build);
    int year, month, day;
    base_time_civil_from_days(days, &year, &month, &day);
    g_autofree char *ds = g_strdup_printf("%04d-%02d-%02d", year, month, day);
    g_autofree char *bizdate = g_strdup_printf("%04d%02d%02d", year, month, day);
    const struct {
        const char *name;
        EngineValue value;
    } values[] = {{"business_date", {.id = ENGINE_DATE, .i64 = days}},
                  {"ds", engine_value_text(ds)},
                  {"bizdate", engine_value_text(bizdate)}};
    for (size_t k = 0; k < G_N_ELEMENTS(values); k++) {
        size_t i;
        if (engine_stmt_param_index(stmt, values[k].name, &i) &&
            !engine_stmt_bind(stmt, i, &values[k].value, error)) {
            return false;
        }
    }
    return true;
}

static bool drain(EngineResult *result, GError **error)
{
    g_autoptr(GError) failure = NULL;
    while (engine_result_next(result, &failure)) {
    }
    if (failure) {
        g_propagate_error(error, g_steal_pointer(&failure));
        return false;
    }
    return true;
}

bool warehouse_build_exec(Build *build, const char *sql, GError **error)
{
    g_autoptr(EngineStmt) stmt = engine_prepare(build->conn, sql, error);
    if (!stmt || !bind_instant(build, stmt, "start", build->interval.start_us, error) ||
        !bind_instant(build, stmt, "end", build->interval.end_us, error) ||
        !bind_business_date(build, stmt, error) || !warehouse_build_go_on(build, error)) {
        return false; /* an interrupt while it was prepared stopped nothing either */
    }
    g_autoptr(EngineResult) result = engine_stmt_run(stmt, error);
    return result && drain(result, error);
}

bool warehouse_build_rows_of(Build *build, const char *select, GError **error)
{
    g_autofree char *sql = g_strdup_printf(build->began ? "INSERT INTO %s %s" : "CREATE TABLE %s AS %s",
                                           build->build_sql, select);
    g_autofree char *count = g_strdup_printf("SELECT count(*) FROM %s", build->build_sql);
    int64_t n = 0;
    if (!warehouse_build_exec(build, sql, error) || !engine_query_int(build->conn, count, &n, error)) {
        return false;
    }
    build->run->rows += n - build->beside_rows;
    build->counts.in += n - build->beside_rows;
    build->beside_rows = n;
    build->began = true;
    return true;
}

bool warehouse_build_rows(Build *build, GError **error)
{
    return warehouse_build_rows_of(build, build->body, error);
}

char *warehouse_build_time_sql(const Build *build, const char *alias)
{
    g_autoptr(GString) name = g_string_new(alias);
    g_string_append_c(name, '.');
    engine_sql_append_name(name, build->time);
    return build->time_type == ENGINE_TEXT ? g_strdup_printf("TRY_CAST(%s AS TIMESTAMP)", name->str)
                                           : g_string_free(g_steal_pointer(&name), FALSE);
}

char *warehouse_build_inside(const Build *build, const char *alias)
{
    g_autofree char *time = warehouse_build_time_sql(build, alias);
    g_autofree char *start =
        warehouse_interval_literal(build->interval.start_us, build->time_type, build->context->zone);
    g_autofree char *end =
        warehouse_interval_literal(build->interval.end_us, build->time_type, build->context->zone);
    return g_strdup_printf("%s >= %s AND %s < %s", time, start, time, end);
}
