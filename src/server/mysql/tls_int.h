/* Keys of the MySQL port: a TLS context and an RSA key for passwords without TLS.
 *
 * tls.cert and tls.key are used when configured; else a certificate is made for this data folder (P-256, ten
 * years, <data>/mysql_cert.pem and mysql_key.pem, mode 0600), so that a client's "TLS preferred" works from
 * the first hour. The RSA key (2048 bits) of caching_sha2_password lives in memory and is made when first
 * asked for. */
#ifndef WEIR_SERVER_MYSQL_TLS_INT_H
#define WEIR_SERVER_MYSQL_TLS_INT_H

#include <glib.h>
#include <stdbool.h>

#include "base/config.h"

typedef struct MysqlTls MysqlTls;

/* Cheap: keys are read or made at first use. Borrows both. */
MysqlTls *mysql_tls_new(const BaseConfig *config, const char *data_dir);
void mysql_tls_free(MysqlTls *tls);
/* SSL_CTX *, borrowed. Errors: CONFIG_INVALID, FILE_IO. Thread: any. */
void *mysql_tls_context(MysqlTls *tls, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The public key as PEM, borrowed; NULL + error. */
const char *mysql_tls_public_key(MysqlTls *tls, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* RSA-OAEP. Caller frees *ret (ret_len bytes). Errors: PROTOCOL. */
bool mysql_tls_decrypt(MysqlTls *tls, const guint8 *bytes, size_t len, guint8 **ret, size_t *ret_len,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
