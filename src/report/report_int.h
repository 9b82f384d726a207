/* What the files of report share.
 *
 *   rows.c     a query becomes a section
 *   html.c     sections -> HTML and text     chart.c  a section -> PNG     attach.c  a section -> CSV, XLSX
 *   render.c   a report -> a message
 *   channel.c  receivers -> channels         mail.c   a message by SMTP    hook.c    by webhook, chat forms
 *   tick.c     what is due
 *   watch.c    what an alert sees            alert.c  its events: told, repeated, silenced, resolved */
#ifndef WEIR_REPORT_INT_H
#define WEIR_REPORT_INT_H

#include "base/time.h"
#include "report/report.h"

struct Report {
    Engine *engine;
    Intake *intake;
    Access *access;
    const BaseConfig *config;
    GMutex lock;        /* guards `sent` and `looked` */
    GHashTable *sent;   /* report id -> gint64*: when its schedule was last looked at */
    GHashTable *looked; /* alert id -> gint64* */
    bool has_table;     /* _weir.alert_events is there */
};

/* ---- rows.c ---- */
/* An object of a kind, whatever else bears its name. NULL + error. */
const CatalogObject *report_find(const CatalogSnapshot *snapshot, CatalogKind kind, const char *name,
                                 const char *domain, GError **error);
ReportSection *report_section_new(const char *title, const char *chart); /* without columns and rows */
ReportSection *report_section_query(Report *report, CatalogSnapshot *snapshot, const AccessUser *user,
                                    const char *domain, const char *sql, const char *title, const char *chart,
                                    GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The SELECT of an atomic metric, by what `shown` (a report, tile or alert) says of by, where, order, limit.
 * Caller frees. METRIC_UNSUPPORTED. */
char *report_metric_sql(CatalogSnapshot *snapshot, const CatalogObject *metric, const json_t *shown,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* A query with what a tile says of where, order, limit. Caller frees. */
char *report_query_sql(const char *query, const json_t *shown);
/* A key that holds one text or a list of them, as a list (empty when it is not there). New reference. */
json_t *report_texts(const json_t *definition, const char *key);

/* ---- html.c, chart.c, attach.c ---- */
void report_html(GString *out, const ReportSection *section, const char *picture);
void report_text(GString *out, const ReportSection *section);
char *report_html_escape(const char *text);
/* NULL without error when the section has nothing to draw (no number, no row). */
GBytes *report_chart(const ReportSection *section, GError **error) G_GNUC_WARN_UNUSED_RESULT;
GBytes *report_csv(const ReportSection *section);
GBytes *report_xlsx(const GPtrArray *sections, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- channel.c ---- */
typedef enum { REPORT_MAIL, REPORT_WEBHOOK, REPORT_FEISHU, REPORT_DINGTALK, REPORT_SLACK } ReportChannelType;
typedef struct {
    ReportChannelType type;
    char *name;           /* as written in `to` */
    char *url, *secret;   /* of hooks; secret may be NULL */
    GPtrArray *addresses; /* char*, of mail */
} ReportChannel;
void report_channel_free(ReportChannel *channel);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ReportChannel, report_channel_free)
/* "a@b.c", "https://...", or a name under `channels:` of weir.yml; ${NAME} is the environment's. */
ReportChannel *report_channel_find(CatalogSnapshot *snapshot, const char *to,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* To texts one after the other; see report_send. */
bool report_send_to(Report *report, CatalogSnapshot *snapshot, const json_t *to, const ReportMessage *message,
                    json_t **ret_sent, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- mail.c, hook.c ---- */
bool report_mail_send(Report *report, const ReportChannel *channel, const ReportMessage *message,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool report_hook_send(const ReportChannel *channel, const ReportMessage *message,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The body of a hook and its address with signature, at a time; for tests. Caller frees both. */
char *report_hook_body(const ReportChannel *channel, const ReportMessage *message, gint64 now_us);
char *report_hook_url(const ReportChannel *channel, gint64 now_us);

/* ---- watch.c, alert.c ---- */
/* What an alert sees now: [{subject, firing, message}]. */
json_t *report_watch(Report *report, CatalogSnapshot *snapshot, const CatalogObject *alert, gint64 now_us,
                     GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Brings the events of an alert in line with what is seen, and tells what is to be told. */
bool report_alert_look(Report *report, CatalogSnapshot *snapshot, const CatalogObject *alert, gint64 now_us,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool report_state_open(Report *report, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
