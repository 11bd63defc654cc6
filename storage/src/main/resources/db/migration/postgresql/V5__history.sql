-- Twin of h2/V5.
-- An event's tag says whose history it belongs to, instead of one of 16 numbers that nothing asked for. An organization's
-- history is then a walk through the index of tags.

DELETE FROM event_tag;

INSERT INTO event_tag (event_id, tag)
SELECT j.ordering, 'organization:' || i.organization_id
FROM event_journal j JOIN instances i ON j.persistence_id = 'Instance|' || i.id;

INSERT INTO event_tag (event_id, tag)
SELECT j.ordering, 'organization:' || o.id
FROM event_journal j JOIN organizations o ON j.persistence_id = 'Organization|' || o.id;
