select order_id, safe_divide(amount, 2) as half from {{ ref('stg_orders') }}
