/* Findings: reported once for each rule and object, with words in both languages. */
#include "standard/standard_int.h"

#include <string.h>

void standard_finding_free(StandardFinding *finding)
{
    if (finding == NULL) {
        return;
    }
    g_free(finding->object);
    g_free(finding->message_en);
    g_free(finding->message_zh);
    g_free(finding->fix_en);
    g_free(finding->fix_zh);
    g_free(finding->file);
    g_free(finding->word);
    json_decref(finding->evidence);
    g_free(finding->edit_key);
    g_free(finding->edit_value);
    g_free(finding->waived_by);
    g_free(finding->waived_until);
    g_free(finding->waived_reason);
    g_free(finding);
}

/* Two tables of one name in different domains are two objects. */
static bool is_new(StandardRun *run, const char *object, const StandardTable *table)
{
    char *key = g_strconcat(table != NULL ? table->domain : "", " ", object, NULL);
    return g_hash_table_add(run->seen, key);
}

/* Most messages name nothing: a copy is a tenth of the work of formatting. */
static char *words(const char *format, va_list args) G_GNUC_PRINTF(1, 0);
static char *words(const char *format, va_list args)
{
    return strchr(format, '%') != NULL ? g_strdup_vprintf(format, args) : g_strdup(format);
}

/* Both formats take the same arguments. */
static StandardFinding *report(StandardRun *run, char *object_taken, const StandardTable *table,
                               const char *en, const char *zh, va_list args) G_GNUC_PRINTF(4, 0)
    G_GNUC_PRINTF(5, 0);
static StandardFinding *report(StandardRun *run, char *object_taken, const StandardTable *table,
                               const char *en, const char *zh, va_list args)
{
    g_autofree char *object = object_taken;
    if (!is_new(run, object, table)) {
        return NULL;
    }
    StandardFinding *finding = g_new0(StandardFinding, 1);
    finding->rule = run->rule;
    finding->level = run->level;
    finding->object = g_steal_pointer(&object);
    finding->table = table;
    finding->at = table != NULL ? table->object : NULL;
    va_list again;
    va_copy(again, args);
    finding->message_en = words(en, args);
    finding->message_zh = words(zh, again);
    va_end(again);
    g_ptr_array_add(run->findings, finding);
    return finding;
}

StandardFinding *standard_find_table(StandardRun *run, const StandardTable *table, const char *en,
                                     const char *zh, ...)
{
    va_list args;
    va_start(args, zh);
    StandardFinding *finding = report(run, g_strdup(table->name), table, en, zh, args);
    va_end(args);
    return finding;
}

StandardFinding *standard_find_column(StandardRun *run, const StandardTable *table,
                                      const StandardColumn *column, const char *en, const char *zh, ...)
{
    va_list args;
    va_start(args, zh);
    StandardFinding *finding =
        report(run, g_strdup_printf("%s.%s", table->name, column->name), table, en, zh, args);
    va_end(args);
    if (finding != NULL) {
        finding->column = column;
    }
    return finding;
}

StandardFinding *standard_find_edge(StandardRun *run, const StandardTable *from, const StandardTable *to,
                                    const char *en, const char *zh, ...)
{
    va_list args;
    va_start(args, zh);
    StandardFinding *finding = report(run, g_strdup_printf("%s->%s", from->name, to->name), to, en, zh, args);
    va_end(args);
    if (finding != NULL) {
        finding->from = from;
    }
    return finding;
}

StandardFinding *standard_find_metric(StandardRun *run, const StandardMetric *metric, const char *en,
                                      const char *zh, ...)
{
    va_list args;
    va_start(args, zh);
    StandardFinding *finding = report(run, g_strdup(metric->name), NULL, en, zh, args);
    va_end(args);
    if (finding != NULL) {
        finding->at = metric->object;
    }
    return finding;
}

StandardFinding *standard_find(StandardRun *run, const char *object, const StandardTable *table,
                               const CatalogObject *at, const char *en, const char *zh, ...)
{
    va_list args;
    va_start(args, zh);
    StandardFinding *finding = report(run, g_strdup(object), table, en, zh, args);
    va_end(args);
    if (finding != NULL && at != NULL) {
        finding->at = at;
    }
    return finding;
}

void standard_finding_fix(StandardFinding *finding, const char *en, const char *zh, ...)
{
    if (finding == NULL) {
        return;
    }
    va_list args;
    va_start(args, zh);
    va_list again;
    va_copy(again, args);
    g_free(finding->fix_en);
    g_free(finding->fix_zh);
    finding->fix_en = words(en, args);
    finding->fix_zh = words(zh, again);
    va_end(again);
    va_end(args);
}

void standard_finding_level(StandardFinding *finding, StandardLevel level)
{
    if (finding != NULL) {
        finding->level = MIN(finding->level, level);
    }
}

void standard_finding_evidence(StandardFinding *finding, const char *key, json_t *value_taken)
{
    if (finding == NULL) {
        json_decref(value_taken);
        return;
    }
    if (finding->evidence == NULL) {
        finding->evidence = json_object();
    }
    json_object_set_new(finding->evidence, key, value_taken);
}

