/* A new model over a table, as the standard wants it: named by the grammar, with the header that its layer
 * asks for, columns cleaned (DWD, DIM) or summed (DWM, DWS), and checks. What only people know (owner,
 * process, unit of money, consumer) is taken from the table below, or asked for. */
#include <string.h>

#include "base/text.h"
#include "engine/sql.h"
#include "modelling/modelling.h"

typedef struct {
    char *name; /* in the new model */
    char *sql;  /* its expression; ends without alias */
    const StandardColumn *from;
    const char *role;
    bool key, measure, added; /* added: no column below (dt, a count) */
} NewColumn;

typedef struct {
    StandardCatalog *catalog;
    const ModellingNew *ask;
    StandardTable *from;
    StandardLayer layer;
    const char *domain;
    const char *time; /* column below that decides the interval; NULL = none */
    char *name, *subject, *about;
    bool unregistered;  /* metrics that the registry does not know */
    GPtrArray *columns; /* NewColumn* */
    GPtrArray *dims;    /* char*: what is grouped by, without dt */
} New;

static void column_free(gpointer pointer)
{
    NewColumn *column = pointer;
    g_free(column->name);
    g_free(column->sql);
    g_free(column);
}

static NewColumn *add(New *new, const char *name, char *sql_taken, const StandardColumn *from)
{
    NewColumn *column = g_new0(NewColumn, 1);
    *column = (NewColumn){.name = g_strdup(name),
                          .sql = sql_taken,
                          .from = from,
                          .role = from ? from->role : "",
                          .added = from == NULL};
    g_ptr_array_add(new->columns, column);
    return column;
}

static NewColumn *column_named(const New *new, const char *name)
{
    for (guint i = 0; i < new->columns->len; i++) {
        NewColumn *column = g_ptr_array_index(new->columns, i);
        if (g_ascii_strcasecmp(column->name, name) == 0) {
            return column;
        }
    }
    return NULL;
}

/* ---- names
 * ------------------------------------------------------------------------------------------------- */

static bool ends(const char *text, const char *ending)
{
    return g_str_has_suffix(text, ending);
}

/* "payTime" -> "pay_time", "id" -> "order_id", "date" -> "date_col", "order_num" -> "order_cnt". */
static char *field_name(const New *new, const StandardColumn *column)
{
    g_autoptr(GString) out = g_string_new(NULL);
    for (const char *c = column->name; *c != '\0'; c++) {
        if (c > column->name && g_ascii_isupper(*c) && g_ascii_islower(c[-1])) {
            g_string_append_c(out, '_');
        }
        g_string_append_c(out, g_ascii_tolower(*c));
    }
    bool count = g_str_equal(column->role, "count"), money = g_str_equal(column->role, "money");
    char *cut = strrchr(out->str, '_');
    bool counted = ends(out->str, "_cnt") || ends(out->str, "_ucnt");
    bool priced = ends(out->str, "_amt") || ends(out->str, "_price");
    if ((count && !counted) || (money && !priced)) {
        const char *root = count ? "cnt" : ends(out->str, "price") ? "price" : "amt";
        g_autofree char *stem = cut ? g_strndup(out->str, (gsize)(cut - out->str)) : g_strdup(new->subject);
        return g_strdup_printf("%s_%s", stem, root);
    }
    if (g_str_equal(out->str, "id") || g_str_equal(out->str, "name")) {
        return g_strdup_printf("%s_%s", new->subject, out->str);
    }
    if (g_str_equal(column->role, "bool") && !g_str_has_prefix(out->str, "is_")) {
        g_autofree char *stem =
            ends(out->str, "_flag") ? g_strndup(out->str, out->len - 5) : g_strdup(out->str);
        return g_strconcat("is_", stem, NULL);
    }
    return standard_is_keyword(out->str) ? g_strconcat(out->str, "_col", NULL) : g_strdup(out->str);
}

static const char *department(const New *new)
{
    const json_t *standard = json_object_get(catalog_project_settings(new->catalog->snapshot), "standard");
    const char *first = json_string_value(base_json_entry(json_object_get(standard, "departments"), 0));
    for (guint i = 0; !first && i < new->catalog->roots->len; i++) {
        const StandardRoot *root = g_ptr_array_index(new->catalog->roots, i);
        first = g_str_has_prefix(root->category, "dep") ? root->code : NULL;
    }
    return first ? first : "pub";
}

