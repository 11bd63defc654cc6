-- Rows of failed instances do not say yet in which home volumes an agent ran: the first pass of the reconciler has them
-- written again, since they look older than the journal.
UPDATE instances SET revision = 0 WHERE status = 'error';
