/* Keys of the MySQL port. See tls_int.h. */
#include "server/mysql/tls_int.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/fs.h"

#define RSA_BITS      2048
#define CERT_DAYS     3650
#define MAX_PEM_BYTES (1024u * 1024u)

struct MysqlTls {
    const BaseConfig *config;
    char *data_dir;
    GMutex lock; /* guards what follows while it is made */
    SSL_CTX *context;
    EVP_PKEY *rsa;
    char *rsa_public;
};

G_DEFINE_AUTOPTR_CLEANUP_FUNC(EVP_PKEY, EVP_PKEY_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EVP_PKEY_CTX, EVP_PKEY_CTX_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(X509, X509_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BIO, BIO_free_all)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SSL_CTX, SSL_CTX_free)

MysqlTls *mysql_tls_new(const BaseConfig *config, const char *data_dir)
{
    MysqlTls *tls = g_new0(MysqlTls, 1);
    tls->config = config;
    tls->data_dir = g_strdup(data_dir);
    g_mutex_init(&tls->lock);
    return tls;
}

void mysql_tls_free(MysqlTls *tls)
{
    if (!tls) {
        return;
    }
    SSL_CTX_free(tls->context);
    EVP_PKEY_free(tls->rsa);
    g_free(tls->rsa_public);
    g_free(tls->data_dir);
    g_mutex_clear(&tls->lock);
    g_free(tls);
}

static bool fail_openssl(GError **error, BaseErrorCode code, const char *what)
{
    unsigned long number = ERR_get_error();
    const char *reason = number ? ERR_reason_error_string(number) : NULL;
    ERR_clear_error();
    return base_fail(error, code, "%s: %s", what, reason ? reason : "no reason given");
}

/* ---- a certificate of our own ---------------------------------------------------------------------- */

static bool add_names(X509 *cert)
{
    X509_NAME *name = X509_get_subject_name(cert);
    if (X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"weir", -1, -1, 0) != 1 ||
        X509_set_issuer_name(cert, name) != 1) {
        return false;
    }
    X509_EXTENSION *names =
        X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1,IP:::1");
    bool added = names && X509_add_ext(cert, names, -1) == 1;
    X509_EXTENSION_free(names);
    return added;
}

static X509 *make_cert(EVP_PKEY *key)
{
    g_autoptr(X509) cert = X509_new();
    if (!cert || X509_set_version(cert, X509_VERSION_3) != 1) {
        return NULL;
    }
    ASN1_INTEGER_set_uint64(X509_get_serialNumber(cert), (guint64)g_get_real_time());
    if (!X509_gmtime_adj(X509_getm_notBefore(cert), -3600) ||
        !X509_time_adj_ex(X509_getm_notAfter(cert), CERT_DAYS, 0, NULL) || X509_set_pubkey(cert, key) != 1 ||
        !add_names(cert) || X509_sign(cert, key, EVP_sha256()) == 0) {
        return NULL;
    }
    return g_steal_pointer(&cert);
}

static bool write_pem(BIO *memory, const char *path, GError **error)
{
    char *bytes = NULL;
    long len = BIO_get_mem_data(memory, &bytes);
    return base_fs_write(path, bytes, (size_t)len, 0600, error);
}

static bool make_own(const char *cert_path, const char *key_path, GError **error)
{
    g_autoptr(EVP_PKEY) key = EVP_EC_gen("P-256");
    g_autoptr(X509) cert = key ? make_cert(key) : NULL;
    g_autoptr(BIO) key_pem = BIO_new(BIO_s_mem());
    g_autoptr(BIO) cert_pem = BIO_new(BIO_s_mem());
    if (!cert || !key_pem || !cert_pem ||
        PEM_write_bio_PKCS8PrivateKey(key_pem, key, NULL, NULL, 0, NULL, NULL) != 1 ||
        PEM_write_bio_X509(cert_pem, cert) != 1) {
        return fail_openssl(error, BASE_E_INTERNAL, "a certificate could not be made");
    }
    return write_pem(key_pem, key_path, error) && write_pem(cert_pem, cert_path, error);
}

