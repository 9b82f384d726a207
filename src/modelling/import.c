#include "modelling/import_int.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>

#include "base/fs.h"
#include "base/text.h"

void import_note(json_t *list, const char *file, unsigned line, const char *object, const char *format,
                 va_list args)
{
    g_autofree char *reason = g_strdup_vprintf(format, args);
    json_t *entry = json_object();
    base_json_set_string(entry, "file", file);
    base_json_set_int(entry, "line", line);
    base_json_set_string(entry, "object", object);
    base_json_set_string(entry, "reason", reason);
    json_array_append_new(list, entry);
}

bool import_may_write(const char *out, GError **error)
{
    g_autofree char *project = g_build_filename(out, "weir.yml", NULL);
    if (!g_file_test(project, G_FILE_TEST_EXISTS)) {
        return true;
    }
    base_fail(error, BASE_E_USAGE, "there is a project at `%s`", out);
    base_error_hint(error, "--out names a new folder");
    base_error_not_done(error, "Nothing was written.");
    return false;
}

bool import_write_text(const char *out, const char *path, const char *text, GError **error)
{
    g_autofree char *whole = g_build_filename(out, path, NULL);
    g_autofree char *folder = g_path_get_dirname(whole);
    if (g_mkdir_with_parents(folder, 0755) != 0) {
        return base_fs_fail(error, errno, "create folder", folder);
    }
    return base_fs_write(whole, text, strlen(text), 0644, error);
}

void import_put_key(GString *out, const char *prefix, const char *key, const json_t *value)
{
    if (!json_is_array(value) || !json_is_object(json_array_get(value, 0))) {
        g_autofree char *text = base_json_text(value);
        g_string_append_printf(out, "%s%s: %s\n", prefix, key, text);
        return;
    }
    g_string_append_printf(out, "%s%s:\n", prefix, key);
    for (size_t i = 0; i < json_array_size(value); i++) {
        g_autofree char *text = base_json_text(json_array_get(value, i));
        g_string_append_printf(out, "%s  - %s\n", prefix, text);
    }
}

char *import_name(const char *text)
{
    g_autofree char *folded = g_ascii_strdown(text, -1);
    g_strdelimit(folded, "- .", '_');
    return base_text_is_name(folded) ? g_steal_pointer(&folded) : NULL;
}

EngineConn *import_parser(Engine **ret_engine, GError **error)
{
    EngineOptions options = {.threads = 1, .memory_bytes = 256 * 1024 * 1024};
    g_autoptr(Engine) engine = engine_open(&options, error);
    EngineConn *conn = engine ? engine_connect(engine, error) : NULL;
    if (conn) {
        *ret_engine = g_steal_pointer(&engine);
    }
    return conn;
}
