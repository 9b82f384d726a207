/* Rules of section III.2: dimensions (DM). */
#include "standard/look.h"

#include <string.h>

static bool is_dim(const StandardTable *table)
{
    return table->layer == STANDARD_DIM ||
           (table->layer == STANDARD_LAYER_NONE && table->type == STANDARD_DIMENSION);
}

/* ---- DM-01: one dimension, one name
 * ---------------------------------------------------------------------------------- */

typedef struct {
    const char *name;
    GPtrArray *names, *types; /* of columns; char* */
    json_t *where;
    const StandardTable *first;
} Shared;

static void shared_free(gpointer pointer)
{
    Shared *shared = pointer;
    g_ptr_array_unref(shared->names);
    g_ptr_array_unref(shared->types);
    json_decref(shared->where);
    g_free(shared);
}

/* A column that may say which: a plain attribute of an entity (user_name of a user) is not the entity. */
static bool identifies(const StandardColumn *column)
{
    static const char *const ROLES[] = {"id", "identifier", "dim", "dimension", "code", "key", NULL};
    static const char *const ENDS[] = {"id", "code", "key", "no", "sk"};
    const char *entity = standard_first_text(column->raw, STANDARD_KEYS("entity", "concept"));
    bool found =
        column->key || g_strv_contains(ROLES, column->role) || g_ascii_strcasecmp(column->name, entity) == 0;
    for (size_t i = 0; !found && !column->role_said && i < G_N_ELEMENTS(ENDS); i++) {
        found = g_str_has_suffix(column->name, ENDS[i]);
    }
    return found;
}

/* The shared dimension that a column carries; "" = none. In Weir's files an entity, or {name} of `dimension`.
 */
static const char *dimension_of(const StandardColumn *column)
{
    const json_t *dimension = standard_first(
        column->raw, STANDARD_KEYS("dimension", "dim", "shared_dim", "shared_dimension", "conformed_dim"));
    const char *name = json_is_object(dimension)   ? standard_raw_text(dimension, "name")
                       : json_is_string(dimension) ? json_string_value(dimension)
                                                   : "";
    if (*name == '\0' && identifies(column)) {
        name = standard_first_text(column->raw, STANDARD_KEYS("entity", "concept"));
    }
    name = *name != '\0' ? name : standard_first_text(column->raw, STANDARD_KEYS("references"));
    bool said =
        column->role_said && (g_str_equal(column->role, "dim") || g_str_equal(column->role, "dimension"));
    return *name == '\0' && said ? column->name : name;
}

static bool named_in(const json_t *list, const char *name)
{
    size_t i = 0;
    const json_t *one = NULL;
    json_array_foreach (list, i, one) {
        const char *text = json_is_string(one)
                               ? json_string_value(one)
                               : standard_first_text(one, STANDARD_KEYS("name", "role", "column"));
        if (g_ascii_strcasecmp(text, name) == 0) {
            return true;
        }
    }
    return json_is_object(list) && json_object_get(list, name) != NULL;
}

/* A registered role (buyer_id of a member), or an exception that history left and that is on record. */
static bool registered_role(const StandardRun *run, const StandardColumn *column)
{
    static const char *const KEYS[] = {"role_name",       "role_of", "alias_of", "exception",
                                       "registered_role", "plays",   NULL};
    const json_t *roles =
        standard_first(run->catalog->raw, STANDARD_KEYS("role_names", "roles", "dim_roles"));
    return standard_first_said(column->raw, KEYS) || named_in(roles, column->name);
}

static Shared *shared_of(GHashTable *all, GPtrArray *order, const char *name, const StandardTable *table)
{
    Shared *shared = g_hash_table_lookup(all, name);
    if (shared == NULL) {
        shared = g_new0(Shared, 1);
        *shared = (Shared){.name = name,
                           .names = g_ptr_array_new(),
                           .types = g_ptr_array_new(),
                           .where = json_array(),
                           .first = table};
        g_hash_table_insert(all, (gpointer)(guintptr)name, shared);
        g_ptr_array_add(order, shared);
    }
    return shared;
}

