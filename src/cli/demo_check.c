/* `weir demo --check`: known answers, asked through the doors as anybody would: HTTP with curl, and the MySQL
 * client where one is installed. Counts are compared with each other and with what was generated, so that a
 * wrong layer cannot hide. */
#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/term.h"
#include "base/text.h"
#include "base/time.h"
#include "cli/demo_run_int.h"

#define MAX_ANSWER_BYTES ((size_t)64 * 1024 * 1024)
#define TIMEOUT_S        120L

typedef struct {
    const DemoServed *served;
    CURL *curl;
    unsigned n_done, n_failed;
} Check;

/* ---- HTTP -------------------------------------------------------------------------------------------------
 */

typedef struct {
    const char *method, *path, *body, *label; /* body, label may be NULL */
    const char *user;                         /* NULL = the machine's own token */
    bool expect;                              /* Expect: 100-continue, as Doris's clients send */
} Request;

static size_t on_data(char *data, size_t size, size_t n, void *user)
{
    GString *text = user;
    if (text->len + size * n > MAX_ANSWER_BYTES) {
        return 0;
    }
    g_string_append_len(text, data, (gssize)(size * n));
    return size * n;
}

static struct curl_slist *headers_of(const Check *check, const Request *request)
{
    struct curl_slist *list = curl_slist_append(NULL, "Accept: application/json");
    if (request->label) {
        g_autofree char *label = g_strdup_printf("label: %s", request->label);
        list = curl_slist_append(list, label);
        list = curl_slist_append(list, "format: csv");
        list = curl_slist_append(list, "column_separator: ,");
    } else {
        list = curl_slist_append(list, "Content-Type: application/json");
    }
    list = curl_slist_append(list, request->expect ? "Expect: 100-continue" : "Expect:");
    if (!request->user) {
        g_autofree char *token = g_strdup_printf("Authorization: Bearer %s", check->served->token);
        list = curl_slist_append(list, token);
    }
    return list;
}

