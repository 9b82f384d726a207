/* Rules of section IV on names of tables, jobs and fields. */
#include "standard/look.h"

#include <string.h>

static bool is_regular(StandardLayer layer)
{
    return layer >= STANDARD_DWD && layer <= STANDARD_APP;
}

/* ---- letters ------------------------------------------------------------------------------------------ */

static bool has_upper(const char *text)
{
    for (; *text != '\0'; text++) {
        if (g_ascii_isupper(*text)) {
            return true;
        }
    }
    return false;
}

static void nm_01(StandardRun *run, StandardTable *table)
{
    if (has_upper(table->name)) {
        standard_find_table(run, table, "the name `%s` has capital letters", "表名 `%s` 含大写字母",
                            table->name);
    }
    for (guint i = 0; i < table->columns->len; i++) {
        const StandardColumn *column = g_ptr_array_index(table->columns, i);
        if (has_upper(column->name)) {
            g_autofree char *lower = g_ascii_strdown(column->name, -1);
            StandardFinding *finding =
                standard_find_column(run, table, column, "the name `%s` has capital letters",
                                     "列名 `%s` 含大写字母", column->name);
            standard_finding_rename(finding, lower);
        }
    }
}

/* ---- what a table is called -----------------------------------------------------------------------------
 */

static void nm_05(StandardRun *run, StandardTable *table)
{
    const StandardSql *sql = standard_sql(table);
    bool said = standard_raw_has(table->raw, "group_by");
    bool groups = said ? standard_raw_bool(table->raw, "group_by",
                                           json_array_size(json_object_get(table->raw, "group_by")) > 0)
                       : sql->ok && (sql->n_sums > 0 || (sql->group_by && sql->aggregate));
    /* choosing a value for each key is to drop duplicates (LD-05) */
    bool drops = table->layer == STANDARD_DWD && !said && sql->n_sums == 0 && table->key->len > 0;
    bool wide = standard_raw_bool(table->raw, "wide", false) ||
                standard_raw_int(table->raw, "behaviours", 1) > 1 ||
                json_array_size(json_object_get(table->raw, "processes")) > 1;
    if (!said && !sql->ok) {
        return;
    }
    const char *should = NULL;
    if (table->layer == STANDARD_DWD && groups && !drops) {
        should = wide ? "dws" : "dwm";
    } else if (table->layer == STANDARD_DWM && !groups && !sql->distinct) {
        should = "dwd";
    } else if (table->layer == STANDARD_DWM && groups && wide) {
        should = "dws";
    } else if (table->layer == STANDARD_DWS && said && !groups) {
        should = "dwd";
    }
    if (should != NULL) {
        standard_find_table(run, table, "`%1$s` is made as a %2$s table is, and called %3$s",
                            "`%1$s` 的加工方式属于 %2$s，却命名为 %3$s", table->name, should,
                            standard_layer_name(table->layer));
    }
}

static void nm_06(StandardRun *run, StandardTable *table)
{
    const StandardName *name = standard_table_parts(table);
    if (!is_regular(table->layer) || name->manual) {
        return;
    }
    const char *missing = name->layer == STANDARD_LAYER_NONE ? "layer"
                          : name->dept == NULL               ? "department"
                          : name->domain == NULL             ? "business line"
                          : name->subject == NULL            ? "subject"
                          : name->refresh == NULL            ? "update cycle"
                                                             : NULL;
    if (missing != NULL) {
        standard_find_table(run, table, "the name `%1$s` lacks a part: %2$s",
                            "表名 `%1$s` 缺少组成部分：%2$s", table->name, missing);
    }
}

/* A project has one department list: in the export, in weir.yml, or roots of that category. */
static bool is_department(StandardRun *run, const char *word, bool *ret_any)
{
    bool found = standard_config_department(run->config, word, ret_any);
    size_t i = 0;
    const json_t *item = NULL;
    json_array_foreach (run->catalog->departments, i, item) {
        const char *text = json_is_string(item) ? json_string_value(item) : standard_raw_text(item, "name");
        text = *text != '\0' ? text : standard_raw_text(item, "code");
        *ret_any = true;
        found = found || g_ascii_strcasecmp(text, word) == 0;
    }
    for (guint r = 0; r < run->catalog->roots->len; r++) {
        const StandardRoot *root = g_ptr_array_index(run->catalog->roots, r);
        bool department = strcmp(root->category, "department") == 0 || strcmp(root->category, "dept") == 0;
        *ret_any = *ret_any || department;
        found = found || (department && g_ascii_strcasecmp(root->code, word) == 0);
    }
    return found;
}

