package dev.chowder.instance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.Descriptors.FieldDescriptor;
import dev.chowder.journal.v1.InstanceSnapshot;
import java.io.IOException;
import java.io.NotSerializableException;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * Checks that a snapshot holds a whole state. The states are generated from the components of their
 * records, each with a different value. So the test finds every component that a snapshot lacks.
 */
class InstanceSnapshotsTest {
  private static final Path FOLDER =
      Path.of("src", "test", "resources", "journal", "v1", "instance-snapshot");

  private final InstanceSnapshots snapshots = new InstanceSnapshots();

  /** Writes missing files. Like those of events, existing files are never changed. */
  @BeforeAll
  static void writeMissingFiles() throws IOException {
    if (!Boolean.getBoolean("chowder.update-docs")) return;
    Files.createDirectories(FOLDER);
    for (var golden : goldens().entrySet()) {
      var file = FOLDER.resolve(golden.getKey() + ".hex");
      if (Files.exists(file)) continue;
      var hex = HexFormat.of().formatHex(InstanceSnapshots.write(golden.getValue()).toByteArray());
      Files.writeString(file, hex.replaceAll("(.{64})", "$1\n").stripTrailing() + "\n");
    }
  }

  @Test
  void everyComponentOfEveryPhaseIsInTheSnapshot() throws Exception {
    assertThat(generated()).hasSize(phases().size());
    for (var state : generated()) assertThat(writtenAndRead(state)).isEqualTo(state);
  }

  @Test
  void everyReachableStateCanBeReadFromItsSnapshot() throws Exception {
    for (var step : LifecycleExploration.explore()) {
      assertThat(writtenAndRead(step.to())).isEqualTo(step.to());
    }
  }

  @Test
  void everyFieldOfTheSnapshotIsWritten() {
    var written = new TreeSet<String>();
    for (var state : generated()) MessageFields.collect(InstanceSnapshots.write(state), written);
    // An older version reads a field that depends on another one.
    MessageFields.collect(InstanceSnapshots.write(States.running()), written);
    var declared =
        InstanceSnapshot.getDescriptor().getFile().getMessageTypes().stream()
            .flatMap(type -> type.getFields().stream())
            .filter(field -> !field.getContainingType().getOptions().getMapEntry())
            .map(FieldDescriptor::getFullName)
            .collect(Collectors.toSet());
    assertThat(written).containsAll(declared);
  }

  @Test
  void eachGoldenFileIsReadAsItsState() throws IOException {
    for (var golden : goldens().entrySet()) {
      var file = FOLDER.resolve(golden.getKey() + ".hex");
      var bytes = HexFormat.of().parseHex(Files.readString(file).replaceAll("\\s", ""));
      assertThat(snapshots.fromBinary(bytes, "1")).as(file.toString()).isEqualTo(golden.getValue());
    }
  }

  @Test
  void anUnreadableSnapshotIsReportedAsNotSerializable() {
    assertThat(snapshots.identifier()).isEqualTo(7301);
    var whole = snapshots.toBinary(States.running());
    assertThatThrownBy(() -> snapshots.fromBinary(new byte[] {1, 2, 3}, "1"))
        .isInstanceOf(NotSerializableException.class);
    assertThatThrownBy(() -> snapshots.fromBinary(whole, "2"))
        .isInstanceOf(NotSerializableException.class)
        .hasMessageStartingWith("snapshot: ");
    // A newer version may add phases and stages.
    assertThatThrownBy(() -> snapshots.fromBinary(new byte[0], "1"))
        .isInstanceOf(NotSerializableException.class)
        .hasMessageContaining("phase");
    var stage = InstanceSnapshots.write(States.running()).toBuilder();
    stage.getRunningBuilder().getStagesBuilder(0).setStage("of_tomorrow");
    assertThatThrownBy(() -> snapshots.fromBinary(stage.build().toByteArray(), "1"))
        .isInstanceOf(NotSerializableException.class);
    var withoutProfile = InstanceSnapshots.write(States.running()).toBuilder().clearProfile();
    assertThatThrownBy(() -> snapshots.fromBinary(withoutProfile.build().toByteArray(), "1"))
        .isInstanceOf(NotSerializableException.class);
  }

