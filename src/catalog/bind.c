/* YAML against the table of kinds: every key known, every value of its type, every name a name.
 *
 * Nothing is guessed and nothing stops at the first mistake: what is wrong is added to the build's
 * diagnostics at the place where it stands, the object is marked failed, and the walk goes on. Names of other
 * objects, and expressions, are only noted here; resolve.c looks at them when all objects are known. */
#include <stdarg.h>

#include "base/config.h"
#include "base/term.h"
#include "base/text.h"
#include "base/time.h"
#include "catalog/catalog_int.h"
#include "engine/sql.h"
#include "schedule/spec.h"

static void check_value(CatalogBuild *build, CatalogItem *item, const CatalogKey *key, const BaseYaml *node,
                        const BaseYaml *map);

BaseDiag *catalog_complain(CatalogBuild *build, CatalogItem *item, const BaseYaml *node, BaseErrorCode code,
                           const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *message = g_strdup_vprintf(format, args);
    va_end(args);
    item->failed = true;
    BaseDiag *diag = base_diags_add(build->diags, code, item->file->path, node ? node->line : 1,
                                    node ? node->column : 1, "%s", message);
    if (node && node->end_column > node->column) {
        diag->end_column = node->end_column;
    }
    return diag;
}

/* ---- maps ----------------------------------------------------------------------------------------- */

static void check_map(CatalogBuild *build, CatalogItem *item, const CatalogKey *keys,
                      const CatalogKey *common, const BaseYaml *map, const char *thing)
{
    for (guint i = 0; i < map->items->len; i++) {
        const BaseYaml *key_node = g_ptr_array_index(map->keys, i);
        const CatalogKey *key = catalog_key_find(keys, common, key_node->text);
        if (!key) {
            BaseDiag *diag = catalog_complain(build, item, key_node, BASE_E_KEY_UNKNOWN,
                                              base_tr("unknown key `%s` in %s", "未知的键 `%s`（%s）"),
                                              key_node->text, thing);
            g_autofree const char **names = catalog_key_names(keys, common);
            catalog_hint_key(diag, key_node->text, names);
            continue;
        }
        check_value(build, item, key, g_ptr_array_index(map->items, i), map);
    }
    for (const CatalogKey *key = keys; key && key->name; key++) {
        if (key->required && !base_yaml_get(map, key->name, NULL)) {
            catalog_complain(build, item, map, BASE_E_KEY_MISSING, base_tr("%s has no `%s`", "%s 缺少 `%s`"),
                             thing, key->name);
        }
    }
}

static void check_submap(CatalogBuild *build, CatalogItem *item, const CatalogKey *key, const BaseYaml *node)
{
    if (node->type != BASE_YAML_MAP) {
        catalog_complain(build, item, node, BASE_E_VALUE_INVALID,
                         base_tr("`%s` must be a map of keys", "`%s` 须为键值映射"), key->name);
        return;
    }
    g_autofree char *thing = g_strdup_printf("`%s`", key->name);
    check_map(build, item, key->shape, NULL, node, thing);
}

static void check_unique_names(CatalogBuild *build, CatalogItem *item, const CatalogKey *key,
                               const BaseYaml *list)
{
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (guint i = 0; i < list->items->len; i++) {
        const BaseYaml *name = base_yaml_get(g_ptr_array_index(list->items, i), "name", NULL);
        if (!name || name->type != BASE_YAML_SCALAR) {
            continue;
        }
        char *folded = g_ascii_strdown(name->text, -1);
        const BaseYaml *before = g_hash_table_lookup(seen, folded);
        if (before) {
            BaseDiag *diag = catalog_complain(build, item, name, BASE_E_NAME_DUPLICATE,
                                              "`%s` stands twice in `%s`", name->text, key->name);
            base_diag_hint(diag, "the first is on line %u", before->line);
        }
        g_hash_table_replace(seen, folded, (gpointer)(guintptr)(before ? before : name));
    }
}

static void check_maps(CatalogBuild *build, CatalogItem *item, const CatalogKey *key, const BaseYaml *node)
{
    if (node->type != BASE_YAML_LIST) {
        catalog_complain(build, item, node, BASE_E_VALUE_INVALID,
                         base_tr("`%s` must be a list", "`%s` 须为列表"), key->name);
        return;
    }
    for (guint i = 0; i < node->items->len; i++) {
        check_submap(build, item, key, g_ptr_array_index(node->items, i));
    }
    const CatalogKey *name = catalog_key_find(key->shape, NULL, "name");
    if (name && name->required) {
        check_unique_names(build, item, key, node);
    }
}

