package dev.chowder.instance;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Descriptors.FieldDescriptor;
import dev.chowder.actor.JournalVersion;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * Checks that events of every earlier form can still be read. With -Dchowder-tool.update-docs=true,
 * the test writes missing files. Existing files are never changed: a new form of an event gets a
 * new file.
 */
class InstanceJournalGoldenTest {
  private static final Path FOLDER =
      Path.of("src", "test", "resources", "journal", "v1", "instance");
  private static final Instant AT = Instant.parse("2026-01-02T03:04:05.006007008Z");
  private static final Instant BEGUN = Instant.parse("2026-01-02T03:04:04Z");

  @BeforeAll
  static void writeMissingFiles() throws IOException {
    if (!Boolean.getBoolean("chowder-tool.update-docs")) return;
    for (var golden : goldens().entrySet()) {
      var file = FOLDER.resolve(golden.getKey() + ".hex");
      if (!Files.exists(file)) write(file, golden.getValue());
    }
  }

  @Test
  void eachGoldenFileIsReadAsItsEvent() throws IOException {
    for (var golden : goldens().entrySet()) {
      var file = FOLDER.resolve(golden.getKey() + ".hex");
      assertThat(InstanceJournal.read(parse(file)))
          .as(file.toString())
          .isEqualTo(golden.getValue());
    }
  }

  @Test
  void everyEventHasAGoldenFile() {
    assertThat(goldens().values().stream().map(Object::getClass).collect(Collectors.toSet()))
        .containsExactlyInAnyOrderElementsOf(
            Arrays.asList(InstanceEvent.class.getPermittedSubclasses()));
  }

  @Test
  void theEventsOfPoolMembersNeedTheCurrentVersionAndOthersDoNot() {
    for (var event : goldens().values()) {
      boolean ofMember =
          event instanceof InstanceEvent.MemberCreated
              || event instanceof InstanceEvent.Claimed
              || event instanceof InstanceEvent.Discarded;
      int version = InstanceJournal.versionOf(event);
      if (ofMember) assertThat(version).isEqualTo(2).isEqualTo(JournalVersion.CURRENT);
      else assertThat(version).as(event.toString()).isLessThan(2);
    }
  }

  @Test
  void everyGoldenFileIsReadByThisTest() throws IOException {
    try (var files = Files.list(FOLDER)) {
      assertThat(files.map(file -> file.getFileName().toString().replace(".hex", "")))
          .containsExactlyInAnyOrderElementsOf(goldens().keySet());
    }
  }

  @Test
  void everyFieldOfTheJournalIsInAGoldenFile() throws IOException {
    var written = new TreeSet<String>();
    for (var name : goldens().keySet())
      MessageFields.collect(parse(FOLDER.resolve(name + ".hex")), written);
    var declared =
        dev.chowder.journal.v1.InstanceEvent.getDescriptor().getFile().getMessageTypes().stream()
            .flatMap(type -> type.getFields().stream())
            .filter(field -> !field.getContainingType().getOptions().getMapEntry())
            .map(FieldDescriptor::getFullName)
            .collect(Collectors.toSet());
    assertThat(written).containsAll(declared);
  }

  private static dev.chowder.journal.v1.InstanceEvent parse(Path file) throws IOException {
    return dev.chowder.journal.v1.InstanceEvent.parseFrom(
        HexFormat.of().parseHex(Files.readString(file).replaceAll("\\s", "")));
  }

  private static void write(Path file, InstanceEvent event) throws IOException {
    var hex = HexFormat.of().formatHex(new InstanceJournal().toJournal(event).toByteArray());
    Files.createDirectories(FOLDER);
    Files.writeString(file, hex.replaceAll("(.{64})", "$1\n").stripTrailing() + "\n");
  }

  /** Returns each event with all fields, and again without the optional ones. */
  private static Map<String, InstanceEvent> goldens() {
    var all = new LinkedHashMap<String, InstanceEvent>();
    addCreations(all);
    addStages(all);
    addRuns(all);
    addChanges(all);
    return all;
  }

