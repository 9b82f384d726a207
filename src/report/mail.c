/* A message by SMTP (RFC 5321, 5322, 2045-2047, 2387) through libcurl: multipart/mixed of the text and HTML
 * with its pictures, and the attached files. STARTTLS or TLS as `mail.tls` says. */
#include <curl/curl.h>
#include <string.h>

#include "report/report_int.h"

#define CONNECT_SECONDS 15L
#define SEND_SECONDS    120L

typedef struct {
    CURL *curl;
    curl_mime *mime;
    struct curl_slist *headers, *receivers;
} Mail;

/* RFC 2047: words of at most 75 characters; each is whole UTF-8. */
static char *encode_header(const char *text)
{
    GString *out = g_string_new(NULL);
    for (const char *p = text; *p;) {
        const char *end = p;
        while (*end && (end - p) + g_utf8_skip[(guchar)*end] <= 42) {
            end += g_utf8_skip[(guchar)*end];
        }
        g_autofree char *word = g_base64_encode((const guchar *)p, (gsize)(end - p));
        g_string_append_printf(out, "%s=?UTF-8?B?%s?=", out->len ? "\r\n " : "", word);
        p = end;
    }
    return g_string_free(out, FALSE);
}

static void add_header(Mail *mail, const char *name, const char *value)
{
    g_autofree char *line = g_strdup_printf("%s: %s", name, value);
    mail->headers = curl_slist_append(mail->headers, line);
}

