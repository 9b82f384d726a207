/* doctor: what could be wrong, what was tried, how to mend it. Works with and without a running server. */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <sys/socket.h>
#include <sys/timex.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/text.h"
#include "base/time.h"
#include "cli/cli_int.h"

#define DOCTOR_LOW_DISK_BYTES (G_GINT64_CONSTANT(2) * 1024 * 1024 * 1024)
#define DOCTOR_LOW_FILES      4096

typedef enum { DOCTOR_GOOD, DOCTOR_WARNING, DOCTOR_BAD } DoctorState;

typedef struct {
    CliContext *ctx;
    json_t *checks;
    bool bad;
} Doctor;

/* `fix` = what to do; NULL where nothing is wrong. Takes `text`. */
static void tell(Doctor *doctor, DoctorState state, const char *name, char *text, const char *fix,
                 gint64 begin_us)
{
    static const char *const WORDS[] = {"ok", "warning", "error"};
    static const char *const MARKS[] = {"✔", "!", "✘"};
    static const char *const COLORS[] = {"\033[32m", "\033[33m", "\033[31m"};
    gint64 took_us = base_time_monotonic_us() - begin_us;
    doctor->bad = doctor->bad || state == DOCTOR_BAD;
    if (doctor->ctx->json) {
        json_array_append_new(doctor->checks,
                              json_pack("{s:s, s:s, s:s, s:s?, s:I}", "check", name, "state", WORDS[state],
                                        "message", text, "fix", fix, "elapsed_us", (json_int_t)took_us));
    } else {
        bool color = base_term_color(stdout);
        g_autofree char *time = base_text_from_duration(took_us);
        printf("  %s%s%s %-9s %s  %s\n", color ? COLORS[state] : "", MARKS[state], color ? "\033[0m" : "",
               name, text, time);
        if (fix != NULL) {
            printf("              → %s\n", fix);
        }
    }
    g_free(text);
}

static void tell_error(Doctor *doctor, const char *name, GError *error, gint64 begin_us)
{
    tell(doctor, DOCTOR_BAD, name, g_strdup(error->message), base_error_get_hint(error), begin_us);
    g_error_free(error);
}

/* ---- checks ---- */

static void check_project(Doctor *doctor)
{
    gint64 begin = base_time_monotonic_us();
    CliContext *ctx = doctor->ctx;
    if (ctx->project == NULL) {
        tell(doctor, DOCTOR_WARNING, "project",
             g_strdup(base_tr("no weir.yml here or above", "当前及上级目录没有 weir.yml")), "weir init NAME",
             begin);
        return;
    }
    GError *error = NULL;
    g_autoptr(json_t) answer = cli_call(ctx, "GET", "/api/v1/project?source=files", NULL, &error);
    const json_t *list = json_object_get(answer != NULL ? answer : ctx->problem, "diagnostics");
    if (answer == NULL && list == NULL) {
        tell_error(doctor, "project", error, begin);
        return;
    }
    g_clear_error(&error);
    size_t errors = 0;
    size_t i = 0;
    const json_t *one = NULL;
    json_array_foreach (list, i, one) {
        errors += strcmp(base_json_string(one, "severity", ""), "error") == 0 ? 1 : 0;
    }
    char *text = g_strdup_printf(base_tr("%s, %" G_GINT64_FORMAT " objects, %zu errors, %zu warnings",
                                         "%s，%" G_GINT64_FORMAT " 个对象，%zu 个错误，%zu 个警告"),
                                 ctx->project, base_json_int(answer, "objects", 0), errors,
                                 json_array_size(list) - errors);
    tell(doctor, errors > 0 ? DOCTOR_BAD : DOCTOR_GOOD, "project", text, errors > 0 ? "weir lint" : NULL,
         begin);
}

