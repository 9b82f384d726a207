-- ---
-- title: {en: Calendar, zh: 日期维度}
-- layer: dim
-- cardinality: low
-- kind: full
-- type: dim
-- grade: P3
-- owner: bi-team
-- columns:
--   - {name: dt, title: {en: Day, zh: 日期}, checks: [not_null, unique]}
--   - {name: week_start_dt, title: {en: Monday of the week, zh: 周一日期}, dimension: {title: {en: Week, zh: 周}}}
--   - {name: month_start_dt, title: {en: First of the month, zh: 月初日期}, dimension: {title: {en: Month, zh: 月}}}
--   - {name: quarter_code, title: {en: Quarter, zh: 季度}, dimension: {title: {en: Quarter, zh: 季度}}}
--   - {name: year_code, title: {en: Year, zh: 年份}, dimension: {title: {en: Year, zh: 年份}}}
--   - {name: weekday_code, title: {en: "Weekday (1 = Monday)", zh: "星期（1 为周一）"}, dimension: {title: {en: Weekday, zh: 星期}}, checks: [{between: [1, 7]}]}
--   - {name: is_weekend, title: {en: Weekend, zh: 是否周末}, dimension: {title: {en: Weekend, zh: 是否周末}}}
-- ---
SELECT dt,
       CAST(date_trunc('week', dt) AS DATE) AS week_start_dt,
       CAST(date_trunc('month', dt) AS DATE) AS month_start_dt,
       year(dt) || 'Q' || quarter(dt) AS quarter_code,
       CAST(year(dt) AS VARCHAR) AS year_code,
       isodow(dt) AS weekday_code,
       CAST(isodow(dt) >= 6 AS TINYINT) AS is_weekend
FROM (
    SELECT CAST(unnest(generate_series(DATE '2015-01-01', DATE '2034-12-31', INTERVAL 1 DAY)) AS DATE) AS dt
) days
