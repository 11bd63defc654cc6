package dev.chowder.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.protobuf.ByteString;
import dev.chowder.journal.v1.InstanceEvent;
import dev.chowder.journal.v1.OrganizationEvent;
import dev.chowder.journal.v1.OrganizationSlotReserved;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.UUID;
import java.util.function.IntPredicate;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.postgresql.PGConnection;

/**
 * Creates a fleet from a few instances while no node runs. It copies their events, tags, rows,
 * labels, slots and simulated sandboxes under new ids, each with its own name, labels and creation
 * time. Different values are written in the journal's own format; everything else is a copy of
 * Chowder's data of the template.
 */
final class FleetCopies {
  /** Placeholders in a template, which are replaced by the values of each copy. */
  static final String NAME = "template-name";

  static final String TEAM = "template-team";
  static final String NUMBER = "template-number";
  static final String LABELS = "{\"team\":\"" + TEAM + "\",\"number\":\"" + NUMBER + "\"}";

  static final int TEMPLATES = 3;
  private static final int TEAMS = 50;
  private static final int PER_STATEMENT = 5000;

  /**
   * A list that is measured.
   *
   * @param filter the part of the query that selects instances
   * @param query the whole query
   * @param walked whether all its pages are read once
   */
  record Listing(String what, String filter, String query, int matches, boolean walked) {
    String walkedAs() {
      return filter.isEmpty() ? "all" : what;
    }
  }

  private final Connection database;
  private final Path sandboxes;
  private final String organizationId;
  private final FleetTemplate stopped;
  private final FleetTemplate running;
  private final FleetTemplate failed;
  private final List<String> ids = new ArrayList<>();
  private int copies;

  FleetCopies(
      Connection database,
      Path sandboxes,
      String organizationId,
      FleetTemplate stopped,
      FleetTemplate running,
      FleetTemplate failed) {
    this.database = database;
    this.sandboxes = sandboxes;
    this.organizationId = organizationId;
    this.stopped = stopped;
    this.running = running;
    this.failed = failed;
  }

  /** The ids of all copies, oldest first. */
  List<String> ids() {
    return ids;
  }

  void make(int count) throws SQLException, IOException {
    this.copies = count;
    describe();
    // Disables foreign keys: the references are known to be right, and checking each row takes
    // longer than writing it.
    execute("SET session_replication_role = replica");
    for (int from = 0; from < count; from += PER_STATEMENT)
      write(from, Math.min(count, from + PER_STATEMENT));
    takeSlots();
    execute("SET session_replication_role = DEFAULT");
    execute("DROP TABLE fleet_copies");
    // PostgreSQL does this itself within minutes when rows are inserted over time.
    execute("VACUUM ANALYZE");
    execute("CHECKPOINT");
  }

  /** Writes the values in which each copy differs from its template. */
  private void describe() throws SQLException, IOException {
    execute(
        "CREATE UNLOGGED TABLE fleet_copies (n INTEGER PRIMARY KEY, id VARCHAR(64) COLLATE \"C\" NOT NULL, template VARCHAR(64) COLLATE \"C\" NOT NULL,"
            + " created_at TIMESTAMPTZ NOT NULL, name VARCHAR NOT NULL, team VARCHAR NOT NULL, created BYTEA NOT NULL, slot BYTEA, view BYTEA NOT NULL)");
    var slot = slot();
    var sources =
        Map.of(stopped, source(stopped), running, source(running), failed, source(failed));
    // Creation times are a few milliseconds apart, and before those of all later instances.
    long first = System.currentTimeMillis() - 10L * copies - 60_000;
    var random = new Random(1);
    var copy =
        database.unwrap(PGConnection.class).getCopyAPI().copyIn("COPY fleet_copies FROM STDIN");
    for (int n = 0; n < copies; n++) {
      var created = Instant.ofEpochMilli(first + 10L * n);
      var id = id(created.toEpochMilli(), random);
      ids.add(id);
      var source = Objects.requireNonNull(sources.get(template(n)));
      var line =
          String.join(
                  "\t",
                  Integer.toString(n),
                  id,
                  source.template().id(),
                  created.toString(),
                  name(n),
                  team(n),
                  bytes(source.created(created, name(n), team(n), n)),
                  source.holdsSlot() ? bytes(slot(slot, id)) : "\\N",
                  bytes(source.view(id, created, name(n), team(n), n)))
              + "\n";
      var written = line.getBytes(UTF_8);
      copy.writeToCopy(written, 0, written.length);
      source.makeSandbox(sandboxes.resolve("sb-" + id));
    }
    copy.endCopy();
  }

