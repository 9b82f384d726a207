/* Routes of reports and alerts. */
#include "base/text.h"
#include "base/time.h"
#include "server/raw.h"
#include "server/routes_int.h"

#define ALERTS_MAX 10000

static const CatalogObject *object_named(const ServerCall *call, const CatalogSnapshot *snapshot,
                                         CatalogKind kind, const char *name, GError **error)
{
    g_autofree char *id = g_strdup_printf("%s:%s", catalog_kind_name(kind), name);
    const CatalogObject *object = catalog_find(snapshot, name, NULL, NULL);
    if (!object || object->kind != kind) {
        object = catalog_find(snapshot, id, NULL, error);
    }
    return object && access_check(call->user, ACCESS_READ, object, error) ? object : NULL;
}

/* The page that a mail would hold, with its pictures inside. */
static char *page_of(const ReportMessage *message)
{
    char *html = g_strdup(message->html);
    for (guint i = 0; i < message->parts->len; i++) {
        const ReportPart *part = message->parts->pdata[i];
        if (!part->is_inline) {
            continue;
        }
        gsize len;
        const guchar *bytes = g_bytes_get_data(part->bytes, &len);
        g_autofree char *base64 = g_base64_encode(bytes, len), *cid = g_strdup_printf("cid:%s", part->name),
                        *data = g_strdup_printf("data:%s;base64,%s", part->type, base64);
        g_auto(GStrv) pieces = g_strsplit(html, cid, -1);
        g_free(html);
        html = g_strjoinv(data, pieces);
    }
    return html;
}

/* With the rights of whoever looks. */
bool route_report(ServerCall *call, GError **error)
{
    g_autoptr(CatalogSnapshot) snapshot = server_app_snapshot(call->app);
    const CatalogObject *report =
        object_named(call, snapshot, CATALOG_REPORT, call_param(call, "name"), error);
    g_autoptr(ReportMessage) message =
        report ? report_render(server_app_report(call->app), snapshot, report, call->user, error) : NULL;
    if (!message) {
        return false;
    }
    g_autofree char *page = page_of(message);
    json_t *files = json_array();
    for (guint i = 0; i < message->parts->len; i++) {
        const ReportPart *part = message->parts->pdata[i];
        json_array_append_new(files, json_pack("{s:s, s:s, s:I}", "name", part->name, "type", part->type,
                                               "bytes", (json_int_t)g_bytes_get_size(part->bytes)));
    }
    return call_json(call, json_pack("{s:s, s:s, s:s, s:o}", "subject", message->subject, "text",
                                     message->text, "html", page, "files", files));
}

bool route_report_send(ServerCall *call, GError **error)
{
    g_autoptr(CatalogSnapshot) snapshot = server_app_snapshot(call->app);
    const CatalogObject *report =
        object_named(call, snapshot, CATALOG_REPORT, call_param(call, "name"), error);
    g_autoptr(ReportMessage) message =
        report ? report_render(server_app_report(call->app), snapshot, report, NULL, error) : NULL;
    json_t *sent = NULL;
    bool ok = message && report_send(server_app_report(call->app), snapshot, report, message, &sent, error);
    call_audit(call, "send report", call_param(call, "name"), NULL, ok);
    if (!ok) {
        json_decref(sent);
        return false;
    }
    return call_json(call, json_pack("{s:o}", "sent", sent));
}

/* The message of a run is told as the run is. What a query or a metric gives is what the alert was written to
 * tell, to whoever may read the alert. */
static void hide_run(ServerRaw *raw, const CatalogSnapshot *snapshot, const CatalogObject *alert, json_t *row)
{
    const char *on = alert ? base_json_string(alert->definition, "on", "query") : "";
    if (g_str_equal(on, "run") || g_str_equal(on, "check")) {
        server_raw_hide_run(raw, catalog_find(snapshot, base_json_string(row, "subject", ""), NULL, NULL),
                            row);
    }
}

bool route_alerts(ServerCall *call, GError **error)
{
    size_t limit, i;
    if (!call_limit(call, 50, ALERTS_MAX, &limit, error)) {
        return false;
    }
    g_autoptr(CatalogSnapshot) snapshot = server_app_snapshot(call->app);
    bool open = !g_str_equal(call_query(call, "all", ""), "true");
    g_autoptr(json_t) rows = report_alerts(server_app_report(call->app), open, limit, error);
    if (!rows) {
        return false;
    }
    g_autoptr(ServerRaw) raw = server_raw_new(call->user, snapshot);
    json_t *list = json_array(), *row;
    json_array_foreach (rows, i, row) {
        const CatalogObject *alert = catalog_by_id(snapshot, base_json_string(row, "alert", ""));
        if (alert ? access_can_see(call->user, alert) : access_user_is_admin(call->user)) {
            hide_run(raw, snapshot, alert, row);
            json_array_append(list, row);
        }
    }
    return call_json(call, json_pack("{s:o}", "alerts", list));
}

static bool silence(ServerCall *call, const CatalogSnapshot *snapshot, const char *name, GError **error)
{
    const char *text = base_json_string(call->body, "for", "2h");
    gint64 us = 0;
    if (!g_str_equal(text, "0") && !base_text_to_duration(text, &us)) {
        return base_fail(error, BASE_E_VALUE_INVALID, "`for` is no duration: `%s`", text);
    }
    const CatalogObject *alert =
        g_str_equal(name, "*") ? NULL : object_named(call, snapshot, CATALOG_ALERT, name, error);
    if (!alert && !g_str_equal(name, "*")) {
        return false;
    }
    bool ok = report_alert_silence(server_app_report(call->app), alert ? alert->id : NULL,
                                   us ? base_time_now_us() + us : 0, access_user_name(call->user), error);
    call_audit(call, "silence", name, text, ok);
    return ok && call_json(call, json_object());
}

bool route_alert(ServerCall *call, GError **error)
{
    static const char *const KNOWN[] = {"acknowledge", "silence", "for", "try", NULL};
    if (!call_body(call, KNOWN, error)) {
        return false;
    }
    g_autoptr(CatalogSnapshot) snapshot = server_app_snapshot(call->app);
    Report *report = server_app_report(call->app);
    const char *quiet = base_json_string(call->body, "silence", NULL),
               *try = base_json_string(call->body, "try", NULL);
    if (quiet) {
        return silence(call, snapshot, quiet, error);
    }
    if (try) {
        const CatalogObject *alert = object_named(call, snapshot, CATALOG_ALERT, try, error);
        json_t *seen = alert ? report_alert_try(report, snapshot, alert, base_time_now_us(), error) : NULL;
        return seen && call_json(call, json_pack("{s:o}", "seen", seen));
    }
    gint64 id = base_json_int(call->body, "acknowledge", 0);
    bool ok = report_alert_acknowledge(report, id, access_user_name(call->user), error);
    g_autofree char *number = g_strdup_printf("%" G_GINT64_FORMAT, id);
    call_audit(call, "acknowledge", number, NULL, ok);
    return ok && call_json(call, json_object());
}
