/* A small project, its warehouse in memory and its catalog file, for the tests of access. */
#ifndef TEST_ACCESS_WORLD_H
#define TEST_ACCESS_WORLD_H

#include <glib/gstdio.h>

#include "access/access.h"
#include "base/fs.h"

typedef struct {
    char *dir;
    Engine *engine;
    EngineConn *conn;
    CatalogStore *store;
    Access *access;
    CatalogSnapshot *snapshot;
} World;

/* shop.orders (open), shop.people (columns tagged pii), vault.secrets (nobody's), two tables of the same
 * name. */
static const char WORLD_YAML[] =
    "name: test\ntimezone: UTC\n"
    "domains:\n  - {name: shop}\n  - {name: vault, members: [keeper]}\n  - {name: annex, parent: vault}\n"
    "tables:\n"
    "  - {name: orders, domain: shop, columns: [{name: id, type: BIGINT}, {name: amount, type: INT}]}\n"
    "  - {name: people, domain: shop, columns: [{name: id, type: BIGINT}, {name: phone, type: VARCHAR, tags: "
    "[pii]}, "
    "{name: country, type: VARCHAR}]}\n"
    "  - {name: secrets, domain: vault, columns: [{name: id, type: BIGINT}, {name: pin, type: VARCHAR}]}\n"
    "  - {name: items, domain: shop, columns: [{name: a, type: BIGINT}]}\n"
    "  - {name: items, domain: vault, columns: [{name: a, type: BIGINT}]}\n"
    "  - {name: cellar, domain: annex, columns: [{name: a, type: BIGINT}]}\n"
    "roles:\n"
    "  - {name: clerk, can: [{read: \"domain:shop\"}]}\n"
    "  - {name: partner, members: [\"user:pat\"], can: [{read: \"table:shop.people\"}, {read: "
    "\"table:shop.orders\"}]}\n"
    "policies:\n"
    "  - {name: mask_pii, on: \"tag:pii\", mask: redact, for: [\"role:partner\"]}\n"
    "  - {name: own_country, on: shop.people, rows: \"country = 'CN' AND $viewer.name = 'pat'\", for: "
    "[\"role:partner\"]}\n";

static const char WORLD_SQL[] =
    "CREATE SCHEMA shop; CREATE SCHEMA vault; CREATE SCHEMA annex;"
    "CREATE TABLE shop.orders(id BIGINT, amount INT, _weir_load_id BIGINT);"
    "CREATE TABLE shop.people(id BIGINT, phone VARCHAR, country VARCHAR, _weir_load_id BIGINT);"
    "CREATE TABLE vault.secrets(id BIGINT, pin VARCHAR, _weir_load_id BIGINT);"
    "CREATE TABLE shop.items(a BIGINT, _weir_load_id BIGINT); CREATE TABLE vault.items(a BIGINT, "
    "_weir_load_id BIGINT);"
    "CREATE TABLE annex.cellar(a BIGINT, _weir_load_id BIGINT);"
    "INSERT INTO shop.orders VALUES (1, 10, 7), (2, 20, 7);"
    "INSERT INTO shop.people VALUES (1, '13800000000', 'CN', 7), (2, '13900000000', 'DE', 7);"
    "INSERT INTO vault.secrets VALUES (1, '0000', 7); INSERT INTO vault.items VALUES (99, 7);";

static inline void world_open(World *world)
{
    GError *error = NULL;
    world->dir = g_dir_make_tmp("weir-access-XXXXXX", &error);
    g_assert_no_error(error);
    g_autofree char *yml = g_build_filename(world->dir, "weir.yml", NULL);
    g_autofree char *data = g_build_filename(world->dir, "data", NULL);
    g_assert_true(base_fs_write(yml, WORLD_YAML, strlen(WORLD_YAML), 0600, &error));
    g_assert_true(base_fs_mkdir(data, &error));
    EngineOptions options = {.threads = 1};
    world->engine = engine_open(&options, &error);
    g_assert_no_error(error);
    world->conn = engine_connect(world->engine, &error);
    g_assert_no_error(error);
    g_assert_true(engine_exec(world->conn, WORLD_SQL, &error));
    world->store = catalog_store_open(data, &error);
    g_assert_no_error(error);
    world->access = access_open(world->store, &error);
    g_assert_no_error(error);
    g_autoptr(BaseDiags) diags = base_diags_new();
    world->snapshot = catalog_load(world->dir, world->conn, NULL, diags, &error);
    g_assert_no_error(error);
    if (base_diags_count(diags, BASE_DIAG_ERROR) > 0) {
        base_diags_print(diags, stderr, world->dir, false, NULL);
        g_assert_not_reached();
    }
}

static inline void world_close(World *world)
{
    GError *error = NULL;
    access_close(world->access);
    catalog_snapshot_unref(world->snapshot);
    catalog_store_close(world->store);
    engine_disconnect(world->conn);
    engine_unref(world->engine);
    g_assert_true(base_fs_remove_tree(world->dir, &error));
    g_free(world->dir);
}

static inline AccessUser *world_user(World *world, const char *name, const char *role)
{
    GError *error = NULL;
    const char *const roles[] = {role, NULL};
    g_assert_true(access_user_add(world->access, name, "long enough", role ? roles : NULL, &error));
    g_assert_no_error(error);
    AccessUser *user = access_sign_in(world->access, world->snapshot, name, "long enough", NULL, &error);
    g_assert_no_error(error);
    return user;
}

#endif
