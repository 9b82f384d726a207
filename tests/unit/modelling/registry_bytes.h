/* Registries of Feast written byte by byte: the wire format of Protocol Buffers (protobuf.dev, "Encoding"),
 * not the library that reads them. */
#ifndef WEIR_TEST_REGISTRY_BYTES_H
#define WEIR_TEST_REGISTRY_BYTES_H

#include <glib.h>
#include <string.h>

enum { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_BYTES = 2, WIRE_FIXED32 = 5 };

static inline void put_varint(GString *out, guint64 value)
{
    for (; value >= 0x80; value >>= 7) {
        g_string_append_c(out, (char)(value | 0x80));
    }
    g_string_append_c(out, (char)value);
}

static inline void put_tag(GString *out, unsigned field, unsigned wire)
{
    put_varint(out, ((guint64)field << 3) | wire);
}

static inline void put_int(GString *out, unsigned field, guint64 value)
{
    put_tag(out, field, WIRE_VARINT);
    put_varint(out, value);
}

static inline void put_text(GString *out, unsigned field, const char *text)
{
    put_tag(out, field, WIRE_BYTES);
    put_varint(out, strlen(text));
    g_string_append(out, text);
}

/* Takes `inner`. */
static inline void put_message(GString *out, unsigned field, GString *inner)
{
    put_tag(out, field, WIRE_BYTES);
    put_varint(out, inner->len);
    g_string_append_len(out, inner->str, (gssize)inner->len);
    g_string_free(inner, TRUE);
}

/* A message with one field of text, or a name and a type. */
static inline GString *field_of(const char *name, guint64 type)
{
    GString *out = g_string_new(NULL);
    put_text(out, 1, name);
    put_int(out, 2, type);
    return out;
}

static inline void put_spec(GString *registry, unsigned list, GString *spec)
{
    GString *out = g_string_new(NULL);
    put_message(out, 1, spec);
    put_message(registry, list, out);
}

static inline GString *entity_of(const char *name, const char *key, guint64 type)
{
    GString *spec = g_string_new(NULL);
    put_text(spec, 1, name);
    put_int(spec, 2, type);
    put_text(spec, 4, key);
    put_text(spec, 9, "rides");
    return spec;
}

static inline GString *source_of(const char *name, const char *uri)
{
    GString *file = g_string_new(NULL), *source = g_string_new(NULL);
    put_text(file, 2, uri);
    put_int(source, 1, 1);
    put_text(source, 3, "seen");
    put_message(source, 11, file);
    put_text(source, 20, name);
    return source;
}

/* A view without its features: the caller adds fields 4. `ttl_s` < 0 = none. */
static inline GString *view_of(const char *name, const char *entity, gint64 ttl_s)
{
    GString *spec = g_string_new(NULL);
    put_text(spec, 1, name);
    put_text(spec, 2, "rides");
    put_text(spec, 3, entity);
    if (ttl_s >= 0) {
        GString *ttl = g_string_new(NULL);
        put_int(ttl, 1, (guint64)ttl_s);
        put_message(spec, 6, ttl);
    }
    put_message(spec, 7, source_of("stats", "data/stats.parquet"));
    put_int(spec, 8, 1);
    return spec;
}

static inline GString *registry_start(void)
{
    GString *out = g_string_new(NULL);
    put_text(out, 3, "1");
    return out;
}

/* One entity, one view of two features, one service. */
static inline GString *registry_of_rides(void)
{
    GString *out = registry_start(), *view = view_of("stats", "driver", 90 * 60);
    put_message(view, 4, field_of("rate", 5));
    put_message(view, 4, field_of("trips", 3));
    put_spec(out, 1, entity_of("driver", "driver_id", 4));
    put_spec(out, 6, view);
    GString *service = g_string_new(NULL), *projection = g_string_new(NULL);
    put_text(projection, 1, "stats");
    put_message(projection, 2, field_of("rate", 5));
    put_text(service, 1, "ranker");
    put_text(service, 2, "rides");
    put_message(service, 3, projection);
    put_spec(out, 7, service);
    return out;
}

#endif
