# Takes the C++ namespace and the engine's own memcpy off its copy of yyjson: C again.
/^namespace duckdb_yyjson/d
/^} \/\/ namespace duckdb_yyjson/d
/fast_mem\.hpp/d
s/duckdb::FastMemcpy/memcpy/g
s/duckdb::FastMemset/memset/g
s/duckdb::FastMemcmp/memcmp/g
s/yyjson\.hpp/yyjson.h/
