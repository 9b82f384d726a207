/* lint: what is wrong with the project's files, or against the warehouse standard; a catalog of another
 * warehouse is judged without a project. */
#include "base/fs.h"
#include "cli/lint_int.h"

#define CATALOG_MAX_BYTES ((size_t)512 << 20)
#define MAX_ROUNDS        100 /* of fixing: each mends at least one finding */

/* ---- as diagnostics ---------------------------------------------------------------------------------- */

/* A finding in the form of a diagnostic: what the printers take. */
static json_t *as_diagnostic(const json_t *finding)
{
    static const char *const LEVELS[][2] = {{"E", "error"}, {"W", "warning"}, {"I", "note"}};
    json_t *one = json_object();
    base_json_set_string(one, "code", base_json_string(finding, "rule", ""));
    const char *severity = "note";
    for (size_t i = 0; i < G_N_ELEMENTS(LEVELS); i++) {
        bool is = strcmp(base_json_string(finding, "level", ""), LEVELS[i][0]) == 0;
        severity = is ? LEVELS[i][1] : severity;
    }
    const json_t *waived = json_object_get(finding, "waived");
    base_json_set_string(one, "severity", waived != NULL ? "note" : severity);
    const char *file = base_json_string(finding, "file", NULL);
    g_autofree char *message =
        waived != NULL
            ? g_strdup_printf(base_tr("%s: %s (waived until %s by %s)", "%s：%s（豁免至 %s，%s）"),
                              base_json_string(finding, "object", ""),
                              base_json_string(finding, "message", ""), base_json_string(waived, "until", ""),
                              base_json_string(waived, "owner", ""))
            : g_strdup_printf("%s: %s", base_json_string(finding, "object", ""),
                              base_json_string(finding, "message", ""));
    base_json_set_string(one, "message", message);
    base_json_set_string(one, "hint", base_json_string(finding, "fix", NULL));
    if (file != NULL) {
        base_json_set_string(one, "file", file);
        static const char *const PLACES[] = {"line", "column", "end_column"};
        for (size_t i = 0; i < G_N_ELEMENTS(PLACES); i++) {
            base_json_set_int(one, PLACES[i], base_json_int(finding, PLACES[i], i == 0 ? 0 : 1));
        }
    }
    return one;
}

static bool under(const CliContext *ctx, const char *file)
{
    if (ctx->n_words == 0 || ctx->project == NULL || cli_flag(ctx, "rows")) {
        return true;
    }
    g_autofree char *path = g_build_filename(ctx->project, file, NULL);
    for (unsigned i = 0; i < ctx->n_words; i++) {
        g_autofree char *wanted = g_canonicalize_filename(ctx->words[i], NULL);
        size_t len = strlen(wanted);
        if (strncmp(path, wanted, len) == 0 && (path[len] == '\0' || path[len] == '/')) {
            return true;
        }
    }
    return false;
}

/* What the user asked to see: of the paths, and what is waived only when asked for. */
static json_t *filter(const CliContext *ctx, const json_t *list)
{
    json_t *kept = json_array();
    size_t i = 0;
    json_t *one = NULL;
    json_array_foreach (list, i, one) {
        bool waived = json_object_get(one, "waived") != NULL;
        if (under(ctx, base_json_string(one, "file", "")) && (!waived || cli_flag(ctx, "waived"))) {
            json_array_append(kept, one);
        }
    }
    return kept;
}

static size_t count_severity(const json_t *list, const char *severity)
{
    size_t n = 0;
    size_t i = 0;
    const json_t *one = NULL;
    json_array_foreach (list, i, one) {
        n += strcmp(base_json_string(one, "severity", ""), severity) == 0 ? 1 : 0;
    }
    return n;
}

