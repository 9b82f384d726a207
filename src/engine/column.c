/* Values of a column as plain C values, whatever width the engine keeps them in. */
#include "engine/format_int.h"

bool engine_column_int(const EngineColumn *column, size_t row, int64_t *ret)
{
    const void *data = column->data;
    FormatI128 wide;
    switch (column->type.id) {
    case ENGINE_INT8:
        *ret = ((const int8_t *)data)[row];
        return true;
    case ENGINE_INT16:
        *ret = ((const int16_t *)data)[row];
        return true;
    case ENGINE_INT32:
        *ret = ((const int32_t *)data)[row];
        return true;
    case ENGINE_INT64:
        *ret = ((const int64_t *)data)[row];
        return true;
    case ENGINE_UINT8:
        *ret = ((const uint8_t *)data)[row];
        return true;
    case ENGINE_UINT16:
        *ret = ((const uint16_t *)data)[row];
        return true;
    case ENGINE_UINT32:
        *ret = ((const uint32_t *)data)[row];
        return true;
    case ENGINE_UINT64:
        *ret = (int64_t)((const uint64_t *)data)[row];
        return ((const uint64_t *)data)[row] <= INT64_MAX;
    case ENGINE_INT128: /* an unsigned one above its half looks negative here, and is out of range too */
    case ENGINE_UINT128:
        memcpy(&wide, (const char *)data + row * sizeof wide, sizeof wide);
        *ret = (int64_t)wide;
        return wide == *ret && (column->type.id == ENGINE_INT128 || wide >= 0);
    default:
        return false;
    }
}

static bool unscaled(const EngineColumn *column, size_t row, FormatI128 *ret)
{
    switch (((const EngineLogical *)column->logical)->form) {
    case ENGINE_FORM_I16:
        *ret = ((const int16_t *)column->data)[row];
        return true;
    case ENGINE_FORM_I32:
        *ret = ((const int32_t *)column->data)[row];
        return true;
    case ENGINE_FORM_I64:
        *ret = ((const int64_t *)column->data)[row];
        return true;
    case ENGINE_FORM_I128:
        memcpy(ret, (const char *)column->data + row * sizeof *ret, sizeof *ret);
        return true;
    default:
        return false;
    }
}

/* As the engine's own cast does it, so that both give the same bits: one division where the digits are exact
 * in a double, else the whole part and the rest apart. */
static double decimal_real(FormatI128 value, unsigned scale)
{
    FormatI128 power = 1;
    for (unsigned i = 0; i < scale; i++) {
        power *= 10;
    }
    FormatI128 exact = (FormatI128)1 << 53;
    if (scale == 0 || (value <= exact && value >= -exact)) {
        return (double)value / (double)power;
    }
    return (double)(value / power) + (double)(value % power) / (double)power;
}

bool engine_column_real(const EngineColumn *column, size_t row, double *ret)
{
    FormatI128 digits;
    int64_t integer;
    switch (column->type.id) {
    case ENGINE_FLOAT:
        *ret = (double)((const float *)column->data)[row];
        return true;
    case ENGINE_DOUBLE:
        *ret = ((const double *)column->data)[row];
        return true;
    case ENGINE_DECIMAL:
        if (!unscaled(column, row, &digits)) {
            return false;
        }
        *ret = decimal_real(digits, column->type.scale);
        return true;
    default:
        if (!engine_column_int(column, row, &integer)) {
            return false;
        }
        *ret = (double)integer;
        return true;
    }
}

static bool scaled(int64_t value, int64_t factor, int64_t *ret)
{
    return value != INT64_MAX && value != -INT64_MAX && !__builtin_mul_overflow(value, factor, ret);
}

static bool other_time(const EngineColumn *column, size_t row, int64_t *ret)
{
    int64_t value = column->data ? ((const int64_t *)column->data)[row] : 0;
    switch (((const EngineLogical *)column->logical)->form) {
    case ENGINE_FORM_TIMESTAMP_S:
        return scaled(value, 1000000, ret);
    case ENGINE_FORM_TIMESTAMP_MS:
        return scaled(value, 1000, ret);
    case ENGINE_FORM_TIMESTAMP_NS:
        *ret = value / 1000 - (value % 1000 < 0);
        return value != INT64_MAX && value != -INT64_MAX;
    default:
        return false;
    }
}

bool engine_column_time(const EngineColumn *column, size_t row, int64_t *ret_us)
{
    switch (column->type.id) {
    case ENGINE_DATE: {
        int32_t days = ((const int32_t *)column->data)[row];
        return days != INT32_MAX && days != -INT32_MAX &&
               !__builtin_mul_overflow((int64_t)days, INT64_C(86400000000), ret_us);
    }
    case ENGINE_TIMESTAMP:
    case ENGINE_TIMESTAMP_TZ:
        *ret_us = ((const int64_t *)column->data)[row];
        return *ret_us != INT64_MAX && *ret_us != -INT64_MAX;
    case ENGINE_OTHER:
        return other_time(column, row, ret_us);
    default:
        return false;
    }
}

bool engine_column_items(const EngineColumn *column, size_t row, EngineColumn *ret_items, size_t *ret_first,
                         size_t *ret_n)
{
    if (column->type.id == ENGINE_ARRAY) {
        *ret_n = ((const EngineLogical *)column->logical)->array_size;
        *ret_first = row * *ret_n;
    } else if (column->type.id == ENGINE_LIST) {
        EngineListEntry entry = ((const EngineListEntry *)column->data)[row];
        *ret_first = entry.offset;
        *ret_n = entry.length;
    } else {
        return false;
    }
    *ret_items = engine_int_child(column, 0);
    return true;
}

size_t engine_type_bytes(EngineTypeId id)
{
    switch (id) {
    case ENGINE_BOOLEAN:
    case ENGINE_INT8:
    case ENGINE_UINT8:
        return 1;
    case ENGINE_INT16:
    case ENGINE_UINT16:
        return 2;
    case ENGINE_INT32:
    case ENGINE_UINT32:
    case ENGINE_FLOAT:
    case ENGINE_DATE:
        return 4;
    case ENGINE_INT64:
    case ENGINE_UINT64:
    case ENGINE_DOUBLE:
    case ENGINE_TIME:
    case ENGINE_TIMESTAMP:
    case ENGINE_TIMESTAMP_TZ:
        return 8;
    default:
        return 0;
    }
}