/* ---- context ------------------------------------------------------------------------------------------ */

static SSL_CTX *load_context(const char *cert_path, const char *key_path, GError **error)
{
    g_autoptr(SSL_CTX) context = SSL_CTX_new(TLS_server_method());
    if (!context) {
        fail_openssl(error, BASE_E_INTERNAL, "TLS could not start");
        return NULL;
    }
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF);
    if (SSL_CTX_use_certificate_chain_file(context, cert_path) != 1 ||
        SSL_CTX_use_PrivateKey_file(context, key_path, SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(context) != 1) {
        g_autofree char *what = g_strdup_printf("certificate `%s` with key `%s`", cert_path, key_path);
        fail_openssl(error, BASE_E_CONFIG_INVALID, what);
        return NULL;
    }
    return g_steal_pointer(&context);
}

static SSL_CTX *open_context(MysqlTls *tls, GError **error)
{
    const char *cert = base_config_text(tls->config, BASE_CONFIG_TLS_CERT);
    const char *key = base_config_text(tls->config, BASE_CONFIG_TLS_KEY);
    if (*cert) {
        return load_context(cert, *key ? key : cert, error);
    }
    g_autofree char *own_cert = g_build_filename(tls->data_dir, "mysql_cert.pem", NULL);
    g_autofree char *own_key = g_build_filename(tls->data_dir, "mysql_key.pem", NULL);
    bool have = g_file_test(own_cert, G_FILE_TEST_EXISTS) && g_file_test(own_key, G_FILE_TEST_EXISTS);
    if (!have && !make_own(own_cert, own_key, error)) {
        return NULL;
    }
    return load_context(own_cert, own_key, error);
}

void *mysql_tls_context(MysqlTls *tls, GError **error)
{
    g_mutex_lock(&tls->lock);
    if (!tls->context) {
        tls->context = open_context(tls, error);
    }
    SSL_CTX *context = tls->context;
    g_mutex_unlock(&tls->lock);
    return context;
}

/* ---- RSA ------------------------------------------------------------------------------------------------
 */

static bool make_rsa(MysqlTls *tls, GError **error)
{
    g_autoptr(EVP_PKEY) key = EVP_RSA_gen(RSA_BITS);
    g_autoptr(BIO) pem = BIO_new(BIO_s_mem());
    if (!key || !pem || PEM_write_bio_PUBKEY(pem, key) != 1) {
        return fail_openssl(error, BASE_E_INTERNAL, "an RSA key could not be made");
    }
    char *bytes = NULL;
    long len = BIO_get_mem_data(pem, &bytes);
    tls->rsa_public = g_strndup(bytes, (size_t)len);
    tls->rsa = g_steal_pointer(&key);
    return true;
}

const char *mysql_tls_public_key(MysqlTls *tls, GError **error)
{
    g_mutex_lock(&tls->lock);
    bool made = tls->rsa || make_rsa(tls, error);
    g_mutex_unlock(&tls->lock);
    return made ? tls->rsa_public : NULL;
}

bool mysql_tls_decrypt(MysqlTls *tls, const guint8 *bytes, size_t len, guint8 **ret, size_t *ret_len,
                       GError **error)
{
    if (!mysql_tls_public_key(tls, error)) {
        return false;
    }
    g_autoptr(EVP_PKEY_CTX) context = EVP_PKEY_CTX_new(tls->rsa, NULL);
    size_t room = (size_t)EVP_PKEY_get_size(tls->rsa);
    g_autofree guint8 *out = g_malloc0(room);
    if (!context || EVP_PKEY_decrypt_init(context) != 1 ||
        EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) != 1 ||
        EVP_PKEY_decrypt(context, out, &room, bytes, len) != 1) {
        ERR_clear_error();
        return base_fail(error, BASE_E_PROTOCOL, "the password could not be decrypted");
    }
    *ret = g_steal_pointer(&out);
    *ret_len = room;
    return true;
}