static void note_shared(Shared *shared, const StandardTable *table, const StandardColumn *column)
{
    bool new_name = !standard_any(shared->names, column->name);
    bool new_type = *column->type != '\0' && !standard_any(shared->types, column->type);
    if (new_name) {
        g_ptr_array_add(shared->names, (gpointer)(guintptr)column->name);
    }
    if (new_type) {
        g_ptr_array_add(shared->types, (gpointer)(guintptr)column->type);
    }
    if (new_name || new_type) {
        json_array_append_new(shared->where, json_pack("{s:s, s:s, s:s}", "table", table->name, "column",
                                                       column->name, "type", column->type));
    }
}

/* The same dimension registered twice with another content. */
static void check_contents(StandardRun *run)
{
    const json_t *list =
        standard_first(run->catalog->raw, STANDARD_KEYS("dimensions", "dims", "shared_dims"));
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *one = json_array_get(list, i);
        const char *name = standard_raw_text(one, "name");
        for (size_t k = 0; k < i; k++) {
            const json_t *other = json_array_get(list, k);
            const json_t *content =
                standard_first(one, STANDARD_KEYS("values", "content", "type", "columns"));
            const json_t *before =
                standard_first(other, STANDARD_KEYS("values", "content", "type", "columns"));
            if (*name != '\0' && g_ascii_strcasecmp(standard_raw_text(other, "name"), name) == 0 &&
                !json_equal(content, before)) {
                standard_find(run, name, NULL, NULL, "one dimension with two contents", "同一维度有两种内容");
            }
        }
    }
}

static void check_shared(StandardRun *run)
{
    g_autoptr(GHashTable) all = g_hash_table_new(g_str_hash, g_str_equal);
    g_autoptr(GPtrArray) order = g_ptr_array_new_with_free_func(shared_free);
    for (guint t = 0; t < run->catalog->tables->len; t++) {
        const StandardTable *table = g_ptr_array_index(run->catalog->tables, t);
        for (guint c = 0; standard_above_ods(table) && c < table->columns->len; c++) {
            const StandardColumn *column = g_ptr_array_index(table->columns, c);
            const char *name = dimension_of(column);
            if (*name != '\0' && !registered_role(run, column)) {
                note_shared(shared_of(all, order, name, table), table, column);
            }
        }
    }
    for (guint i = 0; i < order->len; i++) {
        const Shared *shared = g_ptr_array_index(order, i);
        bool names = shared->names->len > 1;
        if (names || shared->types->len > 1) {
            g_autofree char *list = standard_join(names ? shared->names : shared->types);
            StandardFinding *found =
                names ? standard_find(run, shared->name, shared->first, shared->first->object,
                                      "one dimension under several names: %s", "同一维度有多个名称：%s", list)
                      : standard_find(run, shared->name, shared->first, shared->first->object,
                                      "one dimension of several types: %s", "同一维度有多种类型：%s", list);
            standard_finding_evidence(found, "columns", json_incref(shared->where));
        }
    }
    check_contents(run);
}

/* ---- what stands together
 * ------------------------------------------------------------------------------------------------- */

static bool are_related(const json_t *related, const char *a, const char *b)
{
    size_t i = 0;
    const json_t *group = NULL;
    json_array_foreach (related, i, group) {
        bool flat = json_is_string(group); /* one list of subjects that belong together */
        if (flat ? named_in(related, a) && named_in(related, b) : named_in(group, a) && named_in(group, b)) {
            return true;
        }
    }
    return false;
}

