/* user, token, audit, config, backup. */
#include <termios.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/cli_int.h"

#define PASSWORD_MAX_BYTES 1024

/* One call, its answer as JSON or by `say`. */
static int done(CliContext *ctx, json_t *answer, GError *error, const char *say)
{
    if (answer == NULL) {
        return cli_fail(ctx, error);
    }
    if (ctx->json) {
        cli_print_json(answer);
    } else {
        printf("  %s\n", say);
    }
    json_decref(answer);
    return CLI_EXIT_OK;
}

/* ---- passwords ---- */

static char *read_line(void)
{
    char buffer[PASSWORD_MAX_BYTES + 2];
    if (fgets(buffer, sizeof buffer, stdin) == NULL) {
        return NULL;
    }
    buffer[strcspn(buffer, "\r\n")] = '\0';
    return g_strdup(buffer);
}

static char *ask_hidden(const char *prompt)
{
    struct termios before;
    bool hidden = tcgetattr(STDIN_FILENO, &before) == 0;
    if (hidden) {
        struct termios silent = before;
        silent.c_lflag &= ~(tcflag_t)ECHO;
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
    }
    fprintf(stderr, "%s", prompt);
    fflush(stderr);
    char *line = read_line();
    if (hidden) {
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
        fputc('\n', stderr);
    }
    return line;
}

static char *read_password(CliContext *ctx, GError **error)
{
    if (cli_flag(ctx, "password-stdin")) {
        char *line = read_line();
        if (line == NULL) {
            base_fail(error, BASE_E_USAGE, "%s", base_tr("stdin holds no password", "标准输入中没有密码"));
        }
        return line;
    }
    if (ctx->no_input || isatty(STDIN_FILENO) != 1) {
        base_fail(error, BASE_E_USAGE, "%s", base_tr("a password is needed", "需要密码"));
        base_error_hint(error,
                        base_tr("--password-stdin reads it from stdin", "--password-stdin 从标准输入读取"));
        return NULL;
    }
    g_autofree char *first = ask_hidden(base_tr("Password: ", "密码："));
    g_autofree char *second = ask_hidden(base_tr("Again: ", "再次输入："));
    if (first == NULL || g_strcmp0(first, second) != 0) {
        base_fail(error, BASE_E_USAGE, "%s", base_tr("the two passwords differ", "两次输入的密码不同"));
        return NULL;
    }
    return g_steal_pointer(&first);
}

/* ---- user ---- */

static json_t *roles_of(CliContext *ctx)
{
    json_t *roles = json_array();
    for (char **role = cli_list(ctx, "role"); role != NULL && *role != NULL; role++) {
        json_array_append_new(roles, json_string(*role));
    }
    return roles;
}

static int user_set(CliContext *ctx, bool is_new, bool password)
{
    GError *error = NULL;
    const char *name = ctx->words[1];
    g_autoptr(json_t) body = json_object();
    if (password) {
        g_autofree char *secret = read_password(ctx, &error);
        if (secret == NULL) {
            return cli_fail(ctx, error);
        }
        base_json_set_string(body, "password", secret);
    }
    if (!password || cli_list(ctx, "role") != NULL) {
        json_object_set_new(body, "roles", roles_of(ctx));
    }
    if (is_new) {
        base_json_set_string(body, "name", name);
        json_t *answer = cli_call(ctx, "POST", "/api/v1/users", body, &error);
        return done(ctx, answer, error, base_tr("user made", "已创建用户"));
    }
    g_autofree char *path = cli_path("/api/v1/users/", name);
    json_t *answer = cli_call(ctx, "PATCH", path, body, &error);
    return done(ctx, answer, error, base_tr("user changed", "已修改用户"));
}

static int user_remove(CliContext *ctx)
{
    GError *error = NULL;
    bool yes = false;
    g_autofree char *question =
        g_strdup_printf(base_tr("  Remove user `%s`?", "  删除用户 `%s`？"), ctx->words[1]);
    if (!cli_confirm(ctx, question, &yes, &error)) {
        return cli_fail(ctx, error);
    }
    if (!yes) {
        return CLI_EXIT_FAILED;
    }
    g_autofree char *path = cli_path("/api/v1/users/", ctx->words[1]);
    json_t *answer = cli_call(ctx, "DELETE", path, NULL, &error);
    return done(ctx, answer, error, base_tr("user removed", "已删除用户"));
}

static int user_grant(CliContext *ctx, bool revoke)
{
    GError *error = NULL;
    g_autoptr(json_t) body = json_object();
    base_json_set_string(body, "grantee", ctx->words[1]);
    base_json_set_string(body, "right", ctx->words[2]);
    base_json_set_string(body, "object", ctx->words[3]);
    json_object_set_new(body, "revoke", json_boolean(revoke));
    json_t *answer = cli_call(ctx, "POST", "/api/v1/grants", body, &error);
    return done(ctx, answer, error, revoke ? base_tr("revoked", "已收回") : base_tr("granted", "已授予"));
}

