/* Stream decoders behind one face: gzip, zlib (deflate), bzip2, LZ4 frames, Zstandard. Members that follow
 * each other
 * (`cat a.gz b.gz`) are one stream. What comes out is bounded by the reader (load.max_bytes), so that a small
 * upload cannot grow without limit; windows are bounded here. */
#include <bzlib.h>
#include <lz4frame.h>
#include <zlib.h>
#include <zstd.h>

#include "intake/intake_int.h"

#define ZSTD_WINDOW_LOG_MAX_BYTES 27 /* 128 MiB, what `zstd -19` makes; larger windows are refused */

typedef enum { STEP_MORE, STEP_MEMBER_END, STEP_BAD } Step;

struct IntakeDecoder {
    IntakeCompression compression;
    bool inside; /* a member has begun and not ended */
    z_stream zlib;
    bz_stream bzip2;
    LZ4F_dctx *lz4;
    ZSTD_DStream *zstd;
    const char *reason;
};

static bool start(IntakeDecoder *decoder)
{
    switch (decoder->compression) {
    case INTAKE_GZ:
        return inflateInit2(&decoder->zlib, 15 + 16) == Z_OK;
    case INTAKE_DEFLATE:
        return inflateInit2(&decoder->zlib, 15 + 32) == Z_OK;
    case INTAKE_BZ2:
        return BZ2_bzDecompressInit(&decoder->bzip2, 0, 0) == BZ_OK;
    case INTAKE_LZ4:
        return !LZ4F_isError(LZ4F_createDecompressionContext(&decoder->lz4, LZ4F_VERSION));
    case INTAKE_ZSTD:
        decoder->zstd = ZSTD_createDStream();
        return decoder->zstd && !ZSTD_isError(ZSTD_DCtx_setParameter(decoder->zstd, ZSTD_d_windowLogMax,
                                                                     ZSTD_WINDOW_LOG_MAX_BYTES));
    default:
        return false;
    }
}

IntakeDecoder *intake_decoder_new(IntakeCompression compression, GError **error)
{
    g_autoptr(IntakeDecoder) decoder = g_new0(IntakeDecoder, 1);
    decoder->compression = compression;
    if (!start(decoder)) {
        base_fail(error, BASE_E_MEMORY, "no memory for a decoder");
        return NULL;
    }
    return g_steal_pointer(&decoder);
}

void intake_decoder_free(IntakeDecoder *decoder)
{
    if (!decoder) {
        return;
    }
    if (decoder->compression == INTAKE_GZ || decoder->compression == INTAKE_DEFLATE) {
        inflateEnd(&decoder->zlib);
    }
    if (decoder->compression == INTAKE_BZ2) {
        BZ2_bzDecompressEnd(&decoder->bzip2);
    }
    LZ4F_freeDecompressionContext(decoder->lz4);
    ZSTD_freeDStream(decoder->zstd);
    g_free(decoder);
}

static Step step_zlib(IntakeDecoder *decoder, const void *in, size_t *in_len, void *out, size_t *out_len)
{
    z_stream *z = &decoder->zlib;
    z->next_in = (Bytef *)(uintptr_t)in;
    z->avail_in = (uInt)MIN(*in_len, G_MAXUINT32);
    z->next_out = out;
    z->avail_out = (uInt)MIN(*out_len, G_MAXUINT32);
    uInt in_before = z->avail_in, out_before = z->avail_out;
    int code = inflate(z, Z_NO_FLUSH);
    *in_len = in_before - z->avail_in;
    *out_len = out_before - z->avail_out;
    if (code == Z_STREAM_END) {
        return inflateReset(z) == Z_OK ? STEP_MEMBER_END : STEP_BAD;
    }
    decoder->reason = z->msg;
    return code == Z_OK || code == Z_BUF_ERROR ? STEP_MORE : STEP_BAD;
}

