/* Names in definitions -> objects, and the table-level edges that follow.
 *
 * A bare name means the object of that name in the definition's own domain, then one outside any domain, then
 * the only one there is. `domain.name` says it whole. A name that is nowhere is told with the nearest one. */
#include "base/term.h"
#include "base/text.h"
#include "catalog/catalog_int.h"

#define TABLE_KINDS (1u << CATALOG_TABLE | 1u << CATALOG_MODEL)

/* ---- finding ------------------------------------------------------------------------------------------ */

static const CatalogObject *find_in(const CatalogBuild *build, guint32 kinds, const char *domain,
                                    const char *name, const char *own, bool *ret_ambiguous)
{
    g_autofree char *folded = g_ascii_strdown(name, -1);
    const GPtrArray *list = g_hash_table_lookup(build->snapshot->by_name, folded);
    const CatalogObject *only = NULL, *outside = NULL;
    size_t n = 0;
    for (guint i = 0; list && i < list->len; i++) {
        const CatalogObject *object = g_ptr_array_index(list, i);
        if (!(kinds & 1u << object->kind) || (domain && g_ascii_strcasecmp(object->domain, domain) != 0)) {
            continue;
        }
        if (!domain && *own && g_str_equal(object->domain, own)) {
            return object;
        }
        outside = *object->domain ? outside : object;
        only = object;
        n++;
    }
    *ret_ambiguous = n > 1 && !outside;
    return n == 1 ? only : outside;
}

const CatalogObject *catalog_ref_find(const CatalogBuild *build, guint32 kinds, const char *text,
                                      const char *own, bool *ret_ambiguous)
{
    const CatalogObject *object = find_in(build, kinds, NULL, text, own, ret_ambiguous);
    const char *dot = strchr(text, '.');
    if (object || !dot) {
        return object;
    }
    g_autofree char *domain = g_strndup(text, (gsize)(dot - text));
    return find_in(build, kinds, domain, dot + 1, own, ret_ambiguous);
}

static GPtrArray *names_of(const CatalogBuild *build, guint32 kinds)
{
    GPtrArray *names = g_ptr_array_new();
    for (guint i = 0; i < build->snapshot->objects->len; i++) {
        const CatalogObject *object = g_ptr_array_index(build->snapshot->objects, i);
        if (kinds & 1u << object->kind) {
            g_ptr_array_add(names, (gpointer)(guintptr)object->name);
            g_ptr_array_add(names, (gpointer)(guintptr)object->full_name);
        }
    }
    g_ptr_array_add(names, NULL);
    return names;
}

static char *kinds_text(guint32 kinds)
{
    GString *out = g_string_new(NULL);
    for (int i = 0; i < CATALOG_N_KINDS; i++) {
        if (kinds & 1u << i) {
            g_string_append_printf(
                out, "%s%s", out->len ? base_tr(" or ", "或") : "",
                base_tr(catalog_kind_name((CatalogKind)i), catalog_kind_info((CatalogKind)i)->title_zh));
        }
    }
    for (char *p = out->str; *p; p++) {
        *p = *p == '_' ? ' ' : *p;
    }
    return g_string_free(out, FALSE);
}

static void complain_dangling(CatalogBuild *build, const CatalogRef *ref, const char *name, bool ambiguous)
{
    g_autofree char *kinds = kinds_text(ref->kinds);
    if (ambiguous) {
        BaseDiag *diag = catalog_complain(build, ref->item, ref->node, BASE_E_NAME_AMBIGUOUS,
                                          "`%s` names a %s in more than one domain", name, kinds);
        base_diag_hint(diag, "write domain.%s", name);
        return;
    }
    BaseDiag *diag = catalog_complain(build, ref->item, ref->node, BASE_E_REFERENCE_UNKNOWN,
                                      base_tr("no %s `%s`", "没有%s `%s`"), kinds, name);
    g_autoptr(GPtrArray) names = names_of(build, ref->kinds);
    base_diag_hint_nearest(diag, name, (const char *const *)names->pdata);
}

/* ---- tables that a source will make -------------------------------------------------------------------- */

