/* Registries of Feast: what they become, and bytes that are none. */
#include <sqlite3.h>

#include "base/fs.h"
#include "modelling/feast_int.h"
#include "registry_bytes.h"

static FeastRegistry *read_all(const GString *bytes, GError **error)
{
    return feast_registry_new(bytes->str, bytes->len, error);
}

/* Takes `bytes`. */
static void assert_refused(GString *bytes, BaseErrorCode code, const char *why)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(read_all(bytes, &error));
    g_assert_cmpint(base_error_info(error)->code, ==, code);
    g_assert_nonnull(strstr(error->message, why));
    g_string_free(bytes, TRUE);
}

/* ---- bytes ------------------------------------------------------------------------------------------- */

static void test_a_registry_is_read(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GString) bytes = registry_of_rides();
    g_autoptr(FeastRegistry) registry = read_all(bytes, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(registry->message->n_views, ==, 1);
    const Feast__ViewSpec *spec = registry->message->views[0]->spec;
    g_assert_cmpstr(spec->name, ==, "stats");
    g_assert_cmpint(spec->ttl->seconds, ==, 5400);
    g_assert_cmpstr(spec->features[1]->name, ==, "trips");
    g_assert_cmpstr(spec->batch_source->file_options->uri, ==, "data/stats.parquet");
    g_assert_cmpuint(json_object_size(registry->unknown), ==, 0);
}

/* Wherever it is cut off: a registry of less, or an error; never anything else. */
static void test_every_beginning_is_an_error_or_less(void)
{
    g_autoptr(GString) whole = registry_of_rides();
    size_t n_read = 0;
    for (size_t len = 0; len < whole->len; len++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *bytes = g_memdup2(whole->str, MAX(len, 1)); /* so that a read past the end is seen */
        g_autoptr(FeastRegistry) registry = feast_registry_new(bytes, len, &error);
        g_assert_true((registry == NULL) == (error != NULL));
        n_read += registry != NULL;
    }
    g_assert_cmpuint(n_read, ==, 3); /* where one of its lists ends */
}

static void test_wrong_wire_types_are_refused(void)
{
    GString *bytes = registry_start();
    put_int(bytes, 6, 1); /* a view as a number */
    assert_refused(bytes, BASE_E_DEFINITIONS_INVALID, "no registry");
    bytes = registry_start();
    GString *view = g_string_new(NULL);
    put_int(view, 1, 7); /* its name as a number */
    put_spec(bytes, 6, view);
    assert_refused(bytes, BASE_E_DEFINITIONS_INVALID, "no registry");
    bytes = registry_start();
    put_tag(bytes, 1, 3); /* a group, which proto3 has not */
    assert_refused(bytes, BASE_E_DEFINITIONS_INVALID, "no registry");
}

static void test_huge_lengths_are_refused(void)
{
    static const guint64 LENGTHS[] = {100, G_MAXINT32, G_MAXUINT32, G_MAXINT64, G_MAXUINT64};
    for (size_t i = 0; i < G_N_ELEMENTS(LENGTHS); i++) {
        GString *bytes = registry_start();
        put_tag(bytes, 6, WIRE_BYTES);
        put_varint(bytes, LENGTHS[i]);
        assert_refused(bytes, BASE_E_DEFINITIONS_INVALID, "no registry");
    }
}

static void test_too_many_entries_and_too_much_memory_are_refused(void)
{
    GString *bytes = registry_start();
    for (size_t i = 0; i <= FEAST_MAX_ENTRIES; i++) {
        put_message(bytes, 6, g_string_new(NULL));
    }
    assert_refused(bytes, BASE_E_VALUE_TOO_LARGE, "FEAST_MAX_ENTRIES");
    bytes = registry_start();
    for (size_t i = 0; i < FEAST_MAX_REGISTRY_BYTES / 4; i++) { /* 2 bytes of the file each */
        g_string_append_len(bytes, "\x62\x00", 2);
    }
    assert_refused(bytes, BASE_E_VALUE_TOO_LARGE, "FEAST_MAX_MEMORY_BYTES");
}

