/* The words that MySQL reserves, and those that it knows and does not reserve. NULL-terminated, sorted. */
#ifndef WEIR_SERVER_MYSQL_KEYWORDS_H
#define WEIR_SERVER_MYSQL_KEYWORDS_H

extern const char *const SERVER_MYSQL_RESERVED[];
extern const char *const SERVER_MYSQL_UNRESERVED[];

#endif
