/* Rules of section I.1: what each layer is for. */
#include "standard/look.h"

#include <string.h>

static guint count_reads(const StandardTable *table, StandardLayer layer)
{
    guint n = 0;
    for (guint i = 0; i < table->reads->len; i++) {
        n += ((const StandardTable *)g_ptr_array_index(table->reads, i))->layer == layer ? 1 : 0;
    }
    return n;
}

static void ld_01(StandardRun *run, StandardTable *table)
{
    StandardLayer named = standard_layer_of_name(table->name);
    StandardLayer declared = standard_layer_by_name(table->layer_text);
    if (declared == STANDARD_LAYER_NONE && *table->layer_text != '\0') {
        standard_find_table(run, table, "`%1$s` declares the layer `%2$s`, which does not exist",
                            "`%1$s` 声明的分层 `%2$s` 不存在", table->name, table->layer_text);
    } else if (named == STANDARD_LAYER_NONE) {
        standard_find_table(run, table, "the name `%s` begins with no layer", "表名 `%s` 没有分层前缀",
                            table->name);
    } else if (declared != STANDARD_LAYER_NONE && declared != named) {
        StandardFinding *finding =
            standard_find_table(run, table, "`%1$s` declares the layer %2$s", "`%1$s` 声明为 %2$s 层",
                                table->name, standard_layer_name(declared));
        standard_finding_set(finding, "layer", standard_layer_name(named));
    }
}

static void ld_02(StandardRun *run, StandardTable *table)
{
    const StandardSql *sql = table->layer == STANDARD_ODS ? standard_sql(table) : NULL;
    if (sql == NULL) {
        return;
    }
    const char *what = sql->join || (sql->tables->len == 0 && table->reads->len > 1) ? "joins"
                       : sql->group_by || sql->aggregate                             ? "aggregates"
                                                                                     : NULL;
    if (what != NULL) {
        standard_find_table(run, table, "the ODS table `%1$s` %2$s", "ODS 表 `%1$s` 做了加工（%2$s）",
                            table->name, what);
    }
}

/* ---- syncs ------------------------------------------------------------------------------------------ */

static const char *sync_object(const StandardSync *sync)
{
    return *sync->source != '\0' ? sync->source : *sync->table != '\0' ? sync->table : sync->job;
}

/* Where the sync is written as a query. A condition with a value of the run takes what is new. */
static const char *change_of_query(const StandardSql *sql)
{
    bool filters = sql->ok && sql->where && !sql->filled_in;
    for (guint i = 0; sql->ok && !filters && i < sql->expressions->len; i++) {
        filters = ((const StandardExpression *)g_ptr_array_index(sql->expressions, i))->filter;
    }
    return !sql->ok ? NULL : filters ? "where" : sql->distinct ? "distinct" : NULL;
}

static void find_changed(StandardRun *run, const char *object, const StandardTable *target,
                         const CatalogObject *at, const char *change)
{
    StandardFinding *finding =
        standard_find(run, object, target, at, "the sync of `%1$s` changes rows on the way (`%2$s`)",
                      "`%1$s` 的同步在途中改动了数据（`%2$s`）", object, change);
    standard_finding_word(finding, change);
}

static void judge_sync(StandardRun *run, const StandardSync *sync)
{
    static const char *const CHANGES[] = {"where",    "filter",   "dedup",     "deduplicate",
                                          "distinct", "replace",  "transform", "transforms",
                                          "clean",    "outliers", "rewrite"};
    for (size_t i = 0; i < G_N_ELEMENTS(CHANGES); i++) {
        const json_t *value = json_object_get(sync->raw, CHANGES[i]);
        bool set = value != NULL && !json_is_null(value) && !json_is_false(value) &&
                   !(json_is_array(value) && json_array_size(value) == 0) &&
                   !(json_is_string(value) && *json_string_value(value) == '\0');
        if (set) {
            find_changed(run, sync_object(sync), sync->target, sync->object, CHANGES[i]);
            return;
        }
    }
    const char *query = standard_first_text(sync->raw, STANDARD_KEYS("sql", "query"));
    StandardTable read = {.sql = *query != '\0' ? query : NULL};
    const char *change = change_of_query(standard_sql(&read));
    if (change != NULL) {
        find_changed(run, sync_object(sync), sync->target, sync->object, change);
    }
    standard_sql_free(read.facts);
}