static void check_named(CatalogBuild *build, CatalogItem *item, const CatalogKey *key, const BaseYaml *node)
{
    if (node->type != BASE_YAML_MAP) {
        catalog_complain(build, item, node, BASE_E_VALUE_INVALID, "`%s` must be a map of names", key->name);
        return;
    }
    for (guint i = 0; i < node->items->len; i++) {
        CatalogKey one = *key;
        one.name = ((const BaseYaml *)g_ptr_array_index(node->keys, i))->text;
        check_submap(build, item, &one, g_ptr_array_index(node->items, i));
    }
}

static void check_rows(CatalogBuild *build, CatalogItem *item, const CatalogKey *key, const BaseYaml *node)
{
    if (node->type != BASE_YAML_LIST) {
        catalog_complain(build, item, node, BASE_E_VALUE_INVALID, "`%s` must be a list of rows", key->name);
        return;
    }
    for (guint i = 0; i < node->items->len; i++) {
        const BaseYaml *row = g_ptr_array_index(node->items, i);
        if (row->type == BASE_YAML_LIST) {
            check_maps(build, item, key, row);
        } else {
            check_submap(build, item, key, row);
        }
    }
}

/* ---- scalars ---------------------------------------------------------------------------------------- */

static bool scalar(CatalogBuild *build, CatalogItem *item, const CatalogKey *key, const BaseYaml *node,
                   const char *expected)
{
    if (node->type == BASE_YAML_SCALAR && !base_yaml_is_null(node)) {
        return true;
    }
    catalog_complain(build, item, node, BASE_E_VALUE_INVALID, "`%s` must be %s", key->name, expected);
    return false;
}

static void check_name(CatalogBuild *build, CatalogItem *item, const CatalogKey *key, const BaseYaml *node)
{
    if (!scalar(build, item, key, node, "a name")) {
        return;
    }
    if (!base_text_is_name(node->text)) {
        BaseDiag *diag = catalog_complain(build, item, node, BASE_E_NAME_INVALID,
                                          base_tr("`%s` is not a name", "`%s` 不是合法的名称"), node->text);
        base_diag_hint(
            diag,
            base_tr("lower-case letters, digits and _, beginning with a letter, at most %d characters",
                    "小写字母、数字和 _，以字母开头，至多 %d 个字符"),
            CATALOG_MAX_NAME_BYTES);
    } else if (engine_sql_reserved(node->text)) {
        BaseDiag *diag = catalog_complain(build, item, node, BASE_E_NAME_INVALID,
                                          "`%s` is a reserved word of SQL", node->text);
        base_diag_hint(diag, "another name, such as `%s_name`", node->text);
    }
}

static void check_word(CatalogBuild *build, CatalogItem *item, const CatalogKey *key, const BaseYaml *node)
{
    if (!scalar(build, item, key, node, "one word")) {
        return;
    }
    g_auto(GStrv) words = g_strsplit(key->words, "|", -1);
    if (g_strv_contains((const char *const *)words, node->text)) {
        return;
    }
    g_autofree char *list = g_strjoinv(", ", words);
    BaseDiag *diag =
        catalog_complain(build, item, node, BASE_E_VALUE_INVALID,
                         base_tr("`%s` cannot be `%s`", "`%s` 不能为 `%s`"), key->name, node->text);
    const char *nearest = base_text_nearest(node->text, (const char *const *)words);
    if (nearest) {
        base_diag_hint(diag, base_tr("did you mean `%s`? It is one of %s", "是否想写 `%s`？可选：%s"),
                       nearest, list);
    } else {
        base_diag_hint(diag, base_tr("it is one of %s", "可选：%s"), list);
    }
}

static void check_words(CatalogBuild *build, CatalogItem *item, const CatalogKey *key, const BaseYaml *node)
{
    bool list = key->type == CATALOG_KEY_WORDS && node->type == BASE_YAML_LIST;
    for (guint i = 0; i < (list ? node->items->len : 1); i++) {
        check_word(build, item, key, list ? g_ptr_array_index(node->items, i) : node);
    }
}

static void check_duration(CatalogBuild *build, CatalogItem *item, const CatalogKey *key,
                           const BaseYaml *node)
{
    gint64 us;
    if (scalar(build, item, key, node, "a duration") && !base_text_to_duration(node->text, &us)) {
        BaseDiag *diag = catalog_complain(build, item, node, BASE_E_VALUE_INVALID,
                                          base_tr("`%s` is not a duration", "`%s` 不是时长"), node->text);
        base_diag_hint(
            diag, "%s",
            base_tr("a number with its unit, such as 10m, 2h or 7d", "数字加单位，如 10m、2h、7d"));
    }
}

