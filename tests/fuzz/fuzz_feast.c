/* Any bytes as a registry of Feast: a registry or an error, and all texts of it UTF-8. */
#include "fuzz.h"
#include "modelling/feast_int.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(FeastRegistry) registry = feast_registry_new(data, size, &error);
    if ((registry == NULL) != (error != NULL)) {
        g_error("no registry and no error");
    }
    for (size_t i = 0; registry && i < registry->message->n_views; i++) {
        const Feast__ViewSpec *spec = registry->message->views[i]->spec;
        if (spec && !g_utf8_validate(spec->name, -1, NULL)) {
            g_error("a name that is not UTF-8");
        }
    }
    return 0;
}