static int user_list(CliContext *ctx)
{
    static const CliColumn COLUMNS[] = {
        {"name", "User", "用户", CLI_CELL_TEXT},
        {"roles", "Roles", "角色", CLI_CELL_TEXT},
        {"created", "Created", "创建", CLI_CELL_TEXT},
        {NULL, NULL, NULL, CLI_CELL_TEXT},
    };
    return cli_show_list(ctx, "/api/v1/users", "users", COLUMNS);
}

static int user_grants(CliContext *ctx)
{
    static const CliColumn COLUMNS[] = {
        {"grantee", "Who", "被授权者", CLI_CELL_TEXT},
        {"right", "Right", "权限", CLI_CELL_TEXT},
        {"object", "Object", "对象", CLI_CELL_TEXT},
        {NULL, NULL, NULL, CLI_CELL_TEXT},
    };
    return cli_show_list(ctx, "/api/v1/grants", "grants", COLUMNS);
}

int cli_verb_user(CliContext *ctx)
{
    static const struct {
        const char *name;
        unsigned n_words;
    } ACTIONS[] = {{"ls", 1}, {"add", 2},    {"passwd", 2}, {"role", 2},
                   {"rm", 2}, {"grants", 1}, {"grant", 4},  {"revoke", 4}};
    const char *action = ctx->n_words == 0 ? "ls" : ctx->words[0];
    size_t at = 0;
    while (at < G_N_ELEMENTS(ACTIONS) && strcmp(ACTIONS[at].name, action) != 0) {
        at++;
    }
    if (at == G_N_ELEMENTS(ACTIONS)) {
        return cli_usage(ctx, base_tr("`weir user` does not know `%s`", "`weir user` 不认识 `%s`"), action);
    }
    if (ctx->n_words != 0 && ctx->n_words != ACTIONS[at].n_words) {
        return cli_usage(ctx, base_tr("`weir user %s` takes other words", "`weir user %s` 的参数个数不对"),
                         action);
    }
    switch (at) {
    case 0:
        return user_list(ctx);
    case 1:
        return user_set(ctx, true, true);
    case 2:
        return user_set(ctx, false, true);
    case 3:
        return user_set(ctx, false, false);
    case 4:
        return user_remove(ctx);
    case 5:
        return user_grants(ctx);
    default:
        return user_grant(ctx, at == 7);
    }
}

/* ---- token ---- */

static int token_create(CliContext *ctx)
{
    int code;
    g_autoptr(json_t) body = json_object();
    static const char *const FLAGS[][2] = {{"note", "note"}, {"for", "lifetime"}, {"user", "user"}};
    for (size_t i = 0; i < G_N_ELEMENTS(FLAGS); i++) {
        if (cli_text(ctx, FLAGS[i][0]) != NULL) {
            base_json_set_string(body, FLAGS[i][1], cli_text(ctx, FLAGS[i][0]));
        }
    }
    g_autoptr(json_t) answer = cli_ask(ctx, "POST", "/api/v1/tokens", body, &code);
    if (!answer) {
        return code;
    }
    puts(base_json_string(answer, "token", ""));
    cli_say(ctx, "  %s", base_tr("shown this once only", "仅显示这一次"));
    return CLI_EXIT_OK;
}

int cli_verb_token(CliContext *ctx)
{
    static const CliColumn COLUMNS[] = {
        {"id", "Id", "编号", CLI_CELL_TEXT},
        {"user", "User", "用户", CLI_CELL_TEXT},
        {"note", "Note", "说明", CLI_CELL_TEXT},
        {"created", "Created", "创建", CLI_CELL_TEXT},
        {"expires", "Expires", "到期", CLI_CELL_TEXT},
        {"last_used", "Last used", "最近使用", CLI_CELL_TEXT},
        {NULL, NULL, NULL, CLI_CELL_TEXT},
    };
    const char *action = ctx->n_words == 0 ? "ls" : ctx->words[0];
    if (strcmp(action, "ls") == 0) {
        return cli_show_list(ctx, "/api/v1/tokens", "tokens", COLUMNS);
    }
    if (strcmp(action, "create") == 0 && ctx->n_words == 1) {
        return token_create(ctx);
    }
    if (strcmp(action, "rm") == 0 && ctx->n_words == 2) {
        GError *error = NULL;
        g_autofree char *path = cli_path("/api/v1/tokens/", ctx->words[1]);
        json_t *answer = cli_call(ctx, "DELETE", path, NULL, &error);
        return done(ctx, answer, error, base_tr("token removed", "已删除令牌"));
    }
    return cli_usage(
        ctx,
        base_tr("`weir token` does not know `%s`, or needs an id", "`weir token` 不认识 `%s` 或缺少编号"),
        action);
}

/* ---- audit, config, backup ---- */