static void check_span(CatalogBuild *build, CatalogItem *item, const CatalogKey *key, const BaseYaml *node)
{
    gint64 us, n;
    if (!scalar(build, item, key, node, "a duration or a number") ||
        (base_yaml_to_int(node, &n) && n >= 0 && n <= CATALOG_MAX_LOOKBACK) ||
        (!base_yaml_to_int(node, &n) && base_text_to_duration(node->text, &us))) {
        return;
    }
    BaseDiag *diag =
        catalog_complain(build, item, node, BASE_E_VALUE_INVALID, "`%s` is no `%s`", node->text, key->name);
    base_diag_hint(diag, "a duration such as 2h or 7d, or a number of intervals up to %d",
                   CATALOG_MAX_LOOKBACK);
}

static void check_schedule(CatalogBuild *build, CatalogItem *item, const CatalogKey *key,
                           const BaseYaml *node)
{
    if (node->type != BASE_YAML_MAP && !scalar(build, item, key, node, "cron or \"every 10m\"")) {
        return;
    }
    g_autoptr(json_t) value = base_yaml_to_json(node);
    g_autoptr(GError) error = NULL;
    g_autoptr(ScheduleSpec) spec = schedule_spec_parse(value, &error);
    if (!spec) {
        BaseDiag *diag = catalog_complain(build, item, node, BASE_E_VALUE_INVALID, "%s", error->message);
        const char *hint = base_error_get_hint(error);
        base_diag_hint(diag, "%s", hint ? hint : "cron in quotes, \"every 10m\", {on: upstream}, or a map");
    }
}

static void check_type(CatalogBuild *build, CatalogItem *item, const CatalogKey *key, const BaseYaml *node)
{
    if (!scalar(build, item, key, node, "a type")) {
        return;
    }
    g_autoptr(GError) error = NULL;
    g_autofree char *type = catalog_ddl_type(node->text, &error);
    if (!type) {
        BaseDiag *diag = catalog_complain(build, item, node, BASE_E_VALUE_INVALID, "%s", error->message);
        static const char *const common[] = {
            "bigint",  "int",  "smallint", "tinyint",   "varchar", "string", "text",     "double", "float",
            "decimal", "date", "datetime", "timestamp", "boolean", "json",   "largeint", "time",   NULL};
        const char *hint = base_error_get_hint(error);
        const char *nearest = base_text_nearest(node->text, common);
        if (nearest || !hint) {
            base_diag_hint_nearest(diag, node->text, common);
        } else {
            base_diag_hint(diag, "%s", hint);
        }
    }
}

static void check_number(CatalogBuild *build, CatalogItem *item, const CatalogKey *key, const BaseYaml *node)
{
    gint64 integer;
    double real;
    bool boolean;
    bool ok = key->type == CATALOG_KEY_INT    ? base_yaml_to_int(node, &integer)
              : key->type == CATALOG_KEY_REAL ? base_yaml_to_real(node, &real)
                                              : base_yaml_to_bool(node, &boolean);
    if (!ok) {
        static const char *const names[] = {"a whole number", "a number", "true or false"};
        catalog_complain(build, item, node, BASE_E_VALUE_INVALID, "`%s` must be %s", key->name,
                         names[key->type - CATALOG_KEY_INT]);
    }
}

static void check_texts(CatalogBuild *build, CatalogItem *item, const CatalogKey *key, const BaseYaml *node)
{
    if (node->type == BASE_YAML_SCALAR) {
        scalar(build, item, key, node, "a text or a list of texts");
        return;
    }
    for (guint i = 0; node->type == BASE_YAML_LIST && i < node->items->len; i++) {
        scalar(build, item, key, g_ptr_array_index(node->items, i), "a list of texts");
    }
    if (node->type == BASE_YAML_MAP) {
        scalar(build, item, key, node, "a text or a list of texts");
    }
}

static void check_label(CatalogBuild *build, CatalogItem *item, const CatalogKey *key, const BaseYaml *node)
{
    static const char *const langs[] = {"en", "zh", NULL};
    if (node->type != BASE_YAML_MAP) {
        if (key->type == CATALOG_KEY_LABELS) {
            check_texts(build, item, key, node);
        } else {
            scalar(build, item, key, node, "a text or {en:, zh:}");
        }
        return;
    }
    for (guint i = 0; i < node->items->len; i++) {
        const BaseYaml *lang = g_ptr_array_index(node->keys, i);
        if (!g_strv_contains(langs, lang->text)) {
            BaseDiag *diag = catalog_complain(build, item, lang, BASE_E_KEY_UNKNOWN,
                                              "unknown language `%s` in `%s`", lang->text, key->name);
            base_diag_hint(diag, "en or zh");
            continue;
        }
        const BaseYaml *text = g_ptr_array_index(node->items, i);
        if (key->type == CATALOG_KEY_LABELS) {
            check_texts(build, item, key, text);
        } else {
            scalar(build, item, key, text, "a text");
        }
    }
}

