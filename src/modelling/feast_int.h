/* Inside the import of Feast's registries.
 *
 *   feast.proto      what of a registry's messages is read
 *   feast_decode.c   bytes -> FeastRegistry, checked
 *   feast_sqlite.c   a registry in SQLite -> the same bytes
 *   feast.c          where the registry is; nodes and notes; the order of steps; the answer
 *   feast_view.c     entities, the tables that views read, views
 *   feast_service.c  services; drafts of what is computed in Python; what has no place
 *   feast_write.c    files of the new project, and Weir's own judgement of what was written */
#ifndef WEIR_MODELLING_FEAST_INT_H
#define WEIR_MODELLING_FEAST_INT_H

#include <protobuf-c/protobuf-c.h>

#include "feast.pb-c.h"
#include "modelling/import_int.h"

#define FEAST_MAX_REGISTRY_BYTES ((size_t)64 * 1024 * 1024)
/* Of memory, read: empty messages take two bytes of the file and a hundred here. */
#define FEAST_MAX_MEMORY_BYTES ((size_t)512 * 1024 * 1024)
#define FEAST_MAX_ENTRIES      20000 /* of one list: views of a registry, features of a view */

/* ---- feast_decode.c ---- */

typedef struct {
    Feast__Registry *message;
    json_t *unknown; /* {"feast.ViewSpec": [numbers of fields]}: set, but not known here */
    ProtobufCAllocator allocator;
    size_t spare_bytes; /* of FEAST_MAX_MEMORY_BYTES */
    bool full;          /* more was asked for */
} FeastRegistry;

/* DEFINITIONS_INVALID: no registry of Feast; a text in it is not UTF-8. VALUE_TOO_LARGE: more than
 * the limits above. */
FeastRegistry *feast_registry_new(const void *bytes, size_t len, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void feast_registry_free(FeastRegistry *registry);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FeastRegistry, feast_registry_free)

/* ---- feast_sqlite.c ---- */

bool feast_is_sqlite(const char *bytes, size_t len);
/* The registry in a database, as the file that Feast would have written; the database is only read.
 * DEFINITIONS_INVALID: none of Feast's tables is in it. VALUE_TOO_LARGE. */
GByteArray *feast_sqlite_read(const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- feast.c ---- */

typedef struct {
    const char *section; /* "entities", "tables", ... */
    char *domain, *name;
    json_t *definition;
    json_t *source; /* TABLE: the entry of `sources` that fills it; NULL = none */
    char *written;  /* path in the new project; NULL */
    bool left;
} FeastNode;

typedef struct {
    const char *out;
    char *dir;  /* the repository; NULL when the registry itself was named */
    char *path; /* of the registry */
    char *file; /* the same as notes name it */
    FeastRegistry *registry;
    GPtrArray *nodes;   /* FeastNode* */
    GHashTable *tables; /* "project\nsource" -> FeastNode*, borrowed */
    json_t *projects;   /* {project: domain} */
    json_t *domains;    /* entries of `domains` */
    json_t *left, *changed, *files, *drafts;
} FeastImport;

void feast_left(FeastImport *import, const char *object, const char *format, ...) G_GNUC_PRINTF(3, 4);
void feast_changed(FeastImport *import, const char *object, const char *format, ...) G_GNUC_PRINTF(3, 4);
/* The domain of a project; one more entry of `domains` at its first time. */
const char *feast_domain(FeastImport *import, const char *project);
/* Takes `definition`. NULL, and it is listed, when the name is none in Weir or there is one of that name. */
FeastNode *feast_node_add(FeastImport *import, const char *section, const char *project, const char *name,
                          json_t *definition);
FeastNode *feast_node_find(const FeastImport *import, const char *section, const char *domain,
                           const char *name);

/* ---- feast_view.c ---- */

void feast_take_entities(FeastImport *import);
void feast_take_views(FeastImport *import);
/* Type of a feature, "int64", "array(float)"; NULL when Weir has none such. */
const char *feast_type(gint32 value_type);
const char *feast_type_name(gint32 value_type); /* as Feast calls it */
/* description, owner, tags, as far as there are any. */
void feast_say(json_t *definition, const char *description, const char *owner, Feast__Pair **tags,
               size_t n_tags);

/* ---- feast_service.c ---- */

void feast_take_services(FeastImport *import);
bool feast_take_computed(FeastImport *import, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void feast_list_rest(FeastImport *import);

/* ---- feast_write.c ---- */

bool feast_write(FeastImport *import, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