static void check_related(StandardRun *run, StandardTable *table)
{
    if (!is_dim(table)) {
        return;
    }
    const json_t *related =
        standard_first(table->raw, STANDARD_KEYS("related", "related_subjects", "relations"));
    related =
        related != NULL ? related : standard_first(run->catalog->raw, STANDARD_KEYS("related", "relations"));
    g_autoptr(GPtrArray) subjects = g_ptr_array_new();
    for (guint c = 0; c < table->columns->len; c++) {
        const StandardColumn *column = g_ptr_array_index(table->columns, c);
        const char *subject = standard_first_text(
            column->raw, STANDARD_KEYS("subject", "about", "topic", "theme", "describes"));
        if (*subject != '\0' && !standard_any(subjects, subject)) {
            g_ptr_array_add(subjects, (gpointer)(guintptr)subject);
        }
    }
    for (guint i = 1; i < subjects->len; i++) {
        if (!are_related(related, g_ptr_array_index(subjects, 0), g_ptr_array_index(subjects, i))) {
            g_autofree char *list = standard_join(subjects);
            StandardFinding *found = standard_find_table(run, table, "unrelated things in one dimension: %s",
                                                         "一张维表含不相关的对象：%s", list);
            standard_finding_evidence(found, "subjects", json_string(list));
            return;
        }
    }
}

static gint64 row_count(const StandardTable *table)
{
    gint64 rows = standard_first_int(table->raw,
                                     STANDARD_KEYS("row_count", "rows_count", "n_rows", "size", "rows"), -1);
    return table->rows != NULL ? (gint64)json_array_size(table->rows) : rows;
}

static bool is_leftover(const StandardRun *run, const StandardTable *table)
{
    gint64 rows = row_count(table);
    return is_dim(table) && rows >= 0 && rows <= standard_config_limit(run->config, "junk_rows", 10) &&
           strstr(table->name, "junk") == NULL && !standard_raw_bool(table->raw, "junk", false);
}

static void check_leftovers(StandardRun *run)
{
    g_autoptr(GPtrArray) small = g_ptr_array_new();
    for (guint t = 0; t < run->catalog->tables->len; t++) {
        StandardTable *table = g_ptr_array_index(run->catalog->tables, t);
        if (is_leftover(run, table)) {
            g_ptr_array_add(small, table);
        }
    }
    for (guint i = 0;
         (gint64)small->len >= standard_config_limit(run->config, "junk_tables", 3) && i < small->len; i++) {
        StandardFinding *found =
            standard_find_table(run, g_ptr_array_index(small, i), "one of %u dimensions of a few rows",
                                "%u 张极小维表之一", small->len);
        standard_finding_evidence(found, "count", json_integer(small->len));
    }
}

/* ---- DM-04: buckets
 * ------------------------------------------------------------------------------------------------------------
 */

typedef struct {
    double low, high;
} Bucket;

/* [0, 100], {low, high}, {from, to}, {min, max} or "0-100"; null = open. */
static bool bucket_of(const json_t *value, Bucket *ret)
{
    const json_t *low = json_array_get(value, 0);
    const json_t *high = json_array_get(value, 1);
    if (json_is_object(value)) {
        low = standard_first(value, STANDARD_KEYS("low", "from", "min", "lower", "start"));
        high = standard_first(value, STANDARD_KEYS("high", "to", "max", "upper", "end"));
    } else if (json_is_string(value)) {
        char *end = NULL;
        ret->low = g_ascii_strtod(json_string_value(value), &end);
        bool more = *end == '+' || (*end == '-' && end[1] == '\0');
        ret->high = more ? G_MAXDOUBLE : *end == '-' ? g_ascii_strtod(end + 1, NULL) : ret->low;
        return end != json_string_value(value) && *end != '\0';
    }
    ret->low = json_is_number(low) ? json_number_value(low) : -G_MAXDOUBLE;
    ret->high = json_is_number(high) ? json_number_value(high) : G_MAXDOUBLE;
    return json_is_array(value) || json_is_object(value);
}