/* ---- secrets ------------------------------------------------------------------------------------------ */

static bool is_secret_key(const char *name)
{
    static const char *const words[] = {"password", "passwd",     "secret",     "token",       "api_key",
                                        "apikey",   "access_key", "secret_key", "private_key", NULL};
    for (size_t i = 0; words[i]; i++) {
        if (g_ascii_strcasecmp(name, words[i]) == 0) {
            return true;
        }
    }
    return g_str_has_suffix(name, "_password") || g_str_has_suffix(name, "_secret") ||
           g_str_has_suffix(name, "_token");
}

/* A password in a file that goes to git is a leak: only ${NAME} of the environment may stand there. */
static void check_secret(CatalogBuild *build, CatalogItem *item, const char *key, const BaseYaml *value)
{
    if (!base_yaml_is_null(value) && is_secret_key(key) &&
        !(g_str_has_prefix(value->text, "${") && g_str_has_suffix(value->text, "}"))) {
        g_autofree char *upper = g_ascii_strup(key, -1);
        BaseDiag *diag =
            catalog_complain(build, item, value, BASE_E_VALUE_INVALID, "`%s` is written out in a file", key);
        base_diag_hint(diag, "write ${%s} and set that variable in the environment", upper);
    }
}

static void check_secrets(CatalogBuild *build, CatalogItem *item, const BaseYaml *node)
{
    for (guint i = 0; node->type != BASE_YAML_SCALAR && i < node->items->len; i++) {
        const BaseYaml *value = g_ptr_array_index(node->items, i);
        if (value->type != BASE_YAML_SCALAR) {
            check_secrets(build, item, value);
        } else if (node->type == BASE_YAML_MAP) {
            const BaseYaml *key = g_ptr_array_index(node->keys, i);
            check_secret(build, item, key->text, value);
        }
    }
}

/* ---- what is looked at later ------------------------------------------------------------------------- */

static void note_ref(CatalogBuild *build, CatalogItem *item, const CatalogKey *key, const BaseYaml *node,
                     const BaseYaml *map)
{
    if (!scalar(build, item, key, node, "a name")) {
        return;
    }
    CatalogRef ref = {.item = item,
                      .node = node,
                      .key = key->name,
                      .kinds = key->refs,
                      .flow = key->flow,
                      .type = key->type,
                      .map = map};
    ref.optional = item->node->object.kind == CATALOG_SOURCE && key->flow == CATALOG_FLOW_OUT;
    g_array_append_val(build->refs, ref);
}

void catalog_note_target(CatalogBuild *build, CatalogItem *item, CatalogKeyType type, const BaseYaml *node,
                         const char *text)
{
    CatalogRef ref = {.item = item,
                      .node = node,
                      .key = "",
                      .kinds = 1u << CATALOG_TABLE | 1u << CATALOG_MODEL,
                      .type = type,
                      .text = text};
    g_array_append_val(build->refs, ref);
}

/* A list may hold maps too where the key has a shape: {entity, key}, {view, as}. */
static void note_refs(CatalogBuild *build, CatalogItem *item, const CatalogKey *key, const BaseYaml *node,
                      const BaseYaml *map)
{
    guint n = node->type == BASE_YAML_LIST ? node->items->len : 1;
    for (guint i = 0; i < n; i++) {
        const BaseYaml *one = node->type == BASE_YAML_LIST ? g_ptr_array_index(node->items, i) : node;
        if (key->shape && one->type == BASE_YAML_MAP) {
            check_submap(build, item, key, one);
        } else {
            note_ref(build, item, key, one, map);
        }
    }
}

void catalog_note_sql(CatalogBuild *build, CatalogItem *item, const char *key, const BaseYaml *node,
                      const BaseYaml *map, bool whole)
{
    CatalogExpr expr = {.item = item, .node = node, .key = key, .map = map, .whole = whole};
    g_array_append_val(build->exprs, expr);
}

static void note_sql(CatalogBuild *build, CatalogItem *item, const CatalogKey *key, const BaseYaml *node,
                     const BaseYaml *map)
{
    bool whole = key->type == CATALOG_KEY_SELECT;
    if (scalar(build, item, key, node, whole ? "a SELECT" : "a SQL expression")) {
        catalog_note_sql(build, item, key->name, node, map, whole);
    }
}