/* `judged`: what the rules took of the CPU; NULL = not measured. */
static int show(CliContext *ctx, const json_t *diagnostics, const json_t *all_findings, json_t *judged)
{
    const char *format = cli_text(ctx, "format");
    format = format != NULL ? format : ctx->json ? "json" : "text";
    g_autoptr(json_t) list = filter(ctx, diagnostics);
    g_autoptr(json_t) findings = filter(ctx, all_findings);
    size_t i = 0;
    const json_t *one = NULL;
    json_array_foreach (findings, i, one) {
        json_array_append_new(list, as_diagnostic(one));
    }
    if (strcmp(format, "json") == 0) {
        g_autoptr(json_t) told = filter(ctx, diagnostics);
        g_autoptr(json_t) answer = json_pack("{s:O, s:O}", "findings", findings, "diagnostics", told);
        if (judged != NULL) {
            json_object_set(answer, "judged_cpu_ms", judged);
        }
        cli_print_json(answer);
    } else if (strcmp(format, "github") == 0) {
        cli_lint_github(list);
    } else if (strcmp(format, "sarif") == 0) {
        cli_lint_sarif(list);
    } else if (json_array_size(list) > 0) {
        cli_print_diagnostics(ctx, list, stdout, NULL);
    } else {
        puts(base_tr("  No errors, no warnings.", "  没有错误和警告。"));
    }
    bool bad =
        count_severity(list, "error") > 0 || (cli_flag(ctx, "strict") && count_severity(list, "warning") > 0);
    return bad ? CLI_EXIT_USAGE : CLI_EXIT_OK;
}

/* ---- a catalog of another warehouse ---------------------------------------------------------------------
 */

static bool has_rows(const StandardCatalog *catalog)
{
    for (guint i = 0; i < catalog->tables->len; i++) {
        const StandardTable *table = g_ptr_array_index(catalog->tables, i);
        if (table->rows != NULL) {
            return true;
        }
    }
    return false;
}

/* An engine in memory is opened only where there are rows to be judged. */
static GPtrArray *judge(StandardCatalog *catalog, const StandardConfig *config, GError **error)
{
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();
    g_autofree char *today = g_date_time_format(now, "%Y-%m-%d");
    g_autoptr(Engine) engine = NULL;
    g_autoptr(EngineConn) conn = NULL;
    if (has_rows(catalog)) {
        EngineOptions options = {.threads = 1, .memory_bytes = 256 * 1024 * 1024};
        engine = engine_open(&options, error);
        conn = engine != NULL ? engine_connect(engine, error) : NULL;
        if (conn == NULL) {
            return NULL;
        }
    }
    return standard_judge(catalog, config, STANDARD_PHASES_ALL, conn, today, error);
}

static StandardConfig *catalog_config(const CliContext *ctx, const json_t *json, GError **error)
{
    g_autoptr(StandardConfig) config = standard_config_new(json);
    const char *id = cli_text(ctx, "rule");
    const StandardRule *rule = id != NULL ? standard_rule_by_id(id) : NULL;
    if (id != NULL && rule == NULL) {
        base_fail(error, BASE_E_USAGE, base_tr("no rule `%s`", "没有规则 `%s`"), id);
        base_error_hint(error, base_tr("weir lint --explain lists them", "weir lint --explain 可列出全部"));
        return NULL;
    }
    if (rule != NULL) {
        standard_config_only(config, rule->rule);
    }
    return g_steal_pointer(&config);
}

static int lint_catalog(CliContext *ctx, const char *file)
{
    GError *error = NULL;
    size_t len = 0;
    g_autofree char *text = base_fs_read(file, CATALOG_MAX_BYTES, &len, &error);
    g_autoptr(json_t) json = text != NULL ? base_json_parse(text, len, &error) : NULL;
    g_autoptr(StandardCatalog) catalog = json != NULL ? standard_catalog_from_json(json, &error) : NULL;
    g_autoptr(StandardConfig) config = catalog != NULL ? catalog_config(ctx, catalog->raw, &error) : NULL;
    g_autoptr(GPtrArray) found = config != NULL ? judge(catalog, config, &error) : NULL;
    if (found == NULL) {
        return cli_fail(ctx, error);
    }
    g_autoptr(json_t) none = json_array();
    g_autoptr(json_t) findings = json_array();
    for (guint i = 0; i < found->len; i++) {
        json_array_append_new(findings, standard_finding_to_json(g_ptr_array_index(found, i), base_lang()));
    }
    return show(ctx, none, findings, NULL);
}

/* ---- what a rule asks ------------------------------------------------------------------------------------
 */

