-- name: version
-- The catalogue's version, which every change of menu, franchises or stores counts up.
SELECT version FROM shop.catalogue;

-- name: items
-- The menu in the order in which it was written, with the version that it belongs to.
SELECT c.version, m.id, m.title, m.image, m.price, m.description
FROM shop.catalogue c LEFT JOIN shop.menu_items m ON true
ORDER BY m.id;

-- name: add
-- One more pizza.
INSERT INTO shop.menu_items (title, description, image, price) VALUES ($1, $2, $3, $4);
