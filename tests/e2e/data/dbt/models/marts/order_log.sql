{{ config(materialized='incremental') }}
select order_id, status, loaded_at from {{ ref('stg_orders') }}
{% if is_incremental() %}
where loaded_at > (select coalesce(max(loaded_at), '1900-01-01') from {{ this }})
{% endif %}
