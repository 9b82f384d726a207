/* MySQL's system variables: one table (server/sysvars.c) of names, defaults and kinds, from which SHOW
 * VARIABLES, SELECT @@x and SET x are answered. A session keeps only the values that it changed. */
#ifndef WEIR_SERVER_SYSVARS_H
#define WEIR_SERVER_SYSVARS_H

#include <glib.h>
#include <stdbool.h>

typedef enum {
    SERVER_SYSVAR_TEXT,
    SERVER_SYSVAR_INT,
    SERVER_SYSVAR_REAL,
    SERVER_SYSVAR_BOOL /* ON, OFF; 1 and 0 in SELECT @@x */
} ServerSysvarType;

typedef struct {
    const char *name; /* lower case */
    ServerSysvarType type;
    bool read_only;    /* SET is refused (1238) */
    const char *value; /* default, as SHOW VARIABLES prints it */
} ServerSysvar;

/* Sorted by name. */
const ServerSysvar *server_sysvars(size_t *ret_n);
/* Case folded; NULL when there is none. */
const ServerSysvar *server_sysvar_find(const char *name);

#endif
