/* Inside the import of dbt projects.
 *
 *   dbt.c           the folders of a dbt project; nodes; the order of steps; the answer
 *   dbt_yaml.c      properties of models, sources, seeds, snapshots; what is in them that has no place
 *   dbt_literal.c   the arguments of a Jinja call as JSON
 *   dbt_sql.c       the forms of Jinja that carry over, in the SQL of a model
 *   dbt_config.c    config of dbt as keys of Weir
 *   dbt_checks.c    tests of dbt as checks
 *   dbt_write.c     files of the new project, drafts, and Weir's own judgement of what was written */
#ifndef WEIR_MODELLING_DBT_INT_H
#define WEIR_MODELLING_DBT_INT_H

#include "base/yaml.h"
#include "modelling/import_int.h"

#define DBT_MAX_FILE_BYTES ((size_t)4 * 1024 * 1024)

typedef enum { DBT_MODEL, DBT_SNAPSHOT, DBT_SEED, DBT_SOURCE } DbtKind;

typedef struct {
    DbtKind kind;
    char *name;         /* as dbt has it; of a source its table */
    char *source;       /* SOURCE: name of the source; NULL otherwise */
    char *table;        /* name in Weir */
    char *domain;       /* in Weir */
    char *file;         /* relative to the dbt project */
    unsigned line;      /* where it begins in `file` */
    unsigned body_line; /* SNAPSHOT: where its SELECT begins */
    char *text;         /* MODEL, SNAPSHOT: what stands in the file; NULL otherwise */
    char *sql;          /* MODEL, SNAPSHOT: the same as Weir's SQL; NULL until it is translated */
    json_t *config;     /* of dbt_project.yml, properties and the file, the later before the earlier */
    const BaseYaml *properties; /* borrowed; NULL = none */
    const char *properties_file;
    GPtrArray *reads;    /* DbtNode* */
    bool reads_itself;   /* {{ this }} outside of a filter that became an interval */
    unsigned block_line; /* of the first `{% if is_incremental() %}`; 0 = none */
    char *time;          /* output column of the interval that such a block became; NULL */
    json_t *header;      /* keys of Weir's definition */
    char *written;       /* path in the new project; NULL */
    bool left;           /* not carried over */
} DbtNode;

typedef struct {
    const char *dir, *out;
    char *name, *domain;
    BaseYaml *project;
    GPtrArray *yamls; /* BaseYaml*, kept alive */
    GPtrArray *names; /* char*, their files */
    GPtrArray *nodes; /* DbtNode* */
    json_t *vars;
    json_t *left, *changed, *files;
    gint64 n_checks;
} DbtImport;

/* ---- dbt.c ---- */
void dbt_left(DbtImport *import, const char *file, unsigned line, const char *object, const char *format, ...)
    G_GNUC_PRINTF(5, 6);
void dbt_changed(DbtImport *import, const char *file, unsigned line, const char *object, const char *format,
                 ...) G_GNUC_PRINTF(5, 6);
/* dbt_left for a node, which is not carried over then. */
void dbt_leave(DbtImport *import, DbtNode *node, unsigned line, const char *format, ...) G_GNUC_PRINTF(4, 5);
DbtNode *dbt_node_new(DbtImport *import, DbtKind kind, const char *name, const char *file, unsigned line);
DbtNode *dbt_find(const DbtImport *import, const char *name);                            /* not sources */
DbtNode *dbt_find_source(const DbtImport *import, const char *source, const char *name); /* NULL = none */

/* ---- dbt_yaml.c ---- */
void dbt_read_yaml(DbtImport *import, const BaseYaml *root, const char *file);
/* Lists every key of `map` that is not among `known` (NULL-terminated). */
void dbt_list_unknown(DbtImport *import, const BaseYaml *map, const char *const *known, const char *file,
                      const char *object);
const char *dbt_yaml_text(const BaseYaml *map, const char *key); /* "" when absent or no scalar */
unsigned dbt_yaml_line(const BaseYaml *map, const char *key, unsigned fallback);

/* ---- dbt_literal.c ---- */
/* `'a', b=[1, True], c={'x': none}` as {"args": [...], "kwargs": {...}}; NULL when there is anything but
 * literals in it. */
json_t *dbt_arguments(const char *text);

/* ---- dbt_sql.c ---- */
/* config() calls are taken into node->config; with `translate` node->sql, reads and so on are filled, else
 * nothing else happens. What does not carry over leaves the node. */
void dbt_sql_config(DbtImport *import, DbtNode *node);
void dbt_sql_translate(DbtImport *import, DbtNode *node);
/* `ref('a')` or `source('a', 'b')`, with or without braces, as the name that SQL in the project's own domain
 * reads; NULL when it is no such thing or leads nowhere. */
DbtNode *dbt_sql_target(DbtImport *import, const char *text);
char *dbt_sql_name(const DbtImport *import, const DbtNode *target, bool history);

/* ---- dbt_config.c, dbt_checks.c ---- */
void dbt_config_project(DbtImport *import, DbtNode *node); /* what dbt_project.yml says of it */
void dbt_config_alias(DbtImport *import, DbtNode *node);   /* before any SQL is translated */
void dbt_config_header(DbtImport *import, DbtNode *node);  /* node->header */
void dbt_checks_of(DbtImport *import, DbtNode *node);      /* columns and checks of node->header */

/* ---- dbt_write.c ---- */
bool dbt_write(DbtImport *import, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