static int by_low(const void *a, const void *b)
{
    const Bucket *x = a;
    const Bucket *y = b;
    return x->low < y->low ? -1 : x->low > y->low ? 1 : (x->high > y->high) - (x->high < y->high);
}

static void judge_buckets(StandardRun *run, const char *object, const StandardTable *table,
                          const json_t *ranges)
{
    g_autoptr(GArray) buckets = g_array_new(FALSE, FALSE, sizeof(Bucket));
    size_t i = 0;
    const json_t *one = NULL;
    json_array_foreach (ranges, i, one) {
        Bucket bucket = {0, 0};
        if (bucket_of(one, &bucket)) {
            g_array_append_val(buckets, bucket);
        }
    }
    g_array_sort(buckets, by_low);
    for (guint b = 0; b < buckets->len; b++) {
        const Bucket *now = &g_array_index(buckets, Bucket, b);
        const Bucket *before = b > 0 ? &g_array_index(buckets, Bucket, b - 1) : NULL;
        bool empty = now->low >= now->high;
        if (!empty && (before == NULL || now->low == before->high)) {
            continue;
        }
        bool overlap = before != NULL && now->low < before->high;
        StandardFinding *found =
            empty     ? standard_find(run, object, table, NULL, "an empty bucket at %g", "在 %g 处有空分段",
                                      now->low)
            : overlap ? standard_find(run, object, table, NULL, "buckets overlap from %g", "分段从 %g 起重叠",
                                      now->low)
                      : standard_find(run, object, table, NULL, "buckets leave a gap before %g",
                                      "分段在 %g 之前断档", now->low);
        standard_finding_evidence(found, "at", json_real(now->low));
        return;
    }
}

static void check_buckets(StandardRun *run)
{
    size_t i = 0;
    const json_t *one = NULL;
    json_array_foreach (run->catalog->buckets, i, one) {
        judge_buckets(run, standard_first_text(one, STANDARD_KEYS("name", "column")), NULL,
                      standard_first(one, STANDARD_KEYS("ranges", "buckets", "bands")));
    }
    for (guint t = 0; t < run->catalog->tables->len; t++) {
        const StandardTable *table = g_ptr_array_index(run->catalog->tables, t);
        judge_buckets(run, table->name, table,
                      standard_first(table->raw, STANDARD_KEYS("ranges", "buckets")));
        for (guint c = 0; c < table->columns->len; c++) {
            const StandardColumn *column = g_ptr_array_index(table->columns, c);
            g_autofree char *object = g_strdup_printf("%s.%s", table->name, column->name);
            judge_buckets(run, object, table,
                          standard_first(column->raw, STANDARD_KEYS("ranges", "buckets", "bands")));
        }
    }
}

/* ---- use and life
 * -----------------------------------------------------------------------------------------------------------------
 */

static gint64 used_columns(const StandardTable *table)
{
    gint64 said = standard_first_count(table->raw, STANDARD_KEYS("used_columns", "columns_used", "used"), -1);
    gint64 used = 0;
    bool any = false;
    for (guint c = 0; c < table->columns->len; c++) {
        const json_t *mark = standard_first(((StandardColumn *)g_ptr_array_index(table->columns, c))->raw,
                                            STANDARD_KEYS("used", "reads", "queries"));
        any = any || mark != NULL;
        used += json_is_true(mark) || json_integer_value(mark) > 0 ? 1 : 0;
    }
    return said >= 0 ? said : any ? used : -1;
}

static void check_wide(StandardRun *run, StandardTable *table)
{
    gint64 used = is_dim(table) ? used_columns(table) : -1;
    gint64 columns = standard_first_int(table->raw, STANDARD_KEYS("column_count", "n_columns", "columns"),
                                        table->columns->len);
    if (used >= 0 && columns >= standard_config_limit(run->config, "wide_columns", 50) &&
        used * 2 < columns) {
        StandardFinding *found =
            standard_find_table(run, table, "%" G_GINT64_FORMAT " of %" G_GINT64_FORMAT " columns are read",
                                "只有 %" G_GINT64_FORMAT " / %" G_GINT64_FORMAT " 列被使用", used, columns);
        standard_finding_evidence(found, "used", json_integer(used));
        standard_finding_evidence(found, "columns", json_integer(columns));
    }
}

