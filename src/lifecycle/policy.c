/* What a table's definition and the standard say of the life of its rows. */
#include "base/text.h"
#include "lifecycle/lifecycle_int.h"

void lifecycle_note(LifecyclePolicy *policy, const char *en, const char *zh)
{
    g_ptr_array_add(policy->notes, json_pack("{s:s, s:s}", "en", en, "zh", zh));
}

/* ---- holds ------------------------------------------------------------------------------------------ */

/* What says that data must stay but cannot be read holds all of it: better too much than a day too little. */
static void hold_for_doubt(LifecyclePolicy *policy, const char *key, const char *text)
{
    g_autofree char *en =
        g_strdup_printf("`lifecycle.%s`: `%s` is no day; all is held until it is mended", key, text);
    g_autofree char *zh = g_strdup_printf("`lifecycle.%s`：`%s` 不是日期；改正之前全部保留", key, text);
    lifecycle_note(policy, en, zh);
    policy->held = true;
    policy->hold_until = LIFECYCLE_NEVER;
    g_free(policy->hold_reason);
    policy->hold_reason = g_strdup(en);
}

/* The hold that ends last. */
static void read_hold(LifecyclePolicy *policy, const json_t *hold)
{
    const json_t *said = json_object_get(hold, "until");
    const char *until = json_string_value(said);
    gint64 day = LIFECYCLE_NEVER;
    if (said && !json_is_null(said) && (!until || !lifecycle_day_parse(until, &day))) {
        hold_for_doubt(policy, "hold.until", until ? until : "?");
        return;
    }
    if (!policy->held || day > policy->hold_until) {
        policy->held = true;
        policy->hold_until = day;
        g_free(policy->hold_reason);
        policy->hold_reason =
            g_strdup(json_is_string(hold) ? json_string_value(hold)
                                          : base_json_string(hold, "reason", "no reason given"));
    }
}

static void read_holds(LifecyclePolicy *policy, const json_t *hold)
{
    size_t i;
    const json_t *one;
    if (json_is_object(hold) || json_is_true(hold) || json_is_string(hold)) {
        read_hold(policy, hold);
    }
    json_array_foreach (hold, i, one) {
        read_hold(policy, one);
    }
}

/* "2020-11-11", "20201111" or, of every year, "11-11". */
static bool parse_date(const char *text, gint64 *ret)
{
    gint64 day = 0;
    int year = 0, month = 0, of_month = 0;
    if (lifecycle_day_parse(text, &day)) {
        base_time_civil_from_days(day, &year, &month, &of_month);
        *ret = (gint64)year * 10000 + month * 100 + of_month;
        return true;
    }
    g_autofree char *leap = g_strdup_printf("2000-%s", text);
    if (!lifecycle_day_parse(leap, &day)) {
        return false;
    }
    base_time_civil_from_days(day, &year, &month, &of_month);
    *ret = month * 100 + of_month;
    return true;
}

/* "2020-02", "202002" or, of every year, "02". */
static bool parse_month(const char *text, gint64 *ret)
{
    g_auto(GStrv) parts = g_strsplit(text, "-", 2);
    gint64 year = 0, month = 0;
    if (parts[0] && parts[1]) {
        if (!base_text_to_int(parts[0], 1, 9999, &year) || !base_text_to_int(parts[1], 1, 12, &month)) {
            return false;
        }
    } else if (!base_text_to_int(text, 1, 12, &month)) {
        gint64 both = 0;
        if (!base_text_to_int(text, 101, 999912, &both) || both % 100 < 1 || both % 100 > 12) {
            return false;
        }
        year = both / 100;
        month = both % 100;
    }
    *ret = year * 100 + month;
    return true;
}

static void read_list(LifecyclePolicy *policy, const json_t *lifecycle, const char *key,
                      bool (*parse)(const char *text, gint64 *ret), GArray *to)
{
    size_t i;
    const json_t *one;
    json_array_foreach (json_object_get(lifecycle, key), i, one) {
        const char *text = json_string_value(one);
        g_autofree char *number =
            json_is_integer(one) ? g_strdup_printf("%" JSON_INTEGER_FORMAT, json_integer_value(one)) : NULL;
        gint64 value = 0;
        text = number ? number : text;
        if (text && parse(text, &value)) {
            g_array_append_val(to, value);
        } else {
            hold_for_doubt(policy, key, text ? text : "?");
        }
    }
}

/* ---- the matrix ---------------------------------------------------------------------------------------- */

static gint64 longer(gint64 days, gint64 declared)
{
    return declared == STANDARD_KEEP_UNKNOWN ? days : MAX(days, declared);
}

/* Where the matrix gives a range with an end, that end is what is kept when nothing is declared, and a
 * shorter life may be declared down to its beginning. Elsewhere what is declared can only lengthen. */