static void test_text_that_is_not_utf8_is_refused(void)
{
    GString *bytes = registry_start();
    put_spec(bytes, 1, entity_of("driv\xff\xfer", "id", 4));
    assert_refused(bytes, BASE_E_DEFINITIONS_INVALID, "`name` of a feast.EntitySpec is not UTF-8");
}

static void test_fields_of_later_versions_are_told(void)
{
    g_autoptr(GString) bytes = registry_start();
    GString *entity = entity_of("driver", "driver_id", 4);
    put_text(entity, 77, "new");
    put_text(entity, 77, "new");
    put_int(entity, 1000, 1);
    put_spec(bytes, 1, entity);
    g_autoptr(FeastRegistry) registry = read_all(bytes, NULL);
    g_assert_nonnull(registry);
    g_autofree char *unknown = base_json_text(registry->unknown);
    g_assert_cmpstr(unknown, ==, "{\"feast.EntitySpec\":[77,1000]}");
}

/* Statements into a database of its own; its path. Caller frees. */
static char *database_of(const char *folder, const char *sql)
{
    sqlite3 *db = NULL;
    char *path = g_build_filename(folder, "sql.db", NULL);
    g_assert_cmpint(sqlite3_open(path, &db), ==, SQLITE_OK);
    g_assert_cmpint(sqlite3_exec(db, sql, NULL, NULL, NULL), ==, SQLITE_OK);
    sqlite3_close(db);
    return path;
}

/* Feast writes rows whose messages name no project. */
static void test_a_database_is_read_with_the_projects_of_its_rows(void)
{
    g_autofree char *folder = g_dir_make_tmp("weir-feast-XXXXXX", NULL);
    g_autoptr(GString) entity = g_string_new(NULL), sql = g_string_new(NULL);
    GString *spec = g_string_new(NULL);
    put_text(spec, 1, "driver");
    put_int(spec, 2, 4);
    put_message(entity, 1, spec);
    g_string_append(sql, "CREATE TABLE entities (entity_name, project_id, entity_proto);"
                         "INSERT INTO entities VALUES ('driver', 'rides', x'");
    for (size_t i = 0; i < entity->len; i++) {
        g_string_append_printf(sql, "%02x", (unsigned char)entity->str[i]);
    }
    g_string_append(sql, "')");
    g_autofree char *path = database_of(folder, sql->str);
    g_autoptr(GByteArray) bytes = feast_sqlite_read(path, NULL);
    g_assert_nonnull(bytes);
    g_autoptr(FeastRegistry) registry = feast_registry_new(bytes->data, bytes->len, NULL);
    g_assert_nonnull(registry);
    g_assert_cmpuint(registry->message->n_entities, ==, 1);
    g_assert_cmpstr(registry->message->entities[0]->spec->name, ==, "driver");
    g_assert_cmpint(registry->message->entities[0]->spec->value_type, ==, 4);
    g_assert_cmpstr(registry->message->entities[0]->spec->project, ==, "rides");
    g_assert_true(base_fs_remove_tree(folder, NULL));
}

static void test_databases_of_others_are_refused(void)
{
    g_autofree char *folder = g_dir_make_tmp("weir-feast-XXXXXX", NULL);
    g_autoptr(GError) other = NULL, broken = NULL;
    g_autofree char *path = database_of(folder, "CREATE TABLE entities (id, name)");
    g_assert_null(feast_sqlite_read(path, &other));
    g_assert_nonnull(strstr(other->message, "without the tables"));
    g_assert_true(base_fs_write(path, "SQLite format 3", 16, 0600, NULL));
    g_assert_null(feast_sqlite_read(path, &broken));
    g_assert_cmpint(base_error_info(broken)->code, ==, BASE_E_DEFINITIONS_INVALID);
    g_assert_true(base_fs_remove_tree(folder, NULL));
}

/* ---- what they become -------------------------------------------------------------------------------- */

