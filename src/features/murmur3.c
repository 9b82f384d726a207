/* MurmurHash3_x86_32, after its published description (github.com/aappleby/smhasher, MurmurHash3.cpp, public
 * domain). */
#include "features/online_int.h"

static inline guint32 rotate(guint32 x, unsigned by)
{
    return (x << by) | (x >> (32 - by));
}

static inline guint32 scramble(guint32 k)
{
    return rotate(k * 0xcc9e2d51u, 15) * 0x1b873593u;
}

guint32 features_int_murmur3(const void *bytes, size_t len, guint32 seed)
{
    const guint8 *at = bytes;
    guint32 hash = seed, tail = 0;
    for (size_t left = len; left >= 4; left -= 4, at += 4) {
        guint32 word;
        memcpy(&word, at, 4);
        hash = rotate(hash ^ scramble(GUINT32_FROM_LE(word)), 13) * 5 + 0xe6546b64u;
    }
    for (size_t i = len % 4; i-- > 0;) {
        tail = tail << 8 | at[i];
    }
    hash ^= scramble(tail) ^ (guint32)len;
    hash = (hash ^ hash >> 16) * 0x85ebca6bu;
    hash = (hash ^ hash >> 13) * 0xc2b2ae35u;
    return hash ^ hash >> 16;
}