static void rule_by_cell(LifecyclePolicy *policy, const StandardRetention *cell, const char *profile)
{
    bool range = !cell->by_span && cell->max_days != STANDARD_KEEP_FOREVER;
    gint64 declared = policy->declared_days;
    policy->ruled = true;
    policy->matrix_days = range ? cell->max_days : standard_retention_days(cell, profile, policy->span_days);
    policy->month_end_days = cell->month_ends_days;
    policy->cold_days = cell->cold_days;
    policy->min_partitions = MAX(policy->min_partitions, cell->min_partitions);
    policy->end = cell->end;
    bool temporary = cell->min_days == 0;
    bool shorter =
        range && declared != STANDARD_KEEP_UNKNOWN && declared >= cell->min_days && declared < cell->max_days;
    policy->days = shorter     ? declared
                   : temporary ? policy->matrix_days /* the most that temporary data can have */
                               : longer(policy->matrix_days, declared);
}

/* A type of ODS alone: increments, logs, copies. */
static void rule_by_ods(LifecyclePolicy *policy, StandardTable *standard, bool full_beside)
{
    StandardOdsAsk ask = {.type = standard_ods_type(standard),
                          .full_beside = full_beside,
                          .reproducible = base_json_bool(standard->raw, "reproducible", false)};
    if (ask.type == STANDARD_ODS_NONE) {
        return;
    }
    gint64 days = standard_retention_ods(&ask);
    policy->end = policy->grade <= 1 ? STANDARD_END_ARCHIVE : STANDARD_END_DROP;
    if (ask.type == STANDARD_ODS_TEMP) {
        policy->type = STANDARD_ETL_TEMP;
        policy->end = STANDARD_END_RUN;
    }
    if (days == STANDARD_KEEP_UNKNOWN && policy->declared_days == STANDARD_KEEP_UNKNOWN) {
        policy->open = true;
        return;
    }
    policy->ruled = true;
    policy->matrix_days = days == STANDARD_KEEP_UNKNOWN ? policy->declared_days : days;
    policy->days = longer(policy->matrix_days, policy->declared_days);
}

static void read_standard(LifecyclePolicy *policy, StandardTable *standard, StandardCatalog *catalog,
                          const char *profile)
{
    StandardRun run = {.catalog = catalog};
    StandardRetention cell;
    policy->grade = standard->grade;
    policy->type = standard->type;
    policy->declared_days = standard->keep_days;
    policy->span_days = standard_span_days(standard);
    policy->zipper = standard->kind == STANDARD_ZIPPER;
    if (policy->span_days >= 0 &&
        !standard_retention_by_span(profile, policy->span_days, &policy->access_days)) {
        policy->access_days = LIFECYCLE_NEVER;
    }
    bool scratch = standard->layer == STANDARD_MID || standard->layer == STANDARD_TMP;
    if (scratch && policy->type == STANDARD_TYPE_NONE) {
        policy->type = STANDARD_ETL_TEMP; /* by its name: mid_, tmp_ */
    }
    if (policy->type == STANDARD_ETL_TEMP && policy->grade < 0) {
        policy->grade = 3; /* every grade has the same 7 days */
    }
    bool full_beside = standard_full_beside(&run, standard);
    if (standard_retention(policy->grade, policy->type, full_beside, &cell)) {
        rule_by_cell(policy, &cell, profile);
    } else if (policy->grade >= 0) {
        rule_by_ods(policy, standard, full_beside);
    }
}

static void read_kind(LifecyclePolicy *policy, const CatalogObject *object)
{
    if (!object->model) {
        return;
    }
    CatalogModelKind kind = object->model->kind;
    policy->zipper = policy->zipper || kind == CATALOG_MODEL_SCD2;
    policy->whole = kind == CATALOG_MODEL_FULL || kind == CATALOG_MODEL_MID || kind == CATALOG_MODEL_TEMP;
}

void lifecycle_policy_read(LifecyclePolicy *policy, const CatalogObject *object, StandardTable *standard,
                           StandardCatalog *catalog, const char *profile)
{
    const json_t *lifecycle = json_object_get(object->definition, "lifecycle");
    policy->min_partitions = MAX(base_json_int(lifecycle, "partitions", 0), 0);
    policy->archive_wanted = base_json_bool(lifecycle, "archive", false);
    policy->archive_refused = !base_json_bool(lifecycle, "archive", true);
    if (standard) {
        read_standard(policy, standard, catalog, profile);
    }
    read_kind(policy, object);
    read_holds(policy, json_object_get(lifecycle, "hold"));
    read_list(policy, lifecycle, "keep_dates", parse_date, policy->keep_dates);
    read_list(policy, lifecycle, "keep_months", parse_month, policy->keep_months);
}

gint64 lifecycle_policy_days(const LifecyclePolicy *policy)
{
    bool temporary = policy->type == STANDARD_ETL_TEMP || policy->type == STANDARD_TT_TEMP;
    return policy->span_days >= 0 && !temporary ? MAX(policy->days, policy->access_days) : policy->days;
}
