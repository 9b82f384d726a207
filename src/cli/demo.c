/* `weir demo`: the example project from nothing to served.
 *
 * Order: folder (the project's files are in this program), data, plan, apply, sources, run, doors. The same
 * routes are called as `weir plan`, `weir apply`, `weir run` call, in this process. A marker file, written
 * when the data is whole, says that the folder is ours and how many plays it has; a second `weir demo` finds
 * it and goes on from there: what is loaded is skipped, what is applied is unchanged.
 *
 * The user `demo` has no password. It is let in only here, and only when both doors are on loopback. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/log.h"
#include "base/text.h"
#include "base/time.h"
#include "cli/cli_int.h"
#include "cli/demo.h"
#include "cli/demo_run_int.h"
#include "server/api.h"
#include "server/server.h"

#define MARKER           ".weir-demo.json"
#define MARKER_FORMAT    1
#define DEMO_ZONE        "Asia/Shanghai"
#define HTTP_PORT        8030
#define MYSQL_PORT       9030
#define PORTS_TRIED      100
#define LINK_LIFETIME_US (1800 * BASE_TIME_SECOND_US)

typedef struct {
    const CliDemoOptions *options;
    CliContext ctx; /* project and data folder, for settings and errors */
    char *shown;    /* the folder as it was named */
    gint64 n_plays;
    bool built; /* all models were made, and no file came since */
    ServerApp *app;
    char *http_listen, *mysql_listen;
    char *http, *mysql, *link, *token; /* once served */
    gint64 started_us;
    bool checked_ok;
    GThread *checker;
} Demo;

static void demo_clear(Demo *demo)
{
    g_clear_pointer(&demo->app, server_app_close);
    g_free(demo->ctx.project);
    g_free(demo->ctx.data);
    g_clear_pointer(&demo->ctx.problem, json_decref);
    g_free(demo->shown);
    g_free(demo->http_listen);
    g_free(demo->mysql_listen);
    g_free(demo->http);
    g_free(demo->mysql);
    g_free(demo->link);
    g_free(demo->token);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Demo, demo_clear)

/* ---- folder and data -------------------------------------------------------------------------------------
 */

static bool folder_is_free(const char *path)
{
    GDir *dir = g_dir_open(path, 0, NULL);
    if (!dir) {
        return !g_file_test(path, G_FILE_TEST_EXISTS);
    }
    bool empty = g_dir_read_name(dir) == NULL;
    g_dir_close(dir);
    return empty;
}

static bool write_project(const Demo *demo, GError **error)
{
    for (gsize i = 0; i < demo_n_files; i++) {
        g_autofree char *path = g_build_filename(demo->ctx.project, demo_files[i].path, NULL);
        g_autofree char *folder = g_path_get_dirname(path);
        if (!base_fs_mkdir(folder, error) ||
            !base_fs_write(path, demo_files[i].bytes, demo_files[i].len, 0644, error)) {
            return false;
        }
    }
    return true;
}

/* Today in the project's zone: the data ends the day before. */
static bool end_day(gint64 *ret, GError **error)
{
    g_autoptr(GTimeZone) zone = base_time_zone(DEMO_ZONE, error);
    if (!zone) {
        return false;
    }
    gint64 start_us = base_time_day_start(base_time_now_us(), zone);
    gint interval = g_time_zone_find_interval(zone, G_TIME_TYPE_UNIVERSAL, start_us / BASE_TIME_SECOND_US);
    *ret = (start_us / BASE_TIME_SECOND_US + g_time_zone_get_offset(zone, interval)) / 86400;
    return true;
}

static bool write_marker(const Demo *demo, GError **error)
{
    g_autoptr(json_t) marker = json_object();
    base_json_set_int(marker, "format", MARKER_FORMAT);
    base_json_set_int(marker, "plays", demo->n_plays);
    json_object_set_new(marker, "built", json_boolean(demo->built));
    g_autofree char *text = base_json_text_pretty(marker);
    g_autofree char *path = g_build_filename(demo->ctx.project, MARKER, NULL);
    return base_fs_write(path, text, strlen(text), 0644, error);
}

