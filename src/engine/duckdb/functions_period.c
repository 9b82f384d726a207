/* The functions that statistical periods are written with (Dataphin's, whose names and values these are):
 * lastNDate, cBeginDate, cEndDate, tdBeginDate. A date is a DATE, a number 20180118 or a text; the answer is
 * of the same kind, a text in the `format` when there is one (yyyyMMdd when not). Weeks start on Monday.
 *
 * Source: help.aliyun.com/zh/dataphin/appendix-statistical-period-expression-parameters */
#include <string.h>

#include "base/period.h"
#include "engine/duckdb/functions_int.h"

#define V DUCKDB_TYPE_VARCHAR
#define I DUCKDB_TYPE_BIGINT
#define D DUCKDB_TYPE_DATE

#define MAX_BACK 1000000 /* periods that may be counted back */

/* ---- dates as they come and go ---------------------------------------------------------------------------
 */

static bool days_of(int64_t year, int64_t month, int64_t day, int64_t *ret)
{
    if (year < 1 || year > 9999 || month < 1 || month > 12 || day < 1 || day > 31) {
        return false;
    }
    *ret = base_time_days_from_civil((int)year, (int)month, (int)day);
    int y, m, d;
    base_time_civil_from_days(*ret, &y, &m, &d);
    return m == month; /* 30 February is another month's day */
}

static bool days_of_number(int64_t number, int64_t *ret)
{
    return number > 0 && days_of(number / 10000, number / 100 % 100, number % 100, ret);
}

/* yyyyMMdd, yyyy-MM-dd, yyyy/MM/dd */
static bool days_of_text(const FunctionCell *cell, int64_t *ret)
{
    int64_t number = 0;
    size_t digits = 0;
    for (size_t i = 0; i < cell->len; i++) {
        if (g_ascii_isdigit(cell->bytes[i]) && digits < 8) {
            number = number * 10 + (cell->bytes[i] - '0');
            digits++;
        } else if (digits == 8 || !((digits == 4 || digits == 6) && strchr("-/", cell->bytes[i]))) {
            return false;
        }
    }
    return digits == 8 && days_of_number(number, ret);
}

static int64_t number_of_days(int64_t days)
{
    int year, month, day;
    base_time_civil_from_days(days, &year, &month, &day);
    return (int64_t)year * 10000 + month * 100 + day;
}

/* The letters y, M, d of Java's formats; what else stands there is copied. */
static void text_of_days(GString *text, int64_t days, const char *format, size_t len)
{
    int64_t number = number_of_days(days);
    for (size_t i = 0; i < len;) {
        size_t n = 1;
        while (i + n < len && format[i + n] == format[i]) {
            n++;
        }
        if (format[i] == 'y') {
            g_string_append_printf(text, "%0*d", (int)MIN(n, (size_t)9),
                                   (int)(n == 2 ? number / 10000 % 100 : number / 10000));
        } else if (format[i] == 'M' || format[i] == 'd') {
            g_string_append_printf(text, "%0*d", (int)MIN(n, (size_t)9),
                                   (int)(format[i] == 'M' ? number / 100 % 100 : number % 100));
        } else {
            g_string_append_len(text, format + i, (gssize)n);
        }
        i += n;
    }
}

/* ---- the functions --------------------------------------------------------------------------------------
 */

static int64_t period_start(int64_t days, BasePeriod period, int64_t back)
{
    gint64 us = base_period_shift(days * BASE_TIME_DAY_US, -back, period, NULL);
    return us / BASE_TIME_DAY_US - (us % BASE_TIME_DAY_US < 0);
}

static bool period_of(const FunctionCell *cell, BasePeriod *ret)
{
    g_autofree char *word = g_strndup(cell->bytes, cell->len);
    return base_period_by_name(word, ret) && *ret >= BASE_PERIOD_DAY;
}

typedef enum { LAST_N, C_BEGIN, C_END, TD_BEGIN } Which;

static bool compute(Which which, int64_t days, const FunctionCell *unit, int64_t n, int64_t *ret)
{
    BasePeriod period = BASE_PERIOD_DAY;
    if (n < -MAX_BACK || n > MAX_BACK || (unit && !period_of(unit, &period))) {
        return false;
    }
    switch (which) {
    case LAST_N:
        *ret = days - (n - 1);
        break;
    case C_END:
        *ret = period_start(days, period, 0) - 1;
        break;
    case C_BEGIN:
    case TD_BEGIN:
        *ret = period_start(days, period, n);
        break;
    }
    return true;
}

static bool answer_text(int64_t days, const FunctionCell *format, FunctionResult *ret)
{
    text_of_days(ret->text, days, format ? format->bytes : "yyyyMMdd", format ? format->len : 8);
    return true;
}

