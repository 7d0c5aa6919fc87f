-- The tables that bench/run measures: psql -v rows=10000000 -f data.sql
SELECT setseed(0.42) \g /dev/null

CREATE TABLE orders AS
SELECT i::int AS order_id,
       (1 + floor(random() * 100000))::int AS user_id,
       round((random() * 1000)::numeric, 2)::float8 AS amount,
       timestamp '2023-01-01' + i * interval '3 s' AS created_at
FROM generate_series(1, :rows) i;

CREATE TABLE users AS
SELECT i::int AS user_id,
       left(md5(i::text), 20) AS name,
       (ARRAY['DE', 'FR', 'US', 'JP', 'BR', 'IN', 'NG', 'PL'])[1 + i % 8] AS country
FROM generate_series(1, 100000) i;

-- The same, with seconds in random order: nothing for delta encoding to find.
CREATE TABLE orders_random AS
SELECT order_id, user_id, amount,
       timestamp '2023-01-01' + floor(random() * 31536000) * interval '1 s' AS created_at
FROM orders;

-- 1,000 days in random order, to be split by day.
CREATE TABLE orders_days AS
SELECT order_id, user_id, amount,
       timestamp '2023-01-01' + floor(random() * 86400000) * interval '1 s' AS created_at
FROM orders;

DO $$
DECLARE t text; c text;
BEGIN
    FOREACH t IN ARRAY ARRAY['orders', 'users', 'orders_random', 'orders_days'] LOOP
        FOR c IN SELECT attname FROM pg_attribute WHERE attrelid = t::regclass AND attnum > 0 LOOP
            EXECUTE format('ALTER TABLE %I ALTER COLUMN %I SET NOT NULL', t, c);
        END LOOP;
    END LOOP;
END $$;
VACUUM ANALYZE;