typedef struct {
    char *folder, *out;
    json_t *answer;
} Taken;

/* Takes `bytes`. */
static Taken take(GString *bytes)
{
    g_autoptr(GError) error = NULL;
    Taken taken = {.folder = g_dir_make_tmp("weir-feast-XXXXXX", NULL)};
    taken.out = g_build_filename(taken.folder, "out", NULL);
    g_autofree char *path = g_build_filename(taken.folder, "registry.db", NULL);
    g_assert_true(base_fs_write(path, bytes->str, bytes->len, 0600, &error));
    bool ok = modelling_import_feast(path, taken.out, &taken.answer, &error);
    g_assert_no_error(error);
    g_assert_true(ok);
    g_string_free(bytes, TRUE);
    return taken;
}

static void taken_clear(Taken *taken)
{
    g_assert_true(base_fs_remove_tree(taken->folder, NULL));
    g_free(taken->folder);
    g_free(taken->out);
    json_decref(taken->answer);
}

static void assert_text(const Taken *taken, const char *file, const char *expected)
{
    g_autofree char *path = g_build_filename(taken->out, file, NULL), *text = NULL;
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    g_assert_cmpstr(text, ==, expected);
}

/* The reason given for an object in "left" or "changed". */
static const char *reason(const Taken *taken, const char *list, const char *object)
{
    size_t i;
    json_t *entry;
    json_array_foreach (json_object_get(taken->answer, list), i, entry) {
        if (g_str_equal(base_json_string(entry, "object", ""), object)) {
            return base_json_string(entry, "reason", "");
        }
    }
    return "";
}

static void test_a_view_keeps_its_names_types_and_ttl(void)
{
    Taken taken = take(registry_of_rides());
    assert_text(&taken, "domains/rides/entities/driver.yml",
                "entities:\n  - name: \"driver\"\n    key: \"driver_id\"\n    type: \"int64\"\n");
    assert_text(
        &taken, "domains/rides/views/stats.yml",
        "feature_views:\n  - name: \"stats\"\n    entities: [\"driver\"]\n    source: \"ods_stats\"\n"
        "    time: \"seen\"\n    ttl: \"90m\"\n    online: true\n    features:\n"
        "      - {\"name\":\"rate\",\"type\":\"double\"}\n      - {\"name\":\"trips\",\"type\":\"int32\"}\n");
    assert_text(&taken, "domains/rides/services/ranker.yml",
                "feature_services:\n  - name: \"ranker\"\n    features: [\"stats:rate\"]\n");
    g_assert_nonnull(strstr(reason(&taken, "changed", "ods_stats"), "data/stats.parquet"));
    g_assert_cmpuint(json_array_size(json_object_get(taken.answer, "left")), ==, 0);
    taken_clear(&taken);
}

static void test_what_weir_has_not_stays_behind(void)
{
    GString *bytes = registry_start(), *types = view_of("types", "driver", -1);
    put_spec(bytes, 1, entity_of("driver", "driver_id", 4));
    put_spec(bytes, 1, entity_of("Rider", "rider_id", 4));
    put_spec(bytes, 1, entity_of("odd", "odd_id", 6));
    put_spec(bytes, 1, entity_of("../../evil", "id", 4));
    put_message(types, 4, field_of("rate", 5));
    put_message(types, 4, field_of("doc", 32));
    put_message(types, 4, field_of("later", 4000000000));
    put_spec(bytes, 6, types);
    GString *negative = view_of("negative", "driver", G_MAXINT64);
    put_message(negative, 4, field_of("rate", 5));
    put_spec(bytes, 6, negative);
    GString *other = view_of("other", "driver", 1), *twice = view_of("types", "driver", 1);
    put_message(other, 4, field_of("rate", 2)); /* a string here, a double above */
    put_message(twice, 4, field_of("rate", 5));
    put_spec(bytes, 6, other);
    put_spec(bytes, 6, twice);
    put_spec(bytes, 6, view_of("lost", "nobody", 1));
    put_spec(bytes, 6, view_of("bare", "driver", 1));
    Taken taken = take(bytes);
    g_assert_nonnull(strstr(reason(&taken, "left", "Rider"), "no name"));
    g_assert_nonnull(strstr(reason(&taken, "left", "odd"), "cannot be `float`")); /* as a key */
    g_assert_nonnull(strstr(reason(&taken, "left", "../../evil"), "no name"));
    g_assert_nonnull(strstr(reason(&taken, "left", "types:doc"), "JSON"));
    g_assert_nonnull(strstr(reason(&taken, "left", "types:later"), "none of Weir's"));
    g_assert_nonnull(strstr(reason(&taken, "left", "negative"), "ttl"));
    g_assert_nonnull(strstr(reason(&taken, "left", "other"), "another type"));
    g_assert_nonnull(strstr(reason(&taken, "left", "types"), "another object"));
    g_assert_nonnull(strstr(reason(&taken, "left", "lost"), "`nobody`"));
    g_assert_nonnull(strstr(reason(&taken, "left", "bare"), "no feature"));
    g_assert_cmpint(base_json_int(taken.answer, "views", 0), ==, 1);
    taken_clear(&taken);
}