static bool write_data(Demo *demo, GError **error)
{
    gint64 day = 0;
    DemoCounts counts;
    if (!end_day(&day, error) || !demo_data_write(demo->ctx.project, day, &counts, error)) {
        return false;
    }
    demo->n_plays = counts.n_plays;
    return write_marker(demo, error);
}

static bool read_marker(Demo *demo)
{
    g_autofree char *path = g_build_filename(demo->ctx.project, MARKER, NULL);
    g_autoptr(json_t) marker = base_json_read_file(path, NULL);
    demo->n_plays = base_json_int(marker, "plays", 0);
    demo->built = base_json_bool(marker, "built", false);
    return base_json_int(marker, "format", 0) == MARKER_FORMAT;
}

/* A folder of an earlier demo that was stopped half-way has the project's file but no marker; it is made
 * again. */
static bool is_half_made(const Demo *demo)
{
    g_autofree char *yml = g_build_filename(demo->ctx.project, "weir.yml", NULL);
    g_autofree char *data = g_build_filename(demo->ctx.data, "lock", NULL);
    size_t len = 0;
    g_autofree char *text = base_fs_read(yml, BASE_YAML_MAX_BYTES, &len, NULL);
    for (gsize i = 0; text && i < demo_n_files; i++) {
        if (g_str_equal(demo_files[i].path, "weir.yml")) {
            return len == demo_files[i].len && memcmp(text, demo_files[i].bytes, len) == 0 &&
                   !g_file_test(data, G_FILE_TEST_EXISTS);
        }
    }
    return false;
}

static bool make_folder(Demo *demo, GError **error)
{
    g_autoptr(BaseProgress) progress =
        base_progress_new(base_tr("sample data", "示例数据"), demo->options->quiet);
    if (read_marker(demo)) {
        g_autofree char *count = base_text_from_count(demo->n_plays);
        g_autofree char *what =
            g_strdup_printf(base_tr("%s plays, made earlier", "%s 次播放，之前已生成"), count);
        base_progress_done(progress, true, what);
        return true;
    }
    if (!folder_is_free(demo->ctx.project) && !is_half_made(demo)) {
        base_fail(error, BASE_E_USAGE, "`%s` exists and is no demo", demo->shown);
        base_error_hint(error, "weir demo --dir FOLDER makes another one");
        base_error_not_done(error, "Nothing was changed.");
        return false;
    }
    bool ok = write_project(demo, error) && write_data(demo, error);
    g_autofree char *count = base_text_from_count(demo->n_plays);
    g_autofree char *what =
        g_strdup_printf(base_tr("%d users · %d songs · %s plays", "%d 位用户 · %d 首歌 · %s 次播放"),
                        DEMO_USERS, DEMO_SONGS, count);
    base_progress_done(progress, ok, ok ? what : NULL);
    return ok;
}

/* ---- steps through the API
 * ---------------------------------------------------------------------------------- */

/* The answer; NULL + error, with the problem in ctx for cli_fail. */
static json_t *call(Demo *demo, const char *method, const char *path, json_t *body, ServerWrite write,
                    void *user, GError **error)
{
    int status = 0;
    g_autoptr(json_t) request = body ? body : json_object();
    g_autoptr(json_t) answer =
        server_api_call_full(demo->app, method, path, request, NULL, write, user, &status);
    if (status < 400) {
        return answer ? g_steal_pointer(&answer) : json_null();
    }
    base_error_from_problem(error, answer);
    json_decref(demo->ctx.problem);
    demo->ctx.problem = g_steal_pointer(&answer);
    return NULL;
}

static bool open_app(Demo *demo, GError **error)
{
    BaseConfig *config = cli_config_load(&demo->ctx, error);
    if (!config) {
        return false;
    }
    ServerAppOptions options = {.project = demo->ctx.project, .data = demo->ctx.data, .config = config};
    demo->app = server_app_open(&options, error);
    return demo->app != NULL;
}