static void add_headers(Mail *mail, const ReportChannel *channel, const char *from, const char *subject)
{
    g_autofree char *valid = g_utf8_make_valid(subject, -1);
    g_strdelimit(valid, "\r\n", ' ');
    g_autofree char *encoded = encode_header(valid), *uuid = g_uuid_string_random();
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();
    static const char *const DAYS[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
    static const char *const MONTHS[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    g_autofree char *date = g_strdup_printf(
        "%s, %02d %s %04d %02d:%02d:%02d +0000", DAYS[g_date_time_get_day_of_week(now) - 1],
        g_date_time_get_day_of_month(now), MONTHS[g_date_time_get_month(now) - 1], g_date_time_get_year(now),
        g_date_time_get_hour(now), g_date_time_get_minute(now), g_date_time_get_second(now));
    const char *at = strchr(from, '@');
    g_autofree char *id = g_strdup_printf("<%s@%s>", uuid, at ? at + 1 : "localhost");
    g_ptr_array_add(channel->addresses, NULL);
    g_autofree char *to = g_strjoinv(", ", (char **)channel->addresses->pdata);
    g_ptr_array_set_size(channel->addresses, (gint)channel->addresses->len - 1);
    add_header(mail, "Date", date);
    add_header(mail, "From", from);
    add_header(mail, "To", to);
    add_header(mail, "Subject", encoded);
    add_header(mail, "Message-ID", id);
    add_header(mail, "Auto-Submitted", "auto-generated"); /* RFC 3834: nobody's absence note answers it */
}

static void add_data(curl_mime *into, const char *type, const void *data, size_t len, const char *name)
{
    curl_mimepart *part = curl_mime_addpart(into);
    curl_mime_data(part, data, len);
    curl_mime_type(part, type);
    curl_mime_encoder(part, "base64");
    if (name) {
        curl_mime_filename(part, name);
    }
}

static void add_picture(curl_mime *into, const ReportPart *part)
{
    gsize len;
    const void *bytes = g_bytes_get_data(part->bytes, &len);
    curl_mimepart *piece = curl_mime_addpart(into);
    curl_mime_data(piece, bytes, len);
    curl_mime_type(piece, part->type);
    curl_mime_encoder(piece, "base64");
    g_autofree char *id = g_strdup_printf("Content-ID: <%s>", part->name);
    g_autofree char *how = g_strdup_printf("Content-Disposition: inline; filename=\"%s\"", part->name);
    struct curl_slist *headers = curl_slist_append(curl_slist_append(NULL, id), how);
    curl_mime_headers(piece, headers, 1);
}

/* mixed(related(alternative(text, html), pictures), files) */
static void add_body(Mail *mail, const ReportMessage *message)
{
    curl_mime *related = curl_mime_init(mail->curl), *alternative = curl_mime_init(mail->curl);
    add_data(alternative, "text/plain; charset=utf-8", message->text, strlen(message->text), NULL);
    if (message->html) {
        add_data(alternative, "text/html; charset=utf-8", message->html, strlen(message->html), NULL);
    }
    curl_mimepart *inner = curl_mime_addpart(related);
    curl_mime_subparts(inner, alternative);
    curl_mime_type(inner, "multipart/alternative");
    for (guint i = 0; i < message->parts->len; i++) {
        const ReportPart *part = message->parts->pdata[i];
        if (part->is_inline) {
            add_picture(related, part);
        }
    }
    curl_mimepart *outer = curl_mime_addpart(mail->mime);
    curl_mime_subparts(outer, related);
    curl_mime_type(outer, "multipart/related");
    for (guint i = 0; i < message->parts->len; i++) {
        const ReportPart *part = message->parts->pdata[i];
        gsize len;
        const void *bytes = g_bytes_get_data(part->bytes, &len);
        if (!part->is_inline) {
            add_data(mail->mime, part->type, bytes, len, part->name);
        }
    }
}

static void set_server(Mail *mail, const BaseConfig *config, const char *server, const char *from)
{
    const char *user = base_config_text(config, BASE_CONFIG_MAIL_USER),
               *tls = base_config_text(config, BASE_CONFIG_MAIL_TLS),
               *ca = base_config_text(config, BASE_CONFIG_MAIL_CA);
    curl_easy_setopt(mail->curl, CURLOPT_URL, server);
    curl_easy_setopt(mail->curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    curl_easy_setopt(mail->curl, CURLOPT_USE_SSL,
                     g_str_equal(tls, "required") ? (long)CURLUSESSL_ALL
                     : g_str_equal(tls, "off")    ? (long)CURLUSESSL_NONE
                                                  : (long)CURLUSESSL_TRY);
    if (*ca) {
        curl_easy_setopt(mail->curl, CURLOPT_CAINFO, ca);
    }
    if (*user) {
        curl_easy_setopt(mail->curl, CURLOPT_USERNAME, user);
        curl_easy_setopt(mail->curl, CURLOPT_PASSWORD, base_config_text(config, BASE_CONFIG_MAIL_PASSWORD));
    }
    g_autofree char *sender = g_strdup_printf("<%s>", from);
    curl_easy_setopt(mail->curl, CURLOPT_MAIL_FROM, sender);
    curl_easy_setopt(mail->curl, CURLOPT_MAIL_RCPT, mail->receivers);
    curl_easy_setopt(mail->curl, CURLOPT_HTTPHEADER, mail->headers);
    curl_easy_setopt(mail->curl, CURLOPT_MIMEPOST, mail->mime);
    curl_easy_setopt(mail->curl, CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS);
    curl_easy_setopt(mail->curl, CURLOPT_TIMEOUT, SEND_SECONDS);
    curl_easy_setopt(mail->curl, CURLOPT_NOSIGNAL, 1L);
}

static bool perform(Mail *mail, const ReportChannel *channel, const char *server, GError **error)
{
    char why[CURL_ERROR_SIZE] = "";
    curl_easy_setopt(mail->curl, CURLOPT_ERRORBUFFER, why);
    CURLcode code = curl_easy_perform(mail->curl);
    curl_easy_setopt(mail->curl, CURLOPT_ERRORBUFFER, NULL);
    return code == CURLE_OK || base_fail(error, BASE_E_SEND_FAILED, "mail to `%s` by `%s`: %s", channel->name,
                                         server, *why ? why : curl_easy_strerror(code));
}

bool report_mail_send(Report *report, const ReportChannel *channel, const ReportMessage *message,
                      GError **error)
{
    const char *server = base_config_text(report->config, BASE_CONFIG_MAIL_SERVER),
               *from = base_config_text(report->config, BASE_CONFIG_MAIL_FROM);
    if (!*server || !*from) {
        base_fail(error, BASE_E_SEND_FAILED, "no mail server is set");
        base_error_hint(error, "settings: mail.server: smtp://host:587, mail.from: weir@example.com");
        return false;
    }
    Mail mail = {.curl = curl_easy_init()};
    if (!mail.curl) {
        return base_fail(error, BASE_E_MEMORY, "no memory for a mail");
    }
    mail.mime = curl_mime_init(mail.curl);
    for (guint i = 0; i < channel->addresses->len; i++) {
        g_autofree char *receiver = g_strdup_printf("<%s>", (const char *)channel->addresses->pdata[i]);
        mail.receivers = curl_slist_append(mail.receivers, receiver);
    }
    add_headers(&mail, channel, from, message->subject);
    add_body(&mail, message);
    set_server(&mail, report->config, server, from);
    bool ok = perform(&mail, channel, server, error);
    curl_mime_free(mail.mime);
    curl_slist_free_all(mail.headers);
    curl_slist_free_all(mail.receivers);
    curl_easy_cleanup(mail.curl);
    return ok;
}