static void nm_07(StandardRun *run, StandardTable *table)
{
    const StandardName *name = standard_table_parts(table);
    const char *dept = *table->dept != '\0' ? table->dept : name->dept;
    bool any = false;
    if (is_regular(table->layer) && !name->manual && dept != NULL && !is_department(run, dept, &any) && any) {
        standard_find(run, dept, table, NULL, "`%2$s` names the department `%1$s`, which is not registered",
                      "`%2$s` 中的部门 `%1$s` 未登记", dept, table->name);
    }
}

static void nm_08(StandardRun *run, StandardTable *table)
{
    const StandardName *name = standard_table_parts(table);
    if (!run->catalog->roots_given || !is_regular(table->layer) || name->manual || name->subject == NULL) {
        return;
    }
    /* the layer that is declared may be another than that of the name: dim_shop has no business line */
    const char *const WORDS[] = {name->domain, name->subject};
    for (size_t i = 0; i < G_N_ELEMENTS(WORDS); i++) {
        if (WORDS[i] != NULL && !standard_word_registered(run->catalog, WORDS[i])) {
            standard_find(run, WORDS[i], table, NULL,
                          "`%2$s` names the business line or subject `%1$s`, which is no root",
                          "`%2$s` 中的业务线或主题 `%1$s` 不是已登记的词根", WORDS[i], table->name);
        }
    }
}

static void nm_09(StandardRun *run, StandardTable *table)
{
    static const char *const EMPTY[] = {"test",  "temp",  "tmp",  "new", "data", "info",
                                        "table", "other", "misc", "xxx", NULL};
    const StandardName *name = standard_table_parts(table);
    for (const char **word = name->words; is_regular(table->layer) && *word != NULL; word++) {
        if (strlen(*word) == 1 || g_strv_contains(EMPTY, *word)) {
            standard_find_table(run, table, "the word `%2$s` of `%1$s` says nothing of what is in it",
                                "`%1$s` 中的 `%2$s` 没有说明内容", table->name, *word);
        }
    }
}

/* What a suffix says of the kind; `a` and `f` are full, `d` a daily full copy, `w m q y h` a copy for each
 * period. */
static bool suffix_fits(char scope, char frequency, StandardKind kind)
{
    switch (scope) {
    case 'i':
        return kind == STANDARD_INCREMENTAL;
    case 'l':
        return kind == STANDARD_ZIPPER;
    case 'f':
    case 'a':
        return kind == STANDARD_FULL || kind == STANDARD_VIEW || kind == STANDARD_MANUAL;
    case 'd':
        return kind == STANDARD_SNAPSHOT;
    default:
        return frequency != 0 && kind != STANDARD_ZIPPER;
    }
}

static void nm_10(StandardRun *run, StandardTable *table)
{
    const StandardName *name = standard_table_parts(table);
    if (name->layer == STANDARD_MID || name->layer == STANDARD_TMP) {
        return;
    }
    guint n = g_strv_length(name->parts);
    const char *last = n > 2 ? name->parts[n - 1] : "";
    if (name->refresh == NULL && strlen(last) == 1) {
        standard_find_table(run, table, "`_%2$s` of `%1$s` is no code of cycle or scope",
                            "`%1$s` 的后缀 `_%2$s` 不是周期或范围代码", table->name, last);
    } else if (name->refresh != NULL && table->kind != STANDARD_KIND_NONE &&
               !suffix_fits(name->scope, name->frequency, table->kind)) {
        standard_find_table(run, table, "`_%2$s` of `%1$s` does not fit its kind %3$s",
                            "`%1$s` 的后缀 `_%2$s` 与类型 %3$s 不符", table->name, name->refresh,
                            table->kind_text);
    }
}

