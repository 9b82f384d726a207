/* Sources: files and addresses that a `sources:` object names, one load a file.
 *
 * A file loads once: its load's label is made of the source, the table, the path, size and time (or a
 * server's ETag, or the body's hash), and labels that begin with "source." are kept for ever. `mode:
 * snapshot` puts the file's rows in the place of all rows, in one transaction (the two-phase path with
 * `replace`); other modes add (unique tables: by key). */
#include <sys/stat.h>

#include "base/fs.h"
#include "base/text.h"
#include "base/time.h"
#include "intake/source_int.h"

static void source_load_free(gpointer data)
{
    IntakeSourceLoad *load = data;
    g_free(load->table);
    g_free(load->path);
    intake_result_clear(&load->result);
    g_free(load);
}

/* ---- an entry
 * -------------------------------------------------------------------------------------------------- */

static json_t *entry_of(const CatalogObject *source, size_t i)
{
    return json_array_get(json_object_get(source->definition, "tables"), i);
}

static bool set(IntakeOptions *options, const char *name, const char *value, GError **error)
{
    return intake_options_set(options, name, value, error);
}

static bool set_format(IntakeOptions *options, const char *format, GError **error)
{
    if (strcmp(format, "ndjson") == 0 || strcmp(format, "jsonl") == 0) {
        return set(options, "format", "json", error) && set(options, "read_json_by_line", "true", error);
    }
    if (strcmp(format, "tsv") == 0) {
        return set(options, "format", "csv", error) && set(options, "column_separator", "\\t", error);
    }
    return set(options, "format", format, error);
}

static bool set_columns(IntakeOptions *options, const json_t *columns, GError **error)
{
    GString *text = g_string_new(NULL);
    for (size_t i = 0; i < base_json_n_entries(columns); i++) {
        const json_t *item = base_json_entry(columns, i);
        g_string_append_printf(text, "%s%s", i ? "," : "",
                               json_is_string(item) ? json_string_value(item) : "");
    }
    bool ok = text->len == 0 || set(options, "columns", text->str, error);
    g_string_free(text, TRUE);
    return ok;
}

static bool set_headers(IntakeOptions *options, json_t *headers, GError **error)
{
    const char *name;
    json_t *value;
    json_object_foreach (headers, name, value) {
        g_autofree char *text =
            json_is_string(value) ? g_strdup(json_string_value(value)) : base_json_text(value);
        if (!set(options, name, text, error)) {
            return false;
        }
    }
    return true;
}

IntakeOptions *intake_source_options(json_t *entry, const char *path, GError **error)
{
    g_autoptr(IntakeOptions) options = intake_options_new();
    intake_options_from_filename(options, path);
    const char *format = base_json_string(entry, "format", NULL),
               *where = base_json_string(entry, "where", NULL);
    const char *compression = base_json_string(entry, "compression", NULL);
    if (compression && strcmp(compression, "none") == 0) {
        options->compression = INTAKE_PLAIN;
        compression = NULL;
    }
    if (!set(options, "strict_mode", "true", error) || (format && !set_format(options, format, error)) ||
        (compression && !set(options, "compress_type", compression, error)) ||
        (where && !set(options, "where", where, error)) ||
        !set_columns(options, json_object_get(entry, "columns"), error) ||
        !set_headers(options, json_object_get(entry, "options"), error)) {
        return NULL;
    }
    options->json_auto = options->format == INTAKE_JSON && !options->json_root &&
                         !json_object_get(json_object_get(entry, "options"), "strip_outer_array") &&
                         !json_object_get(json_object_get(entry, "options"), "read_json_by_line");
    return g_steal_pointer(&options);
}

/* Files of an entry, sorted; FILE_NOT_FOUND when there are none. */
GPtrArray *intake_source_files(const char *root, const CatalogObject *source, json_t *entry, GError **error)
{
    const char *path = base_json_string(entry, "path", NULL);
    if (!path) {
        base_fail(error, BASE_E_KEY_MISSING, "source `%s`: an entry of `tables` has no `path`",
                  source->full_name);
        base_error_place(error, source->file, source->line, source->column);
        return NULL;
    }
    const json_t *connection = json_object_get(source->definition, "connection");
    const char *base = json_is_string(connection) ? json_string_value(connection)
                                                  : base_json_string(connection, "path", NULL);
    g_autofree char *expanded = base ? base_text_expand_env(base) : NULL;
    g_autofree char *full =
        expanded && !g_path_is_absolute(path) ? g_build_filename(expanded, path, NULL) : g_strdup(path);
    g_autoptr(GPtrArray) files = base_fs_glob(root, full);
    if (!files || files->len == 0) {
        base_fail(error, BASE_E_FILE_NOT_FOUND, "source `%s`: no file matches `%s`", source->full_name, full);
        base_error_place(error, source->file, source->line, source->column);
        return NULL;
    }
    return g_steal_pointer(&files);
}

