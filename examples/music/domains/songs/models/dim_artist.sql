-- ---
-- title: {en: Artists, zh: 歌手维度}
-- layer: dim
-- cardinality: high
-- kind: full
-- type: dim
-- schedule: "0 2 * * *"
-- grade: P2
-- owner: content-data
-- columns:
--   - {name: artist_id, title: {en: Artist id, zh: 歌手编号}, entity: artist, checks: [not_null, unique]}
--   - {name: artist_name, title: {en: Artist, zh: 歌手}, dimension: {title: {en: Artist, zh: 歌手}, aliases: {zh: [艺人]}}, checks: [not_null]}
--   - {name: country_code, title: {en: Country of the artist, zh: 歌手国家}, dimension: {title: {en: Country of the artist, zh: 歌手国家}}}
--   - {name: genre_code, title: {en: Main genre, zh: 主要曲风}}
-- ---
SELECT artist_id,
       trim(artist_name) AS artist_name,
       coalesce(upper(country_code), '-1') AS country_code,
       coalesce(lower(genre), '-1') AS genre_code
FROM ods_artist_f
