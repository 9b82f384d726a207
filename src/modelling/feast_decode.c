/* A registry's bytes, which come from anywhere: protobuf-c refuses what is cut off or of another wire type;
 * here are the limits of memory, and what it does not look at, UTF-8 and fields of later versions. */
#include "modelling/feast_int.h"

#include <string.h>

#include "base/text.h"

static void *take_bytes(void *user, size_t size)
{
    FeastRegistry *registry = user;
    if (size > registry->spare_bytes) {
        registry->full = true;
        return NULL;
    }
    registry->spare_bytes -= size;
    return g_try_malloc(MAX(size, 1));
}

static void give_back(void *user, void *pointer)
{
    (void)user; /* what is given back is not taken again: the limit is of all that was ever asked for */
    g_free(pointer);
}

/* ---- what the library does not look at --------------------------------------------------------------- */

static void note_unknown(FeastRegistry *registry, const ProtobufCMessage *message)
{
    const char *name = message->descriptor->name;
    for (unsigned i = 0; i < message->n_unknown_fields; i++) {
        json_t *numbers = json_object_get(registry->unknown, name);
        if (!numbers) {
            numbers = json_array();
            json_object_set_new(registry->unknown, name, numbers);
        }
        json_int_t number = message->unknown_fields[i].tag;
        bool known = false;
        for (size_t k = 0; !known && k < json_array_size(numbers); k++) {
            known = json_integer_value(json_array_get(numbers, k)) == number;
        }
        if (!known && json_array_size(numbers) < 100) {
            json_array_append_new(numbers, json_integer(number));
        }
    }
}

static bool check_message(FeastRegistry *registry, const ProtobufCMessage *message, GError **error);

static bool check_value(FeastRegistry *registry, const ProtobufCMessage *message,
                        const ProtobufCFieldDescriptor *field, const void *value, GError **error)
{
    if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
        return value == NULL || check_message(registry, value, error);
    }
    if (!value || base_text_utf8_valid(value, strlen(value))) {
        return true;
    }
    return base_fail(error, BASE_E_DEFINITIONS_INVALID, "`%s` of a %s is not UTF-8", field->name,
                     message->descriptor->name);
}

/* As deep as feast.proto: no message there is within itself. */
static bool check_message(FeastRegistry *registry, const ProtobufCMessage *message, GError **error)
{
    const char *base = (const char *)message;
    note_unknown(registry, message);
    for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
        if (field->type != PROTOBUF_C_TYPE_MESSAGE && field->type != PROTOBUF_C_TYPE_STRING) {
            continue;
        }
        const void *at = base + field->offset;
        bool many = field->label == PROTOBUF_C_LABEL_REPEATED;
        size_t n = 1;
        if (many) {
            memcpy(&n, base + field->quantifier_offset, sizeof n);
        }
        if (n > FEAST_MAX_ENTRIES) {
            return base_fail(error, BASE_E_VALUE_TOO_LARGE,
                             "a %s has %zu `%s`, more than %d (FEAST_MAX_ENTRIES)", message->descriptor->name,
                             n, field->name, FEAST_MAX_ENTRIES);
        }
        const void *const *values = many ? *(const void *const *const *)at : at;
        for (size_t k = 0; k < n; k++) {
            if (!check_value(registry, message, field, values[k], error)) {
                return false;
            }
        }
    }
    return true;
}

/* ---- the registry ----------------------------------------------------------------------------------------
 */

static bool fail_bytes(const FeastRegistry *registry, GError **error)
{
    return registry->full
               ? base_fail(error, BASE_E_VALUE_TOO_LARGE,
                           "it takes more than %zu bytes of memory (FEAST_MAX_MEMORY_BYTES)",
                           FEAST_MAX_MEMORY_BYTES)
               : base_fail(error, BASE_E_DEFINITIONS_INVALID, "it is no registry of Feast, or is cut off");
}

FeastRegistry *feast_registry_new(const void *bytes, size_t len, GError **error)
{
    g_autoptr(FeastRegistry) registry = g_new0(FeastRegistry, 1);
    registry->spare_bytes = FEAST_MAX_MEMORY_BYTES;
    registry->allocator = (ProtobufCAllocator){take_bytes, give_back, registry};
    registry->unknown = json_object();
    registry->message = feast__registry__unpack(&registry->allocator, len, bytes);
    if (!registry->message) {
        fail_bytes(registry, error);
        return NULL;
    }
    if (!*registry->message->schema_version) { /* Feast always writes it; few other bytes would have it */
        base_fail(error, BASE_E_DEFINITIONS_INVALID,
                  len ? "it is no registry of Feast: it names no version of its schema"
                      : "it is empty: nothing was applied yet");
        return NULL;
    }
    return check_message(registry, &registry->message->base, error) ? g_steal_pointer(&registry) : NULL;
}

void feast_registry_free(FeastRegistry *registry)
{
    if (registry) {
        feast__registry__free_unpacked(registry->message, &registry->allocator);
        json_decref(registry->unknown);
        g_free(registry);
    }
}
