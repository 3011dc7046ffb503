select c.customer_id, c.email, c.country, sum(o.amount) as revenue
from {{ ref('customers') }} as c
join {{ ref('orders') }} as o on o.customer_id = c.customer_id
group by c.customer_id, c.email, c.country
