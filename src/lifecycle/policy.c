/* What a table's definition and the standard say of the life of its rows. */
#include "base/text.h"
#include "lifecycle/lifecycle_int.h"

void lifecycle_note(LifecyclePolicy *policy, const char *en, const char *zh)
{
    g_ptr_array_add(policy->notes, json_pack("{s:s, s:s}", "en", en, "zh", zh));
}

/* ---- holds ------------------------------------------------------------------------------------------ */

/* What says how data stays but cannot be read holds all of it: better too much than a day too little. */
static void hold_for_doubt(LifecyclePolicy *policy, const char *key, const json_t *value)
{
    g_autofree char *written =
        json_is_string(value) ? g_strdup(json_string_value(value)) : base_json_text(value);
    g_autofree char *en = g_strdup_printf(
        "`lifecycle.%s`: `%s` is not understood; all is held until it is mended", key, written);
    g_autofree char *zh = g_strdup_printf("`lifecycle.%s`：无法理解 `%s`；改正之前全部保留", key, written);
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
    if (said && !json_is_null(said) && (!until || !catalog_day_parse(until, &day))) {
        hold_for_doubt(policy, "hold.until", said);
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
    bool none = !hold || json_is_false(hold) || json_is_null(hold);
    if (!none && !policy->held && !json_is_array(hold)) {
        hold_for_doubt(policy, "hold", hold);
    }
}

static void read_date(LifecyclePolicy *policy, const char *key, const json_t *one,
                      bool (*parse)(const char *text, gint64 *ret), GArray *to)
{
    g_autofree char *number =
        json_is_integer(one) ? g_strdup_printf("%" JSON_INTEGER_FORMAT, json_integer_value(one)) : NULL;
    const char *text = number ? number : json_string_value(one);
    gint64 value = 0;
    if (text && parse(text, &value)) {
        g_array_append_val(to, value);
    } else {
        hold_for_doubt(policy, key, one);
    }
}

/* One, or a list of them. */
static void read_dates(LifecyclePolicy *policy, const json_t *lifecycle, const char *key,
                       bool (*parse)(const char *text, gint64 *ret), GArray *to)
{
    const json_t *list = json_object_get(lifecycle, key), *one;
    size_t i;
    if (list && !json_is_array(list) && !json_is_null(list)) {
        read_date(policy, key, list, parse, to);
    }
    json_array_foreach (list, i, one) {
        read_date(policy, key, one, parse, to);
    }
}

/* How long is read where the matrix is (standard); here it is only asked whether that could be read. */
static void read_doubts(LifecyclePolicy *policy, const CatalogObject *object, const json_t *lifecycle)
{
    bool passing = object->model &&
                   (object->model->kind == CATALOG_MODEL_MID || object->model->kind == CATALOG_MODEL_TEMP);
    const json_t *keep = json_is_object(lifecycle) ? json_object_get(lifecycle, "keep") : lifecycle,
                 *partitions = json_object_get(lifecycle, "partitions"),
                 *archive = json_object_get(lifecycle, "archive");
    gint64 us;
    if (keep && !catalog_keep_parse(keep, passing, &us)) {
        hold_for_doubt(policy, "keep", keep);
    }
    if (partitions && !json_is_integer(partitions)) {
        hold_for_doubt(policy, "partitions", partitions);
    }
    if (archive && !json_is_boolean(archive)) {
        hold_for_doubt(policy, "archive", archive);
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
    read_dates(policy, lifecycle, "keep_dates", catalog_keep_date_parse, policy->keep_dates);
    read_dates(policy, lifecycle, "keep_months", catalog_keep_month_parse, policy->keep_months);
    read_doubts(policy, object, lifecycle);
}

gint64 lifecycle_policy_days(const LifecyclePolicy *policy)
{
    bool temporary = policy->type == STANDARD_ETL_TEMP || policy->type == STANDARD_TT_TEMP;
    return policy->span_days >= 0 && !temporary ? MAX(policy->days, policy->access_days) : policy->days;
}