static void nm_11(StandardRun *run, StandardTable *table)
{
    const StandardName *name = standard_table_parts(table);
    bool manual = name->manual || table->kind == STANDARD_MANUAL;
    if (!is_regular(table->layer) || manual) {
        return;
    }
    if (name->subject == NULL || name->refresh == NULL || name->layer == STANDARD_LAYER_NONE ||
        name->empty_part) {
        standard_find_table(run, table, "`%s` is not layer_department_business_subject_words_cycle",
                            "`%s` 不符合 分层_部门_业务域_主题_自定义_周期 的格式", table->name);
    }
}

/* ---- parts of a job, manual and temporary tables
 * ----------------------------------------------------------- */

static void nm_12(StandardRun *run, StandardTable *table)
{
    bool mid = table->layer == STANDARD_MID || g_str_has_prefix(table->name, "mid_");
    if (!mid) {
        return;
    }
    const StandardName *name = standard_table_parts(table);
    if (name->mid_target == NULL || *name->mid_target == '\0' || (!name->mid_dim && !name->mid_digit)) {
        standard_find_table(run, table, "`%s` is not mid_<target table>_<0-9 or dim>",
                            "`%s` 不符合 mid_<目标表>_<0-9 或 dim> 的格式", table->name);
    }
}

static const char *job_of(const StandardTable *table)
{
    const char *job = standard_raw_text(table->raw, "job");
    return *job != '\0' ? job : standard_raw_text(table->raw, "task");
}

/* A reader of another job: by the jobs where they are said, else by the target that the name says. */
static bool is_foreign(const StandardTable *mid, StandardTable *reader, const char *target)
{
    const char *own = job_of(mid);
    const char *other = job_of(reader);
    if (*own != '\0' && *other != '\0') {
        return strcmp(own, other) != 0;
    }
    const char *others = standard_table_parts(reader)->mid_target;
    bool sibling = target != NULL && others != NULL && g_ascii_strcasecmp(others, target) == 0;
    return !sibling && (target == NULL || g_ascii_strcasecmp(reader->name, target) != 0);
}

static void nm_13(StandardRun *run, StandardTable *table)
{
    if (table->layer != STANDARD_MID) {
        return;
    }
    const StandardName *name = standard_table_parts(table);
    const json_t *jobs = standard_raw_array(table->raw, "jobs");
    jobs = jobs != NULL ? jobs : standard_raw_array(table->raw, "read_by_jobs");
    const char *target = name->mid_target;
    bool known = target != NULL && standard_table_by_name(run->catalog, target) != NULL;
    guint foreign = 0;
    const StandardTable *who = NULL;
    for (guint i = 0; i < table->read_by->len; i++) {
        StandardTable *reader = g_ptr_array_index(table->read_by, i);
        if (is_foreign(table, reader, target)) {
            foreign++;
            who = reader;
        }
    }
    bool jobs_said = *job_of(table) != '\0';
    if (foreign > (known || jobs_said ? 0u : 1u) || json_array_size(jobs) > 1) {
        standard_find_table(run, table, "`%1$s` is read outside its job (by `%2$s`)",
                            "`%1$s` 被其他任务读取（`%2$s`）", table->name,
                            who != NULL ? who->name : "another job");
    }
}

static void count_target(GHashTable *jobs, const char *job, const char *table)
{
    GPtrArray *list = g_hash_table_lookup(jobs, job);
    if (list == NULL) {
        list = g_ptr_array_new();
        g_hash_table_insert(jobs, (gpointer)(guintptr)job, list);
    }
    if (!standard_any(list, table)) {
        g_ptr_array_add(list, (gpointer)(guintptr)table);
    }
}

static bool is_target(const StandardTable *table)
{
    return table->layer != STANDARD_MID && table->layer != STANDARD_TMP && table->layer != STANDARD_ODS;
}

/* Its name; of a job that says none its place in the list. Kept with the catalog. */
static const char *job_name(StandardRun *run, const json_t *job, size_t place)
{
    const char *name = standard_first_text(job, STANDARD_KEYS("name", "job", "id", "task"));
    g_autofree char *number = g_strdup_printf("jobs[%zu]", place + 1);
    return *name != '\0' ? name : standard_keep(run->catalog, number);
}

