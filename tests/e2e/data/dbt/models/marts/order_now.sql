{{
  config(
    materialized='incremental',
    unique_key=['order_id'],
    incremental_strategy='merge',
    on_schema_change='append_new_columns',
    merge_exclude_columns=['first_seen'],
    grants={'select': ['reporter']}
  )
}}
select order_id, status, amount, loaded_at, loaded_at as first_seen
from {{ ref('stg_orders') }}
{%- if is_incremental() %}
where loaded_at > (select max(loaded_at) from {{ this }})
{%- endif %}