static void check_large(StandardRun *run, StandardTable *table)
{
    const json_t *share = standard_first(
        table->raw, STANDARD_KEYS("scan_share", "read_share", "used_share", "rows_read_share", "share"));
    if (!is_dim(table) || !json_is_number(share) ||
        row_count(table) < standard_config_limit(run->config, "large_rows", 1000000)) {
        return;
    }
    double percent = json_number_value(share) * 100;
    bool subset = standard_first_said(table->raw, STANDARD_KEYS("subset", "subsets", "has_subset"));
    if (percent <= (double)standard_config_limit(run->config, "subset_percent", 5) && !subset) {
        StandardFinding *found = standard_find_table(run, table, "reads take %.3g %% of its rows",
                                                     "读取只用到 %.3g%% 的行", percent);
        standard_finding_evidence(found, "share", json_real(percent / 100));
    }
}

static void check_by_day(StandardRun *run, StandardTable *table)
{
    if (is_dim(table) && table->kind != STANDARD_ZIPPER && table->kind != STANDARD_VIEW &&
        table->kind != STANDARD_MANUAL && !standard_by_day(table)) {
        standard_find_table(run, table, "neither parted by day nor a zipper", "既没有按天分区，也不是拉链");
    }
}

void standard_check_span(StandardRun *run, StandardTable *table)
{
    gint64 span = standard_span_days(table);
    gint64 asked = 0;
    if (span == STANDARD_UNKNOWN || table->keep_days == STANDARD_KEEP_UNKNOWN ||
        *standard_reason(table) != '\0' || table->grade == 0 || table->grade == 1 ||
        !standard_retention_by_span(standard_span_profile(run), span, &asked) || asked == table->keep_days) {
        return;
    }
    g_autofree char *own = standard_days_show(table->keep_days);
    g_autofree char *days = standard_days_show(asked);
    StandardFinding *found = standard_find_table(
        run, table, "kept %s; queries read %" G_GINT64_FORMAT " days back, which asks for %s",
        "保留 %s；查询最大跨度 %" G_GINT64_FORMAT " 天，对应 %s", own, span, days);
    standard_finding_evidence(found, "span", json_integer(span));
    standard_finding_evidence(found, "actual_days", standard_days_json(table->keep_days));
    if (asked == STANDARD_KEEP_FOREVER) {
        /* the table of spans has no row for it: nothing is dropped, somebody looks */
        standard_finding_level(found, STANDARD_I);
        standard_finding_evidence(found, "keep_days", json_string("keep"));
        standard_finding_fix(found, "keep it, and look at what reads so far back",
                             "先保留，再核查跨度过大的查询");
    } else {
        standard_finding_evidence(found, "keep_days", json_integer(asked));
    }
}

static void check_span(StandardRun *run, StandardTable *table)
{
    if (is_dim(table)) {
        standard_check_span(run, table);
    }
}

const StandardCheck standard_checks_dm[] = {
    {.rule = STANDARD_DM_01, .catalog = check_shared},
    {.rule = STANDARD_DM_02, .table = check_related},
    {.rule = STANDARD_DM_03, .catalog = check_leftovers},
    {.rule = STANDARD_DM_04, .catalog = check_buckets},
    {.rule = STANDARD_DM_05, .table = check_wide},
    {.rule = STANDARD_DM_06, .table = check_large},
    {.rule = STANDARD_DM_07, .table = check_by_day},
    {.rule = STANDARD_DM_08, .table = check_span},
    STANDARD_CHECKS_END,
};
