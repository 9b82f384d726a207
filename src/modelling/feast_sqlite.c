/* A registry of type `sql` in SQLite: a table for each kind of object, one message in each row. Put together
 * as Feast's file has them, they are read the same way. Tables: sdk/python/feast/infra/registry/sql.py of
 * Feast. */
#include <sqlite3.h>
#include <string.h>

#include "modelling/feast_int.h"

#define SCHEMA_VERSION_FIELD 3
#define SPEC_FIELD           1
#define WIRE_BYTES           2

static const struct {
    const char *table, *column;
    unsigned field; /* of feast.Registry */
    unsigned
        project; /* in the spec, or in the message itself where it has none: who writes rows may leave it */
    bool in_spec;
} TABLES[] = {
    {"entities", "entity_proto", 1, 9, true},
    {"feature_views", "feature_view_proto", 6, 2, true},
    {"feature_services", "feature_service_proto", 7, 2, true},
    {"on_demand_feature_views", "feature_view_proto", 8, 2, true},
    {"saved_datasets", "saved_dataset_proto", 11, 0, false},
    {"data_sources", "data_source_proto", 12, 21, false},
    {"validation_references", "validation_reference_proto", 13, 0, false},
    {"stream_feature_views", "feature_view_proto", 14, 2, true},
    {"permissions", "permission_proto", 16, 0, false},
    {"projects", "project_proto", 17, 0, false},
    {"feature_view_version_history", "feature_view_proto", 18, 0, false}, /* whether there is any */
    {"label_views", "feature_view_proto", 19, 0, false},
};

static void put_varint(GByteArray *out, guint64 value)
{
    for (; value >= 0x80; value >>= 7) {
        guint8 byte = (guint8)(value & 0x7f) | 0x80;
        g_byte_array_append(out, &byte, 1);
    }
    guint8 last = (guint8)value;
    g_byte_array_append(out, &last, 1);
}

static void put_bytes(GByteArray *out, unsigned field, const void *bytes, size_t len)
{
    put_varint(out, (guint64)field << 3 | WIRE_BYTES);
    put_varint(out, len);
    if (len > 0) {
        g_byte_array_append(out, bytes, (guint)len);
    }
}

static bool fail_sql(sqlite3 *db, GError **error)
{
    return base_fail(error, BASE_E_DEFINITIONS_INVALID, "it cannot be read as a registry of type `sql`: %s",
                     sqlite3_errmsg(db));
}

/* The length of what follows, and how many bytes say it; 0 = they do not. */
static size_t get_varint(const guint8 *bytes, size_t len, guint64 *ret)
{
    guint64 value = 0;
    for (size_t i = 0; i < MIN(len, 9); i++) {
        value |= (guint64)(bytes[i] & 0x7f) << (7 * i);
        if (bytes[i] < 0x80) {
            *ret = value;
            return i + 1;
        }
    }
    return 0;
}

/* The message of a row, its project set behind what it says of itself: the last value of a field counts
 * (protobuf.dev, "Encoding", Last One Wins). A message that does not begin with its spec is taken as it is.
 */
static void put_named(GByteArray *out, size_t i, const guint8 *message, size_t len, const char *project)
{
    g_autoptr(GByteArray) part = g_byte_array_new();
    guint64 spec_len = 0;
    if (TABLES[i].project) {
        put_bytes(part, TABLES[i].project, project, strlen(project));
    }
    bool spec = TABLES[i].in_spec && len > 0 && message[0] == (SPEC_FIELD << 3 | WIRE_BYTES);
    size_t n = spec ? 1 + get_varint(message + 1, len - 1, &spec_len) : 0;
    if (n > 1 && spec_len <= len - n) {
        put_varint(out, SPEC_FIELD << 3 | WIRE_BYTES);
        put_varint(out, spec_len + part->len);
        g_byte_array_append(out, message + n, (guint)spec_len);
        g_byte_array_append(out, part->data, part->len);
        g_byte_array_append(out, message + n + spec_len, (guint)(len - n - spec_len));
    } else if (len > 0) {
        g_byte_array_append(out, message, (guint)len);
        g_byte_array_append(out, part->data, TABLES[i].in_spec ? 0 : part->len);
    }
}

static bool put_rows(GByteArray *out, sqlite3_stmt *stmt, size_t i, GError **error)
{
    int code;
    while ((code = sqlite3_step(stmt)) == SQLITE_ROW) {
        g_autoptr(GByteArray) one = g_byte_array_new();
        const char *project = (const char *)sqlite3_column_text(stmt, 1);
        const void *message = sqlite3_column_blob(stmt, 0);
        put_named(one, i, message, (size_t)sqlite3_column_bytes(stmt, 0), project ? project : "");
        if (out->len + one->len > FEAST_MAX_REGISTRY_BYTES) {
            return base_fail(error, BASE_E_VALUE_TOO_LARGE,
                             "it holds more than %zu bytes (FEAST_MAX_REGISTRY_BYTES)",
                             FEAST_MAX_REGISTRY_BYTES);
        }
        put_bytes(out, TABLES[i].field, one->data, one->len);
    }
    return code == SQLITE_DONE || fail_sql(sqlite3_db_handle(stmt), error);
}

/* A table that is not there holds nothing: Feast of before did not make it. *ret_n counts those that are. */
static bool put_table(GByteArray *out, sqlite3 *db, size_t i, unsigned *ret_n, GError **error)
{
    int there = sqlite3_table_column_metadata(db, NULL, TABLES[i].table, TABLES[i].column, NULL, NULL, NULL,
                                              NULL, NULL);
    if (there != SQLITE_OK) {
        return there == SQLITE_ERROR || fail_sql(db, error); /* ERROR: no such table or column */
    }
    g_autofree char *sql =
        g_strdup_printf("SELECT %s, project_id FROM %s ORDER BY rowid", TABLES[i].column, TABLES[i].table);
    sqlite3_stmt *stmt = NULL;
    if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK) {
        return fail_sql(db, error);
    }
    bool ok = put_rows(out, stmt, i, error);
    sqlite3_finalize(stmt);
    *ret_n += 1;
    return ok;
}

static bool put_tables(GByteArray *out, sqlite3 *db, GError **error)
{
    unsigned n = 0;
    for (size_t i = 0; i < G_N_ELEMENTS(TABLES); i++) {
        if (!put_table(out, db, i, &n, error)) {
            return false;
        }
    }
    return n > 0 || base_fail(error, BASE_E_DEFINITIONS_INVALID,
                              "it is a database without the tables of a registry of Feast");
}

bool feast_is_sqlite(const char *bytes, size_t len)
{
    static const char START[] = "SQLite format 3"; /* with its NUL: https://sqlite.org/fileformat.html */
    return len >= sizeof START && memcmp(bytes, START, sizeof START) == 0;
}

GByteArray *feast_sqlite_read(const char *path, GError **error)
{
    sqlite3 *db = NULL;
    g_autoptr(GByteArray) out = g_byte_array_new();
    put_bytes(out, SCHEMA_VERSION_FIELD, "1", 1);
    bool ok = sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK ? put_tables(out, db, error)
                                                                                  : fail_sql(db, error);
    sqlite3_close(db);
    return ok ? g_steal_pointer(&out) : NULL;
}
