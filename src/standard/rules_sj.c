/* Rules of sections I.2 and I.3: business processes, data domains, subjects. */
#include "standard/standard_int.h"

#include <string.h>

/* ---- processes and domains ---------------------------------------------------------------------------- */

static const char *name_of(const json_t *item)
{
    return json_is_string(item) ? json_string_value(item) : standard_raw_text(item, "name");
}

static const CatalogObject *object_of(const StandardRun *run, const json_t *item)
{
    const char *id = standard_raw_text(item, "object_id");
    return run->catalog->snapshot != NULL && *id != '\0' ? catalog_by_id(run->catalog->snapshot, id) : NULL;
}

static bool is_several(const char *name)
{
    g_auto(GStrv) words = g_strsplit(name, "_", -1);
    static const char *const JOINING[] = {"and", "or", "then", "with", NULL};
    for (char **word = words; *word != NULL; word++) {
        if (word != words && word[1] != NULL && g_strv_contains(JOINING, *word)) {
            return true;
        }
    }
    return false;
}

static void sj_01(StandardRun *run)
{
    size_t i = 0;
    const json_t *item = NULL;
    json_array_foreach (run->catalog->processes, i, item) {
        const char *name = name_of(item);
        const json_t *lines = json_object_get(item, "business_line");
        lines = lines != NULL ? lines : json_object_get(item, "business_lines");
        if (is_several(name) || standard_raw_array(item, "events") != NULL) {
            standard_find(run, name, NULL, object_of(run, item),
                          "the process `%s` is several business events", "业务过程 `%s` 包含多个业务事件",
                          name);
        } else if (json_array_size(lines) > 1) {
            standard_find(run, name, NULL, object_of(run, item),
                          "the process `%s` stands under %d business lines",
                          "业务过程 `%s` 登记在 %d 条业务线下", name, (int)json_array_size(lines));
        }
    }
}

static bool has_domain(const StandardCatalog *catalog, const char *domain)
{
    size_t i = 0;
    const json_t *item = NULL;
    json_array_foreach (catalog->domains, i, item) {
        if (g_ascii_strcasecmp(name_of(item), domain) == 0) {
            return true;
        }
    }
    return false;
}

/* The first domain of a process; several may be listed. */
static const char *domain_of(const json_t *item, size_t *ret_n)
{
    const json_t *domain = json_object_get(item, "domain");
    domain = domain != NULL ? domain : json_object_get(item, "domains");
    *ret_n = json_is_array(domain)                     ? json_array_size(domain)
             : domain != NULL && !json_is_null(domain) ? 1
                                                       : 0;
    const char *text = json_string_value(json_is_array(domain) ? json_array_get(domain, 0) : domain);
    return text != NULL ? text : "";
}

static void sj_02_one(StandardRun *run, GHashTable *seen, const json_t *item)
{
    size_t n = 0;
    const char *name = name_of(item);
    const char *domain = domain_of(item, &n);
    const char *before = g_hash_table_lookup(seen, name);
    if (n > 1 || (before != NULL && g_ascii_strcasecmp(before, domain) != 0)) {
        standard_find(run, name, NULL, object_of(run, item), "`%s` belongs to more than one domain",
                      "`%s` 属于多个数据域", name);
    } else if (n == 0 && json_is_object(item)) {
        standard_find(run, name, NULL, object_of(run, item), "`%s` belongs to no domain",
                      "`%s` 不属于任何数据域", name);
    } else if (n == 1 && run->catalog->domains != NULL && !has_domain(run->catalog, domain)) {
        standard_find(run, name, NULL, object_of(run, item), "the domain `%2$s` of `%1$s` is not registered",
                      "`%1$s` 所属的数据域 `%2$s` 未登记", name, domain);
    }
    g_hash_table_insert(seen, (gpointer)(guintptr)name, (gpointer)(guintptr)domain);
}

static void sj_02_dimension(StandardRun *run, const StandardTable *table)
{
    const json_t *domains = json_object_get(table->raw, "domain");
    if (json_array_size(domains) > 1 || json_array_size(json_object_get(table->raw, "domains")) > 1) {
        standard_find_table(run, table, "the dimension `%s` belongs to more than one domain",
                            "维度 `%s` 属于多个数据域", table->name);
    } else if (run->catalog->snapshot == NULL && json_array_size(run->catalog->domains) > 0 &&
               *table->domain != '\0' && !has_domain(run->catalog, table->domain)) {
        standard_find_table(run, table, "the domain `%2$s` of the dimension `%1$s` is not registered",
                            "维度 `%1$s` 所属的数据域 `%2$s` 未登记", table->name, table->domain);
    }
}

static void sj_02(StandardRun *run)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    size_t i = 0;
    const json_t *item = NULL;
    json_array_foreach (run->catalog->processes, i, item) {
        sj_02_one(run, seen, item);
    }
    for (guint t = 0; t < run->catalog->tables->len; t++) {
        const StandardTable *table = g_ptr_array_index(run->catalog->tables, t);
        if (table->layer == STANDARD_DIM) {
            sj_02_dimension(run, table);
        }
    }
}

