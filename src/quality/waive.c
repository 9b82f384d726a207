/* Waivers: a person lets a failure pass, with a reason and an end. */
#include "quality/quality_int.h"

bool quality_waive(EngineConn *conn, const QualityWaiver *waiver, GError **error)
{
    EngineValue values[] = {engine_value_text(waiver->model),  engine_value_text(waiver->check),
                            engine_value_text(waiver->reason), engine_value_text(waiver->user),
                            engine_value_int(waiver->at_us),   engine_value_int(waiver->until_us)};
    return engine_exec_values(conn, "DELETE FROM _weir.check_waivers WHERE model = $1 AND check_name = $2",
                              values, 2, NULL, error) &&
           engine_exec_values(conn, "INSERT INTO _weir.check_waivers VALUES ($1, $2, $3, $4, $5, $6)", values,
                              G_N_ELEMENTS(values), NULL, error);
}

json_t *quality_waivers(EngineConn *conn, const char *model, gint64 now_us, GError **error)
{
    EngineValue value = engine_value_text(model);
    g_autoptr(json_t) rows = engine_query_json(conn,
                                               "SELECT * FROM _weir.check_waivers WHERE CAST($1 AS VARCHAR) "
                                               "IS NULL OR model = $1 ORDER BY at_us DESC",
                                               &value, 1, 100000, error);
    if (!rows) {
        return NULL;
    }
    json_t *list = json_array();
    size_t i;
    json_t *row;
    json_array_foreach (rows, i, row) {
        json_t *object = json_object();
        gint64 until = base_json_int(row, "until_us", 0);
        json_object_set(object, "model", json_object_get(row, "model"));
        json_object_set(object, "check", json_object_get(row, "check_name"));
        json_object_set(object, "reason", json_object_get(row, "reason"));
        json_object_set(object, "user", json_object_get(row, "user_name"));
        base_json_set_time(object, "at", base_json_int(row, "at_us", 0));
        base_json_set_time(object, "until", until);
        json_object_set_new(object, "active", json_boolean(until > now_us));
        json_array_append_new(list, object);
    }
    return list;
}

bool quality_waiver_of(QualityRun *run, const char *check, const json_t **ret, GError **error)
{
    *ret = NULL;
    if (!run->waivers &&
        !(run->waivers = quality_waivers(run->conn, run->rows->model->id, base_time_now_us(), error))) {
        return false;
    }
    size_t i;
    json_t *waiver;
    json_array_foreach (run->waivers, i, waiver) {
        if (base_json_bool(waiver, "active", false) &&
            g_str_equal(base_json_string(waiver, "check", ""), check)) {
            *ret = waiver;
        }
    }
    return true;
}