static void note_exprs(CatalogBuild *build, CatalogItem *item, const CatalogKey *key, const BaseYaml *node,
                       const BaseYaml *map)
{
    bool list = key->shape && node->type == BASE_YAML_LIST;
    for (guint i = 0; i < (list ? node->items->len : 1); i++) {
        const BaseYaml *one = list ? g_ptr_array_index(node->items, i) : node;
        if (key->shape && one->type == BASE_YAML_MAP) {
            check_submap(build, item, key, one);
        } else {
            note_sql(build, item, key, one, map);
        }
    }
}

/* ANY keys with a shape take more than a map: `dimension: true`, a schema's path, a retention in text. What
 * stands in place of a map is of the type `plain`, where one is said. */
static void check_any(CatalogBuild *build, CatalogItem *item, const CatalogKey *key, const BaseYaml *node,
                      const BaseYaml *map)
{
    if (key->shape && node->type == BASE_YAML_MAP) {
        check_submap(build, item, key, node);
    } else if (key->shape && key->plain != CATALOG_KEY_ANY) {
        CatalogKey plain = *key;
        plain.type = key->plain;
        plain.shape = NULL;
        check_value(build, item, &plain, node, map);
    } else if (key->shape && node->type == BASE_YAML_LIST) {
        check_maps(build, item, key, node);
    } else {
        check_secrets(build, item, node);
    }
}

/* Values that name or compute something: kept until all names are known. */
static void note_value(CatalogBuild *build, CatalogItem *item, const CatalogKey *key, const BaseYaml *node,
                       const BaseYaml *map)
{
    switch (key->type) {
    case CATALOG_KEY_SQL:
        note_exprs(build, item, key, node, map);
        break;
    case CATALOG_KEY_SELECT:
        note_sql(build, item, key, node, map);
        break;
    case CATALOG_KEY_REF:
    case CATALOG_KEY_COLUMN:
        note_ref(build, item, key, node, map);
        break;
    case CATALOG_KEY_REFS:
    case CATALOG_KEY_TARGET:
    case CATALOG_KEY_WATCHED:
    case CATALOG_KEY_FEATURES:
    case CATALOG_KEY_COLUMNS:
        note_refs(build, item, key, node, map);
        break;
    default:
        break; /* checks: checks.c knows what a check stands on */
    }
}

static void check_value(CatalogBuild *build, CatalogItem *item, const CatalogKey *key, const BaseYaml *node,
                        const BaseYaml *map)
{
    switch (key->type) {
    case CATALOG_KEY_NAME:
        check_name(build, item, key, node);
        break;
    case CATALOG_KEY_TEXT:
        if (scalar(build, item, key, node, "a text")) {
            check_secret(build, item, key->name, node);
        }
        break;
    case CATALOG_KEY_LABEL:
    case CATALOG_KEY_LABELS:
        check_label(build, item, key, node);
        break;
    case CATALOG_KEY_TEXTS:
        check_texts(build, item, key, node);
        break;
    case CATALOG_KEY_INT:
    case CATALOG_KEY_REAL:
    case CATALOG_KEY_BOOL:
        check_number(build, item, key, node);
        break;
    case CATALOG_KEY_DURATION:
        check_duration(build, item, key, node);
        break;
    case CATALOG_KEY_SPAN:
        check_span(build, item, key, node);
        break;
    case CATALOG_KEY_SCHEDULE:
        check_schedule(build, item, key, node);
        break;
    case CATALOG_KEY_WORD:
    case CATALOG_KEY_WORDS:
        check_words(build, item, key, node);
        break;
    case CATALOG_KEY_NAMED:
        check_named(build, item, key, node);
        break;
    case CATALOG_KEY_TYPE:
        check_type(build, item, key, node);
        break;
    case CATALOG_KEY_MAP:
        check_submap(build, item, key, node);
        break;
    case CATALOG_KEY_MAPS:
        check_maps(build, item, key, node);
        break;
    case CATALOG_KEY_ROWS:
        check_rows(build, item, key, node);
        break;
    case CATALOG_KEY_ANY:
        check_any(build, item, key, node, map);
        break;
    default:
        if (!catalog_check_form(build, item, key, node) && !catalog_check_rights(build, item, key, node)) {
            note_value(build, item, key, node, map);
        }
    }
}

void catalog_check_value(CatalogBuild *build, CatalogItem *item, const CatalogKey *key, const BaseYaml *node,
                         const BaseYaml *map)
{
    check_value(build, item, key, node, map);
}

/* ---- objects ------------------------------------------------------------------------------------------- */