static void test_a_view_without_a_source_is_pushed(void)
{
    GString *bytes = registry_start(), *view = g_string_new(NULL);
    put_spec(bytes, 1, entity_of("driver", "driver_id", 2));
    put_text(view, 1, "live");
    put_text(view, 2, "rides");
    put_text(view, 3, "driver");
    put_message(view, 4, field_of("rate", 6));
    put_spec(bytes, 6, view);
    Taken taken = take(bytes);
    assert_text(&taken, "domains/rides/views/live.yml",
                "feature_views:\n  - name: \"live\"\n    entities: [\"driver\"]\n    push: true\n"
                "    time: \"event_timestamp\"\n    online: false\n    features:\n"
                "      - {\"name\":\"rate\",\"type\":\"float\"}\n");
    taken_clear(&taken);
}

static void test_types_of_keys_are_found_in_views(void)
{
    GString *bytes = registry_start(), *view = view_of("stats", "driver", 0);
    put_message(view, 4, field_of("rate", 5));
    put_message(view, 12, field_of("driver_id", 2));
    put_spec(bytes, 6, view);
    put_spec(bytes, 1, entity_of("driver", "driver_id", 0));
    put_spec(bytes, 1, entity_of("unknown", "id", 0));
    Taken taken = take(bytes);
    assert_text(&taken, "domains/rides/entities/driver.yml",
                "entities:\n  - name: \"driver\"\n    key: \"driver_id\"\n    type: \"string\"\n");
    g_assert_nonnull(strstr(reason(&taken, "left", "unknown"), "no type"));
    taken_clear(&taken);
}

int main(int argc, char **argv)
{
    g_setenv("WEIR_LANG", "en", TRUE);
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/feast/registry", test_a_registry_is_read);
    g_test_add_func("/feast/beginnings", test_every_beginning_is_an_error_or_less);
    g_test_add_func("/feast/wire-types", test_wrong_wire_types_are_refused);
    g_test_add_func("/feast/lengths", test_huge_lengths_are_refused);
    g_test_add_func("/feast/limits", test_too_many_entries_and_too_much_memory_are_refused);
    g_test_add_func("/feast/utf8", test_text_that_is_not_utf8_is_refused);
    g_test_add_func("/feast/later", test_fields_of_later_versions_are_told);
    g_test_add_func("/feast/sqlite", test_a_database_is_read_with_the_projects_of_its_rows);
    g_test_add_func("/feast/sqlite-other", test_databases_of_others_are_refused);
    g_test_add_func("/feast/view", test_a_view_keeps_its_names_types_and_ttl);
    g_test_add_func("/feast/left", test_what_weir_has_not_stays_behind);
    g_test_add_func("/feast/push", test_a_view_without_a_source_is_pushed);
    g_test_add_func("/feast/keys", test_types_of_keys_are_found_in_views);
    return g_test_run();
}