static Step step_bzip2(IntakeDecoder *decoder, const void *in, size_t *in_len, void *out, size_t *out_len)
{
    bz_stream *b = &decoder->bzip2;
    b->next_in = (char *)(uintptr_t)in;
    b->avail_in = (unsigned)MIN(*in_len, G_MAXUINT32);
    b->next_out = out;
    b->avail_out = (unsigned)MIN(*out_len, G_MAXUINT32);
    unsigned in_before = b->avail_in, out_before = b->avail_out;
    int code = BZ2_bzDecompress(b);
    *in_len = in_before - b->avail_in;
    *out_len = out_before - b->avail_out;
    if (code == BZ_STREAM_END) {
        BZ2_bzDecompressEnd(b);
        memset(b, 0, sizeof *b);
        return BZ2_bzDecompressInit(b, 0, 0) == BZ_OK ? STEP_MEMBER_END : STEP_BAD;
    }
    return code == BZ_OK ? STEP_MORE : STEP_BAD;
}

static Step step_lz4(IntakeDecoder *decoder, const void *in, size_t *in_len, void *out, size_t *out_len)
{
    size_t code = LZ4F_decompress(decoder->lz4, out, out_len, in, in_len, NULL);
    if (LZ4F_isError(code)) {
        decoder->reason = LZ4F_getErrorName(code);
        return STEP_BAD;
    }
    return code == 0 ? STEP_MEMBER_END : STEP_MORE;
}

static Step step_zstd(IntakeDecoder *decoder, const void *in, size_t *in_len, void *out, size_t *out_len)
{
    ZSTD_inBuffer from = {in, *in_len, 0};
    ZSTD_outBuffer to = {out, *out_len, 0};
    size_t code = ZSTD_decompressStream(decoder->zstd, &to, &from);
    if (ZSTD_isError(code)) {
        decoder->reason = ZSTD_getErrorName(code);
        return STEP_BAD;
    }
    *in_len = from.pos;
    *out_len = to.pos;
    return code == 0 ? STEP_MEMBER_END : STEP_MORE;
}

static Step step(IntakeDecoder *decoder, const void *in, size_t *in_len, void *out, size_t *out_len)
{
    switch (decoder->compression) {
    case INTAKE_BZ2:
        return step_bzip2(decoder, in, in_len, out, out_len);
    case INTAKE_LZ4:
        return step_lz4(decoder, in, in_len, out, out_len);
    case INTAKE_ZSTD:
        return step_zstd(decoder, in, in_len, out, out_len);
    default:
        return step_zlib(decoder, in, in_len, out, out_len);
    }
}

static const char *name_of(IntakeCompression compression)
{
    static const char *const NAMES[] = {"plain", "gz", "bz2", "lz4", "zstd", "deflate"};
    return NAMES[compression];
}

bool intake_decoder_run(IntakeDecoder *decoder, const void *in, size_t in_len, size_t *ret_used, void *out,
                        size_t out_len, size_t *ret_made, GError **error)
{
    size_t used = 0, made = 0;
    while (made < out_len) {
        size_t n_in = in_len - used, n_out = out_len - made;
        if (n_in == 0 && !decoder->inside) {
            break; /* a new member begins with input only */
        }
        Step how = step(decoder, (const char *)in + used, &n_in, (char *)out + made, &n_out);
        if (how == STEP_BAD) {
            return base_fail(error, BASE_E_FORMAT_INVALID, "the body is not valid %s: %s",
                             name_of(decoder->compression), decoder->reason ? decoder->reason : "data error");
        }
        used += n_in;
        made += n_out;
        decoder->inside = how == STEP_MORE;
        if (n_in == 0 && n_out == 0) {
            break; /* wants more input */
        }
    }
    *ret_used = used;
    *ret_made = made;
    return true;
}

bool intake_decoder_finish(const IntakeDecoder *decoder, GError **error)
{
    if (decoder->inside) {
        return base_fail(error, BASE_E_FORMAT_INVALID, "the %s body ends too early",
                         name_of(decoder->compression));
    }
    return true;
}