/* The words of the table below between layer and period. */
static GPtrArray *words_below(const New *new)
{
    GPtrArray *words = g_ptr_array_new_with_free_func(g_free);
    g_auto(GStrv) parts = g_strsplit(new->from->name, "_", -1);
    guint n = g_strv_length(parts);
    StandardLayer layer = standard_layer_by_name(n ? parts[0] : "");
    bool regular = layer >= STANDARD_DWD && layer <= STANDARD_APP; /* the department stands second */
    for (guint i = regular ? 2 : layer != STANDARD_LAYER_NONE ? 1 : 0; i < n; i++) {
        bool tail = i + 1 == n && n > 2 && standard_is_refresh(parts[i]);
        if (!tail && !standard_is_period(parts[i]) && *parts[i] != '\0') {
            g_ptr_array_add(words, g_ascii_strdown(parts[i], -1));
        }
    }
    return words;
}

static bool usable(const New *new, const char *word)
{
    return !new->catalog->roots_given || standard_word_registered(new->catalog, word);
}

/* Business line and subject are two words at least; the domain stands in front of a single one. */
static void add_regular_words(const New *new, GPtrArray *words, GString *out)
{
    const char *dept = department(new);
    g_string_append_printf(out, "_%s", dept);
    guint from = words->len > 2 && g_str_equal(g_ptr_array_index(words, 0), dept) ? 1 : 0; /* of ODS */
    bool led = words->len > 0 && g_str_equal(g_ptr_array_index(words, from), new->domain);
    if (!led && (words->len - from < 2 ||
                 (usable(new, new->domain) && standard_layer_of_name(new->from->name) == STANDARD_ODS))) {
        g_string_append_printf(out, "_%s", new->domain);
    }
    for (guint i = from; i < words->len; i++) {
        g_string_append_printf(out, "_%s", (const char *)g_ptr_array_index(words, i));
    }
}

static void find_subject(New *new)
{
    g_autoptr(GPtrArray) words = words_below(new);
    new->subject = g_strdup(words->len ? g_ptr_array_index(words, words->len - 1) : new->from->name);
}

/* "user_id" -> "user" */
static char *stem_of(const char *column)
{
    bool ending = ends(column, "_id") || ends(column, "_code");
    const char *cut = strrchr(column, '_');
    return ending ? g_strndup(column, (gsize)(cut - column)) : g_strdup(column);
}

static bool has_word(const GPtrArray *words, const char *word)
{
    return standard_any(words, word);
}

/* Of a sum the words of its dimensions stand in the name, those of the sum below no more. */
static void change_dims(const New *new, GPtrArray *words)
{
    bool summed = new->from->layer == STANDARD_DWM || new->from->layer == STANDARD_DWS;
    for (guint i = 0; summed && i < new->from->key->len; i++) {
        g_autofree char *stem = stem_of(g_ptr_array_index(new->from->key, i));
        for (guint w = words->len; w-- > 2;) {
            if (g_str_equal(g_ptr_array_index(words, w), stem)) {
                g_ptr_array_remove_index(words, w);
            }
        }
    }
    for (guint i = 0; i < new->dims->len; i++) {
        char *stem = stem_of(g_ptr_array_index(new->dims, i));
        if (has_word(words, stem)) {
            g_free(stem);
        } else {
            g_ptr_array_add(words, stem);
        }
    }
}

static char *joined(const GPtrArray *words)
{
    GString *out = g_string_new(NULL);
    for (guint i = 0; i < words->len; i++) {
        g_string_append_printf(out, "%s%s", i ? "_" : "", (const char *)g_ptr_array_index(words, i));
    }
    return g_string_free(out, FALSE);
}

