-- ---
-- title: {en: Podcasts, zh: 播客维度}
-- layer: dim
-- cardinality: low
-- kind: full
-- type: dim
-- schedule: "0 2 * * *"
-- grade: P2
-- owner: podcast-data
-- columns:
--   - {name: podcast_id, title: {en: Podcast id, zh: 播客编号}, entity: podcast, checks: [not_null, unique]}
--   - {name: podcast_title, title: {en: Podcast, zh: 播客名}, dimension: {title: {en: Podcast, zh: 播客名}}}
--   - {name: publisher_name, title: {en: Publisher, zh: 出品方}, dimension: {title: {en: Publisher, zh: 出品方}}}
--   - {name: category_code, title: {en: Category, zh: 播客分类}, dimension: {title: {en: Podcast category, zh: 播客分类}}}
--   - {name: language_code, title: {en: Language, zh: 语种}}
-- ---
SELECT podcast_id,
       trim(podcast_title) AS podcast_title,
       coalesce(publisher_name, '-1') AS publisher_name,
       coalesce(lower(category), '-1') AS category_code,
       coalesce(lower(language_code), '-1') AS language_code
FROM ods_podcast_f
