/* SQL functions in C, one row at a time: what functions.c registers and functions_*.c implement.
 *
 * A row function gets its arguments as cells and fills one; false = NULL. Rows with a NULL argument never
 * reach it. Functions are pure, so the engine folds calls on constants. */
#ifndef WEIR_ENGINE_DUCKDB_FUNCTIONS_INT_H
#define WEIR_ENGINE_DUCKDB_FUNCTIONS_INT_H

#include "engine/duckdb/duckdb_int.h"

#define FUNCTION_MAX_ARGS 4

typedef struct {
    int64_t i64;       /* BIGINT, DATE in days, TIME and TIMESTAMP in us */
    double real;       /* DOUBLE */
    const char *bytes; /* VARCHAR, BLOB: borrowed */
    size_t len;
    duckdb_interval interval;
} FunctionCell;

typedef struct {
    FunctionCell cell;
    GString *text; /* VARCHAR results; empty when called */
} FunctionResult;

typedef bool (*FunctionRow)(const FunctionCell *args, FunctionResult *ret);

typedef struct {
    const char *name; /* rows of one name stand together: overloads */
    duckdb_type result;
    duckdb_type args[FUNCTION_MAX_ARGS]; /* ends at DUCKDB_TYPE_INVALID */
    FunctionRow row;
} FunctionInfo;

extern const FunctionInfo FUNCTIONS_DATE[];
extern const size_t FUNCTIONS_DATE_N;
extern const FunctionInfo FUNCTIONS_TEXT[];
extern const size_t FUNCTIONS_TEXT_N;
extern const FunctionInfo FUNCTIONS_PERIOD[];
extern const size_t FUNCTIONS_PERIOD_N;

/* functions_macros.c: statements that make the macros, NULL-terminated. */
extern const char *const FUNCTIONS_MACROS[];

#endif