/* "27 models, 10 tables, ..." of the kinds that people ask about. */
static char *count_kinds(const json_t *changes)
{
    static const struct {
        const char *kind, *en, *zh;
    } kinds[] = {{"table", "tables", "张表"},
                 {"model", "models", "个模型"},
                 {"metric", "metrics", "个指标"},
                 {"feature_view", "feature views", "个特征视图"}};
    GString *text = g_string_new(NULL);
    for (size_t k = 0; k < G_N_ELEMENTS(kinds); k++) {
        int n = 0;
        size_t i;
        json_t *change;
        json_array_foreach (changes, i, change) {
            n += g_str_equal(base_json_string(change, "kind", ""), kinds[k].kind);
        }
        if (n) {
            g_string_append_printf(text, "%s%d %s", text->len ? " · " : "", n,
                                   base_tr(kinds[k].en, kinds[k].zh));
        }
    }
    return g_string_free(text, FALSE);
}

static bool plan_and_apply(Demo *demo, GError **error)
{
    g_autoptr(BaseProgress) progress =
        base_progress_new(base_tr("planned, applied", "计划并应用"), demo->options->quiet);
    g_autoptr(json_t) plan = call(demo, "POST", "/api/v1/plan", NULL, NULL, NULL, error);
    if (!plan) {
        return false;
    }
    const json_t *changes = json_object_get(plan, "changes");
    if (json_array_size(changes) == 0) {
        base_progress_done(progress, true, base_tr("nothing changed", "没有变化"));
        return true;
    }
    demo->built = false;
    json_t *body = json_object();
    base_json_set_string(body, "plan", base_json_string(plan, "id", ""));
    base_json_set_string(body, "note", "weir demo");
    g_autoptr(json_t) applied = call(demo, "POST", "/api/v1/apply", body, NULL, NULL, error);
    g_autofree char *kinds = count_kinds(changes);
    g_autofree char *what =
        g_strdup_printf(base_tr("%zu objects: %s", "%zu 个对象：%s"), json_array_size(changes), kinds);
    base_progress_done(progress, applied != NULL, applied ? what : NULL);
    return applied != NULL;
}

typedef struct {
    gint64 rows, rejected, files;
} Loaded;

static bool load_source(Demo *demo, const CatalogObject *source, Loaded *loaded, GError **error)
{
    g_autofree char *path = g_strdup_printf("/api/v1/sources/%s/refresh", source->full_name);
    g_autoptr(json_t) answer = call(demo, "POST", path, NULL, NULL, NULL, error);
    size_t i;
    json_t *load;
    json_array_foreach (json_object_get(answer, "loads"), i, load) {
        if (!base_json_bool(load, "skipped", false)) {
            loaded->rows += base_json_int(load, "loaded", 0);
            loaded->rejected += base_json_int(load, "filtered", 0);
            loaded->files++;
        }
    }
    return answer != NULL;
}

static bool load_sources(Demo *demo, GError **error)
{
    g_autoptr(BaseProgress) progress = base_progress_new(base_tr("loaded", "导入"), demo->options->quiet);
    g_autoptr(CatalogSnapshot) snapshot = server_app_snapshot(demo->app);
    const GPtrArray *objects = catalog_objects(snapshot);
    Loaded loaded = {0};
    for (guint i = 0; i < objects->len; i++) {
        const CatalogObject *object = objects->pdata[i];
        if (object->kind == CATALOG_SOURCE) {
            base_progress_set(progress, loaded.rows, 0, object->name);
            if (!load_source(demo, object, &loaded, error)) {
                base_progress_done(progress, false, object->name);
                return false;
            }
        }
    }
    demo->built = demo->built && loaded.files == 0;
    g_autofree char *rows = base_text_from_count(loaded.rows);
    g_autofree char *what =
        loaded.files == 0
            ? g_strdup(base_tr("nothing new", "没有新文件"))
            : g_strdup_printf(
                  base_tr("%s rows of %" G_GINT64_FORMAT " files, %" G_GINT64_FORMAT " broken rows rejected",
                          "%s 行，%" G_GINT64_FORMAT " 个文件，拒绝 %" G_GINT64_FORMAT " 行损坏数据"),
                  rows, loaded.files, loaded.rejected);
    base_progress_done(progress, true, what);
    return true;
}