static void expect_table(CatalogBuild *build, const CatalogRef *ref)
{
    const CatalogObject *own = &ref->item->node->object;
    const char *dot = strchr(ref->node->text, '.');
    g_autofree char *domain = dot ? g_strndup(ref->node->text, (gsize)(dot - ref->node->text))
                                  : g_strdup(*own->domain ? own->domain : CATALOG_DEFAULT_DOMAIN);
    const char *name = dot ? dot + 1 : ref->node->text;
    if (!base_text_is_name(name)) {
        catalog_complain(build, ref->item, ref->node, BASE_E_NAME_INVALID, "`%s` is not a name for a table",
                         name);
        return;
    }
    CatalogNode *node = catalog_node_new(CATALOG_TABLE, domain, name);
    CatalogObject *object = &node->object;
    object->definition = json_pack("{s:s, s:s}", "name", name, "status", CATALOG_STATUS_EXPECTED);
    object->file = g_strdup(own->file);
    object->line = ref->node->line;
    object->column = ref->node->column;
    const char *layer = catalog_layer_of(name);
    object->layer = g_strdup(layer ? layer : "");
    object->status = g_strdup(CATALOG_STATUS_EXPECTED);
    object->title_en = g_strdup("");
    object->title_zh = g_strdup("");
    object->description_en = g_strdup("");
    object->description_zh = g_strdup("");
    object->owner = g_strdup(own->owner);
    object->grade = g_strdup("");
    node->columns_owned = g_ptr_array_new_with_free_func((GDestroyNotify)catalog_column_free);
    node->columns_open = true;
    object->columns = node->columns_owned;
    catalog_node_seal(node);
    catalog_snapshot_add(build->snapshot, node);
    catalog_node_unref(node);
}

/* ---- kinds of references
 * ----------------------------------------------------------------------------------- */

static void add_edge(CatalogBuild *build, const CatalogRef *ref, const CatalogObject *target)
{
    const CatalogObject *own = &ref->item->node->object;
    if (target == own) {
        return;
    }
    if (ref->flow == CATALOG_FLOW_IN) {
        catalog_snapshot_edge(build->snapshot, target, NULL, own, NULL, catalog_how_name(CATALOG_HOW_DIRECT));
    } else if (ref->flow == CATALOG_FLOW_OUT) {
        catalog_snapshot_edge(build->snapshot, own, NULL, target, NULL, catalog_how_name(CATALOG_HOW_DIRECT));
    }
}

static bool domain_is_used(const CatalogBuild *build, const char *name)
{
    for (guint i = 0; i < build->items->len; i++) {
        const CatalogItem *item = g_ptr_array_index(build->items, i);
        g_autofree char *domain = catalog_path_domain(item->file->path);
        if (domain && g_str_equal(domain, name)) {
            return true;
        }
    }
    return false;
}

/* A domain that does not fit the folder was complained of already. */
static bool is_told(const CatalogRef *ref)
{
    g_autofree char *folder = catalog_path_domain(ref->item->file->path);
    return g_str_equal(ref->key, "domain") && folder;
}

static void resolve_plain(CatalogBuild *build, const CatalogRef *ref)
{
    if (is_told(ref)) {
        return;
    }
    bool ambiguous = false;
    const char *own = ref->item->node->object.domain;
    const CatalogObject *target = catalog_ref_find(build, ref->kinds, ref->node->text, own, &ambiguous);
    if (target && ref->item->node->object.kind == CATALOG_SOURCE &&
        g_str_equal(base_json_string(target->definition, "kind", ""), "manual")) {
        BaseDiag *diag = catalog_complain(build, ref->item, ref->node, BASE_E_VALUE_INVALID,
                                          "`%s` is of kind manual: no source fills it", target->full_name);
        base_diag_hint(diag, "another table, or another kind for this one");
    } else if (target) {
        add_edge(build, ref, target);
    } else if (ref->kinds == 1u << CATALOG_DOMAIN && domain_is_used(build, ref->node->text)) {
        return; /* a folder makes a domain too */
    } else if (ref->optional) {
        return;
    } else {
        complain_dangling(build, ref, ref->node->text, ambiguous);
    }
}