  private static void addCreations(Map<String, InstanceEvent> all) {
    all.put("Created", new InstanceEvent.Created("key-1", profile("demo", 1, ""), AT));
    all.put(
        "Created-request", new InstanceEvent.Created("key-1", profile("demo", 1, "request-1"), AT));
    all.put(
        "Created-overrides",
        new InstanceEvent.Created("key-1", profile("demo", 1, "request-1", "version-1"), AT));
    all.put(
        "Created-sandbox-image",
        new InstanceEvent.Created("key-1", withImage(profile("demo", 0, ""), "tools"), AT));
    all.put("Created-without-options", new InstanceEvent.Created("key-1", profile("", 0, ""), AT));
    all.put(
        "Created-with-generation",
        new InstanceEvent.Created("key-1", profile("", 0, "", "", Homes.FIRST), AT));
    all.put(
        "MemberCreated",
        new InstanceEvent.MemberCreated(
            profile("demo", 0, "request-1", "", Homes.FIRST),
            new PoolSetup(
                profile("demo", 0, "request-1", "", Homes.FIRST).model(), "version-1", "image-1"),
            AT));
    all.put(
        "Claimed",
        new InstanceEvent.Claimed("key-1", profile("demo", 1, "request-1", "version-1"), AT));
    all.put(
        "Claimed-without-options",
        new InstanceEvent.Claimed("key-1", profile("", 0, "request-1"), AT));
    all.put("Discarded", new InstanceEvent.Discarded(false, "", AT));
    all.put("Discarded-failed", new InstanceEvent.Discarded(false, "KEY_REFUSED", AT));
    all.put("Discarded-slot-held", new InstanceEvent.Discarded(true, "", AT));
    all.put("BirthForbidden", new InstanceEvent.CreationForbidden("organization-1", AT));
  }

  private static void addStages(Map<String, InstanceEvent> all) {
    all.put(
        "StageFinished",
        new InstanceEvent.StageFinished(
            3,
            new StageRecord(
                Stage.PUBLISH, StageRecord.Outcome.EXECUTED, BEGUN, 1006, "worth knowing"),
            Optional.of("127.0.0.1:41000"),
            2,
            "",
            false,
            Optional.empty(),
            AT));
    all.put(
        "StageFinished-overrides",
        new InstanceEvent.StageFinished(
            3,
            new StageRecord(
                Stage.OPENCLAW_CONFIG, StageRecord.Outcome.EXECUTED, BEGUN, 16, "worth knowing"),
            Optional.empty(),
            2,
            "version-1",
            false,
            Optional.empty(),
            AT));
    all.put(
        "StageFinished-thawed",
        new InstanceEvent.StageFinished(
            3,
            new StageRecord(Stage.START_GATEWAY, StageRecord.Outcome.EXECUTED, BEGUN, 120, ""),
            Optional.empty(),
            0,
            "",
            true,
            Optional.empty(),
            AT));
    all.put("StageFinished-sandbox", States.sandboxCreated(1));
    all.put("StageFinished-prepared", finished(StageRecord.Outcome.PREPARED));
    all.put("StageFinished-skipped", finished(StageRecord.Outcome.SKIPPED));
    all.put(
        "Failed",
        new InstanceEvent.Failed(
            1, Optional.of(Stage.ONBOARD), BEGUN, "KEY_REFUSED", "onboard: key refused", AT));
    all.put(
        "Failed-without-stage",
        new InstanceEvent.Failed(2, Optional.empty(), BEGUN, "SANDBOX_LOST", "sandbox: gone", AT));
  }

  private static void addRuns(Map<String, InstanceEvent> all) {
    all.put("StopRequested", new InstanceEvent.StopRequested("key-1", false, AT));
    all.put("StopRequested-by-the-system", new InstanceEvent.StopRequested("", false, AT));
    all.put("Stopped", new InstanceEvent.Stopped(2, SleepLevel.OFF, 0, SleepMemory.NONE, AT));
    all.put("StartRequested", new InstanceEvent.StartRequested("key-1", 2, "", AT));
    all.put(
        "StartRequested-by-the-system",
        new InstanceEvent.StartRequested("", 3, "gateway: ended with exit code 1", AT));
    all.put(
        "GatewayLost",
        new InstanceEvent.GatewayLost(
            2, "GATEWAY_CRASHED", "gateway: it ended with exit code 1", true, AT));
    all.put(
        "GatewayLost-with-engine",
        new InstanceEvent.GatewayLost(
            3, "ENGINE_RESTARTED", "gateway: it ended with the engine", false, AT));
    all.put("Deleted", new InstanceEvent.Deleted("key-1", "", AT));
    all.put("Deleted-request", new InstanceEvent.Deleted("key-1", "request-1", AT));
    all.put("SlotReleased", new InstanceEvent.SlotReleased(AT));
    all.put("SandboxRemoved", new InstanceEvent.SandboxRemoved(AT));
    all.put("LeftoverFound", new InstanceEvent.LeftoverFound(AT));
    all.put(
        "Stopped-frozen",
        new InstanceEvent.Stopped(4, SleepLevel.FROZEN, 2, new SleepMemory(1_200_000_000, 0), AT));
    all.put("StopRequested-ends", new InstanceEvent.StopRequested("", true, AT));
    all.put("SleepRequested", new InstanceEvent.SleepRequested(SleepLevel.OFF, AT));
    all.put(
        "SleepReached",
        new InstanceEvent.SleepReached(
            4, SleepLevel.PAGED_OUT, new SleepMemory(47_000_000, 1_153_000_000), AT));
  }