static void make_name(New *new)
{
    g_autoptr(GPtrArray) words = words_below(new);
    g_autoptr(GString) out = g_string_new(standard_layer_name(new->layer));
    bool daily = new->layer >= STANDARD_DWM &&new->layer <= STANDARD_APP;
    change_dims(new, words);
    g_autofree char *text = joined(words);
    new->about = g_strconcat(text, daily ? "_1d" : "", NULL);
    if (new->layer == STANDARD_DIM) {
        g_string_append_printf(out, "_%s", text);
    } else {
        add_regular_words(new, words, out);
        g_string_append(out, daily ? "_1d" : "");
        g_string_append(out, new->time &&new->layer != STANDARD_APP ? "_i" : "_f");
    }
    new->name = new->ask->name ? g_strdup(new->ask->name) : g_string_free(g_steal_pointer(&out), FALSE);
}

/* ---- cleaned columns
 * ------------------------------------------------------------------------------------------- */

static bool is_integer(const char *type)
{
    return strstr(type, "int") != NULL;
}

static bool is_number(const char *type)
{
    return is_integer(type) || g_str_has_prefix(type, "decimal") || g_str_has_prefix(type, "double") ||
           g_str_has_prefix(type, "float") || g_str_has_prefix(type, "real");
}

static bool is_time(const char *type)
{
    return g_str_has_prefix(type, "date") || g_str_has_prefix(type, "timestamp");
}

static char *cleaned(const StandardColumn *column, bool key)
{
    g_autofree char *name = engine_sql_name(column->name);
    const char *role = column->role;
    if (g_str_equal(role, "money")) {
        return g_strdup_printf("CAST(coalesce(%s, 0) AS DECIMAL(28, 6))", name);
    }
    if (g_str_equal(role, "count")) {
        return g_strdup_printf("CAST(coalesce(%s, 0) AS BIGINT)", name);
    }
    if (g_str_equal(role, "ratio")) {
        return g_strdup_printf("CAST(coalesce(%s, 0) AS DECIMAL(10, 4))", name);
    }
    if (g_str_equal(role, "id")) {
        return key ? g_strdup_printf("CAST(%s AS BIGINT)", name)
                   : g_strdup_printf("CAST(coalesce(%s, -1) AS BIGINT)", name);
    }
    if (g_str_equal(role, "bool")) {
        return g_strdup_printf("CAST(coalesce(%s, false) AS BOOLEAN)", name);
    }
    if (g_str_equal(role, "status") || g_str_equal(role, "code")) {
        return key ? g_strdup_printf("CAST(%s AS VARCHAR)", name)
                   : g_strdup_printf("coalesce(lower(trim(CAST(%s AS VARCHAR))), '-1')", name);
    }
    if (key || is_time(column->type)) {
        return g_strdup(name);
    }
    return is_number(column->type) ? g_strdup_printf("coalesce(%s, 0)", name)
                                   : g_strdup_printf("trim(CAST(%s AS VARCHAR))", name);
}

static bool is_key(const New *new, const StandardColumn *column)
{
    if (new->from->key->len > 0) {
        return standard_any(new->from->key, column->name);
    }
    return column->key || (new->from->columns->len > 0 && column == g_ptr_array_index(new->from->columns, 0));
}

static void add_detail(New *new)
{
    for (guint i = 0; i < new->from->columns->len; i++) {
        const StandardColumn *column = g_ptr_array_index(new->from->columns, i);
        g_autofree char *name = field_name(new, column);
        bool key = is_key(new, column);
        if (column_named(new, name)) {
            continue;
        }
        NewColumn *made = add(new, name, cleaned(column, key), column);
        made->key = key;
        bool counts = g_str_equal(column->role, "money") || g_str_equal(column->role, "count");
        made->measure = counts || g_str_equal(column->role, "ratio") ||
                        (*column->role == '\0' && is_number(column->type));
    }
    if (new->layer == STANDARD_DWD &&new->time && !column_named(new, "dt")) {
        g_autofree char *time = engine_sql_name(new->time);
        add(new, "dt", g_strdup_printf("CAST(%s AS DATE)", time), NULL);
    }
}

/* ---- sums
 * ---------------------------------------------------------------------------------------------------------
 */

static bool is_measure(const StandardColumn *column)
{
    static const char *const ROLES[] = {"money", "count", "measure", NULL};
    return g_strv_contains(ROLES, column->role) || (*column->role == '\0' && is_number(column->type));
}