static void check_config(Doctor *doctor)
{
    gint64 begin = base_time_monotonic_us();
    GError *error = NULL;
    g_autoptr(BaseConfig) config = cli_config_load(doctor->ctx, &error);
    if (config == NULL) {
        tell_error(doctor, "settings", error, begin);
        return;
    }
    int changed = 0;
    for (int key = 0; key < BASE_CONFIG_N_KEYS; key++) {
        changed += strcmp(base_config_origin(config, (BaseConfigKey)key), "default") != 0 ? 1 : 0;
    }
    tell(doctor, DOCTOR_GOOD, "settings",
         g_strdup_printf(base_tr("%d settings, %d not default", "%d 项设置，%d 项非默认"),
                         (int)BASE_CONFIG_N_KEYS, changed),
         NULL, begin);
}

static char *existing_parent(const char *path)
{
    char *at = g_strdup(path);
    while (!g_file_test(at, G_FILE_TEST_EXISTS) && strcmp(at, "/") != 0) {
        char *up = g_path_get_dirname(at);
        g_free(at);
        at = up;
    }
    return at;
}

static void check_data(Doctor *doctor)
{
    gint64 begin = base_time_monotonic_us();
    const char *data = doctor->ctx->data;
    if (data == NULL) {
        return;
    }
    g_autofree char *folder = existing_parent(data);
    if (access(folder, R_OK | W_OK | X_OK) != 0) {
        tell(doctor, DOCTOR_BAD, "data", g_strdup_printf("%s: %s", folder, g_strerror(errno)),
             base_tr("give this user the folder, or name another with --data",
                     "授予当前用户该目录的权限，或用 --data 指定其他目录"),
             begin);
        return;
    }
    tell(doctor, DOCTOR_GOOD, "data", g_strdup(data), NULL, begin);
    begin = base_time_monotonic_us();
    gint64 bytes = base_fs_free_bytes(folder);
    g_autofree char *size = base_text_from_bytes(MAX(bytes, 0));
    bool low = bytes >= 0 && bytes < DOCTOR_LOW_DISK_BYTES;
    tell(doctor, low ? DOCTOR_WARNING : DOCTOR_GOOD, "disk",
         g_strdup_printf("%s %s (%s)", size, base_tr("free", "可用"), folder),
         low ? base_tr("make room, or move the data with --data", "清理磁盘，或用 --data 更换数据目录")
             : NULL,
         begin);
}

static void check_engine(Doctor *doctor)
{
    gint64 begin = base_time_monotonic_us();
    GError *error = NULL;
    g_autoptr(json_t) status = cli_call(doctor->ctx, "GET", "/api/v1/status", NULL, &error);
    if (status == NULL) {
        tell_error(doctor, "engine", error, begin);
        return;
    }
    g_autofree char *size = base_text_from_bytes(base_json_int(status, "file_bytes", 0));
    const char *note = base_json_string(status, "recovery_note", NULL);
    bool recovered = note != NULL && *note != '\0';
    char *text =
        g_strdup_printf("%s · %s · %s %" G_GINT64_FORMAT "%s%s", base_json_string(status, "engine", "?"),
                        size, base_tr("version", "版本"), base_json_int(status, "applied_version", 0),
                        recovered ? " · " : "", recovered ? note : "");
    tell(doctor, recovered ? DOCTOR_WARNING : DOCTOR_GOOD, "engine", text, NULL, begin);
}

