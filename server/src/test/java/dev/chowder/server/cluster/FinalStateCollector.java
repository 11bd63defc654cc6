package dev.chowder.server.cluster;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.chowder.api.v1.ListInstancesRequest;
import dev.chowder.journal.v1.InstanceEvent;
import dev.chowder.server.cluster.FaultChecker.Event;
import dev.chowder.server.cluster.FaultChecker.FinalState;
import dev.chowder.server.cluster.FaultChecker.Listed;
import dev.chowder.server.cluster.FaultChecker.Row;
import dev.chowder.server.cluster.FaultChecker.Sandbox;
import dev.chowder.server.cluster.FaultChecker.Seen;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Collects the checker's input from the database, the API and the simulated host. */
final class FinalStateCollector {
  private static final int PAGE = 500;
  private static final ObjectMapper JSON = new ObjectMapper();

  private final ThreeNodes nodes;
  private final Owner owner;

  /** The instances of other tests. */
  private final Set<String> others;

  /** Prepares to collect what is created from now on. */
  FinalStateCollector(ThreeNodes nodes, Owner owner) throws SQLException {
    this.nodes = nodes;
    this.owner = owner;
    this.others = instances();
  }

  private Set<String> instances() throws SQLException {
    var all = new HashSet<String>();
    try (var connection = nodes.openDatabase();
        var query =
            connection.prepareStatement(
                "SELECT DISTINCT persistence_id FROM event_journal WHERE persistence_id LIKE"
                    + " 'Instance|%'");
        var row = query.executeQuery()) {
      while (row.next()) all.add(id(row.getString(1)));
    }
    return all;
  }

  private static String id(String persistenceId) {
    return persistenceId.substring("Instance|".length());
  }

  FinalState collect(FaultLedger.Facts facts, Collection<Seen> seen)
      throws SQLException, IOException {
    return new FinalState(
        facts, events(), rows(), listed(), slots(), sandboxes(), List.copyOf(seen));
  }

  private Map<String, List<Event>> events() throws SQLException {
    var all = new HashMap<String, List<Event>>();
    try (var connection = nodes.openDatabase();
        var query =
            connection.prepareStatement(
                "SELECT persistence_id, sequence_number, event_payload FROM event_journal WHERE"
                    + " persistence_id LIKE 'Instance|%' ORDER BY persistence_id, sequence_number");
        var row = query.executeQuery()) {
      while (row.next()) {
        var event = InstanceEvent.parseFrom(row.getBytes(3));
        boolean last =
            event.getStageFinished().getStage().equals("publish")
                || event.getRecovered().getHomeKept();
        all.computeIfAbsent(id(row.getString(1)), _ -> new ArrayList<>())
            .add(new Event(row.getLong(2), event.getEventCase().name(), last));
      }
    } catch (InvalidProtocolBufferException why) {
      throw new IllegalStateException(why);
    }
    all.keySet().removeAll(others);
    return all;
  }

  private Map<String, Row> rows() throws SQLException {
    var all = new HashMap<String, Row>();
    try (var connection = nodes.openDatabase();
        var query =
            connection.prepareStatement(
                "SELECT id, status, revision, name, owes_since IS NOT NULL, holds_slot FROM"
                    + " instances");
        var row = query.executeQuery()) {
      while (row.next()) {
        all.put(
            row.getString(1),
            new Row(
                row.getString(2),
                row.getInt(3),
                row.getString(4),
                row.getBoolean(5),
                row.getBoolean(6)));
      }
    }
    all.keySet().removeAll(others);
    return all;
  }

  List<Listed> listed() {
    var all = new ArrayList<Listed>();
    var token = "";
    do {
      var page =
          owner
              .over(nodes.node(1).channel())
              .listInstances(
                  ListInstancesRequest.newBuilder().setPageSize(PAGE).setPageToken(token).build());
      page.getInstancesList()
          .forEach(one -> all.add(new Listed(one.getId(), one.getStatus().name())));
      token = page.getNextPageToken();
    } while (!token.isEmpty());
    return all;
  }

  private int slots() {
    return owner.organization(nodes.node(2).channel()).getInstanceCount();
  }

  private List<Sandbox> sandboxes() throws IOException {
    try (var found = Files.list(nodes.sandboxes())) {
      return found
          .filter(path -> isOurs(String.valueOf(path.getFileName())))
          .map(path -> new Sandbox(String.valueOf(path.getFileName()), runs(path)))
          .toList();
    }
  }

  private boolean isOurs(String name) {
    return name.startsWith("sb-") && !others.contains(name.substring("sb-".length()));
  }

  /** Returns whether the sandbox has a main process that neither ended nor is frozen. */
  private static boolean runs(Path sandbox) {
    try {
      var process = JSON.readTree(Files.readAllBytes(sandbox.resolve("process.json")));
      return process.path("exitCode").isNull() && !process.path("paused").asBoolean();
    } catch (NoSuchFileException none) {
      return false;
    } catch (IOException why) {
      throw new UncheckedIOException(why);
    }
  }
}