static void ld_03(StandardRun *run)
{
    for (guint i = 0; i < run->catalog->syncs->len; i++) {
        judge_sync(run, g_ptr_array_index(run->catalog->syncs, i));
    }
    for (guint i = 0; i < run->catalog->tables->len; i++) {
        StandardTable *table = g_ptr_array_index(run->catalog->tables, i);
        const char *change = table->layer == STANDARD_ODS ? change_of_query(standard_sql(table)) : NULL;
        if (change != NULL) {
            find_changed(run, table->name, table, table->object, change);
        }
    }
}

static gint64 length_of(const json_t *raw, const char *key)
{
    const json_t *value = json_object_get(raw, key);
    return json_is_array(value)    ? (gint64)json_array_size(value)
           : json_is_object(value) ? (gint64)json_object_size(value)
                                   : standard_raw_int(raw, key, -1);
}

static bool says_why(const json_t *raw)
{
    const json_t *exclude = json_object_get(raw, "exclude");
    return standard_raw_has(raw, "reason") || standard_raw_has(raw, "exclude_reason") ||
           (json_is_object(exclude) && standard_raw_has(exclude, "reason"));
}

static void ld_04(StandardRun *run, const StandardSync *sync)
{
    gint64 all = length_of(sync->raw, "source_columns");
    gint64 taken = length_of(sync->raw, "columns");
    taken = taken >= 0 ? taken : length_of(sync->raw, "synced_columns");
    bool excluded = length_of(sync->raw, "exclude") > 0;
    if (((all >= 0 && taken >= 0 && taken < all) || excluded) && !says_why(sync->raw)) {
        standard_find(run, sync_object(sync), sync->target, sync->object,
                      "columns of `%s` are left out without a reason", "`%s` 有列未同步且未说明原因",
                      sync_object(sync));
    }
}

/* ---- dwd, dwm, dws ------------------------------------------------------------------------------------ */

static bool groups(StandardTable *table)
{
    const StandardSql *sql = standard_sql(table);
    bool said = standard_raw_bool(table->raw, "group_by", false) ||
                json_array_size(json_object_get(table->raw, "group_by")) > 0;
    return said || (sql->ok && sql->n_sums > 0);
}

static void ld_05(StandardRun *run, StandardTable *table)
{
    const StandardSql *sql = standard_sql(table);
    /* choosing a value for each key is to drop duplicates, where there is a key */
    bool keyless = sql->ok && sql->group_by && sql->n_aggregates > 0 && table->key->len == 0;
    bool sums = groups(table);
    if (table->layer == STANDARD_DWD && (sums || keyless)) {
        StandardFinding *finding = standard_find_table(
            run, table, "the DWD model `%s` aggregates: its grain is no longer that of ODS",
            "DWD 模型 `%s` 做了聚合，粒度不再与 ODS 一致", table->name);
        standard_finding_word(finding, "GROUP");
        if (!sums) {
            standard_finding_fix(finding,
                                 "declare the `key:` whose duplicates it drops, or make it DWM or DWS",
                                 "声明去重所依据的 `key:`，或改为 DWM、DWS");
        }
    }
}

static bool has_column_checks(const StandardTable *table)
{
    for (guint i = 0; i < table->columns->len; i++) {
        const StandardColumn *column = g_ptr_array_index(table->columns, i);
        if (standard_raw_has(column->raw, "checks") || standard_raw_has(column->raw, "not_null")) {
            return true;
        }
    }
    return json_array_size(json_object_get(table->raw, "checks")) > 0;
}

static void ld_06(StandardRun *run, StandardTable *table)
{
    if (table->layer != STANDARD_DWD || !table->is_model) {
        return;
    }
    const StandardSql *sql = standard_sql(table);
    if (sql->ok && sql->star && !sql->join) {
        StandardFinding *finding =
            standard_find_table(run, table, "the DWD model `%s` takes its input as it is (SELECT *)",
                                "DWD 模型 `%s` 直接照搬上游（SELECT *）", table->name);
        standard_finding_word(finding, "SELECT");
    } else if (sql->ok && table->key->len == 0 && !has_column_checks(table)) {
        standard_find_table(run, table,
                            "the DWD model `%s` declares neither a key nor what its columns must hold",
                            "DWD 模型 `%s` 既未声明主键，也未声明列的约束", table->name);
    }
}