/* ---- the run, line by line
 * ------------------------------------------------------------------------------------ */

typedef struct {
    BaseProgress *progress;
    GString *line; /* what came of the line so far */
    json_t *end;   /* the last line's object */
    gint64 n_models, n_rows;
} Run;

static void run_line(Run *run, const char *text, gsize len)
{
    g_autoptr(json_t) step = base_json_parse(text, len, NULL);
    if (!g_str_equal(base_json_string(step, "type", ""), "step")) {
        json_decref(run->end);
        run->end = g_steal_pointer(&step);
        return;
    }
    const char *state = base_json_string(step, "state", "");
    const char *model = base_json_string(step, "model", "");
    const char *name = strrchr(model, '.');
    run->n_models += g_str_equal(state, "done");
    run->n_rows += base_json_int(step, "rows", 0);
    base_progress_set(run->progress, base_json_int(step, "done", 0), base_json_int(step, "total", 0),
                      name ? name + 1 : model);
}

static bool run_write(void *user, const void *data, size_t len)
{
    Run *run = user;
    g_string_append_len(run->line, data, (gssize)len);
    char *end;
    while ((end = memchr(run->line->str, '\n', run->line->len))) {
        gsize n = (gsize)(end - run->line->str);
        run_line(run, run->line->str, n);
        g_string_erase(run->line, 0, (gssize)n + 1);
    }
    return true;
}

/* Checks of all runs: how many held, and how many only warned. */
static char *count_checks(const json_t *runs)
{
    int n = 0, warned = 0;
    size_t i, k;
    json_t *run, *check;
    json_array_foreach (runs, i, run) {
        json_array_foreach (json_object_get(run, "checks"), k, check) {
            n++;
            warned += g_str_equal(base_json_string(check, "state", ""), "warn");
        }
    }
    return warned ? g_strdup_printf(base_tr("%d checks · %d only warn", "%d 项检查 · %d 项仅警告"), n, warned)
                  : g_strdup_printf(base_tr("%d checks", "%d 项检查"), n);
}

static bool run_ended(Demo *demo, const Run *run, GError **error)
{
    if (base_json_bool(run->end, "ok", false)) {
        return true;
    }
    json_t *problem = json_object_get(run->end, "problem");
    if (problem) {
        base_error_from_problem(error, problem);
    } else {
        base_fail(error, BASE_E_INTERNAL, "the run ended without a result");
    }
    json_decref(demo->ctx.problem);
    demo->ctx.problem = json_incref(problem);
    return false;
}

static bool run_models(Demo *demo, GError **error)
{
    g_autoptr(BaseProgress) progress =
        base_progress_new(base_tr("built, checked", "构建并检查"), demo->options->quiet);
    g_autoptr(GString) line = g_string_new(NULL);
    Run run = {.progress = progress, .line = line};
    if (demo->built) {
        base_progress_done(progress, true, base_tr("up to date", "已是最新"));
        return true;
    }
    json_t *answer = call(demo, "POST", "/api/v1/run?format=ndjson", NULL, run_write, &run, error);
    if (answer && !run.end) { /* a server that does not stream answers as a whole */
        run.end = json_pack("{s:b,s:O}", "ok", 1, "runs", json_object_get(answer, "runs"));
    }
    bool ok = answer && run_ended(demo, &run, error);
    g_autofree char *rows = base_text_from_count(run.n_rows);
    g_autofree char *checks = count_checks(json_object_get(run.end, "runs"));
    g_autofree char *what = g_strdup_printf(
        base_tr("%" G_GINT64_FORMAT " models · %s rows · %s", "%" G_GINT64_FORMAT " 个模型 · %s 行 · %s"),
        run.n_models, rows, checks);
    base_progress_done(progress, ok, ok ? what : NULL);
    json_decref(answer);
    json_decref(run.end);
    demo->built = ok;
    return ok && write_marker(demo, error);
}