/* ---- labels
 * ------------------------------------------------------------------------------------------------------- */

char *intake_source_label(const CatalogObject *source, const CatalogTable *table, const char *path,
                          const char *version)
{
    g_autofree char *text =
        g_strdup_printf("%s\n%s.%s\n%s\n%s", source->full_name, table->schema, table->name, path, version);
    g_autofree char *hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);
    return g_strdup_printf(INTAKE_SOURCE_LABEL "%.40s", hash);
}

static bool file_version(const char *path, char **ret, GError **error)
{
    struct stat info;
    if (stat(path, &info) != 0) {
        return base_fail(error, BASE_E_FILE_NOT_FOUND, "no file `%s`", path);
    }
    *ret = g_strdup_printf("%" G_GINT64_FORMAT " %" G_GINT64_FORMAT ".%09ld", (gint64)info.st_size,
                           (gint64)info.st_mtim.tv_sec, info.st_mtim.tv_nsec);
    return true;
}

/* ---- loading
 * -------------------------------------------------------------------------------------------------------- */

/* One body into the table, once. */
bool intake_source_load_spool(IntakeSourceRun *run, const CatalogTable *table, json_t *entry,
                              IntakeSpool *spool, const char *path, const char *version, GError **error)
{
    g_autoptr(IntakeOptions) options = intake_source_options(entry, path, error);
    if (!options) {
        return false;
    }
    intake_options_default_zone(options, run->zone);
    options->label = intake_source_label(run->source, table, path, version);
    options->two_phase = options->replace = strcmp(base_json_string(entry, "mode", ""), "snapshot") == 0;
    if (!intake_options_check(options, error)) {
        return false;
    }
    IntakeSourceLoad *load = g_new0(IntakeSourceLoad, 1);
    load->table = g_strdup_printf("%s.%s", table->schema, table->name);
    load->path = g_strdup(path);
    g_ptr_array_add(run->loads, load);
    GError *why = NULL;
    bool ok = intake_load(run->intake, table, options, spool, "source", run->source->full_name, &load->result,
                          &why);
    if (!ok && g_strcmp0(load->result.existing_status, "PRECOMMITTED") == 0) {
        ok = true; /* prepared before a crash: its second phase follows */
        load->result.two_phase = true;
        g_clear_error(&why);
    } else if (!ok && g_strcmp0(load->result.existing_status, "FINISHED") == 0) {
        g_clear_error(&why);
        load->skipped = true;
        return true;
    }
    gint64 id;
    if (!ok) {
        g_propagate_error(error, why);
        return false;
    }
    return !load->result.two_phase ||
           intake_commit(run->intake, table->schema, load->result.txn_id, NULL, &id, error);
}

static bool load_file(IntakeSourceRun *run, const CatalogTable *table, json_t *entry, const char *path,
                      GError **error)
{
    g_autofree char *version = NULL;
    if (!file_version(path, &version, error)) {
        return false;
    }
    g_autoptr(IntakeSpool) spool = intake_spool_open(run->intake, path, error);
    return spool && intake_source_load_spool(run, table, entry, spool, path, version, error);
}

static bool refresh_files(IntakeSourceRun *run, const CatalogTable *table, json_t *entry, GError **error)
{
    g_autoptr(GPtrArray) files = intake_source_files(run->root, run->source, entry, error);
    if (!files) {
        return false;
    }
    if (files->len > 1 && strcmp(base_json_string(entry, "mode", ""), "snapshot") == 0) {
        base_fail(error, BASE_E_VALUE_INVALID, "source `%s`: `mode: snapshot` takes one file, %u match",
                  run->source->full_name, files->len);
        base_error_place(error, run->source->file, run->source->line, run->source->column);
        return false;
    }
    for (guint i = 0; i < files->len; i++) {
        if (!load_file(run, table, entry, files->pdata[i], error)) {
            return false;
        }
    }
    return true;
}

/* The declared table, or (in *ret_made) one inferred now and made when it does not exist yet. */
static const CatalogTable *target(IntakeSourceRun *run, const CatalogSnapshot *snapshot, size_t i,
                                  CatalogTable **ret_made, GError **error)
{
    json_t *entry = entry_of(run->source, i);
    const char *to = base_json_string(entry, "to", NULL);
    if (to && snapshot) {
        g_auto(GStrv) parts = g_strsplit(to, ".", 2);
        bool ambiguous = false;
        const CatalogObject *object =
            catalog_resolve_table(snapshot, parts[1] ? parts[0] : NULL, parts[1] ? parts[1] : parts[0],
                                  run->source->domain, &ambiguous);
        if (object && object->table) {
            return object->table;
        }
    }
    *ret_made = intake_source_infer(run->intake, run->root, run->source, i, error);
    if (!*ret_made) {
        return NULL;
    }
    const CatalogTable *made = *ret_made;
    if (!intake_table_exists(run->intake, made->schema, made->name) &&
        !intake_table_create(run->intake, made, error)) {
        return NULL;
    }
    return made;
}

