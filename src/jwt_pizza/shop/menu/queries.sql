-- name: version
-- The catalogue's version, which every change of menu, franchises or stores counts up.
SELECT version FROM shop.catalogue;

-- name: items
-- The menu in the order in which it was written, with the version that it belongs to.
SELECT c.version, m.id, m.title, m.image, m.price, m.description, m.picture
FROM shop.catalogue c LEFT JOIN shop.menu_items m ON m.withdrawn_at IS NULL
ORDER BY m.id;

-- name: add
-- One more pizza.
INSERT INTO shop.menu_items (title, description, image, price) VALUES ($1, $2, $3, $4);

-- name: change
-- Another title, description, picture or price; orders of before keep theirs.
UPDATE shop.menu_items SET title = $2, description = $3, image = $4, price = $5
WHERE id = $1 AND withdrawn_at IS NULL RETURNING id;

-- name: withdraw
-- No longer on the menu.
UPDATE shop.menu_items SET withdrawn_at = $2 WHERE id = $1 AND withdrawn_at IS NULL RETURNING id;

-- name: picture
-- Another picture, or none.
UPDATE shop.menu_items SET picture = $2 WHERE id = $1 AND withdrawn_at IS NULL RETURNING id;

-- name: keep_picture
-- In one width; the same picture may be there already.
INSERT INTO shop.pictures (name, width, body, added_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING;

-- name: drop_pictures
-- What no item shows any more.
DELETE FROM shop.pictures p WHERE NOT EXISTS (SELECT FROM shop.menu_items m WHERE m.picture = p.name);

-- name: photograph
-- An uploaded picture in one width.
SELECT body FROM shop.pictures WHERE name = $1 AND width = $2;