/* Covers all current needs: no table stands in a domain that the list does not have. */
static void sj_03(StandardRun *run)
{
    const json_t *domains = run->catalog->domains;
    for (guint i = 0; json_array_size(domains) > 0 && i < run->catalog->tables->len; i++) {
        const StandardTable *table = g_ptr_array_index(run->catalog->tables, i);
        if (*table->domain != '\0' && !has_domain(run->catalog, table->domain) &&
            run->catalog->snapshot == NULL) {
            standard_find(run, table->domain, table, NULL,
                          "`%2$s` stands in the domain `%1$s`, which the list lacks",
                          "`%2$s` 所在的数据域 `%1$s` 不在域清单中", table->domain, table->name);
        }
    }
    size_t i = 0;
    const json_t *item = NULL;
    json_array_foreach (domains, i, item) {
        const char *was = standard_raw_text(item, "renamed_from");
        if (*was != '\0' && !standard_raw_has(item, "approved_by")) {
            standard_find(run, name_of(item), NULL, NULL,
                          "the domain `%2$s` was renamed to `%1$s` without approval",
                          "数据域 `%2$s` 未经审批改名为 `%1$s`", name_of(item), was);
        }
    }
}

/* ---- subjects ---------------------------------------------------------------------------------------------
 */

static bool is_registered_process(const StandardCatalog *catalog, const char *process)
{
    size_t i = 0;
    const json_t *item = NULL;
    json_array_foreach (catalog->processes, i, item) {
        if (g_ascii_strcasecmp(name_of(item), process) == 0) {
            return true;
        }
    }
    return json_array_size(catalog->processes) == 0;
}

static void sj_04(StandardRun *run, StandardTable *table)
{
    const StandardName *name = standard_table_parts(table);
    bool several = json_array_size(json_object_get(table->raw, "processes")) > 0 ||
                   json_array_size(json_object_get(table->raw, "milestones")) > 1;
    if (table->layer != STANDARD_DWD || name->manual || table->kind == STANDARD_MANUAL) {
        return;
    }
    if (*table->process == '\0' && !several) {
        StandardFinding *finding =
            standard_find_table(run, table, "the detail table `%s` names no business process",
                                "明细表 `%s` 未绑定业务过程", table->name);
        standard_finding_fix(finding, "declare `process:`", "声明 `process:`");
    } else if (*table->process != '\0' && !is_registered_process(run->catalog, table->process)) {
        standard_find_table(run, table, "the process `%2$s` of `%1$s` is not registered",
                            "`%1$s` 的业务过程 `%2$s` 未登记", table->name, table->process);
    }
}

static guint count_words(const char *text)
{
    guint n = *text != '\0' ? 1 : 0;
    for (; *text != '\0'; text++) {
        n += *text == '_' ? 1 : 0;
    }
    return n;
}

static guint count_strings(const char *const *list)
{
    guint n = 0;
    while (list[n] != NULL) {
        n++;
    }
    return n;
}

/* Words of the name between department and period. */
static guint count_name_words(const StandardName *name)
{
    return (name->domain != NULL ? 1 : 0) + (name->subject != NULL ? 1 : 0) + count_strings(name->words);
}

static void sj_05(StandardRun *run, StandardTable *table)
{
    if (table->layer != STANDARD_DWM && table->layer != STANDARD_DWS) {
        return;
    }
    const StandardName *name = standard_table_parts(table);
    bool said = *table->subject != '\0';
    if ((said && count_words(table->subject) < 2) || (!said && count_name_words(name) < 2)) {
        standard_find_table(run, table, "the subject `%2$s` of `%1$s` is not an entity and what it does",
                            "`%1$s` 的主题 `%2$s` 不是“实体 + 活动”", table->name,
                            said ? table->subject : "");
    }
}

static void sj_06(StandardRun *run, StandardTable *table)
{
    static const char *const KEYS[] = {"application", "app", "product", "consumer", "consumers", "exposure"};
    if (table->layer != STANDARD_APP) {
        return;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(KEYS); i++) {
        if (standard_raw_has(table->raw, KEYS[i])) {
            return;
        }
    }
    const StandardName *name = standard_table_parts(table);
    bool said = *table->subject != '\0';
    if ((said && count_words(table->subject) < 2) ||
        (!said && count_name_words(name) + (name->dept != NULL) < 2)) {
        standard_find_table(run, table, "`%1$s` says subject `%2$s` but no application",
                            "`%1$s` 只有主题 `%2$s`，未指明应用", table->name, said ? table->subject : "");
    }
}

const StandardCheck standard_checks_sj[] = {
    {STANDARD_SJ_01, .catalog = sj_01},
    {STANDARD_SJ_02, .catalog = sj_02},
    {STANDARD_SJ_03, .catalog = sj_03},
    {STANDARD_SJ_04, .table = sj_04},
    {STANDARD_SJ_05, .table = sj_05},
    {STANDARD_SJ_06, .table = sj_06},
    STANDARD_CHECKS_END,
};
