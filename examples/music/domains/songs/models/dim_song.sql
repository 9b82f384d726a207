-- ---
-- title: {en: Songs, zh: 歌曲维度}
-- layer: dim
-- cardinality: high
-- kind: full
-- type: dim
-- schedule: "5 2 * * *"
-- grade: P1
-- owner: content-data
-- columns:
--   - {name: song_id, title: {en: Song id, zh: 歌曲编号}, entity: song, checks: [not_null, unique]}
--   - {name: song_title, title: {en: Song, zh: 歌名}, dimension: {title: {en: Song, zh: 歌名}}}
--   - {name: artist_id, title: {en: Artist id, zh: 歌手编号}, entity: artist}
--   - {name: artist_name, title: {en: Artist, zh: 歌手}, dimension: {title: {en: Artist, zh: 歌手}, aliases: {zh: [艺人]}}}
--   - {name: genre_code, title: {en: Genre, zh: 曲风}, dimension: {title: {en: Genre, zh: 曲风}, aliases: {en: [style], zh: [流派, 风格]}}}
--   - {name: language_code, title: {en: Language, zh: 语种}, dimension: {title: {en: Language, zh: 语种}}}
--   - {name: song_dur, title: {en: Length (s), zh: 时长（秒）}, checks: [{between: [1, 3600]}]}
--   - {name: release_dt, title: {en: Released on, zh: 发行日期}}
--   - {name: release_year, title: {en: Year of release, zh: 发行年份}, dimension: {title: {en: Year of release, zh: 发行年份}}}
-- checks:
--   - {relationship: {column: artist_id, to: dim_artist}}
--   - {row_count: {min: 1}}
-- ---
SELECT s.song_id,
       trim(s.song_title) AS song_title,
       s.artist_id,
       coalesce(a.artist_name, '-1') AS artist_name,
       coalesce(lower(s.genre), a.genre_code, '-1') AS genre_code,
       coalesce(lower(s.language_code), '-1') AS language_code,
       s.song_dur,
       s.released_on AS release_dt,
       year(s.released_on) AS release_year
FROM ods_song_f s
LEFT JOIN dim_artist a ON a.artist_id = s.artist_id