static bool registered(const New *new, const char *name)
{
    for (guint i = 0; i < new->catalog->metrics->len; i++) {
        const StandardMetric *metric = g_ptr_array_index(new->catalog->metrics, i);
        if (g_ascii_strcasecmp(metric->name, name) == 0) {
            return true;
        }
    }
    return false;
}

/* Dimensions: asked for, else the ids and entities that are no key of the table below. */
static bool choose_dims(New *new, GError **error)
{
    for (const char *const *by = new->ask->by; by && *by; by++) {
        if (!standard_column_by_name(new->from, *by)) {
            return base_fail(error, BASE_E_COLUMN_UNKNOWN, "`%s` has no column `%s`", new->from->name, *by);
        }
        g_ptr_array_add(new->dims, g_strdup(*by));
    }
    bool summed = new->from->layer == STANDARD_DWM || new->from->layer == STANDARD_DWS;
    for (guint i = 0; !new->ask->by &&i < new->from->columns->len; i++) {
        const StandardColumn *column = g_ptr_array_index(new->from->columns, i);
        bool key = standard_any(new->from->key, column->name) && !g_str_equal(column->name, "dt");
        bool id = g_str_equal(column->role, "id") || standard_raw_has(column->raw, "entity");
        if (summed ? key : id && !key) {
            g_ptr_array_add(new->dims, g_strdup(column->name));
        }
    }
    return new->dims->len > 0 ||
           base_fail(error, BASE_E_USAGE, "`%s` has no dimension to sum by: name columns with --by",
                     new->from->name);
}

static void add_measure(New *new, const StandardColumn *column)
{
    bool whole = g_str_equal(column->role, "count") || is_integer(column->type);
    const char *type = g_str_equal(column->role, "money") ? "DECIMAL(28, 6)" : whole ? "BIGINT" : "DOUBLE";
    g_autofree char *name = engine_sql_name(column->name);
    bool app = new->layer == STANDARD_APP;
    NewColumn *made =
        add(new, column->name,
            app ? g_strdup(name) : g_strdup_printf("CAST(sum(coalesce(%s, 0)) AS %s)", name, type), column);
    made->measure = true;
    new->unregistered = new->unregistered || !registered(new, column->name);
}

static void add_sums(New *new)
{
    if (standard_column_by_name(new->from, "dt")) {
        add(new, "dt", g_strdup("dt"), standard_column_by_name(new->from, "dt"))->key = true;
    } else if (new->time) {
        g_autofree char *time = engine_sql_name(new->time);
        add(new, "dt", g_strdup_printf("CAST(%s AS DATE)", time), NULL)->key = true;
    }
    for (guint i = 0; i < new->dims->len; i++) {
        const char *dim = g_ptr_array_index(new->dims, i);
        if (!column_named(new, dim)) {
            add(new, dim, engine_sql_name(dim), standard_column_by_name(new->from, dim))->key = true;
        }
    }
    if (new->from->layer == STANDARD_DWD) {
        const char *word = *new->from->process != '\0' ? new->from->process : new->subject;
        g_autofree char *name = g_strdup_printf("%s_cnt", word);
        add(new, name, g_strdup("count(*)"), NULL)->measure = true;
        new->unregistered = new->unregistered || !registered(new, name);
    }
    for (guint i = 0; i < new->from->columns->len; i++) {
        const StandardColumn *column = g_ptr_array_index(new->from->columns, i);
        bool ratio = g_str_equal(column->role, "ratio") || ends(column->name, "_ucnt"); /* do not add up */
        if (is_measure(column) && !ratio && !column_named(new, column->name)) {
            add_measure(new, column);
        }
    }
}

/* ---- text
 * -----------------------------------------------------------------------------------------------------------
 */