char *catalog_path_domain(const char *path)
{
    const char *at = g_str_has_prefix(path, "domains/") ? path : strstr(path, "/domains/");
    if (!at) {
        return NULL;
    }
    at += *at == '/' ? strlen("/domains/") : strlen("domains/");
    const char *end = strchr(at, '/');
    return end ? g_strndup(at, (gsize)(end - at)) : NULL;
}

static char *text_of(const BaseYaml *map, const char *key)
{
    const BaseYaml *node = map ? base_yaml_get(map, key, NULL) : NULL;
    return g_strdup(
        node && node->type == BASE_YAML_SCALAR && node->text && !base_yaml_is_null(node) ? node->text : "");
}

static bool has_han(const char *text)
{
    for (const char *p = text; *p; p += g_utf8_skip[*(const guchar *)p]) {
        if (g_unichar_get_script(g_utf8_get_char(p)) == G_UNICODE_SCRIPT_HAN) {
            return true;
        }
    }
    return false;
}

/* A text without a language is in the one that it is written in. */
static void label_of(const BaseYaml *map, const char *key, const char **ret_en, const char **ret_zh)
{
    const BaseYaml *node = map ? base_yaml_get(map, key, NULL) : NULL;
    if (node && node->type == BASE_YAML_MAP) {
        *ret_en = text_of(node, "en");
        *ret_zh = text_of(node, "zh");
        return;
    }
    char *text = text_of(map, key);
    bool zh = base_text_utf8_valid(text, strlen(text)) && has_han(text);
    *ret_zh = zh ? text : g_strdup("");
    *ret_en = zh ? g_strdup("") : text;
}

static char *object_name(CatalogKind kind, const BaseYaml *map)
{
    g_autofree char *name = text_of(map, "name");
    if (*name) {
        return g_steal_pointer(&name);
    }
    if (kind == CATALOG_ROOT) {
        return text_of(map, "code");
    }
    if (kind == CATALOG_EXAMPLE) { /* a question is its own name */
        const BaseYaml *ask = base_yaml_get(map, "ask", NULL);
        g_autoptr(json_t) json = ask ? base_yaml_to_json(ask) : json_null();
        g_autofree char *text = base_json_text(json);
        g_autofree char *hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);
        return g_strdup_printf("example_%.8s", hash);
    }
    return g_strdup("");
}

static char *object_domain(CatalogBuild *build, CatalogItem *item, CatalogKind kind, const BaseYaml *map)
{
    const CatalogKindInfo *info = catalog_kind_info(kind);
    g_autofree char *path = catalog_path_domain(item->file->path);
    const BaseYaml *node = map ? base_yaml_get(map, "domain", NULL) : NULL;
    if (!info->in_domain) {
        return g_strdup("");
    }
    if (node && node->type == BASE_YAML_SCALAR) {
        if (path && !g_str_equal(path, node->text)) {
            BaseDiag *diag =
                catalog_complain(build, item, node, BASE_E_VALUE_INVALID,
                                 "the domain is set twice: `%s` here, `%s` by the folder", node->text, path);
            base_diag_hint(diag, "take the key out, or move the file");
        }
        return g_strdup(node->text);
    }
    if (path) {
        return g_steal_pointer(&path);
    }
    return g_strdup(kind == CATALOG_TABLE || kind == CATALOG_MODEL ? CATALOG_DEFAULT_DOMAIN : "");
}

static void fill_common(CatalogItem *item, const BaseYaml *map)
{
    CatalogObject *object = &item->node->object;
    label_of(map, "title", &object->title_en, &object->title_zh);
    label_of(map, "description", &object->description_en, &object->description_zh);
    object->owner = text_of(map, "owner");
    object->grade = text_of(map, "grade");
    object->status = text_of(map, "status");
    g_autofree char *layer = text_of(map, "layer");
    bool layered = object->kind == CATALOG_TABLE || object->kind == CATALOG_MODEL;
    const char *by_name = layered ? catalog_layer_of(object->name) : NULL;
    object->layer = g_strdup(*layer ? layer : by_name ? by_name : "");
    object->definition = map ? base_yaml_to_json(map) : json_object();
}

static void check_object_name(CatalogBuild *build, CatalogItem *item, const BaseYaml *map)
{
    const CatalogObject *object = &item->node->object;
    const CatalogKindInfo *info = catalog_kind_info(object->kind);
    if (!*object->name) {
        catalog_complain(build, item, map, BASE_E_KEY_MISSING, "a %s has no `%s`", info->name,
                         object->kind == CATALOG_ROOT ? "code" : "name");
    } else if (info->free_name && strlen(object->name) > CATALOG_MAX_NAME_BYTES * 4) {
        catalog_complain(build, item, map, BASE_E_NAME_INVALID, "a name of %zu bytes is too long",
                         strlen(object->name));
    }
}

