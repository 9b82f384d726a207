/* Any bytes as what an online store keeps: the first byte chooses the decoder (packed row, feast.types.Value,
 * Timestamp, key of today, of its version 2, of 0.9), the second a type. Nothing but values or a refusal;
 * what was decoded, encoded and decoded again is the same. */
#include "features/redis_int.h"
#include "fuzz.h"

static const FeaturesType TYPES[] = {
    FEATURES_BYTES,       FEATURES_STRING,      FEATURES_INT32,      FEATURES_INT64,
    FEATURES_DOUBLE,      FEATURES_FLOAT,       FEATURES_BOOL,       FEATURES_TIMESTAMP,
    FEATURES_BYTES_LIST,  FEATURES_STRING_LIST, FEATURES_INT32_LIST, FEATURES_INT64_LIST,
    FEATURES_DOUBLE_LIST, FEATURES_FLOAT_LIST,  FEATURES_BOOL_LIST,  FEATURES_TIMESTAMP_LIST,
};
enum { N = G_N_ELEMENTS(TYPES) };

/* One feature of each type. */
static FeaturesView *view_of_all(void)
{
    static FeaturesView view;
    static FeaturesFeature features[N];
    static char name[] = "f", project[] = "p";
    for (size_t i = 0; i < N; i++) {
        features[i] = (FeaturesFeature){.name = name, .type = TYPES[i]};
    }
    view = (FeaturesView){
        .project = project, .name = name, .stored = name, .n_features = N, .features = features};
    return &view;
}

static void must_be_equal(const FeaturesValue *a, const FeaturesValue *b)
{
    if (!features_value_equal(a, b)) {
        g_error("a value is another one after it was written and read");
    }
}

static void fuzz_row(const uint8_t *data, size_t size, FeaturesArena *arena)
{
    g_auto(FeaturesRowShape) shape = {0};
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    size_t all[N];
    FeaturesRead read, again;
    for (size_t i = 0; i < N; i++) {
        all[i] = i;
    }
    if (!features_int_shape_init(&shape, view_of_all(), NULL) ||
        !features_int_row_decode(&shape, data, size, all, N, arena, &read, NULL) || read.other_type) {
        return;
    }
    const FeaturesRow row = {NULL, read.event_us, read.created_us, read.values};
    if (!features_int_row_encode(&shape, &row, bytes, NULL) ||
        !features_int_row_decode(&shape, bytes->data, bytes->len, all, N, arena, &again, NULL)) {
        g_error("a row that was read cannot be written and read");
    }
    for (size_t i = 0; i < N; i++) {
        must_be_equal(&read.values[i], &again.values[i]);
    }
}

static void fuzz_value(const uint8_t *data, size_t size, FeaturesType type, FeaturesArena *arena)
{
    FeaturesValue value, again;
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    g_autoptr(GString) text = g_string_new(NULL);
    if (features_int_proto_read(data, size, type, arena, &value) != FEATURES_PROTO_VALUE) {
        return;
    }
    features_value_append_json(&value, text);
    features_value_append_sql(&value, text);
    features_int_proto_value(&value, bytes);
    if (features_int_proto_read(bytes->data ? bytes->data : data, bytes->len, type, arena, &again) !=
        FEATURES_PROTO_VALUE) {
        g_error("a value that was read cannot be written and read");
    }
    must_be_equal(&value, &again);
}

static void fuzz_key(const uint8_t *data, size_t size, FeaturesLayout layout)
{
    FeaturesRedisKey key;
    if (!features_int_redis_key_read(layout, data, size, &key)) {
        return;
    }
    const char *end = (const char *)data + size;
    for (size_t i = 0; i < key.n; i++) {
        if (key.parts[i].name < (const char *)data || key.parts[i].name + key.parts[i].len > end) {
            g_error("a name lies outside of its key");
        }
    }
    if (key.project < (const char *)data || key.project + key.project_len > end) {
        g_error("a project lies outside of its key");
    }
    (void)features_int_redis_key_is(&key, "p", view_of_all());
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    gint64 us;
    if (size < 2) {
        return 0;
    }
    g_autoptr(FeaturesArena) arena = features_arena_new();
    FeaturesType type = TYPES[data[1] % N];
    switch (data[0] % 6) {
    case 0:
        fuzz_row(data + 2, size - 2, arena);
        break;
    case 1:
        fuzz_value(data + 2, size - 2, type, arena);
        break;
    case 2:
        (void)features_int_proto_read_time(data + 2, size - 2, &us);
        break;
    case 3:
        fuzz_key(data + 2, size - 2, FEATURES_LAYOUT_FEAST);
        break;
    case 4:
        fuzz_key(data + 2, size - 2, FEATURES_LAYOUT_FEAST09);
        break;
    default:
        fuzz_key(data + 2, size - 2, FEATURES_LAYOUT_FEAST2);
        break;
    }
    return 0;
}