static bool same_folded(const char *a, const char *b)
{
    return strcmp(a, b) != 0 && g_ascii_strcasecmp(a, b) == 0;
}

/* Codes in two spellings, or digits among words; codes outside the set that is declared. */
static void judge_codes(StandardRun *run, const StandardTable *table, const StandardColumn *column)
{
    g_autoptr(GPtrArray) values = g_ptr_array_new();
    const json_t *accepted = standard_accepted(table, column);
    bool digits = false;
    bool words = false;
    g_autofree char *wrong = NULL;
    size_t i = 0;
    const json_t *row = NULL;
    json_array_foreach (table->rows, i, row) {
        const json_t *cell = json_object_get(row, column->name);
        const char *text = json_string_value(cell);
        g_autofree char *shown = standard_value_text(cell);
        bool empty = cell == NULL || json_is_null(cell);
        bool known = empty || accepted == NULL || standard_accepts(accepted, shown);
        digits = digits || json_is_integer(cell) || (text != NULL && g_ascii_isdigit(*text));
        words = words || (text != NULL && g_ascii_isalpha(*text));
        for (guint v = 0; known && text != NULL && v < values->len; v++) {
            known = !same_folded(text, g_ptr_array_index(values, v));
        }
        if (text != NULL) {
            g_ptr_array_add(values, (gpointer)(guintptr)text);
        }
        if (!known) {
            g_free(wrong);
            wrong = g_steal_pointer(&shown);
        }
    }
    if (wrong != NULL || (digits && words)) {
        standard_find_column(run, table, column, "`%1$s` holds values of more than one code set (`%2$s`)",
                             "`%1$s` 的取值不属于同一套编码（`%2$s`）", column->name,
                             wrong != NULL ? wrong : "1, a");
    }
}

static void ld_07(StandardRun *run, StandardTable *table, const StandardColumn *column)
{
    bool code = strcmp(column->role, "status") == 0 || strcmp(column->role, "code") == 0 ||
                strcmp(column->role, "enum") == 0;
    if (table->layer == STANDARD_DWD && table->rows != NULL && code) {
        judge_codes(run, table, column);
    }
}

static guint count_common_readers(const StandardTable *fact, const StandardTable *dim)
{
    guint n = 0;
    for (guint i = 0; i < fact->read_by->len; i++) {
        n += g_ptr_array_find(dim->read_by, g_ptr_array_index(fact->read_by, i), NULL) ? 1 : 0;
    }
    return n;
}

static void ld_08(StandardRun *run, StandardTable *table)
{
    gint64 limit = standard_config_limit(run->config, "degenerate_readers", 4);
    for (guint i = 0;
         table->layer == STANDARD_DWD && (gint64)table->read_by->len >= limit && i < table->read_by->len;
         i++) {
        const StandardTable *reader = g_ptr_array_index(table->read_by, i);
        for (guint k = 0; k < reader->reads->len; k++) {
            const StandardTable *dim = g_ptr_array_index(reader->reads, k);
            guint n = dim->layer == STANDARD_DIM ? count_common_readers(table, dim) : 0;
            if ((gint64)n >= limit) {
                standard_find_table(run, table, "%3$u readers join `%1$s` to `%2$s` for its columns",
                                    "%3$u 个下游都把 `%1$s` 与 `%2$s` 关联取列", table->name, dim->name, n);
                return;
            }
        }
    }
}

static guint shared_columns(const StandardTable *a, const StandardTable *b)
{
    guint n = 0;
    for (guint i = 0; i < a->columns->len; i++) {
        n += standard_column_by_name(b, ((const StandardColumn *)g_ptr_array_index(a->columns, i))->name) !=
                     NULL
                 ? 1
                 : 0;
    }
    return n;
}

