select 1 from {{ ref('stg_orders') }} where amount < 0
