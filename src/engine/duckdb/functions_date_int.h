/* What the functions of dates and times share: functions_date.c (literals, weeks, zones, the table of all),
 * functions_date_format.c (by codes), functions_time.c (TIME, spans). */
#ifndef WEIR_ENGINE_DUCKDB_FUNCTIONS_DATE_INT_H
#define WEIR_ENGINE_DUCKDB_FUNCTIONS_DATE_INT_H

#include "base/time.h"
#include "engine/duckdb/functions_int.h"

#define DAY_US    BASE_TIME_DAY_US
#define SECOND_US BASE_TIME_SECOND_US
/* Where both a time and a datetime can stand, shorter text is a time (MySQL's str_to_time). */
#define DATETIME_MIN_LENGTH 12
#define TIME_MAX_US         ((G_GINT64_CONSTANT(838) * 3600 + 59 * 60 + 59) * SECOND_US)

typedef struct {
    int year, month, day, hour, minute, second, micros;
} Civil;

typedef struct {
    const char *p, *end;
} Text;

int function_month_days(int year, int month);
bool function_civil_valid(const Civil *c);
int64_t function_civil_us(const Civil *c);
Civil function_civil_of(int64_t us);
int64_t function_floor_div(int64_t a, int64_t b);
int function_weekday_of(int64_t days); /* Sunday is 0 */
/* At most so many digits; -1 = none. */
int function_read_number(Text *text, int max_digits, int *ret_digits);
void function_skip_space(Text *text);
int function_read_fraction(Text *text);
int function_two_digit_year(int year);
bool function_civil_from_text(const char *bytes, size_t len, Civil *c);
/* Mode bits as of MySQL's WEEK(). */
int function_week_of(int64_t days, unsigned mode, int *ret_year);
/* %H %h %i %s %f %p %r %T and the like; of a time as well as of a date. */
void function_append_clock(GString *out, char code, int64_t hour, const Civil *c);

bool function_date_format(const FunctionCell *args, FunctionResult *ret);
bool function_str_to_date(const FunctionCell *args, FunctionResult *ret);
bool function_time_us_text(const FunctionCell *args, FunctionResult *ret);
bool function_time_us_timestamp(const FunctionCell *args, FunctionResult *ret);
bool function_time_us_number(const FunctionCell *args, FunctionResult *ret);
bool function_time_us_interval(const FunctionCell *args, FunctionResult *ret);
bool function_time_text(const FunctionCell *args, FunctionResult *ret);
bool function_time_format(const FunctionCell *args, FunctionResult *ret);
bool function_point_text(const FunctionCell *args, FunctionResult *ret);
bool function_add_time_timestamp(const FunctionCell *args, FunctionResult *ret);
bool function_add_time_time(const FunctionCell *args, FunctionResult *ret);
bool function_add_time_text(const FunctionCell *args, FunctionResult *ret);
bool function_interval_of(const FunctionCell *args, FunctionResult *ret);

#endif