/* Tables of one layer and subject, to be compared in pairs: subject -> GPtrArray. */
static GHashTable *by_subject(StandardRun *run, StandardLayer layer)
{
    GHashTable *groups_of =
        g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)g_ptr_array_unref);
    for (guint i = 0; i < run->catalog->tables->len; i++) {
        StandardTable *table = g_ptr_array_index(run->catalog->tables, i);
        const char *subject = standard_subject_placed(table);
        if (table->layer != layer || *subject == '\0') {
            continue;
        }
        GPtrArray *list = g_hash_table_lookup(groups_of, subject);
        if (list == NULL) {
            list = g_ptr_array_new();
            g_hash_table_insert(groups_of, (gpointer)(guintptr)subject, list);
        }
        g_ptr_array_add(list, table);
    }
    return groups_of;
}

static gint compare_texts(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sorted, as one text. */
static char *join_sorted(GPtrArray *texts)
{
    g_ptr_array_sort(texts, compare_texts);
    return standard_join(texts);
}

/* Columns in no order, or a list of such grains. */
static char *text_of_grain(const json_t *grain)
{
    if (json_is_string(grain)) {
        return g_ascii_strdown(json_string_value(grain), -1);
    }
    g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
    size_t i = 0;
    const json_t *one = NULL;
    json_array_foreach (grain, i, one) {
        const json_t *named =
            json_is_object(one) ? standard_first(one, STANDARD_KEYS("name", "column")) : one;
        char *text = text_of_grain(named);
        if (json_is_array(one)) {
            char *bracketed = g_strdup_printf("(%s)", text);
            g_free(text);
            text = bracketed;
        }
        g_ptr_array_add(texts, text);
    }
    return json_array_size(grain) == 1 && json_is_array(json_array_get(grain, 0))
               ? text_of_grain(json_array_get(grain, 0))
               : join_sorted(texts);
}

/* As declared; "" = it is not. */
static char *grain_said(const StandardTable *table)
{
    return text_of_grain(standard_first(table->raw, STANDARD_KEYS("grain", "grains")));
}

static char *grain_of_key(const StandardTable *table)
{
    g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < table->key->len; i++) {
        g_ptr_array_add(texts, g_ascii_strdown(g_ptr_array_index(table->key, i), -1));
    }
    return join_sorted(texts);
}

/* The grain that is declared, else the key. */
static char *grain_of(const StandardTable *table)
{
    char *said = grain_said(table);
    if (*said != '\0') {
        return said;
    }
    g_free(said);
    return grain_of_key(table);
}

static bool same_grain(const StandardTable *a, const StandardTable *b)
{
    g_autofree char *left = grain_of(a);
    g_autofree char *right = grain_of(b);
    return *left != '\0' && strcmp(left, right) == 0;
}

/* Both are known, and are not the same. */
static bool other_grain(const StandardTable *a, const StandardTable *b)
{
    g_autofree char *left = grain_of(a);
    g_autofree char *right = grain_of(b);
    return *left != '\0' && *right != '\0' && strcmp(left, right) != 0;
}

/* The grain of a summary is the key, or the grain, of the detail. */
static bool grain_of_detail(const StandardTable *detail, const StandardTable *table)
{
    g_autofree char *own = grain_of(table);
    g_autofree char *key = grain_of_key(detail);
    g_autofree char *said = grain_said(detail);
    return *own != '\0' && (strcmp(own, key) == 0 || strcmp(own, said) == 0);
}

static void compare_pairs(StandardRun *run, StandardLayer layer, guint percent, bool grain)
{
    g_autoptr(GHashTable) groups_of = by_subject(run, layer);
    GHashTableIter iter;
    gpointer value = NULL;
    g_hash_table_iter_init(&iter, groups_of);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const GPtrArray *list = value;
        for (guint i = 1; i < list->len; i++) {
            StandardTable *later = g_ptr_array_index(list, i);
            for (guint k = 0; k < i; k++) {
                const StandardTable *first = g_ptr_array_index(list, k);
                guint n = shared_columns(later, first);
                bool alike = 100 * n >= percent * MIN(later->columns->len, first->columns->len);
                bool none = later->columns->len + first->columns->len == 0; /* the grain alone is known */
                bool same = grain ? (none || (alike && n > 1)) && same_grain(first, later)
                                  : alike && n > 1 && !other_grain(first, later);
                if (same) {
                    standard_find_table(run, later,
                                        "`%1$s` and `%2$s` hold the same subject `%3$s` (%4$u columns alike)",
                                        "`%1$s` 与 `%2$s` 同属主题 `%3$s`（%4$u 列相同）", later->name,
                                        first->name, standard_subject_placed(later), n);
                }
            }
        }
    }
}