/* "order_cnt" -> "Order count". Caller frees. */
static char *title_of(const char *name)
{
    static const char *const WORDS[][2] = {
        {"cnt", "count"}, {"amt", "amount"}, {"dt", "day"}, {"1d", "by day"}};
    g_auto(GStrv) parts = g_strsplit(name, "_", -1);
    for (size_t i = 0; parts[i]; i++) {
        for (size_t w = 0; w < G_N_ELEMENTS(WORDS); w++) {
            if (g_str_equal(parts[i], WORDS[w][0])) {
                g_free(parts[i]);
                parts[i] = g_strdup(WORDS[w][1]);
            }
        }
    }
    char *title = g_strjoinv(" ", parts);
    *title = g_ascii_toupper(*title);
    return title;
}

static json_t *title_json(const NewColumn *column)
{
    const json_t *said = column->from ? json_object_get(column->from->raw, "title") : NULL;
    g_autofree char *title = title_of(column->name);
    return said ? json_incref((json_t *)(guintptr)said) : json_string(title);
}

static json_t *column_json(const New *new, const NewColumn *column)
{
    json_t *json = json_object();
    base_json_set_string(json, "name", column->name);
    json_object_set_new(json, "title", title_json(column));
    const json_t *entity = column->from ? json_object_get(column->from->raw, "entity") : NULL;
    if (entity) {
        json_object_set(json, "entity", (json_t *)(guintptr)entity);
    }
    if (g_str_equal(column->role, "money")) {
        base_json_set_string(json, "unit", *column->from->unit != '\0' ? column->from->unit : new->ask->unit);
    }
    bool alone =
        column->key && (new->layer == STANDARD_DWD || new->layer == STANDARD_DIM) && new->from->key->len <= 1;
    if (alone) {
        json_object_set_new(json, "checks", json_pack("[s, s]", "not_null", "unique"));
    } else if (column->key || (column->measure && new->layer != STANDARD_DIM)) {
        json_object_set_new(json, "checks", json_pack("[s]", "not_null"));
    }
    return json;
}

static void put(GString *out, const char *key, const char *value)
{
    if (value && *value != '\0') {
        g_autoptr(json_t) json = json_string(value);
        bool plain = base_text_is_name(value) || g_regex_match_simple("^[A-Za-z0-9_-]+$", value, 0, 0);
        g_autofree char *text = plain ? g_strdup(value) : base_json_text(json);
        g_string_append_printf(out, "-- %s: %s\n", key, text);
    }
}

static void put_key(const New *new, GString *out)
{
    g_autoptr(GString) list = g_string_new(NULL);
    for (guint i = 0; i < new->columns->len; i++) {
        const NewColumn *column = g_ptr_array_index(new->columns, i);
        if (column->key) {
            g_string_append_printf(list, "%s%s", list->len ? ", " : "", column->name);
        }
    }
    g_string_append_printf(out, "-- key: [%s]\n", list->str);
}

static bool is_incremental(const New *new)
{
    return new->time &&new->layer != STANDARD_DIM &&new->layer != STANDARD_APP;
}

static void put_layer_keys(const New *new, GString *out)
{
    bool incremental = is_incremental(new);
    const char *process = new->ask->process     ? new->ask->process
                          : *new->from->process ? new->from->process
                                                : new->subject;
    put(out, "kind", incremental ? "incremental" : "full");
    if (new->layer == STANDARD_DIM) {
        put(out, "type", "dim");
        put(out, "unknown_member", "true");
    } else {
        put(out, "type", incremental ? "event_flow" : "ordinary_full");
    }
    if (new->layer == STANDARD_DWD) {
        put(out, "process", process);
        put(out, "fact_type", "transaction");
    }
    if (new->layer == STANDARD_APP) {
        put(out, "consumer", new->ask->consumer);
    }
    if (new->layer != STANDARD_DIM) {
        put(out, "stability", new->unregistered ? "exploratory" : "stable");
    }
    if (incremental) {
        put(out, "time", new->layer == STANDARD_DWD ? column_named(new, new->time) ? new->time : "dt" : "dt");
        put(out, "partition", "dt");
    }
}

