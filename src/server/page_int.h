/* The status page's files, embedded (server/page/; made into page_files.c by tools/embed.py). */
#ifndef WEIR_SERVER_PAGE_INT_H
#define WEIR_SERVER_PAGE_INT_H

#include <stddef.h>

typedef struct {
    const char *path, *type;
    const unsigned char *bytes;
    size_t len;
} ServerPageFile;

extern const ServerPageFile SERVER_PAGE_FILES[];
extern const size_t SERVER_N_PAGE_FILES;

#endif