static void ld_09(StandardRun *run)
{
    compare_pairs(run, STANDARD_DWD, 80, false);
}

static void ld_10(StandardRun *run, StandardTable *table)
{
    const StandardSql *sql = table->layer == STANDARD_DWM ? standard_sql(table) : NULL;
    if (sql != NULL && sql->ok && !sql->group_by && !sql->aggregate && !sql->distinct) {
        standard_find_table(run, table, "the DWM model `%s` aggregates nothing", "DWM 模型 `%s` 没有聚合",
                            table->name);
    }
}

static void ld_11(StandardRun *run, StandardTable *table)
{
    gint64 said = standard_first_count(table->raw, STANDARD_KEYS("downstream", "consumers"), 0);
    gint64 readers = MAX(table->readers, said);
    if (table->layer == STANDARD_DWM && readers < 2) {
        standard_find_table(run, table, "the DWM table `%1$s` has %2$d readers: it exists to be shared",
                            "DWM 表 `%1$s` 只有 %2$d 个下游，未起到复用作用", table->name, (int)readers);
    }
}

static void ld_12(StandardRun *run, StandardTable *table)
{
    if (table->layer != STANDARD_DWS) {
        return;
    }
    guint detail = count_reads(table, STANDARD_DWD);
    guint raw = count_reads(table, STANDARD_ODS);
    if (detail > 1 || raw > 0) {
        standard_find_table(run, table, "the wide table `%1$s` is computed straight from %2$u detail tables",
                            "宽表 `%1$s` 直接由 %2$u 张明细表计算", table->name, detail + raw);
    }
}

/* Some subjects with DWM, some without, and nobody said which it should be. */
static void ld_13(StandardRun *run)
{
    guint with = 0;
    guint without = 0;
    for (guint i = 0; i < run->catalog->tables->len; i++) {
        const StandardTable *table = g_ptr_array_index(run->catalog->tables, i);
        bool through = count_reads(table, STANDARD_DWM) > 0;
        with += table->layer == STANDARD_DWS && through ? 1 : 0;
        without += table->layer == STANDARD_DWS && !through && count_reads(table, STANDARD_DWD) > 0 ? 1 : 0;
    }
    if (with > 0 && without > 0 && !standard_config_dwm_said(run->config)) {
        standard_find(run, "layers.dwm", NULL, NULL,
                      "%1$u DWS tables stand on DWM and %2$u on DWD, and no switch says which",
                      "%1$u 张 DWS 表基于 DWM，%2$u 张直接基于 DWD，且未设置开关", with, without);
    }
}

static void ld_14(StandardRun *run, StandardTable *table)
{
    g_autoptr(GPtrArray) domains = g_ptr_array_new();
    g_autoptr(GPtrArray) inputs = g_ptr_array_new();
    standard_inputs(table, inputs);
    for (guint i = 0; table->layer == STANDARD_DWS && i < inputs->len; i++) {
        const StandardTable *from = g_ptr_array_index(inputs, i);
        bool fact = from->layer == STANDARD_DWD || from->layer == STANDARD_DWM;
        if (fact && *from->domain != '\0' && !standard_any(domains, from->domain)) {
            g_ptr_array_add(domains, (gpointer)(guintptr)from->domain);
        }
        if (from->layer == STANDARD_DWD && grain_of_detail(from, table)) {
            standard_find_table(run, table, "`%1$s` has the grain of the detail table `%2$s`",
                                "`%1$s` 的粒度与明细表 `%2$s` 相同", table->name, from->name);
        }
    }
    if (domains->len > 1) {
        standard_find_table(run, table, "`%1$s` puts %2$u domains together", "`%1$s` 跨 %2$u 个数据域",
                            table->name, domains->len);
    }
}

typedef struct {
    guint all, covered;
} Cover;