static int explain_all(const CliContext *ctx)
{
    g_autoptr(json_t) list = json_array();
    for (size_t i = 0; i < STANDARD_N_RULES; i++) {
        json_t *rule = standard_rule_to_json((StandardRuleId)i);
        json_object_set(rule, "statement", json_object_get(rule, base_tr("statement_en", "statement_zh")));
        json_array_append_new(list, rule);
    }
    static const CliColumn COLUMNS[] = {
        {"id", "Rule", "规则", CLI_CELL_TEXT},     {"level", "Level", "级别", CLI_CELL_TEXT},
        {"phase", "Phase", "阶段", CLI_CELL_TEXT}, {"statement", "What it asks", "要求", CLI_CELL_TEXT},
        {NULL, NULL, NULL, CLI_CELL_TEXT},
    };
    if (ctx->json) {
        return cli_print_json(list);
    }
    cli_print_table(list, COLUMNS);
    return CLI_EXIT_OK;
}

int cli_lint_explain(const CliContext *ctx, const StandardRule *rule)
{
    if (ctx->json) {
        g_autoptr(json_t) json = standard_rule_to_json(rule->rule);
        return cli_print_json(json);
    }
    static const char *const PHASES[][2] = {{"each object, at save time", "单个对象，保存时"},
                                            {"the registries, at save time", "登记信息，保存时"},
                                            {"what reads what, at save time", "血缘关系，保存时"},
                                            {"rows, after a run", "数据，运行后"},
                                            {"what was used, nightly", "使用情况，每晚"}};
    const StandardText *statement = standard_rule_statement(rule->rule);
    const StandardText *example = standard_rule_example(rule->rule);
    const StandardText *fix = standard_rule_fix(rule->rule);
    bool color = base_term_color(stdout);
    printf("%s%s%s  %s\n\n", color ? "\033[1m" : "", rule->id, color ? "\033[0m" : "",
           base_tr(statement->en, statement->zh));
    printf("  %s: %s\n", base_tr("against it", "反例"), base_tr(example->en, example->zh));
    printf("  %s: %s\n", base_tr("what to do", "处理"), base_tr(fix->en, fix->zh));
    printf("  %s %s · %s %s · %s\n", base_tr("section", "章节"), rule->section, base_tr("level", "级别"),
           standard_level_letter(rule->level), base_tr(PHASES[rule->phase][0], PHASES[rule->phase][1]));
    return CLI_EXIT_OK;
}

static int explain(CliContext *ctx)
{
    const char *id = cli_word(ctx, 0);
    if (id == NULL) {
        return explain_all(ctx);
    }
    const StandardRule *rule = standard_rule_by_id(id);
    return rule != NULL ? cli_lint_explain(ctx, rule)
                        : cli_usage(ctx, base_tr("no rule `%s`", "没有规则 `%s`"), id);
}

/* ---- the project
 * -------------------------------------------------------------------------------------------- */

static json_t *ask(CliContext *ctx, GError **error)
{
    bool rows = cli_flag(ctx, "rows");
    g_autoptr(GString) path = g_string_new(rows ? "/api/v1/lint/data" : "/api/v1/lint");
    g_autofree char *models = rows && ctx->n_words > 0 ? g_strjoinv(",", ctx->words) : NULL;
    cli_query_add(path, "source", rows ? NULL : "files");
    cli_query_add(path, "model", models);
    cli_query_add(path, "rule", cli_text(ctx, "rule"));
    ctx->reads_project = !rows;
    return cli_call(ctx, "GET", path->str, NULL, error);
}

static size_t count_broken(const json_t *answer)
{
    return count_severity(json_object_get(answer, "diagnostics"), "error");
}

/* Carries out the edits of `findings`, reads the project again, and takes them back when definitions broke.
 * *answer is the project as it then is. */
static bool try_edits(CliContext *ctx, const json_t *findings, json_t **answer, bool *ret_good, guint *ret_n,
                      GError **error)
{
    g_autoptr(GHashTable) before = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    *ret_good = true;
    if (!cli_lint_fix(ctx, findings, before, ret_n, error)) {
        return false;
    }
    g_autoptr(json_t) after = *ret_n > 0 ? ask(ctx, error) : json_incref(*answer);
    if (after == NULL) {
        return false;
    }
    *ret_good = count_broken(after) <= count_broken(*answer);
    if (!*ret_good) {
        *ret_n = 0;
        return cli_lint_take_back(before, error);
    }
    json_decref(*answer);
    *answer = g_steal_pointer(&after);
    return true;
}