/* One function for each kind of date and each list of arguments. UNIT, N, FORMAT are expressions over `a`. */
#define ROW_TEXT(name, which, unit, n, format)                                                               \
    static bool name(const FunctionCell *a, FunctionResult *ret)                                             \
    {                                                                                                        \
        int64_t days, made;                                                                                  \
        return days_of_text(&a[0], &days) && compute(which, days, unit, n, &made) &&                         \
               answer_text(made, format, ret);                                                               \
    }
#define ROW_NUMBER(name, which, unit, n)                                                                     \
    static bool name(const FunctionCell *a, FunctionResult *ret)                                             \
    {                                                                                                        \
        int64_t days, made;                                                                                  \
        if (!days_of_number(a[0].i64, &days) || !compute(which, days, unit, n, &made)) {                     \
            return false;                                                                                    \
        }                                                                                                    \
        ret->cell.i64 = number_of_days(made);                                                                \
        return true;                                                                                         \
    }
#define ROW_DATE(name, which, unit, n)                                                                       \
    static bool name(const FunctionCell *a, FunctionResult *ret)                                             \
    {                                                                                                        \
        return compute(which, a[0].i64, unit, n, &ret->cell.i64);                                            \
    }
#define ROWS(name, which, unit, n)                                                                           \
    ROW_TEXT(name##_text, which, unit, n, NULL)                                                              \
    ROW_NUMBER(name##_number, which, unit, n)                                                                \
    ROW_DATE(name##_date, which, unit, n)

ROWS(last_n, LAST_N, NULL, a[1].i64)
ROW_TEXT(last_n_format, LAST_N, NULL, a[1].i64, &a[2])
ROWS(c_begin, C_BEGIN, &a[1], 1)
ROWS(c_begin_n, C_BEGIN, &a[1], a[2].i64)
ROW_TEXT(c_begin_format, C_BEGIN, &a[1], 1, &a[2])
ROW_TEXT(c_begin_n_format, C_BEGIN, &a[1], a[2].i64, &a[3])
ROWS(c_end, C_END, &a[1], 0)
ROW_TEXT(c_end_format, C_END, &a[1], 0, &a[2])
ROWS(td_begin, TD_BEGIN, &a[1], 0)
ROWS(td_begin_n, TD_BEGIN, &a[1], a[2].i64)
ROW_TEXT(td_begin_format, TD_BEGIN, &a[1], 0, &a[2])
ROW_TEXT(td_begin_n_format, TD_BEGIN, &a[1], a[2].i64, &a[3])

/* Without a period: from the beginning of time. */
static bool td_all_text(const FunctionCell *a, FunctionResult *ret)
{
    int64_t days;
    return days_of_text(a, &days) && answer_text(0, NULL, ret);
}
static bool td_all_number(const FunctionCell *a, FunctionResult *ret)
{
    ret->cell.i64 = 19700101;
    return days_of_number(a->i64, &(int64_t){0});
}
static bool td_all_date(const FunctionCell *a, FunctionResult *ret)
{
    (void)a;
    ret->cell.i64 = 0;
    return true;
}

const FunctionInfo FUNCTIONS_PERIOD[] = {
    {"lastndate", V, {V, I}, last_n_text},
    {"lastndate", I, {I, I}, last_n_number},
    {"lastndate", D, {D, I}, last_n_date},
    {"lastndate", V, {V, I, V}, last_n_format},
    {"cbegindate", V, {V, V}, c_begin_text},
    {"cbegindate", I, {I, V}, c_begin_number},
    {"cbegindate", D, {D, V}, c_begin_date},
    {"cbegindate", V, {V, V, I}, c_begin_n_text},
    {"cbegindate", I, {I, V, I}, c_begin_n_number},
    {"cbegindate", D, {D, V, I}, c_begin_n_date},
    {"cbegindate", V, {V, V, V}, c_begin_format},
    {"cbegindate", V, {V, V, I, V}, c_begin_n_format},
    {"cenddate", V, {V, V}, c_end_text},
    {"cenddate", I, {I, V}, c_end_number},
    {"cenddate", D, {D, V}, c_end_date},
    {"cenddate", V, {V, V, V}, c_end_format},
    {"tdbegindate", V, {V}, td_all_text},
    {"tdbegindate", I, {I}, td_all_number},
    {"tdbegindate", D, {D}, td_all_date},
    {"tdbegindate", V, {V, V}, td_begin_text},
    {"tdbegindate", I, {I, V}, td_begin_number},
    {"tdbegindate", D, {D, V}, td_begin_date},
    {"tdbegindate", V, {V, V, I}, td_begin_n_text},
    {"tdbegindate", I, {I, V, I}, td_begin_n_number},
    {"tdbegindate", D, {D, V, I}, td_begin_n_date},
    {"tdbegindate", V, {V, V, V}, td_begin_format},
    {"tdbegindate", V, {V, V, I, V}, td_begin_n_format},
};
const size_t FUNCTIONS_PERIOD_N = G_N_ELEMENTS(FUNCTIONS_PERIOD);
