/* The terminal: colour, width, language. Tables are in table.c, progress in progress.c. */
#include "base/term.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include "base/text.h"

bool base_term_color(FILE *out)
{
    const char *none = g_getenv("NO_COLOR"); /* https://no-color.org: any value that is not empty */
    if (none != NULL && *none != '\0') {
        return false;
    }
    const char *force = g_getenv("CLICOLOR_FORCE");
    if (force != NULL && *force != '\0' && strcmp(force, "0") != 0) {
        return true;
    }
    return isatty(fileno(out)) == 1 && g_strcmp0(g_getenv("TERM"), "dumb") != 0;
}

unsigned base_term_columns(void)
{
    struct winsize size;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
        return size.ws_col;
    }
    gint64 columns = 0;
    const char *text = g_getenv("COLUMNS");
    if (text != NULL && base_text_to_int(text, 20, 10000, &columns)) {
        return (unsigned)columns;
    }
    return 80;
}

static const char *language = NULL; /* set before threads start */

static const char *language_of(const char *text)
{
    return g_ascii_strncasecmp(text, "zh", 2) == 0 ? "zh" : "en";
}

void base_lang_set(const char *lang)
{
    static const char *const VARIABLES[] = {"WEIR_LANG", "LC_ALL", "LC_MESSAGES", "LANG"};
    for (size_t i = 0; (lang == NULL || *lang == '\0') && i < G_N_ELEMENTS(VARIABLES); i++) {
        lang = g_getenv(VARIABLES[i]);
    }
    language = language_of(lang == NULL ? "" : lang);
}

const char *base_lang(void)
{
    return language == NULL ? "en" : language;
}

const char *base_tr(const char *en, const char *zh)
{
    return g_strcmp0(language, "zh") == 0 ? zh : en;
}