  private static void addChanges(Map<String, InstanceEvent> all) {
    all.put(
        "Updated",
        new InstanceEvent.Updated(
            "key-1",
            Optional.of("renamed"),
            Optional.of(Map.of("team", "b")),
            Optional.empty(),
            "0",
            AT));
    all.put(
        "Updated-configuration-only",
        new InstanceEvent.Updated(
            "key-1", Optional.empty(), Optional.empty(), Optional.empty(), "0", AT));
    all.put(
        "Updated-last-label-removed",
        new InstanceEvent.Updated(
            "key-1", Optional.empty(), Optional.of(Map.of()), Optional.empty(), "", AT));
    all.put(
        "Updated-overrides",
        new InstanceEvent.Updated(
            "key-1", Optional.empty(), Optional.empty(), Optional.empty(), "version-1", AT));
    all.put(
        "Updated-sandbox-image",
        new InstanceEvent.Updated(
            "key-1", Optional.empty(), Optional.empty(), Optional.of("tools"), "", AT));
    all.put(
        "ConfigApplied",
        new InstanceEvent.ConfigApplied(2, 4, "", false, "not taken: a reason", AT));
    all.put(
        "ConfigApplied-refused",
        new InstanceEvent.ConfigApplied(2, 4, "version-1", true, "refused: a reason", AT));
    all.put("EndpointMoved", new InstanceEvent.EndpointMoved(2, "127.0.0.1:42000", AT));
    all.put("RestartRequested", new InstanceEvent.RestartRequested("key-1", AT));
    var model = new ModelChoice("custom", "demo", "http://localhost:9092/v1", "openai-completions");
    all.put("Recovered", new InstanceEvent.Recovered("key-1", 3, true, model, 0, AT));
    all.put(
        "Recovered-with-generation", new InstanceEvent.Recovered("key-1", 3, true, model, 2, AT));
    all.put(
        "Recovered-without-home",
        new InstanceEvent.Recovered(
            "key-1", 2, false, new ModelChoice("anthropic", "claude", "", ""), 0, AT));
    all.put("LaterAttemptFound", new InstanceEvent.LaterAttemptFound(5, 2, "127.0.0.1:43000", AT));
    all.put("SlotFound", new InstanceEvent.SlotFound(AT));
    all.put("TokenRotationRequested", new InstanceEvent.TokenRotationRequested("key-1", "", AT));
    all.put(
        "TokenRotationRequested-request",
        new InstanceEvent.TokenRotationRequested("key-1", "request-1", AT));
    all.put("TokenRotated", new InstanceEvent.TokenRotated(2, 3, AT));
    all.put(
        "ChannelSwitched", new InstanceEvent.ChannelSwitched("key-1", "telegram", true, "0", AT));
    all.put(
        "ChannelSwitched-off",
        new InstanceEvent.ChannelSwitched("key-1", "telegram", false, "0", AT));
    all.put(
        "ChannelSwitched-version",
        new InstanceEvent.ChannelSwitched("key-1", "telegram", true, "version-1", AT));
  }

  private static Profile withImage(Profile profile, String image) {
    return profile.updated(
        new InstanceEvent.Updated(
            "key-1", Optional.empty(), Optional.empty(), Optional.of(image), "", AT));
  }

  private static InstanceEvent finished(StageRecord.Outcome outcome) {
    return new InstanceEvent.StageFinished(
        1,
        new StageRecord(Stage.OPENCLAW_CONFIG, outcome, BEGUN, 0, ""),
        Optional.empty(),
        0,
        "",
        false,
        Optional.empty(),
        AT);
  }

  private static Profile profile(String model, int configVersion, String createRequestId) {
    return profile(model, configVersion, createRequestId, configVersion > 0 ? "0" : "");
  }

  private static Profile profile(
      String model, int configVersion, String createRequestId, String overrides) {
    return profile(model, configVersion, createRequestId, overrides, Homes.NONE);
  }

  private static Profile profile(
      String model, int configVersion, String createRequestId, String overrides, Homes homes) {
    boolean full = configVersion > 0;
    return new Profile(
        "organization-1",
        "agent",
        new ModelChoice(
            "custom",
            model,
            full ? "http://localhost:9092/v1" : "",
            full ? "openai-completions" : ""),
        "sandbox",
        "small",
        "v1",
        "local",
        full ? Map.of("team", "a") : Map.of(),
        configVersion,
        0,
        TokenRotations.NONE,
        ConfigValues.ofNew(overrides),
        homes,
        Optional.empty(),
        AT,
        AT,
        AT,
        createRequestId);
  }
}
