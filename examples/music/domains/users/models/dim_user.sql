-- ---
-- title: {en: Users, zh: 用户维度}
-- description: {en: "One row a user, with the plan that the last subscription event left them on", zh: 每个用户一行，含最近一次订阅后的会员类型}
-- layer: dim
-- cardinality: high
-- kind: full
-- type: dim
-- schedule: "0 2 * * *"
-- grade: P1
-- owner: user-platform
-- columns:
--   - {name: user_id, title: {en: User id, zh: 用户编号}, entity: user, checks: [not_null, unique]}
--   - {name: user_name, title: {en: User name, zh: 用户名}}
--   - {name: email, title: {en: E-mail, zh: 邮箱}, tags: [pii]}
--   - {name: gender_code, title: {en: Gender, zh: 性别}, dimension: {title: {en: Gender, zh: 性别}}, checks: [{accepted_values: [female, male, "-1"]}]}
--   - {name: birth_year, title: {en: Year of birth, zh: 出生年份}}
--   - {name: age_band, title: {en: Age band, zh: 年龄段}, dimension: {title: {en: Age band, zh: 年龄段}, aliases: {zh: [年龄]}}}
--   - {name: country_code, title: {en: Country, zh: 国家}, dimension: {title: {en: Country, zh: 国家}, aliases: {zh: [地区]}}, checks: [not_null]}
--   - {name: city_name, title: {en: City, zh: 城市}, dimension: {title: {en: City, zh: 城市}}}
--   - {name: plan_code, title: {en: Plan, zh: 会员类型}, dimension: {title: {en: Plan, zh: 会员类型}, aliases: {en: [tier], zh: [套餐]}}, checks: [{accepted_values: [free, student, premium, family]}]}
--   - {name: registered_at, title: {en: Registered at, zh: 注册时间}}
--   - {name: register_dt, title: {en: Day of registration, zh: 注册日期}}
-- checks:
--   - {row_count: {min: 1}}
-- ---
WITH plan AS (
    SELECT user_id, CASE WHEN action_code = 'cancel' THEN 'free' ELSE plan_code END AS plan_code
    FROM ods_user_subscription_i
    QUALIFY row_number() OVER (PARTITION BY user_id ORDER BY paid_at DESC, subscription_id DESC) = 1
)
SELECT u.user_id,
       u.user_name,
       lower(u.email) AS email,
       CASE lower(trim(u.gender)) WHEN 'f' THEN 'female' WHEN 'm' THEN 'male' ELSE '-1' END AS gender_code,
       coalesce(u.birth_year, -1) AS birth_year,
       CASE WHEN u.birth_year IS NULL THEN '-1'
            WHEN year(u.registered_at) - u.birth_year < 18 THEN '[0,18)'
            WHEN year(u.registered_at) - u.birth_year < 25 THEN '[18,25)'
            WHEN year(u.registered_at) - u.birth_year < 35 THEN '[25,35)'
            WHEN year(u.registered_at) - u.birth_year < 50 THEN '[35,50)'
            ELSE '[50,)' END AS age_band,
       coalesce(upper(trim(u.country_code)), '-1') AS country_code,
       coalesce(u.city_name, '-1') AS city_name,
       coalesce(p.plan_code, 'free') AS plan_code,
       u.registered_at,
       CAST(u.registered_at AS DATE) AS register_dt
FROM ods_user_f u
LEFT JOIN plan p ON p.user_id = u.user_id
