-- Rows of failed instances do not show yet in which home volumes an agent ran. They now look older than the journal, so
-- the first pass of the reconciler has them written again.
UPDATE instances SET revision = 0 WHERE status = 'error';