static void read_jobs(StandardRun *run, GHashTable *jobs)
{
    static const char *const KEYS[] = {"targets", "writes", "tables", "outputs"};
    for (guint i = 0; i < run->catalog->tables->len; i++) {
        const StandardTable *table = g_ptr_array_index(run->catalog->tables, i);
        if (is_target(table) && *job_of(table) != '\0') {
            count_target(jobs, job_of(table), table->name);
        }
    }
    size_t i = 0;
    const json_t *job = NULL;
    json_array_foreach (run->catalog->jobs, i, job) {
        for (size_t k = 0; k < G_N_ELEMENTS(KEYS); k++) {
            size_t t = 0;
            const json_t *target = NULL;
            json_array_foreach (json_object_get(job, KEYS[k]), t, target) {
                const char *name = json_string_value(target);
                if (name != NULL && !g_str_has_prefix(name, "mid_") && !g_str_has_prefix(name, "tmp_")) {
                    count_target(jobs, job_name(run, job, i), name);
                }
            }
        }
    }
}

static void nm_14(StandardRun *run)
{
    g_autoptr(GHashTable) jobs =
        g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)g_ptr_array_unref);
    read_jobs(run, jobs);
    GHashTableIter iter;
    gpointer job = NULL;
    gpointer list = NULL;
    g_hash_table_iter_init(&iter, jobs);
    while (g_hash_table_iter_next(&iter, &job, &list)) {
        guint n = ((const GPtrArray *)list)->len;
        if (n > 1) {
            standard_find(run, job, NULL, NULL, "the job `%1$s` writes %2$u tables",
                          "任务 `%1$s` 写了 %2$u 张表", (const char *)job, n);
        }
    }
}

static void nm_15(StandardRun *run, StandardTable *from, StandardTable *to)
{
    if (from->layer == STANDARD_TMP && to->layer != STANDARD_TMP) {
        standard_find(run, from->name, from->implied ? to : from, NULL,
                      "`%2$s` reads the temporary table `%1$s`", "`%2$s` 读取了临时表 `%1$s`", from->name,
                      to->name);
    }
}

static void nm_16(StandardRun *run, StandardTable *table)
{
    bool named = g_str_has_prefix(table->name, "dim_") && table->name[strlen("dim_")] != '\0';
    if (table->layer == STANDARD_DIM && !named) {
        standard_find_table(run, table, "the dimension `%s` is not called dim_...",
                            "维度表 `%s` 未以 dim_ 开头", table->name);
    }
}

static bool is_manual(const StandardTable *table)
{
    return table->kind == STANDARD_MANUAL || standard_raw_bool(table->raw, "manual", false) ||
           strcmp(standard_raw_text(table->raw, "source"), "manual") == 0 ||
           strcmp(standard_raw_text(table->raw, "maintained"), "manual") == 0;
}

static void nm_17(StandardRun *run, StandardTable *table)
{
    const StandardName *name = standard_table_parts(table);
    bool named = name->manual && name->domain != NULL && name->words[0] != NULL;
    if (is_manual(table) && table->layer != STANDARD_DIM && !named) {
        standard_find_table(run, table, "the table `%s`, kept by hand, is not called dwd_<domain>_manual_...",
                            "手工维护表 `%s` 未命名为 dwd_<域>_manual_...", table->name);
    }
}

static void nm_18(StandardRun *run, StandardTable *table)
{
    const StandardName *name = standard_table_parts(table);
    bool written = table->sql != NULL ||
                   standard_first_said(table->raw, STANDARD_KEYS("schedule", "scheduled", "job", "writer"));
    if ((is_manual(table) || name->manual) && written) {
        standard_find_table(run, table, "`%s` is kept by hand, yet a job writes it",
                            "`%s` 为手工维护表，却有任务写入", table->name);
    }
}

/* ---- fields
 * -------------------------------------------------------------------------------------------------- */

static bool one_of(const char *text, const char *const *words)
{
    return g_strv_contains(words, text);
}

