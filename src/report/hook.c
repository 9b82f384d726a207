/* A message by HTTP: plain JSON, or the forms that chats take.
 *
 * feishu    {"timestamp", "sign", "msg_type": "text", "content": {"text"}}; sign = base64(HMAC-SHA256(key =
 *           "timestamp\nsecret", "")). Answer {"code": 0}.
 * dingtalk  {"msgtype": "markdown", "markdown": {"title", "text"}}; &timestamp=ms&sign=urlencode(base64(
 *           HMAC-SHA256(key = secret, "timestamp\nsecret"))). Answer {"errcode": 0}.
 * slack     {"text"}. Answer "ok". */
#include <curl/curl.h>
#include <string.h>

#include "report/report_int.h"

#define CONNECT_SECONDS  10L
#define SEND_SECONDS     30L
#define MAX_ANSWER_BYTES 65536u
#define MAX_TEXT_CHARS   4000 /* chats refuse long messages */

static char *sign(const char *key, const char *text)
{
    guint8 digest[32];
    gsize len = sizeof digest;
    GHmac *hmac = g_hmac_new(G_CHECKSUM_SHA256, (const guchar *)key, strlen(key));
    g_hmac_update(hmac, (const guchar *)text, (gssize)strlen(text));
    g_hmac_get_digest(hmac, digest, &len);
    g_hmac_unref(hmac);
    return g_base64_encode(digest, len);
}

/* Subject and text, cut where a chat would refuse more. */
static char *short_text(const ReportMessage *message)
{
    g_autofree char *whole = g_str_has_prefix(message->text, message->subject)
                                 ? g_strdup(message->text)
                                 : g_strconcat(message->subject, "\n", message->text, NULL);
    g_autofree char *valid = g_utf8_make_valid(whole, -1);
    if (g_utf8_strlen(valid, -1) <= MAX_TEXT_CHARS) {
        return g_steal_pointer(&valid);
    }
    g_autofree char *cut = g_utf8_substring(valid, 0, MAX_TEXT_CHARS);
    return g_strconcat(cut, "…", NULL);
}

static json_t *feishu(const ReportChannel *channel, const char *text, gint64 now_us)
{
    json_t *body = json_pack("{s:s, s:{s:s}}", "msg_type", "text", "content", "text", text);
    if (channel->secret) {
        g_autofree char *stamp = g_strdup_printf("%" G_GINT64_FORMAT, now_us / BASE_TIME_SECOND_US);
        g_autofree char *key = g_strdup_printf("%s\n%s", stamp, channel->secret);
        g_autofree char *signature = sign(key, "");
        base_json_set_string(body, "timestamp", stamp);
        base_json_set_string(body, "sign", signature);
    }
    return body;
}

char *report_hook_body(const ReportChannel *channel, const ReportMessage *message, gint64 now_us)
{
    g_autofree char *text = short_text(message);
    json_t *body;
    switch (channel->type) {
    case REPORT_FEISHU:
        body = feishu(channel, text, now_us);
        break;
    case REPORT_DINGTALK:
        body = json_pack("{s:s, s:{s:s, s:s}}", "msgtype", "markdown", "markdown", "title", message->subject,
                         "text", text);
        break;
    case REPORT_SLACK:
        body = json_pack("{s:s}", "text", text);
        break;
    default:
        body = json_pack("{s:s, s:s}", "subject", message->subject, "text", message->text);
        if (message->html) {
            base_json_set_string(body, "html", message->html);
        }
    }
    char *json = base_json_text(body);
    json_decref(body);
    return json;
}

char *report_hook_url(const ReportChannel *channel, gint64 now_us)
{
    if (channel->type != REPORT_DINGTALK || !channel->secret) {
        return g_strdup(channel->url);
    }
    g_autofree char *stamp = g_strdup_printf("%" G_GINT64_FORMAT, now_us / 1000);
    g_autofree char *text = g_strdup_printf("%s\n%s", stamp, channel->secret);
    g_autofree char *signature = sign(channel->secret, text);
    g_autofree char *escaped = g_uri_escape_string(signature, NULL, FALSE);
    return g_strdup_printf("%s%stimestamp=%s&sign=%s", channel->url, strchr(channel->url, '?') ? "&" : "?",
                           stamp, escaped);
}

static size_t on_answer(char *data, size_t size, size_t n, void *user)
{
    GString *answer = user;
    g_string_append_len(answer, data,
                        (gssize)MIN(size * n, MAX_ANSWER_BYTES - MIN(answer->len, MAX_ANSWER_BYTES)));
    return size * n;
}

/* Chats say no with status 200 and a code. */
static bool check_answer(const ReportChannel *channel, long status, const char *answer, GError **error)
{
    g_autoptr(json_t) json = *answer == '{' ? base_json_parse(answer, strlen(answer), NULL) : NULL;
    gint64 code = channel->type == REPORT_FEISHU     ? base_json_int(json, "code", 0)
                  : channel->type == REPORT_DINGTALK ? base_json_int(json, "errcode", 0)
                                                     : 0;
    if (status >= 200 && status < 300 && code == 0) {
        return true;
    }
    g_autofree char *cut = g_strndup(answer, 200);
    g_autofree char *valid = g_utf8_make_valid(cut, -1);
    return base_fail(error, BASE_E_SEND_FAILED, "`%s` answered %ld: %s", channel->name, status, valid);
}

static void set_request(CURL *curl, const char *url, const char *body, struct curl_slist *headers,
                        GString *answer)
{
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_answer);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, SEND_SECONDS);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "weir/" WEIR_VERSION);
}

bool report_hook_send(const ReportChannel *channel, const ReportMessage *message, GError **error)
{
    CURL *curl = curl_easy_init();
    if (!curl) {
        return base_fail(error, BASE_E_MEMORY, "no memory for a message");
    }
    gint64 now_us = base_time_now_us();
    g_autofree char *body = report_hook_body(channel, message, now_us),
                    *url = report_hook_url(channel, now_us);
    g_autoptr(GString) answer = g_string_new(NULL);
    struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json; charset=utf-8");
    set_request(curl, url, body, headers, answer);
    CURLcode code = curl_easy_perform(curl);
    long status = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    if (code != CURLE_OK) {
        return base_fail(error, BASE_E_SEND_FAILED, "`%s`: %s", channel->name, curl_easy_strerror(code));
    }
    return check_answer(channel, status, answer->str, error);
}
