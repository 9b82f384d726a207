/* Bump memory for what one batch of rows needs beside its block: unescaped fields, nested JSON as text. */
#include "intake/intake_int.h"

#define ARENA_PIECE_BYTES (64 * 1024)

typedef struct Piece Piece;
struct Piece {
    Piece *next;
    size_t used, capacity;
    char data[];
};

struct IntakeArena {
    Piece *first; /* the newest */
};

IntakeArena *intake_arena_new(void)
{
    return g_new0(IntakeArena, 1);
}

static void free_pieces(Piece *piece)
{
    while (piece) {
        Piece *next = piece->next;
        g_free(piece);
        piece = next;
    }
}

void intake_arena_free(IntakeArena *arena)
{
    if (arena) {
        free_pieces(arena->first);
        g_free(arena);
    }
}

char *intake_arena_alloc(IntakeArena *arena, size_t len)
{
    Piece *piece = arena->first;
    if (!piece || piece->capacity - piece->used < len) {
        size_t capacity = MAX(len, ARENA_PIECE_BYTES);
        piece = g_malloc(sizeof(Piece) + capacity);
        piece->next = arena->first;
        piece->used = 0;
        piece->capacity = capacity;
        arena->first = piece;
    }
    char *at = piece->data + piece->used;
    piece->used += len;
    return at;
}

void intake_arena_reset(IntakeArena *arena)
{
    if (!arena->first) {
        return;
    }
    free_pieces(arena->first->next);
    arena->first->next = NULL;
    arena->first->used = 0;
}
