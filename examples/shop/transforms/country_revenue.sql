SELECT coalesce(u.country, 'unknown') AS country,
       count(*) AS orders,
       sum(p.price) AS list_price
FROM o
JOIN u USING (user_id)
LEFT JOIN p USING (product_id)
GROUP BY 1
