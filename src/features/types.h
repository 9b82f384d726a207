/* Values of features and of join keys, and their types. The numbers of the types are those of Feast's
 * ValueType (feast.types.ValueType.Enum), because they stand in keys of its Redis layout.
 *
 * A FeaturesValue borrows its bytes and items from whoever gave it. Times are us since 1970 UTC. */
#ifndef WEIR_FEATURES_TYPES_H
#define WEIR_FEATURES_TYPES_H

#include "engine/engine.h"

typedef enum {
    FEATURES_INVALID = 0,
    FEATURES_BYTES = 1,
    FEATURES_STRING = 2,
    FEATURES_INT32 = 3,
    FEATURES_INT64 = 4,
    FEATURES_DOUBLE = 5,
    FEATURES_FLOAT = 6,
    FEATURES_BOOL = 7,
    FEATURES_TIMESTAMP = 8, /* UNIX_TIMESTAMP */
    FEATURES_BYTES_LIST = 11,
    FEATURES_STRING_LIST = 12,
    FEATURES_INT32_LIST = 13,
    FEATURES_INT64_LIST = 14,
    FEATURES_DOUBLE_LIST = 15,
    FEATURES_FLOAT_LIST = 16,
    FEATURES_BOOL_LIST = 17,
    FEATURES_TIMESTAMP_LIST = 18
} FeaturesType;

static inline bool features_type_is_list(FeaturesType type)
{
    return type > FEATURES_TIMESTAMP;
}
static inline FeaturesType features_type_item(FeaturesType type)
{
    return features_type_is_list(type) ? (FeaturesType)(type - 10) : type;
}

/* The YAML word ("int64", "string", "array(float)"); "" for INVALID. */
const char *features_type_name(FeaturesType type);
/* From the YAML word, also Feast's spellings (Int64, Float32, UnixTimestamp, Array(Int64)) and its ValueType
 * names (INT64, UNIX_TIMESTAMP); INVALID when it is none. */
FeaturesType features_type_by_name(const char *text);
/* The engine's type that holds it: "BIGINT", "VARCHAR[]", "TIMESTAMPTZ". */
const char *features_type_sql(FeaturesType type);
/* The type that a column of the engine's spelling ("BIGINT", "DECIMAL(18,2)", "FLOAT[]") is stored as when
 * nothing is declared; INVALID when it has none. */
FeaturesType features_type_of_sql(const char *sql_type);
/* Whether values of a column of the engine's spelling fit `type` without loss (INTEGER into int64, FLOAT into
 * double; not BIGINT into int32, not DOUBLE into float). HUGEINT and unsigned 64 bits are taken for int64, as
 * sums are of that type: a value that does not fit is an error of its own. DECIMAL is taken for double. */
bool features_type_takes(FeaturesType type, const char *sql_type);

typedef struct FeaturesValue FeaturesValue;
struct FeaturesValue {
    FeaturesType type;
    bool null;
    union {
        bool boolean;
        gint64 i64; /* INT32, INT64, TIMESTAMP in us */
        double real;
        float real32; /* FLOAT */
        struct {
            const char *bytes; /* STRING: UTF-8; not terminated */
            size_t len;
        } text;
        struct {
            const FeaturesValue *items; /* of the item's type; none is null */
            size_t n;
        } list;
    };
};

/* Same type, both null or bit-equal (so NaN equals NaN); lists by item. */
bool features_value_equal(const FeaturesValue *a, const FeaturesValue *b);

/* Memory that values read from a store, or made from text, live in; emptied whole. One thread. */
typedef struct FeaturesArena FeaturesArena;
FeaturesArena *features_arena_new(void);
void features_arena_reset(FeaturesArena *arena); /* keeps its memory for the next use */
void features_arena_free(FeaturesArena *arena);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FeaturesArena, features_arena_free)
void *features_arena_take(FeaturesArena *arena, size_t bytes); /* aligned to 16; not cleared */

/* Row `row` of an engine column as a value of `type`. Scalars are read in place; text is borrowed from the
 * chunk; lists live in `arena`. TYPE_MISMATCH names found and expected type; VALUE_OUT_OF_RANGE a number that
 * does not fit. */
bool features_value_of_column(const EngineColumn *column, size_t row, FeaturesType type, FeaturesArena *arena,
                              FeaturesValue *ret, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* From a JSON value of a request, strictly: a text is no number, 1.5 no int64, and what does not fit its type
 * is VALUE_OUT_OF_RANGE. bytes are base64; times RFC 3339 text (naive = UTC) or a number of seconds. */
bool features_value_of_json(const json_t *json, FeaturesType type, FeaturesArena *arena, FeaturesValue *ret,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Appends it as JSON as Feast's server does: null, numbers, text, bytes as base64, times as RFC 3339 "Z" with
 * 0, 3 or 6 digits. NaN and infinities, which JSON has not, are the texts "NaN", "Infinity", "-Infinity". */
void features_value_append_json(const FeaturesValue *value, GString *out);
/* As a literal of the engine with a cast ("'a'::VARCHAR", "1::BIGINT"). */
void features_value_append_sql(const FeaturesValue *value, GString *out);

#endif