/* "appname": two known words without an underscore between them. NULL when it is one word. Caller frees. */
static char *split_word(const StandardCatalog *catalog, const char *word)
{
    static const char *const HEADS[] = {
        "app",    "user",    "order",  "shop",   "pay",   "item",     "goods",    "product", "city",
        "store",  "trade",   "member", "brand",  "event", "page",     "customer", "account", "start",
        "end",    "create",  "birth",  "first",  "last",  "register", "login",    "device",  "category",
        "region", "company", "dept",   "seller", "buyer", NULL};
    static const char *const TAILS[] = {"name", "id",     "time", "date", "code",  "cnt", "amt",
                                        "type", "status", "no",   "num",  "price", NULL};
    if (standard_root_of_word(catalog, word) != NULL) {
        return NULL;
    }
    size_t len = strlen(word);
    for (size_t cut = 2; cut + 2 <= len; cut++) {
        const char *tail = word + cut;
        if (!one_of(tail, TAILS) && (len - cut <= 2 || standard_root_of_word(catalog, tail) == NULL)) {
            continue;
        }
        g_autofree char *head = g_strndup(word, cut);
        if (one_of(head, HEADS) || (cut > 2 && standard_root_of_word(catalog, head) != NULL)) {
            return g_strconcat(head, "_", tail, NULL);
        }
    }
    return NULL;
}

/* The same of each word of a name, and without the empty ones inside: app__name, user_appname. NULL when they
 * are parted. Caller frees. */
static char *part_words(const StandardCatalog *catalog, const char *name)
{
    g_auto(GStrv) words = g_strsplit(name, "_", -1);
    g_autoptr(GString) out = g_string_new(NULL);
    for (char **word = words; *word != NULL; word++) {
        bool inside = word > words && word[1] != NULL;
        if (**word == '\0' && inside && words[0][0] != '\0') {
            continue;
        }
        g_autofree char *split = split_word(catalog, *word);
        g_string_append_printf(out, "%s%s", word > words ? "_" : "", split != NULL ? split : *word);
    }
    return strcmp(out->str, name) != 0 ? g_strdup(out->str) : NULL;
}

/* appName -> app_name. NULL when there is no hump. */
static char *split_camel(const char *name)
{
    g_autoptr(GString) out = g_string_new(NULL);
    bool any = false;
    for (const char *c = name; *c != '\0'; c++) {
        if (c > name && g_ascii_isupper(*c) && g_ascii_islower(c[-1])) {
            g_string_append_c(out, '_');
            any = true;
        }
        g_string_append_c(out, g_ascii_tolower(*c));
    }
    return any ? g_strdup(out->str) : NULL;
}

static void nm_20(StandardRun *run, StandardTable *table, const StandardColumn *column)
{
    g_autofree char *camel = split_camel(column->name);
    g_autofree char *split = camel == NULL ? part_words(run->catalog, column->name) : NULL;
    const char *better = camel != NULL ? camel : split;
    if (better != NULL) {
        StandardFinding *finding =
            standard_find_column(run, table, column, "the words of `%1$s` are not parted: `%2$s`",
                                 "`%1$s` 的单词未用下划线分隔，应为 `%2$s`", column->name, better);
        standard_finding_rename(finding, better);
    } else if (strchr(column->name, '-') != NULL || strchr(column->name, ' ') != NULL ||
               strchr(column->name, '.') != NULL) {
        standard_find_column(run, table, column, "the words of `%s` are not parted by underscores",
                             "`%s` 未用下划线分隔单词", column->name);
    }
}

static void nm_22(StandardRun *run, StandardTable *table, const StandardColumn *column)
{
    if (standard_is_keyword(column->name)) {
        g_autofree char *better = g_strconcat(column->name, "_col", NULL);
        StandardFinding *finding = standard_find_column(run, table, column, "`%s` is a keyword of SQL",
                                                        "`%s` 是 SQL 关键字", column->name);
        standard_finding_rename(finding, better);
    }
}

static void append_word(GString *name, const char *word)
{
    g_string_append_printf(name, "%s%s", name->len > 0 ? "_" : "", word);
}