/* ---- doors
 * -------------------------------------------------------------------------------------------------------- */

static bool port_is_free(int port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
    bool ok = fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
              bind(fd, (struct sockaddr *)&address, sizeof address) == 0 && listen(fd, 1) == 0;
    if (fd >= 0) {
        close(fd);
    }
    return ok;
}

/* The address asked for; else the usual port or the next free one, and says so; a check takes any. */
static char *choose_listen(const Demo *demo, const char *asked, int usual, const char *what)
{
    if (asked) {
        return g_strdup(asked);
    }
    int port = demo->options->check ? 0 : usual;
    while (port && port < usual + PORTS_TRIED && !port_is_free(port)) {
        port++;
    }
    if (port > usual) {
        fprintf(stderr,
                base_tr("  ! port %d is taken; %s goes to %d\n", "  ! 端口 %d 已被占用，%s 改用 %d\n"), usual,
                what, port);
    }
    return g_strdup_printf("127.0.0.1:%d", port);
}

static bool is_loopback(const char *listen)
{
    return g_str_has_prefix(listen, "127.") || g_str_has_prefix(listen, "localhost:") ||
           g_str_has_prefix(listen, "[::1]:");
}

static bool make_user(Demo *demo, GError **error)
{
    static const char *const ROLES[] = {"reader", NULL};
    Access *access = server_app_access(demo->app);
    access_let_open_in(access, is_loopback(demo->http_listen) && is_loopback(demo->mysql_listen));
    g_autoptr(json_t) users = access_users_to_json(access);
    size_t i;
    json_t *user;
    json_array_foreach (users, i, user) {
        if (g_str_equal(base_json_string(user, "name", ""), DEMO_USER)) {
            return true;
        }
    }
    bool ok = access_user_add_open(access, DEMO_USER, ROLES, error);
    access_audit(access, "local", "user add", DEMO_USER, "weir demo", ok);
    return ok;
}

/* ---- the screen
 * ------------------------------------------------------------------------------------------------------ */

static void print_screen(const Demo *demo)
{
    g_auto(GStrv) parts = g_strsplit(demo->mysql, ":", 2);
    g_autofree char *elapsed = base_text_from_duration(base_time_monotonic_us() - demo->started_us);
    bool open = is_loopback(demo->mysql_listen) && is_loopback(demo->http_listen);
    printf(base_tr("\n  Ready in %s. The project is in %s, its data in %s/.weir (delete the folder to remove "
                   "both).\n\n",
                   "\n  %s 内就绪。项目在 %s，数据在 %s/.weir（删除该目录即可清除）。\n\n"),
           elapsed, demo->shown, demo->shown);
    printf(base_tr("  Web    %s\n         one-time link for the administrator, good for 30 minutes; there is "
                   "no default password\n",
                   "  Web    %s\n         管理员一次性链接，30 分钟内有效；没有默认密码\n"),
           demo->link ? demo->link : demo->http);
    printf("  SQL    mysql -h%s -P%s -u%s\n", parts[0], parts[1] ? parts[1] : "", DEMO_USER);
    if (open) {
        printf("%s", base_tr("         any MySQL client or BI tool; user demo may read everything and change "
                             "nothing, has no password\n"
                             "         and is let in from this machine only, while `weir demo` runs\n",
                             "         任何 MySQL 客户端或 BI 工具；用户 demo 只读、无密码，仅限本机且仅在 "
                             "weir demo 运行期间可登录\n"));
    } else {
        printf(
            "%s",
            base_tr(
                "         the user demo is not let in: these addresses can be reached from other machines\n",
                "         其他机器可访问这些地址，因此用户 demo 不能登录\n"));
    }
    printf(base_tr("  Next   cd %s      then, in another terminal:\n",
                   "  Next   cd %s      然后在另一个终端：\n"),
           demo->shown);
    printf("         weir query \"select artist_name, play_cnt_7d from app_music_artist_rank_7d_f order by "
           "rank_no limit 10\"\n"
           "         weir lineage app_music_play_overview_1d_f.play_cnt --up\n"
           "         weir plan\n");
    printf("%s", base_tr("  Stop   Ctrl-C\n", "  停止   Ctrl-C\n"));
    fflush(stdout);
}

