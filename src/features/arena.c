/* Memory that is taken in pieces and emptied whole. After a reset the next use finds one block as large as
 * all that was taken, so that a steady load allocates nothing. */
#include "features/types.h"

#define FIRST_BYTES ((size_t)16 << 10)
#define KEPT_BYTES  ((size_t)16 << 20) /* a larger one is given back at a reset */
#define ALIGN       ((size_t)16)

typedef struct Block Block;
struct Block {
    Block *before;
    size_t bytes;
    char *memory;
};

struct FeaturesArena {
    Block *block; /* the one in use */
    size_t used;  /* of it */
    size_t total; /* bytes of all blocks */
};

static Block *block_new(size_t bytes, Block *before)
{
    Block *block = g_new(Block, 1);
    *block = (Block){.before = before, .bytes = bytes, .memory = g_aligned_alloc(1, bytes, ALIGN)};
    return block;
}

static void blocks_free(Block *block)
{
    while (block) {
        Block *before = block->before;
        g_aligned_free(block->memory);
        g_free(block);
        block = before;
    }
}

FeaturesArena *features_arena_new(void)
{
    return g_new0(FeaturesArena, 1);
}

void features_arena_reset(FeaturesArena *arena)
{
    arena->used = 0;
    if (arena->block && (arena->block->before || arena->total > KEPT_BYTES)) {
        size_t bytes = MIN(arena->total, KEPT_BYTES);
        blocks_free(arena->block);
        arena->block = block_new(bytes, NULL);
        arena->total = bytes;
    }
}

void features_arena_free(FeaturesArena *arena)
{
    if (arena) {
        blocks_free(arena->block);
        g_free(arena);
    }
}

void *features_arena_take(FeaturesArena *arena, size_t bytes)
{
    if (G_UNLIKELY(bytes > G_MAXSSIZE / 2)) {
        g_error("%" G_GSIZE_FORMAT " bytes asked of an arena", bytes);
    }
    size_t rounded = (MAX(bytes, 1) + ALIGN - 1) & ~(ALIGN - 1);
    if (G_UNLIKELY(!arena->block || arena->block->bytes - arena->used < rounded)) {
        size_t more = MAX(rounded, MAX(FIRST_BYTES, arena->total));
        arena->block = block_new(more, arena->block);
        arena->total += more;
        arena->used = 0;
    }
    void *piece = arena->block->memory + arena->used;
    arena->used += rounded;
    return piece;
}