  /**
   * Copies the events with their tags, the row and its labels. An event may name the sandbox, which
   * is named by the instance. All ids have the same length, so the event stays readable.
   */
  private void write(int from, int to) throws SQLException {
    var range = "c.n >= %d AND c.n < %d".formatted(from, to);
    execute(
        """
        WITH written AS (
          INSERT INTO event_journal (persistence_id, sequence_number, deleted, writer, write_timestamp, adapter_manifest,
            event_ser_id, event_ser_manifest, event_payload)
          SELECT 'Instance|' || c.id, j.sequence_number, j.deleted, j.writer, j.write_timestamp, j.adapter_manifest,
            j.event_ser_id, j.event_ser_manifest, CASE j.sequence_number WHEN 1 THEN c.created ELSE
              decode(replace(encode(j.event_payload, 'hex'), encode(c.template::bytea, 'hex'), encode(c.id::bytea, 'hex')), 'hex') END
          FROM fleet_copies c JOIN event_journal j ON j.persistence_id = 'Instance|' || c.template
          WHERE %s ORDER BY c.n, j.sequence_number
          RETURNING ordering)
        INSERT INTO event_tag (event_id, tag) SELECT ordering, 'organization:%s' FROM written
        """
            .formatted(range, organizationId));
    execute(
        """
        INSERT INTO instances (id, organization_id, revision, status, name, labels, created_at, updated_at, holds_slot, view, position)
        SELECT c.id, t.organization_id, t.revision, t.status, c.name,
          replace(replace(t.labels, '%s', c.team), '%s', c.n::text), c.created_at, t.updated_at, t.holds_slot, c.view, c.id
        FROM fleet_copies c JOIN instances t ON t.id = c.template WHERE %s ORDER BY c.n
        """
            .formatted(TEAM, NUMBER, range));
    execute(
        """
        INSERT INTO instance_labels (instance_id, label_key, label_value, organization_id, position)
        SELECT c.id, l.label_key, replace(replace(l.label_value, '%s', c.team), '%s', c.n::text), l.organization_id, c.id
        FROM fleet_copies c JOIN instance_labels l ON l.instance_id = c.template WHERE %s ORDER BY c.n
        """
            .formatted(TEAM, NUMBER, range));
  }

  /**
   * Copies the slots in the order of the instances. The organization updates its own row, since the
   * row is older than its journal.
   */
  private void takeSlots() throws SQLException {
    execute(
        """
        WITH written AS (
          INSERT INTO event_journal (persistence_id, sequence_number, deleted, writer, write_timestamp, adapter_manifest,
            event_ser_id, event_ser_manifest, event_payload)
          SELECT j.persistence_id, j.sequence_number + row_number() OVER (ORDER BY c.n), j.deleted, j.writer, j.write_timestamp,
            j.adapter_manifest, j.event_ser_id, j.event_ser_manifest, c.slot
          FROM fleet_copies c CROSS JOIN (SELECT * FROM event_journal WHERE persistence_id = 'Organization|%1$s'
            ORDER BY sequence_number DESC LIMIT 1) j
          WHERE c.slot IS NOT NULL ORDER BY c.n
          RETURNING ordering)
        INSERT INTO event_tag (event_id, tag) SELECT ordering, 'organization:%1$s' FROM written
        """
            .formatted(organizationId));
  }

  /** The data of a template. If it is not as expected, the bench fails instead of copying it. */
  private FleetSource source(FleetTemplate template) throws SQLException, IOException {
    try (var statement = database.createStatement();
        var row =
            statement.executeQuery(
                "SELECT j.event_payload, i.view, i.status, i.holds_slot FROM event_journal j JOIN instances i ON j.persistence_id = 'Instance|' || i.id"
                    + " WHERE j.sequence_number = 1 AND i.id = '"
                    + template.id()
                    + "'")) {
      if (!row.next() || !row.getString("status").equals(template.status()))
        throw new IllegalStateException("template: must be " + template);
      var created = InstanceEvent.parseFrom(row.getBytes("event_payload"));
      if (!created.hasCreated() || !created.getCreated().getName().equals(NAME))
        throw new IllegalStateException("template: " + created);
      var directory = sandboxes.resolve("sb-" + template.id());
      var process = directory.resolve("process.json");
      return new FleetSource(
          template,
          created,
          new String(row.getBytes("view"), UTF_8),
          row.getBoolean("holds_slot"),
          Files.isDirectory(directory),
          Files.exists(process)
              ? ByteString.copyFrom(Files.readAllBytes(process))
              : ByteString.EMPTY);
    }
  }

  /** Returns the slot event that the organization wrote for the first template. */
  private OrganizationEvent slot() throws SQLException, IOException {
    try (var statement = database.createStatement();
        var rows =
            statement.executeQuery(
                "SELECT event_payload FROM event_journal WHERE persistence_id = 'Organization|"
                    + organizationId
                    + "'")) {
      while (rows.next()) {
        var event = OrganizationEvent.parseFrom(rows.getBytes(1));
        if (event.hasSlotReserved()) return event;
      }
    }
    throw new IllegalStateException("no slot was reserved");
  }