static bool refresh_entry(IntakeSourceRun *run, const CatalogSnapshot *snapshot, size_t i, GError **error)
{
    g_autoptr(CatalogTable) made = NULL;
    json_t *entry = entry_of(run->source, i);
    const CatalogTable *table = target(run, snapshot, i, &made, error);
    if (!table) {
        return false;
    }
    const char *connector = base_json_string(run->source->definition, "connector", "file");
    return strcmp(connector, "http") == 0 ? intake_source_refresh_http(run, table, entry, error)
                                          : refresh_files(run, table, entry, error);
}

bool intake_source_refresh(Intake *intake, const char *root, const CatalogSnapshot *snapshot,
                           const CatalogObject *source, GPtrArray **ret_loads, GError **error)
{
    IntakeSourceRun run = {.intake = intake,
                           .root = root,
                           .source = source,
                           .zone = snapshot ? catalog_project_timezone(snapshot) : NULL,
                           .loads = g_ptr_array_new_with_free_func(source_load_free)};
    *ret_loads = run.loads;
    const char *connector = base_json_string(source->definition, "connector", "file");
    if (strcmp(connector, "file") != 0 && strcmp(connector, "http") != 0) {
        base_fail(error, BASE_E_VALUE_INVALID,
                  "source `%s`: connector `%s` cannot be refreshed by this version", source->full_name,
                  connector);
        base_error_place(error, source->file, source->line, source->column);
        return false;
    }
    size_t n = json_array_size(json_object_get(source->definition, "tables"));
    for (size_t i = 0; i < n; i++) {
        if (!refresh_entry(&run, snapshot, i, error)) {
            return false;
        }
    }
    return true;
}

/* ---- replaying
 * ------------------------------------------------------------------------------------------------------ */

static bool replay_spool(IntakeSourceRun *run, const CatalogTable *into, json_t *entry, IntakeSpool *spool,
                         const char *path, GError **error)
{
    g_autoptr(IntakeOptions) options = intake_source_options(entry, path, error);
    if (!options) {
        return false;
    }
    intake_options_default_zone(options, run->zone);
    /* The rows of a repair keep this label's load: it must be known as a source's for ever. */
    g_autofree char *uuid = g_uuid_string_random();
    g_free(options->label);
    options->label = g_strconcat(INTAKE_SOURCE_LABEL "replay.", uuid, NULL);
    options->two_phase = false;
    if (!intake_options_check(options, error)) {
        return false;
    }
    IntakeSourceLoad *load = g_new0(IntakeSourceLoad, 1);
    load->table = g_strdup_printf("%s.%s", into->schema, into->name);
    load->path = g_strdup(path);
    g_ptr_array_add(run->loads, load);
    return intake_load(run->intake, into, options, spool, "reconcile", run->source->full_name, &load->result,
                       error);
}

static bool replay_files(IntakeSourceRun *run, const CatalogTable *into, json_t *entry, GError **error)
{
    g_autoptr(GPtrArray) files = intake_source_files(run->root, run->source, entry, error);
    for (guint i = 0; files && i < files->len; i++) {
        g_autoptr(IntakeSpool) spool = intake_spool_open(run->intake, files->pdata[i], error);
        if (!spool || !replay_spool(run, into, entry, spool, files->pdata[i], error)) {
            return false;
        }
    }
    return files != NULL;
}

static bool replay_http(IntakeSourceRun *run, const CatalogTable *into, json_t *entry, GError **error)
{
    g_autofree char *url = NULL, *version = NULL;
    g_autoptr(IntakeSpool) spool =
        intake_source_fetch(run->intake, run->source, entry, NULL, &url, &version, error);
    return spool && replay_spool(run, into, entry, spool, url, error);
}

bool intake_source_replay(Intake *intake, const char *root, const CatalogObject *source, size_t entry,
                          const CatalogTable *into, const char *zone, GPtrArray **ret_loads, GError **error)
{
    IntakeSourceRun run = {.intake = intake,
                           .root = root,
                           .source = source,
                           .zone = zone,
                           .loads = g_ptr_array_new_with_free_func(source_load_free)};
    *ret_loads = run.loads;
    json_t *definition = entry_of(source, entry);
    const char *connector = base_json_string(source->definition, "connector", "file");
    if (g_str_equal(connector, "http")) {
        return replay_http(&run, into, definition, error);
    }
    return g_str_equal(connector, "file")
               ? replay_files(&run, into, definition, error)
               : base_fail(error, BASE_E_VALUE_INVALID,
                           "source `%s`: connector `%s` cannot be read again by this version",
                           source->full_name, connector);
}