static char *header(const New *new, const char *owner, const char *grade)
{
    GString *out = g_string_new("-- ---\n");
    g_autofree char *title = title_of(new->about);
    put(out, "title", title);
    put(out, "layer", standard_layer_name(new->layer));
    put_layer_keys(new, out);
    put_key(new, out);
    put(out, "grade", grade);
    put(out, "owner", owner);
    g_string_append(out, "-- columns:\n");
    for (guint i = 0; i < new->columns->len; i++) {
        g_autoptr(json_t) json = column_json(new, g_ptr_array_index(new->columns, i));
        g_autofree char *text = base_json_text(json);
        g_string_append_printf(out, "--   - %s\n", text);
    }
    g_string_append(out, "-- ---\n");
    return g_string_free(out, FALSE);
}

static char *source_name(const New *new)
{
    g_autofree char *table = engine_sql_name(new->from->name), *domain = engine_sql_name(new->from->domain);
    bool here = g_str_equal(new->from->domain, new->domain) || *new->from->domain == '\0';
    return g_strconcat(here ? "" : domain, here ? "" : ".", table, NULL);
}

/* One row a key: the newest; then by all else, so that each run takes the same one. */
static void put_dedup(const New *new, GString *out)
{
    g_autoptr(GString) keys = g_string_new(NULL);
    g_autoptr(GString) order = g_string_new(NULL);
    if (new->time) {
        g_autofree char *time = engine_sql_name(new->time);
        g_string_append_printf(order, "%s DESC", time);
    }
    for (guint i = 0; i < new->from->columns->len; i++) {
        const StandardColumn *column = g_ptr_array_index(new->from->columns, i);
        g_autofree char *name = engine_sql_name(column->name);
        GString *to = is_key(new, column) ? keys : order;
        if (g_strcmp0(column->name, new->time) != 0 || to == keys) {
            g_string_append_printf(to, "%s%s", to->len ? ", " : "", name);
        }
    }
    bool unique = new->from->object &&new->from->object->table &&new->from->object->table->model ==
                  CATALOG_UNIQUE &&new->from->key->len > 0;
    if (!unique && order->len > 0) {
        g_string_append_printf(out, "QUALIFY row_number() OVER (PARTITION BY %s ORDER BY %s) = 1\n",
                               keys->str, order->str);
    }
}

static char *body(const New *new)
{
    GString *out = g_string_new("SELECT ");
    bool sums = new->layer == STANDARD_DWM || new->layer == STANDARD_DWS;
    g_autoptr(GString) group = g_string_new(NULL);
    for (guint i = 0; i < new->columns->len; i++) {
        const NewColumn *column = g_ptr_array_index(new->columns, i);
        g_autofree char *name = engine_sql_name(column->name);
        g_string_append_printf(out, "%s%s", i ? ",\n       " : "", column->sql);
        if (!g_str_equal(column->sql, name)) {
            g_string_append_printf(out, " AS %s", name);
        }
        if (sums && column->key) {
            g_string_append_printf(group, "%s%s", group->len ? ", " : "", column->sql);
        }
    }
    g_autofree char *from = source_name(new);
    g_string_append_printf(out, "\nFROM %s\n", from);
    if (is_incremental(new)) {
        g_autofree char *time = engine_sql_name(new->time);
        g_string_append_printf(out, "WHERE %s >= $start AND %s < $end\n", time, time);
    }
    if (sums) {
        g_string_append_printf(out, "GROUP BY %s\n", group->str);
    } else if (new->layer != STANDARD_APP) {
        put_dedup(new, out);
    }
    return g_string_free(out, FALSE);
}

/* ---- what is asked
 * -------------------------------------------------------------------------------------------------- */

/* A day where rows are summed by day, else the time that the table below names, else its first time. */
static const char *time_below(const StandardTable *from, bool by_day)
{
    const StandardColumn *dt = by_day ? standard_column_by_name(from, "dt") : NULL;
    if (dt) {
        return dt->name;
    }
    const char *said = standard_raw_text(from->raw, "time");
    if (*said != '\0' && standard_column_by_name(from, said)) {
        return said;
    }
    const StandardColumn *day = standard_column_by_name(from, "dt");
    for (guint i = 0; !day && i < from->columns->len; i++) {
        const StandardColumn *column = g_ptr_array_index(from->columns, i);
        day = is_time(column->type) && from->kind != STANDARD_FULL ? column : NULL;
    }
    return day ? day->name : NULL;
}

