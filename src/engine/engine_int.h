/* Private to the engine module: how a column's type is described to code that does not know DuckDB. */
#ifndef WEIR_ENGINE_INT_H
#define WEIR_ENGINE_INT_H

#include "engine/engine.h"

/* The C form in which values of a column lie in memory. It follows from the type except for DECIMAL
 * and ENUM, whose width depends on precision and dictionary, and for ENGINE_OTHER. */
typedef enum {
    ENGINE_FORM_NONE,
    ENGINE_FORM_BOOL,
    ENGINE_FORM_I8,
    ENGINE_FORM_I16,
    ENGINE_FORM_I32,
    ENGINE_FORM_I64,
    ENGINE_FORM_I128,
    ENGINE_FORM_U8,
    ENGINE_FORM_U16,
    ENGINE_FORM_U32,
    ENGINE_FORM_U64,
    ENGINE_FORM_U128,
    ENGINE_FORM_FLOAT,
    ENGINE_FORM_DOUBLE,
    ENGINE_FORM_STRING,       /* the engine's 16-byte string */
    ENGINE_FORM_INTERVAL,     /* EngineInterval */
    ENGINE_FORM_LIST,         /* EngineListEntry into child 0 */
    ENGINE_FORM_FIELDS,       /* nothing of its own; children at the same row */
    ENGINE_FORM_ARRAY,        /* child 0 at row * array_size */
    ENGINE_FORM_TIMESTAMP_S,  /* int64 seconds */
    ENGINE_FORM_TIMESTAMP_MS, /* int64 milliseconds */
    ENGINE_FORM_TIMESTAMP_NS, /* int64 nanoseconds */
    ENGINE_FORM_TIME_NS,      /* int64 nanoseconds since midnight */
    ENGINE_FORM_TIME_TZ,      /* 40 bits of microseconds, 24 bits of offset */
    ENGINE_FORM_BIGNUM,       /* string with 3 bytes of header and big-endian magnitude */
} EngineForm;

typedef struct {
    int32_t months, days;
    int64_t micros;
} EngineInterval;

typedef struct {
    uint64_t offset, length;
} EngineListEntry;

/* The session's time zone, for TIMESTAMP_TZ as text; `zone` NULL is UTC. One thread at a time. */
typedef struct {
    GTimeZone *zone;
    bool known; /* `offset` is that of `quarter` */
    int64_t quarter;
    int32_t offset;
} EngineZone;

/* A type with all that a value of it needs to be shown. Immutable once built; owned by the result. */
typedef struct EngineLogical EngineLogical;
struct EngineLogical {
    EngineType type;
    EngineForm form;
    char *text;        /* "DECIMAL(18,2)[]" */
    size_t n_children; /* LIST, ARRAY: 1; MAP: key, value; STRUCT: fields; UNION: tag, members */
    EngineLogical **children;
    char **names; /* STRUCT fields (NULL when unnamed), UNION members from index 1 */
    char **words; /* ENUM dictionary */
    size_t *word_lengths;
    size_t n_words;
    uint64_t array_size;
    EngineZone *zone; /* of the result; borrowed, NULL = UTC */
};

/* The column of child `i` of a nested column; rows are counted in the child's own space. */
EngineColumn engine_int_child(const EngineColumn *column, size_t i);

/* Shortest decimal that reads back as the same number: `digits` * 10^`exponent` (engine/real.c). The value is
 * finite and not zero; its sign is ignored. */
typedef struct {
    uint64_t digits;
    int exponent;
} EngineDecimal;
EngineDecimal engine_int_shortest_double(double value);
EngineDecimal engine_int_shortest_float(float value);

#endif
