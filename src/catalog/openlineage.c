/* A lineage graph as OpenLineage: one DatasetEvent for each object that has columns or receives data, with
 * the facets schema (1-1-1) and columnLineage (1-2-0). The format: openlineage.io/spec/2-0-2/OpenLineage.json
 * and its facets; transformations: DIRECT IDENTITY, TRANSFORMATION, AGGREGATION; INDIRECT FILTER. What
 * decides the rows of a whole dataset stands in the facet's `dataset` list. */
#include "base/time.h"
#include "catalog/catalog_int.h"

#define PRODUCER    "urn:weir:" WEIR_VERSION
#define SPEC        "https://openlineage.io/spec/"
#define EVENT_URL   SPEC "2-0-2/OpenLineage.json#/$defs/DatasetEvent"
#define SCHEMA_URL  SPEC "facets/1-1-1/SchemaDatasetFacet.json#/$defs/SchemaDatasetFacet"
#define LINEAGE_URL SPEC "facets/1-2-0/ColumnLineageDatasetFacet.json#/$defs/ColumnLineageDatasetFacet"

static json_t *facet(const char *schema)
{
    return json_pack("{s:s, s:s}", "_producer", PRODUCER, "_schemaURL", schema);
}

static json_t *transformation(const char *how)
{
    bool filter = g_str_equal(how, "filter");
    const char *subtype = filter                           ? "FILTER"
                          : g_str_equal(how, "direct")     ? "IDENTITY"
                          : g_str_equal(how, "aggregated") ? "AGGREGATION"
                                                           : "TRANSFORMATION";
    return json_pack("{s:s, s:s, s:s, s:b}", "type", filter ? "INDIRECT" : "DIRECT", "subtype", subtype,
                     "description", "", "masking", 0);
}

static json_t *input_field(const char *space, const CatalogObject *from, const json_t *edge)
{
    json_t *input = json_pack("{s:s, s:s, s:s}", "namespace", space, "name", from->full_name, "field",
                              base_json_string(edge, "from_column", ""));
    json_object_set_new(input, "transformations",
                        json_pack("[o]", transformation(base_json_string(edge, "how", ""))));
    return input;
}

static json_t *lineage_facet(const CatalogSnapshot *snapshot, const char *space, const json_t *graph,
                             const char *id)
{
    json_t *fields = json_object();
    json_t *dataset = json_array();
    size_t i;
    json_t *edge;
    json_array_foreach (json_object_get(graph, "edges"), i, edge) {
        const CatalogObject *from = catalog_by_id(snapshot, base_json_string(edge, "from", ""));
        const char *to_column = base_json_string(edge, "to_column", NULL);
        if (!from || !g_str_equal(base_json_string(edge, "to", ""), id) ||
            !base_json_string(edge, "from_column", NULL)) {
            continue;
        }
        json_t *input = input_field(space, from, edge);
        if (!to_column) {
            json_array_append_new(dataset, input);
            continue;
        }
        json_t *field = json_object_get(fields, to_column);
        if (!field) {
            field = json_pack("{s:[]}", "inputFields");
            json_object_set_new(fields, to_column, field);
        }
        json_array_append_new(json_object_get(field, "inputFields"), input);
    }
    json_t *out = facet(LINEAGE_URL);
    json_object_set_new(out, "fields", fields);
    if (json_array_size(dataset) > 0) {
        json_object_set(out, "dataset", dataset);
    }
    json_decref(dataset);
    return out;
}

static json_t *schema_facet(const CatalogObject *object)
{
    json_t *fields = json_array();
    for (guint i = 0; i < object->columns->len; i++) {
        const CatalogColumn *column = g_ptr_array_index(object->columns, i);
        json_t *field = json_pack("{s:s}", "name", column->name);
        if (*column->type) {
            base_json_set_string(field, "type", column->type);
        }
        if (column->comment && *column->comment) {
            base_json_set_string(field, "description", column->comment);
        }
        json_array_append_new(fields, field);
    }
    json_t *out = facet(SCHEMA_URL);
    json_object_set_new(out, "fields", fields);
    return out;
}

json_t *catalog_lineage_openlineage(const CatalogSnapshot *snapshot, const json_t *graph)
{
    g_autofree char *space = g_strdup_printf("weir://%s", *snapshot->name ? snapshot->name : "project");
    g_autofree char *now = base_time_format_iso(base_time_now_us());
    json_t *events = json_array();
    size_t i;
    json_t *node;
    json_array_foreach (json_object_get(graph, "nodes"), i, node) {
        const char *id = base_json_string(node, "id", "");
        const CatalogObject *object = catalog_by_id(snapshot, id);
        if (!object) {
            continue;
        }
        json_t *facets = json_object();
        if (object->columns) {
            json_object_set_new(facets, "schema", schema_facet(object));
        }
        json_object_set_new(facets, "columnLineage", lineage_facet(snapshot, space, graph, id));
        json_t *dataset =
            json_pack("{s:s, s:s, s:o}", "namespace", space, "name", object->full_name, "facets", facets);
        json_array_append_new(events, json_pack("{s:s, s:s, s:s, s:o}", "eventTime", now, "producer",
                                                PRODUCER, "schemaURL", EVENT_URL, "dataset", dataset));
    }
    return events;
}
