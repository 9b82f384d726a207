/* Reports and alerts: a query or dashboard sent on a schedule by mail or to a chat; conditions watched, told
 * once, repeated, silenced, acknowledged.
 *
 * A report becomes a ReportMessage: sections of rows, each as an HTML table, a picture of a chart, and
 * attached files. A message goes to channels: an address, or a name under `channels:` of weir.yml. */
#ifndef WEIR_REPORT_REPORT_H
#define WEIR_REPORT_REPORT_H

#include "access/access.h"
#include "base/config.h"
#include "catalog/catalog.h"
#include "engine/engine.h"
#include "intake/intake.h"

#define REPORT_MAX_ROWS      100000 /* of a section, in attached files */
#define REPORT_MAX_HTML_ROWS 200
#define REPORT_MAX_SECTIONS  64

typedef struct Report Report;
/* Borrows all. Thread: any; calls do not block each other except while state is written. */
Report *report_new(Engine *engine, Intake *intake, Access *access, const BaseConfig *config);
void report_free(Report *report);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Report, report_free)

/* ---- rows ------------------------------------------------------------------------------------------- */

typedef struct {
    char *name;
    bool is_number;
} ReportColumn;
typedef struct {
    char *title;
    char *chart;        /* "table", "line", "bar", "number" */
    char *text;         /* words instead of rows; NULL = rows */
    GPtrArray *columns; /* ReportColumn* */
    GPtrArray *rows;    /* char** of n columns; NULL cell = NULL */
    bool truncated;     /* there were more than REPORT_MAX_ROWS */
} ReportSection;
void report_section_free(ReportSection *section);

/* ---- messages ---------------------------------------------------------------------------------------- */

typedef struct {
    char *name, *type; /* "plays.xlsx", MIME type */
    GBytes *bytes;
    bool is_inline; /* a picture that the HTML shows as cid:NAME */
} ReportPart;
typedef struct {
    char *subject, *text, *html;
    GPtrArray *parts; /* ReportPart* */
} ReportMessage;
void report_message_free(ReportMessage *message);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ReportMessage, report_message_free)

/* Runs what an object of kind report shows and makes the message. `user` (may be NULL = the project itself)
 * is whose rights its queries have. Errors: of SQL; METRIC_UNSUPPORTED for a metric that is not atomic. */
ReportMessage *report_render(Report *report, CatalogSnapshot *snapshot, const CatalogObject *object,
                             const AccessUser *user, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* To every receiver in `to` of the report or alert. All are tried; the first failure is the error, with the
 * receivers that were not reached. *ret_sent = those that were. Errors: CHANNEL_UNKNOWN, SEND_FAILED. */
bool report_send(Report *report, CatalogSnapshot *snapshot, const CatalogObject *object,
                 const ReportMessage *message, json_t **ret_sent, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- what is due ------------------------------------------------------------------------------------- */

/* Sends reports whose schedule fired since the last call, and looks at all alerts whose `every` is over.
 * `tell` hears what was done or failed (a report that cannot be sent is tried again at its next time).
 * Gives when to call again. Thread: one caller. */
typedef void (*ReportTell)(const CatalogObject *object, const char *what, const GError *error, void *user);
gint64 report_tick(Report *report, CatalogSnapshot *snapshot, gint64 now_us, ReportTell tell, void *user);

/* ---- alerts -------------------------------------------------------------------------------------------- */

/* [{id, alert, subject, state: pending|firing|acknowledged|resolved, severity, message, first, last,
 * notified, silenced_until, acknowledged_by}] newest first; `open` = not resolved ones alone. */
json_t *report_alerts(Report *report, bool open, size_t limit, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* No more reminders of this event; its end is still told. Errors: ALERT_UNKNOWN. */
bool report_alert_acknowledge(Report *report, gint64 id, const char *user,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Nothing is told of an alert (by name; NULL = all alerts) until then; 0 ends the silence. */
bool report_alert_silence(Report *report, const char *alert, gint64 until_us, const char *user,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Looks at one alert now and says what it would tell: [{subject, firing, message}]. Changes nothing. */
json_t *report_alert_try(Report *report, CatalogSnapshot *snapshot, const CatalogObject *alert, gint64 now_us,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