static bool check_ask(New *new, GError **error)
{
    static const char *const BELOW[][2] = {
        {"dim", "ods dim dwd"}, {"dwd", "ods dim"}, {"dwm", "dwd"}, {"dws", "dwm dwd"}, {"app", "dws dim"}};
    const char *below = standard_layer_name(new->from->layer), *fits = NULL;
    for (size_t i = 0; i < G_N_ELEMENTS(BELOW); i++) {
        fits = g_str_equal(BELOW[i][0], standard_layer_name(new->layer)) ? BELOW[i][1] : fits;
    }
    if (!fits) {
        return base_fail(error, BASE_E_VALUE_INVALID, "a layer is dim, dwd, dwm, dws or app, not `%s`",
                         new->ask->layer);
    }
    if (*below == '\0' || !strstr(fits, below)) {
        base_fail(error, BASE_E_VALUE_INVALID, "%s is not made from %s", standard_layer_name(new->layer),
                  *below ? below : "a table without layer");
        base_error_hint(error, "it reads %s", fits);
        return false;
    }
    if (new->from->columns->len == 0) {
        return base_fail(error, BASE_E_COLUMN_UNKNOWN, "the columns of `%s` are not known yet",
                         new->from->name);
    }
    return true;
}

static bool check_unit(const New *new, GError **error)
{
    for (guint i = 0; i < new->columns->len; i++) {
        const NewColumn *column = g_ptr_array_index(new->columns, i);
        if (g_str_equal(column->role, "money") && *column->from->unit == '\0' && !new->ask->unit) {
            base_fail(error, BASE_E_USAGE, "`%s` is money, and nothing says in what", column->from->name);
            base_error_hint(error, "say it with --unit, such as CNY_yuan, or `unit:` at the column of `%s`",
                            new->from->name);
            return false;
        }
    }
    return true;
}

static void new_clear(New *new)
{
    g_free(new->name);
    g_free(new->subject);
    g_free(new->about);
    g_ptr_array_unref(new->columns);
    g_ptr_array_unref(new->dims);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(New, new_clear)

bool modelling_new(StandardCatalog *catalog, const ModellingNew *ask, json_t **ret, GError **error)
{
    const CatalogObject *object = catalog_find(catalog->snapshot, ask->from, ask->domain, error);
    StandardTable *from = object ? standard_table_by_name(catalog, object->full_name) : NULL;
    if (!from) {
        return !object ? false : base_fail(error, BASE_E_TABLE_UNKNOWN, "`%s` is no table", ask->from);
    }
    g_auto(New) new = {.catalog = catalog,
                       .ask = ask,
                       .from = from,
                       .layer = standard_layer_by_name(ask->layer),
                       .domain = ask->domain ? ask->domain : from->domain,
                       .time = time_below(from, standard_layer_by_name(ask->layer) >= STANDARD_DWM),
                       .columns = g_ptr_array_new_with_free_func(column_free),
                       .dims = g_ptr_array_new_with_free_func(g_free)};
    if (!check_ask(&new, error)) {
        return false;
    }
    bool detail = new.layer == STANDARD_DIM || new.layer == STANDARD_DWD;
    if (!detail && !choose_dims(&new, error)) {
        return false;
    }
    find_subject(&new);
    make_name(&new);
    if (!base_text_is_name(new.name)) {
        return base_fail(error, BASE_E_NAME_INVALID, "`%s` is not a name", new.name);
    }
    if (detail) {
        add_detail(&new);
    } else {
        add_sums(&new);
    }
    if (!check_unit(&new, error)) {
        return false;
    }
    const char *owner = ask->owner ? ask->owner : from->owner;
    const char *grade = ask->grade ? ask->grade : *from->grade_text ? from->grade_text : "P2";
    g_autofree char *head = header(&new, owner, grade), *select = body(&new);
    g_autofree char *text = g_strconcat(head, select, NULL),
                    *path = g_strdup_printf("domains/%s/models/%s.sql", new.domain, new.name);
    *ret = json_pack("{s:s, s:s, s:s, s:s, s:b}", "name", new.name, "domain", new.domain, "path", path,
                     "text", text, "unregistered_metrics", new.unregistered);
    return true;
}
