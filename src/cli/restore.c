/* restore: a backup takes the place of the data folder, in one rename, while no server runs. The old folder
 * is kept beside; whatever goes wrong before the rename leaves it as it was. */
#include <errno.h>
#include <stdio.h>

#include "base/fs.h"
#include "base/text.h"
#include "base/time.h"
#include "cli/cli_int.h"

static bool refuse_running(CliContext *ctx, GError **error)
{
    g_autoptr(json_t) info = cli_server_info(ctx);
    if (info == NULL || !cli_server_alive(info)) {
        return true;
    }
    base_fail(error, BASE_E_DATA_LOCKED,
              base_tr("a server runs on this data (process %" G_GINT64_FORMAT ")",
                      "该数据正被服务使用（进程 %" G_GINT64_FORMAT "）"),
              base_json_int(info, "pid", 0));
    base_error_hint(error, base_tr("stop it first", "请先停止服务"));
    base_error_not_done(error, base_tr("Nothing was restored.", "未恢复任何数据。"));
    return false;
}

static bool check_backup(const char *backup, GError **error)
{
    static const char *const FILES[] = {"backup.json", "warehouse.duckdb", "catalog.sqlite"};
    for (size_t i = 0; i < G_N_ELEMENTS(FILES); i++) {
        g_autofree char *path = g_build_filename(backup, FILES[i], NULL);
        if (!g_file_test(path, G_FILE_TEST_IS_REGULAR)) {
            base_fail(error, BASE_E_FILE_NOT_FOUND,
                      base_tr("`%s` is not a backup: no %s in it", "`%s` 不是备份：缺少 %s"), backup,
                      FILES[i]);
            base_error_not_done(error, base_tr("Nothing was restored.", "未恢复任何数据。"));
            return false;
        }
    }
    return true;
}

typedef struct {
    const char *to;
    gint64 bytes;
} Copy;

static bool copy_one(const char *path, const char *relative, gpointer user, GError **error)
{
    Copy *copy = user;
    if (strcmp(relative, "backup.json") == 0) {
        return true;
    }
    g_autofree char *to = g_build_filename(copy->to, relative, NULL);
    g_autofree char *dir = g_path_get_dirname(to);
    return base_fs_mkdir(dir, error) && base_fs_copy(path, to, error);
}

/* The old data's new name: a time in it, so that none is overwritten. */
static char *kept_name(const char *data)
{
    g_autofree char *now =
        base_time_format_iso(base_time_now_us() / BASE_TIME_SECOND_US * BASE_TIME_SECOND_US);
    g_strdelimit(now, ":", '-');
    return g_strdup_printf("%s.before-restore-%s", data, now);
}

static bool swap_folders(const char *fresh, const char *data, char **ret_kept, GError **error)
{
    g_autofree char *kept = kept_name(data);
    g_autofree char *parent = g_path_get_dirname(data);
    bool had = g_file_test(data, G_FILE_TEST_EXISTS);
    if (had && rename(data, kept) != 0) {
        return base_fs_fail(error, errno, "move", data);
    }
    if (rename(fresh, data) != 0) {
        int why = errno;
        if (had && rename(kept, data) != 0) {
            base_fs_fail(error, why, "move", fresh);
            base_error_hint(error, base_tr("the old data is at %s", "旧数据在 %s"), kept);
            return false;
        }
        return base_fs_fail(error, why, "move", fresh);
    }
    *ret_kept = had ? g_steal_pointer(&kept) : NULL;
    return base_fs_sync_dir(parent, error);
}

static bool restore(CliContext *ctx, const char *backup, char **ret_kept, GError **error)
{
    g_autofree char *fresh = g_strconcat(ctx->data, ".restoring", NULL);
    Copy copy = {.to = fresh};
    if (!base_fs_remove_tree(fresh, error) || !base_fs_mkdir(fresh, error)) {
        return false;
    }
    bool ok = base_fs_walk(backup, copy_one, &copy, error) && base_fs_sync_dir(fresh, error) &&
              refuse_running(ctx, error) && swap_folders(fresh, ctx->data, ret_kept, error);
    if (!ok) {
        g_autoptr(GError) ignored = NULL; /* the first error is the one to tell */
        if (!base_fs_remove_tree(fresh, &ignored)) {
            cli_say(ctx, "%s", ignored->message);
        }
    }
    return ok;
}

int cli_verb_restore(CliContext *ctx)
{
    GError *error = NULL;
    bool yes = true;
    g_autofree char *backup = g_canonicalize_filename(ctx->words[0], NULL);
    if ((ctx->data == NULL && !cli_project_need(ctx, &error)) || !check_backup(backup, &error) ||
        !refuse_running(ctx, &error)) {
        return cli_fail(ctx, error);
    }
    g_autofree char *question =
        g_strdup_printf(base_tr("  Put this backup in place of %s?", "  用此备份替换 %s？"), ctx->data);
    if (g_file_test(ctx->data, G_FILE_TEST_EXISTS) && !cli_confirm(ctx, question, &yes, &error)) {
        return cli_fail(ctx, error);
    }
    if (!yes) {
        cli_say(ctx, "%s", base_tr("Nothing was restored.", "未恢复任何数据。"));
        return CLI_EXIT_FAILED;
    }
    g_autofree char *kept = NULL;
    if (!restore(ctx, backup, &kept, &error)) {
        base_error_not_done(&error, base_tr("Nothing was restored.", "未恢复任何数据。"));
        return cli_fail(ctx, error);
    }
    if (ctx->json) {
        g_autoptr(json_t) answer = json_pack("{s:s, s:s?}", "data", ctx->data, "kept", kept);
        return cli_print_json(answer);
    }
    printf("  %s %s\n", base_tr("restored", "已恢复"), ctx->data);
    if (kept != NULL) {
        printf("  %s %s\n", base_tr("old data", "旧数据"), kept);
    }
    return CLI_EXIT_OK;
}
