/* `weir demo`: the example project of a music-streaming company, made, loaded, built, checked and served.
 *
 * cli/demo.c. With `check`: does all of it, asks its own doors (HTTP, MySQL) for known answers, stops,
 * removes nothing. */
#ifndef WEIR_CLI_DEMO_H
#define WEIR_CLI_DEMO_H

#include <glib.h>
#include <stdbool.h>

typedef struct {
    const char *dir;          /* folder to make; NULL = ./weir-demo */
    const char *http, *mysql; /* HOST:PORT; NULL = the usual ones, or free ports when they are taken */
    bool check;
    bool quiet; /* no progress */
} CliDemoOptions;

/* Returns an exit code; has printed its own error. */
int cli_demo(const CliDemoOptions *options);

#endif