/* The name with its root where it belongs: order_num -> order_cnt, cnt_order -> order_cnt. `root` where none
 * of `right` is in it. Caller frees. */
static char *with_root(const char *name, const char *const *right, const char *const *wrong, const char *root)
{
    g_auto(GStrv) words = g_strsplit(name, "_", -1);
    guint n = standard_words_before_tail(words);
    GString *out = g_string_new(NULL);
    for (guint i = 0; i < n; i++) {
        bool is_root = one_of(words[i], right);
        root = is_root ? words[i] : root;
        if (!is_root && !(i > 0 && i + 1 == n && one_of(words[i], wrong))) {
            append_word(out, words[i]);
        }
    }
    append_word(out, root);
    for (char **word = words + n; *word != NULL; word++) {
        append_word(out, *word);
    }
    return g_string_free(out, FALSE);
}

static void nm_23(StandardRun *run, StandardTable *table, const StandardColumn *column)
{
    static const char *const RIGHT[] = {"cnt", "ucnt", NULL};
    static const char *const WRONG[] = {"num",    "nums",     "count", "counts",
                                        "number", "quantity", "times", NULL};
    bool counts = column->role_said
                      ? strcmp(column->role, "count") == 0
                      : strchr(column->name, '_') != NULL && standard_ends_in(column->name, WRONG);
    if (counts && !standard_ends_in(column->name, RIGHT) && table->layer != STANDARD_ODS) {
        g_autofree char *better = with_root(column->name, RIGHT, WRONG, "cnt");
        StandardFinding *finding =
            standard_find_column(run, table, column, "the count `%s` does not end in _cnt",
                                 "数量字段 `%s` 未以 _cnt 结尾", column->name);
        standard_finding_rename(finding, better);
    }
}

static void nm_24(StandardRun *run, StandardTable *table, const StandardColumn *column)
{
    static const char *const RIGHT[] = {"amt", "price", "bal", NULL};
    static const char *const WRONG[] = {"money", "amount", "amounts", "sum", "total", NULL};
    static const char *const MONEY[] = {"money", "amount", NULL};
    bool money =
        column->role_said ? strcmp(column->role, "money") == 0 : standard_ends_in(column->name, MONEY);
    if (money && !standard_ends_in(column->name, RIGHT) && table->layer != STANDARD_ODS) {
        g_autofree char *better = with_root(column->name, RIGHT, WRONG, "amt");
        StandardFinding *finding = standard_find_column(
            run, table, column, "the money field `%s` ends neither in _amt nor in _price",
            "金额字段 `%s` 未以 _amt 或 _price 结尾", column->name);
        standard_finding_rename(finding, better);
    }
}

/* ---- partitions
 * -------------------------------------------------------------------------------------------- */

/* 20240501 -> 8, 2024-05-01 -> 10, no day (also 20240230) -> 0. */
static size_t day_format(const char *text)
{
    gint64 day = 0;
    size_t len = strlen(text);
    return len <= 10 && standard_day_parse(text, &day) ? len : 0;
}

static void judge_day_values(StandardRun *run, const json_t *list, const StandardTable *table)
{
    size_t format = 0;
    size_t i = 0;
    const json_t *value = NULL;
    json_array_foreach (list, i, value) {
        g_autofree char *text = standard_value_text(value); /* 20240501 may be written as a number */
        size_t own = day_format(text);
        format = format == 0 ? own : format;
        if (own == 0 || own != format) {
            standard_find(run, table != NULL ? table->name : text, table, NULL,
                          "the day `%s` of a partition is none, or in another format",
                          "分区日期 `%s` 无效或格式不一致", text);
        }
    }
}

static void nm_25(StandardRun *run)
{
    for (guint i = 0; i < run->catalog->tables->len; i++) {
        const StandardTable *table = g_ptr_array_index(run->catalog->tables, i);
        for (guint p = 0; p < table->partitions->len; p++) {
            const char *name = g_ptr_array_index(table->partitions, p);
            if (standard_is_day_name(name) && strcmp(name, "dt") != 0) {
                standard_find_table(run, table, "the day partition of `%1$s` is called `%2$s`, not dt",
                                    "`%1$s` 的日期分区名为 `%2$s`，应为 dt", table->name, name);
            }
        }
        judge_day_values(run, json_object_get(table->raw, "dates"), table);
        judge_day_values(run, json_object_get(table->raw, "partition_values"), table);
    }
    judge_day_values(run, run->catalog->values, NULL);
}

