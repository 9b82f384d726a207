/* Between cli/demo.c, which makes and serves the example, and cli/demo_check.c, which asks it questions. */
#ifndef WEIR_CLI_DEMO_RUN_INT_H
#define WEIR_CLI_DEMO_RUN_INT_H

#include "cli/demo_int.h"

#define DEMO_USER "demo"

/* What a check needs to know of a served demo. */
typedef struct {
    const char *http;  /* "http://127.0.0.1:8030" */
    const char *mysql; /* "127.0.0.1:9030" */
    const char *token; /* of the machine's own user */
    gint64 n_plays;    /* distinct plays that were generated */
} DemoServed;
/* Asks over HTTP and with the MySQL client that is installed; a line on stdout for each check. True when all
 * held. */
bool demo_check(const DemoServed *served);

#endif