static void edge_feature(CatalogBuild *build, const CatalogRef *ref, const CatalogObject *view,
                         const char *feature)
{
    catalog_snapshot_edge(build->snapshot, view, feature, &ref->item->node->object, feature,
                          catalog_how_name(CATALOG_HOW_DIRECT));
}

/* The features that {view, features} takes; NULL = all of the view. */
static const BaseYaml *taken_features(const CatalogRef *ref)
{
    return ref->map && g_str_equal(ref->key, "view") ? base_yaml_get(ref->map, "features", NULL) : NULL;
}

static void complain_feature(CatalogBuild *build, const CatalogRef *ref, const BaseYaml *node,
                             const CatalogObject *view, const char *name)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    size_t i;
    json_t *feature;
    json_array_foreach (json_object_get(view->definition, "features"), i, feature) {
        g_ptr_array_add(names, (gpointer)(guintptr)base_json_string(feature, "name", ""));
    }
    g_ptr_array_add(names, NULL);
    BaseDiag *diag = catalog_complain(build, ref->item, node, BASE_E_REFERENCE_UNKNOWN,
                                      "feature view `%s` has no feature `%s`", view->name, name);
    base_diag_hint_nearest(diag, name, (const char *const *)names->pdata);
}

/* What an older version had is known to whoever keeps versions. */
static void take_feature(CatalogBuild *build, const CatalogRef *ref, const BaseYaml *node,
                         const CatalogObject *view, const char *name, bool older)
{
    bool found = base_json_find(json_object_get(view->definition, "features"), "name", name) != NULL;
    if (found && ref->item->node->object.kind == CATALOG_FEATURE_SERVICE) {
        edge_feature(build, ref, view, name);
    } else if (!found && !older) {
        complain_feature(build, ref, node, view, name);
    }
}

/* "view", "view:feature", "view@v2:feature". */
static void resolve_feature(CatalogBuild *build, const CatalogRef *ref)
{
    bool ambiguous = false;
    const char *text = ref->node->text;
    const char *colon = strchr(text, ':');
    const char *at = strchr(text, '@');
    bool older = at && (!colon || at < colon) && g_ascii_strncasecmp(at, "@latest", strlen("@latest")) != 0;
    size_t len = strcspn(text, "@:");
    g_autofree char *name = g_strndup(text, len);
    const CatalogObject *view =
        catalog_ref_find(build, ref->kinds, name, ref->item->node->object.domain, &ambiguous);
    if (!view) {
        complain_dangling(build, ref, name, ambiguous);
        return;
    }
    add_edge(build, ref, view);
    const BaseYaml *taken = taken_features(ref);
    if (colon) {
        take_feature(build, ref, ref->node, view, colon + 1, older);
    } else if (taken) {
        guint n = taken->type == BASE_YAML_LIST ? taken->items->len : 1;
        for (guint i = 0; i < n; i++) {
            const BaseYaml *node = taken->type == BASE_YAML_LIST ? g_ptr_array_index(taken->items, i) : taken;
            if (node->type == BASE_YAML_SCALAR) {
                take_feature(build, ref, node, view, node->text, older);
            }
        }
    } else {
        size_t i;
        json_t *feature;
        json_array_foreach (json_object_get(view->definition, "features"), i, feature) {
            take_feature(build, ref, ref->node, view, base_json_string(feature, "name", ""), true);
        }
    }
}

/* ---- targets ------------------------------------------------------------------------------------------- */

/* Which words may stand before the colon, by who says it: what reads them later takes no others. */
#define ON     1u /* policies: on */
#define OF     2u /* alerts: of */
#define MAY_ON 4u /* roles: can */
static const struct {
    const char *word;
    unsigned who;
    const char *values; /* NULL: any, or looked up */
} PREFIXES[] = {{"domain", ON | OF | MAY_ON, NULL},
                {"layer", ON | OF | MAY_ON, CATALOG_LAYERS},
                {"tag", ON | MAY_ON, NULL},
                {"grade", OF, CATALOG_GRADES},
                {"owner", OF, NULL},
                {"table", ON | MAY_ON, NULL},
                {"model", ON | MAY_ON, NULL}};