/* One after the other: an edit that breaks a reader is taken back alone. */
static bool try_each(CliContext *ctx, const json_t *findings, json_t **answer, GHashTable *bad, guint *ret_n,
                     GError **error)
{
    for (size_t i = json_array_size(findings); i-- > 0;) {
        const json_t *finding = json_array_get(findings, i);
        g_autoptr(json_t) one = json_array();
        json_array_append(one, json_array_get(findings, i));
        bool good = false;
        guint n = 0;
        if (!try_edits(ctx, one, answer, &good, &n, error)) {
            return false;
        }
        *ret_n += n;
        if (!good) {
            g_hash_table_add(bad, cli_lint_key(finding));
            cli_say(ctx, base_tr("not fixed: %s %s, since others read it", "未修复：%s %s，有其他对象读取它"),
                    base_json_string(finding, "rule", ""), base_json_string(finding, "object", ""));
        } else if (n > 0) {
            break; /* places moved: what is found is asked for again */
        }
    }
    return true;
}

static json_t *still_open(const CliContext *ctx, const json_t *answer, GHashTable *bad)
{
    g_autoptr(json_t) findings = filter(ctx, json_object_get(answer, "findings"));
    json_t *open = json_array();
    size_t i = 0;
    json_t *finding = NULL;
    json_array_foreach (findings, i, finding) {
        g_autofree char *key = cli_lint_key(finding);
        if (json_object_get(finding, "edit") != NULL && !g_hash_table_contains(bad, key)) {
            json_array_append(open, finding);
        }
    }
    return open;
}

/* As long as an edit brings something new to light: a renamed column may lack more. */
static json_t *fix(CliContext *ctx, json_t *answer_taken, GError **error)
{
    g_autoptr(json_t) answer = answer_taken;
    g_autoptr(GHashTable) bad = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (int round = 0; round < MAX_ROUNDS; round++) {
        g_autoptr(json_t) findings = still_open(ctx, answer, bad);
        bool good = true;
        guint n = 0;
        if (!try_edits(ctx, findings, &answer, &good, &n, error) ||
            (!good && !try_each(ctx, findings, &answer, bad, &n, error))) {
            return NULL;
        }
        if (n == 0) {
            break;
        }
    }
    return g_steal_pointer(&answer);
}

/* A path that is not there would be found without fault. With --rows words are models. */
static bool paths_exist(const CliContext *ctx, GError **error)
{
    for (unsigned i = 0; !cli_flag(ctx, "rows") && i < ctx->n_words; i++) {
        if (!g_file_test(ctx->words[i], G_FILE_TEST_EXISTS)) {
            return base_fail(error, BASE_E_USAGE, base_tr("no such file: `%s`", "文件不存在：`%s`"),
                             ctx->words[i]);
        }
    }
    return true;
}

int cli_verb_lint(CliContext *ctx)
{
    if (cli_flag(ctx, "explain")) {
        return explain(ctx);
    }
    if (cli_text(ctx, "catalog") != NULL) {
        return lint_catalog(ctx, cli_text(ctx, "catalog"));
    }
    GError *error = NULL;
    if (!paths_exist(ctx, &error) || !cli_project_need(ctx, &error)) {
        return cli_fail(ctx, error);
    }
    g_autoptr(json_t) answer = ask(ctx, &error);
    if (answer != NULL && cli_flag(ctx, "fix")) {
        answer = fix(ctx, g_steal_pointer(&answer), &error);
    }
    if (answer != NULL) {
        return show(ctx, json_object_get(answer, "diagnostics"), json_object_get(answer, "findings"),
                    json_object_get(answer, "judged_cpu_ms"));
    }
    const json_t *list = json_object_get(ctx->problem, "diagnostics");
    if (list == NULL || error == NULL) {
        return error != NULL ? cli_fail(ctx, error) : CLI_EXIT_FAILED;
    }
    g_clear_error(&error);
    g_autoptr(json_t) none = json_array();
    return show(ctx, list, none, NULL);
}
