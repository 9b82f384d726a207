/* Values of a known form: days, months, lives of data, zones, hours. One row says what a type of key takes.
 * Whoever uses such a value later reads it with the same function, so `plan` takes what is understood and
 * nothing else. */
#include "base/period.h"
#include "base/term.h"
#include "base/text.h"
#include "base/time.h"
#include "catalog/catalog_int.h"

/* ---- days and months ------------------------------------------------------------------------------ */

bool catalog_day_parse(const char *text, gint64 *ret_day)
{
    gint64 us = 0;
    bool plain = strlen(text) == strlen("20260131") && strspn(text, "0123456789") == strlen(text);
    g_autofree char *day =
        plain ? g_strdup_printf("%.4s-%.2s-%.2s", text, text + 4, text + 6) : g_strdup(text);
    if (strlen(day) != strlen("2026-01-31") || !base_time_parse(day, NULL, &us)) {
        return false; /* 2026-02-30, or more than a day */
    }
    *ret_day = (us - (us < 0 ? BASE_TIME_DAY_US - 1 : 0)) / BASE_TIME_DAY_US;
    return true;
}

bool catalog_keep_date_parse(const char *text, gint64 *ret)
{
    gint64 day = 0;
    int year = 0, month = 0, of_month = 0;
    bool whole = catalog_day_parse(text, &day);
    g_autofree char *leap = g_strdup_printf("2000-%s", text);
    if (!whole && !catalog_day_parse(leap, &day)) {
        return false;
    }
    base_time_civil_from_days(day, &year, &month, &of_month);
    *ret = (whole ? (gint64)year * 10000 : 0) + month * 100 + of_month;
    return true;
}

bool catalog_keep_month_parse(const char *text, gint64 *ret)
{
    g_auto(GStrv) parts = g_strsplit(text, "-", 2);
    gint64 year = 0, month = 0;
    if (parts[0] && parts[1]) {
        if (!base_text_to_int(parts[0], 1, 9999, &year) || !base_text_to_int(parts[1], 1, 12, &month)) {
            return false;
        }
    } else if (!base_text_to_int(text, 1, 12, &month)) {
        gint64 both = 0;
        if (!base_text_to_int(text, 101, 999912, &both) || both % 100 < 1 || both % 100 > 12) {
            return false;
        }
        year = both / 100;
        month = both % 100;
    }
    *ret = year * 100 + month;
    return true;
}

/* ---- how long data is kept ------------------------------------------------------------------------ */

bool catalog_keep_parse(const json_t *keep, bool passing, gint64 *ret_us)
{
    const char *text = json_string_value(keep);
    gint64 days = 0;
    if (json_is_null(keep) ||
        (text && (g_ascii_strcasecmp(text, "forever") == 0 || g_ascii_strcasecmp(text, "permanent") == 0))) {
        *ret_us = CATALOG_KEEP_FOREVER;
        return true;
    }
    if (passing && text && base_text_to_duration(text, ret_us)) {
        return true;
    }
    if (json_is_integer(keep)) {
        days = json_integer_value(keep);
    } else if (!text || !base_text_to_days(text, &days)) {
        return false;
    }
    *ret_us = days * BASE_TIME_DAY_US;
    return days >= 0 && days < BASE_TEXT_MAX_DAYS;
}

/* Tables that go by themselves are counted in hours too. */
static bool is_passing(const CatalogItem *item)
{
    const BaseYaml *kind = item->yaml ? base_yaml_get(item->yaml, "kind", NULL) : NULL;
    return item->node->object.kind == CATALOG_MODEL && kind && kind->type == BASE_YAML_SCALAR &&
           (g_str_equal(kind->text, "mid") || g_str_equal(kind->text, "temp"));
}

static bool is_keep(const CatalogItem *item, const BaseYaml *node)
{
    g_autoptr(json_t) value = base_yaml_to_json(node);
    gint64 us;
    return catalog_keep_parse(value, is_passing(item), &us);
}

/* ---- the others ------------------------------------------------------------------------------------- */

static bool is_day(const CatalogItem *item, const BaseYaml *node)
{
    (void)item;
    gint64 day;
    return catalog_day_parse(node->text, &day);
}

static bool is_keep_date(const CatalogItem *item, const BaseYaml *node)
{
    (void)item;
    gint64 date;
    return catalog_keep_date_parse(node->text, &date);
}

static bool is_keep_month(const CatalogItem *item, const BaseYaml *node)
{
    (void)item;
    gint64 month;
    return catalog_keep_month_parse(node->text, &month);
}

static bool is_time(const CatalogItem *item, const BaseYaml *node)
{
    (void)item;
    gint64 us;
    return base_time_parse(node->text, NULL, &us);
}

static bool is_zone(const CatalogItem *item, const BaseYaml *node)
{
    (void)item;
    g_autoptr(GTimeZone) zone = base_time_zone(node->text, NULL);
    return zone != NULL;
}

static bool is_period(const CatalogItem *item, const BaseYaml *node)
{
    (void)item;
    BasePeriod period;
    return base_period_by_name(node->text, &period);
}

/* "7d", "12m", "month", "mtd": so much, or from the start of the period to date. */
static bool is_window(const CatalogItem *item, const BaseYaml *node)
{
    static const char *const TO_DATE[] = {"td", "wtd", "mtd", "qtd", "ytd", NULL};
    (void)item;
    gint64 n;
    BasePeriod period;
    return base_text_to_duration(node->text, &n) || base_text_to_days(node->text, &n) ||
           base_period_by_name(node->text, &period) || g_strv_contains(TO_DATE, node->text);
}

static bool is_hours(const CatalogItem *item, const BaseYaml *node)
{
    (void)item;
    int from, to;
    return catalog_notice_hours(node->text, &from, &to);
}