/* The JSON answer; NULL when there was none. *ret_status 0 = no answer at all. */
static json_t *http(Check *check, const Request *request, long *ret_status)
{
    g_autofree char *url = g_strconcat(check->served->http, request->path, NULL);
    g_autoptr(GString) text = g_string_new(NULL);
    struct curl_slist *headers = headers_of(check, request);
    curl_easy_reset(check->curl);
    curl_easy_setopt(check->curl, CURLOPT_URL, url);
    curl_easy_setopt(check->curl, CURLOPT_CUSTOMREQUEST, request->method);
    curl_easy_setopt(check->curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(check->curl, CURLOPT_TIMEOUT, TIMEOUT_S);
    curl_easy_setopt(check->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(check->curl, CURLOPT_PROXY, "");
    curl_easy_setopt(check->curl, CURLOPT_WRITEFUNCTION, on_data);
    curl_easy_setopt(check->curl, CURLOPT_WRITEDATA, text);
    if (request->user) {
        curl_easy_setopt(check->curl, CURLOPT_USERNAME, request->user);
        curl_easy_setopt(check->curl, CURLOPT_PASSWORD, "");
    }
    if (request->body) {
        curl_easy_setopt(check->curl, CURLOPT_POSTFIELDSIZE, (long)strlen(request->body));
        curl_easy_setopt(check->curl, CURLOPT_POSTFIELDS, request->body);
    }
    *ret_status = 0;
    CURLcode code = curl_easy_perform(check->curl);
    curl_slist_free_all(headers);
    if (code != CURLE_OK) {
        fprintf(stderr, "    %s %s: %s\n", request->method, request->path, curl_easy_strerror(code));
        return NULL;
    }
    curl_easy_getinfo(check->curl, CURLINFO_RESPONSE_CODE, ret_status);
    return base_json_parse(text->str, text->len, NULL);
}

static json_t *query(Check *check, const char *user, const char *sql, long *ret_status)
{
    g_autoptr(json_t) body = json_object();
    base_json_set_string(body, "sql", sql);
    base_json_set_string(body, "database", "interactions");
    g_autofree char *text = base_json_text(body);
    return http(check, &(Request){.method = "POST", .path = "/api/v1/query", .body = text, .user = user},
                ret_status);
}

/* First value of the first row as a whole number; -1 when there is none. Says why. */
static gint64 number(Check *check, const char *sql)
{
    long status = 0;
    g_autoptr(json_t) answer = query(check, DEMO_USER, sql, &status);
    json_t *value = json_array_get(json_array_get(json_object_get(answer, "rows"), 0), 0);
    gint64 n = -1;
    if (json_is_integer(value)) {
        return json_integer_value(value);
    }
    if (!json_is_string(value) || !base_text_to_int(json_string_value(value), G_MININT64, G_MAXINT64, &n)) {
        g_autofree char *text = answer ? base_json_text(answer) : g_strdup("no JSON");
        fprintf(stderr, "    %s\n    HTTP %ld: %.2000s\n", sql, status, text);
    }
    return n;
}

/* ---- saying
 * ------------------------------------------------------------------------------------------------- */

static void say(Check *check, bool ok, const char *en, const char *zh, const char *what)
{
    check->n_done++;
    check->n_failed += !ok;
    printf("  %s %s%s%s\n", ok ? "✔" : "✘", base_tr(en, zh), *what ? "  " : "", what);
    fflush(stdout);
}

static void say_counts(Check *check, const char *en, const char *zh, gint64 got, gint64 wanted)
{
    g_autofree char *have = base_text_from_count(got);
    g_autofree char *want = base_text_from_count(wanted);
    g_autofree char *what =
        got == wanted ? g_strdup(have) : g_strdup_printf("%s, %s %s", have, base_tr("wanted", "应为"), want);
    say(check, got == wanted && got > 0, en, zh, what);
}

/* ---- the checks
 * ----------------------------------------------------------------------------------------------- */

static void check_health(Check *check)
{
    long status = 0;
    g_autoptr(json_t) answer = http(check, &(Request){.method = "GET", .path = "/healthz"}, &status);
    (void)answer;
    say(check, status == 200, "HTTP answers", "HTTP 可访问", "");
}

/* Each layer must account for every play of the one before. */
static void check_layers(Check *check)
{
    gint64 clean = number(check, "SELECT count(DISTINCT play_id) FROM ods_play_event_i WHERE user_id IS NOT "
                                 "NULL AND played_at >= TIMESTAMP '2000-01-01'");
    say_counts(check, "ODS: every play that was generated", "ODS：生成的播放全部入库",
               number(check, "SELECT count(DISTINCT play_id) FROM ods_play_event_i"), check->served->n_plays);
    say_counts(check, "DWD: each clean play once", "DWD：每次有效播放恰好一行",
               number(check, "SELECT count(*) FROM dwd_music_play_event_i"), clean);
    say_counts(check, "DWM: plays add up", "DWM：播放量一致",
               number(check, "SELECT sum(play_cnt) FROM dwm_music_user_song_play_1d_i"), clean);
    say_counts(check, "DWS: plays add up", "DWS：播放量一致",
               number(check, "SELECT sum(play_cnt) FROM dws_music_user_active_1d_i"), clean);
    say_counts(check, "APP: plays add up", "APP：播放量一致",
               number(check, "SELECT sum(play_cnt) FROM app_music_play_overview_1d_f"), clean);
    say_counts(check, "DIM: users, songs", "DIM：用户与歌曲",
               number(check, "SELECT (SELECT count(*) FROM dim_user) + (SELECT count(*) FROM dim_song)"),
               DEMO_USERS + DEMO_SONGS);
    gint64 trend = number(check, "SELECT count(*) FROM app_music_song_trend_1d_f");
    say_counts(
        check, "a view over the layers", "层上的视图", trend,
        number(check,
               "SELECT count(*) FROM dws_music_song_play_1d_i t JOIN dim_song s ON s.song_id = t.song_id"));
}

static void check_join(Check *check)
{
    gint64 joined = number(
        check, "SELECT count(DISTINCT o.play_id) FROM ods_play_event_i o "
               "JOIN dwd_music_play_event_i d ON d.play_id = o.play_id "
               "JOIN dwm_music_user_song_play_1d_i m ON m.dt = d.dt AND m.user_id = d.user_id AND "
               "m.song_id = d.song_id "
               "JOIN dws_music_user_active_1d_i s ON s.dt = m.dt AND s.user_id = m.user_id "
               "JOIN dim_user u ON u.user_id = s.user_id "
               "JOIN app_music_play_overview_1d_f a ON a.dt = s.dt AND a.country_code = u.country_code AND "
               "a.plan_code = u.plan_code "
               "WHERE d.dt = (SELECT max(dt) FROM dws_music_user_active_1d_i)");
    gint64 day = number(check, "SELECT count(*) FROM dwd_music_play_event_i WHERE dt = (SELECT max(dt) FROM "
                               "dws_music_user_active_1d_i)");
    say_counts(check, "a join over all layers", "跨全部分层的关联", joined, day);
}

static const char *status_of(const json_t *answer)
{
    return base_json_string(answer, "Status", "");
}

/* Loaded once, whatever happens: the same label again changes nothing. */
static void check_stream_load(Check *check)
{
    static const char rows[] =
        "9900000001,7,20007,2026-01-02 03:04:05\n9900000002,8,20008,2026-01-02 03:04:06\n";
    g_autofree char *label = g_strdup_printf("demo_check_%08x%08x", g_random_int(), g_random_int());
    Request request = {.method = "PUT",
                       .path = "/api/interactions/ods_like_event_i/_stream_load",
                       .body = rows,
                       .label = label,
                       .expect = true};
    gint64 before = number(check, "SELECT count(*) FROM ods_like_event_i");
    long status = 0;
    g_autoptr(json_t) first = http(check, &request, &status);
    request.expect = false;
    g_autoptr(json_t) again = http(check, &request, &status);
    gint64 after = number(check, "SELECT count(*) FROM ods_like_event_i");
    g_autofree char *text = g_strdup_printf("%s, %s", status_of(first), status_of(again));
    bool ok =
        g_str_equal(status_of(first), "Success") && g_str_equal(status_of(again), "Label Already Exists");
    say(check, ok, "Stream Load, and the same label again", "Stream Load，以及重复标签", text);
    say_counts(check, "its rows are there once", "数据恰好一份", after - before, 2);
}

static void check_lineage(Check *check)
{
    long status = 0;
    g_autoptr(json_t) graph = http(
        check,
        &(Request){
            .method = "GET",
            .path = "/api/v1/lineage/app_music_play_overview_1d_f?column=play_dur&direction=up&format=graph"},
        &status);
    bool found = false;
    size_t i;
    json_t *edge;
    json_array_foreach (json_object_get(graph, "edges"), i, edge) {
        found = found ||
                (g_str_equal(base_json_string(edge, "from", ""), "table:interactions.ods_play_event_i") &&
                 g_str_equal(base_json_string(edge, "from_column", ""), "play_dur"));
    }
    g_autofree char *edges =
        g_strdup_printf("%zu %s", json_array_size(json_object_get(graph, "edges")), base_tr("edges", "条边"));
    say(check, found, "lineage of an APP column reaches its ODS column", "APP 列的血缘可追溯到 ODS 列",
        edges);
}

static void check_rights(Check *check)
{
    long status = 0;
    g_autoptr(json_t) answer = query(check, DEMO_USER, "DELETE FROM interactions.ods_like_event_i", &status);
    say(check, status == 403, "the user demo can change nothing", "用户 demo 不能修改数据",
        base_json_string(answer, "detail", ""));
    long read_status = 0;
    g_autoptr(json_t) hidden = query(
        check, DEMO_USER, "SELECT count(*) FROM dim_user WHERE email LIKE '%@example.com'", &read_status);
    json_t *value = json_array_get(json_array_get(json_object_get(hidden, "rows"), 0), 0);
    say(check, read_status == 200 && json_is_integer(value) && json_integer_value(value) == 0,
        "personal data is masked for it", "个人信息已脱敏", "");
}

/* ---- features
 * ------------------------------------------------------------------------------------------------------- */

/* A POST as the machine's own user; takes `body`. The answer, or NULL; what went wrong is told. */
static json_t *ask(Check *check, const char *path, json_t *body)
{
    g_autoptr(json_t) own = body;
    g_autofree char *text = base_json_text(own);
    long status = 0;
    json_t *answer = http(check, &(Request){.method = "POST", .path = path, .body = text}, &status);
    if (status < 200 || status > 299) {
        g_autofree char *got = answer ? base_json_text(answer) : g_strdup("no JSON");
        fprintf(stderr, "    POST %s\n    HTTP %ld: %.2000s\n", path, status, got);
    }
    return answer;
}

/* As many training rows as the recommender has labels. */
static void check_training_rows(Check *check)
{
#define LABELS "recommendations.app_recsys_user_song_feedback_f"
    static const char labels[] =
        "SELECT user_id, song_id, last_played_at AS event_timestamp, like_score FROM " LABELS;
    json_t *body = json_pack("{s:s, s:b, s:{s:s}, s:i}", "service", "home_ranker_v1", "full_feature_names", 1,
                             "entities", "sql", labels, "wait", 60);
    g_autoptr(json_t) job = ask(check, "/api/v1/features/historical", body);
    say_counts(check, "training rows of the recommender's labels", "推荐标签的训练数据",
               base_json_int(job, "rows", -1), number(check, "SELECT count(*) FROM " LABELS));
#undef LABELS
}

/* Each listener once, and a pushed value is what the next call reads. */
static void check_online(Check *check)
{
    g_autofree char *now = base_time_format_iso(base_time_now_us());
    json_t *range = json_pack("{s:s, s:s, s:[s]}", "start_ts", "2000-01-01T00:00:00Z", "end_ts", now,
                              "feature_views", "user_listening");
    g_autoptr(json_t) done = ask(check, "/materialize", range);
    say_counts(check, "features materialised: each listener", "特征物化：每位听众",
               base_json_int(json_array_get(json_object_get(done, "views"), 0), "read", -1),
               number(check, "SELECT count(DISTINCT user_id) FROM dws_music_user_active_1d_i"));
    json_int_t song = g_random_int_range(1, G_MAXINT32);
    json_t *row = json_pack("{s:[i], s:[s], s:[I], s:[i], s:[s]}", "user_id", 7, "event_timestamp", now,
                            "last_song_id", song, "session_skip_cnt", 0, "device_code", "web");
    g_autoptr(json_t) pushed =
        ask(check, "/push", json_pack("{s:s, s:o}", "push_source_name", "user_session", "df", row));
    g_autoptr(json_t) read = ask(
        check, "/get-online-features",
        json_pack("{s:[s], s:{s:[i]}}", "features", "user_session:last_song_id", "entities", "user_id", 7));
    const json_t *value =
        json_array_get(json_object_get(json_array_get(json_object_get(read, "results"), 1), "values"), 0);
    say(check, base_json_int(pushed, "written", 0) == 1 && json_integer_value(value) == song,
        "a pushed feature is read by the next call", "推送的特征在下一次调用即可读到", "");
}

/* ---- MySQL
 * ----------------------------------------------------------------------------------------------------------
 */

/* The MySQL door, by a client that is not ours. */
static void check_mysql(Check *check)
{
    g_autofree char *client = g_find_program_in_path("mariadb");
    if (!client) {
        client = g_find_program_in_path("mysql");
    }
    if (!client) {
        printf("  - %s\n", base_tr("no MySQL client is installed: the MySQL door was not asked",
                                   "未安装 MySQL 客户端：未检查 MySQL 端口"));
        return;
    }
    g_auto(GStrv) parts = g_strsplit(check->served->mysql, ":", 2);
    g_autofree char *host = g_strconcat("-h", parts[0], NULL);
    g_autofree char *port = g_strconcat("-P", parts[1] ? parts[1] : "", NULL);
    char *argv[] = {client,
                    host,
                    port,
                    (char[]){"-u" DEMO_USER},
                    (char[]){"--protocol=tcp"},
                    (char[]){"-N"},
                    (char[]){"-B"},
                    (char[]){"-e"},
                    (char[]){"SHOW DATABASES; SELECT count(*) FROM interactions.dwd_music_play_event_i"},
                    NULL};
    g_autofree char *out = NULL, *err = NULL;
    int status = -1;
    g_autoptr(GError) error = NULL;
    bool ok = g_spawn_sync(NULL, argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, &out, &err, &status, &error) &&
              g_spawn_check_wait_status(status, &error);
    g_autofree char *count = g_strdup_printf("%" G_GINT64_FORMAT "\n",
                                             number(check, "SELECT count(*) FROM dwd_music_play_event_i"));
    ok = ok && strstr(out, "interactions\n") && g_str_has_suffix(out, count);
    if (!ok) {
        fprintf(stderr, "    %s%s\n", err ? err : "", error ? error->message : out);
    }
    g_autofree char *name = g_path_get_basename(client);
    say(check, ok, "the MySQL client sees the databases and the same count", "MySQL 客户端可见各库且计数一致",
        name);
}

bool demo_check(const DemoServed *served)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        return false;
    }
    Check check = {.served = served, .curl = curl_easy_init()};
    check_health(&check);
    check_layers(&check);
    check_join(&check);
    check_stream_load(&check);
    check_lineage(&check);
    check_rights(&check);
    check_training_rows(&check);
    check_online(&check);
    check_mysql(&check);
    curl_easy_cleanup(check.curl);
    printf(base_tr("  %u checks, %u failed\n", "  %u 项检查，%u 项失败\n"), check.n_done, check.n_failed);
    fflush(stdout);
    return check.n_failed == 0;
}
