SELECT o.order_id,
       u.name AS user_name,
       u.country,
       o.amount,
       o.amount * (1 + $tax_rate) AS amount_with_tax,
       o.created_at
FROM o JOIN u USING (user_id)
