-- Rows for the shop, the same every time: psql -v orders=200000 -v users=5000 -f data.sql
-- Nulls, unicode, quotes and control characters, extreme numbers and dates are among them.
SELECT setseed(0.42) \g /dev/null

INSERT INTO users
SELECT i,
       (ARRAY['Ada', 'Zoë', 'Łukasz', 'Søren', 'José', '名前', 'Иван', 'Ömer', 'Niamh', 'Q''orianka'])[1 + i % 10]
           || ' ' || (ARRAY['Smith', 'Müller', 'García', 'O''Brien', '山田', 'van den Berg', 'Ng'])[1 + i % 7]
           || ' ' || i,
       CASE WHEN i % 17 = 0 THEN NULL
            ELSE (ARRAY['DE', 'FR', 'US', 'JP', 'BR', 'IN', 'NG', 'PL'])[1 + i % 8] END,
       'user' || i || '@example.com',
       timestamptz '2020-01-01 00:00:00+00' + i * interval '7 minutes 0.000001 seconds'
FROM generate_series(1, :users) i;

INSERT INTO users VALUES
    (-2147483648, '', '', 'empty@example.com', '0001-01-01 00:00:00+00'),
    (0, E'tab\there, "quotes", back\\slash,\nnew line', 'DE', 'odd@example.com', '1969-12-31 23:59:59.999999+00'),
    (2147483647, '🚰 ' || repeat('naïve ', 200) || 'שלום e' || U&'\0301', 'ÇA', 'long@example.com',
     '9999-12-31 23:59:59.999999+00');

INSERT INTO products
SELECT i, md5(i::text)::uuid, 'Product ' || i,
       round((random() * 500)::numeric, 2) + 0.99,
       CASE WHEN i % 5 = 0 THEN NULL
            ELSE jsonb_build_object('colour', (ARRAY['rot', 'grün', 'blå'])[1 + i % 3], 'weight', i % 50) END
FROM generate_series(1, 500) i;

INSERT INTO products VALUES
    (0, '00000000-0000-0000-0000-000000000000', 'Cheapest', -9999999999.99, '[]'),
    (9999, 'ffffffff-ffff-ffff-ffff-ffffffffffff', 'Dearest', 9999999999.99, '{"nested": {"a": [1, null, "\u20ac"]}}');

INSERT INTO orders
SELECT i,
       1 + floor(random() * :users)::int,
       CASE WHEN i % 11 = 0 THEN NULL ELSE 1 + floor(random() * 500)::int END,
       round((random() * 1000)::numeric, 2)::float8,
       (ARRAY['new', 'paid', 'shipped', 'returned'])[1 + floor(random() * 4)::int]::order_status,
       CASE WHEN i % 3 = 0 THEN NULL WHEN i % 101 = 0 THEN 'bitte schnell – 早く 🙏 #' || i
            WHEN i % 2 = 0 THEN '' ELSE 'gift' END,
       timestamp '2026-01-01' + (i * (interval '60 days' / :orders)),
       CASE WHEN i % 4 = 0 THEN NULL
            ELSE timestamptz '2026-01-01 00:00:00+00' + (i * (interval '60 days' / :orders)) + interval '1 hour' END
FROM generate_series(1, :orders) i;

INSERT INTO orders VALUES
    (-2147483648, -2147483648, NULL, 0, 'new', NULL, '0001-01-01 00:00:00', '0001-01-01 00:00:00+00'),
    (2147483647, 2147483647, 9999, 1e300, 'returned', repeat('ünïcödé ', 5000), '9999-12-31 23:59:59.999999',
     '9999-12-31 23:59:59.999999+00'),
    (-1, 0, 0, '-0', 'paid', E'\t', '1969-12-31 23:59:59.999999', '1969-12-31 23:59:59.999999+00'),
    (-2, 0, 0, 5e-324, 'paid', E'line\nline', '1970-01-01 00:00:00', '1970-01-01 00:00:00+00'),
    (-3, 0, 0, 'Infinity', 'paid', '"', '2000-02-29 12:00:00.000001', NULL),
    (-4, 0, 0, 'NaN', 'paid', '\N', '2024-02-29 23:59:59.5', NULL);

ANALYZE;
