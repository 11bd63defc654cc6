-- The cluster that uses this database, and its processes. Both describe the current users of this database, not its data,
-- so copies leave them out (TableShape). An H2 file, which one process owns, does not have them.

-- At most one row. It changes only under the exclusive advisory lock that belongs to this table, which no node gets while a
-- member holds the lock shared.
CREATE TABLE cluster_identity (
  id        SMALLINT                NOT NULL CHECK (id = 1),
  cluster   VARCHAR(64) COLLATE "C" NOT NULL,
  formed_by VARCHAR(512)            NOT NULL,
  formed_at TIMESTAMPTZ             NOT NULL,
  PRIMARY KEY (id)
);

-- One row for each process. It is removed when the process leaves, when the next process in its place starts, or when
-- another cluster is formed. A row whose process holds no lock may belong to a process that lost its session and is about
-- to return.
CREATE TABLE cluster_members (
  node        VARCHAR(64) COLLATE "C" NOT NULL,
  description VARCHAR(512)            NOT NULL,
  joined_at   TIMESTAMPTZ             NOT NULL,
  PRIMARY KEY (node)
);
