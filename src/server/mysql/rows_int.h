/* The hot path: chunks of the engine -> rows of the MySQL protocol, text or binary.
 *
 * A column has one encoder, chosen once for a result. Numbers and dates are written straight into the output,
 * without allocation or printf; texts are copied once; everything else is formatted by the engine into a
 * scratch text that is reused. What MySQL's types cannot hold (NaN, infinities, dates outside the years 0 to
 * 9999) is sent as NULL. */
#ifndef WEIR_SERVER_MYSQL_ROWS_INT_H
#define WEIR_SERVER_MYSQL_ROWS_INT_H

#include "server/mysql/codec_int.h"

typedef struct MysqlRows MysqlRows;

/* `zone` is the session's, for TIMESTAMP WITH TIME ZONE; a reference is taken. */
MysqlRows *mysql_rows_new(const EngineType *types, size_t n_columns, GTimeZone *zone, bool binary);
void mysql_rows_free(MysqlRows *rows);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MysqlRows, mysql_rows_free)

/* Appends rows from `row` on, each as a packet, until the chunk ends or `buf` holds stop_at_bytes. Returns
 * the row to go on with (= rows of the chunk: done). */
size_t mysql_rows_put(MysqlRows *rows, MysqlBuf *buf, const EngineChunk *chunk, size_t row,
                      size_t stop_at_bytes);

#endif
