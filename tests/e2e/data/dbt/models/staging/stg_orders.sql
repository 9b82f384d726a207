{{ config(materialized='view') }}
{# words of the shop are in mixed case #}
select
    order_id,
    customer_id,
    lower(trim(status)) as status,
    amount,
    country_code,
    loaded_at
from {{ source('shop', 'orders') }};
