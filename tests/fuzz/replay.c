/* Replays a corpus folder through a fuzz target, as an ordinary test: what a fuzzer once found stays found.
 */
#include "base/fs.h"
#include "fuzz.h"

#define REPLAY_MAX_BYTES ((size_t)64 * 1024 * 1024)

static bool replay(const char *path, const char *relative, gpointer user, GError **error)
{
    size_t len = 0;
    g_autofree char *text = base_fs_read(path, REPLAY_MAX_BYTES, &len, error);
    if (text == NULL) {
        return false;
    }
    /* An exact block on the heap, so that a read past the end is seen by the address sanitizer. */
    g_autofree uint8_t *data = g_malloc(MAX(len, 1));
    memcpy(data, text, len);
    LLVMFuzzerTestOneInput(data, len);
    int *n = user;
    g_print("ok %d - %s\n", ++*n, relative);
    return true;
}

int main(int argc, char **argv)
{
    int n = 0;
    g_autoptr(GError) error = NULL;
    if (argc != 2 || !base_fs_walk(argv[1], replay, &n, &error)) {
        g_printerr("replay FOLDER: %s\n", error == NULL ? "one folder" : error->message);
        return 1;
    }
    g_print("1..%d\n", n);
    return n > 0 ? 0 : 1; /* an empty corpus tests nothing */
}