static unsigned who_of(CatalogKeyType type)
{
    return type == CATALOG_KEY_TARGET ? ON : type == CATALOG_KEY_WATCHED ? OF : MAY_ON;
}

static void complain_prefix(CatalogBuild *build, const CatalogRef *ref, const char *text)
{
    g_autoptr(GString) list = g_string_new(ref->type == CATALOG_KEY_GRANTED ? "*" : "a table");
    for (size_t i = 0; i < G_N_ELEMENTS(PREFIXES); i++) {
        if (PREFIXES[i].who & who_of(ref->type)) {
            g_string_append_printf(list, ", %s:NAME", PREFIXES[i].word);
        }
    }
    BaseDiag *diag = catalog_complain(build, ref->item, ref->node, BASE_E_VALUE_INVALID,
                                      "`%s` names nothing that this can be about", text);
    base_diag_hint(diag, "%s%s", list->str, ref->type == CATALOG_KEY_GRANTED ? ", product:NAME" : "");
}

static void check_word_of(CatalogBuild *build, const CatalogRef *ref, const char *word, const char *value,
                          const char *values)
{
    g_auto(GStrv) known = g_strsplit(values, "|", -1);
    for (size_t i = 0; known[i]; i++) {
        if (g_ascii_strcasecmp(known[i], value) == 0) {
            return;
        }
    }
    g_autofree char *list = g_strjoinv(", ", known);
    BaseDiag *diag =
        catalog_complain(build, ref->item, ref->node, BASE_E_VALUE_INVALID, "no %s `%s`", word, value);
    base_diag_hint(diag, "it is one of %s", list);
}

static void resolve_named(CatalogBuild *build, const CatalogRef *ref, guint32 kinds, const char *name)
{
    bool ambiguous = false;
    const char *own = ref->item->node->object.domain;
    bool found = catalog_ref_find(build, kinds, name, own, &ambiguous) ||
                 (kinds == 1u << CATALOG_DOMAIN && domain_is_used(build, name));
    const char *dot = strrchr(name, '.');
    if (!found && dot && !ambiguous && ref->type == CATALOG_KEY_TARGET) { /* a column of it */
        g_autofree char *table = g_strndup(name, (gsize)(dot - name));
        const CatalogObject *object = catalog_ref_find(build, kinds, table, own, &ambiguous);
        bool open = !object || !object->columns || catalog_node(object)->columns_open;
        found = object != NULL;
        if (!open && !catalog_columns_find(object->columns, dot + 1) && object->kind == CATALOG_TABLE) {
            catalog_complain_column(build, ref->item, ref->node, dot + 1, object);
        }
    }
    if (!found) {
        CatalogRef dangling = *ref;
        dangling.kinds = kinds;
        complain_dangling(build, &dangling, name, ambiguous);
    }
}

/* "*", "domain:x", a table's name; patterns stand for whatever there will be. */
static void resolve_target(CatalogBuild *build, const CatalogRef *ref)
{
    const char *text = ref->text ? ref->text : ref->node->text;
    const char *colon = strchr(text, ':');
    g_autofree char *word = colon ? g_strndup(text, (gsize)(colon - text)) : NULL;
    CatalogKind kind;
    if (g_str_equal(text, "*") && ref->type != CATALOG_KEY_WATCHED) {
        return;
    }
    for (size_t i = 0; word && colon[1] && i < G_N_ELEMENTS(PREFIXES); i++) {
        if (!g_str_equal(word, PREFIXES[i].word) || !(PREFIXES[i].who & who_of(ref->type))) {
            continue;
        }
        bool table = g_str_equal(word, "table") || g_str_equal(word, "model");
        if (PREFIXES[i].values) {
            check_word_of(build, ref, word, colon + 1, PREFIXES[i].values);
        } else if ((table || g_str_equal(word, "domain")) && !strpbrk(colon + 1, "*?[")) {
            resolve_named(build, ref, table ? TABLE_KINDS : 1u << CATALOG_DOMAIN, colon + 1);
        }
        return;
    }
    if (!word && ref->type != CATALOG_KEY_GRANTED) {
        resolve_named(build, ref, TABLE_KINDS, text);
    } else if (word && colon[1] && ref->type == CATALOG_KEY_GRANTED && catalog_kind_by_name(word, &kind)) {
        if (!strpbrk(colon + 1, "*?[")) {
            resolve_named(build, ref, 1u << kind, colon + 1);
        }
    } else {
        complain_prefix(build, ref, text);
    }
}