  /** Some builds wrote such snapshots. Recovery then reads the events, which name the volumes. */
  @Test
  void aSnapshotWithoutHomeVolumesIsRejected() {
    var without = InstanceSnapshots.write(States.running()).toBuilder();
    without.getProfileBuilder().clearHomes();
    assertThatThrownBy(() -> snapshots.fromBinary(without.build().toByteArray(), "1"))
        .isInstanceOf(NotSerializableException.class)
        .hasMessageContaining("home volumes");
  }

  private Object writtenAndRead(InstanceState state) throws NotSerializableException {
    return snapshots.fromBinary(snapshots.toBinary(state), snapshots.manifest(state));
  }

  private static Map<String, InstanceState> goldens() {
    var goldens = new TreeMap<>(States.all());
    goldens.put("Stopped-frozen", States.sleeping());
    goldens.put("Starting-frozen", States.waking());
    goldens.put("Provisioning-claimed", States.claimedWithConfig());
    goldens.put("Discarded-slot-held", States.discardedWithSlot());
    goldens.put("Provisioning-sandbox", States.provisioningInSandbox());
    return goldens;
  }

  private static List<InstanceState> generated() {
    return phases().stream().map(phase -> (InstanceState) new Generator().of(phase)).toList();
  }

  /** Returns all records among the states, at every level of nesting. */
  private static Set<Class<?>> phases() {
    return phases(InstanceState.class).collect(Collectors.toSet());
  }

  private static Stream<Class<?>> phases(Class<?> type) {
    return type.isSealed()
        ? Arrays.stream(type.getPermittedSubclasses()).flatMap(InstanceSnapshotsTest::phases)
        : Stream.of(type);
  }

  /** Creates records whose components have different values, none of which is a default. */
  private static final class Generator {
    private int last;

    /** The model of the profile, which is also that of a pool member's setup. */
    private @Nullable ModelChoice model;

    Object of(Type type) {
      last++;
      if (type == String.class) return "value-" + last;
      if (type == int.class) return last;
      if (type == long.class) return (long) last;
      if (type == boolean.class) return true;
      if (type == Instant.class) return Instant.ofEpochSecond(1_700_000_000L + last, last);
      if (type instanceof ParameterizedType many) return many(many);
      if (type instanceof Class<?> one && one.isEnum()) {
        return one.getEnumConstants()[last % one.getEnumConstants().length];
      }
      if (type == PoolSetup.class) {
        return new PoolSetup(Objects.requireNonNull(model), "value-" + last, "image-" + last);
      }
      if (type instanceof Class<?> one && one.isRecord()) return record(one);
      throw new AssertionError("cannot generate a component of type " + type);
    }

    private Object many(ParameterizedType type) {
      var arguments = type.getActualTypeArguments();
      if (type.getRawType() == Optional.class) return Optional.of(of(arguments[0]));
      if (type.getRawType() == List.class) return List.of(of(arguments[0]), of(arguments[0]));
      if (type.getRawType() == Map.class) {
        var map = new LinkedHashMap<>();
        for (int n = 0; n < 2; n++) map.put(of(arguments[0]), of(arguments[1]));
        return map;
      }
      throw new AssertionError("cannot generate a component of type " + type);
    }

    private Object record(Class<?> type) {
      var components = type.getRecordComponents();
      var types = Arrays.stream(components).map(RecordComponent::getType).toArray(Class<?>[]::new);
      var values = Arrays.stream(components).map(one -> of(one.getGenericType())).toArray();
      try {
        var constructor = type.getDeclaredConstructor(types);
        constructor.setAccessible(true);
        var created = constructor.newInstance(values);
        if (model == null && created instanceof ModelChoice first) model = first;
        return created;
      } catch (ReflectiveOperationException why) {
        throw new LinkageError(type.getName(), why);
      }
    }
  }
}