/* 0 = free, else the errno of bind. */
static int try_bind(const char *listen_text)
{
    const char *colon = strrchr(listen_text, ':');
    if (colon == NULL) {
        return EINVAL;
    }
    g_autofree char *host = g_strndup(listen_text, (gsize)(colon - listen_text));
    struct addrinfo hints = {.ai_flags = AI_PASSIVE | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    if (getaddrinfo(*host == '\0' ? NULL : host, colon + 1, &hints, &found) != 0) {
        return EINVAL;
    }
    int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    int why = bind(fd, found->ai_addr, found->ai_addrlen) == 0 ? 0 : errno;
    close(fd);
    freeaddrinfo(found);
    return why;
}

static void check_ports(Doctor *doctor, const json_t *info)
{
    static const struct {
        BaseConfigKey key;
        const char *name, *fix;
    } PORTS[] = {{BASE_CONFIG_HTTP_LISTEN, "http", "weir up --http 127.0.0.1:0"},
                 {BASE_CONFIG_MYSQL_LISTEN, "mysql", "weir up --mysql 127.0.0.1:0"}};
    g_autoptr(BaseConfig) config = cli_config_load(doctor->ctx, NULL);
    for (size_t i = 0; config != NULL && i < G_N_ELEMENTS(PORTS); i++) {
        gint64 begin = base_time_monotonic_us();
        if (info != NULL) {
            tell(doctor, DOCTOR_GOOD, PORTS[i].name,
                 g_strdup_printf("%s (%s)", base_json_string(info, PORTS[i].name, "?"),
                                 base_tr("serving", "服务中")),
                 NULL, begin);
            continue;
        }
        const char *address = base_config_text(config, PORTS[i].key);
        int why = try_bind(address);
        tell(doctor, why == 0 ? DOCTOR_GOOD : DOCTOR_BAD, PORTS[i].name,
             g_strdup_printf("%s: %s", address, why == 0 ? base_tr("free", "空闲") : g_strerror(why)),
             why == 0 ? NULL : PORTS[i].fix, begin);
    }
}

static void check_clock(Doctor *doctor)
{
    gint64 begin = base_time_monotonic_us();
    struct timex clock = {.modes = 0};
    int state = adjtimex(&clock);
    g_autofree char *now =
        base_time_format_iso(base_time_now_us() / BASE_TIME_SECOND_US * BASE_TIME_SECOND_US);
    bool sane = base_time_now_us() > base_time_days_from_civil(2024, 1, 1) * BASE_TIME_DAY_US;
    bool synced = state >= 0 && (clock.status & STA_UNSYNC) == 0;
    char *text = g_strdup_printf("%s%s", now, synced ? "" : base_tr(", not synchronised", "，未同步"));
    tell(doctor, sane ? DOCTOR_GOOD : DOCTOR_BAD, "clock", text,
         sane ? NULL
              : base_tr("set the clock: labels, tokens and schedules go by it",
                        "请校准时钟：标签、令牌与调度都依赖它"),
         begin);
}

static void check_limits(Doctor *doctor)
{
    gint64 begin = base_time_monotonic_us();
    gint64 files = (gint64)sysconf(_SC_OPEN_MAX);
    bool low = files >= 0 && files < DOCTOR_LOW_FILES;
    tell(doctor, low ? DOCTOR_WARNING : DOCTOR_GOOD, "limits",
         g_strdup_printf(base_tr("%" G_GINT64_FORMAT " open files, %u cores",
                                 "可打开 %" G_GINT64_FORMAT " 个文件，%u 核"),
                         files, g_get_num_processors()),
         low ? "ulimit -n 65536" : NULL, begin);
}

int cli_verb_doctor(CliContext *ctx)
{
    Doctor doctor = {.ctx = ctx, .checks = json_array()};
    g_autoptr(json_t) info = cli_server_info(ctx);
    bool running = info != NULL && cli_server_alive(info);
    gint64 begin = base_time_monotonic_us();
    tell(&doctor, DOCTOR_GOOD, "weir",
         running ? g_strdup_printf(WEIR_VERSION " · %s %s", base_tr("server", "服务"),
                                   base_json_string(info, "http", "?"))
                 : g_strdup_printf(WEIR_VERSION " · %s", base_tr("no server running", "服务未运行")),
         NULL, begin);
    check_config(&doctor);
    check_data(&doctor);
    if (ctx->data != NULL) {
        check_engine(&doctor);
    }
    check_project(&doctor);
    check_ports(&doctor, running ? info : NULL);
    check_limits(&doctor);
    check_clock(&doctor);
    if (ctx->json) {
        g_autoptr(json_t) answer = json_pack("{s:O, s:b}", "checks", doctor.checks, "ok", !doctor.bad);
        cli_print_json(answer);
    }
    json_decref(doctor.checks);
    return doctor.bad ? CLI_EXIT_FAILED : CLI_EXIT_OK;
}
