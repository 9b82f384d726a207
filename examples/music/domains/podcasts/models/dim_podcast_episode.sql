-- ---
-- title: {en: Podcast episodes, zh: 播客单集维度}
-- layer: dim
-- cardinality: high
-- kind: full
-- type: dim
-- schedule: "5 2 * * *"
-- grade: P2
-- owner: podcast-data
-- columns:
--   - {name: episode_id, title: {en: Episode id, zh: 单集编号}, entity: episode, checks: [not_null, unique]}
--   - {name: episode_title, title: {en: Episode, zh: 单集标题}}
--   - {name: podcast_id, title: {en: Podcast id, zh: 播客编号}, entity: podcast}
--   - {name: podcast_title, title: {en: Podcast, zh: 播客名}}
--   - {name: category_code, title: {en: Category, zh: 播客分类}}
--   - {name: episode_dur, title: {en: Length (s), zh: 时长（秒）}}
--   - {name: published_at, title: {en: Published at, zh: 发布时间}}
-- checks:
--   - {relationship: {column: podcast_id, to: dim_podcast}}
-- ---
SELECT e.episode_id,
       trim(e.episode_title) AS episode_title,
       e.podcast_id,
       coalesce(p.podcast_title, '-1') AS podcast_title,
       coalesce(p.category_code, '-1') AS category_code,
       e.episode_dur,
       e.published_at
FROM ods_podcast_episode_f e
LEFT JOIN dim_podcast p ON p.podcast_id = e.podcast_id