/* ---- serving
 * ----------------------------------------------------------------------------------------------------------
 */

static gpointer check_work(gpointer data)
{
    Demo *demo = data;
    DemoServed served = {
        .http = demo->http, .mysql = demo->mysql, .token = demo->token, .n_plays = demo->n_plays};
    demo->checked_ok = demo->token && demo_check(&served);
    kill(getpid(), SIGTERM); /* as Ctrl-C: server_up returns when all is finished */
    return NULL;
}

static char *add_token(Demo *demo, const char *note, bool once)
{
    g_autoptr(GError) error = NULL;
    char *token = NULL;
    if (!access_token_add(server_app_access(demo->app), "local", note, once ? LINK_LIFETIME_US : 0, once,
                          &token, &error)) {
        base_log_error("token", error);
        return NULL;
    }
    return token;
}

static void on_ready(const char *http, const char *mysql, const char *link, void *user)
{
    Demo *demo = user;
    demo->http = g_strdup(http);
    demo->mysql = g_strdup(mysql);
    if (demo->options->check) {
        demo->token = add_token(demo, "weir demo --check", false);
        demo->checker = g_thread_new("demo-check", check_work, demo);
        return;
    }
    g_autofree char *token = link ? NULL : add_token(demo, "one-time link", true);
    demo->link = link ? g_strdup(link) : token ? g_strdup_printf("%s/?token=%s", http, token) : NULL;
    print_screen(demo);
}

static bool serve(Demo *demo, GError **error)
{
    bool live = !demo->options->check;
    ServerUpOptions up = {.http_listen = demo->http_listen,
                          .mysql_listen = demo->mysql_listen,
                          .watch = live,
                          .schedule = live,
                          .ready = on_ready,
                          .ready_user = demo};
    base_log_set_level("warn"); /* the screen is the message */
    bool ok = server_up(demo->app, &up, error);
    if (demo->checker) {
        g_thread_join(demo->checker);
    }
    return ok;
}

static bool run(Demo *demo, GError **error)
{
    if (!make_folder(demo, error)) {
        return false;
    }
    demo->http_listen = choose_listen(demo, demo->options->http, HTTP_PORT, "HTTP");
    demo->mysql_listen = choose_listen(demo, demo->options->mysql, MYSQL_PORT, "SQL");
    return open_app(demo, error) && plan_and_apply(demo, error) && load_sources(demo, error) &&
           run_models(demo, error) && make_user(demo, error) && serve(demo, error);
}

int cli_demo(const CliDemoOptions *options)
{
    g_auto(Demo) demo = {.options = options, .started_us = base_time_monotonic_us()};
    demo.shown = g_strdup(options->dir ? options->dir : "./weir-demo");
    demo.ctx.project = g_canonicalize_filename(demo.shown, NULL);
    demo.ctx.data = g_build_filename(demo.ctx.project, ".weir", NULL);
    demo.ctx.quiet = options->quiet;
    GError *error = NULL;
    if (!options->quiet) {
        fprintf(stderr,
                base_tr("  Weir %s · the example project of a music-streaming company in %s\n",
                        "  Weir %s · 音乐流媒体公司的示例项目，位于 %s\n"),
                WEIR_VERSION, demo.shown);
    }
    if (!run(&demo, &error)) {
        return cli_fail(&demo.ctx, error);
    }
    return options->check && !demo.checked_ok ? CLI_EXIT_FAILED : CLI_EXIT_OK;
}
