/* Schedules: five-field cron as in Vixie cron (names, lists, ranges, steps, day-of-month OR day-of-week when
 * both are restricted, 7 = Sunday), its @daily words, and "every 10m".
 *
 * Times are walked in local time; local -> UTC (its first pass) never goes backward, so the first that is
 * after `after_us` is the next. */
#include "base/error.h"
#include "base/text.h"
#include "base/time_int.h"

/* 29 February may be 8 years away (1896 to 1904, 2096 to 2104). */
#define CRON_MAX_DAYS  (366 * 9)
#define CRON_MINUTE_US (60 * BASE_TIME_SECOND_US)

struct BaseCron {
    gint64 every_us; /* > 0: an interval, the fields are unused */
    guint64 minutes; /* bit sets */
    guint32 hours, days, months, weekdays;
    bool days_any, weekdays_any; /* the field begins with * */
};

typedef struct {
    const char *title;
    int min, max;
    const char *const *names; /* NULL or min.. */
} Field;

static const char *const MONTHS[] = {"jan", "feb", "mar", "apr", "may", "jun", "jul",
                                     "aug", "sep", "oct", "nov", "dec", NULL};
static const char *const WEEKDAYS[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat", NULL};

static const Field FIELDS[] = {
    {"minute", 0, 59, NULL},  {"hour", 0, 23, NULL},           {"day of month", 1, 31, NULL},
    {"month", 1, 12, MONTHS}, {"day of week", 0, 7, WEEKDAYS},
};

void base_cron_free(BaseCron *cron)
{
    g_free(cron);
}

static bool parse_value(const Field *field, const char *text, int *ret)
{
    for (int i = 0; field->names != NULL && field->names[i] != NULL; i++) {
        if (g_ascii_strcasecmp(field->names[i], text) == 0) {
            *ret = field->min + i;
            return true;
        }
    }
    gint64 value = 0;
    if (!g_ascii_isdigit(text[0]) || !base_text_to_int(text, field->min, field->max, &value)) {
        return false;
    }
    *ret = (int)value;
    return true;
}

/* One of a list: *, 5, 1-5, every tenth (a star, /10), 1-30/5, 5/10 (from 5 on). */
static bool parse_part(const Field *field, const char *text, guint64 *bits)
{
    g_auto(GStrv) step_parts = g_strsplit(text, "/", 2);
    gint64 step = 1;
    if (step_parts[0] == NULL ||
        (step_parts[1] != NULL && !base_text_to_int(step_parts[1], 1, field->max, &step))) {
        return false;
    }
    int low = field->min;
    int high = field->max;
    if (strcmp(step_parts[0], "*") != 0) {
        g_auto(GStrv) ends = g_strsplit(step_parts[0], "-", 2);
        if (ends[0] == NULL || !parse_value(field, ends[0], &low)) {
            return false;
        }
        high = step_parts[1] == NULL ? low : field->max;
        if (ends[1] != NULL && !parse_value(field, ends[1], &high)) {
            return false;
        }
    }
    if (low > high) {
        return false;
    }
    for (int i = low; i <= high; i += (int)step) {
        *bits |= G_GUINT64_CONSTANT(1) << i;
    }
    return true;
}

static bool parse_field(const Field *field, const char *text, guint64 *ret_bits, GError **error)
{
    g_auto(GStrv) parts = g_strsplit(text, ",", -1);
    *ret_bits = 0;
    for (char **part = parts; *part != NULL; part++) {
        if (!parse_part(field, *part, ret_bits)) {
            base_fail(error, BASE_E_VALUE_INVALID, "`%s` is not %s %s of a schedule", text,
                      *field->title == 'h' ? "an" : "a", field->title);
            base_error_hint(error, "numbers from %d to %d, such as 5, 1-5, */10 or 1,15", field->min,
                            field->max);
            return false;
        }
    }
    return true;
}

/* "0 0 30 2 *" would never come. */
static bool can_happen(const BaseCron *cron)
{
    static const int LENGTHS[] = {0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (!cron->weekdays_any) {
        return true;
    }
    for (int month = 1; month <= 12; month++) {
        for (int day = 1; day <= LENGTHS[month]; day++) {
            if ((cron->months >> month & 1) != 0 && (cron->days >> day & 1) != 0) {
                return true;
            }
        }
    }
    return false;
}

static BaseCron *parse_fields(const char *text, GError **error)
{
    g_auto(GStrv) words = g_strsplit_set(text, " \t", -1);
    const char *fields[G_N_ELEMENTS(FIELDS)];
    size_t n = 0;
    for (char **word = words; *word != NULL; word++) {
        if (**word != '\0') {
            if (n < G_N_ELEMENTS(FIELDS)) {
                fields[n] = *word;
            }
            n++;
        }
    }
    if (n != G_N_ELEMENTS(FIELDS)) {
        base_fail(error, BASE_E_VALUE_INVALID, "`%s` is not a schedule", text);
        base_error_hint(error, "five fields (minute hour day month weekday), @daily, or `every 10m`");
        return NULL;
    }
    guint64 bits[G_N_ELEMENTS(FIELDS)];
    for (size_t i = 0; i < n; i++) {
        if (!parse_field(&FIELDS[i], fields[i], &bits[i], error)) {
            return NULL;
        }
    }
    g_autoptr(BaseCron) cron = g_new0(BaseCron, 1);
    cron->minutes = bits[0];
    cron->hours = (guint32)bits[1];
    cron->days = (guint32)bits[2];
    cron->months = (guint32)bits[3];
    cron->weekdays = (guint32)((bits[4] | bits[4] >> 7) & 0x7F);
    cron->days_any = fields[2][0] == '*';
    cron->weekdays_any = fields[4][0] == '*';
    if (!can_happen(cron)) {
        base_fail(error, BASE_E_VALUE_INVALID, "`%s` never comes: no such day in these months", text);
        return NULL;
    }
    return g_steal_pointer(&cron);
}

BaseCron *base_cron_parse(const char *text, GError **error)
{
    static const char *const WORDS[][2] = {
        {"@yearly", "0 0 1 1 *"}, {"@annually", "0 0 1 1 *"}, {"@monthly", "0 0 1 * *"},
        {"@weekly", "0 0 * * 0"}, {"@daily", "0 0 * * *"},    {"@midnight", "0 0 * * *"},
        {"@hourly", "0 * * * *"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(WORDS); i++) {
        if (strcmp(text, WORDS[i][0]) == 0) {
            return parse_fields(WORDS[i][1], error);
        }
    }
    if (!g_str_has_prefix(text, "every ")) {
        return parse_fields(text, error);
    }
    gint64 every_us = 0;
    if (!base_text_to_duration(text + strlen("every "), &every_us) || every_us < BASE_TIME_SECOND_US ||
        every_us > 366 * BASE_TIME_DAY_US) {
        base_fail(error, BASE_E_VALUE_INVALID, "`%s` is not an interval", text);
        base_error_hint(error, "write `every 10m`, `every 2h` or `every 1d`; at least 1s, at most 366d");
        return NULL;
    }
    BaseCron *cron = g_new0(BaseCron, 1);
    cron->every_us = every_us;
    return cron;
}

/* Intervals are counted on the wall clock, so that `every 1d` is midnight and `every 6h` 0, 6, 12 and 18
 * o'clock. Up to an hour they run on through a clock change; longer ones keep to the wall clock. */
static gint64 next_interval(gint64 every_us, gint64 after_us, GTimeZone *zone)
{
    gint64 offset = base_time_offset_us(after_us, zone);
    gint64 step = base_time_floor_div(after_us + offset, every_us) + 1;
    if (every_us <= 60 * CRON_MINUTE_US) {
        return step * every_us - offset;
    }
    for (;; step++) {
        gint64 us = base_time_from_local(step * every_us, zone).first;
        if (us > after_us) {
            return us;
        }
    }
}

static bool day_matches(const BaseCron *cron, gint64 day)
{
    int year = 0;
    int month = 0;
    int day_of_month = 0;
    base_time_civil_from_days(day, &year, &month, &day_of_month);
    if ((cron->months >> month & 1) == 0) {
        return false;
    }
    /* 1970-01-01 was a Thursday. */
    gint64 weekday = (day + 4) - base_time_floor_div(day + 4, 7) * 7;
    bool by_month = (cron->days >> day_of_month & 1) != 0;
    bool by_week = (cron->weekdays >> weekday & 1) != 0;
    return cron->days_any || cron->weekdays_any ? by_month && by_week : by_month || by_week;
}

/* The first time of the local day that is after `after_us`; -1 when there is none. */
static gint64 next_in_day(const BaseCron *cron, gint64 day, gint64 from_local_us, gint64 after_us,
                          GTimeZone *zone)
{
    for (int hour = 0; hour < 24; hour++) {
        for (int minute = 0; (cron->hours >> hour & 1) != 0 && minute < 60; minute++) {
            gint64 local = day * BASE_TIME_DAY_US + ((gint64)hour * 60 + minute) * CRON_MINUTE_US;
            if ((cron->minutes >> minute & 1) == 0 || local < from_local_us) {
                continue;
            }
            gint64 us = base_time_from_local(local, zone).first;
            if (us > after_us) {
                return us;
            }
        }
    }
    return -1;
}

gint64 base_cron_next(const BaseCron *cron, gint64 after_us, GTimeZone *zone)
{
    if (cron->every_us > 0) {
        return next_interval(cron->every_us, after_us, zone);
    }
    gint64 local = after_us + base_time_offset_us(after_us, zone);
    gint64 from_local = base_time_floor_div(local, CRON_MINUTE_US) * CRON_MINUTE_US;
    gint64 first_day = base_time_floor_div(local, BASE_TIME_DAY_US);
    for (gint64 day = first_day; day < first_day + CRON_MAX_DAYS; day++) {
        gint64 us = day_matches(cron, day) ? next_in_day(cron, day, from_local, after_us, zone) : -1;
        if (us > after_us) {
            return us;
        }
    }
    return G_MAXINT64;
}
