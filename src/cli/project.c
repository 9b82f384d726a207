/* Where the project and its data are, and its settings. */
#include "base/diag.h"
#include "base/fs.h"
#include "base/yaml.h"
#include "cli/cli_int.h"

static bool has_project(const char *folder)
{
    g_autofree char *file = g_build_filename(folder, "weir.yml", NULL);
    return g_file_test(file, G_FILE_TEST_IS_REGULAR);
}

static char *absolute(const char *path)
{
    return g_canonicalize_filename(path, NULL);
}

/* Here or in the nearest folder above. */
static char *find_above(void)
{
    g_autofree char *folder = absolute(".");
    for (;;) {
        if (has_project(folder)) {
            return g_steal_pointer(&folder);
        }
        char *parent = g_path_get_dirname(folder);
        bool top = strcmp(parent, folder) == 0;
        g_free(folder);
        folder = parent;
        if (top) {
            return NULL;
        }
    }
}

static bool no_project(GError **error, const char *folder)
{
    base_fail(error, BASE_E_PROJECT_NOT_FOUND, base_tr("no weir.yml in `%s`", "`%s` 中没有 weir.yml"),
              folder);
    base_error_hint(
        error, base_tr("`weir init NAME` makes a project, `weir demo` an example; -p names another folder",
                       "`weir init 名称` 创建项目，`weir demo` 创建示例；-p 指定目录"));
    return false;
}

bool cli_project_find(CliContext *ctx, GError **error)
{
    const char *named = cli_text(ctx, "project");
    named = named != NULL ? named : g_getenv("WEIR_PROJECT");
    if (named != NULL && *named != '\0') {
        ctx->project = absolute(named);
        if (!has_project(ctx->project)) {
            return no_project(error, ctx->project);
        }
    } else {
        ctx->project = find_above();
    }
    const char *data = cli_text(ctx, "data");
    data = data != NULL ? data : g_getenv("WEIR_DATA");
    if (data != NULL && *data != '\0') {
        ctx->data = absolute(data);
    } else if (ctx->project != NULL) {
        ctx->data = g_build_filename(ctx->project, ".weir", NULL);
    }
    return true;
}

bool cli_project_need(CliContext *ctx, GError **error)
{
    g_autofree char *here = absolute(".");
    return ctx->project != NULL || no_project(error, here);
}

/* ---- settings ---- */

/* The `settings` map of weir.yml; NULL when there is none. Syntax errors are in `diags`. */
static BaseYaml *read_project_file(CliContext *ctx, BaseDiags *diags, GError **error)
{
    g_autofree char *path = g_build_filename(ctx->project, "weir.yml", NULL);
    size_t len = 0;
    g_autofree char *text = base_fs_read(path, BASE_YAML_MAX_BYTES, &len, error);
    return text == NULL ? NULL : base_yaml_parse(text, len, "weir.yml", 0, 0, diags);
}

static bool fail_settings(CliContext *ctx, const BaseDiags *diags, GError **error)
{
    GError *why = NULL;
    base_diags_fail(diags, &why);
    json_decref(ctx->problem);
    ctx->problem = base_error_to_problem(why, base_lang());
    json_object_set_new(ctx->problem, "diagnostics", base_diags_to_json(diags));
    g_propagate_error(error, why);
    return false;
}

/* Flags that are settings. */
static bool set_flags(const CliContext *ctx, BaseConfig *config, GError **error)
{
    static const char *const FLAGS[][2] = {
        {"http", "http.listen"}, {"mysql", "mysql.listen"}, {"lang", "lang"}};
    for (size_t i = 0; i < G_N_ELEMENTS(FLAGS); i++) {
        const char *text = cli_text(ctx, FLAGS[i][0]);
        if (text != NULL && !base_config_set(config, FLAGS[i][1], text, error)) {
            return false;
        }
    }
    return true;
}

/* A verb that reads the project shows what is wrong in `settings` with all else that is wrong there. */
static bool told_with_the_rest(const CliContext *ctx, const BaseDiags *diags)
{
    bool in_file = true;
    for (size_t i = 0; i < base_diags_length(diags); i++) {
        in_file = in_file && base_diags_get(diags, i)->file != NULL;
    }
    return ctx->reads_project && in_file;
}

BaseConfig *cli_config_load(CliContext *ctx, GError **error)
{
    g_autoptr(BaseDiags) diags = base_diags_new();
    g_autoptr(BaseConfig) config = base_config_new();
    g_autoptr(BaseYaml) root = NULL;
    if (ctx->project != NULL) {
        GError *why = NULL;
        root = read_project_file(ctx, diags, &why);
        if (why != NULL) {
            g_propagate_error(error, why);
            return NULL;
        }
    }
    /* A file that is not YAML is told by whoever reads the definitions, with everything else that is wrong.
     */
    bool good_file = base_diags_count(diags, BASE_DIAG_ERROR) == 0 || root != NULL;
    g_autoptr(BaseDiags) settings_diags = base_diags_new();
    const BaseYaml *settings = good_file && root != NULL ? base_yaml_get(root, "settings", NULL) : NULL;
    bool good = base_config_load(config, settings, "weir.yml", settings_diags);
    if (!good && !told_with_the_rest(ctx, settings_diags)) {
        fail_settings(ctx, settings_diags, error);
        return NULL;
    }
    return set_flags(ctx, config, error) ? g_steal_pointer(&config) : NULL;
}