int cli_verb_audit(CliContext *ctx)
{
    static const CliColumn COLUMNS[] = {
        {"at", "At", "时间", CLI_CELL_TEXT},         {"user", "User", "用户", CLI_CELL_TEXT},
        {"action", "Action", "操作", CLI_CELL_TEXT}, {"object", "Object", "对象", CLI_CELL_TEXT},
        {"ok", "Ok", "成功", CLI_CELL_TEXT},         {"detail", "Detail", "详情", CLI_CELL_TEXT},
        {NULL, NULL, NULL, CLI_CELL_TEXT},
    };
    g_autoptr(GString) path = g_string_new("/api/v1/audit");
    cli_query_add(path, "limit", cli_text(ctx, "limit") == NULL ? "50" : cli_text(ctx, "limit"));
    return cli_show_list(ctx, path->str, "audit", COLUMNS);
}

/* Without a server the settings are read from the files: the engine is not needed for that. */
static json_t *local_settings(CliContext *ctx, GError **error)
{
    g_autoptr(BaseConfig) config = cli_config_load(ctx, error);
    if (config == NULL) {
        return NULL;
    }
    json_t *settings = json_array();
    for (int key = 0; key < BASE_CONFIG_N_KEYS; key++) {
        const BaseConfigInfo *info = base_config_info((BaseConfigKey)key);
        json_t *one = json_object();
        base_json_set_string(one, "key", info->key);
        base_json_set_string(one, "value",
                             info->secret ? "***" : base_config_text(config, (BaseConfigKey)key));
        base_json_set_string(one, "default", info->value);
        base_json_set_string(one, "origin", base_config_origin(config, (BaseConfigKey)key));
        base_json_set_string(one, "doc_en", info->doc_en);
        base_json_set_string(one, "doc_zh", info->doc_zh);
        json_object_set_new(one, "secret", json_boolean(info->secret));
        json_array_append_new(settings, one);
    }
    return json_pack("{s:o}", "settings", settings);
}

static json_t *find_setting(const json_t *answer, const char *key)
{
    size_t i = 0;
    json_t *one = NULL;
    json_array_foreach (json_object_get(answer, "settings"), i, one) {
        if (strcmp(base_json_string(one, "key", ""), key) == 0) {
            return one;
        }
    }
    return NULL;
}

static int no_setting(CliContext *ctx, const char *key)
{
    GError *error = NULL;
    g_autoptr(BaseConfig) config = base_config_new();
    /* The settings table makes the message and the nearest key. */
    if (base_config_set(config, key, "", &error)) {
        base_fail(&error, BASE_E_CONFIG_INVALID, "no setting `%s`", key);
    }
    return cli_fail(ctx, error);
}

int cli_verb_config(CliContext *ctx)
{
    const CliColumn columns[] = {
        {"key", "Key", "键", CLI_CELL_TEXT},
        {"value", "Value", "值", CLI_CELL_TEXT},
        {"origin", "From", "来源", CLI_CELL_TEXT},
        {strcmp(base_lang(), "zh") == 0 ? "doc_zh" : "doc_en", "Meaning", "含义", CLI_CELL_TEXT},
        {NULL, NULL, NULL, CLI_CELL_TEXT},
    };
    GError *error = NULL;
    g_autoptr(json_t) info = cli_server_info(ctx);
    bool running = info != NULL && cli_server_alive(info);
    g_autoptr(json_t) answer =
        running ? cli_call(ctx, "GET", "/api/v1/config", NULL, &error) : local_settings(ctx, &error);
    if (answer == NULL) {
        return cli_fail(ctx, error);
    }
    const char *key = cli_word(ctx, 0);
    json_t *one = key == NULL ? NULL : find_setting(answer, key);
    if (key != NULL && one == NULL) {
        return no_setting(ctx, key);
    }
    if (ctx->json) {
        return cli_print_json(key == NULL ? answer : one);
    }
    if (key != NULL) {
        puts(base_json_string(one, "value", ""));
    } else {
        cli_print_table(json_object_get(answer, "settings"), columns);
    }
    return CLI_EXIT_OK;
}

int cli_verb_backup(CliContext *ctx)
{
    GError *error = NULL;
    g_autofree char *path = g_canonicalize_filename(ctx->words[0], NULL);
    g_autoptr(json_t) body = json_object();
    base_json_set_string(body, "path", path);
    g_autoptr(BaseProgress) progress = base_progress_new(base_tr("backup", "备份"), ctx->quiet || ctx->json);
    g_autoptr(json_t) answer = cli_call(ctx, "POST", "/api/v1/backup", body, &error);
    if (answer == NULL) {
        base_progress_done(progress, false, "");
        return cli_fail(ctx, error);
    }
    if (ctx->json) {
        return cli_print_json(answer);
    }
    g_autofree char *bytes = base_text_from_bytes(base_json_int(answer, "bytes", 0));
    base_progress_done(progress, true, bytes);
    puts(path);
    return CLI_EXIT_OK;
}
