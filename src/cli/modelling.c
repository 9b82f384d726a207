/* weir import, new, matrix, duplicates: help for who models. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cli/cli_int.h"
#include "modelling/modelling.h"

/* ---- import
 * ------------------------------------------------------------------------------------------------ */

static void tell_notes(const json_t *notes, const char *title)
{
    size_t i;
    json_t *note;
    if (json_array_size(notes) > 0) {
        printf("\n%s\n", title);
    }
    json_array_foreach (notes, i, note) {
        printf("  %s:%" G_GINT64_FORMAT "  %s: %s\n", base_json_string(note, "file", ""),
               base_json_int(note, "line", 0), base_json_string(note, "object", ""),
               base_json_string(note, "reason", ""));
    }
}

static void tell_import(const json_t *answer)
{
    printf(base_tr("%s: %" G_GINT64_FORMAT " models, %" G_GINT64_FORMAT " snapshots, %" G_GINT64_FORMAT
                   " seeds, %" G_GINT64_FORMAT " source tables, %" G_GINT64_FORMAT " checks\n",
                   "%s：模型 %" G_GINT64_FORMAT "，快照 %" G_GINT64_FORMAT "，种子 %" G_GINT64_FORMAT
                   "，源表 %" G_GINT64_FORMAT "，检查 %" G_GINT64_FORMAT "\n"),
           base_json_string(answer, "out", ""), base_json_int(answer, "models", 0),
           base_json_int(answer, "snapshots", 0), base_json_int(answer, "seeds", 0),
           base_json_int(answer, "sources", 0), base_json_int(answer, "checks", 0));
    tell_notes(json_object_get(answer, "changed"),
               base_tr("Carried over, but not to the letter:", "已迁移，但有改动："));
    tell_notes(json_object_get(answer, "left"), base_tr("Stayed behind:", "未能迁移："));
}

int cli_verb_import(CliContext *ctx)
{
    GError *error = NULL;
    g_autoptr(json_t) answer = NULL;
    if (!g_str_equal(cli_word(ctx, 0), "dbt")) {
        return cli_usage(
            ctx, base_tr("weir import takes `dbt`, not `%s`", "weir import 只支持 `dbt`，不支持 `%s`"),
            cli_word(ctx, 0));
    }
    g_autofree char *dir = g_canonicalize_filename(cli_word(ctx, 1), NULL);
    g_autofree char *base = g_path_get_basename(dir), *fallback = g_strconcat(base, "_weir", NULL);
    const char *out_text = cli_text(ctx, "out");
    g_autofree char *out = g_canonicalize_filename(out_text ? out_text : fallback, NULL);
    if (!modelling_import_dbt(dir, out, &answer, &error)) {
        return cli_fail(ctx, error);
    }
    if (ctx->json) {
        return cli_print_json(answer);
    }
    tell_import(answer);
    cli_say(ctx,
            base_tr("\n  Next: cd %s; weir plan; weir apply; weir refresh; weir run",
                    "\n  接下来：cd %s; weir plan; weir apply; weir refresh; weir run"),
            out_text ? out_text : fallback);
    return CLI_EXIT_OK;
}