void standard_finding_word(StandardFinding *finding, const char *word)
{
    if (finding != NULL) {
        g_free(finding->word);
        finding->word = g_strdup(word);
    }
}

void standard_finding_rename(StandardFinding *finding, const char *new_name)
{
    if (finding != NULL) {
        finding->edit = STANDARD_EDIT_RENAME_COLUMN;
        g_free(finding->edit_value);
        finding->edit_value = g_strdup(new_name);
    }
}

void standard_finding_set(StandardFinding *finding, const char *key, const char *value)
{
    if (finding != NULL) {
        finding->edit = STANDARD_EDIT_SET;
        g_free(finding->edit_key);
        g_free(finding->edit_value);
        finding->edit_key = g_strdup(key);
        finding->edit_value = g_strdup(value);
    }
}

gpointer standard_memo(StandardRun *run, const char *key, gpointer (*make)(StandardRun *run),
                       GDestroyNotify destroy)
{
    StandardMemo *memo = g_hash_table_lookup(run->memo, key);
    if (memo == NULL) {
        memo = g_new0(StandardMemo, 1);
        memo->destroy = destroy;
        memo->value = make(run);
        g_hash_table_insert(run->memo, (gpointer)(guintptr)key, memo);
    }
    return memo->value;
}

void standard_memo_free(void *memo_)
{
    StandardMemo *memo = memo_;
    if (memo->destroy != NULL && memo->value != NULL) {
        memo->destroy(memo->value);
    }
    g_free(memo);
}

/* ---- as JSON ------------------------------------------------------------------------------------------- */

static json_t *edit_to_json(const StandardFinding *finding)
{
    json_t *edit = json_object();
    bool rename = finding->edit == STANDARD_EDIT_RENAME_COLUMN;
    base_json_set_string(edit, "do", rename ? "rename_column" : "set");
    if (rename) {
        base_json_set_string(edit, "to", finding->edit_value);
    } else {
        base_json_set_string(edit, "key", finding->edit_key);
        base_json_set_string(edit, "value", finding->edit_value);
    }
    return edit;
}

static void set_place(json_t *json, const StandardFinding *finding)
{
    if (finding->file == NULL) {
        return;
    }
    base_json_set_string(json, "file", finding->file);
    if (finding->line > 0) {
        base_json_set_int(json, "line", finding->line);
        base_json_set_int(json, "column", MAX(finding->column_no, 1));
        base_json_set_int(json, "end_column", MAX(finding->end_column, finding->column_no));
    }
}

json_t *standard_finding_to_json(const StandardFinding *finding, const char *lang)
{
    bool zh = strcmp(lang, "zh") == 0;
    const StandardText *fix = standard_rule_fix(finding->rule);
    const char *fix_en = finding->fix_en != NULL ? finding->fix_en : fix->en;
    const char *fix_zh = finding->fix_zh != NULL ? finding->fix_zh : fix->zh;
    json_t *json = json_object();
    base_json_set_string(json, "rule", standard_rule(finding->rule)->id);
    base_json_set_string(json, "level", standard_level_letter(finding->level));
    base_json_set_string(json, "severity", standard_level_name(finding->level));
    base_json_set_string(json, "object", finding->object);
    base_json_set_string(json, "message", zh ? finding->message_zh : finding->message_en);
    base_json_set_string(json, "fix", zh ? fix_zh : fix_en);
    set_place(json, finding);
    if (finding->evidence != NULL) {
        json_object_set(json, "evidence", finding->evidence);
    }
    if (finding->edit != STANDARD_EDIT_NONE) {
        json_object_set_new(json, "edit", edit_to_json(finding));
    }
    if (finding->waived_by != NULL) {
        json_object_set_new(json, "waived",
                            json_pack("{s:s, s:s, s:s}", "owner", finding->waived_by, "until",
                                      finding->waived_until, "reason", finding->waived_reason));
    }
    base_json_set_string(json, "message_en", finding->message_en);
    base_json_set_string(json, "message_zh", finding->message_zh);
    base_json_set_string(json, "fix_en", fix_en);
    base_json_set_string(json, "fix_zh", fix_zh);
    return json;
}

json_t *standard_finding_to_diagnostic(const StandardFinding *finding, const char *lang)
{
    static const char *const SEVERITIES[] = {"note", "note", "warning", "error"};
    g_autoptr(json_t) json = standard_finding_to_json(finding, lang);
    json_t *diagnostic = json_object();
    base_json_set_string(diagnostic, "code", standard_rule(finding->rule)->id);
    base_json_set_string(diagnostic, "severity",
                         finding->waived_by != NULL ? "note" : SEVERITIES[finding->level]);
    json_object_set(diagnostic, "message", json_object_get(json, "message"));
    json_object_set(diagnostic, "hint", json_object_get(json, "fix"));
    set_place(diagnostic, finding);
    return diagnostic;
}
