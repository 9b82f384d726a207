/* Who receives: an address, an URL, or a name under `channels:` of weir.yml:
 *
 *   channels:
 *     team: {type: mail, to: [a@example.com, b@example.com]}
 *     ops:  {type: feishu, url: "${FEISHU_URL}", secret: "${FEISHU_SECRET}"}     # webhook, dingtalk, slack
 */
#include <string.h>

#include "base/text.h"
#include "report/report_int.h"

void report_channel_free(ReportChannel *channel)
{
    if (channel) {
        g_free(channel->name);
        g_free(channel->url);
        g_free(channel->secret);
        g_clear_pointer(&channel->addresses, g_ptr_array_unref);
        g_free(channel);
    }
}

static bool add_address(ReportChannel *channel, const char *written, GError **error)
{
    g_autofree char *address = base_text_expand_env(written);
    if (!catalog_is_mail_address(address)) {
        return base_fail(error, BASE_E_CHANNEL_UNKNOWN, "`%s` is no mail address", written);
    }
    g_ptr_array_add(channel->addresses, g_steal_pointer(&address));
    return true;
}

static bool type_by_name(const char *name, ReportChannelType *ret)
{
    static const char *const NAMES[] = {"mail", "webhook", "feishu", "dingtalk", "slack"};
    for (size_t i = 0; i < G_N_ELEMENTS(NAMES); i++) {
        if (g_str_equal(name, NAMES[i])) {
            *ret = (ReportChannelType)i;
            return true;
        }
    }
    return false;
}

static bool add_addresses(ReportChannel *channel, const json_t *to, GError **error)
{
    size_t i;
    json_t *address;
    if (json_is_string(to)) {
        return add_address(channel, json_string_value(to), error);
    }
    json_array_foreach (to, i, address) {
        if (!add_address(channel, json_is_string(address) ? json_string_value(address) : "", error)) {
            return false;
        }
    }
    return channel->addresses->len > 0 ||
           base_fail(error, BASE_E_CHANNEL_UNKNOWN, "channel `%s` has no address in `to`", channel->name);
}

static bool read_declared(ReportChannel *channel, const json_t *declared, GError **error)
{
    const char *type = base_json_string(declared, "type", ""), *url = base_json_string(declared, "url", NULL),
               *secret = base_json_string(declared, "secret", NULL);
    if (!type_by_name(type, &channel->type)) {
        return base_fail(error, BASE_E_CHANNEL_UNKNOWN,
                         "channel `%s`: `type` is mail, webhook, feishu, dingtalk or slack, not `%s`",
                         channel->name, type);
    }
    if (channel->type == REPORT_MAIL) {
        return add_addresses(channel, json_object_get(declared, "to"), error);
    }
    channel->url = url ? base_text_expand_env(url) : NULL;
    channel->secret = secret ? base_text_expand_env(secret) : NULL;
    return (channel->url && *channel->url) ||
           base_fail(error, BASE_E_CHANNEL_UNKNOWN, "channel `%s` has no `url`, or its variable is not set",
                     channel->name);
}

ReportChannel *report_channel_find(CatalogSnapshot *snapshot, const char *to, GError **error)
{
    g_autoptr(ReportChannel) channel = g_new0(ReportChannel, 1);
    channel->name = g_strdup(to);
    channel->addresses = g_ptr_array_new_with_free_func(g_free);
    const json_t *declared =
        json_object_get(json_object_get(catalog_project_settings(snapshot), "channels"), to);
    bool ok;
    if (declared) {
        ok = read_declared(channel, declared, error);
    } else if (catalog_is_url(to)) {
        channel->type = REPORT_WEBHOOK;
        channel->url = g_strdup(to);
        ok = true;
    } else if (strchr(to, '@')) {
        ok = add_address(channel, to, error);
    } else {
        ok = base_fail(error, BASE_E_CHANNEL_UNKNOWN, "no channel `%s`", to);
        base_error_hint(error, "declare it under `channels:` of weir.yml, or name a mail address");
    }
    return ok ? g_steal_pointer(&channel) : NULL;
}

static bool send_one(Report *report, CatalogSnapshot *snapshot, const char *to, const ReportMessage *message,
                     GError **error)
{
    g_autoptr(ReportChannel) channel = report_channel_find(snapshot, to, error);
    return channel && (channel->type == REPORT_MAIL ? report_mail_send(report, channel, message, error)
                                                    : report_hook_send(channel, message, error));
}

bool report_send_to(Report *report, CatalogSnapshot *snapshot, const json_t *to, const ReportMessage *message,
                    json_t **ret_sent, GError **error)
{
    GError *first = NULL;
    json_t *sent = json_array(), *name;
    size_t i;
    if (json_array_size(to) == 0) {
        base_fail(&first, BASE_E_CHANNEL_UNKNOWN, "nobody is named in `to`");
    }
    json_array_foreach (to, i, name) {
        GError *why = NULL;
        if (send_one(report, snapshot, json_string_value(name), message, &why)) {
            json_array_append(sent, name);
        } else if (first) {
            g_clear_error(&why);
        } else {
            first = why;
        }
    }
    if (ret_sent) {
        *ret_sent = sent;
    } else {
        json_decref(sent);
    }
    if (first) {
        g_propagate_error(error, first);
    }
    return !first;
}

bool report_send(Report *report, CatalogSnapshot *snapshot, const CatalogObject *object,
                 const ReportMessage *message, json_t **ret_sent, GError **error)
{
    g_autoptr(json_t) to = report_texts(object->definition, "to");
    return report_send_to(report, snapshot, to, message, ret_sent, error);
}