/* Of what applications read in a domain, the share that comes from DWS. */
static void ld_15(StandardRun *run)
{
    g_autoptr(GHashTable) covers = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);
    for (guint i = 0; i < run->catalog->tables->len; i++) {
        const StandardTable *table = g_ptr_array_index(run->catalog->tables, i);
        for (guint r = 0; table->layer == STANDARD_APP && r < table->reads->len; r++) {
            const StandardTable *from = g_ptr_array_index(table->reads, r);
            if (*from->domain == '\0' || from->layer == STANDARD_DIM || from->layer == STANDARD_APP) {
                continue;
            }
            Cover *cover = g_hash_table_lookup(covers, from->domain);
            if (cover == NULL) {
                cover = g_new0(Cover, 1);
                g_hash_table_insert(covers, (gpointer)(guintptr)from->domain, cover);
            }
            cover->all++;
            cover->covered += from->layer == STANDARD_DWS ? 1 : 0;
        }
    }
    GHashTableIter iter;
    gpointer domain = NULL;
    gpointer value = NULL;
    g_hash_table_iter_init(&iter, covers);
    while (g_hash_table_iter_next(&iter, &domain, &value)) {
        const Cover *cover = value;
        if (cover->covered * 100 <
            cover->all * (guint)standard_config_limit(run->config, "dws_cover_percent", 80)) {
            standard_find(run, domain, NULL, NULL, "%2$u of %3$u reads by applications in `%1$s` use DWS",
                          "`%1$s` 域的应用读取中只有 %2$u/%3$u 使用 DWS", (const char *)domain,
                          cover->covered, cover->all);
        }
    }
}

static void ld_16(StandardRun *run)
{
    compare_pairs(run, STANDARD_DWS, 50, true);
}

static void ld_17(StandardRun *run, StandardTable *table)
{
    static const char *const KEYS[] = {"consumer", "consumers", "exposure", "application", "product"};
    if (table->layer != STANDARD_APP) {
        return;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(KEYS); i++) {
        if (standard_raw_has(table->raw, KEYS[i])) {
            return;
        }
    }
    StandardFinding *finding =
        standard_find_table(run, table, "`%s` does not say who uses it", "`%s` 未说明使用方", table->name);
    standard_finding_fix(finding, "declare `consumer:` (and `store:` where it is copied to)",
                         "声明 `consumer:`（同步到其他存储时再加 `store:`）");
}

static void find_uncounted(StandardRun *run, const StandardTable *table)
{
    StandardFinding *finding =
        standard_find_table(run, table, "the dimension `%s` does not say how many members it has",
                            "维度 `%s` 未说明基数高低", table->name);
    standard_finding_fix(finding, "declare `cardinality: high` or `cardinality: low`",
                         "声明 `cardinality: high` 或 `cardinality: low`");
}

/* Queries in which each coding is written, those of the dimensions that are to hold them left out. */
static GHashTable *count_codings(StandardRun *run)
{
    GHashTable *models = g_hash_table_new(g_str_hash, g_str_equal); /* coding -> queries */
    for (guint i = 0; i < run->catalog->tables->len; i++) {
        StandardTable *table = g_ptr_array_index(run->catalog->tables, i);
        const GPtrArray *codings = standard_sql(table)->codings;
        for (guint c = 0; table->layer != STANDARD_DIM && c < codings->len; c++) {
            char *coding = g_ptr_array_index(codings, c);
            guint n = GPOINTER_TO_UINT(g_hash_table_lookup(models, coding));
            g_hash_table_insert(models, coding, GUINT_TO_POINTER(n + 1));
        }
    }
    return models;
}

static void find_coding(StandardRun *run, StandardTable *table, GHashTable *models)
{
    const GPtrArray *codings = standard_sql(table)->codings;
    gint64 limit = standard_config_limit(run->config, "code_models", 3);
    for (guint c = 0; table->layer != STANDARD_DIM && c < codings->len; c++) {
        const char *coding = g_ptr_array_index(codings, c);
        guint n = GPOINTER_TO_UINT(g_hash_table_lookup(models, coding));
        if ((gint64)n >= limit) {
            StandardFinding *finding = standard_find_table(
                run, table, "`%1$s` writes codes into its query (%2$s); %3$u models do",
                "`%1$s` 把代码含义写死在 SQL 中（%2$s），共 %3$u 个模型如此", table->name, coding, n);
            standard_finding_fix(finding, "make a dimension of these codes and join it",
                                 "为这些代码建一张低基数维表并关联");
            standard_finding_word(finding, "CASE");
            return;
        }
    }
}