const CatalogObject *catalog_policy_table(const CatalogBuild *build, const CatalogItem *item)
{
    const BaseYaml *on = item->yaml ? base_yaml_get(item->yaml, "on", NULL) : NULL;
    if (on && on->type == BASE_YAML_LIST && on->items->len == 1) {
        on = g_ptr_array_index(on->items, 0);
    }
    if (!on || on->type != BASE_YAML_SCALAR) {
        return NULL;
    }
    bool ambiguous = false;
    const char *colon = strchr(on->text, ':');
    bool table = !colon || g_str_has_prefix(on->text, "table:") || g_str_has_prefix(on->text, "model:");
    const char *name = colon ? colon + 1 : on->text, *dot = strrchr(name, '.');
    const CatalogObject *found =
        table ? catalog_ref_find(build, TABLE_KINDS, name, item->node->object.domain, &ambiguous) : NULL;
    if (table && !found && dot) {
        g_autofree char *parent = g_strndup(name, (gsize)(dot - name));
        found = catalog_ref_find(build, TABLE_KINDS, parent, item->node->object.domain, &ambiguous);
    }
    return found;
}

void catalog_resolve_references(CatalogBuild *build)
{
    for (guint i = 0; i < build->refs->len; i++) {
        const CatalogRef *ref = &g_array_index(build->refs, CatalogRef, i);
        bool ambiguous = false;
        if (ref->optional && !catalog_ref_find(build, TABLE_KINDS, ref->node->text,
                                               ref->item->node->object.domain, &ambiguous)) {
            expect_table(build, ref);
        }
    }
    for (guint i = 0; i < build->refs->len; i++) {
        const CatalogRef *ref = &g_array_index(build->refs, CatalogRef, i);
        switch (ref->type) {
        case CATALOG_KEY_FEATURES:
            resolve_feature(build, ref);
            break;
        case CATALOG_KEY_TARGET:
        case CATALOG_KEY_WATCHED:
        case CATALOG_KEY_GRANTED:
            resolve_target(build, ref);
            break;
        case CATALOG_KEY_COLUMN:
        case CATALOG_KEY_COLUMNS:
        case CATALOG_KEY_DENIED:
            break; /* when the columns of models are known */
        default:
            resolve_plain(build, ref);
        }
    }
}

/* ---- columns of the object itself
 * ----------------------------------------------------------------------------- */

void catalog_resolve_own_columns(CatalogBuild *build)
{
    for (guint i = 0; i < build->refs->len; i++) {
        const CatalogRef *ref = &g_array_index(build->refs, CatalogRef, i);
        bool column = ref->type == CATALOG_KEY_COLUMN || ref->type == CATALOG_KEY_COLUMNS;
        const CatalogObject *object = column ? &ref->item->node->object
                                      : ref->type == CATALOG_KEY_DENIED
                                          ? catalog_policy_table(build, ref->item)
                                          : NULL;
        if (!object || !object->columns || catalog_node(object)->columns_open ||
            catalog_columns_find(object->columns, ref->node->text)) {
            continue;
        }
        catalog_complain_column(build, ref->item, ref->node, ref->node->text, object);
    }
}

void catalog_complain_column(CatalogBuild *build, CatalogItem *item, const BaseYaml *node, const char *name,
                             const CatalogObject *table)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    for (guint i = 0; i < table->columns->len; i++) {
        const CatalogColumn *column = g_ptr_array_index(table->columns, i);
        g_ptr_array_add(names, column->name);
    }
    g_ptr_array_add(names, NULL);
    BaseDiag *diag =
        catalog_complain(build, item, node, BASE_E_COLUMN_UNKNOWN,
                         base_tr("`%s` has no column `%s`", "`%s` 没有列 `%s`"), table->full_name, name);
    base_diag_hint_nearest(diag, name, (const char *const *)names->pdata);
}