  private static byte[] slot(OrganizationEvent like, String id) {
    return like.toBuilder()
        .setSlotReserved(OrganizationSlotReserved.newBuilder().setInstanceId(id))
        .build()
        .toByteArray();
  }

  // Properties of copies

  /**
   * The oldest hundredth is failed, so that a list of failed instances passes all others, newest
   * first. A tenth of the rest runs.
   */
  private FleetTemplate template(int n) {
    return n < copies / 100 ? failed : n % 10 == 0 ? running : stopped;
  }

  private static String name(int n) {
    return "agent-%06d".formatted(n);
  }

  /** Consecutive copies have the same team. */
  private String team(int n) {
    return "team-%02d".formatted((long) n * TEAMS / copies);
  }

  /** A UUID of version 7, which sorts by its time. */
  private static String id(long millis, Random random) {
    long high = millis << 16 | 0x7000L | random.nextInt(0x1000);
    long low = 1L << 63 | random.nextLong() >>> 2;
    return new UUID(high, low).toString();
  }

  /**
   * Lists by page and by filter, cheap and costly ones, with many, few and no matches, and with the
   * oldest matches.
   */
  List<Listing> lists() {
    int all = copies + TEMPLATES;
    var lone = name(copies / 2);
    var ten = lone.substring(0, lone.length() - 1);
    return List.of(
        new Listing("newest 100", "", "", all, false),
        new Listing("newest 500", "", "page_size=500", all, true),
        new Listing("100 from the middle on", "", "page_token=" + ids.get(copies / 2), all, false),
        listing(
            "status, a tenth", "status=running", 1 + count(n -> template(n).equals(running)), true),
        listing(
            "status, the oldest hundredth",
            "status=error",
            1 + count(n -> template(n).equals(failed)),
            true),
        listing("status, none", "status=provisioning", 0, true),
        listing(
            "label, a fiftieth",
            label("team=team-25"),
            count(n -> team(n).equals("team-25")),
            true),
        listing(
            "label, the oldest fiftieth",
            label("team=team-00"),
            count(n -> team(n).equals("team-00")),
            true),
        listing("label, one", label("number=" + copies / 2), 1, true),
        listing("label, none", label("team=nobody"), 0, true),
        listing(
            "label and status",
            label("team=team-25") + "&status=running",
            count(n -> team(n).equals("team-25") && template(n).equals(running)),
            true),
        listing("name prefix, nearly all", "name_prefix=agent-", copies, true),
        listing(
            "name prefix, the oldest 1,000", "name_prefix=agent-000", Math.min(copies, 1000), true),
        listing(
            "name prefix, ten", "name_prefix=" + ten, count(n -> name(n).startsWith(ten)), true),
        listing("name prefix, none", "name_prefix=nobody", 0, true));
  }

  private static Listing listing(String what, String filter, int matches, boolean walked) {
    return new Listing(what, filter, filter, matches, walked);
  }

  private static String label(String pair) {
    return "label=" + URLEncoder.encode(pair, UTF_8);
  }

  private int count(IntPredicate which) {
    return (int) IntStream.range(0, copies).filter(which).count();
  }

  // Contents of the database

  /** Returns the smallest number of events of a copy. */
  int fewestEvents() throws SQLException {
    return events("MIN");
  }

  int mostEvents() throws SQLException {
    return events("MAX");
  }

  private int events(String which) throws SQLException {
    var them =
        Stream.of(stopped, running, failed)
            .map(one -> "'" + one.id() + "'")
            .collect(Collectors.joining(","));
    return Integer.parseInt(
        text("SELECT " + which + "(revision) FROM instances WHERE id IN (" + them + ")"));
  }

  /** Returns a digest of all rows that does not depend on the order of labels. */
  String digest() throws SQLException {
    return text(
        "SELECT md5(string_agg(md5(ROW(id, organization_id, revision, status, name, labels, created_at, updated_at, terminated_at, owes_since,"
            + " holds_slot, position, convert_from(view, 'UTF8')::jsonb)::text), '' ORDER BY id)) FROM instances");
  }

  private String text(String sql) throws SQLException {
    try (var statement = database.createStatement();
        var row = statement.executeQuery(sql)) {
      row.next();
      return row.getString(1);
    }
  }

  private void execute(String sql) throws SQLException {
    try (var statement = database.createStatement()) {
      statement.execute(sql);
    }
  }

  /** Returns bytes in the format of COPY. */
  private static String bytes(byte[] value) {
    return "\\\\x" + HexFormat.of().formatHex(value);
  }
}