static void ld_18(StandardRun *run)
{
    g_autoptr(GHashTable) models = count_codings(run);
    for (guint i = 0; i < run->catalog->tables->len; i++) {
        StandardTable *table = g_ptr_array_index(run->catalog->tables, i);
        if (table->layer == STANDARD_DIM && !standard_raw_has(table->raw, "cardinality")) {
            find_uncounted(run, table);
        }
        find_coding(run, table, models);
    }
}

/* ---- the graph ----------------------------------------------------------------------------------------- */

/* Levels up to a table; a circle (an error elsewhere) ends the count. */
static guint depth_of(StandardTable *table, guint *depths, guint guard)
{
    if (table->implied) {
        return 1;
    }
    if (depths[table->index] == 0 && guard < 1000) {
        guint deepest = 0;
        for (guint i = 0; i < table->reads->len; i++) {
            deepest = MAX(deepest, depth_of(g_ptr_array_index(table->reads, i), depths, guard + 1));
        }
        depths[table->index] = deepest + 1;
    }
    return depths[table->index];
}

static void ld_19(StandardRun *run)
{
    g_autofree guint *depths = g_new0(guint, run->catalog->tables->len + 1);
    gint64 limit = standard_config_limit(run->config, "depth", 10);
    for (guint i = 0; i < run->catalog->tables->len; i++) {
        StandardTable *table = g_ptr_array_index(run->catalog->tables, i);
        if ((gint64)depth_of(table, depths, 0) > limit && table->read_by->len == 0) {
            StandardFinding *finding =
                standard_find_table(run, table, "the chain up to `%1$s` has %2$u levels",
                                    "到 `%1$s` 的链路有 %2$u 层", table->name, depths[i]);
            standard_finding_evidence(finding, "levels", json_integer((json_int_t)depths[i]));
        }
    }
}

static void ld_20(StandardRun *run, StandardTable *table)
{
    bool above = table->layer >= STANDARD_DIM && table->layer <= STANDARD_APP;
    const StandardSql *sql = above && count_reads(table, STANDARD_ODS) > 0 ? standard_sql(table) : NULL;
    if (sql != NULL && sql->ok && sql->star) {
        StandardFinding *finding =
            standard_find_table(run, table, "`%s` hands on whatever columns its source has (SELECT *)",
                                "`%s` 用 SELECT * 透传了源表的列", table->name);
        standard_finding_word(finding, "SELECT");
    }
}

static void ld_21(StandardRun *run)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < run->catalog->tables->len; i++) {
        StandardTable *table = g_ptr_array_index(run->catalog->tables, i);
        const StandardSql *sql = table->sql != NULL ? standard_sql(table) : NULL;
        if (sql == NULL || !sql->ok) {
            continue;
        }
        const StandardTable *first = g_hash_table_lookup(seen, sql->canonical);
        if (first != NULL) {
            standard_find_table(run, table, "`%1$s` asks the same as `%2$s`", "`%1$s` 与 `%2$s` 的查询相同",
                                table->name, first->name);
        } else {
            g_hash_table_insert(seen, (gpointer)(guintptr)sql->canonical, table);
        }
    }
}

const StandardCheck standard_checks_ld[] = {
    {STANDARD_LD_01, .table = ld_01},   {STANDARD_LD_02, .table = ld_02},
    {STANDARD_LD_03, .catalog = ld_03}, {STANDARD_LD_04, .sync = ld_04},
    {STANDARD_LD_05, .table = ld_05},   {STANDARD_LD_06, .table = ld_06},
    {STANDARD_LD_07, .column = ld_07},  {STANDARD_LD_08, .table = ld_08},
    {STANDARD_LD_09, .catalog = ld_09}, {STANDARD_LD_10, .table = ld_10},
    {STANDARD_LD_11, .table = ld_11},   {STANDARD_LD_12, .table = ld_12},
    {STANDARD_LD_13, .catalog = ld_13}, {STANDARD_LD_14, .table = ld_14},
    {STANDARD_LD_15, .catalog = ld_15}, {STANDARD_LD_16, .catalog = ld_16},
    {STANDARD_LD_17, .table = ld_17},   {STANDARD_LD_18, .catalog = ld_18},
    {STANDARD_LD_19, .catalog = ld_19}, {STANDARD_LD_20, .table = ld_20},
    {STANDARD_LD_21, .catalog = ld_21}, STANDARD_CHECKS_END,
};