static bool is_two_digits(const char *text, int max)
{
    return text != NULL && strlen(text) == 2 && g_ascii_isdigit(text[0]) && g_ascii_isdigit(text[1]) &&
           (text[0] - '0') * 10 + text[1] - '0' <= max;
}

static void judge_value(StandardRun *run, const json_t *value, const StandardTable *table, const char *name,
                        int max)
{
    g_autofree char *other = json_is_string(value) ? NULL : json_dumps(value, JSON_ENCODE_ANY);
    const char *text = json_is_string(value) ? json_string_value(value) : other;
    if (!is_two_digits(json_string_value(value), max)) {
        standard_find(run, text != NULL ? text : "", table, NULL,
                      "`%2$s` of the partition %1$s is none of 00 to %3$d",
                      "分区 %1$s 的取值 `%2$s` 不在 00 到 %3$d 之间", name, text != NULL ? text : "", max);
    }
}

static void judge_two_digits(StandardRun *run, const char *name, int max)
{
    size_t i = 0;
    const json_t *value = NULL;
    json_array_foreach (run->catalog->values, i, value) {
        judge_value(run, value, NULL, name, max);
    }
    for (guint t = 0; t < run->catalog->tables->len; t++) {
        const StandardTable *table = g_ptr_array_index(run->catalog->tables, t);
        json_array_foreach (table->rows, i, value) {
            const json_t *cell = json_object_get(value, name);
            if (cell != NULL) {
                judge_value(run, cell, table, name, max);
            }
        }
    }
}

static void nm_26(StandardRun *run)
{
    judge_two_digits(run, "hh", 23);
}

static void nm_27(StandardRun *run)
{
    judge_two_digits(run, "mi", 59);
}

static void nm_28(StandardRun *run, StandardTable *table, const StandardColumn *column)
{
    if (strcmp(column->role, "bool") != 0 && strcmp(column->role, "boolean") != 0) {
        return;
    }
    if (!g_str_has_prefix(column->name, "is_")) {
        standard_find_column(run, table, column, "the truth value `%s` is not called is_...",
                             "布尔字段 `%s` 未以 is_ 开头", column->name);
    }
    size_t i = 0;
    const json_t *row = NULL;
    json_array_foreach (table->rows, i, row) {
        if (!standard_raw_has(row, column->name)) {
            standard_find_column(run, table, column, "the truth value `%s` is NULL", "布尔字段 `%s` 为空",
                                 column->name);
        }
    }
}

const StandardCheck standard_checks_nm[] = {
    {STANDARD_NM_01, .table = nm_01},   {STANDARD_NM_05, .table = nm_05},
    {STANDARD_NM_06, .table = nm_06},   {STANDARD_NM_07, .table = nm_07},
    {STANDARD_NM_08, .table = nm_08},   {STANDARD_NM_09, .table = nm_09},
    {STANDARD_NM_10, .table = nm_10},   {STANDARD_NM_11, .table = nm_11},
    {STANDARD_NM_12, .table = nm_12},   {STANDARD_NM_13, .table = nm_13},
    {STANDARD_NM_14, .catalog = nm_14}, {STANDARD_NM_15, .edge = nm_15},
    {STANDARD_NM_16, .table = nm_16},   {STANDARD_NM_17, .table = nm_17},
    {STANDARD_NM_18, .table = nm_18},   {STANDARD_NM_20, .column = nm_20},
    {STANDARD_NM_22, .column = nm_22},  {STANDARD_NM_23, .column = nm_23},
    {STANDARD_NM_24, .column = nm_24},  {STANDARD_NM_25, .catalog = nm_25},
    {STANDARD_NM_26, .catalog = nm_26}, {STANDARD_NM_27, .catalog = nm_27},
    {STANDARD_NM_28, .column = nm_28},  STANDARD_CHECKS_END,
};