/* `name` of a kind whose names are free text is any text. */
static void check_keys(CatalogBuild *build, CatalogItem *item, const BaseYaml *map)
{
    const CatalogKindInfo *info = catalog_kind_info(item->node->object.kind);
    g_autofree char *english =
        g_strdup_printf("%s %s", strchr("aeiou", info->name[0]) ? "an" : "a", info->name);
    const char *thing = base_tr(english, info->title_zh);
    if (!info->free_name) {
        check_map(build, item, info->keys, catalog_common_keys, map, thing);
        return;
    }
    static const CatalogKey free_name = {.name = "name", .type = CATALOG_KEY_TEXT};
    CatalogKey keys[32] = {free_name};
    size_t n = 1;
    for (const CatalogKey *key = info->keys; key->name && n < G_N_ELEMENTS(keys) - 1; key++) {
        keys[n++] = *key;
    }
    check_map(build, item, keys, catalog_common_keys, map, thing);
}

void catalog_bind_object(CatalogBuild *build, CatalogFile *file, CatalogKind kind, const BaseYaml *map,
                         const char *model_name, size_t body_offset)
{
    g_autofree char *name = model_name ? g_strdup(model_name) : object_name(kind, map);
    CatalogItem *item = g_new0(CatalogItem, 1);
    item->yaml = map;
    item->file = file;
    item->body_offset = body_offset;
    item->node = catalog_node_new(kind, "", name);
    g_ptr_array_add(build->items, item);
    g_autofree char *domain = object_domain(build, item, kind, map);
    catalog_node_unref(item->node);
    item->node = catalog_node_new(kind, domain, name);
    CatalogObject *object = &item->node->object;
    object->file = g_strdup(file->path);
    object->line = map ? map->line : 1;
    object->column = map ? map->column : 1;
    fill_common(item, map);
    if (map) {
        check_keys(build, item, map);
        check_object_name(build, item, map);
    }
    if (kind == CATALOG_TABLE) {
        catalog_bind_table(build, item);
    } else if (kind == CATALOG_MODEL) {
        catalog_bind_model(build, item);
    }
    if (kind == CATALOG_FEATURE_VIEW) {
        catalog_bind_feature_view(build, item);
    } else if (kind == CATALOG_ENTITY) {
        catalog_bind_entity(build, item);
    }
    catalog_node_seal(item->node); /* the text has checks as they were written, the definition all of them */
    if (kind == CATALOG_TABLE || kind == CATALOG_MODEL || kind == CATALOG_FEATURE_VIEW) {
        catalog_bind_checks(build, item);
    }
    g_hash_table_insert(build->by_node, object, item);
}

/* ---- files ----------------------------------------------------------------------------------------------
 */

/* weir.yml is checked as an object of its own that is not kept as one. */
static void bind_project_key(CatalogBuild *build, CatalogItem *item, const CatalogKey *key,
                             const BaseYaml *node)
{
    check_value(build, item, key, node, NULL);
    if (g_str_equal(key->name, "settings")) {
        base_config_check(node, item->file->path, build->diags);
    }
    if (node->type == BASE_YAML_SCALAR && g_str_equal(key->name, "name")) {
        g_free(build->name);
        build->name = g_strdup(node->text);
    }
    if (node->type == BASE_YAML_SCALAR && g_str_equal(key->name, "timezone")) {
        g_autoptr(GTimeZone) zone = base_time_zone(node->text, NULL);
        if (!zone) {
            return; /* check_value told it */
        }
        g_free(build->timezone);
        build->timezone = g_strdup(node->text);
    }
}

static void bind_list(CatalogBuild *build, CatalogFile *file, CatalogItem *place, CatalogKind kind,
                      const BaseYaml *key, const BaseYaml *list)
{
    if (kind == CATALOG_MODEL) {
        BaseDiag *diag =
            catalog_complain(build, place, key, BASE_E_KEY_UNKNOWN, "models are .sql files, not YAML");
        base_diag_hint(diag, "write NAME.sql with its keys in a leading `-- ---` block");
        return;
    }
    if (list->type == BASE_YAML_SCALAR && base_yaml_is_null(list)) {
        return;
    }
    if (list->type != BASE_YAML_LIST) {
        BaseDiag *diag =
            catalog_complain(build, place, list, BASE_E_VALUE_INVALID, "`%s` must be a list", key->text);
        base_diag_hint(diag, "%s:\n  - {name: ...}", key->text);
        return;
    }
    for (guint i = 0; i < list->items->len; i++) {
        const BaseYaml *map = g_ptr_array_index(list->items, i);
        if (map->type != BASE_YAML_MAP) {
            catalog_complain(build, place, map, BASE_E_VALUE_INVALID,
                             "an entry of `%s` must be a map of keys", key->text);
            continue;
        }
        catalog_bind_object(build, file, kind, map, NULL, 0);
    }
}

