{{ config(materialized='view') }}
select id as order_id, customer_id, amount_cents / 100.0 as amount, cast(ordered_on as date) as ordered_on
from {{ source('raw', 'raw_orders') }}