/* "ann", "user:ann", "role:x", "group:x": who they are is known to access alone. */
static bool is_subject(const CatalogItem *item, const BaseYaml *node)
{
    (void)item;
    const char *colon = strchr(node->text, ':');
    return !colon ||
           (colon[1] && (g_str_has_prefix(node->text, "user:") || g_str_has_prefix(node->text, "role:") ||
                         g_str_has_prefix(node->text, "group:")));
}

static const struct {
    CatalogKeyType type;
    bool list; /* one or a list of them */
    bool (*understood)(const CatalogItem *item, const BaseYaml *node);
    BaseErrorCode code;
    const char *doc; /* in the reference: "day" */
    const char *complaint, *complaint_zh;
    const char *hint, *hint_zh;
} FORMS[] = {
    {CATALOG_KEY_KEEP, false, is_keep, BASE_E_VALUE_INVALID, "life of data",
     "`%s` does not say how long data is kept", "`%s` 没有说明数据保留多久",
     "days, weeks, months or years: 90d, 12w, 18m or 3y; or forever",
     "天、周、月或年：90d、12w、18m、3y；或 forever"},
    {CATALOG_KEY_DAY, false, is_day, BASE_E_VALUE_INVALID, "day", "`%s` is no day", "`%s` 不是日期",
     "such as 2026-01-31", "如 2026-01-31"},
    {CATALOG_KEY_KEEP_DATES, true, is_keep_date, BASE_E_VALUE_INVALID, "day or list of days",
     "`%s` is no day", "`%s` 不是日期", "such as 2026-11-11, or of every year 11-11",
     "如 2026-11-11，或每年的 11-11"},
    {CATALOG_KEY_KEEP_MONTHS, true, is_keep_month, BASE_E_VALUE_INVALID, "month or list of months",
     "`%s` is no month", "`%s` 不是月份", "such as 2026-02, or of every year 02", "如 2026-02，或每年的 02"},
    {CATALOG_KEY_TIME, false, is_time, BASE_E_VALUE_INVALID, "day or time", "`%s` is no date or time",
     "`%s` 不是日期或时间", "such as 2026-01-31 or \"2026-01-31 08:00:00\"",
     "如 2026-01-31 或 \"2026-01-31 08:00:00\""},
    {CATALOG_KEY_ZONE, false, is_zone, BASE_E_TIMEZONE_UNKNOWN, "time zone", "no time zone `%s`",
     "没有时区 `%s`", "an IANA name such as Asia/Shanghai, or an offset such as +08:00",
     "IANA 名称如 Asia/Shanghai，或偏移如 +08:00"},
    {CATALOG_KEY_PERIOD, false, is_period, BASE_E_VALUE_INVALID, "period", "`%s` is no period",
     "`%s` 不是周期", "minute, hour, day, week, month, quarter or year",
     "minute、hour、day、week、month、quarter 或 year"},
    {CATALOG_KEY_WINDOW, false, is_window, BASE_E_VALUE_INVALID, "span of time", "`%s` is no span of time",
     "`%s` 不是时间跨度", "such as 7d, 12m, 1y, month or mtd", "如 7d、12m、1y、month 或 mtd"},
    {CATALOG_KEY_HOURS, false, is_hours, BASE_E_VALUE_INVALID, "hours of a day", "`%s` are no hours",
     "`%s` 不是时段", "from and to, such as 08:00-22:00, or over midnight 22:00-06:00",
     "起止时间，如 08:00-22:00，跨夜 22:00-06:00"},
    {CATALOG_KEY_SUBJECTS, true, is_subject, BASE_E_VALUE_INVALID, "user:x, role:x, group:x or list of them",
     "`%s` is neither a user nor a role", "`%s` 既不是用户也不是角色",
     "a name, user:NAME, role:NAME or group:NAME", "名称、user:NAME、role:NAME 或 group:NAME"},
};

static int form_of(CatalogKeyType type)
{
    for (size_t i = 0; i < G_N_ELEMENTS(FORMS); i++) {
        if (FORMS[i].type == type) {
            return (int)i;
        }
    }
    return -1;
}

const char *catalog_form_doc(CatalogKeyType type)
{
    int form = form_of(type);
    return form < 0 ? NULL : FORMS[form].doc;
}

static void check_one(CatalogBuild *build, CatalogItem *item, const CatalogKey *key, const BaseYaml *node,
                      size_t form)
{
    bool empty = node->type != BASE_YAML_SCALAR ||
                 (base_yaml_is_null(node) && key->type != CATALOG_KEY_KEEP); /* null: for ever */
    if (empty) {
        catalog_complain(build, item, node, BASE_E_VALUE_INVALID, "`%s` must be a %s", key->name,
                         FORMS[form].doc);
        return;
    }
    if (!FORMS[form].understood(item, node)) {
        g_autoptr(GString) message = g_string_new(base_tr(FORMS[form].complaint, FORMS[form].complaint_zh));
        g_string_replace(message, "%s", node->text, 1);
        BaseDiag *diag = catalog_complain(build, item, node, FORMS[form].code, "%s", message->str);
        base_diag_hint(diag, "%s", base_tr(FORMS[form].hint, FORMS[form].hint_zh));
    }
}

bool catalog_check_form(CatalogBuild *build, CatalogItem *item, const CatalogKey *key, const BaseYaml *node)
{
    int form = form_of(key->type);
    bool list = form >= 0 && FORMS[form].list && node->type == BASE_YAML_LIST;
    for (guint i = 0; list && i < node->items->len; i++) {
        check_one(build, item, key, g_ptr_array_index(node->items, i), (size_t)form);
    }
    if (form >= 0 && !list) {
        check_one(build, item, key, node, (size_t)form);
    }
    return form >= 0;
}
