-- The example shop: what `scripts/demo` and the tests load into their private Postgres.
CREATE TYPE order_status AS ENUM ('new', 'paid', 'shipped', 'returned');

CREATE TABLE users (
    user_id    int PRIMARY KEY,
    name       text NOT NULL,
    country    text,
    email      text NOT NULL,
    created_at timestamptz NOT NULL
);
COMMENT ON COLUMN users.email IS 'private: never leaves the database';

CREATE TABLE products (
    product_id int PRIMARY KEY,
    sku        uuid NOT NULL,
    title      text NOT NULL,
    price      numeric(12,2) NOT NULL,
    attributes jsonb
);

CREATE TABLE orders (
    order_id   int PRIMARY KEY,
    user_id    int NOT NULL REFERENCES users,
    product_id int REFERENCES products,
    amount     double precision NOT NULL,
    status     order_status NOT NULL,
    note       text,
    created_at timestamp NOT NULL,
    paid_at    timestamptz
);
