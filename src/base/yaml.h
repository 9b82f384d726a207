/* YAML with positions: libyaml's events as a tree whose every node knows where it stands.
 *
 * YAML 1.2 core: only true/false are booleans ("no" and "on" are text). Anchors and aliases work,
 * merge keys (<<) too. Duplicate keys are an error. Depth and size are limited
 * (BASE_YAML_MAX_DEPTH, BASE_YAML_MAX_BYTES), so that a hostile file costs nothing. */
#ifndef WEIR_BASE_YAML_H
#define WEIR_BASE_YAML_H

#include <glib.h>
#include <stdbool.h>

#include "base/diag.h"

#define BASE_YAML_MAX_DEPTH 64
#define BASE_YAML_MAX_BYTES (16 * 1024 * 1024)
#define BASE_YAML_MAX_NODES 1000000 /* after aliases are followed */

typedef enum { BASE_YAML_SCALAR, BASE_YAML_LIST, BASE_YAML_MAP } BaseYamlType;

typedef struct BaseYaml BaseYaml;
struct BaseYaml {
    BaseYamlType type;
    unsigned line, column, end_column; /* from 1, where the node starts */
    char *text;                        /* SCALAR: its text */
    bool quoted;                       /* SCALAR: was in quotes, hence text whatever it looks like */
    GPtrArray *items;                  /* LIST: BaseYaml*; MAP: values, in file order */
    GPtrArray *keys;                   /* MAP: BaseYaml* scalars, parallel to items */
};

/* Parses one document (an empty one is an empty MAP). `line0`, `column0` are added to positions, so
 * that a header inside a SQL file points into that file. Adds what is wrong to `diags` and returns
 * NULL on a syntax error. */
BaseYaml *base_yaml_parse(const char *text, size_t len, const char *file, unsigned line0, unsigned column0,
                          BaseDiags *diags) G_GNUC_WARN_UNUSED_RESULT;
void base_yaml_free(BaseYaml *node);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BaseYaml, base_yaml_free)

/* The value under `key`; NULL when absent or when `map` is not a map. *ret_key may be NULL. */
const BaseYaml *base_yaml_get(const BaseYaml *map, const char *key, const BaseYaml **ret_key);
/* Scalars by their YAML 1.2 type: true when the node is one. */
bool base_yaml_is_null(const BaseYaml *node);
bool base_yaml_to_int(const BaseYaml *node, gint64 *ret);
bool base_yaml_to_bool(const BaseYaml *node, bool *ret);
bool base_yaml_to_real(const BaseYaml *node, double *ret);
/* As JSON, types by the YAML 1.2 core schema. Caller owns it. */
json_t *base_yaml_to_json(const BaseYaml *node);

#endif