static void complain_top_key(CatalogBuild *build, CatalogItem *place, const BaseYaml *key, bool project)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    for (int i = 0; i < CATALOG_N_KINDS; i++) {
        g_ptr_array_add(names, (gpointer)(guintptr)catalog_kind_plural((CatalogKind)i));
    }
    for (const CatalogKey *k = catalog_project_keys; project && k->name; k++) {
        g_ptr_array_add(names, (gpointer)(guintptr)k->name);
    }
    g_ptr_array_add(names, NULL);
    BaseDiag *diag = catalog_complain(build, place, key, BASE_E_KEY_UNKNOWN, "unknown key `%s`", key->text);
    base_diag_hint_nearest(diag, key->text, (const char *const *)names->pdata);
}

/* weir.yml: calendars and pools. */
static void check_scheduling(CatalogBuild *build, CatalogItem *place, const BaseYaml *doc)
{
    const BaseYaml *calendars = base_yaml_get(doc, "calendars", NULL),
                   *pools = base_yaml_get(doc, "pools", NULL);
    for (guint i = 0; calendars && calendars->type == BASE_YAML_MAP && i < calendars->items->len; i++) {
        const BaseYaml *node = g_ptr_array_index(calendars->items, i);
        g_autoptr(json_t) value = base_yaml_to_json(node);
        g_autoptr(GError) error = NULL;
        g_autoptr(ScheduleCalendar) calendar = schedule_calendar_parse(value, &error);
        if (!calendar) {
            BaseDiag *diag = catalog_complain(build, place, node, BASE_E_VALUE_INVALID, "%s", error->message);
            base_diag_hint(diag, "%s", base_error_get_hint(error));
        }
    }
    for (guint i = 0; pools && pools->type == BASE_YAML_MAP && i < pools->items->len; i++) {
        const BaseYaml *node = g_ptr_array_index(pools->items, i);
        gint64 slots;
        if (!base_yaml_to_int(node, &slots) || slots < 1 || slots > 100000) {
            catalog_complain(build, place, node, BASE_E_VALUE_INVALID, "a pool has 1 to 100000 slots");
        }
    }
}

static void bind_yaml(CatalogBuild *build, CatalogFile *file, const BaseYaml *doc)
{
    bool project = g_str_equal(file->path, "weir.yml");
    CatalogNode *node = catalog_node_new(CATALOG_DOMAIN, "", "");
    CatalogItem place = {.file = file, .node = node, .yaml = doc};
    if (doc->type != BASE_YAML_MAP) {
        catalog_complain(build, &place, doc, BASE_E_VALUE_INVALID,
                         "a file holds keys such as `tables:` or `metrics:`");
    }
    for (guint i = 0; doc->type == BASE_YAML_MAP && i < doc->items->len; i++) {
        const BaseYaml *key = g_ptr_array_index(doc->keys, i);
        const BaseYaml *value = g_ptr_array_index(doc->items, i);
        const CatalogKey *project_key =
            project ? catalog_key_find(catalog_project_keys, NULL, key->text) : NULL;
        CatalogKind kind;
        if (project_key) {
            bind_project_key(build, &place, project_key, value);
        } else if (catalog_kind_by_name(key->text, &kind) &&
                   g_str_equal(key->text, catalog_kind_plural(kind))) {
            bind_list(build, file, &place, kind, key, value);
        } else {
            complain_top_key(build, &place, key, project);
        }
    }
    if (project && doc->type == BASE_YAML_MAP) {
        if (!base_yaml_get(doc, "name", NULL)) {
            catalog_complain(build, &place, doc, BASE_E_KEY_MISSING, "the project has no `name`");
        }
        check_scheduling(build, &place, doc);
        catalog_check_channels(build, &place, doc);
        json_decref(build->settings);
        build->settings = base_yaml_to_json(doc);
    }
    catalog_node_unref(node);
}

void catalog_bind_file(CatalogBuild *build, CatalogFile *file)
{
    if (g_str_has_suffix(file->path, ".sql")) {
        catalog_bind_model_file(build, file);
        return;
    }
    BaseYaml *doc = base_yaml_parse(file->text, file->len, file->path, 0, 0, build->diags);
    if (doc) {
        g_ptr_array_add(build->docs, doc);
        bind_yaml(build, file, doc);
    }
}
